//! The data folder: made, and its store opened.

use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use super::start_error::StartError;
use crate::config::Config;
use crate::model::time::{Clock, Entropy};
use crate::store::reader::{ReadError, Reader};
use crate::store::rows::Rows;
use crate::store::{DiskStore, OpenOptions, OpenReport, Store, StoreError};

/// Version of the rows in the store; a newer one is refused.
pub(super) const SCHEMA: u32 = 1;

/// Opens the store, made again if its index is damaged.
pub(super) fn open_store(
    config: &Config,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<(Arc<dyn Store>, OpenReport), StoreError> {
    let mut fresh_id = [0; 16];
    entropy.fill(&mut fresh_id);
    let mut options = OpenOptions::new(&config.store.path, fresh_id, SCHEMA, clock.boot_id());
    options.reserve_bytes = config.store.reserve_bytes.get();
    options.ballast_bytes = config.store.ballast_bytes.get();
    options.snapshot_after_bytes = config.store.snapshot_after_bytes.get();
    options.cache_bytes = config.store.cache_bytes.get();
    let (store, report) = DiskStore::open(options, Arc::new(Rows))?;
    let store: Arc<dyn Store> = Arc::new(store);
    // What every start reads. An index that turns out to be damaged now is made again, as it would
    // be by the next start.
    let reader = Reader::new(Arc::clone(&store));
    let read = reader
        .tenants_to_run()
        .map(drop)
        .and_then(|()| reader.grants().map(drop));
    match read {
        Err(ReadError::Store(error @ StoreError::StateDamaged { .. })) => {
            tracing::warn!(%error, "the index is damaged; it is made again");
            let report = store.reopen()?;
            Ok((store, report))
        }
        // Whoever needs the rows tells what is wrong with them.
        Ok(()) | Err(_) => Ok((store, report)),
    }
}

/// Makes the data folder where there is none; what lies in it is nobody else's business.
pub(super) fn prepare_folder(path: &Path) -> Result<(), StartError> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    let metadata = made.and_then(|()| std::fs::metadata(path));
    let metadata = metadata.map_err(|source| StartError::Folder {
        path: path.to_owned(),
        source,
    })?;
    if metadata.permissions().mode() & 0o077 != 0 {
        let folder = path.display();
        tracing::warn!(%folder, "other users can look into the data folder; run: chmod 700 on it");
    }
    Ok(())
}
