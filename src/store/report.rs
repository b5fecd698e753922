//! What opening a store found and did.

use std::path::PathBuf;

use super::error::StoreError;
use super::journal::BadTail;
use super::marker::Stop;

/// What opening found and did.
#[derive(Debug, Clone)]
pub struct OpenReport {
    /// How the last run ended.
    pub stop: Stop,
    /// What became of the indexed state.
    pub state: StateReport,
    /// An interrupted, never acknowledged write that was cut from the journal.
    pub cut: Option<BadTail>,
    /// Last journal record.
    pub last_seq: u64,
    /// Last record that the folder says was acknowledged; beyond `last_seq` only when the store is
    /// read-only, and then the records between the two are lost.
    pub named_seq: u64,
    /// Why the store is read-only, when it is.
    pub damage: Option<StoreError>,
    /// Where a doubtful state was kept for inspection.
    pub quarantined: Option<PathBuf>,
    /// What was found wrong though nothing is missing: the next damage might find no second copy. In
    /// words; a snapshot is written as soon as there is time.
    pub concerns: Vec<String>,
}

/// What became of the indexed state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateReport {
    /// A new store.
    Created,
    /// Used as it was.
    Trusted,
    /// Brought up to date from the journal.
    Replayed {
        /// Records applied.
        records: u64,
    },
    /// Made anew.
    Rebuilt {
        /// Why, in words.
        because: String,
        /// Last commit of the snapshot used, 0 for none.
        snapshot_seq: u64,
    },
}
