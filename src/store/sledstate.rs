//! The indexed state in sled: the only file that names sled.
//!
//! sled is never trusted: it is opened in a thread of its own because it panics on damaged files,
//! every value carries a checksum, large values are cut into chunks because sled never frees
//! large ones, and a flush is always followed by a sync of its file because sled's own is none.

use std::fs::File;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::envelope::{CHUNK_BYTES, CHUNKED, CHUNKS, INLINE, chunk_key, chunk_prefix, envelope, open_envelope};
use super::error::{StoreError, hex};
use super::files::{make_folder, names_in, size_of, sync_folder};
use super::kv::{Direction, Rows, Scan};
use super::overlay::{BaseRow, Layers, merge, scan_bounds};

/// At most this much is applied between two syncs of sled's file, with the size of one chunk to
/// spare: above about 128 KB sled was seen to lose rows in power cuts.
const PIECE_BYTES: usize = 96 * 1024;
/// Row that says which journal record was applied last.
const APPLIED: [u8; 2] = [0xFF, b'a'];

/// An open sled.
pub struct SledState {
    db: sled::Db,
    file: File,
    folder: PathBuf,
}

/// How far the state follows the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// The journal it follows.
    pub lineage: [u8; 16],
    /// The last record applied.
    pub seq: u64,
}

/// Whether changes are synced as they are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// After every piece.
    EveryPiece,
    /// Only at the end; for a rebuild, which is begun again when it is interrupted.
    Later,
}

impl SledState {
    /// Opens or creates the state in `folder`, with a page cache of `cache_bytes`.
    ///
    /// # Errors
    /// [`StoreError::StateDamaged`] on any refusal or panic, [`StoreError::Full`].
    pub fn open(folder: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        make_folder(folder)?;
        let config = sled::Config::new()
            .path(folder)
            .cache_capacity(cache_bytes)
            .flush_every_ms(Some(1000))
            .print_profile_on_drop(false);
        let opener = std::thread::Builder::new()
            .name("sled-open".to_owned())
            .spawn(move || open_patiently(&config));
        let opened = opener
            .map_err(|error| StoreError::io("start a thread for", folder, error))?
            .join();
        let db = opened
            .map_err(|_| StoreError::state("sled panicked while opening"))?
            .map_err(|e| refused(folder, e))?;
        let path = folder.join("db");
        let file = File::open(&path).map_err(|error| StoreError::io("open", &path, error))?;
        Ok(Self {
            db,
            file,
            folder: folder.to_path_buf(),
        })
    }

    /// How far it follows the journal; `None` when that row is missing.
    ///
    /// # Errors
    /// [`StoreError::StateDamaged`].
    pub fn applied(&self) -> Result<Option<Applied>, StoreError> {
        let row = guarded(|| self.raw(&APPLIED))?;
        let Some(row) = row else { return Ok(None) };
        let parts = row
            .split_first_chunk::<16>()
            .and_then(|(id, seq)| Some((*id, <[u8; 8]>::try_from(seq).ok()?)));
        let (lineage, seq) = parts.ok_or_else(|| StoreError::state("the applied row has the wrong length"))?;
        Ok(Some(Applied {
            lineage,
            seq: u64::from_be_bytes(seq),
        }))
    }

    /// One row.
    ///
    /// # Errors
    /// [`StoreError::StateDamaged`].
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if key.first().is_none_or(|table| *table >= CHUNKS) {
            return Ok(None);
        }
        guarded(|| {
            self.db
                .get(key)
                .map_err(|e| self.refused(e))?
                .map(|stored| self.value(key, &stored))
                .transpose()
        })
    }

    /// Rows of a scan, with `layers` laid over them.
    ///
    /// # Errors
    /// [`StoreError::StateDamaged`].
    pub fn scan(&self, scan: &Scan, layers: &Layers) -> Result<Rows, StoreError> {
        guarded(|| match self.range(scan) {
            None => merge(std::iter::empty(), layers, scan),
            Some(range) => match scan.direction {
                Direction::Forward => merge(range.map(|row| self.row(row)), layers, scan),
                Direction::Backward => merge(range.rev().map(|row| self.row(row)), layers, scan),
            },
        })
    }

    /// Applies changes in pieces. With `applied`, the last piece also records how far the journal
    /// was applied, and is synced whatever `sync` says.
    ///
    /// # Errors
    /// [`StoreError::StateDamaged`], [`StoreError::Full`]; the state must then be dropped.
    pub fn apply<'a>(
        &self,
        changes: impl IntoIterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)>,
        applied: Option<Applied>,
        sync: Sync,
    ) -> Result<(), StoreError> {
        let mut piece = Piece::default();
        for (key, value) in changes {
            self.clear_chunks(key, &mut piece)?;
            match value {
                None => piece.remove(key),
                Some(value) if value.len() <= CHUNK_BYTES => piece.insert(key, &envelope(INLINE, key, value)),
                Some(value) => self.insert_chunked(key, value, &mut piece, sync)?,
            }
            self.apply_if_full(&mut piece, sync)?;
        }
        let Some(applied) = applied else {
            return self.apply_piece(&mut piece, sync);
        };
        let mut body = applied.lineage.to_vec();
        body.extend_from_slice(&applied.seq.to_be_bytes());
        piece.insert(&APPLIED, &envelope(INLINE, &APPLIED, &body));
        self.apply_piece(&mut piece, Sync::EveryPiece)
    }

    /// Makes everything applied durable.
    ///
    /// # Errors
    /// [`StoreError::StateDamaged`], [`StoreError::Full`].
    pub fn sync(&self) -> Result<(), StoreError> {
        guarded(|| self.db.flush().map_err(|e| self.refused(e)))?;
        self.file
            .sync_data()
            .map_err(|error| StoreError::state(format!("syncing sled's file failed: {error}")))
    }

    /// Bytes of the state's files.
    #[must_use]
    pub fn disk_bytes(&self) -> u64 {
        size_of(&self.folder.join("db"))
    }

    /// Lets go of sled, so that the folder can be opened again, and syncs what it wrote last.
    ///
    /// # Errors
    /// [`StoreError::StateDamaged`].
    pub fn close(self) -> Result<(), StoreError> {
        let Self { db, file, folder } = self;
        guarded(|| {
            drop(db);
            Ok(())
        })?;
        file.sync_all()
            .map_err(|error| StoreError::state(format!("syncing sled's file failed: {error}")))?;
        for name in names_in(&folder)? {
            let path = folder.join(name);
            if path.is_file() {
                File::open(&path)
                    .and_then(|f| f.sync_all())
                    .map_err(|error| StoreError::io("sync", &path, error))?;
            }
        }
        sync_folder(&folder)
    }

    fn insert_chunked(&self, key: &[u8], value: &[u8], piece: &mut Piece, sync: Sync) -> Result<(), StoreError> {
        let mut count: u32 = 0;
        for part in value.chunks(CHUNK_BYTES) {
            let chunk = chunk_key(key, count);
            piece.insert(&chunk, &envelope(INLINE, &chunk, part));
            count = count.saturating_add(1);
            self.apply_if_full(piece, sync)?;
        }
        let mut body = u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes().to_vec();
        body.extend_from_slice(&count.to_be_bytes());
        piece.insert(key, &envelope(CHUNKED, key, &body));
        Ok(())
    }

    /// Removes the chunks of the value that `key` has now, before it gets another one.
    fn clear_chunks(&self, key: &[u8], piece: &mut Piece) -> Result<(), StoreError> {
        let chunked = guarded(|| {
            let stored = self.db.get(key).map_err(|e| self.refused(e))?;
            Ok(stored.is_some_and(|stored| stored.first() == Some(&CHUNKED)))
        })?;
        if !chunked {
            return Ok(());
        }
        let prefix = chunk_prefix(key);
        for found in self.db.scan_prefix(prefix).keys() {
            piece.remove(&guarded(|| found.map_err(|e| self.refused(e)))?);
        }
        Ok(())
    }

    fn apply_if_full(&self, piece: &mut Piece, sync: Sync) -> Result<(), StoreError> {
        if piece.bytes < PIECE_BYTES {
            return Ok(());
        }
        self.apply_piece(piece, sync)
    }

    fn apply_piece(&self, piece: &mut Piece, sync: Sync) -> Result<(), StoreError> {
        let full = std::mem::take(piece);
        if full.bytes > 0 {
            guarded(|| self.db.apply_batch(full.batch).map_err(|e| self.refused(e)))?;
        }
        match sync {
            Sync::EveryPiece => self.sync(),
            Sync::Later => Ok(()),
        }
    }

    fn range(&self, scan: &Scan) -> Option<sled::Iter> {
        let (low, high) = scan_bounds(scan)?;
        let end = vec![CHUNKS];
        let high = match high {
            Bound::Excluded(high) if high < end => Bound::Excluded(high),
            _ => Bound::Excluded(end),
        };
        let empty = match (&low, &high) {
            (Bound::Included(low) | Bound::Excluded(low), Bound::Excluded(high)) => low >= high,
            _ => false,
        };
        (!empty).then(|| self.db.range((low, high)))
    }

    fn row(&self, row: sled::Result<(sled::IVec, sled::IVec)>) -> BaseRow {
        let (key, stored) = row.map_err(|e| self.refused(e))?;
        let value = self.value(&key, &stored)?;
        Ok((key.to_vec(), value))
    }

    fn raw(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let stored = self.db.get(key).map_err(|e| self.refused(e))?;
        stored
            .map(|stored| open_envelope(key, &stored).map(|(_, body)| body.to_vec()))
            .transpose()
    }

    fn value(&self, key: &[u8], stored: &[u8]) -> Result<Vec<u8>, StoreError> {
        let (tag, body) = open_envelope(key, stored)?;
        if tag == INLINE {
            return Ok(body.to_vec());
        }
        let damaged = || StoreError::state(format!("row {} lacks a chunk", hex(key)));
        let (len, count) = body.split_first_chunk::<4>().ok_or_else(damaged)?;
        let count = count
            .first_chunk::<4>()
            .map(|count| u32::from_be_bytes(*count))
            .ok_or_else(damaged)?;
        let mut value = Vec::new();
        for number in 0..count {
            value.extend_from_slice(&self.raw(&chunk_key(key, number))?.ok_or_else(damaged)?);
        }
        let whole = usize::try_from(u32::from_be_bytes(*len)).is_ok_and(|len| len == value.len());
        whole.then_some(value).ok_or_else(damaged)
    }

    fn refused(&self, error: sled::Error) -> StoreError {
        refused(&self.folder, error)
    }
}

/// Removes the files of a state that is not open.
///
/// # Errors
/// [`StoreError::Io`].
pub fn remove_folder(folder: &Path) -> Result<(), StoreError> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::io("remove", folder, error)),
        _ => Ok(()),
    }
}

#[derive(Default)]
struct Piece {
    batch: sled::Batch,
    bytes: usize,
}

impl Piece {
    fn insert(&mut self, key: &[u8], stored: &[u8]) {
        self.bytes = self.bytes.saturating_add(key.len()).saturating_add(stored.len());
        self.batch.insert(key, stored);
    }

    fn remove(&mut self, key: &[u8]) {
        self.bytes = self.bytes.saturating_add(key.len()).saturating_add(1);
        self.batch.remove(key);
    }
}

/// A sled that was just dropped may hold its file lock for a moment.
fn open_patiently(config: &sled::Config) -> sled::Result<sled::Db> {
    const TRIES: u32 = 100;
    const PAUSE: Duration = Duration::from_millis(20);
    let mut tries = 0;
    loop {
        match config.open() {
            Err(sled::Error::Io(error)) if tries < TRIES && error.to_string().contains("lock") => {
                tries += 1;
                std::thread::sleep(PAUSE);
            }
            outcome => return outcome,
        }
    }
}

/// sled answers some damage with a panic; here it becomes an error.
fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(StoreError::state("sled panicked")))
}

fn refused(folder: &Path, error: sled::Error) -> StoreError {
    match error {
        sled::Error::Io(error) if super::error::is_disk_full(&error) => StoreError::io("write", folder, error),
        other => StoreError::state(other.to_string()),
    }
}
