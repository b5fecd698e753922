//! Joins the keyring to the store.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use crate::actors::keyring::port::GrantStore;
use crate::model::ids::GrantId;
use crate::model::row::GrantRow;
use crate::model::write::Write;
use crate::store::reader::Reader;
use crate::store::rows::batch;
use crate::store::{Lane, StoreError, Urgency, Writer};

/// Grants as rows of the store.
pub struct StoredGrants {
    reader: Reader,
    writer: Writer,
    generation: Arc<AtomicU64>,
}

impl StoredGrants {
    /// Grants of this store.
    #[must_use]
    pub fn new(reader: Reader, writer: Writer) -> Self {
        Self {
            reader,
            writer,
            generation: Arc::default(),
        }
    }

    fn commit(&self, grant: GrantId, writes: &[Write]) -> BoxFuture<'static, Result<(), String>> {
        // Each row is whole by itself: a failed one refuses no later one.
        let generation = self.generation.fetch_add(1, Ordering::Relaxed);
        let lane = Lane {
            id: grant.to_bytes(),
            generation,
        };
        let (done, waiting) = oneshot::channel();
        let submitted = batch(writes, Urgency::Result)
            .map_err(|error| error.to_string())
            .and_then(|batch| {
                let ack = move |result: Result<_, StoreError>| {
                    // The keyring may have stopped waiting.
                    let _gone = done.send(result.map(|_| ()).map_err(|error| error.to_string()));
                };
                self.writer.submit(lane, batch, ack).map_err(|error| error.to_string())
            });
        async move {
            submitted?;
            waiting
                .await
                .unwrap_or_else(|_dropped| Err("the store has stopped".to_owned()))
        }
        .boxed()
    }
}

impl GrantStore for StoredGrants {
    fn save(&self, row: GrantRow) -> BoxFuture<'static, Result<(), String>> {
        self.commit(row.id, &[Write::Grant(Box::new(row))])
    }

    fn replace(&self, row: GrantRow, gone: GrantId) -> BoxFuture<'static, Result<(), String>> {
        self.commit(row.id, &[Write::Grant(Box::new(row)), Write::DropGrant(gone)])
    }

    fn load_all(&self) -> BoxFuture<'static, Result<Vec<GrantRow>, String>> {
        let rows = self.reader.grants().map_err(|error| error.to_string());
        async move { rows }.boxed()
    }

    fn remove(&self, grant: GrantId) -> BoxFuture<'static, Result<(), String>> {
        self.commit(grant, &[Write::DropGrant(grant)])
    }
}
