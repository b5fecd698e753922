//! The stores under test and the typed layer they are tested with.

use std::sync::Arc;

use crate::store::files::OnSyncFailure;
use crate::store::kv::{Batch, Derive, Derived, EventDraft, Op, Scan, Store, Urgency};
use crate::store::{DiskStore, MemStore, StoreError};
use crate::store::{OpenOptions, OpenReport};

pub const FRESH: [u8; 16] = [7; 16];

/// Documents are `1 | group | id`; each has an index row `2 | first byte of value | key` and is
/// counted in `3 | group`.
pub struct Documents;

impl Derive for Documents {
    fn derive(&self, key: &[u8], old: Option<&[u8]>, new: Option<&[u8]>) -> Vec<Derived> {
        if key.first() != Some(&1) {
            return Vec::new();
        }
        let index = |value: &[u8]| [&[2, value.first().copied().unwrap_or(0)], key].concat();
        let counter = vec![3, key.get(1).copied().unwrap_or(0)];
        let mut derived = Vec::new();
        if let Some(old) = old {
            derived.push(Derived::Delete { key: index(old) });
            derived.push(Derived::Add {
                key: counter.clone(),
                delta: -1,
            });
        }
        if let Some(new) = new {
            derived.push(Derived::Put {
                key: index(new),
                value: Vec::new(),
            });
            derived.push(Derived::Add { key: counter, delta: 1 });
        }
        derived
    }

    fn digest_group(&self, key: &[u8]) -> Option<[u8; 16]> {
        (key.first() == Some(&1)).then(|| [key.get(1).copied().unwrap_or(0); 16])
    }
}

/// A disk store in a folder that goes away with it.
pub struct Folder {
    pub temp: tempfile::TempDir,
}

impl Folder {
    pub fn new() -> Self {
        Self {
            temp: tempfile::tempdir().unwrap(),
        }
    }

    pub fn options(&self) -> OpenOptions {
        let mut options = OpenOptions::new(self.temp.path().join("data"), FRESH, 1, "boot-1");
        options.on_sync_failure = OnSyncFailure::Error;
        options.reserve_bytes = 0;
        options.ballast_bytes = 0;
        options.cache_bytes = 1 << 20;
        options
    }

    pub fn open(&self) -> (DiskStore, OpenReport) {
        self.try_open(self.options()).unwrap()
    }

    pub fn try_open(&self, options: OpenOptions) -> Result<(DiskStore, OpenReport), StoreError> {
        DiskStore::open(options, Arc::new(Documents))
    }

    /// Copies the data folder as it is now, as a killed process would leave it.
    pub fn copy(&self) -> Self {
        let copy = Self::new();
        copy_tree(&self.options().path, &copy.options().path);
        copy
    }
}

pub fn copy_tree(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub fn memory() -> MemStore {
    MemStore::new(Arc::new(Documents), FRESH, 1)
}

pub fn document(group: u8, id: u32) -> Vec<u8> {
    let mut key = vec![1, group];
    key.extend_from_slice(&id.to_be_bytes());
    key
}

pub fn put(key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Op {
    Op::Put {
        key: key.into(),
        value: value.into(),
    }
}

pub fn delete(key: impl Into<Vec<u8>>) -> Op {
    Op::Delete { key: key.into() }
}

pub fn batch(ops: Vec<Op>) -> Batch {
    Batch {
        ops,
        events: Vec::new(),
        urgency: Urgency::NewWork,
    }
}

pub fn with_event(ops: Vec<Op>, payload: &str) -> Batch {
    let event = EventDraft {
        tenant: [9; 16],
        payload: payload.as_bytes().to_vec(),
    };
    Batch {
        ops,
        events: vec![event],
        urgency: Urgency::NewWork,
    }
}

/// Every row of a store, the store's own included.
pub fn everything(store: &dyn Store) -> Vec<(Vec<u8>, Vec<u8>)> {
    store.scan(&Scan::forward(Vec::new(), usize::MAX)).unwrap()
}
