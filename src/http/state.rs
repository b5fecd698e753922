//! What the control endpoint is given: its doors, its tokens and its bounds.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::problem::ProblemCode;
use super::reads::Reads;
use crate::actors::control::Control;
use crate::engine::status::{HookStatus, TenantHooks, TenantStatus};
use crate::model::ids::{TenantId, XeroTenantId};
use crate::model::time::{Clock, Entropy, Timestamp};

/// Everything an exchange may touch.
#[derive(Clone)]
pub struct State {
    /// Decides.
    pub control: Arc<dyn Control>,
    /// Shows what is committed.
    pub reads: Arc<dyn Reads>,
    /// How a tenant stands now; must not block or ask an actor.
    pub status: Arc<dyn Fn(TenantId) -> Option<TenantStatus> + Send + Sync>,
    /// How webhooks of the app come; must not block or ask an actor.
    pub hooks: Arc<dyn Fn() -> HookStatus + Send + Sync>,
    /// How webhooks of an organisation come; must not block or ask an actor.
    pub tenant_hooks: Arc<dyn Fn(XeroTenantId) -> TenantHooks + Send + Sync>,
    /// The Prometheus text; must not block or ask an actor.
    pub exposition: Arc<dyn Fn() -> String + Send + Sync>,
    /// What must hold before work is accepted; must not block or ask an actor.
    pub readiness: Arc<dyn Fn() -> Vec<Check> + Send + Sync>,
    /// Told of every answer, for metrics and the log.
    pub served: Arc<dyn Fn(&Served) + Send + Sync>,
    /// The clocks.
    pub clock: Arc<dyn Clock>,
    /// For request ids.
    pub entropy: Arc<dyn Entropy>,
    /// Who may call over TCP.
    pub tokens: Vec<Token>,
    /// `host:port` values accepted in `Host` besides the loopback names with our own port.
    pub allowed_hosts: Vec<String>,
    /// Bounds.
    pub caps: Caps,
    /// Further routers, asked in order when no route of ours fits.
    pub mounts: Vec<Arc<dyn Mount>>,
}

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Read anything of its tenants.
    Read,
    /// *Sync now*.
    SyncNow,
    /// Toggles, mappings, settings.
    Settings,
    /// Write invoices.
    HostWrite,
    /// Read the record of who changed what.
    Audit,
    /// Everything.
    Admin,
}

impl Scope {
    /// The name of the scope.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::SyncNow => "finance.xero.sync",
            Self::Settings => "settings.integrations.manage",
            Self::HostWrite => "hosts.write",
            Self::Audit => "audit.read",
            Self::Admin => "admin",
        }
    }
}

/// What a path asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody who reaches the listener.
    Open,
    /// A caller with this scope.
    Needs(Scope),
}

/// A token that may call over TCP. Only its hash is known.
#[derive(Clone)]
pub struct Token {
    /// Its public name, for the record.
    pub name: String,
    /// SHA-256 of the token.
    pub sha256: [u8; 32],
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Whose data it may touch; `None` = all.
    pub tenants: Option<Vec<TenantId>>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// Bounds of the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Connections at once. At the bound the oldest one that has not shown a valid token goes.
    pub connections_max: usize,
    /// Connections at once from one address other than 127.0.0.1 and ::1, which all local
    /// applications share.
    pub connections_per_peer_max: usize,
    /// Largest request head.
    pub head_max_bytes: usize,
    /// For the head of a request.
    pub head_timeout: Duration,
    /// For the body of a request.
    pub body_timeout: Duration,
    /// For everything but waiting that was asked for.
    pub answer_timeout: Duration,
    /// How long the other side may take nothing of an answer.
    pub write_timeout: Duration,
    /// Between two signs of life of a stream.
    pub heartbeat: Duration,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            connections_max: 256,
            connections_per_peer_max: 32,
            head_max_bytes: 16 * 1024,
            head_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(30),
            answer_timeout: Duration::from_mins(1),
            write_timeout: Duration::from_secs(30),
            heartbeat: Duration::from_secs(15),
        }
    }
}

/// One thing that must hold before work is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// What is wrong; `None` = it holds.
    pub failing: Option<String>,
}

/// One answer, for metrics and the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The pattern of the route, or `mounted` or `none`: one of a closed set.
    pub route: &'static str,
    /// The method: one of a closed set.
    pub method: &'static str,
    /// The status.
    pub status: u16,
    /// From the complete head to the first byte of the answer, in milliseconds.
    pub took_ms: u64,
    /// The id of the request.
    pub request_id: String,
    /// What stood in the way, if it was not carried out.
    pub problem: Option<ProblemCode>,
    /// Whether it carried an `Idempotency-Key`.
    pub has_idempotency_key: bool,
    /// Whether it was answered with a kept answer.
    pub is_replayed: bool,
}

/// A router of another part of the daemon (console, webhooks in a demo) on this listener. It
/// stands behind the same guards: host, origin, token, body cap, deadline, headers.
pub trait Mount: Send + Sync {
    /// What the path asks of its caller and how large its body may be in bytes; `None` = not ours.
    fn accepts(&self, method: &str, path: &str) -> Option<(Access, usize)>;
    /// Answers a request that was accepted.
    fn answer(&self, request: MountedRequest) -> BoxFuture<'static, MountedReply>;
}

/// A request to a [`Mount`].
#[derive(Debug, Clone)]
pub struct MountedRequest {
    /// The method.
    pub method: String,
    /// The path as it was sent, still percent-encoded.
    pub path: String,
    /// The query as it was sent.
    pub query: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The raw body.
    pub body: Bytes,
    /// Who asks (`token:…`, `socket:…`, `open`).
    pub caller: String,
}

/// The answer of a [`Mount`].
#[derive(Debug, Clone)]
pub struct MountedReply {
    /// The status.
    pub status: u16,
    /// The headers; ours are added where they are missing.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}
