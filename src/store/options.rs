//! How to open a store.

use std::path::PathBuf;
use std::sync::Arc;

use super::files::{OnSyncFailure, RealDisk, SharedDisk};
use super::journal::writer::JournalOptions;
use super::reserve::Reserve;

/// How to open a store.
#[derive(Clone)]
pub struct OpenOptions {
    /// The data folder; made when missing.
    pub path: PathBuf,
    /// Random bytes that become the identity of a store made now.
    pub fresh_id: [u8; 16],
    /// Newest schema of rows this program knows; a store made now gets it.
    pub schema: u32,
    /// The kernel's identity of this boot, see [`super::marker::current_boot_id`].
    pub boot_id: String,
    /// What a damaged journal means.
    pub on_damage: OnDamage,
    /// The disk.
    pub disk: SharedDisk,
    /// What a failed sync means.
    pub on_sync_failure: OnSyncFailure,
    /// Size at which a journal segment is followed by a new one, in bytes.
    pub segment_bytes: u64,
    /// Journal since the last snapshot that makes a new one due, in bytes.
    pub snapshot_after_bytes: u64,
    /// Free space kept for results, in bytes.
    pub reserve_bytes: u64,
    /// Size of the ballast file, in bytes; 0 for none.
    pub ballast_bytes: u64,
    /// Committed rows that may wait in memory for sled, in bytes. A burst of so many is taken at
    /// the journal's speed; a commit beyond it waits for sled.
    pub recent_bytes: usize,
    /// Bytes moved into sled between two looks at the queue of commits.
    pub move_step_bytes: usize,
    /// Page cache of sled, in bytes.
    pub cache_bytes: u64,
}

/// What to do about a journal that lacks acknowledged records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnDamage {
    /// Do not open.
    #[default]
    Refuse,
    /// Open what can be read, touching neither journal nor snapshots; commits are refused.
    OpenReadOnly,
}

impl OpenOptions {
    /// Options with the usual sizes: segments of 16 MiB, a snapshot per 64 MiB of journal, 256 MiB
    /// reserve, 16 MiB ballast, 8 MiB of waiting rows, 16 MiB page cache.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, fresh_id: [u8; 16], schema: u32, boot_id: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            fresh_id,
            schema,
            boot_id: boot_id.into(),
            on_damage: OnDamage::default(),
            disk: Arc::new(RealDisk),
            on_sync_failure: OnSyncFailure::default(),
            segment_bytes: 16 << 20,
            snapshot_after_bytes: 64 << 20,
            reserve_bytes: 256 << 20,
            ballast_bytes: 16 << 20,
            recent_bytes: 8 << 20,
            // Some 10 ms on a two-core machine.
            move_step_bytes: 384 << 10,
            cache_bytes: 16 << 20,
        }
    }

    /// The folder of the journal.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal")
    }

    /// The folder of the indexed state.
    #[must_use]
    pub fn sled(&self) -> PathBuf {
        self.path.join("sled")
    }

    /// The folder of the snapshots.
    #[must_use]
    pub fn snapshots(&self) -> PathBuf {
        self.path.join("snapshots")
    }

    pub(super) fn reserve(&self) -> Reserve {
        Reserve::new(
            self.path.clone(),
            Arc::clone(&self.disk),
            self.reserve_bytes,
            self.ballast_bytes,
        )
    }

    pub(super) fn journal_options(&self) -> JournalOptions {
        JournalOptions {
            segment_bytes: self.segment_bytes,
            disk: Arc::clone(&self.disk),
            on_sync_failure: self.on_sync_failure,
        }
    }

    pub(super) fn doubt(&self) -> PathBuf {
        self.path.join("sled.doubtful")
    }
}
