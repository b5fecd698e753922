//! Reading an export, checking everything on the way.

use std::io::{self, Read};
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::write::FORMAT;
use crate::store::changes::{Change, decode as decode_changes};
use crate::store::error::StoreError;
use crate::store::journal::record::{Kind, Record, read};

/// A stretch of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Rows, in key order.
    Rows(Vec<Change>),
    /// The changes of a commit that happened while the rows were read.
    Commit(Vec<Change>),
}

/// What an export says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportSummary {
    /// Identity of the history it was taken from.
    pub lineage: [u8; 16],
    /// The commit as of which it is complete.
    pub end_seq: u64,
    /// Rows, not counting those of later commits.
    pub rows: u64,
}

/// Reads an export to its end and hands out its parts. What was handed out may only be used when
/// the whole answer is `Ok`.
///
/// # Errors
/// [`StoreError::ExportDamaged`], [`StoreError::FormatTooNew`], [`StoreError::Io`] from the reader, or
/// what `each` fails with.
pub fn read_export(
    from: &mut dyn Read,
    each: &mut dyn FnMut(Part) -> Result<(), StoreError>,
) -> Result<ExportSummary, StoreError> {
    let mut from = Hashing {
        from,
        hasher: Sha256::new(),
    };
    let head = next(&mut from, 0, 0)?;
    let (format, lineage) = lineage_of(&head).ok_or_else(|| damaged(0, "it does not begin like an export"))?;
    if format > FORMAT {
        return Err(StoreError::FormatTooNew {
            path: PathBuf::from("the export"),
            found: format,
            supported: FORMAT,
        });
    }
    let (mut chain, mut number, mut rows, mut end_seq) = (head.crc, 1_u64, 0_u64, head.seq);
    loop {
        let hash: [u8; 32] = from.hasher.clone().finalize().into();
        let record = next(&mut from, chain, number)?;
        chain = record.crc;
        match record.kind {
            Kind::Rows if record.seq == head.seq && end_seq == head.seq => {
                let part = decode_changes(&record.payload).ok_or_else(|| damaged(number, "rows cannot be read"))?;
                rows = rows.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
                each(Part::Rows(part))?;
            }
            Kind::Commit if record.seq == end_seq.saturating_add(1) => {
                end_seq = record.seq;
                let part = decode_changes(&record.payload).ok_or_else(|| damaged(number, "a commit cannot be read"))?;
                each(Part::Commit(part))?;
            }
            Kind::SnapshotEnd if record.seq == end_seq && record.payload == end_payload(rows, hash) => {
                break;
            }
            _ => return Err(damaged(number, "a record does not belong here")),
        }
        number = number.saturating_add(1);
    }
    Ok(ExportSummary { lineage, end_seq, rows })
}

/// The history an export was taken from, when its beginning can be read.
pub fn lineage_of_export(from: &mut dyn Read) -> Option<[u8; 16]> {
    lineage_of(&read(from, 0).ok()?).map(|(_, lineage)| lineage)
}

fn next(from: &mut dyn Read, chain: u32, number: u64) -> Result<Record, StoreError> {
    read(from, chain).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => damaged(number, &error.to_string()),
        io::ErrorKind::UnexpectedEof => damaged(number, "it ends too early"),
        _ => StoreError::io("read", std::path::Path::new("the export"), error),
    })
}

/// Format and history of an export, by its first record.
fn lineage_of(head: &Record) -> Option<(u32, [u8; 16])> {
    let (format, rest) = head.payload.split_first_chunk::<4>()?;
    let format = u32::from_le_bytes(*format);
    let lineage = rest.first_chunk::<16>()?;
    (head.kind == Kind::SnapshotHead && format > 0).then_some((format, *lineage))
}

fn end_payload(rows: u64, hash: [u8; 32]) -> Vec<u8> {
    let mut payload = rows.to_le_bytes().to_vec();
    payload.extend_from_slice(&hash);
    payload
}

fn damaged(record: u64, problem: &str) -> StoreError {
    StoreError::ExportDamaged {
        record,
        problem: problem.to_owned(),
    }
}

struct Hashing<'a> {
    from: &'a mut dyn Read,
    hasher: Sha256,
}

impl Read for Hashing<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.from.read(buf)?;
        self.hasher.update(buf.get(..len).unwrap_or_default());
        Ok(len)
    }
}
