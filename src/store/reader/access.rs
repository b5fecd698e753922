//! The reader itself and how it gets at rows.

use std::fmt;
use std::sync::Arc;

use super::error::ReadError;
use crate::store::rows::{Row, RowError, decode};
use crate::store::{Direction, Scan, Stats, Store};

/// Rows read in one go when all of a prefix are wanted.
const BLOCK: usize = 500;
/// How often a row is looked at again when an index row and it do not fit together.
const LOOKS: usize = 3;

/// Reads committed rows. Cheap to clone; blocking, so not for an arbiter's bulk reads.
#[derive(Clone)]
pub struct Reader {
    pub(super) store: Arc<dyn Store>,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl Reader {
    /// A reader of this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// Figures of the store.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.store.stats()
    }

    /// The row at a key.
    pub(super) fn row<R: Row>(&self, key: &[u8]) -> Result<Option<R>, ReadError> {
        let value = self.store.get(key)?;
        Ok(value.map(|value| decode(key, &value)).transpose()?)
    }

    /// Every row of a prefix, in key order.
    pub(super) fn all<R: Row>(&self, prefix: Vec<u8>) -> Result<Vec<R>, ReadError> {
        let mut rows = Vec::new();
        self.each(prefix, Direction::Forward, |key, value| {
            rows.push(decode(key, value)?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// Every key of a prefix.
    pub(super) fn all_keys(&self, prefix: Vec<u8>, direction: Direction) -> Result<Vec<Vec<u8>>, ReadError> {
        let mut keys = Vec::new();
        self.each(prefix, direction, |key, _value| {
            keys.push(key.to_vec());
            Ok(())
        })?;
        Ok(keys)
    }

    /// The row an index row points to; `None` when a commit has taken the index row away since.
    pub(super) fn follow<R: Row>(
        &self,
        index: &[u8],
        key: &[u8],
        belongs: impl Fn(&R) -> bool,
    ) -> Result<Option<R>, ReadError> {
        for _look in 0..LOOKS {
            if let Some(row) = self.row::<R>(key)?
                && belongs(&row)
            {
                return Ok(Some(row));
            }
            if self.store.get(index)?.is_none() {
                return Ok(None);
            }
        }
        Err(ReadError::index(index, key))
    }

    pub(super) fn each(
        &self,
        prefix: Vec<u8>,
        direction: Direction,
        mut take: impl FnMut(&[u8], &[u8]) -> Result<(), RowError>,
    ) -> Result<(), ReadError> {
        let mut scan = Scan {
            prefix,
            after: None,
            limit: BLOCK,
            direction,
        };
        loop {
            let rows = self.store.scan(&scan)?;
            for (key, value) in &rows {
                take(key, value)?;
            }
            let at_end = rows.len() < BLOCK;
            scan.after = rows.into_iter().next_back().map(|(last, _)| last);
            if at_end {
                return Ok(());
            }
        }
    }
}
