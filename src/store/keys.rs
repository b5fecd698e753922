//! The tables the store keeps for itself, and the limits of keys and values.

use super::error::{StoreError, hex};
use super::kv::{Batch, Op};

/// Keys whose first byte is this or above cannot be written through a batch.
pub const FIRST_RESERVED: u8 = 0xE0;
/// The event feed: `EVENTS | seq (8 bytes, big-endian)` → `tenant (16 bytes) | payload`.
pub const EVENTS: u8 = 0xE0;
/// Digests: `DIGESTS | group (16 bytes)`, see [`super::digest`].
pub const DIGESTS: u8 = 0xF0;
/// Facts about the store itself.
pub const META: u8 = 0xF1;
/// Logical keys end here; sled keeps chunks of large values above.
pub const END_OF_ROWS: u8 = 0xFD;

/// The random identity of the history, 16 bytes.
pub const EPOCH: [u8; 2] = [META, b'e'];
/// Schema of the rows, 4 bytes big-endian.
pub const SCHEMA: [u8; 2] = [META, b's'];
/// Newest event number ever given, 8 bytes big-endian.
pub const LAST_EVENT: [u8; 2] = [META, b'n'];
/// Present while an import runs.
pub const IMPORTING: [u8; 2] = [META, b'i'];

/// Longest key in bytes: a table byte, a tenant, and a reference of ≤ 200 bytes with room to spare.
pub const MAX_KEY_BYTES: usize = 1024;
/// Longest value in bytes: far above the largest document page that is stored as one row.
pub const MAX_VALUE_BYTES: usize = 32 << 20;
/// Most bytes of keys, values and events in one batch.
pub const MAX_BATCH_BYTES: usize = 64 << 20;

/// Key of an event in the feed.
#[must_use]
pub fn event_key(seq: u64) -> Vec<u8> {
    let mut key = vec![EVENTS];
    key.extend_from_slice(&seq.to_be_bytes());
    key
}

/// Number of the event at `key`; `None` when the key is no event's.
#[must_use]
pub fn event_seq(key: &[u8]) -> Option<u64> {
    match key.split_first() {
        Some((&EVENTS, rest)) => Some(u64::from_be_bytes(rest.try_into().ok()?)),
        _ => None,
    }
}

/// Takes an event row apart into tenant and payload.
#[must_use]
pub fn event_parts(value: &[u8]) -> Option<([u8; 16], &[u8])> {
    value
        .split_first_chunk::<16>()
        .map(|(tenant, payload)| (*tenant, payload))
}

/// Bytes of all keys, values and events of a batch.
#[must_use]
pub fn batch_bytes(batch: &Batch) -> usize {
    let ops: usize = batch
        .ops
        .iter()
        .map(|op| match op {
            Op::Put { key, value } => key.len().saturating_add(value.len()),
            Op::Delete { key } => key.len(),
        })
        .sum();
    let events: usize = batch
        .events
        .iter()
        .map(|event| event.payload.len().saturating_add(32))
        .sum();
    ops.saturating_add(events)
}

/// Refuses a batch that can never be committed.
///
/// # Errors
/// [`StoreError::TooLarge`] and [`StoreError::ReservedKey`].
pub fn check_batch(batch: &Batch) -> Result<(), StoreError> {
    for op in &batch.ops {
        match op {
            Op::Put { key, value } => check_row(key, value)?,
            // Events are removed when their time is over, never rewritten.
            Op::Delete { key } if event_seq(key).is_some() => {}
            Op::Delete { key } => check_row(key, &[])?,
        }
    }
    for event in &batch.events {
        at_most("value", event.payload.len().saturating_add(16), MAX_VALUE_BYTES)?;
    }
    at_most("batch", batch_bytes(batch), MAX_BATCH_BYTES)
}

/// Refuses a row that a batch or a derivation may not write.
///
/// # Errors
/// [`StoreError::TooLarge`] and [`StoreError::ReservedKey`].
pub fn check_row(key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    if key.first().is_none_or(|table| *table >= FIRST_RESERVED) {
        return Err(StoreError::ReservedKey { key: hex(key) });
    }
    at_most("key", key.len(), MAX_KEY_BYTES)?;
    at_most("value", value.len(), MAX_VALUE_BYTES)
}

fn at_most(what: &'static str, len: usize, limit: usize) -> Result<(), StoreError> {
    if len <= limit {
        return Ok(());
    }
    let wide = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    Err(StoreError::TooLarge {
        what,
        bytes: wide(len),
        limit_bytes: wide(limit),
    })
}
