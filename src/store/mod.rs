//! The durable state: an append-only journal that owns the truth, and sled as its index.
//!
//! Every commit is planned (index rows, counters, event numbers and digests are worked out),
//! written to the journal with one fdatasync, and is then visible; sled follows behind and can
//! always be rebuilt from the newest snapshot plus the journal.
//!
//! Start at [`kv`] for the words and the [`Store`] trait, then [`disk`] for the real store,
//! [`memory`] for its twin with faults, and [`writer`] for the thread that owns commits.

pub mod changes;
pub mod digest;
pub mod disk;
pub mod error;
pub mod files;
pub mod import;
pub mod journal;
pub mod keys;
pub mod kv;
pub mod lock;
pub mod marker;
pub mod memory;
pub mod opening;
pub mod overlay;
pub mod plan;
pub mod rebuild;
pub mod reserve;
pub mod sledstate;
pub mod snapshot;
pub mod upkeep;
pub mod writer;

#[cfg(test)]
mod tests;

pub use disk::DiskStore;
pub use error::StoreError;
pub use kv::{
    Batch, Committed, Derive, Derived, Direction, EventDraft, EventRange, NoDerive, Op, Pace,
    Receipt, Scan, Stats, Store, Upkeep, Urgency,
};
pub use memory::MemStore;
pub use opening::{OnDamage, OpenOptions, OpenReport};
pub use writer::{Lane, Writer, WriterOptions};
