//! The stores the reader is tested over.

use std::sync::Arc;

use crate::model::write::Write;
use crate::store::files::OnSyncFailure;
use crate::store::reader::Reader;
use crate::store::rows::{Rows, batch};
use crate::store::{Batch, DiskStore, MemStore, OpenOptions, Pace, Store, Urgency};

pub struct World {
    pub name: &'static str,
    pub store: Arc<dyn Store>,
    pub reader: Reader,
    /// Whether rows are moved into the indexed state after each commit.
    settles: bool,
    _folder: Option<tempfile::TempDir>,
}

impl World {
    pub fn memory() -> Self {
        let store: Arc<dyn Store> = Arc::new(MemStore::new(Arc::new(Rows), [7; 16], 1));
        Self::over("memory", store, false, None)
    }

    pub fn disk(settles: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = OpenOptions::new(folder.path().join("data"), [7; 16], 1, "boot-1");
        options.on_sync_failure = OnSyncFailure::Error;
        options.reserve_bytes = 0;
        options.ballast_bytes = 0;
        options.cache_bytes = 1 << 20;
        let (store, _report) = DiskStore::open(options, Arc::new(Rows)).unwrap();
        let name = if settles { "settled disk" } else { "disk" };
        Self::over(name, Arc::new(store), settles, Some(folder))
    }

    pub fn all() -> [Self; 3] {
        [Self::memory(), Self::disk(false), Self::disk(true)]
    }

    fn over(name: &'static str, store: Arc<dyn Store>, settles: bool, folder: Option<tempfile::TempDir>) -> Self {
        Self {
            name,
            reader: Reader::new(Arc::clone(&store)),
            store,
            settles,
            _folder: folder,
        }
    }

    pub fn commit(&self, writes: &[Write]) {
        self.commit_raw(batch(writes, Urgency::NewWork).unwrap());
    }

    pub fn commit_raw(&self, batch: Batch) {
        self.store.commit(&[batch]).unwrap();
        if self.settles {
            self.store.maintain(Pace::Idle).unwrap();
        }
    }
}
