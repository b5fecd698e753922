//! Appending to the journal.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::record::{Kind, encode};
use super::recover::Survey;
use super::segment::{HEADER_BYTES, Header, segment_path};
use crate::model::mutation::{Rule, is_broken};
use crate::store::error::StoreError;
use crate::store::files::{OnSyncFailure, SharedDisk, create_file, put_in_place, temporary_path};
use crate::store::keys::MAX_BATCH_BYTES;

/// The open end of the journal. After any error it must be dropped and the journal surveyed again.
pub struct JournalWriter {
    folder: PathBuf,
    lineage: [u8; 16],
    segment_bytes: u64,
    disk: SharedDisk,
    on_sync_failure: OnSyncFailure,
    file: File,
    path: PathBuf,
    len: u64,
    last_seq: u64,
    chain: u32,
}

/// How a journal is written.
#[derive(Clone)]
pub struct JournalOptions {
    /// A segment that has reached this many bytes is followed by a new one.
    pub segment_bytes: u64,
    /// The disk.
    pub disk: SharedDisk,
    /// What a failed sync does.
    pub on_sync_failure: OnSyncFailure,
}

impl JournalWriter {
    /// Begins a journal with one record (number 1), which appears together with the file.
    ///
    /// # Errors
    /// [`StoreError::Io`] or [`StoreError::Full`]; then there is no journal.
    pub fn create(folder: &Path, lineage: [u8; 16], first: &[u8], options: JournalOptions) -> Result<Self, StoreError> {
        let header = Header {
            lineage,
            first_seq: 1,
            chain: 0,
        };
        let (record, crc) = encode(Kind::Commit, 1, first, 0).ok_or_else(|| too_long(first))?;
        let (file, path, len) = new_segment(folder, header, &record)?;
        Ok(Self::at(
            folder,
            lineage,
            options,
            Place {
                file,
                path,
                len,
                last_seq: 1,
                chain: crc,
            },
        ))
    }

    /// Opens the journal at the end that a survey found. A bad tail must have been cut before.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn open(survey: &Survey, folder: &Path, options: JournalOptions) -> Result<Self, StoreError> {
        let path = survey.last_segment.clone();
        let mut file = OpenOptions::new()
            .write(true)
            .open(&path)
            .map_err(|e| StoreError::io("open", &path, e))?;
        file.seek(SeekFrom::Start(survey.end))
            .map_err(|e| StoreError::io("seek", &path, e))?;
        let place = Place {
            file,
            path,
            len: survey.end,
            last_seq: survey.last_seq,
            chain: survey.chain,
        };
        Ok(Self::at(folder, survey.lineage, options, place))
    }

    /// Writes one commit and makes it durable. Answers its number.
    ///
    /// # Errors
    /// [`StoreError::Full`] or [`StoreError::Io`]; the record may or may not be on disk.
    pub fn append(&mut self, payload: &[u8]) -> Result<u64, StoreError> {
        let seq = self.last_seq.saturating_add(1);
        if self.len >= self.segment_bytes {
            self.roll(seq)?;
        }
        let (record, crc) = encode(Kind::Commit, seq, payload, self.chain).ok_or_else(|| too_long(payload))?;
        self.disk
            .before_write(record.len())
            .and_then(|()| self.file.write_all(&record))
            .map_err(|error| StoreError::io("write", &self.path, error))?;
        let synced = self.disk.before_sync().and_then(|()| self.file.sync_data());
        if let Err(error) = synced
            && !is_broken(Rule::SyncedFirst)
        {
            return Err(self.sync_failed(error));
        }
        self.len = self.len.saturating_add(u64::try_from(record.len()).unwrap_or(u64::MAX));
        self.last_seq = seq;
        self.chain = crc;
        Ok(seq)
    }

    /// Number of the last durable record.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// Checksum of the last durable record.
    #[must_use]
    pub fn chain(&self) -> u32 {
        self.chain
    }

    /// Identity of the history.
    #[must_use]
    pub fn lineage(&self) -> [u8; 16] {
        self.lineage
    }

    /// The folder of the segments.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn at(folder: &Path, lineage: [u8; 16], options: JournalOptions, place: Place) -> Self {
        Self {
            folder: folder.to_path_buf(),
            lineage,
            segment_bytes: options.segment_bytes,
            disk: options.disk,
            on_sync_failure: options.on_sync_failure,
            file: place.file,
            path: place.path,
            len: place.len,
            last_seq: place.last_seq,
            chain: place.chain,
        }
    }

    fn roll(&mut self, first_seq: u64) -> Result<(), StoreError> {
        let header = Header {
            lineage: self.lineage,
            first_seq,
            chain: self.chain,
        };
        self.disk
            .before_write(HEADER_BYTES)
            .map_err(|error| StoreError::io("write", &self.folder, error))?;
        match new_segment(&self.folder, header, &[]) {
            Ok(segment) => (self.file, self.path, self.len) = segment,
            Err(StoreError::Io { doing, source, .. }) if doing.starts_with("sync") => {
                return Err(self.sync_failed(std::io::Error::other(source)));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn sync_failed(&self, error: std::io::Error) -> StoreError {
        match self.on_sync_failure {
            OnSyncFailure::Abort => {
                tracing::error!(path = %self.path.display(), %error, "journal sync failed; ending the process");
                std::process::abort()
            }
            OnSyncFailure::Error => StoreError::io("sync", &self.path, error),
        }
    }
}

struct Place {
    file: File,
    path: PathBuf,
    len: u64,
    last_seq: u64,
    chain: u32,
}

/// A segment gets its name only when its header is durable, so a named segment always has one.
fn new_segment(folder: &Path, header: Header, records: &[u8]) -> Result<(File, PathBuf, u64), StoreError> {
    let path = segment_path(folder, header.first_seq);
    let temporary = temporary_path(&path);
    let mut file = create_file(&temporary)?;
    let mut bytes = header.encode();
    bytes.extend_from_slice(records);
    file.write_all(&bytes)
        .map_err(|error| StoreError::io("write", &temporary, error))?;
    file.sync_all()
        .map_err(|error| StoreError::io("sync", &temporary, error))?;
    put_in_place(&temporary, &path)?;
    Ok((file, path, u64::try_from(bytes.len()).unwrap_or(u64::MAX)))
}

fn too_long(payload: &[u8]) -> StoreError {
    let wide = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    StoreError::TooLarge {
        what: "commit",
        bytes: wide(payload.len()),
        limit_bytes: wide(MAX_BATCH_BYTES),
    }
}
