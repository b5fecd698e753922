//! Segment files: their names, their first bytes, and the witness in them.

use std::path::{Path, PathBuf};

use crate::store::error::StoreError;
use crate::store::files::names_in;

/// Bytes before the first record of a segment that is written now: a page for what never changes, and
/// one for each copy of the witness. A torn write spoils at most the page (or the larger sector of
/// a newer disk) it was meant for.
pub const HEADER_BYTES: usize = 3 * PAGE_BYTES;
const PAGE_BYTES: usize = 4096;
/// The newest format, which is the one that is written. Format 1 had no witness.
pub const FORMAT: u32 = 2;
/// Bytes that say what the file is. In format 1 the records follow them.
const HEAD_BYTES: usize = 40;
/// Where the two copies of the witness stand.
const WITNESS_AT: [usize; 2] = [PAGE_BYTES, 2 * PAGE_BYTES];
/// `seq (8) | sealed (1) | crc (4)`.
const WITNESS_BYTES: usize = 13;
const MAGIC: &[u8; 6] = b"CFJRNL";
const SUFFIX: &str = ".journal";

/// A segment file, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentFile {
    /// Where it is.
    pub path: PathBuf,
    /// Number of its first record.
    pub first_seq: u64,
}

/// First bytes of a segment:
/// `magic (6) | format, two digits | lineage (16) | first seq (8) | chain (4) | crc (4)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Format of the segment.
    pub format: u32,
    /// Identity of the data folder's history, random, given at its creation.
    pub lineage: [u8; 16],
    /// Number of the first record.
    pub first_seq: u64,
    /// Checksum of the record before the first one.
    pub chain: u32,
}

/// Why a header cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadHeader {
    /// It is not what was written.
    Damaged,
    /// It is intact, and of a program that came later.
    Newer {
        /// Its format.
        found: u32,
    },
}

/// What a segment says about its own records, so that missing ones are noticed.
///
/// It is written after the sync of each record, and becomes durable with the sync of the next one.
/// So it never says too much; after a power cut it may be one record behind, otherwise it is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Witness {
    /// The last record that was synced.
    pub seq: u64,
    /// Whether another segment follows.
    pub sealed: bool,
}

impl Header {
    /// The header of a segment that is written now.
    #[must_use]
    pub fn new(lineage: [u8; 16], first_seq: u64, chain: u32) -> Self {
        Self {
            format: FORMAT,
            lineage,
            first_seq,
            chain,
        }
    }

    /// The stored form, with everything up to the first record.
    #[must_use]
    pub fn encode(&self, witness: Witness) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(format!("{:02}", self.format).as_bytes());
        bytes.extend_from_slice(&self.lineage);
        bytes.extend_from_slice(&self.first_seq.to_le_bytes());
        bytes.extend_from_slice(&self.chain.to_le_bytes());
        let crc = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        if self.format == 1 {
            return bytes;
        }
        let (at, copy) = self.witness_copy(witness);
        bytes.resize(at, 0);
        bytes.extend_from_slice(&copy);
        bytes.resize(HEADER_BYTES, 0);
        bytes
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`BadHeader`].
    pub fn decode(bytes: &[u8]) -> Result<Self, BadHeader> {
        let header = Self::read(bytes).ok_or(BadHeader::Damaged)?;
        match header.format {
            0 => Err(BadHeader::Damaged),
            found if found > FORMAT => Err(BadHeader::Newer { found }),
            _ if bytes.len() < header.bytes() => Err(BadHeader::Damaged),
            _ => Ok(header),
        }
    }

    /// Bytes before the first record.
    #[must_use]
    pub fn bytes(&self) -> usize {
        if self.format == 1 { HEAD_BYTES } else { HEADER_BYTES }
    }

    /// What the segment that begins with `bytes` says about its records; `None` in format 1 and when
    /// neither copy is intact.
    #[must_use]
    pub fn witness(&self, bytes: &[u8]) -> Option<Witness> {
        if self.format == 1 {
            return None;
        }
        let copies = WITNESS_AT.iter().filter_map(|at| self.read_witness(bytes.get(*at..)?));
        copies.max_by_key(|witness| (witness.seq, witness.sealed))
    }

    /// Where the next copy of the witness goes, and its bytes. The copy before it is left alone,
    /// because a power cut can spoil the one being written.
    #[must_use]
    pub fn witness_copy(&self, witness: Witness) -> (usize, [u8; WITNESS_BYTES]) {
        let [even, odd] = WITNESS_AT;
        let is_odd = witness.seq.wrapping_add(u64::from(witness.sealed)) % 2 == 1;
        let mut copy = [0; WITNESS_BYTES];
        let fields = witness
            .seq
            .to_le_bytes()
            .into_iter()
            .chain([u8::from(witness.sealed)])
            .chain(self.witness_crc(witness).to_le_bytes());
        copy.iter_mut().zip(fields).for_each(|(byte, field)| *byte = field);
        (if is_odd { odd } else { even }, copy)
    }

    fn read_witness(&self, bytes: &[u8]) -> Option<Witness> {
        let (seq, rest) = bytes.split_first_chunk::<8>()?;
        let (sealed, rest) = rest.split_first()?;
        let (crc, _) = rest.split_first_chunk::<4>()?;
        let witness = Witness {
            seq: u64::from_le_bytes(*seq),
            sealed: *sealed == 1,
        };
        (*sealed < 2 && u32::from_le_bytes(*crc) == self.witness_crc(witness)).then_some(witness)
    }

    /// Bound to the segment, so that an old block of another file is no witness.
    fn witness_crc(&self, witness: Witness) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&self.lineage);
        hasher.update(&self.first_seq.to_le_bytes());
        hasher.update(&witness.seq.to_le_bytes());
        hasher.update(&[u8::from(witness.sealed)]);
        hasher.finalize()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let head = bytes.get(..HEAD_BYTES)?;
        let (covered, crc) = head.split_last_chunk::<4>()?;
        let (magic, rest) = covered.split_first_chunk::<6>()?;
        let (format, rest) = rest.split_first_chunk::<2>()?;
        let (lineage, rest) = rest.split_first_chunk::<16>()?;
        let (first_seq, rest) = rest.split_first_chunk::<8>()?;
        let chain: [u8; 4] = rest.try_into().ok()?;
        let format = std::str::from_utf8(format).ok()?.parse().ok()?;
        let intact = magic == MAGIC && crc32fast::hash(covered) == u32::from_le_bytes(*crc);
        intact.then(|| Self {
            format,
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
