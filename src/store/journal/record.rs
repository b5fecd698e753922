//! One record: `payload length (u32) | kind (u8) | seq (u64) | payload | crc (u32)`, little-endian.
//!
//! The checksum covers the checksum of the record before and everything of this one, so that
//! records can neither be reordered, left out, nor revived from an older file.

use std::io::{self, Read};

/// Bytes before the payload.
pub const HEAD_BYTES: usize = 13;
/// Bytes after the payload.
pub const TAIL_BYTES: usize = 4;
/// No payload is longer: a full group, plus one batch of the greatest size, plus what is derived
/// from it. Anything above is garbage.
pub const MAX_PAYLOAD_BYTES: usize = 256 << 20;

/// What a record is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The changes of one commit.
    Commit,
    /// Beginning of a snapshot.
    SnapshotHead,
    /// Rows of a snapshot.
    Rows,
    /// End of a snapshot.
    SnapshotEnd,
}

/// A record that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What it is for.
    pub kind: Kind,
    /// Its number.
    pub seq: u64,
    /// Its content.
    pub payload: Vec<u8>,
    /// Its checksum, which the next record continues.
    pub crc: u32,
}

/// The bytes of a record and its checksum; `None` when the payload is too long.
#[must_use]
pub fn encode(kind: Kind, seq: u64, payload: &[u8], chain: u32) -> Option<(Vec<u8>, u32)> {
    if payload.len() > MAX_PAYLOAD_BYTES {
        return None;
    }
    let len = u32::try_from(payload.len()).ok()?;
    let mut bytes = Vec::with_capacity(payload.len().saturating_add(HEAD_BYTES + TAIL_BYTES));
    bytes.extend_from_slice(&len.to_le_bytes());
    bytes.push(kind.code());
    bytes.extend_from_slice(&seq.to_le_bytes());
    bytes.extend_from_slice(payload);
    let crc = checksum(chain, &bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    Some((bytes, crc))
}

/// Reads the record at the beginning of `bytes` as the successor of `chain`. Answers it and its
/// size; `None` when what stands there is no complete, intact record.
#[must_use]
pub fn decode(bytes: &[u8], chain: u32) -> Option<(Record, usize)> {
    let frame = Frame::at(bytes)?;
    (checksum(chain, frame.covered) == frame.crc).then(|| {
        let record = Record {
            kind: frame.kind,
            seq: frame.seq,
            payload: frame.payload.to_vec(),
            crc: frame.crc,
        };
        (record, frame.size())
    })
}

/// A stretch of bytes with the shape of a record, its checksum not yet judged.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// What it says it is for.
    pub kind: Kind,
    /// The number it bears.
    pub seq: u64,
    /// The payload.
    pub payload: &'a [u8],
    /// The checksum it bears.
    pub crc: u32,
    covered: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The frame at the beginning of `bytes`, if it fits and its kind is known.
    #[must_use]
    pub fn at(bytes: &'a [u8]) -> Option<Self> {
        let (len, rest) = bytes.split_first_chunk::<4>()?;
        let (kind, rest) = rest.split_first()?;
        let kind = Kind::from_code(*kind)?;
        let (seq, rest) = rest.split_first_chunk::<8>()?;
        let len = usize::try_from(u32::from_le_bytes(*len))
            .ok()
            .filter(|len| *len <= MAX_PAYLOAD_BYTES)?;
        let (payload, rest) = rest.split_at_checked(len)?;
        let (crc, _) = rest.split_first_chunk::<4>()?;
        let covered = bytes.get(..HEAD_BYTES.saturating_add(len))?;
        Some(Self {
            kind,
            seq: u64::from_le_bytes(*seq),
            payload,
            crc: u32::from_le_bytes(*crc),
            covered,
        })
    }

    /// Bytes of the whole record.
    #[must_use]
    pub fn size(&self) -> usize {
        self.covered.len().saturating_add(TAIL_BYTES)
    }

    /// Whether the record continues `chain`.
    #[must_use]
    pub fn continues(&self, chain: u32) -> bool {
        self.computed(chain) == self.crc
    }

    /// The checksum the record ought to bear after `chain`.
    #[must_use]
    pub fn computed(&self, chain: u32) -> u32 {
        checksum(chain, self.covered)
    }
}

/// Whether `bytes` are one whole record in everything but the length it bears.
#[must_use]
pub fn is_whole_but_for_len(bytes: &[u8], chain: u32) -> bool {
    let Some((covered, crc)) = bytes.split_last_chunk::<TAIL_BYTES>() else {
        return false;
    };
    let len = covered
        .len()
        .checked_sub(HEAD_BYTES)
        .and_then(|len| u32::try_from(len).ok());
    let Some((len, rest)) = len.zip(covered.get(4..)) else {
        return false;
    };
    let mut mended = len.to_le_bytes().to_vec();
    mended.extend_from_slice(rest);
    checksum(chain, &mended) == u32::from_le_bytes(*crc)
}

/// Reads the next record of a stream as the successor of `chain`.
///
/// # Errors
/// `InvalidData` when what follows is no intact record, else whatever the stream answers.
pub fn read(from: &mut dyn Read, chain: u32) -> io::Result<Record> {
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let mut head = [0_u8; HEAD_BYTES];
    from.read_exact(&mut head)?;
    let len = head.first_chunk::<4>().map_or(0, |len| u32::from_le_bytes(*len));
    let len = usize::try_from(len).ok().filter(|len| *len <= MAX_PAYLOAD_BYTES);
    let len = len.ok_or_else(|| invalid("a record has an impossible length"))?;
    let mut bytes = head.to_vec();
    let rest = u64::try_from(len.saturating_add(TAIL_BYTES)).unwrap_or(u64::MAX);
    // Growing with what really arrives: a damaged length must not reserve memory.
    from.take(rest).read_to_end(&mut bytes)?;
    decode(&bytes, chain)
        .map(|(record, _)| record)
        .ok_or_else(|| invalid("a record fails its checksum"))
}

impl Kind {
    /// The byte it is written as.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Commit => 1,
            Self::SnapshotHead => 2,
            Self::Rows => 3,
            Self::SnapshotEnd => 4,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        [Self::Commit, Self::SnapshotHead, Self::Rows, Self::SnapshotEnd]
            .into_iter()
            .find(|kind| kind.code() == code)
    }
}

fn checksum(chain: u32, covered: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&chain.to_le_bytes());
    hasher.update(covered);
    hasher.finalize()
}
