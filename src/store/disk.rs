//! The real store: journal first, sled behind, a layer of recent rows in between.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::changes::{Changes, encode as encode_changes};
use super::error::StoreError;
use super::files::{make_folder, size_of};
use super::import::{Import, import_rows};
use super::journal::segment::list_segments;
use super::keys::SCHEMA;
use super::kv::{Batch, Committed, Derive, Pace, Rows, Scan, Stats, Store, Upkeep, Urgency};
use super::lock::lock_folder;
use super::opening::{end_run, open_data, remember_doubt};
use super::options::OpenOptions;
use super::parts::{Core, Health, View, start};
use super::plan::plan;
use super::report::OpenReport;
use super::reserve::Reserve;
use super::sledstate::SledState;
use super::snapshot::list_snapshots;

/// A store in a folder.
///
/// A commit is durable once it is in the journal, and visible once it is in the layers over sled;
/// [`Store::maintain`] moves those into sled. Commits and upkeep exclude each other,
/// readers only ever wait for rows to be added to or taken from the layer.
pub struct DiskStore {
    pub(super) options: OpenOptions,
    pub(super) derive: Arc<dyn Derive>,
    pub(super) reserve: Reserve,
    view: RwLock<View>,
    core: Mutex<Core>,
}

impl DiskStore {
    /// Opens or creates the store.
    ///
    /// # Errors
    /// [`StoreError::Locked`], [`StoreError::JournalDamaged`], [`StoreError::SnapshotDamaged`],
    /// [`StoreError::DigestMismatch`], [`StoreError::SchemaTooNew`], [`StoreError::ImportUnfinished`],
    /// [`StoreError::Full`], [`StoreError::Io`].
    pub fn open(options: OpenOptions, derive: Arc<dyn Derive>) -> Result<(Self, OpenReport), StoreError> {
        make_folder(&options.path)?;
        let lock = lock_folder(&options.path)?;
        let reserve = options.reserve();
        reserve.ease()?;
        let opened = open_data(&options, &*derive)?;
        let report = opened.report.clone();
        let (view, mut core) = start(&options, opened)?;
        core.lock = Some(lock);
        reserve.remake_ballast()?;
        let store = Self {
            options,
            derive,
            reserve,
            view: RwLock::new(view),
            core: Mutex::new(core),
        };
        Ok((store, report))
    }

    pub(super) fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn view(&self) -> RwLockReadGuard<'_, View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn view_mut(&self) -> RwLockWriteGuard<'_, View> {
        self.view.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a failure after which nothing may be written before a reopen.
    pub(super) fn broken(&self, core: &mut Core, error: StoreError) -> StoreError {
        if error.needs_reopen() {
            core.health = Health::Broken(error.to_string());
            core.journal = None;
            core.job = None;
            tracing::error!(%error, "the store must be reopened");
        }
        if let StoreError::Full { .. } = error {
            // Failing to free it leaves the disk as full as it was.
            if let Err(ballast) = self.reserve.free_ballast() {
                tracing::error!(error = %ballast, "freeing the ballast failed");
            }
        }
        if let StoreError::StateDamaged { .. } = error
            && let Err(doubt) = remember_doubt(&self.options, &error.to_string())
        {
            tracing::error!(error = %doubt, "noting that the indexed state is doubtful failed");
        }
        error
    }

    /// Journals changes and makes them visible.
    fn write(&self, core: &mut Core, changes: Changes) -> Result<(), StoreError> {
        let payload = encode_changes(&changes).ok_or_else(|| StoreError::state("a commit cannot be written"))?;
        let journal = core.journal.as_mut().ok_or(StoreError::ReadOnly)?;
        match journal.append(&payload) {
            Ok(seq) => core.last_seq = seq,
            Err(error) => return Err(self.broken(core, error)),
        }
        core.recent_bytes = core.recent_bytes.saturating_add(payload.len());
        core.since_snapshot = core
            .since_snapshot
            .saturating_add(u64::try_from(payload.len()).unwrap_or(u64::MAX));
        self.view_mut().layers.recent.extend(changes);
        Ok(())
    }

    /// A reader that meets damage stops writes too, and leaves word for the next start.
    fn read_failed(&self, error: StoreError) -> StoreError {
        match error {
            StoreError::StateDamaged { .. } => self.broken(&mut self.core(), error),
            other => other,
        }
    }

    fn writable(&self, core: &Core) -> Result<(), StoreError> {
        match &core.health {
            Health::Good => Ok(()),
            Health::ReadOnly => Err(StoreError::ReadOnly),
            Health::Broken(because) => Err(StoreError::NeedsReopen {
                because: because.clone(),
            }),
            Health::Closed => Err(StoreError::Closed),
        }
    }

    /// Writes final changes as they are: for the store's own rows and for imports.
    fn commit_changes(&self, changes: Changes) -> Result<(), StoreError> {
        let mut core = self.core();
        self.writable(&core)?;
        self.make_room(&mut core)?;
        self.write(&mut core, changes)
    }
}

impl Store for DiskStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let row = self.view().get(key);
        row.map_err(|error| self.read_failed(error))
    }

    fn scan(&self, scan: &Scan) -> Result<Rows, StoreError> {
        let rows = self.view().scan(scan);
        rows.map_err(|error| self.read_failed(error))
    }

    fn commit(&self, batches: &[Batch]) -> Result<Committed, StoreError> {
        let mut core = self.core();
        self.writable(&core)?;
        if batches.iter().any(|batch| batch.urgency == Urgency::NewWork) {
            self.reserve.admit(Urgency::NewWork)?;
        }
        self.make_room(&mut core)?;
        let planned = {
            let view = self.view();
            plan(&|key| view.get(key), &*self.derive, core.last_event, batches)
        };
        let planned = planned.map_err(|error| self.broken(&mut core, error))?;
        if !planned.changes.is_empty() {
            self.write(&mut core, planned.changes)?;
        }
        core.last_event = planned.last_event;
        Ok(Committed {
            seq: core.last_seq,
            last_event: core.last_event,
            events: planned.events,
        })
    }

    fn maintain(&self, pace: Pace) -> Result<Upkeep, StoreError> {
        self.upkeep(pace)
    }

    fn request_snapshot(&self) -> Result<(), StoreError> {
        let mut core = self.core();
        self.writable(&core)?;
        core.snapshot_wanted = true;
        Ok(())
    }

    fn reopen(&self) -> Result<OpenReport, StoreError> {
        let mut core = self.core();
        if let Health::Closed = core.health {
            return Err(StoreError::Closed);
        }
        core.health = Health::Broken("the last reopen failed".to_owned());
        core.journal = None;
        core.job = None;
        let state = self.view_mut().state.take();
        if let Some(state) = state
            && let Err(error) = state.close()
        {
            tracing::warn!(%error, "letting go of the indexed state failed");
        }
        self.reserve.ease()?;
        let opened = open_data(&self.options, &*self.derive)?;
        let report = opened.report.clone();
        let (view, mut fresh) = start(&self.options, opened)?;
        // The lock goes along, so that it is never free in between; so do running exports.
        fresh.lock = core.lock.take();
        fresh.exports = std::mem::take(&mut core.exports);
        *self.view_mut() = view;
        *core = fresh;
        self.reserve.remake_ballast()?;
        Ok(report)
    }

    fn epoch(&self) -> [u8; 16] {
        self.view().epoch
    }

    fn raise_schema(&self, schema: u32) -> Result<(), StoreError> {
        self.commit_changes(Changes::from([(SCHEMA.to_vec(), Some(schema.to_be_bytes().to_vec()))]))?;
        self.view_mut().schema = schema;
        Ok(())
    }

    fn stats(&self) -> Stats {
        let core = self.core();
        let view = self.view();
        let segments = list_segments(&self.options.journal()).unwrap_or_default();
        let snapshots = list_snapshots(&self.options.snapshots()).unwrap_or_default();
        Stats {
            last_seq: core.last_seq,
            last_event: core.last_event,
            schema: view.schema,
            pending_rows: u64::try_from(view.layers.len()).unwrap_or(u64::MAX),
            journal_bytes: segments.iter().map(|segment| size_of(&segment.path)).sum(),
            journal_bytes_since_snapshot: core.since_snapshot,
            state_bytes: view.state.as_ref().map_or(0, SledState::disk_bytes),
            snapshot_seq: snapshots.first().map_or(0, |newest| newest.end_seq),
            free_bytes: self.reserve.free_bytes().unwrap_or(0),
            ballast: self.reserve.has_ballast(),
            refusing: self
                .writable(&core)
                .and_then(|()| self.reserve.admit(Urgency::NewWork))
                .err()
                .map(|e| e.to_string()),
        }
    }

    fn export(&self, out: &mut dyn Write) -> Result<u64, StoreError> {
        self.write_export(out)
    }

    fn import(&self, from: &mut dyn Read, new_epoch: [u8; 16]) -> Result<(), StoreError> {
        let commit = |changes| self.commit_changes(changes);
        let import = Import {
            store: self,
            commit: &commit,
            derive: &*self.derive,
            schema: self.options.schema,
        };
        let facts = import_rows(&import, from, new_epoch)?;
        let mut core = self.core();
        core.last_event = facts.last_event;
        let mut view = self.view_mut();
        view.epoch = new_epoch;
        view.schema = facts.schema;
        Ok(())
    }

    fn close(&self) -> Result<(), StoreError> {
        let mut core = self.core();
        let drained = match core.health {
            Health::Good => self.drain(&mut core),
            Health::ReadOnly | Health::Broken(_) => Ok(()),
            Health::Closed => return Ok(()),
        };
        let clean = drained.is_ok() && matches!(core.health, Health::Good);
        core.health = Health::Closed;
        core.journal = None;
        core.job = None;
        let state = {
            let mut view = self.view_mut();
            view.absent = StoreError::Closed;
            view.state.take()
        };
        let closed = state.map_or(Ok(()), SledState::close);
        if clean && closed.is_ok() {
            end_run(&self.options, core.last_seq)?;
        }
        core.lock = None;
        drained.and(closed)
    }
}
