//! One process per data folder.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use super::error::StoreError;

/// The held lock; dropping it (or the end of the process) lets go.
#[derive(Debug)]
pub struct FolderLock {
    file: File,
}

impl Drop for FolderLock {
    /// Unlocks, because closing is not enough while a child that was just started has a copy of the
    /// descriptor.
    fn drop(&mut self) {
        if let Err(error) = flock(&self.file, FlockOperation::Unlock) {
            tracing::warn!(%error, "the lock of the data folder was not given back");
        }
    }
}

/// Takes the lock of a data folder and writes this process's id into it.
///
/// # Errors
/// [`StoreError::Locked`] when another process holds it, [`StoreError::Io`].
pub fn lock_folder(folder: &Path) -> Result<FolderLock, StoreError> {
    let path = folder.join("lock");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| StoreError::io("open", &path, error))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut text = String::new();
            let pid = file
                .read_to_string(&mut text)
                .ok()
                .and_then(|_| text.trim().parse().ok());
            return Err(StoreError::Locked {
                path: folder.to_path_buf(),
                pid,
            });
        }
        Err(error) => return Err(StoreError::io("lock", &path, error.into())),
    }
    let pid = std::process::id();
    let written = file
        .set_len(0)
        .and_then(|()| file.seek(SeekFrom::Start(0)))
        .and_then(|_| write!(file, "{pid}").and(file.flush()));
    match written.map_err(|error| StoreError::io("write", &path, error)) {
        // The lock is what counts; the number is only for the message.
        Ok(()) | Err(StoreError::Full { .. }) => Ok(FolderLock { file }),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::lock_folder;
    use crate::store::error::StoreError;

    #[test]
    fn a_lock_that_was_given_back_is_free_whoever_has_a_copy_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let lock = lock_folder(folder.path()).unwrap();
        let copy = lock.file.try_clone().unwrap();
        let refused = lock_folder(folder.path()).err();
        assert!(matches!(refused, Some(StoreError::Locked { pid: Some(pid), .. }) if pid == std::process::id()));
        drop(lock);
        lock_folder(folder.path()).unwrap();
        drop(copy);
    }
}
