//! A folder that one process uses at a time.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

/// Held for as long as the folder is used. The kernel lets go when the process ends.
#[derive(Debug)]
pub(super) struct FolderLock {
    _file: File,
}

/// Makes the folder, for its owner only, and takes it.
///
/// # Errors
/// `WouldBlock` when another process has it.
pub(super) fn take(folder: &Path, name: &str) -> io::Result<FolderLock> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(folder.join(name))?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    Ok(FolderLock { _file: file })
}
