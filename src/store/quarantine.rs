//! Indexed states that are no longer believed, kept beside for inspection.

use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::files::{names_in, size_of, sync_folder};
use super::options::OpenOptions;
use super::rebuild::{Sources, can_rebuild};
use super::sledstate::remove_folder;

const PREFIX: &str = "sled.quarantine-";

/// Moves the state aside, so that it cannot be mistaken for a good one. Nothing moved aside is
/// removed before a rebuild has succeeded, except where the disk has no room for two and the
/// rebuild is certain to find what it needs.
pub(super) fn put_aside(
    options: &OpenOptions,
    sources: &Sources<'_>,
    worthless: bool,
) -> Result<Option<PathBuf>, StoreError> {
    let folder = options.sled();
    if worthless || names_in(&folder)?.is_empty() {
        remove_folder(&folder)?;
        return Ok(None);
    }
    let needed = size_of(&folder.join("db")).saturating_add(options.reserve_bytes);
    if options.reserve().free_bytes()? < needed {
        can_rebuild(sources)?;
        remove_folder(&folder)?;
        sync_folder(&options.path)?;
        return Ok(None);
    }
    let taken = quarantines(options)?
        .into_iter()
        .filter_map(|name| name.strip_prefix(PREFIX)?.parse::<u64>().ok());
    let number = taken.max().unwrap_or(0).saturating_add(1);
    let aside = options.path.join(format!("{PREFIX}{number}"));
    std::fs::rename(&folder, &aside).map_err(|error| StoreError::io("move aside", &folder, error))?;
    sync_folder(&options.path)?;
    Ok(Some(aside))
}

/// Puts a state back that was moved aside in vain.
pub(super) fn bring_back(options: &OpenOptions, aside: Option<&Path>) -> Result<(), StoreError> {
    let Some(aside) = aside else { return Ok(()) };
    let folder = options.sled();
    remove_folder(&folder)?;
    std::fs::rename(aside, &folder).map_err(|error| StoreError::io("move back", aside, error))?;
    sync_folder(&options.path)
}

/// Removes what was moved aside, after a rebuild has succeeded.
pub(super) fn remove_quarantines(options: &OpenOptions, except: Option<&Path>) -> Result<(), StoreError> {
    for name in quarantines(options)? {
        let path = options.path.join(name);
        if Some(path.as_path()) != except {
            remove_folder(&path)?;
        }
    }
    Ok(())
}

fn quarantines(options: &OpenOptions) -> Result<Vec<String>, StoreError> {
    let mut names = names_in(&options.path)?;
    names.retain(|name| name.starts_with(PREFIX));
    Ok(names)
}
