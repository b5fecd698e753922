//! Where the daemon listens.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Port of the control endpoint, where none is given.
const PORT: u16 = 7626;

/// Where the daemon listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A TCP port of this machine: host and port, as in the `Host` header.
    Tcp(String),
    /// A Unix socket.
    Unix(PathBuf),
}

impl Default for Address {
    fn default() -> Self {
        Self::Tcp(format!("127.0.0.1:{PORT}"))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(authority) => write!(f, "http://{authority}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// It wants TLS.
    #[error("https is not spoken on this machine's own ports: write http://127.0.0.1:{PORT} or unix:PATH")]
    Https,
    /// It is something else.
    #[error("write http://HOST:PORT or unix:PATH")]
    Unreadable,
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let text = text.trim();
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() {
                Err(BadAddress::Unreadable)
            } else {
                Ok(Self::Unix(path.into()))
            };
        }
        if text.starts_with('/') {
            return Ok(Self::Unix(text.into()));
        }
        if text.starts_with("https:") {
            return Err(BadAddress::Https);
        }
        let authority = text.strip_prefix("http://").unwrap_or(text);
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        authority_of(authority).map(Self::Tcp).ok_or(BadAddress::Unreadable)
    }
}

/// Host and port; the port is added where it is missing.
fn authority_of(text: &str) -> Option<String> {
    let is_name = |host: &str| {
        !host.is_empty()
            && host
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
    };
    let is_v6 = |host: &str| {
        host.strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .is_some_and(|host| host.parse::<std::net::Ipv6Addr>().is_ok())
    };
    let is_host = |host: &str| is_name(host) || is_v6(host);
    if is_host(text) {
        return Some(format!("{text}:{PORT}"));
    }
    let (host, port) = text.rsplit_once(':')?;
    let port: u16 = port.parse().ok()?;
    (is_host(host) && port != 0).then(|| format!("{host}:{port}"))
}
