//! Whether unreadable bytes at the end can be what a killed process left.

use super::record::{HEAD_BYTES, Kind, TAIL_BYTES, is_whole_but_for_len};

/// Bytes of a record before its kind.
const LEN_BYTES: usize = 4;

/// Whether `tail` is the beginning of record `seq`, as a kill in the middle of a write leaves it:
/// a prefix, perhaps followed by zeros where a failed sync dropped pages. Anything else was
/// written whole and changed afterwards. A power cut obeys no such rule.
#[must_use]
pub fn is_interrupted_write(tail: &[u8], seq: u64, chain: u32) -> bool {
    let zeros = tail.iter().rev().take_while(|byte| **byte == 0).count();
    let written = tail.get(..tail.len().saturating_sub(zeros)).unwrap_or_default();
    let mut expected = vec![Kind::Commit.code()];
    expected.extend_from_slice(&seq.to_le_bytes());
    let known = written.get(LEN_BYTES..).unwrap_or_default();
    if known.iter().zip(&expected).any(|(found, wanted)| found != wanted) {
        return false;
    }
    let Some((len, _)) = tail.split_first_chunk::<LEN_BYTES>() else {
        return true;
    };
    let len = usize::try_from(u32::from_le_bytes(*len)).unwrap_or(usize::MAX);
    let size = len.saturating_add(HEAD_BYTES + TAIL_BYTES);
    let complete = tail.len() >= size && written.len() > size.saturating_sub(TAIL_BYTES);
    // All of it is there and fits, but for the length it bears.
    let only_len_is_wrong = is_whole_but_for_len(tail, chain);
    !(complete || only_len_is_wrong)
}
