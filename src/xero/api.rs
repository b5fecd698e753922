//! The port to Xero: what the actors need of it, so that tests can put a double in its place.

use futures_util::future::BoxFuture;

use crate::model::failure::Failure;
use crate::model::ids::XeroTenantId;
use crate::model::secret::SecretString;
use crate::model::xero::{Answer, Request, XeroConnection};

/// The accounting API of one organisation.
pub trait XeroApi: Send + Sync {
    /// Makes exactly one call: no retry, no redirect, no waiting for a limit. It always ends,
    /// at the latest at its time-out.
    fn call(&self, tenant: XeroTenantId, token: SecretString, request: Request) -> BoxFuture<'static, Answer>;
}

/// Consents, their tokens and the organisations they reach.
pub trait Identity: Send + Sync {
    /// Exchanges a refresh token for a new pair. Xero rotates: the token given dies (it may be
    /// tried again for 30 minutes if the answer was lost).
    fn refresh(&self, refresh_token: SecretString) -> BoxFuture<'static, Result<TokenPair, Failure>>;

    /// Redeems a code for the first pair. A code works once, and only for five minutes.
    fn redeem(&self, code: Code) -> BoxFuture<'static, Result<TokenPair, Failure>>;

    /// Ends the consent behind a refresh token, with every connection of its user to the app.
    fn revoke(&self, refresh_token: SecretString) -> BoxFuture<'static, Result<(), Failure>>;

    /// The organisations an access token reaches.
    fn connections(&self, access_token: SecretString) -> BoxFuture<'static, Result<Vec<XeroConnection>, Failure>>;

    /// Ends one connection, named by its own id (not the organisation's). One that is already
    /// gone counts as ended.
    fn disconnect(&self, access_token: SecretString, connection_id: String) -> BoxFuture<'static, Result<(), Failure>>;
}

/// What a person brought back from the consent page, and what it was asked with.
#[derive(Debug, Clone)]
pub struct Code {
    /// The code.
    pub code: SecretString,
    /// The very redirect address that was named when the consent was asked for.
    pub redirect_uri: String,
    /// The PKCE verifier of the challenge that was sent, if one was.
    pub verifier: Option<SecretString>,
}

/// What Xero's token endpoint hands out.
#[derive(Debug, Clone)]
pub struct TokenPair {
    /// For calls.
    pub access: SecretString,
    /// For the next refresh.
    pub refresh: SecretString,
    /// Whose consent it is, where the access token says so.
    pub user: Option<String>,
    /// How long the access token lives, in seconds (1,800 at Xero).
    pub expires_in_s: u64,
    /// The scopes it carries, separated by spaces, where Xero says so.
    pub scope: Option<String>,
}
