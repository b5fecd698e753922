//! The client: one call in, one answer out.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::header::{ACCEPT, CONTENT_TYPE, IF_MODIFIED_SINCE};
use reqwest::{Client, RequestBuilder, Url, redirect, retry};

use super::address::{self, Address, Unaskable, Verb};
use super::api::XeroApi;
use super::outcome::{self, Asked, Lost};
use super::transport::{self, Part, Whole};
use super::{decode, headers};
use crate::model::failure::Failure;
use crate::model::ids::XeroTenantId;
use crate::model::mutation::{Rule, is_broken};
use crate::model::secret::{ExposeSecret, SecretString};
use crate::model::xero::{Answer, AnswerMeta, Reply, Request};

/// Largest decoded body that is read. A full page of 200 documents is about half a megabyte; the
/// bound is against a body that grows while it is unpacked.
pub const BODY_MAX_BYTES: usize = 16 * 1024 * 1024;

/// How long a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Name look-up, TCP and TLS together.
    pub connect: Duration,
    /// A read, and a call to the token endpoint, from start to the last byte.
    pub read: Duration,
    /// A write, from start to the last byte. Longer: giving up leaves an outcome to be found out.
    pub write: Duration,
    /// How long bytes we sent may stay unacknowledged before the connection counts as dead.
    pub unacknowledged: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(30),
            write: Duration::from_secs(60),
            unacknowledged: Duration::from_secs(30),
        }
    }
}

/// How an app proves itself, and whether people consent to it.
#[derive(Debug, Clone)]
pub enum AppProof {
    /// By its secret; people consent.
    Secret(SecretString),
    /// It has no secret; people consent, and each code is proven by PKCE.
    Pkce,
    /// By its secret, and nobody consents: a custom connection.
    Custom {
        /// The secret.
        secret: SecretString,
        /// What its tokens are good for, separated by spaces.
        scopes: String,
    },
}

/// Where Xero is and who we are there.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// `https://api.xero.com`, or a sandbox.
    pub api_url: String,
    /// `https://identity.xero.com`, or a sandbox.
    pub identity_url: String,
    /// The app's client id.
    pub client_id: String,
    /// How the app proves itself.
    pub proof: AppProof,
    /// Time-outs.
    pub timeouts: Timeouts,
}

/// Why no client could be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// A base address is not a URL.
    #[error("`{0}` is not an http or https address")]
    BadUrl(String),
    /// [`install_tls`] was not called first.
    #[error("no tls provider is installed")]
    TlsMissing,
    /// The machine's trusted certificates could not be loaded, or the like.
    #[error("the http client could not be made: {0}")]
    Build(String),
}

/// Chooses the TLS implementation (ring) for the process. `main` calls it once, before the first
/// client is made; a second call changes nothing.
pub fn install_tls() {
    let provider = rustls::crypto::ring::default_provider();
    // An error means that a provider is already installed.
    drop(provider.install_default());
}

/// Calls Xero over HTTP. Cheap to clone.
///
/// It never retries and never follows a redirect. Reads share connections. Writes and token
/// refreshes each open their own: the connection pool repeats by itself a request that met a
/// connection which had just been closed, and a kept connection that dies in silence turns a write
/// into an unknown outcome.
#[derive(Clone)]
pub struct XeroClient {
    inner: Arc<Inner>,
}

struct Inner {
    pooled: Client,
    unpooled: Client,
    settings: ClientSettings,
}

impl XeroClient {
    /// A client for these settings.
    ///
    /// # Errors
    /// When an address is bad or TLS cannot be set up.
    pub fn new(settings: ClientSettings) -> Result<Self, ClientError> {
        for url in [&settings.api_url, &settings.identity_url] {
            let scheme = Url::parse(url).map(|url| url.scheme().to_owned());
            if !scheme.is_ok_and(|scheme| matches!(scheme.as_str(), "https" | "http")) {
                return Err(ClientError::BadUrl(url.clone()));
            }
        }
        // Without one the client's builder would panic.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(ClientError::TlsMissing);
        }
        let pooled = builder(&settings.timeouts)
            .pool_idle_timeout(Duration::from_secs(20))
            .build();
        let unpooled = builder(&settings.timeouts).pool_max_idle_per_host(0).build();
        let failed = |error: reqwest::Error| ClientError::Build(error.to_string());
        Ok(Self {
            inner: Arc::new(Inner {
                pooled: pooled.map_err(failed)?,
                unpooled: unpooled.map_err(failed)?,
                settings,
            }),
        })
    }

    /// The pool a call goes through.
    pub(super) fn sender(&self, asked: Asked) -> &Client {
        match asked {
            Asked::Read | Asked::Connections => &self.inner.pooled,
            Asked::Write if is_broken(Rule::WriteAlone) => &self.inner.pooled,
            Asked::Write | Asked::Token => &self.inner.unpooled,
        }
    }

    pub(super) fn api_url(&self, path: &str) -> String {
        joined(&self.inner.settings.api_url, path)
    }

    pub(super) fn identity_url(&self, path: &str) -> String {
        joined(&self.inner.settings.identity_url, path)
    }

    pub(super) fn client_id(&self) -> &str {
        &self.inner.settings.client_id
    }

    pub(super) fn proof(&self) -> &AppProof {
        &self.inner.settings.proof
    }

    pub(super) async fn exchange(&self, asked: Asked, request: RequestBuilder) -> Result<Whole, Part> {
        let timeouts = &self.inner.settings.timeouts;
        let timeout = match asked {
            Asked::Write => timeouts.write,
            Asked::Read | Asked::Token | Asked::Connections => timeouts.read,
        };
        transport::exchange(request.timeout(timeout), BODY_MAX_BYTES).await
    }

    async fn answer_to(&self, tenant: XeroTenantId, token: &SecretString, request: &Request) -> Answer {
        let asked = asked_by(request);
        let address = match address::of(request) {
            Ok(address) => address,
            Err(unaskable) => return unsent(request, unaskable),
        };
        let outgoing = self
            .outgoing(asked, address)
            .bearer_auth(token.expose_secret())
            .header("xero-tenant-id", tenant.to_string());
        understood(request, self.exchange(asked, outgoing).await)
    }

    fn outgoing(&self, asked: Asked, address: Address) -> RequestBuilder {
        let url = self.api_url(&address.path);
        let client = self.sender(asked);
        let mut request = match address.verb {
            Verb::Get => client.get(url),
            Verb::Put => client.put(url),
            Verb::Post => client.post(url),
        }
        .header(ACCEPT, "application/json");
        if let Some(since) = address.modified_since {
            request = request.header(IF_MODIFIED_SINCE, since);
        }
        if let Some((key, body)) = address.write {
            request = request
                .header("Idempotency-Key", key)
                .header(CONTENT_TYPE, "application/json")
                .body(body);
        }
        request
    }
}

impl XeroApi for XeroClient {
    fn call(&self, tenant: XeroTenantId, token: SecretString, request: Request) -> BoxFuture<'static, Answer> {
        let client = self.clone();
        async move { client.answer_to(tenant, &token, &request).await }.boxed()
    }
}

fn builder(timeouts: &Timeouts) -> reqwest::ClientBuilder {
    Client::builder()
        .user_agent(concat!("counterfoil/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(retry::never())
        .connect_timeout(timeouts.connect)
        .tcp_user_timeout(timeouts.unacknowledged)
        .gzip(true)
        .no_proxy()
}

fn joined(base: &str, path: &str) -> String {
    format!("{}{path}", base.trim_end_matches('/'))
}

/// What one exchange brought, as the answer to `request`: also of what arrived in part or not.
#[must_use]
pub fn understood(request: &Request, exchanged: Result<Whole, Part>) -> Answer {
    let asked = asked_by(request);
    match exchanged {
        Ok(whole) => {
            let bytes_count = u64::try_from(whole.body.len()).unwrap_or(u64::MAX);
            Answer {
                meta: headers::meta(&whole.headers, bytes_count),
                result: replied(asked, request, &whole),
            }
        }
        Err(part) => {
            let meta = part.head.as_ref().map(|(_, head)| headers::meta(head, 0));
            Answer {
                result: Err(cut_off(asked, &part)),
                meta: meta.unwrap_or_default(),
            }
        }
    }
}

/// The answer to a request that has no address: no call is made.
#[must_use]
pub fn unsent(request: &Request, unaskable: Unaskable) -> Answer {
    let nothing = match unaskable {
        Unaskable::Nothing => decode::nothing_found(request),
        Unaskable::Inexpressible => None,
    };
    Answer {
        result: nothing.ok_or_else(|| outcome::of_lost(asked_by(request), Lost::Unsendable)),
        meta: AnswerMeta::default(),
    }
}

/// A complete 2xx, or the failure.
pub(super) fn answered(asked: Asked, exchanged: Result<Whole, Part>) -> Result<Whole, Failure> {
    match exchanged {
        Ok(whole) if (200..300).contains(&whole.status) => Ok(whole),
        Ok(whole) => Err(outcome::of_answer(asked, whole.status, &whole.headers, &whole.body)),
        Err(part) => Err(cut_off(asked, &part)),
    }
}

const fn asked_by(request: &Request) -> Asked {
    if request.is_write() { Asked::Write } else { Asked::Read }
}

fn replied(asked: Asked, request: &Request, whole: &Whole) -> Result<Reply, Failure> {
    match whole.status {
        200..=299 => {
            decode::reply(request, &whole.body).map_err(|misread| outcome::of_misread(asked, whole.status, misread))
        }
        304 => {
            decode::nothing_newer(request).ok_or_else(|| outcome::of_answer(asked, 304, &whole.headers, &whole.body))
        }
        status => Err(outcome::of_answer(asked, status, &whole.headers, &whole.body)),
    }
}

/// A 429 says all in its head; of anything else the body is needed.
fn cut_off(asked: Asked, part: &Part) -> Failure {
    match &part.head {
        Some((429, head)) => outcome::of_answer(asked, 429, head, &[]),
        Some((status, _)) => Failure {
            status: Some(*status),
            ..outcome::of_lost(asked, part.lost)
        },
        None => outcome::of_lost(asked, part.lost),
    }
}
