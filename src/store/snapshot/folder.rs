//! The folder of snapshots: two are kept, named by the last commit they hold.

use std::path::{Path, PathBuf};

use crate::store::error::StoreError;
use crate::store::files::{names_in, remove_if_any, sync_folder};

/// Snapshots kept: the newest, and one more should that be unreadable.
const KEPT: usize = 2;
const SUFFIX: &str = ".snapshot";
/// Added to the name of one that cannot be read.
const RETIRED: &str = ".damaged";

/// A snapshot, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotFile {
    /// Where it is.
    pub path: PathBuf,
    /// The last commit it holds.
    pub end_seq: u64,
}

/// Where the snapshot that ends with commit `end_seq` belongs.
#[must_use]
pub fn snapshot_path(folder: &Path, end_seq: u64) -> PathBuf {
    folder.join(format!("{end_seq:020}{SUFFIX}"))
}

/// The snapshots of a folder, newest first.
///
/// # Errors
/// [`StoreError::Io`].
pub fn list_snapshots(folder: &Path) -> Result<Vec<SnapshotFile>, StoreError> {
    let parse = |name: String| {
        let end_seq = name.strip_suffix(SUFFIX)?.parse().ok()?;
        Some(SnapshotFile {
            path: folder.join(&name),
            end_seq,
        })
    };
    Ok(names_in(folder)?.into_iter().rev().filter_map(parse).collect())
}

/// Takes a snapshot out of use that cannot be read, so that it is never counted as one. It is kept
/// until two good ones are there.
///
/// # Errors
/// [`StoreError::Io`].
pub fn retire_snapshot(path: &Path) -> Result<(), StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(RETIRED);
    std::fs::rename(path, &name).map_err(|error| StoreError::io("move aside", path, error))?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Removes all but the newest snapshots. Answers the last commit of the oldest one kept: the
/// journal up to there is no longer needed. `None` while there are fewer than two.
///
/// # Errors
/// [`StoreError::Io`].
pub fn prune_snapshots(folder: &Path) -> Result<Option<u64>, StoreError> {
    let snapshots = list_snapshots(folder)?;
    for old in snapshots.iter().skip(KEPT) {
        remove_if_any(&old.path)?;
    }
    if snapshots.len() >= KEPT {
        for name in names_in(folder)?.iter().filter(|name| name.ends_with(RETIRED)) {
            remove_if_any(&folder.join(name))?;
        }
    }
    sync_folder(folder)?;
    Ok(snapshots.get(KEPT.saturating_sub(1)).map(|oldest| oldest.end_seq))
}
