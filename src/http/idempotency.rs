//! `Idempotency-Key`: the same request with the same key has one answer for 24 hours.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::HeaderMap;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::guard::Caller;
use super::problem::{Problem, ProblemCode};
use super::reply::{Content, Reply};
use crate::model::limits::IDEMPOTENCY_KEY_MAX_CHARS;
use crate::model::row::Receipt;
use crate::model::time::Timestamp;

/// How long an answer is kept.
pub const KEPT_MS: i64 = 24 * 60 * 60 * 1_000;

/// The key of a request, if it carries one.
///
/// # Errors
/// It is empty, too long, not printable, or given twice.
pub fn key_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let key = value.to_str().unwrap_or_default();
    let is_usable =
        (1..=IDEMPOTENCY_KEY_MAX_CHARS).contains(&key.len()) && key.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if !is_usable || values.next().is_some() {
        return Err(Problem::new(
            ProblemCode::InvalidIdempotencyKey,
            format!("An Idempotency-Key has 1 to {IDEMPOTENCY_KEY_MAX_CHARS} printable characters."),
        ));
    }
    Ok(Some(key.to_owned()))
}

/// A request that carries a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyed {
    /// SHA-256 of caller and key.
    pub key: String,
    /// SHA-256 of method, path and body.
    pub request: String,
}

impl Keyed {
    /// Hashes what identifies key and request.
    pub fn new(caller: &Caller, key: &str, method: &str, target: &str, body: &[u8]) -> Self {
        let parts: [&[u8]; 3] = [method.as_bytes(), target.as_bytes(), body];
        Self {
            key: hash(&[caller.name().as_bytes(), key.as_bytes()]),
            request: hash(&parts),
        }
    }

    /// The kept answer, if it is of the same request and still kept.
    ///
    /// # Errors
    /// `idempotency_mismatch`.
    pub fn replay(&self, receipt: Option<Receipt>, now: Timestamp) -> Result<Option<Reply>, Problem> {
        let Some(receipt) = receipt.filter(|kept| now.since_ms(kept.at) < KEPT_MS) else {
            return Ok(None);
        };
        if receipt.request != self.request {
            return Err(mismatch());
        }
        let mut reply =
            Reply::json_text(receipt.status, receipt.body.clone()).with_header(super::exchange::REPLAYED, "true");
        // Headers are not kept; these two follow from the body.
        if let Ok(body) = serde_json::from_str::<Value>(&receipt.body) {
            if let Some(etag) = body.get("etag").and_then(Value::as_str) {
                reply = reply.with_header("etag", etag);
            }
            if let Some(id) = body.pointer("/operation/id").and_then(Value::as_str) {
                reply = reply.with_header("location", format!("/v1/operations/{id}"));
            }
        }
        Ok(Some(reply))
    }

    /// What is kept of an answer; only successes are.
    pub fn receipt(&self, reply: &Reply, now: Timestamp) -> Option<Receipt> {
        let Content::Whole(_, body) = &reply.content else {
            return None;
        };
        if !(200..300).contains(&reply.status) {
            return None;
        }
        Some(Receipt {
            key: self.key.clone(),
            request: self.request.clone(),
            status: reply.status,
            body: String::from_utf8(body.to_vec()).ok()?,
            at: now,
        })
    }
}

/// The keys that are being worked on.
#[derive(Default)]
pub struct InFlight(Mutex<HashMap<String, String>>);

impl InFlight {
    /// Takes the key until the turn is dropped.
    ///
    /// # Errors
    /// `idempotency_in_progress`, or `idempotency_mismatch` with the request that has it.
    pub fn take(self: &Arc<Self>, keyed: &Keyed) -> Result<Turn, Problem> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get(&keyed.key) {
            Some(request) if *request != keyed.request => return Err(mismatch()),
            Some(_same) => {
                return Err(Problem::new(
                    ProblemCode::IdempotencyInProgress,
                    "The same request with this key has not been answered yet.",
                ));
            }
            None => {}
        }
        open.insert(keyed.key.clone(), keyed.request.clone());
        Ok(Turn {
            key: keyed.key.clone(),
            home: Arc::clone(self),
        })
    }
}

/// The right to work on a key.
pub struct Turn {
    key: String,
    home: Arc<InFlight>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut open = self.home.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.remove(&self.key);
    }
}

fn mismatch() -> Problem {
    Problem::new(
        ProblemCode::IdempotencyMismatch,
        "This Idempotency-Key came with another method, path or body before.",
    )
}

/// Each part with its length, so that no two lists have one hash.
fn hash(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    let bytes: [u8; 32] = hash.finalize().into();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
