//! How a read can fail.

use crate::store::StoreError;
use crate::store::error::hex;
use crate::store::rows::{RowError, keys};

/// A failed read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row is damaged or of a newer program.
    #[error(transparent)]
    Row(#[from] RowError),
    /// An index row stands, but the row it points to does not belong there.
    #[error("index row {index} points to {row}, which does not belong there")]
    IndexDisagrees {
        /// Key of the index row, in hexadecimal.
        index: String,
        /// The row it points to.
        row: String,
    },
}

impl ReadError {
    /// An index row that points to a row that does not belong there.
    pub(super) fn index(index: &[u8], row: &[u8]) -> Self {
        Self::IndexDisagrees {
            index: hex(index),
            row: keys::describe(row),
        }
    }
}
