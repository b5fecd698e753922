//! Who may come in: host, origin, token.

use std::net::SocketAddr;
use std::sync::Arc;

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HOST, HeaderName, ORIGIN};
use hyper::http::request::Parts;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::problem::{Problem, ProblemCode};
use super::state::{Scope, Token};
use crate::model::ids::TenantId;
use crate::model::time::Timestamp;

/// Where a connection comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Loopback TCP.
    Tcp,
    /// The Unix socket, from a process of this user.
    Socket {
        /// The user.
        uid: u32,
        /// Whether it is root or the user the daemon runs as.
        is_trusted: bool,
    },
}

/// Who asks.
#[derive(Clone)]
pub enum Caller {
    /// A process on the Unix socket: may do everything.
    Socket(u32),
    /// A token.
    Token(Arc<Token>),
    /// Nobody in particular, on a path that is open.
    Open,
}

impl Caller {
    /// The name in records.
    pub fn name(&self) -> String {
        match self {
            Self::Socket(uid) => format!("socket:{uid}"),
            Self::Token(token) => format!("token:{}", token.name),
            Self::Open => "open".to_owned(),
        }
    }

    /// Whether the tenant is one of the caller's.
    pub fn reaches(&self, tenant: TenantId) -> bool {
        match self {
            Self::Socket(_) => true,
            Self::Token(token) => token.tenants.as_ref().is_none_or(|tenants| tenants.contains(&tenant)),
            Self::Open => false,
        }
    }

    /// Refuses a caller without the scope, and an act on the whole daemon by a caller of some
    /// tenants only.
    pub fn require(&self, scope: Scope) -> Result<(), Problem> {
        let may = match self {
            Self::Socket(_) => true,
            Self::Token(token) => token.scopes.contains(&Scope::Admin) || token.scopes.contains(&scope),
            Self::Open => false,
        };
        if may {
            return Ok(());
        }
        Err(Problem::new(
            ProblemCode::PermissionDenied,
            format!("This needs the scope `{}`.", scope.name()),
        )
        .with("required_scope", scope.name()))
    }
}

/// The `Host` values of a TCP listener: loopback names with its port, and the configured ones.
pub fn hosts_of(addr: SocketAddr, configured: &[String]) -> Vec<String> {
    let port = addr.port();
    let mut hosts = vec![
        format!("localhost:{port}"),
        format!("127.0.0.1:{port}"),
        format!("[::1]:{port}"),
        addr.to_string(),
    ];
    hosts.extend(configured.iter().map(|host| host.to_ascii_lowercase()));
    hosts
}

/// Refuses a TCP request for a host that is not ours: a page that rebinds its name to the
/// loopback address still sends its own name.
pub fn check_host(head: &Parts, peer: Peer, hosts: &[String]) -> Result<(), Problem> {
    if matches!(peer, Peer::Socket { .. }) {
        return Ok(());
    }
    let mut values = head.headers.get_all(HOST).iter();
    let host = values.next().and_then(|value| value.to_str().ok());
    let is_known = |name: &str| hosts.iter().any(|host| host.eq_ignore_ascii_case(name));
    let is_allowed = host.is_some_and(is_known)
        && values.next().is_none()
        && head
            .uri
            .authority()
            .is_none_or(|authority| is_known(authority.as_str()));
    if is_allowed {
        return Ok(());
    }
    Err(Problem::new(
        ProblemCode::HostNotAllowed,
        "The request names a host that this endpoint does not answer for.",
    ))
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses what a browser sends on behalf of another site.
pub fn check_origin(headers: &HeaderMap, peer: Peer, hosts: &[String]) -> Result<(), Problem> {
    let origin_is_ours = headers.get_all(ORIGIN).iter().all(|origin| {
        origin
            .to_str()
            .ok()
            .and_then(|origin| {
                origin
                    .strip_prefix("http://")
                    .or_else(|| origin.strip_prefix("https://"))
            })
            .is_some_and(|name| matches!(peer, Peer::Tcp) && hosts.iter().any(|host| host.eq_ignore_ascii_case(name)))
    });
    let site_is_ours = headers
        .get_all(SEC_FETCH_SITE)
        .iter()
        .all(|site| matches!(site.as_bytes(), b"same-origin" | b"none"));
    if origin_is_ours && site_is_ours {
        return Ok(());
    }
    Err(Problem::new(
        ProblemCode::OriginNotAllowed,
        "The request comes from a page of another origin.",
    ))
}

/// Finds out who asks.
pub fn authenticate(headers: &HeaderMap, peer: Peer, tokens: &[Arc<Token>], now: Timestamp) -> Result<Caller, Problem> {
    match peer {
        Peer::Socket { uid, is_trusted: true } => return Ok(Caller::Socket(uid)),
        Peer::Socket { .. } => {
            return Err(Problem::new(
                ProblemCode::PermissionDenied,
                "The socket serves root and the user the daemon runs as.",
            )
            .with("required_scope", Scope::Admin.name()));
        }
        Peer::Tcp => {}
    }
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let presented = values
        .next()
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    let (Some(presented), None) = (presented, values.next()) else {
        return Err(Problem::new(
            ProblemCode::Unauthenticated,
            "The request carries no bearer token.",
        ));
    };
    let hash: [u8; 32] = Sha256::digest(presented.as_bytes()).into();
    // Every token is compared, so that time tells nothing about which one was near.
    let mut found = None;
    for token in tokens {
        if bool::from(token.sha256.as_slice().ct_eq(hash.as_slice())) {
            found = Some(token);
        }
    }
    match found {
        Some(token) if token.expires_at.is_none_or(|end| now < end) => Ok(Caller::Token(Arc::clone(token))),
        Some(_expired) => Err(Problem::new(ProblemCode::Unauthenticated, "The token has expired.")),
        None => Err(Problem::new(ProblemCode::Unauthenticated, "The token is not known.")),
    }
}
