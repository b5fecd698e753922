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
    _file: File,
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
        Ok(()) | Err(StoreError::Full { .. }) => Ok(FolderLock { _file: file }),
        Err(error) => Err(error),
    }
}
