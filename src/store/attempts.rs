//! Counts starts that ended in the middle of opening, so that what ends a process cannot do so for
//! ever: sled has been seen to panic on damage, and might one day take the process with it.

use std::path::PathBuf;

use super::error::StoreError;
use super::files::{read_if_any, remove_if_any};

/// From this attempt on, the indexed state is made again instead of being opened.
pub(super) const WITHOUT_STATE: u32 = 3;

/// One attempt to open a folder. Its file is not synced: only the end of a process is counted, and
/// after a power cut the state is made again anyway.
pub(super) struct Attempt {
    path: PathBuf,
    /// The first is 1.
    pub number: u32,
}

impl Attempt {
    /// Notes that opening begins.
    ///
    /// # Errors
    /// [`StoreError::Io`]. On a full disk nothing is counted.
    pub fn begin(path: PathBuf) -> Result<Self, StoreError> {
        let before = read_if_any(&path)?.and_then(|text| String::from_utf8(text).ok()?.trim().parse().ok());
        let number = before.map_or(1, |before: u32| before.saturating_add(1));
        match std::fs::write(&path, number.to_string()).map_err(|error| StoreError::io("write", &path, error)) {
            Ok(()) | Err(StoreError::Full { .. }) => Ok(Self { path, number }),
            Err(error) => Err(error),
        }
    }

    /// Notes that opening has ended, well or with an error.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn end(self) -> Result<(), StoreError> {
        remove_if_any(&self.path)
    }
}
