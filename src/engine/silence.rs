//! Whether webhooks have stopped coming: scans find changes that none announced.
//!
//! Xero disables a webhook whose address failed for a day, and tells nobody but by e-mail. A single
//! lost event is no sign of that: as long as any event comes, the webhook is alive.

use crate::model::mutation::{Rule, is_broken};
use crate::model::time::{Mono, Now, Timestamp};

/// A change that was made this shortly after the start may have been announced before it, by another
/// clock than ours.
const START_MS: i64 = 60_000;

/// What is known about the webhook of the app.
#[derive(Debug, Clone)]
pub struct Silence {
    /// Since when it is listened for.
    listening: Timestamp,
    /// When scans first found a change that had come by no webhook, since the last webhook.
    unannounced: Option<Mono>,
    is_silent: bool,
}

/// What a look found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing speaks against it.
    Fine,
    /// It is silent, which was not known before.
    FellSilent,
    /// It is still silent.
    Silent,
}

impl Silence {
    /// Nothing is known yet.
    #[must_use]
    pub const fn new(now: Now) -> Self {
        Self {
            listening: now.wall,
            unannounced: None,
            is_silent: false,
        }
    }

    /// A webhook came. Returns whether that ended a silence.
    pub fn heard(&mut self) -> bool {
        self.unannounced = None;
        if is_broken(Rule::SilenceEnds) {
            return false;
        }
        std::mem::replace(&mut self.is_silent, false)
    }

    /// A scan found a change of this moment that no webhook had announced. `patience_ms` is how long
    /// a silence may last.
    pub fn found(&mut self, now: Now, changed_at: Timestamp, patience_ms: u64) {
        let slack_ms = i64::try_from(patience_ms).unwrap_or(START_MS).min(START_MS);
        if changed_at >= self.listening.plus_ms(slack_ms) {
            self.unannounced.get_or_insert(now.mono);
        }
    }

    /// Judges; the silence may last `patience_ms` from the first such change.
    pub fn look(&mut self, now: Now, patience_ms: u64) -> Verdict {
        let is_over = |since: Mono| now.mono.since_ms(since) >= patience_ms || is_broken(Rule::SilencePatient);
        let is_long = self.unannounced.is_some_and(is_over) && !is_broken(Rule::SilenceTold);
        match (self.is_silent, is_long) {
            (true, _) => Verdict::Silent,
            (false, true) => {
                self.is_silent = true;
                Verdict::FellSilent
            }
            (false, false) => Verdict::Fine,
        }
    }

    /// Whether it is silent.
    #[must_use]
    pub const fn is_silent(&self) -> bool {
        self.is_silent
    }
}
