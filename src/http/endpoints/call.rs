//! One request on its way through an endpoint.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use hyper::HeaderMap;
use serde_json::Value;
use tokio::sync::{Mutex, Semaphore};

use crate::engine::status::{Blocked, TenantStatus};
use crate::http::guard::Caller;
use crate::http::idempotency::InFlight;
use crate::http::paths;
use crate::http::problem::{Problem, ProblemCode};
use crate::http::reads::{BadgeCounts, ReadFailed, Reads};
use crate::http::render;
use crate::http::routes::Table;
use crate::http::state::{Caps, State, Token};
use crate::http::stopping::Stopping;
use crate::model::ids::TenantId;
use crate::model::row::Tenant;
use crate::model::time::{Mono, Timestamp};

/// What all requests share.
pub struct Shared {
    /// Doors and bounds.
    pub state: State,
    /// The tokens, shared out to callers.
    pub tokens: Vec<Arc<Token>>,
    /// The routes.
    pub table: Table,
    /// `Host` values that are answered.
    pub hosts: Vec<String>,
    /// Keys that are being worked on.
    pub in_flight: Arc<InFlight>,
    /// Bounds the memory of all bodies together; a permit is a KiB.
    pub body_kib: Semaphore,
    /// One change of settings at a time, so that `If-Match` is checked on what is replaced.
    pub settings: Mutex<()>,
    /// The order to stop.
    pub stopping: Stopping,
    /// When the endpoint was started.
    pub started: Mono,
}

impl Shared {
    /// Reads from the store, off the worker.
    pub async fn read<T, F>(&self, read: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&dyn Reads) -> Result<T, ReadFailed> + Send + 'static,
    {
        let reads = Arc::clone(&self.state.reads);
        match tokio::task::spawn_blocking(move || read(reads.as_ref())).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(failed)) => {
                tracing::warn!(error = %failed, "a read for the control endpoint failed");
                Err(Problem::new(
                    ProblemCode::StoreUnavailable,
                    "The store cannot be read now.",
                ))
            }
            Err(_panicked) => Err(Problem::new(
                ProblemCode::Internal,
                "Reading from the store failed unexpectedly.",
            )),
        }
    }

    /// The wall clock.
    pub fn now(&self) -> Timestamp {
        self.state.clock.now().wall
    }

    /// Bounds.
    pub const fn caps(&self) -> &Caps {
        &self.state.caps
    }
}

/// One request: its caller and everything it said.
pub struct Call {
    /// What all requests share.
    pub shared: Arc<Shared>,
    /// Who asks.
    pub caller: Caller,
    /// Parameters of the path, still percent-encoded.
    pub params: HashMap<&'static str, String>,
    /// The query as it was sent.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Call {
    /// A parameter of the path as it was sent.
    pub fn raw_param(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    /// A parameter of the path, decoded.
    pub fn param(&self, name: &str) -> Option<String> {
        paths::decode(self.raw_param(name))
    }

    /// The tenant of the path: `ten_…` or Xero's GUID. One the caller may not see does not exist.
    pub async fn tenant(&self) -> Result<Tenant, Problem> {
        let name = self.param("tenant").unwrap_or_default();
        self.tenant_named(&name).await
    }

    /// A tenant by either of its names.
    pub async fn tenant_named(&self, name: &str) -> Result<Tenant, Problem> {
        let found = if let Ok(id) = name.parse::<TenantId>() {
            self.shared.read(move |reads| reads.tenant(id)).await?
        } else if let Ok(id) = name.parse() {
            self.shared.read(move |reads| reads.tenant_by_xero(id)).await?
        } else {
            None
        };
        found.filter(|tenant| self.caller.reaches(tenant.id)).ok_or_else(|| {
            Problem::new(
                ProblemCode::TenantNotFound,
                "There is no such tenant: name it by its id `ten_…` or by Xero's GUID.",
            )
        })
    }

    /// A tenant as the API shows it.
    pub fn render(&self, tenant: &Tenant, counts: &BadgeCounts) -> Value {
        let hooks = (self.shared.state.tenant_hooks)(tenant.xero_id);
        render::tenant(tenant, counts, self.status(tenant.id).as_ref(), &hooks)
    }

    /// How a tenant stands now.
    pub fn status(&self, tenant: TenantId) -> Option<TenantStatus> {
        (self.shared.state.status)(tenant)
    }

    /// Why nothing may be sent for a tenant now.
    pub fn blocked(&self, tenant: TenantId) -> Option<Blocked> {
        self.status(tenant).and_then(|status| status.blocked)
    }
}
