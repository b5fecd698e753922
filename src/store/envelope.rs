//! How a row is kept in the indexed state: with a checksum, and in chunks when it is large.

use super::error::{StoreError, hex};

/// Longest value kept in one row; sled leaks disk space for values above about 128 KB.
pub const CHUNK_BYTES: usize = 16 * 1024;
/// First byte of the rows that hold chunks.
pub const CHUNKS: u8 = 0xFE;
/// The value follows.
pub const INLINE: u8 = 1;
/// The value's length and the number of its chunks follow.
pub const CHUNKED: u8 = 2;

/// `tag | checksum over tag, key and body | body`.
pub fn envelope(tag: u8, key: &[u8], body: &[u8]) -> Vec<u8> {
    let mut stored = vec![tag];
    stored.extend_from_slice(&envelope_crc(tag, key, body).to_be_bytes());
    stored.extend_from_slice(body);
    stored
}

/// Takes an envelope apart into tag and body.
///
/// # Errors
/// [`StoreError::StateDamaged`].
pub fn open_envelope<'a>(key: &[u8], stored: &'a [u8]) -> Result<(u8, &'a [u8]), StoreError> {
    let parts = stored
        .split_first()
        .and_then(|(tag, rest)| Some((*tag, rest.split_first_chunk::<4>()?)));
    match parts {
        Some((tag @ (INLINE | CHUNKED), (crc, body))) if u32::from_be_bytes(*crc) == envelope_crc(tag, key, body) => {
            Ok((tag, body))
        }
        _ => Err(StoreError::state(format!("row {} fails its checksum", hex(key)))),
    }
}

fn envelope_crc(tag: u8, key: &[u8], body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[tag]);
    hasher.update(key);
    hasher.update(body);
    hasher.finalize()
}

/// What the keys of all chunks of `key` begin with.
pub fn chunk_prefix(key: &[u8]) -> Vec<u8> {
    let mut chunk = vec![CHUNKS];
    chunk.extend_from_slice(&u16::try_from(key.len()).unwrap_or(u16::MAX).to_be_bytes());
    chunk.extend_from_slice(key);
    chunk
}

/// Key of one chunk.
pub fn chunk_key(key: &[u8], number: u32) -> Vec<u8> {
    let mut chunk = chunk_prefix(key);
    chunk.extend_from_slice(&number.to_be_bytes());
    chunk
}
