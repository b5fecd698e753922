//! Everything that can go wrong in the store, each with its own name.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A failure of the store. Cloneable, because one failed commit answers many callers.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused something that is not one of the cases below.
    #[error("{doing} {}: {source}", path.display())]
    Io {
        /// What was being done, as a verb ("read", "write").
        doing: &'static str,
        /// The file or folder concerned.
        path: PathBuf,
        /// The refusal itself.
        source: Arc<io::Error>,
    },
    /// The disk is full. The ballast has been freed; the store must be reopened.
    #[error("the disk with {} is full", path.display())]
    Full {
        /// The file that could not grow.
        path: PathBuf,
    },
    /// New work is refused so that the results of running work can still be recorded.
    #[error(
        "only {free_bytes} bytes are free on the data disk, below the reserve of {reserve_bytes}; new work is refused"
    )]
    DiskReserve {
        /// Bytes free now.
        free_bytes: u64,
        /// Bytes that must stay free for results.
        reserve_bytes: u64,
    },
    /// Another process holds the data folder.
    #[error("the data folder {} is in use by {}", path.display(), holder(*pid))]
    Locked {
        /// The data folder.
        path: PathBuf,
        /// The holder, when its lock file could be read.
        pid: Option<u32>,
    },
    /// Acknowledged records are missing or unreadable in the journal.
    #[error("journal damaged in {} at byte {offset}: {problem}", segment.display())]
    JournalDamaged {
        /// The segment file (or the journal folder, when a whole file is missing).
        segment: PathBuf,
        /// Where in the segment, in bytes.
        offset: u64,
        /// What was found there.
        problem: String,
    },
    /// No snapshot can be read and the journal no longer reaches back to the beginning.
    #[error("no readable snapshot in {} and the journal begins at record {journal_begins}", path.display())]
    SnapshotDamaged {
        /// The folder of snapshots.
        path: PathBuf,
        /// First journal record that exists.
        journal_begins: u64,
    },
    /// A backup or snapshot is not readable to its end.
    #[error("the export is damaged at record {record}: {problem}")]
    ExportDamaged {
        /// Number of the record within the export, from zero.
        record: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// sled failed, panicked or gave back a value that fails its checksum; a reopen rebuilds it.
    #[error("indexed state damaged: {problem}")]
    StateDamaged {
        /// What was observed.
        problem: String,
    },
    /// The rows of a group do not add up to its digest, even after a rebuild.
    #[error("rows of group {group} do not match their digest after a rebuild")]
    DigestMismatch {
        /// The group (tenant) in hexadecimal; zeros for store-wide rows.
        group: String,
    },
    /// A key, value or batch is above the limit.
    #[error("{what} of {bytes} bytes is above the limit of {limit_bytes}")]
    TooLarge {
        /// "key", "value" or "batch".
        what: &'static str,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// An empty key, or a key in the range the store keeps for itself.
    #[error("key {key} is empty or reserved for the store")]
    ReservedKey {
        /// The key in hexadecimal.
        key: String,
    },
    /// A counter was added to a row that holds something else, or left the range of `i64`.
    #[error("row {key} cannot be counted: {problem}")]
    Counter {
        /// The key in hexadecimal.
        key: String,
        /// Why not.
        problem: &'static str,
    },
    /// The data was written by a newer program.
    #[error("the data has schema {found}, this program knows up to {supported}")]
    SchemaTooNew {
        /// Schema of the data.
        found: u32,
        /// Newest schema this program knows.
        supported: u32,
    },
    /// A file of the store was written by a newer program.
    #[error("{} has format {found}, this program reads up to {supported}", path.display())]
    FormatTooNew {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// Newest format this program reads.
        supported: u32,
    },
    /// An import did not finish; the folder holds half of it.
    #[error("an import into this folder did not finish")]
    ImportUnfinished,
    /// The program itself failed on something that is in the store.
    #[error("the program panicked while {doing}")]
    Defect {
        /// What it was doing.
        doing: String,
    },
    /// An import needs a store without any rows.
    #[error("the store is not empty; import into a new folder")]
    NotEmpty,
    /// The store was opened read-only because its journal is damaged.
    #[error("the store is read-only because its journal is damaged")]
    ReadOnly,
    /// An earlier failure left the store unusable for writes; call `reopen`.
    #[error("the store must be reopened after: {because}")]
    NeedsReopen {
        /// The earlier failure.
        because: String,
    },
    /// An earlier batch of the same lane failed, so this one was not tried.
    #[error("an earlier batch of the same lane failed")]
    EarlierFailed,
    /// The queue of the storage thread is full.
    #[error("the storage queue is full ({waiting} batches waiting)")]
    Busy {
        /// Batches waiting.
        waiting: usize,
    },
    /// The store or its thread has been stopped.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Wraps an operating system refusal; a full disk becomes [`StoreError::Full`].
    pub fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        if is_disk_full(&source) {
            return Self::Full {
                path: path.to_path_buf(),
            };
        }
        Self::Io {
            doing,
            path: path.to_path_buf(),
            source: Arc::new(source),
        }
    }

    /// A damaged journal.
    pub fn journal(segment: &Path, offset: u64, problem: impl Into<String>) -> Self {
        Self::JournalDamaged {
            segment: segment.to_path_buf(),
            offset,
            problem: problem.into(),
        }
    }

    /// A damaged sled.
    pub fn state(problem: impl Into<String>) -> Self {
        Self::StateDamaged {
            problem: problem.into(),
        }
    }

    /// True when the failure belongs to one batch and says nothing about the others or the store.
    #[must_use]
    pub fn is_about_one_batch(&self) -> bool {
        matches!(
            self,
            Self::TooLarge { .. } | Self::ReservedKey { .. } | Self::Counter { .. }
        )
    }

    /// True when only a reopen can make the store writable again.
    #[must_use]
    pub fn needs_reopen(&self) -> bool {
        matches!(
            self,
            Self::Full { .. } | Self::Io { .. } | Self::StateDamaged { .. } | Self::NeedsReopen { .. }
        )
    }
}

/// True for the refusals that mean "no space left" (a quota counts as such).
#[must_use]
pub fn is_disk_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Bytes as lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}
