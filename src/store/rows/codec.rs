//! The envelope of a value: `version byte | flags byte | payload`. Damage is found by the store's
//! own checksums; this layer finds rows of newer programs and rows that are not what they should be.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::RowError;
use super::keys;
use crate::model::row::{
    Audit, Batch, CallMinute, Chart, ContactRow, FollowUp, GrantRow, Intent, Job, Mapping, Operation, OperationItem,
    Receipt, Reconciled, Scan, Stream, Tenant,
};

/// A row that is stored under its own key.
pub trait Row: Sized {
    /// The newest version this program writes and reads.
    const VERSION: u8 = 1;
    /// The flags this program knows.
    const FLAGS: u8 = 0;

    /// Its key.
    fn key(&self) -> Vec<u8>;

    /// Its flags and payload.
    ///
    /// # Errors
    /// Why it cannot be written, in words.
    fn to_payload(&self) -> Result<(u8, Vec<u8>), String>;

    /// Reads a payload of any version up to [`Row::VERSION`].
    ///
    /// # Errors
    /// What is wrong with it, in words.
    fn from_payload(flags: u8, payload: &[u8]) -> Result<Self, String>;
}

/// The value a row is stored as.
///
/// # Errors
/// [`RowError::Unwritable`].
pub fn encode<R: Row>(row: &R) -> Result<Vec<u8>, RowError> {
    let (flags, payload) = row.to_payload().map_err(|problem| RowError::Unwritable {
        row: keys::describe(&row.key()),
        problem,
    })?;
    let mut value = Vec::with_capacity(payload.len().saturating_add(2));
    value.push(R::VERSION);
    value.push(flags);
    value.extend_from_slice(&payload);
    Ok(value)
}

/// The row behind a value.
///
/// # Errors
/// [`RowError::Newer`] and [`RowError::Damaged`]; also when the row belongs to another key.
pub fn decode<R: Row>(key: &[u8], value: &[u8]) -> Result<R, RowError> {
    let (flags, payload) = open(key, value, R::VERSION, R::FLAGS)?;
    let row = R::from_payload(flags, payload).map_err(|problem| RowError::damaged(key, problem))?;
    if row.key() != key {
        let problem = format!("it holds {}", keys::describe(&row.key()));
        return Err(RowError::damaged(key, problem));
    }
    Ok(row)
}

/// Takes the envelope off: flags and payload.
///
/// # Errors
/// As [`decode`].
pub fn open<'a>(key: &[u8], value: &'a [u8], known_version: u8, known_flags: u8) -> Result<(u8, &'a [u8]), RowError> {
    let [version, flags, payload @ ..] = value else {
        return Err(RowError::damaged(key, "it is shorter than its envelope"));
    };
    if *version > known_version || (*flags & !known_flags) != 0 {
        return Err(RowError::Newer {
            row: keys::describe(key),
            found: format!("{version}.{}", flags & !known_flags),
            supported: known_version,
        });
    }
    if *version == 0 {
        return Err(RowError::damaged(key, "there is no version 0"));
    }
    Ok((*flags, payload))
}

/// JSON of a row.
///
/// # Errors
/// In words.
pub fn to_json<T: Serialize>(row: &T) -> Result<Vec<u8>, String> {
    serde_json::to_vec(row).map_err(|error| error.to_string())
}

/// A row from JSON.
///
/// # Errors
/// In words.
pub fn from_json<T: DeserializeOwned>(payload: &[u8]) -> Result<T, String> {
    serde_json::from_slice(payload).map_err(|error| error.to_string())
}

macro_rules! json_rows {
    ($($row:ident: |$it:ident| $key:expr;)*) => {$(
        impl Row for $row {
            fn key(&self) -> Vec<u8> {
                let $it = self;
                $key
            }

            fn to_payload(&self) -> Result<(u8, Vec<u8>), String> {
                Ok((0, to_json(self)?))
            }

            fn from_payload(_no_flags: u8, payload: &[u8]) -> Result<Self, String> {
                from_json(payload)
            }
        }
    )*};
}

json_rows! {
    Tenant: |row| keys::tenant(row.id);
    GrantRow: |row| keys::grant(row.id);
    Operation: |row| keys::operation(row.id);
    Receipt: |row| keys::receipt(&row.key);
    Intent: |row| keys::intent(row.tenant, row.id);
    Batch: |row| keys::batch(row.tenant, row.id);
    ContactRow: |row| keys::contact(row.tenant, &row.reference);
    Chart: |row| keys::chart(row.tenant);
    Mapping: |row| keys::mapping(row.tenant, row.kind, &row.key);
    Stream: |row| keys::stream(row.tenant, row.kind);
    Scan: |row| keys::scan(row.tenant, row.kind);
    FollowUp: |row| keys::follow_up(row.tenant, row.invoice);
    Audit: |row| keys::audit(row.tenant, row.id);
    Reconciled: |row| keys::reconciled(row.tenant);
    Job: |row| keys::job(row.tenant, row.operation);
    OperationItem: |row| keys::item(row.operation, row.index);
    CallMinute: |row| keys::calls(row.tenant, row.minute);
}
