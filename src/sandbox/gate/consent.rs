//! What an app asks a person for, and the codes it gets for an answer.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::rngs::StdRng;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::app::{AppId, AppKind, Apps};
use super::grant::new_id;
use super::grants::Agreed;
use super::scope::{self, Scopes};
use crate::sandbox::wire::{Params, params};

/// An authorization code lives this long.
const CODE_MS: i64 = 300_000;
/// A PKCE verifier is not shorter, in characters.
const VERIFIER_CHARS_MIN: usize = 43;
/// A PKCE verifier is not longer, in characters.
const VERIFIER_CHARS_MAX: usize = 128;

/// A request for consent that can be shown to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Who asks.
    pub app: AppId,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// Comes back as it is.
    pub state: Option<String>,
    /// What is asked for.
    pub scopes: Scopes,
    /// `code_challenge`, always of the method S256.
    pub challenge: Option<String>,
    /// Comes back in the identity token.
    pub nonce: Option<String>,
}

/// A request that is no use; Xero shows these on a page of its own and sends nobody back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unaskable {
    /// OAuth's word.
    pub error: &'static str,
    /// What is wrong.
    pub why: &'static str,
}

/// A code that was given out.
#[derive(Debug, Clone)]
struct Code {
    until_ms: i64,
    ask: Ask,
    tenants: Vec<Uuid>,
}

/// The codes that were not used yet.
#[derive(Debug, Clone, Default)]
pub struct Codes(HashMap<String, Code>);

/// What the sandbox does with an app's request for consent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Answers {
    /// Shows the page and waits for a person.
    #[default]
    Ask,
    /// Agrees at once, to these organisations; `None` is all there are.
    Allow(Option<Vec<Uuid>>),
    /// Refuses at once.
    Deny,
}

impl Ask {
    /// Reads and checks the query of `/identity/connect/authorize`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(params: &Params, apps: &Apps) -> Result<Self, Unaskable> {
        let no = |error, why| Err(Unaskable { error, why });
        let Some((app, registered)) = params.get("client_id").and_then(|id| apps.named(id)) else {
            return no("unauthorized_client", "Unknown client_id");
        };
        if matches!(registered.kind, AppKind::Custom { .. }) {
            return no("unauthorized_client", "A custom connection has no consent page");
        }
        let redirect_uri = params.get("redirect_uri").unwrap_or_default();
        if !registered.returns_to(redirect_uri) {
            return no("unauthorized_client", "Invalid redirect_uri");
        }
        match params.get("response_type") {
            Some("code") => {}
            Some(_) => return no("unsupported_response_type", "response_type must be code"),
            None => return no("invalid_request", "response_type is missing"),
        }
        let scopes = Scopes::parse(params.get("scope").unwrap_or_default());
        if scopes.is_empty() {
            return no("invalid_scope", "scope is missing");
        }
        if !scopes.iter().all(scope::is_known) || !registered.may_ask(&scopes) {
            return no("invalid_scope", "Invalid scope for client");
        }
        let challenge = params.get("code_challenge").map(str::to_owned);
        if challenge.is_none() && registered.kind == AppKind::Pkce {
            return no("invalid_request", "code_challenge is missing");
        }
        if challenge.is_some() && params.get("code_challenge_method") != Some("S256") {
            return no("invalid_request", "code_challenge_method must be S256");
        }
        Ok(Self {
            app,
            redirect_uri: redirect_uri.to_owned(),
            state: params.get("state").map(str::to_owned),
            scopes,
            challenge,
            nonce: params.get("nonce").map(str::to_owned),
        })
    }

    /// Where a person who agreed is sent.
    pub fn allowed(&self, code: &str) -> String {
        self.back(&[("code", code), ("scope", &self.scopes.text())])
    }

    /// Where a person who refused is sent.
    pub fn denied(&self) -> String {
        let why = "The user denied access";
        self.back(&[("error", "access_denied"), ("error_description", why)])
    }

    fn back(&self, answer: &[(&str, &str)]) -> String {
        let state = self.state.as_deref().map(|state| ("state", state));
        let mut joint = if self.redirect_uri.contains('?') { '&' } else { '?' };
        let mut location = self.redirect_uri.clone();
        for (name, value) in answer.iter().copied().chain(state) {
            location.push(joint);
            location.push_str(name);
            location.push('=');
            location.push_str(&params::encode(value));
            joint = '&';
        }
        location
    }

    fn is_proven_by(&self, verifier: Option<&str>) -> bool {
        match (&self.challenge, verifier) {
            (None, None) => true,
            // Nothing can be proven that was not asked for.
            (Some(_), None) | (None, Some(_)) => false,
            (Some(challenge), Some(verifier)) => {
                let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
                (VERIFIER_CHARS_MIN..=VERIFIER_CHARS_MAX).contains(&verifier.chars().count()) && digest == *challenge
            }
        }
    }
}

impl Codes {
    /// A code for what was agreed to.
    pub fn give(&mut self, ask: Ask, tenants: Vec<Uuid>, rng: &mut StdRng, now_ms: i64) -> String {
        let code = new_id(rng).simple().to_string();
        let until_ms = now_ms.saturating_add(CODE_MS);
        self.0.insert(code.clone(), Code { until_ms, ask, tenants });
        code
    }

    /// Takes a code back, once, within five minutes, from the app it was given to, with the same
    /// redirect address and the verifier of its challenge. `None` is `invalid_grant`.
    pub fn take(&mut self, app: AppId, form: &Params, now_ms: i64) -> Option<Agreed> {
        let Code { until_ms, ask, tenants } = self.0.remove(form.get("code")?)?;
        let fits = until_ms > now_ms
            && ask.app == app
            && form.get("redirect_uri") == Some(ask.redirect_uri.as_str())
            && ask.is_proven_by(form.get("code_verifier"));
        fits.then_some(Agreed {
            tenants,
            scopes: ask.scopes,
            nonce: ask.nonce,
        })
    }
}
