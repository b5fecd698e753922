//! What the keyring needs of the store.

use futures_util::future::BoxFuture;

use crate::model::ids::GrantId;
use crate::model::row::GrantRow;

/// Keeps grants. An `Ok` means durable: the row survives a power cut from then on.
pub trait GrantStore: Send + Sync {
    /// Adds or replaces a row. An error says why, in words; nothing may be assumed stored then.
    fn save(&self, row: GrantRow) -> BoxFuture<'static, Result<(), String>>;
    /// Adds or replaces a row and drops another one, both or neither.
    fn replace(&self, row: GrantRow, gone: GrantId) -> BoxFuture<'static, Result<(), String>>;
    /// Every row.
    fn load_all(&self) -> BoxFuture<'static, Result<Vec<GrantRow>, String>>;
    /// Drops a row; one that is not there is fine.
    fn remove(&self, grant: GrantId) -> BoxFuture<'static, Result<(), String>>;
}
