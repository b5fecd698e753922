//! Living with sled: its panics, its errors, its lock.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use crate::store::error::{StoreError, is_disk_full};

/// How often, and after which pause, sled's file lock is tried.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Waits until sled's own threads have let go of its file too: they may still write to it.
pub(super) fn wait_for_lock(file: &File) -> std::io::Result<()> {
    let mut tries = 0;
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) if tries < LOCK_TRIES => {
                tries += 1;
                std::thread::sleep(LOCK_PAUSE);
            }
            outcome => return Ok(outcome.and_then(|()| flock(file, FlockOperation::Unlock))?),
        }
    }
}

/// A sled that was just dropped may hold its file lock for a moment.
pub(super) fn open_patiently(config: &sled::Config) -> sled::Result<sled::Db> {
    let mut tries = 0;
    loop {
        match config.open() {
            Err(sled::Error::Io(error)) if tries < LOCK_TRIES && error.to_string().contains("lock") => {
                tries += 1;
                std::thread::sleep(LOCK_PAUSE);
            }
            outcome => return outcome,
        }
    }
}

/// sled answers some damage with a panic; here it becomes an error.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(StoreError::state("sled panicked")))
}

pub(super) fn refused(folder: &Path, error: sled::Error) -> StoreError {
    match error {
        sled::Error::Io(error) if is_disk_full(&error) => StoreError::io("write", folder, error),
        other => StoreError::state(other.to_string()),
    }
}
