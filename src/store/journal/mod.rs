//! The journal: an append-only chain of records in segment files. It is the truth.
//!
//! One record holds the whole group of batches of one commit and is synced before the next one is
//! written. So at most one record, the last, can be half on disk after a power cut, and anything
//! unreadable with a readable record behind it is damage, never an interrupted write.

pub mod record;
pub mod recover;
pub mod segment;
mod tail;
pub mod writer;

#[cfg(test)]
mod tests;

pub use recover::{BadTail, Depth, Survey, read_records, read_what_is_left, survey};
pub use writer::JournalWriter;
