//! Free space that is kept for the results of running work, and a ballast file for the worst day.

use std::io::Write;
use std::path::PathBuf;

use super::error::StoreError;
use super::files::{SharedDisk, create_file, put_in_place, remove_if_any, size_of, temporary_path};
use super::kv::Urgency;

/// The guard of the data disk.
pub struct Reserve {
    folder: PathBuf,
    disk: SharedDisk,
    reserve_bytes: u64,
    ballast_bytes: u64,
}

impl Reserve {
    /// A guard for `folder`; sizes in bytes.
    #[must_use]
    pub fn new(folder: PathBuf, disk: SharedDisk, reserve_bytes: u64, ballast_bytes: u64) -> Self {
        Self {
            folder,
            disk,
            reserve_bytes,
            ballast_bytes,
        }
    }

    /// Bytes free on the data disk.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn free_bytes(&self) -> Result<u64, StoreError> {
        self.disk
            .free_bytes(&self.folder)
            .map_err(|error| StoreError::io("ask for free space of", &self.folder, error))
    }

    /// Refuses new work below the reserve.
    ///
    /// # Errors
    /// [`StoreError::DiskReserve`], [`StoreError::Io`].
    pub fn admit(&self, urgency: Urgency) -> Result<(), StoreError> {
        if urgency == Urgency::Result {
            return Ok(());
        }
        let free_bytes = self.free_bytes()?;
        if free_bytes < self.reserve_bytes {
            return Err(StoreError::DiskReserve {
                free_bytes,
                reserve_bytes: self.reserve_bytes,
            });
        }
        Ok(())
    }

    /// Gives the ballast's space back.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn free_ballast(&self) -> Result<(), StoreError> {
        remove_if_any(&self.ballast_path())
    }

    /// Gives the ballast back when less than its own size is free, so that opening has room.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn ease(&self) -> Result<(), StoreError> {
        if self.free_bytes()? >= self.ballast_bytes {
            return Ok(());
        }
        self.free_ballast()
    }

    /// Whether the ballast is in place.
    #[must_use]
    pub fn has_ballast(&self) -> bool {
        self.ballast_bytes == 0 || size_of(&self.ballast_path()) == self.ballast_bytes
    }

    /// Makes the ballast again when there is room for it above the reserve. A disk that turns out
    /// to be too full for it is no failure.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn remake_ballast(&self) -> Result<(), StoreError> {
        let wanted = self.reserve_bytes.saturating_add(self.ballast_bytes);
        if self.has_ballast() || self.free_bytes()? < wanted {
            return Ok(());
        }
        match self.write_ballast() {
            Err(StoreError::Full { .. }) => remove_if_any(&temporary_path(&self.ballast_path())),
            outcome => outcome,
        }
    }

    fn write_ballast(&self) -> Result<(), StoreError> {
        let path = self.ballast_path();
        let temporary = temporary_path(&path);
        let mut file = create_file(&temporary)?;
        // Written, not only reserved: not every file system can reserve.
        let block = vec![0_u8; 64 * 1024];
        let mut left = self.ballast_bytes;
        while left > 0 {
            let len = usize::try_from(left).unwrap_or(usize::MAX).min(block.len());
            let part = block.get(..len).unwrap_or_default();
            file.write_all(part)
                .map_err(|error| StoreError::io("write", &temporary, error))?;
            left = left.saturating_sub(u64::try_from(len).unwrap_or(u64::MAX));
        }
        file.sync_all()
            .map_err(|error| StoreError::io("sync", &temporary, error))?;
        put_in_place(&temporary, &path)
    }

    fn ballast_path(&self) -> PathBuf {
        self.folder.join("ballast")
    }
}
