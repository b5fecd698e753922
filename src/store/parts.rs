//! What a disk store consists of while it is open.

use std::collections::BTreeMap;

use super::error::StoreError;
use super::files::size_of;
use super::journal::JournalWriter;
use super::journal::segment::list_segments;
use super::keys::{EPOCH, IMPORTING, LAST_EVENT, META, SCHEMA};
use super::kv::{Rows, Scan};
use super::lock::FolderLock;
use super::opening::Opened;
use super::options::OpenOptions;
use super::overlay::Layers;
use super::sledstate::SledState;
use super::snapshot::list_snapshots;
use super::upkeep::SnapshotJob;

/// What readers see.
pub(super) struct View {
    /// Committed rows that sled does not have yet.
    pub layers: Layers,
    /// `None` while reopening and after closing.
    pub state: Option<SledState>,
    /// What readers are told while there is no state.
    pub absent: StoreError,
    pub epoch: [u8; 16],
    pub schema: u32,
}

/// What commits and upkeep need.
pub(super) struct Core {
    /// `None` when read-only, broken or closed.
    pub journal: Option<JournalWriter>,
    pub health: Health,
    pub last_seq: u64,
    pub last_event: u64,
    /// Bytes of the newest rows.
    pub recent_bytes: usize,
    /// The commit as of which rows are being moved, while they are.
    pub moving: Option<u64>,
    /// Bytes of rows being moved.
    pub moving_bytes: usize,
    pub since_snapshot: u64,
    /// Size of the newest snapshot in bytes.
    pub snapshot_bytes: u64,
    pub snapshot_wanted: bool,
    /// After a snapshot failed: none is begun by itself before this much journal was written.
    pub snapshot_not_before: u64,
    pub job: Option<SnapshotJob>,
    /// Running exports by the commit they began after; the journal is kept for them.
    pub exports: BTreeMap<u64, u32>,
    pub lock: Option<FolderLock>,
}

/// Whether writes are possible.
#[derive(Debug, Clone)]
pub(super) enum Health {
    Good,
    ReadOnly,
    Broken(String),
    Closed,
}

impl Core {
    /// Bytes of committed rows that sled does not have yet.
    pub fn waiting_bytes(&self) -> usize {
        self.recent_bytes.saturating_add(self.moving_bytes)
    }
}

impl View {
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let state = self.state()?;
        match self.layers.get(key) {
            Some(row) => Ok(row.clone()),
            None => state.get(key),
        }
    }

    pub fn scan(&self, scan: &Scan) -> Result<Rows, StoreError> {
        self.state()?.scan(scan, &self.layers)
    }

    pub fn state(&self) -> Result<&SledState, StoreError> {
        self.state.as_ref().ok_or_else(|| self.absent.clone())
    }
}

fn reopening() -> StoreError {
    StoreError::NeedsReopen {
        because: "the store is being reopened".to_owned(),
    }
}

/// Reads the store's own facts and puts the parts together.
pub(super) fn start(options: &OpenOptions, opened: Opened) -> Result<(View, Core), StoreError> {
    let Opened { state, journal, report } = opened;
    let schema = state
        .get(&SCHEMA)?
        .and_then(|row| <[u8; 4]>::try_from(row).ok())
        .map_or(0, u32::from_be_bytes);
    if schema > options.schema {
        return Err(StoreError::SchemaTooNew {
            found: schema,
            supported: options.schema,
        });
    }
    if state.get(&IMPORTING)?.is_some() {
        return Err(StoreError::ImportUnfinished);
    }
    let epoch = state.get(&EPOCH)?.and_then(|row| row.try_into().ok());
    let epoch = epoch.ok_or_else(|| StoreError::state(format!("the epoch is missing from table {META:#04x}")))?;
    let last_event = state
        .get(&LAST_EVENT)?
        .and_then(|row| <[u8; 8]>::try_from(row).ok())
        .map_or(0, u64::from_be_bytes);
    let newest = list_snapshots(&options.snapshots())?.into_iter().next();
    let since = newest.as_ref().map_or(0, |newest| newest.end_seq);
    let segments = list_segments(&options.journal())?;
    let later = segments.iter().filter(|segment| segment.first_seq > since);
    let core = Core {
        health: if journal.is_some() {
            Health::Good
        } else {
            Health::ReadOnly
        },
        journal,
        last_seq: report.last_seq,
        last_event,
        recent_bytes: 0,
        moving: None,
        moving_bytes: 0,
        since_snapshot: later.map(|segment| size_of(&segment.path)).sum(),
        snapshot_bytes: newest.map_or(0, |newest| size_of(&newest.path)),
        snapshot_wanted: !report.concerns.is_empty(),
        snapshot_not_before: 0,
        job: None,
        exports: BTreeMap::new(),
        lock: None,
    };
    let view = View {
        layers: Layers::default(),
        state: Some(state),
        absent: reopening(),
        epoch,
        schema,
    };
    Ok((view, core))
}
