//! Writing an export.

use std::io::{self, Write};

use sha2::{Digest as _, Sha256};

use crate::store::changes::{Change, encode as encode_changes};
use crate::store::journal::record::{Kind, encode};
use crate::store::kv::Rows;

/// Version of the format, in the head.
pub const FORMAT: u32 = 1;

/// An export being written.
pub struct ExportWriter<W> {
    out: W,
    hasher: Sha256,
    chain: u32,
    start_seq: u64,
    end_seq: u64,
    rows: u64,
    bytes: u64,
}

impl<W: Write> ExportWriter<W> {
    /// Begins an export whose rows are read from now on, after commit `start_seq`.
    ///
    /// # Errors
    /// Whatever `out` answers.
    pub fn begin(out: W, lineage: [u8; 16], start_seq: u64) -> io::Result<Self> {
        let hasher = Sha256::new();
        let mut export = Self {
            out,
            hasher,
            chain: 0,
            start_seq,
            end_seq: start_seq,
            rows: 0,
            bytes: 0,
        };
        let mut head = FORMAT.to_le_bytes().to_vec();
        head.extend_from_slice(&lineage);
        export.put(Kind::SnapshotHead, start_seq, &head)?;
        Ok(export)
    }

    /// Adds rows; they must follow the ones before in key order.
    ///
    /// # Errors
    /// Whatever `out` answers.
    pub fn rows(&mut self, rows: Rows) -> io::Result<()> {
        let rows: Vec<Change> = rows.into_iter().map(|(key, value)| (key, Some(value))).collect();
        let payload = encode_changes(rows.iter().map(|(key, value)| (key, value))).ok_or_else(too_long)?;
        self.rows = self.rows.saturating_add(u64::try_from(rows.len()).unwrap_or(u64::MAX));
        self.put(Kind::Rows, self.start_seq, &payload)
    }

    /// Adds a commit that happened since the beginning; every one is needed, in order.
    ///
    /// # Errors
    /// Whatever `out` answers.
    pub fn commit(&mut self, seq: u64, payload: &[u8]) -> io::Result<()> {
        self.end_seq = seq;
        self.put(Kind::Commit, seq, payload)
    }

    /// Number of the last commit it holds.
    #[must_use]
    pub fn end_seq(&self) -> u64 {
        self.end_seq
    }

    /// Bytes written so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What it is written to.
    pub fn out(&mut self) -> &mut W {
        &mut self.out
    }

    /// Writes the end: format, row count, and the hash of everything before.
    ///
    /// # Errors
    /// Whatever `out` answers.
    pub fn end(mut self) -> io::Result<W> {
        let mut payload = self.rows.to_le_bytes().to_vec();
        let hash: [u8; 32] = self.hasher.clone().finalize().into();
        payload.extend_from_slice(&hash);
        self.put(Kind::SnapshotEnd, self.end_seq, &payload)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn put(&mut self, kind: Kind, seq: u64, payload: &[u8]) -> io::Result<()> {
        let (record, crc) = encode(kind, seq, payload, self.chain).ok_or_else(too_long)?;
        self.out.write_all(&record)?;
        self.hasher.update(&record);
        self.chain = crc;
        self.bytes = self
            .bytes
            .saturating_add(u64::try_from(record.len()).unwrap_or(u64::MAX));
        Ok(())
    }
}

fn too_long() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "a record of the export would be too long")
}
