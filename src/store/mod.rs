//! The durable state: an append-only journal that owns the truth, and sled as its index.
//!
//! Every commit is planned (index rows, counters, event numbers and digests are worked out),
//! written to the journal with one fdatasync, and is then visible; sled follows behind and can
//! always be rebuilt from the newest snapshot plus the journal.
//!
//! Start at [`kv`] for the words and the [`Store`] trait, then [`disk`] for the real store,
//! [`memory`] for its twin with faults, and [`writer`] for the thread that owns commits.
//! [`rows`] gives keys and values their types, [`reader`] reads them.
//!
//! # What is durable
//!
//! Everything a commit was acknowledged for survives a crash, a power cut and the loss of the
//! indexed state: rows, index rows, counters, digests, and events with their numbers. Over rows
//! whose loss would be a lost or doubled document (tenants with their settings, invoices with
//! their links, intents, open attempts, contacts, mappings, grants, events) digests are kept and
//! checked, so that even a loss nobody noticed is found.
//!
//! Index rows and counters never need to be rebuilt, because they are part of the same commit;
//! they hold nothing that does not follow from other rows.
//!
//! # What is not
//!
//! A batch that was submitted and not yet acknowledged: it may be there after a crash or not,
//! always as a whole. Nothing may be sent to Xero, and nobody answered, on the strength of one;
//! [`reader::Overlay`] shows it to the actor that submitted it and to nobody else. Of what is in
//! memory only (positions of feed readers, calls in flight, timers) nothing survives.

mod attempts;
pub mod changes;
pub mod digest;
pub mod disk;
pub mod envelope;
pub mod error;
mod evidence;
pub mod files;
pub mod fingerprint;
pub mod import;
pub mod journal;
pub mod keys;
pub mod kv;
pub mod lock;
pub mod marker;
pub mod memory;
pub mod opening;
mod options;
pub mod overlay;
mod parts;
pub mod plan;
mod quarantine;
pub mod rebuild;
pub mod remedy;
mod report;
pub mod reserve;
mod salvage;
mod settling;
pub mod sledstate;
pub mod snapshot;
mod storage_thread;
mod tally;
pub mod upkeep;
pub mod writer;

#[cfg(test)]
pub(crate) mod tests;

pub mod reader;
pub mod rows;

pub use disk::DiskStore;
pub use error::StoreError;
pub use kv::{
    Batch, Committed, Derive, Derived, Direction, EventDraft, EventRange, NoDerive, Op, Pace, Receipt, Scan, Stats,
    Store, Upkeep, Urgency,
};
pub use memory::MemStore;
pub use options::{OnDamage, OpenOptions};
pub use report::{OpenReport, StateReport};
pub use writer::{Lane, Writer, WriterOptions};
