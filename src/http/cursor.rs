//! Opaque positions in lists and in the feed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::problem::{Problem, ProblemCode};

/// A position in the feed: behind entry `seq` of the feed named `epoch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedCursor {
    /// The feed.
    pub epoch: String,
    /// The entry.
    pub seq: u64,
}

impl FeedCursor {
    /// As hosts see it.
    pub fn encode(&self) -> String {
        seal(&format!("f|{}|{}", self.seq, self.epoch))
    }

    /// Reads what [`Self::encode`] wrote.
    pub fn decode(text: &str) -> Result<Self, Problem> {
        let parsed = open(text).and_then(|plain| {
            let rest = plain.strip_prefix("f|")?;
            let (seq, epoch) = rest.split_once('|')?;
            Some(Self {
                epoch: epoch.to_owned(),
                seq: seq.parse().ok()?,
            })
        });
        parsed.ok_or_else(not_ours)
    }
}

/// A position behind `last` in the list described by `list` (path, filter and order).
pub fn encode_list(list: &str, last: &str) -> String {
    seal(&format!("l|{}|{last}", fingerprint(list)))
}

/// The position in this same list.
pub fn decode_list<T: std::str::FromStr>(text: &str, list: &str) -> Result<T, Problem> {
    let parsed = open(text).and_then(|plain| {
        let rest = plain.strip_prefix("l|")?;
        let (print, last) = rest.split_once('|')?;
        (print == fingerprint(list)).then(|| last.parse().ok())?
    });
    parsed.ok_or_else(not_ours)
}

fn not_ours() -> Problem {
    Problem::new(
        ProblemCode::InvalidCursor,
        "The cursor was not made for this list, filter and order.",
    )
}

fn seal(plain: &str) -> String {
    URL_SAFE_NO_PAD.encode(plain)
}

fn open(text: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    String::from_utf8(bytes).ok()
}

fn fingerprint(list: &str) -> String {
    let hash: [u8; 32] = Sha256::digest(list.as_bytes()).into();
    hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
