//! Files and folders with the right modes, durably.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::StoreError;

/// What the disk does before it does it; tests make it fail here.
pub trait Disk: Send + Sync {
    /// Called before `bytes` are appended to the journal.
    ///
    /// # Errors
    /// The write then fails with this error and nothing is written.
    fn before_write(&self, bytes: usize) -> io::Result<()>;

    /// Called before the journal is synced.
    ///
    /// # Errors
    /// The sync then fails with this error.
    fn before_sync(&self) -> io::Result<()>;

    /// Bytes that may still be written by this process to the file system of `path`.
    ///
    /// # Errors
    /// Whatever `statvfs` answers.
    fn free_bytes(&self, path: &Path) -> io::Result<u64>;
}

/// The machine's own disk.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn before_write(&self, _bytes: usize) -> io::Result<()> {
        Ok(())
    }

    fn before_sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(path)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

/// The disk as the parts of the store share it.
pub type SharedDisk = Arc<dyn Disk>;

/// What a failed sync of the journal does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnSyncFailure {
    /// End the process at once: Linux may already have dropped the pages, so nothing that this
    /// process believes about the disk can be trusted.
    #[default]
    Abort,
    /// Answer an error and refuse all further writes. For tests.
    Error,
}

/// Makes a folder (and its parents) that only this user may enter.
///
/// # Errors
/// [`StoreError::Io`] or [`StoreError::Full`].
pub fn make_folder(path: &Path) -> Result<(), StoreError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .and_then(|()| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)))
        .map_err(|error| StoreError::io("create folder", path, error))
}

/// Opens a file for writing from its beginning, readable by this user only.
///
/// # Errors
/// [`StoreError::Io`] or [`StoreError::Full`].
pub fn create_file(path: &Path) -> Result<File, StoreError> {
    OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| StoreError::io("create", path, error))
}

/// Puts a whole file in place, so that after a power cut either all of it or nothing is there.
///
/// # Errors
/// [`StoreError::Io`] or [`StoreError::Full`].
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let temporary = temporary_path(path);
    let mut file = create_file(&temporary)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(|error| StoreError::io("write", &temporary, error))?;
    put_in_place(&temporary, path)
}

/// Renames a synced file to its final name, durably.
///
/// # Errors
/// [`StoreError::Io`].
pub fn put_in_place(temporary: &Path, path: &Path) -> Result<(), StoreError> {
    std::fs::rename(temporary, path).map_err(|error| StoreError::io("rename", path, error))?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// The name a file has until it is complete. Files with this ending are ignored and removed.
#[must_use]
pub fn temporary_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    PathBuf::from(name)
}

/// Makes the names in a folder durable.
///
/// # Errors
/// [`StoreError::Io`].
pub fn sync_folder(path: &Path) -> Result<(), StoreError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| StoreError::io("sync folder", path, error))
}

/// The whole file; `None` when there is no such file.
///
/// # Errors
/// [`StoreError::Io`].
pub fn read_if_any(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io("read", path, error)),
    }
}

/// Removes a file; a missing one is fine.
///
/// # Errors
/// [`StoreError::Io`].
pub fn remove_if_any(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::io("remove", path, error)),
        _ => Ok(()),
    }
}

/// Names of the entries of a folder, sorted; none when the folder does not exist.
///
/// # Errors
/// [`StoreError::Io`].
pub fn names_in(path: &Path) -> Result<Vec<String>, StoreError> {
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::io("list", path, error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| StoreError::io("list", path, error))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Bytes of a file, 0 when it cannot be asked.
#[must_use]
pub fn size_of(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}
