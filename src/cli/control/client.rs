//! A small HTTP client for the daemon's own address: one connection a request.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::address::Address;
use super::trouble::Trouble;
use crate::cli::exit::Exit;
use crate::model::secret::{ExposeSecret, SecretString};

/// Largest answer in bytes: a page of 10,000 organisations is about 10 MB.
const ANSWER_MAX_BYTES: usize = 64 << 20;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: &'static str,
    /// Path and query, percent-encoded.
    pub path: String,
    /// Headers besides the usual ones.
    pub headers: Vec<(&'static str, String)>,
    /// The body in JSON.
    pub body: Option<Bytes>,
    /// What the daemon was asked to wait, on top of the usual time.
    pub wait: Duration,
}

impl Request {
    /// A read.
    #[must_use]
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            method: "GET",
            path: path.into(),
            headers: Vec::new(),
            body: None,
            wait: Duration::ZERO,
        }
    }

    /// A write.
    #[must_use]
    pub fn write(method: &'static str, path: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self {
            method,
            body: Some(body.into()),
            ..Self::get(path)
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Lets the daemon wait.
    #[must_use]
    pub const fn waiting(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }
}

/// What was answered: only with a status of 200 to 299.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body as it came.
    pub body: Bytes,
    /// The body, read.
    pub value: Value,
}

/// Asks one daemon.
#[derive(Debug)]
pub struct Client {
    address: Address,
    token: Option<SecretString>,
    timeout: Duration,
}

impl Client {
    /// A client of the daemon at `address`, which may take `timeout` for each answer.
    #[must_use]
    pub const fn new(address: Address, token: Option<SecretString>, timeout: Duration) -> Self {
        Self {
            address,
            token,
            timeout,
        }
    }

    /// Asks, and takes a refusal for a failure.
    ///
    /// # Errors
    /// The daemon is not reached, does not answer in time, or refuses.
    pub async fn ask(&self, request: Request) -> Result<Answer, Trouble> {
        let limit = self.timeout.saturating_add(request.wait);
        let answered = timeout(limit, self.exchange(request)).await;
        let (status, body) = answered.map_err(|_late| self.late(limit))??;
        if !(200..300).contains(&status) {
            return Err(Trouble::refused(status, &body));
        }
        match serde_json::from_slice(&body) {
            Ok(value) => Ok(Answer { status, body, value }),
            Err(_not_json) => Err(Trouble::refused(status, b"")),
        }
    }

    async fn exchange(&self, request: Request) -> Result<(u16, Bytes), Trouble> {
        match &self.address {
            Address::Tcp(authority) => {
                let stream = self.dial(authority).await?;
                self.talk(stream, authority, request).await
            }
            Address::Unix(path) => {
                let stream = UnixStream::connect(path)
                    .await
                    .map_err(|error| self.unreachable_socket(path, &error))?;
                self.talk(stream, "localhost", request).await
            }
        }
    }

    /// Only this machine is dialled: a token must not cross a network in the clear.
    async fn dial(&self, authority: &str) -> Result<TcpStream, Trouble> {
        let found = tokio::net::lookup_host(authority)
            .await
            .map_err(|error| self.unreachable(&error))?;
        let (near, far): (Vec<SocketAddr>, Vec<SocketAddr>) = found.partition(|address| address.ip().is_loopback());
        if near.is_empty() && !far.is_empty() {
            return Err(Trouble::usage(format!("{authority} is another machine"))
                .because("the token would cross the network without encryption")
                .fix("Make a tunnel (ssh -L 7626:127.0.0.1:7626 HOST) and use --addr http://127.0.0.1:7626."));
        }
        TcpStream::connect(near.as_slice())
            .await
            .map_err(|error| self.unreachable(&error))
    }

    async fn talk<S>(&self, stream: S, host: &str, request: Request) -> Result<(u16, Bytes), Trouble>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let request = self.wire(host, request)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.broken(&error))?;
        // How the connection ends is told by what was sent over it.
        tokio::spawn(connection);
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| self.broken(&error))?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), ANSWER_MAX_BYTES);
        match body.collect().await {
            Ok(body) => Ok((status, body.to_bytes())),
            Err(error) => Err(self.broken(error.as_ref())),
        }
    }

    fn wire(&self, host: &str, request: Request) -> Result<hyper::Request<Full<Bytes>>, Trouble> {
        let mut wire = hyper::Request::builder()
            .method(request.method)
            .uri(&request.path)
            .header(header::HOST, host)
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, concat!("counterfoil/", env!("CARGO_PKG_VERSION")));
        for (name, value) in &request.headers {
            wire = wire.header(HeaderName::from_static(name), value);
        }
        if let Some(token) = &self.token {
            let bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()));
            if let Ok(mut bearer) = bearer {
                bearer.set_sensitive(true);
                wire = wire.header(header::AUTHORIZATION, bearer);
            }
        }
        if request.body.is_some() {
            wire = wire.header(header::CONTENT_TYPE, "application/json");
        }
        wire.body(Full::new(request.body.unwrap_or_default()))
            .map_err(|error| Trouble::usage("The request cannot be written").because(error.to_string()))
    }

    fn unreachable(&self, error: &io::Error) -> Trouble {
        Trouble::new(
            Exit::Unreachable,
            "unreachable",
            format!("No daemon answers at {}", self.address),
        )
        .because(error.to_string())
        .fix("Start one with: counterfoil demo, or: systemctl start counterfoil")
        .fix("Or name its address with --addr or COUNTERFOIL_ADDR.")
    }

    fn unreachable_socket(&self, path: &Path, error: &io::Error) -> Trouble {
        if error.kind() == io::ErrorKind::PermissionDenied {
            return Trouble::new(
                Exit::NotPermitted,
                "socket_denied",
                format!("{} may not be opened", path.display()),
            )
            .because(error.to_string())
            .fix("Call as root or as the user the daemon runs as.");
        }
        self.unreachable(error)
    }

    fn broken(&self, error: &(dyn std::error::Error + 'static)) -> Trouble {
        Trouble::new(
            Exit::Unreachable,
            "broken_off",
            format!("{} broke the connection off", self.address),
        )
        .because(error.to_string())
        .fix("Type the command again: a repeated write has the same effect as one.")
    }

    fn late(&self, limit: Duration) -> Trouble {
        Trouble::new(
            Exit::Unreachable,
            "no_answer_in_time",
            format!(
                "{} did not answer within {}",
                self.address,
                humantime::format_duration(limit)
            ),
        )
        .fix("Allow more time with --timeout. What was asked may have been done all the same: counterfoil status")
    }
}
