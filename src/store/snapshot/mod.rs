//! Exports of all rows: snapshots beside the journal, and backups, in one format.
//!
//! An export is a chain of records (the journal's own kind): a head with the number of the last
//! commit at its beginning, the rows in key order, the commits that happened while the rows were
//! being read, and an end with counts and a hash. The rows are read while commits go on, so each
//! is as of *some* moment between beginning and end; as commits are final values, doing the
//! recorded ones again makes the whole exactly the state at the end.

pub mod folder;
pub mod read;
pub mod write;

pub use folder::{SnapshotFile, list_snapshots, retire_snapshot, snapshot_path};
pub use read::{ExportSummary, Part, lineage_of_export, read_export};
pub use write::ExportWriter;
