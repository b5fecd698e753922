//! Digests: one 128-bit sum and a row count per group over the rows that must never be lost.
//!
//! The digest of a group is the sum modulo 2¹²⁸ of a hash of each of its rows, so a commit can
//! keep it up to date from the rows it changes, and a full scan in any order can check it.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::error::{StoreError, hex};
use super::keys::{DIGESTS, EVENTS};
use super::kv::Derive;

/// Sum and count of the rows of one group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Digest {
    sum: u128,
    rows: u64,
}

impl Digest {
    /// Takes a row in.
    pub fn add(&mut self, key: &[u8], value: &[u8]) {
        self.sum = self.sum.wrapping_add(row_hash(key, value));
        self.rows = self.rows.wrapping_add(1);
    }

    /// Takes a row out.
    pub fn remove(&mut self, key: &[u8], value: &[u8]) {
        self.sum = self.sum.wrapping_sub(row_hash(key, value));
        self.rows = self.rows.wrapping_sub(1);
    }

    /// The stored form: sum (16 bytes), count (8 bytes), big-endian. `None` for an empty group,
    /// which has no row.
    #[must_use]
    pub fn to_row(self) -> Option<Vec<u8>> {
        if self == Self::default() {
            return None;
        }
        let mut bytes = self.sum.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.rows.to_be_bytes());
        Some(bytes)
    }

    /// Reads the stored form; a missing row is an empty group.
    ///
    /// # Errors
    /// [`StoreError::StateDamaged`] when the row has another shape.
    pub fn from_row(row: Option<&[u8]>) -> Result<Self, StoreError> {
        let Some(row) = row else {
            return Ok(Self::default());
        };
        let parts = row
            .split_first_chunk::<16>()
            .and_then(|(sum, rows)| Some((*sum, <[u8; 8]>::try_from(rows).ok()?)));
        let (sum, rows) = parts.ok_or_else(|| StoreError::state("a digest row has the wrong length"))?;
        Ok(Self {
            sum: u128::from_be_bytes(sum),
            rows: u64::from_be_bytes(rows),
        })
    }
}

/// The group that covers `key`, if any; events belong to the group of zeros.
pub fn group_of(derive: &dyn Derive, key: &[u8]) -> Option<[u8; 16]> {
    match key.first() {
        Some(&EVENTS) => Some([0; 16]),
        Some(&table) if table > EVENTS => None,
        _ => derive.digest_group(key),
    }
}

/// Key of a group's digest row.
#[must_use]
pub fn digest_key(group: &[u8; 16]) -> Vec<u8> {
    let mut key = vec![DIGESTS];
    key.extend_from_slice(group);
    key
}

/// Checks every digest against every row, in one pass over both.
pub struct Verification<'a> {
    derive: &'a dyn Derive,
    counted: BTreeMap<[u8; 16], Digest>,
    stored: BTreeMap<[u8; 16], Digest>,
}

impl<'a> Verification<'a> {
    /// Begins with nothing seen.
    pub fn new(derive: &'a dyn Derive) -> Self {
        Self {
            derive,
            counted: BTreeMap::new(),
            stored: BTreeMap::new(),
        }
    }

    /// Takes in one row, whatever it is.
    ///
    /// # Errors
    /// [`StoreError::StateDamaged`] on a misshapen digest row.
    pub fn see(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        if let Some((&DIGESTS, group)) = key.split_first() {
            let group = group
                .try_into()
                .map_err(|_| StoreError::state("a digest key has the wrong length"))?;
            self.stored.insert(group, Digest::from_row(Some(value))?);
        } else if let Some(group) = group_of(self.derive, key) {
            self.counted.entry(group).or_default().add(key, value);
        }
        Ok(())
    }

    /// The verdict, after all rows were seen.
    ///
    /// # Errors
    /// [`StoreError::DigestMismatch`] naming the first group that does not add up.
    pub fn finish(self) -> Result<(), StoreError> {
        let groups = self.counted.keys().chain(self.stored.keys());
        for group in groups {
            if self.counted.get(group) != self.stored.get(group) {
                return Err(StoreError::DigestMismatch { group: hex(group) });
            }
        }
        Ok(())
    }
}

fn row_hash(key: &[u8], value: &[u8]) -> u128 {
    let mut hasher = Sha256::new();
    // The key's length first, so that no other split of the same bytes has the same hash.
    hasher.update(u64::try_from(key.len()).unwrap_or(u64::MAX).to_be_bytes());
    hasher.update(key);
    hasher.update(value);
    let hash: [u8; 32] = hasher.finalize().into();
    hash.split_first_chunk::<16>()
        .map_or(0, |(head, _)| u128::from_be_bytes(*head))
}
