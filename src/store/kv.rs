//! The words of the store: rows, batches, events, and the trait every store fulfils.
//!
//! Keys and values are bytes. The first byte of a key is its table; tables from
//! [`keys::FIRST_RESERVED`](super::keys::FIRST_RESERVED) on belong to the store itself.

use std::io::{Read, Write};

use super::error::StoreError;
use super::report::OpenReport;

/// Rows as a scan answers them: key and value, in key order.
pub type Rows = Vec<(Vec<u8>, Vec<u8>)>;

/// A store of rows with an event feed. Blocking; every method may be called from any thread.
///
/// It promises no order between tenants and no transaction over more than one batch.
pub trait Store: Send + Sync {
    /// The value of one row, as of the last commit that returned.
    ///
    /// # Errors
    /// [`StoreError::StateDamaged`] when the row cannot be read, [`StoreError::Closed`].
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Rows of one prefix in key order, see [`Scan`].
    ///
    /// # Errors
    /// As [`Store::get`].
    fn scan(&self, scan: &Scan) -> Result<Rows, StoreError>;

    /// Makes all batches durable against power loss, with one sync, and visible to `get` and
    /// `scan`. All or nothing: after an error that names one batch nothing was done; after any
    /// other error the outcome is unknown until the store was reopened.
    ///
    /// # Errors
    /// [`StoreError::DiskReserve`] when a batch of [`Urgency::NewWork`] meets a nearly full disk,
    /// [`StoreError::Full`], [`StoreError::TooLarge`], [`StoreError::ReservedKey`],
    /// [`StoreError::Counter`], [`StoreError::ReadOnly`], [`StoreError::NeedsReopen`].
    fn commit(&self, batches: &[Batch]) -> Result<Committed, StoreError>;

    /// Work that may wait until commits are acknowledged: moving them into the indexed state,
    /// syncing it, one slice of a due snapshot, remaking the ballast.
    ///
    /// # Errors
    /// [`StoreError::Full`] or [`StoreError::StateDamaged`]; the store then needs a reopen, and
    /// nothing acknowledged is lost.
    fn maintain(&self, pace: Pace) -> Result<Upkeep, StoreError>;

    /// Asks for a snapshot; it is written by the following [`Store::maintain`] calls.
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    fn request_snapshot(&self) -> Result<(), StoreError>;

    /// Drops every handle and opens the same data again, as after a crash in this boot.
    ///
    /// # Errors
    /// Anything opening can answer; the store then stays unusable and `reopen` may be tried again.
    fn reopen(&self) -> Result<OpenReport, StoreError>;

    /// The random identity of this history; it changes on import, so that cursors into an older
    /// history are recognised.
    fn epoch(&self) -> [u8; 16];

    /// Records that the rows were brought to a newer schema.
    ///
    /// # Errors
    /// As [`Store::commit`].
    fn raise_schema(&self, schema: u32) -> Result<(), StoreError>;

    /// Figures for metrics and health.
    fn stats(&self) -> Stats;

    /// Writes all rows, consistent as of one commit, while commits go on. The answer is that
    /// commit's sequence number.
    ///
    /// # Errors
    /// [`StoreError::Io`] from the writer, or as [`Store::get`].
    fn export(&self, out: &mut dyn Write) -> Result<u64, StoreError>;

    /// Fills an empty store from an export and gives it a new epoch.
    ///
    /// # Errors
    /// [`StoreError::NotEmpty`], [`StoreError::ExportDamaged`], [`StoreError::DigestMismatch`],
    /// [`StoreError::SchemaTooNew`], or as [`Store::commit`]. After an error the folder is not
    /// usable and must be deleted.
    fn import(&self, from: &mut dyn Read, new_epoch: [u8; 16]) -> Result<(), StoreError>;

    /// Syncs everything and marks a clean stop. Everything afterwards is [`StoreError::Closed`].
    ///
    /// # Errors
    /// [`StoreError::Io`]; the next open then treats the stop as unclean.
    fn close(&self) -> Result<(), StoreError>;
}

/// One change of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Write the row, whether it exists or not.
    Put {
        /// The row's key.
        key: Vec<u8>,
        /// Its new value.
        value: Vec<u8>,
    },
    /// Remove the row; removing a missing row is fine.
    Delete {
        /// The row's key.
        key: Vec<u8>,
    },
}

/// Changes that happen together or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// Row changes, applied in order.
    pub ops: Vec<Op>,
    /// Events to append to the feed, in order.
    pub events: Vec<EventDraft>,
    /// What a nearly full disk means for it.
    pub urgency: Urgency,
}

/// An event before it has its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDraft {
    /// Raw tenant id.
    pub tenant: [u8; 16],
    /// The event itself; the store does not look into it.
    pub payload: Vec<u8>,
}

/// Whether a batch may use the free-space reserve.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Urgency {
    /// Starts something new: refused below the reserve.
    #[default]
    NewWork,
    /// Records the outcome of something under way: may use the reserve.
    Result,
}

/// What the typed layer derives from a changed row. Must be pure.
pub trait Derive: Send + Sync {
    /// Index rows and counters that follow from `key` changing from `old` to `new`. Called for
    /// every changed row, events included, not for derived rows.
    fn derive(&self, key: &[u8], old: Option<&[u8]>, new: Option<&[u8]>) -> Vec<Derived>;

    /// The group (tenant, or zeros) whose digest covers this row; `None` for rows that can be
    /// recomputed. Events are always covered by the group of zeros.
    fn digest_group(&self, key: &[u8]) -> Option<[u8; 16]>;
}

/// A row that follows from another row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Derived {
    /// Write an index row.
    Put {
        /// The row's key.
        key: Vec<u8>,
        /// Its value.
        value: Vec<u8>,
    },
    /// Remove an index row.
    Delete {
        /// The row's key.
        key: Vec<u8>,
    },
    /// Add to a counter, kept as eight bytes (`i64`, big-endian). A counter at zero has no row.
    Add {
        /// The counter's key.
        key: Vec<u8>,
        /// What to add.
        delta: i64,
    },
}

/// Derives nothing and covers nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoDerive;

impl Derive for NoDerive {
    fn derive(&self, _key: &[u8], _old: Option<&[u8]>, _new: Option<&[u8]>) -> Vec<Derived> {
        Vec::new()
    }

    fn digest_group(&self, _key: &[u8]) -> Option<[u8; 16]> {
        None
    }
}

/// Which rows to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Only keys that begin with this.
    pub prefix: Vec<u8>,
    /// Only keys beyond this one, in the direction of the scan; the key itself need not exist.
    pub after: Option<Vec<u8>>,
    /// At most so many rows.
    pub limit: usize,
    /// Which end comes first.
    pub direction: Direction,
}

impl Scan {
    /// The first `limit` rows of a prefix, ascending.
    #[must_use]
    pub fn forward(prefix: impl Into<Vec<u8>>, limit: usize) -> Self {
        Self {
            prefix: prefix.into(),
            after: None,
            limit,
            direction: Direction::Forward,
        }
    }

    /// The last `limit` rows of a prefix, descending.
    #[must_use]
    pub fn backward(prefix: impl Into<Vec<u8>>, limit: usize) -> Self {
        Self {
            prefix: prefix.into(),
            after: None,
            limit,
            direction: Direction::Backward,
        }
    }

    /// The same scan, continued beyond `key`.
    #[must_use]
    pub fn beyond(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.after = Some(key.into());
        self
    }
}

/// Order of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Ascending keys.
    Forward,
    /// Descending keys.
    Backward,
}

/// A commit that is durable and visible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Journal sequence number of the commit (unchanged when there was nothing to write).
    pub seq: u64,
    /// Number of the newest event in the feed, 0 when there never was one.
    pub last_event: u64,
    /// The events of each batch, in the order of the batches.
    pub events: Vec<Option<EventRange>>,
}

/// What one caller learns of the commit its batch was in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Journal sequence number of the commit.
    pub seq: u64,
    /// Newest event of the feed after the commit.
    pub last_event: u64,
    /// Events of this batch.
    pub events: Option<EventRange>,
}

/// Consecutive event numbers, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventRange {
    /// First event.
    pub first: u64,
    /// Last event.
    pub last: u64,
}

/// How much upkeep to do in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Commits are waiting: only what is due.
    Busy,
    /// Nobody is waiting: move everything into the indexed state and sync it.
    Idle,
}

/// Whether upkeep has more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upkeep {
    /// Nothing left.
    Done,
    /// Call again soon: a snapshot is being written.
    More,
}

/// Figures of a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Last committed journal record.
    pub last_seq: u64,
    /// Newest event number.
    pub last_event: u64,
    /// Schema of the rows.
    pub schema: u32,
    /// Rows that are committed and not yet in the indexed state.
    pub pending_rows: u64,
    /// Bytes of all journal segments.
    pub journal_bytes: u64,
    /// Bytes written to the journal since the newest snapshot.
    pub journal_bytes_since_snapshot: u64,
    /// Bytes of the indexed state on disk.
    pub state_bytes: u64,
    /// Last record covered by the newest snapshot; 0 without one.
    pub snapshot_seq: u64,
    /// Bytes free on the data disk.
    pub free_bytes: u64,
    /// Whether the ballast file is in place.
    pub ballast: bool,
    /// Why writes are refused at the moment, in words.
    pub refusing: Option<String>,
}
