//! Tests of the store: one contract over both stores, and what only a disk can suffer.

#![expect(clippy::as_conversions, reason = "small known numbers")]

mod bench;
mod contract;
mod disk_faults;
mod index;
mod recovery;
pub(crate) mod subject;
mod thread;
