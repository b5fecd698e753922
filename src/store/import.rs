//! Filling an empty store from an export.

use std::io::Read;

use super::changes::Changes;
use super::digest::Verification;
use super::error::StoreError;
use super::keys::{END_OF_ROWS, EPOCH, IMPORTING, LAST_EVENT, META, SCHEMA};
use super::kv::{Derive, Scan, Store};
use super::snapshot::{Part, read_export};

/// Rows read at once while everything is checked.
const SLICE_ROWS: usize = 256;

/// Where an import goes.
pub struct Import<'a> {
    /// The store, to read it.
    pub store: &'a dyn Store,
    /// Writes final changes.
    pub commit: &'a dyn Fn(Changes) -> Result<(), StoreError>,
    /// Says which rows digests cover.
    pub derive: &'a dyn Derive,
    /// Newest schema the program knows.
    pub schema: u32,
}

/// What the store must know after an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Newest event number.
    pub last_event: u64,
    /// Schema of the rows.
    pub schema: u32,
}

/// Reads an export into an empty store and gives it a new epoch. While it runs the store bears a
/// mark, so that half an import is never taken for a whole one.
///
/// # Errors
/// As [`Store::import`].
pub fn import_rows(import: &Import<'_>, from: &mut dyn Read, new_epoch: [u8; 16]) -> Result<Imported, StoreError> {
    let first = import.store.scan(&Scan::forward(Vec::new(), 1))?;
    if first.first().is_none_or(|(key, _)| key.first() != Some(&META)) {
        return Err(StoreError::NotEmpty);
    }
    (import.commit)(Changes::from([(IMPORTING.to_vec(), Some(Vec::new()))]))?;
    read_export(from, &mut |part| {
        let (Part::Rows(changes) | Part::Commit(changes)) = part;
        if changes
            .iter()
            .any(|(key, _)| key.first().is_none_or(|table| *table > END_OF_ROWS))
        {
            return Err(StoreError::ExportDamaged {
                record: 0,
                problem: "it holds an impossible key".to_owned(),
            });
        }
        let own = |key: &Vec<u8>| *key == EPOCH || *key == IMPORTING;
        (import.commit)(changes.into_iter().filter(|(key, _)| !own(key)).collect())
    })?;
    let schema = number(import.store, &SCHEMA)?.map_or(0, u32::from_be_bytes);
    if schema > import.schema {
        return Err(StoreError::SchemaTooNew {
            found: schema,
            supported: import.schema,
        });
    }
    verify(import)?;
    let last_event = number(import.store, &LAST_EVENT)?.map_or(0, u64::from_be_bytes);
    (import.commit)(Changes::from([
        (EPOCH.to_vec(), Some(new_epoch.to_vec())),
        (IMPORTING.to_vec(), None),
    ]))?;
    Ok(Imported { last_event, schema })
}

fn verify(import: &Import<'_>) -> Result<(), StoreError> {
    let mut verification = Verification::new(import.derive);
    let mut scan = Scan::forward(Vec::new(), SLICE_ROWS);
    loop {
        let rows = import.store.scan(&scan)?;
        rows.iter().try_for_each(|(key, value)| verification.see(key, value))?;
        let Some((last, _)) = rows.last() else {
            return verification.finish();
        };
        scan.after = Some(last.clone());
    }
}

fn number<const N: usize>(store: &dyn Store, key: &[u8]) -> Result<Option<[u8; N]>, StoreError> {
    Ok(store.get(key)?.and_then(|row| row.try_into().ok()))
}
