//! Ports with meters: what passes through is counted, nothing is changed.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::http::Served;
use crate::http::problem::ProblemCode;
use crate::model::failure::{Failure, FailureKind};
use crate::model::secret::SecretString;
use crate::model::xero::XeroConnection;
use crate::observe::labels::{HttpRejection, IdempotencyOutcome, OauthOutcome, StoreOp};
use crate::observe::metrics::Metrics;
use crate::store::kv::Rows;
use crate::store::{Batch, Committed, OpenReport, Pace, Scan, Stats, Store, StoreError, Upkeep};
use crate::xero::api::{Code, Identity, TokenPair};

/// A store whose commits are timed and whose failures are counted.
pub struct MeteredStore {
    inner: Arc<dyn Store>,
    metrics: Metrics,
}

impl MeteredStore {
    /// Meters this store.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>, metrics: Metrics) -> Self {
        Self { inner, metrics }
    }

    fn counted<T>(&self, op: StoreOp, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &result
            && !error.is_about_one_batch()
        {
            self.metrics.store_failed(op);
        }
        result
    }
}

impl Store for MeteredStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.counted(StoreOp::Read, self.inner.get(key))
    }

    fn scan(&self, scan: &Scan) -> Result<Rows, StoreError> {
        self.counted(StoreOp::Read, self.inner.scan(scan))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a duration for a metric is measured, not decided by"
    )]
    fn commit(&self, batches: &[Batch]) -> Result<Committed, StoreError> {
        let began = Instant::now();
        let committed = self.counted(StoreOp::Commit, self.inner.commit(batches));
        if let Ok(committed) = &committed {
            self.metrics.store_flushed(began.elapsed());
            let events = committed.events.iter().flatten();
            let count = events
                .map(|range| range.last.saturating_sub(range.first).saturating_add(1))
                .sum();
            self.metrics.events_appended(count);
        }
        committed
    }

    fn maintain(&self, pace: Pace) -> Result<Upkeep, StoreError> {
        self.counted(StoreOp::Snapshot, self.inner.maintain(pace))
    }

    fn request_snapshot(&self) -> Result<(), StoreError> {
        self.inner.request_snapshot()
    }

    fn reopen(&self) -> Result<OpenReport, StoreError> {
        self.counted(StoreOp::Open, self.inner.reopen())
    }

    fn epoch(&self) -> [u8; 16] {
        self.inner.epoch()
    }

    fn raise_schema(&self, schema: u32) -> Result<(), StoreError> {
        self.inner.raise_schema(schema)
    }

    fn stats(&self) -> Stats {
        self.inner.stats()
    }

    fn export(&self, out: &mut dyn Write) -> Result<u64, StoreError> {
        self.inner.export(out)
    }

    fn import(&self, from: &mut dyn Read, new_epoch: [u8; 16]) -> Result<(), StoreError> {
        self.inner.import(from, new_epoch)
    }

    fn close(&self) -> Result<(), StoreError> {
        self.inner.close()
    }
}

/// A token endpoint whose refreshes are counted.
pub struct MeteredIdentity<I> {
    inner: I,
    metrics: Metrics,
}

impl<I: Identity> MeteredIdentity<I> {
    /// Meters this token endpoint.
    #[must_use]
    pub const fn new(inner: I, metrics: Metrics) -> Self {
        Self { inner, metrics }
    }
}

impl<I: Identity> Identity for MeteredIdentity<I> {
    fn refresh(&self, refresh_token: SecretString) -> BoxFuture<'static, Result<TokenPair, Failure>> {
        let metrics = self.metrics.clone();
        let refreshing = self.inner.refresh(refresh_token);
        async move {
            let refreshed = refreshing.await;
            metrics.oauth_refreshed(match &refreshed {
                Ok(_) => OauthOutcome::Ok,
                Err(failure) if failure.kind == FailureKind::GrantRejected => OauthOutcome::InvalidGrant,
                Err(_) => OauthOutcome::Transient,
            });
            refreshed
        }
        .boxed()
    }

    fn redeem(&self, code: Code) -> BoxFuture<'static, Result<TokenPair, Failure>> {
        self.inner.redeem(code)
    }

    fn revoke(&self, refresh_token: SecretString) -> BoxFuture<'static, Result<(), Failure>> {
        self.inner.revoke(refresh_token)
    }

    fn connections(&self, access_token: SecretString) -> BoxFuture<'static, Result<Vec<XeroConnection>, Failure>> {
        self.inner.connections(access_token)
    }

    fn disconnect(&self, access_token: SecretString, id: String) -> BoxFuture<'static, Result<(), Failure>> {
        self.inner.disconnect(access_token, id)
    }
}

/// Counts an answer of the control endpoint.
pub(super) fn count_answer(metrics: &Metrics, served: &Served) {
    let took = std::time::Duration::from_millis(served.took_ms);
    metrics.http_answered(served.route, served.method, served.status, took);
    if let Some(cause) = served.problem.and_then(rejection) {
        metrics.http_rejected(cause);
    }
    if served.has_idempotency_key {
        match served.problem {
            Some(ProblemCode::IdempotencyMismatch) => metrics.idempotency(IdempotencyOutcome::Mismatch),
            Some(ProblemCode::IdempotencyInProgress) => metrics.idempotency(IdempotencyOutcome::InProgress),
            Some(_) => {}
            None if served.is_replayed => metrics.idempotency(IdempotencyOutcome::Replayed),
            None if served.status < 300 => metrics.idempotency(IdempotencyOutcome::Stored),
            None => {}
        }
    }
}

const fn rejection(problem: ProblemCode) -> Option<HttpRejection> {
    match problem {
        ProblemCode::HostNotAllowed => Some(HttpRejection::Host),
        ProblemCode::OriginNotAllowed => Some(HttpRejection::Origin),
        ProblemCode::Unauthenticated => Some(HttpRejection::Auth),
        ProblemCode::PermissionDenied => Some(HttpRejection::Scope),
        ProblemCode::Busy => Some(HttpRejection::Rate),
        ProblemCode::BodyTooLarge => Some(HttpRejection::Size),
        ProblemCode::RequestTimeout => Some(HttpRejection::Slow),
        _ => None,
    }
}
