//! Data folders as stops of every kind leave them, and what was acknowledged in each.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use counterfoil::store::files::OnSyncFailure;
use counterfoil::store::journal::segment::list_segments;
use counterfoil::store::rows::Rows;
use counterfoil::store::{DiskStore, OpenOptions, OpenReport, Pace, Store, StoreError, Upkeep};
use tempfile::TempDir;

use super::ledger::{FRESH, Ledger, SCHEMA};

/// Records of a scene: the creation and two hundred commits.
pub const RECORDS: u64 = 201;
/// Bytes of records in a segment: some six segments.
const SEGMENT_BYTES: u64 = 40_000;
/// Bytes before the first record of a segment: three pages.
pub const HEADER: usize = 12_288;

/// How the last run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Closed.
    Clean,
    /// Killed; the system's memory is intact.
    Killed,
    /// The power failed right after the last acknowledgement: what was not synced is gone.
    PowerCut,
}

/// A data folder, and what its owner knows of it.
pub struct Scene {
    pub ledger: Ledger,
    pub folder: TempDir,
    /// Where each record ends: its segment and the length of that file.
    pub ends: Vec<(PathBuf, u64)>,
}

/// Settings of a store in this folder.
pub fn options(folder: &Path) -> OpenOptions {
    let mut options = OpenOptions::new(folder.join("data"), FRESH, SCHEMA, "boot-1");
    options.on_sync_failure = OnSyncFailure::Error;
    options.reserve_bytes = 0;
    options.ballast_bytes = 0;
    options.cache_bytes = 1 << 20;
    options.segment_bytes = SEGMENT_BYTES;
    options
}

/// The same after a restart of the machine.
pub fn next_boot(mut options: OpenOptions) -> OpenOptions {
    options.boot_id = "boot-2".to_owned();
    options
}

pub fn open(options: OpenOptions) -> Result<(DiskStore, OpenReport), StoreError> {
    DiskStore::open(options, Arc::new(Rows))
}

/// A folder that goes away with the test, in memory where there is such a place.
pub fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

pub fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Does all upkeep there is.
pub fn settle(store: &dyn Store) {
    while store.maintain(Pace::Idle).unwrap() == Upkeep::More {}
}

impl Scene {
    /// Two hundred records; sled has them up to `in_index`, and snapshots are taken after these.
    pub fn new(end: End, in_index: u64, snapshots: &[u64]) -> Self {
        Self::with(Ledger::new(), end, in_index, snapshots)
    }

    /// The same with another kind of records.
    pub fn with(mut ledger: Ledger, end: End, in_index: u64, snapshots: &[u64]) -> Self {
        let work = folder();
        let (store, _) = open(options(work.path())).unwrap();
        let mut ends = vec![end_of_journal(work.path())];
        let mut unsynced_head = Vec::new();
        for n in 2..=RECORDS {
            if n == RECORDS {
                unsynced_head = head_of(&ends[ends.len() - 1].0);
            }
            store.commit(&[ledger.batch(n)]).unwrap();
            ledger.acknowledge(n);
            ends.push(end_of_journal(work.path()));
            if snapshots.contains(&n) {
                store.request_snapshot().unwrap();
            }
            if snapshots.contains(&n) || n == in_index {
                settle(&store);
            }
        }
        if end == End::Clean {
            store.close().unwrap();
        }
        let left = folder();
        copy_tree(&options(work.path()).path, &options(left.path()).path);
        for (path, _) in &mut ends {
            *path = options(left.path()).journal().join(path.file_name().unwrap());
        }
        ends.retain(|(path, _)| path.exists());
        if end == End::PowerCut {
            // What the segment says of the last record is written after that record's sync.
            let mut file = fs::OpenOptions::new()
                .write(true)
                .open(&ends[ends.len() - 1].0)
                .unwrap();
            file.write_all(&unsynced_head).unwrap();
        }
        Self {
            ledger,
            folder: left,
            ends,
        }
    }

    pub fn options(&self) -> OpenOptions {
        options(self.folder.path())
    }

    /// A copy to do harm to.
    pub fn copy(&self) -> TempDir {
        let copy = folder();
        copy_tree(&self.options().path, &options(copy.path()).path);
        copy
    }

    /// The journal's segments, in order.
    pub fn segments(&self) -> Vec<PathBuf> {
        let segments = list_segments(&self.options().journal()).unwrap();
        segments.into_iter().map(|segment| segment.path).collect()
    }

    /// The record that the byte `at` of a segment belongs to; `None` before the first one.
    pub fn record_at(&self, segment: &Path, at: u64) -> Option<u64> {
        let first = RECORDS + 1 - self.ends.len() as u64;
        let holder = self.ends.iter().position(|(path, end)| path == segment && *end > at)?;
        (at >= HEADER as u64).then_some(first + holder as u64)
    }
}

impl Scene {
    /// Where the last record begins in its segment, in bytes.
    pub fn begin_of_last(&self) -> u64 {
        let [.., (before, begin), (last, _)] = self.ends.as_slice() else {
            return HEADER as u64;
        };
        if before == last { *begin } else { HEADER as u64 }
    }
}

fn head_of(segment: &Path) -> Vec<u8> {
    let mut bytes = fs::read(segment).unwrap();
    bytes.truncate(HEADER);
    bytes
}

fn end_of_journal(folder: &Path) -> (PathBuf, u64) {
    let last = list_segments(&options(folder).journal()).unwrap().pop().unwrap();
    let bytes = fs::metadata(&last.path).unwrap().len();
    (last.path, bytes)
}
