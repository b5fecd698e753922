//! Segment files: their names and their first bytes.

use std::path::{Path, PathBuf};

use crate::store::error::StoreError;
use crate::store::files::names_in;

/// Bytes before the first record.
pub const HEADER_BYTES: usize = 40;
const MAGIC: &[u8; 8] = b"CFJRNL01";
const SUFFIX: &str = ".journal";

/// A segment file, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentFile {
    /// Where it is.
    pub path: PathBuf,
    /// Number of its first record.
    pub first_seq: u64,
}

/// First bytes of a segment: `magic (8) | lineage (16) | first seq (8) | chain (4) | crc (4)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Identity of the data folder's history, random, given at its creation.
    pub lineage: [u8; 16],
    /// Number of the first record.
    pub first_seq: u64,
    /// Checksum of the record before the first one.
    pub chain: u32,
}

impl Header {
    /// The stored form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&self.lineage);
        bytes.extend_from_slice(&self.first_seq.to_le_bytes());
        bytes.extend_from_slice(&self.chain.to_le_bytes());
        let crc = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads the stored form; `None` when it is not intact.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let header = bytes.get(..HEADER_BYTES)?;
        let (covered, crc) = header.split_last_chunk::<4>()?;
        let (magic, rest) = covered.split_first_chunk::<8>()?;
        let (lineage, rest) = rest.split_first_chunk::<16>()?;
        let (first_seq, rest) = rest.split_first_chunk::<8>()?;
        let chain: [u8; 4] = rest.try_into().ok()?;
        let intact = magic == MAGIC && crc32fast::hash(covered) == u32::from_le_bytes(*crc);
        intact.then(|| Self {
            lineage: *lineage,
            first_seq: u64::from_le_bytes(*first_seq),
            chain: u32::from_le_bytes(chain),
        })
    }
}

/// Where the segment that begins with record `first_seq` belongs.
#[must_use]
pub fn segment_path(folder: &Path, first_seq: u64) -> PathBuf {
    folder.join(format!("{first_seq:020}{SUFFIX}"))
}

/// The segments of a folder, oldest first. Other files are left alone.
///
/// # Errors
/// [`StoreError::Io`].
pub fn list_segments(folder: &Path) -> Result<Vec<SegmentFile>, StoreError> {
    let names = names_in(folder)?;
    let parse = |name: String| {
        let first_seq = name.strip_suffix(SUFFIX)?.parse().ok()?;
        Some(SegmentFile {
            path: folder.join(&name),
            first_seq,
        })
    };
    Ok(names.into_iter().filter_map(parse).collect())
}
