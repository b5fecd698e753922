//! Appending to the journal.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::record::{Kind, encode};
use super::recover::Survey;
use super::segment::{FORMAT, HEADER_BYTES, Header, Witness, segment_path};
use crate::model::mutation::{Rule, is_broken};
use crate::store::error::StoreError;
use crate::store::files::{OnSyncFailure, SharedDisk, create_file, put_in_place, sync_folder, temporary_path};
use crate::store::keys::MAX_BATCH_BYTES;

/// The open end of the journal. After any error it must be dropped and the journal surveyed again.
pub struct JournalWriter {
    folder: PathBuf,
    segment_bytes: u64,
    disk: SharedDisk,
    on_sync_failure: OnSyncFailure,
    file: File,
    path: PathBuf,
    header: Header,
    len: u64,
    last_seq: u64,
    chain: u32,
}

/// How a journal is written.
#[derive(Clone)]
pub struct JournalOptions {
    /// A segment that has reached this many bytes of records is followed by a new one.
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
        let header = Header::new(lineage, 1, 0);
        let (record, crc) = encode(Kind::Commit, 1, first, 0).ok_or_else(|| too_long(first))?;
        let (file, path, len) = new_segment(folder, header, 1, &record)?;
        let place = Place {
            file,
            path,
            header,
            len,
            last_seq: 1,
            chain: crc,
        };
        Ok(Self::at(folder, options, place))
    }

    /// Opens the journal at the end that a survey found, and makes all of it durable. A bad tail
    /// must have been cut before.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn open(survey: &Survey, folder: &Path, options: JournalOptions) -> Result<Self, StoreError> {
        let path = survey.last_segment.clone();
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|e| StoreError::io("open", &path, e))?;
        file.seek(SeekFrom::Start(survey.end))
            .map_err(|e| StoreError::io("seek", &path, e))?;
        let mut head = vec![0; HEADER_BYTES.min(usize::try_from(survey.end).unwrap_or(HEADER_BYTES))];
        file.read_exact_at(&mut head, 0)
            .map_err(|e| StoreError::io("read", &path, e))?;
        let header = Header::decode(&head)
            .map_err(|_| StoreError::journal(&path, 0, "the header of the segment is unreadable"))?;
        let place = Place {
            file,
            path,
            header,
            len: survey.end,
            last_seq: survey.last_seq,
            chain: survey.chain,
        };
        let journal = Self::at(folder, options, place);
        journal.settle(survey.last_record)?;
        Ok(journal)
    }

    /// Writes one commit and makes it durable. Answers its number. What follows records of an older
    /// format is a new segment; until then the older program can still open the journal.
    ///
    /// # Errors
    /// [`StoreError::Full`] or [`StoreError::Io`]; the record may or may not be on disk.
    pub fn append(&mut self, payload: &[u8]) -> Result<u64, StoreError> {
        let seq = self.last_seq.saturating_add(1);
        let is_full = self.len >= self.segment_bytes.saturating_add(wide(self.header.bytes()));
        if is_full || self.header.format < FORMAT {
            self.roll()?;
        }
        let (record, crc) = encode(Kind::Commit, seq, payload, self.chain).ok_or_else(|| too_long(payload))?;
        self.disk
            .before_write(record.len())
            .and_then(|()| self.file.write_all(&record))
            .map_err(|error| StoreError::io("write", &self.path, error))?;
        self.sync()?;
        self.len = self.len.saturating_add(wide(record.len()));
        self.last_seq = seq;
        self.chain = crc;
        self.bear_witness(false)?;
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
        self.header.lineage
    }

    /// The folder of the segments.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes durable what was read. A process that was killed between writing and syncing leaves its
    /// last record in the system's memory only, and after a failed sync the system takes it for
    /// written: so it is written once more, and synced before anything is built on it.
    fn settle(&self, last_record: u64) -> Result<(), StoreError> {
        let len = usize::try_from(self.len.saturating_sub(last_record)).unwrap_or(usize::MAX);
        let mut record = vec![0; len];
        self.file
            .read_exact_at(&mut record, last_record)
            .map_err(|error| StoreError::io("read", &self.path, error))?;
        self.file
            .write_all_at(&record, last_record)
            .map_err(|error| StoreError::io("write", &self.path, error))?;
        self.sync()?;
        self.bear_witness(false)?;
        sync_folder(&self.folder)
    }

    /// Writes down in the segment how far it is synced. This itself is not synced: it becomes durable
    /// with the next record, and is there after a kill.
    fn bear_witness(&self, sealed: bool) -> Result<(), StoreError> {
        if self.header.format < FORMAT {
            return Ok(());
        }
        let seq = self.last_seq;
        let (at, copy) = self.header.witness_copy(Witness { seq, sealed });
        self.file
            .write_all_at(&copy, wide(at))
            .map_err(|error| StoreError::io("write", &self.path, error))
    }

    fn sync(&self) -> Result<(), StoreError> {
        match self.disk.before_sync().and_then(|()| self.file.sync_data()) {
            Err(error) if !is_broken(Rule::SyncedFirst) => Err(self.sync_failed(error)),
            _ => Ok(()),
        }
    }

    fn at(folder: &Path, options: JournalOptions, place: Place) -> Self {
        Self {
            folder: folder.to_path_buf(),
            segment_bytes: options.segment_bytes,
            disk: options.disk,
            on_sync_failure: options.on_sync_failure,
            file: place.file,
            path: place.path,
            header: place.header,
            len: place.len,
            last_seq: place.last_seq,
            chain: place.chain,
        }
    }

    /// Begins a new segment, and then says so in the old one, so that nobody takes the old one for
    /// the end should the new one get lost.
    fn roll(&mut self) -> Result<(), StoreError> {
        let header = Header::new(self.header.lineage, self.last_seq.saturating_add(1), self.chain);
        self.disk
            .before_write(HEADER_BYTES)
            .map_err(|error| StoreError::io("write", &self.folder, error))?;
        let (file, path, len) = match new_segment(&self.folder, header, self.last_seq, &[]) {
            Ok(segment) => segment,
            Err(StoreError::Io { doing, source, .. }) if doing.starts_with("sync") => {
                return Err(self.sync_failed(std::io::Error::other(source)));
            }
            Err(error) => return Err(error),
        };
        if path != self.path {
            self.bear_witness(true)?;
            self.sync()?;
        }
        (self.file, self.path, self.header, self.len) = (file, path, header, len);
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
    header: Header,
    len: u64,
    last_seq: u64,
    chain: u32,
}

/// A segment gets its name only when its header is durable, so a named segment always has one.
fn new_segment(
    folder: &Path,
    header: Header,
    synced_seq: u64,
    records: &[u8],
) -> Result<(File, PathBuf, u64), StoreError> {
    let path = segment_path(folder, header.first_seq);
    let temporary = temporary_path(&path);
    let mut file = create_file(&temporary)?;
    let mut bytes = header.encode(Witness {
        seq: synced_seq,
        sealed: false,
    });
    bytes.extend_from_slice(records);
    file.write_all(&bytes)
        .map_err(|error| StoreError::io("write", &temporary, error))?;
    file.sync_all()
        .map_err(|error| StoreError::io("sync", &temporary, error))?;
    put_in_place(&temporary, &path)?;
    Ok((file, path, wide(bytes.len())))
}

fn wide(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

fn too_long(payload: &[u8]) -> StoreError {
    StoreError::TooLarge {
        what: "commit",
        bytes: wide(payload.len()),
        limit_bytes: wide(MAX_BATCH_BYTES),
    }
}
