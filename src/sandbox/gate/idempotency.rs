//! The cache behind `Idempotency-Key`: six minutes of real time, errors included, one for each
//! app.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;

use super::app::AppId;
use crate::sandbox::wire::{Answer, Request};

/// How long an answer is kept, from the first call.
pub const KEPT_MS: i64 = 360_000;
/// Longer keys are refused.
pub const KEY_CHARS_MAX: usize = 128;

/// What the cache says about a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Unknown key: do the work, then `store`.
    Fresh,
    /// The stored answer.
    Replay(Answer),
    /// The key was used for something else.
    Mismatch,
}

/// Stored answers by key.
#[derive(Debug, Clone, Default)]
pub struct Replays {
    entries: HashMap<(AppId, String), Entry>,
    oldest: VecDeque<(i64, (AppId, String))>,
}

#[derive(Debug, Clone)]
struct Entry {
    request: (String, String, String, Bytes),
    answer: Answer,
}

impl Replays {
    /// Looks a key up; the organisation is no part of the comparison, as Xero's keys belong to
    /// the app.
    pub fn look_up(&mut self, app: AppId, key: &str, request: &Request, now_ms: i64) -> Verdict {
        self.forget(now_ms);
        match self.entries.get(&(app, key.to_owned())) {
            None => Verdict::Fresh,
            Some(entry) if entry.request == fingerprint(request) => Verdict::Replay(entry.answer.clone()),
            Some(_) => Verdict::Mismatch,
        }
    }

    /// Keeps the answer of the first call with this key.
    pub fn store(&mut self, app: AppId, key: &str, request: &Request, answer: Answer, now_ms: i64) {
        self.oldest.push_back((now_ms, (app, key.to_owned())));
        self.entries.insert(
            (app, key.to_owned()),
            Entry {
                request: fingerprint(request),
                answer,
            },
        );
    }

    fn forget(&mut self, now_ms: i64) {
        while let Some((first_ms, _)) = self.oldest.front()
            && first_ms.saturating_add(KEPT_MS) <= now_ms
        {
            if let Some((_, key)) = self.oldest.pop_front() {
                self.entries.remove(&key);
            }
        }
    }
}

fn fingerprint(request: &Request) -> (String, String, String, Bytes) {
    let path = request.path.to_ascii_lowercase();
    (
        request.method.clone(),
        path,
        request.query.clone(),
        request.body.clone(),
    )
}
