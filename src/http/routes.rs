//! Every path of the control endpoint, as data.

use std::collections::HashMap;

use matchit::Router;

mod endpoint;

pub use endpoint::Endpoint;

use super::state::{Access, Scope};

/// The methods that are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Reads.
    Get,
    /// Creates or replaces.
    Put,
    /// Acts.
    Post,
    /// Changes in part.
    Patch,
    /// Ends.
    Delete,
}

impl Verb {
    /// As it is written on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether it changes nothing.
    #[must_use]
    pub const fn is_read(self) -> bool {
        matches!(self, Self::Get)
    }
}

/// How long an answer may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// `Caps::answer_timeout`.
    Total,
    /// The same, and what the caller asked to wait (at most [`WAIT_MAX_S`]).
    TotalAndWait,
}

/// Longest wait a caller may ask for, in seconds.
pub const WAIT_MAX_S: u64 = 60;

const MIB: usize = 1 << 20;

/// One path with one method.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The method.
    pub verb: Verb,
    /// The pattern; a parameter matches one segment.
    pub pattern: &'static str,
    /// What it does.
    pub endpoint: Endpoint,
    /// What it asks of its caller.
    pub access: Access,
    /// Largest body in bytes; 0 = a body is not read.
    pub body_max_bytes: usize,
    /// How long it may take.
    pub deadline: Deadline,
}

const fn get(pattern: &'static str, endpoint: Endpoint) -> Route {
    Route {
        verb: Verb::Get,
        pattern,
        endpoint,
        access: Access::Needs(Scope::Read),
        body_max_bytes: 0,
        deadline: Deadline::Total,
    }
}

const fn write(verb: Verb, pattern: &'static str, endpoint: Endpoint, scope: Scope) -> Route {
    Route {
        verb,
        pattern,
        endpoint,
        access: Access::Needs(scope),
        body_max_bytes: MIB,
        deadline: Deadline::Total,
    }
}

const fn setting(pattern: &'static str, endpoint: Endpoint) -> Route {
    write(Verb::Put, pattern, endpoint, Scope::Settings)
}

/// What people ask to be done in Xero, and may wait for.
const fn act(pattern: &'static str, endpoint: Endpoint) -> Route {
    write(Verb::Post, pattern, endpoint, Scope::SyncNow).waits()
}

impl Route {
    const fn by(self, verb: Verb) -> Self {
        Self { verb, ..self }
    }

    const fn open(self) -> Self {
        Self {
            access: Access::Open,
            ..self
        }
    }

    const fn needs(self, scope: Scope) -> Self {
        Self {
            access: Access::Needs(scope),
            ..self
        }
    }

    const fn body(self, body_max_bytes: usize) -> Self {
        Self { body_max_bytes, ..self }
    }

    const fn waits(self) -> Self {
        Self {
            deadline: Deadline::TotalAndWait,
            ..self
        }
    }
}

/// The table.
pub const ROUTES: &[Route] = &[
    get("/healthz", Endpoint::Healthz).open(),
    get("/readyz", Endpoint::Readyz).open(),
    get("/metrics", Endpoint::Metrics).open(),
    get("/v1/status", Endpoint::Status),
    get("/v1/reasons", Endpoint::Reasons),
    get("/v1/reasons/{code}", Endpoint::Reason),
    get("/v1/limits", Endpoint::Limits),
    get("/v1/labels", Endpoint::Labels),
    get("/v1/capabilities", Endpoint::Capabilities),
    get("/v1/tenants", Endpoint::Tenants),
    get("/v1/tenants/{tenant}", Endpoint::Tenant),
    write(Verb::Post, "/v1/connect:import", Endpoint::ConnectImport, Scope::Admin),
    write(Verb::Post, "/v1/connect", Endpoint::Connect, Scope::Admin),
    Route {
        access: Access::Needs(Scope::Admin),
        ..get("/v1/connect/{connect}", Endpoint::ConnectAttempt)
    },
    write(
        Verb::Post,
        "/v1/connect:complete",
        Endpoint::ConnectComplete,
        Scope::Admin,
    ),
    write(Verb::Post, "/v1/connect:choose", Endpoint::ConnectChoose, Scope::Admin),
    write(
        Verb::Delete,
        "/v1/tenants/{tenant}/connection",
        Endpoint::Disconnect,
        Scope::Admin,
    )
    .body(0),
    write(
        Verb::Post,
        "/v1/tenants/{tenant}/connection:resolve",
        Endpoint::ResolveConnection,
        Scope::Admin,
    ),
    write(
        Verb::Put,
        "/v1/tenants/{tenant}/credits",
        Endpoint::PutCredits,
        Scope::Settings,
    ),
    write(
        Verb::Put,
        "/v1/tenants/{tenant}/invoices/{invoice}",
        Endpoint::PutInvoice,
        Scope::HostWrite,
    )
    .body(4 * MIB),
    get("/v1/tenants/{tenant}/invoices/{invoice}", Endpoint::Invoice),
    get("/v1/tenants/{tenant}/invoices", Endpoint::Invoices),
    get("/v1/tenants/{tenant}/invoices/counts", Endpoint::Counts),
    get("/v1/invoices/counts", Endpoint::CountsEverywhere),
    write(Verb::Post, "/v1/tenants/{tenant}/badges", Endpoint::Badges, Scope::Read),
    act("/v1/tenants/{tenant}/resyncs", Endpoint::Resyncs),
    write(Verb::Post, "/v1/resyncs", Endpoint::ResyncsEverywhere, Scope::SyncNow),
    act("/v1/tenants/{tenant}/invoices:acknowledge", Endpoint::Acknowledge),
    act("/v1/tenants/{tenant}/invoices/{invoice}/resync", Endpoint::Resync),
    act("/v1/tenants/{tenant}/invoices/{invoice}/refresh", Endpoint::Refresh),
    act("/v1/tenants/{tenant}/refreshes", Endpoint::Refreshes),
    write(
        Verb::Post,
        "/v1/tenants/{tenant}/invoices:link",
        Endpoint::Link,
        Scope::HostWrite,
    )
    .waits(),
    act("/v1/tenants/{tenant}/drift-reports", Endpoint::DriftReports),
    act("/v1/tenants/{tenant}/reconciler:run", Endpoint::RunReconciler),
    get("/v1/tenants/{tenant}/watermarks", Endpoint::Watermarks),
    get("/v1/tenants/{tenant}/invoices/{invoice}/timeline", Endpoint::Timeline),
    get("/v1/tenants/{tenant}/invoices/{invoice}/variance", Endpoint::Variance),
    get("/v1/audit", Endpoint::Audit).needs(Scope::Audit),
    get("/v1/audit:export", Endpoint::AuditExport).needs(Scope::Audit),
    get("/v1/tenants/{tenant}/reconciler", Endpoint::Reconciler),
    get(
        "/v1/tenants/{tenant}/invoices/{invoice}/push-preview",
        Endpoint::PushPreview,
    ),
    write(
        Verb::Post,
        "/v1/tenants/{tenant}/invoices/{invoice}/payment-signals",
        Endpoint::PaymentSignal,
        Scope::HostWrite,
    ),
    write(
        Verb::Post,
        "/v1/tenants/{tenant}/invoices/{invoice}/variance:acknowledge",
        Endpoint::AcknowledgeVariance,
        Scope::SyncNow,
    ),
    write(
        Verb::Post,
        "/v1/tenants/{tenant}/invoices/{invoice}:acknowledge",
        Endpoint::AcknowledgeAlerts,
        Scope::SyncNow,
    ),
    get("/v1/tenants/{tenant}/mappings/gaps", Endpoint::Gaps),
    get("/v1/tenants/{tenant}/mappings/{kind}", Endpoint::Mappings),
    setting("/v1/tenants/{tenant}/mappings/{kind}", Endpoint::PutMappings),
    get("/v1/tenants/{tenant}/mappings/{kind}/{key}", Endpoint::Mapping),
    setting("/v1/tenants/{tenant}/mappings/{kind}/{key}", Endpoint::PutMapping),
    setting("/v1/tenants/{tenant}/mappings/{kind}/{key}", Endpoint::RemoveMapping)
        .by(Verb::Delete)
        .body(0),
    get("/v1/tenants/{tenant}/settings", Endpoint::Settings),
    setting("/v1/tenants/{tenant}/settings", Endpoint::PatchSettings).by(Verb::Patch),
    get("/v1/operations", Endpoint::Operations),
    get("/v1/operations/{operation}", Endpoint::Operation),
    get("/v1/operations/{operation}/items", Endpoint::OperationItems),
    act("/v1/operations/{operation}:cancel", Endpoint::CancelOperation),
    act("/v1/operations/{operation}:retry-failed", Endpoint::RetryOperation),
    get("/v1/events", Endpoint::Events).waits(),
    get("/v1/events/stream", Endpoint::EventStream).waits(),
];

/// Method and pattern of every route: the labels of the endpoint's metrics.
#[must_use]
pub fn names() -> Vec<(&'static str, &'static str)> {
    ROUTES.iter().map(|route| (route.verb.name(), route.pattern)).collect()
}

/// What a path and a method came to.
pub enum Found {
    /// A route, with the parameters of the path, still percent-encoded.
    Route(&'static Route, HashMap<&'static str, String>),
    /// The path exists with these methods only.
    OtherMethods(Vec<&'static str>),
    /// No such path.
    Nothing,
}

/// The table as a tree.
pub struct Table {
    tree: Router<Vec<&'static Route>>,
}

impl Table {
    /// Builds the tree.
    ///
    /// # Errors
    /// Two patterns of the table contradict each other.
    pub fn build() -> Result<Self, matchit::InsertError> {
        let mut patterns: Vec<(&'static str, Vec<&'static Route>)> = Vec::new();
        for route in ROUTES {
            match patterns.iter_mut().find(|(known, _)| *known == route.pattern) {
                Some((_, routes)) => routes.push(route),
                None => patterns.push((route.pattern, vec![route])),
            }
        }
        let mut tree = Router::new();
        for (pattern, routes) in patterns {
            tree.insert(pattern, routes)?;
        }
        Ok(Self { tree })
    }

    /// Looks up a path as it was sent.
    #[must_use]
    pub fn find(&self, method: &str, path: &str) -> Found {
        let Ok(matched) = self.tree.at(path) else {
            return Found::Nothing;
        };
        let Some(route) = matched
            .value
            .iter()
            .find(|route| route.verb.name() == method || (method == "HEAD" && route.verb == Verb::Get))
        else {
            let methods = matched.value.iter().map(|route| route.verb.name());
            return Found::OtherMethods(methods.collect());
        };
        let mut params = HashMap::new();
        for name in ["tenant", "invoice", "kind", "key", "operation", "code", "connect"] {
            if let Some(value) = matched.params.get(name) {
                params.insert(name, value.to_owned());
            }
        }
        Found::Route(route, params)
    }
}
