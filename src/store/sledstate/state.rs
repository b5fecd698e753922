//! An open sled: opening, reading, syncing, closing.

use std::fs::File;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::apply::Applied;
use super::guard::{guarded, open_patiently, refused, wait_for_lock};
use crate::store::envelope::{CHUNKS, INLINE, chunk_key, open_envelope};
use crate::store::error::{StoreError, hex};
use crate::store::files::{make_folder, names_in, size_of, sync_folder};
use crate::store::kv::{Direction, Rows, Scan};
use crate::store::overlay::{BaseRow, Layers, merge, scan_bounds};
use crate::store::tally::Tally;

/// Row that says which journal record was applied last. Its shape is the format of the index: one
/// of another shape is another program's, and the index is made again.
pub(super) const APPLIED: [u8; 2] = [0xFF, b'a'];
/// Row that says what all other rows add up to. It is written with each piece.
pub(super) const TALLY: [u8; 2] = [0xFF, b't'];

/// Takes a row's key and value.
pub type EachRow<'a> = dyn FnMut(&[u8], &[u8]) -> Result<(), StoreError> + 'a;

/// An open sled.
pub struct SledState {
    pub(super) db: sled::Db,
    file: File,
    folder: PathBuf,
    /// `None` when it cannot be told; then the state is of no use.
    tally: Mutex<Option<Tally>>,
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
        let state = Self {
            db,
            file,
            folder: folder.to_path_buf(),
            tally: Mutex::new(None),
        };
        *state.tally() = state.stored_tally();
        Ok(state)
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

    /// Hands out every row in key order, and checks that none is missing or damaged.
    ///
    /// # Errors
    /// [`StoreError::StateDamaged`], or what `each` fails with.
    pub fn each_row(&self, each: &mut EachRow<'_>) -> Result<(), StoreError> {
        let mut found = Tally::default();
        let mut rows = self.db.iter();
        while let Some(row) = guarded(|| rows.next().transpose().map_err(|e| self.refused(e)))? {
            let (key, stored) = row;
            if *key == TALLY {
                continue;
            }
            found.add(&stored);
            if key.first().is_some_and(|table| *table < CHUNKS) {
                let value = guarded(|| self.value(&key, &stored))?;
                each(&key, &value)?;
            } else {
                open_envelope(&key, &stored)?;
            }
        }
        if *self.tally() == Some(found) {
            return Ok(());
        }
        Err(StoreError::state("rows of the index are missing or of another time"))
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
        let Self { db, file, folder, .. } = self;
        guarded(|| {
            drop(db);
            Ok(())
        })?;
        wait_for_lock(&file).map_err(|error| StoreError::io("wait for", &folder, error))?;
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

    pub(super) fn tally(&self) -> MutexGuard<'_, Option<Tally>> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the state says its rows add up to; nothing for an empty one.
    fn stored_tally(&self) -> Option<Tally> {
        match guarded(|| Ok((self.raw(&TALLY)?, self.db.is_empty()))) {
            Ok((Some(row), _)) => Tally::from_bytes(&row),
            Ok((None, true)) => Some(Tally::default()),
            Ok((None, false)) | Err(_) => None,
        }
    }

    /// A row as it is stored.
    pub(super) fn stored(&self, key: &[u8]) -> Result<Option<sled::IVec>, StoreError> {
        guarded(|| self.db.get(key).map_err(|e| self.refused(e)))
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

    pub(super) fn refused(&self, error: sled::Error) -> StoreError {
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
