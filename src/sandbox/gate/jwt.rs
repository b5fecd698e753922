//! Access and identity tokens: JWTs whose signature is noise, because nobody has a key for it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngExt as _;
use rand::rngs::StdRng;
use uuid::Uuid;

use super::grant::new_id;
use super::scope::Scopes;
use crate::sandbox::wire::Writer;

/// An identity token lives this long.
const IDENTITY_MS: i64 = 300_000;
/// Who issues them.
pub const ISSUER: &str = "https://identity.xero.com";

/// What both tokens of one answer say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claims {
    /// `authentication_event_id`
    pub(super) auth_event: Uuid,
    /// `xero_userid`
    pub(super) user: Uuid,
    /// Document time, in milliseconds.
    pub(super) now_ms: i64,
    /// When the access token ends, in milliseconds of document time.
    pub(super) expires_ms: i64,
}

impl Claims {
    pub(super) fn access(self, scopes: &Scopes, rng: &mut StdRng) -> String {
        let id = new_id(rng).simple().to_string();
        let body = self.body(self.expires_ms, |claims| {
            claims.text("jti", &id);
            claims.list("scope", |list| {
                scopes.iter().for_each(|scope| list.string_element(scope))
            });
        });
        sealed(&body, rng)
    }

    pub(super) fn identity(self, nonce: Option<&str>, rng: &mut StdRng) -> String {
        let body = self.body(self.now_ms.saturating_add(IDENTITY_MS), |claims| {
            claims.text("sub", &self.user.simple().to_string());
            claims.maybe_text("nonce", nonce);
            claims.text("preferred_username", "sandbox@example.com");
            claims.text("email", "sandbox@example.com");
            claims.text("given_name", "Sandy");
            claims.text("family_name", "Box");
            claims.text("name", "Sandy Box");
        });
        sealed(&body, rng)
    }

    fn body(self, expires_ms: i64, more: impl FnOnce(&mut Writer)) -> Vec<u8> {
        let seconds = |ms: i64| ms.div_euclid(1000);
        let mut writer = Writer::compact();
        writer.object(|claims| {
            claims.text("iss", ISSUER);
            claims.integer("nbf", seconds(self.now_ms));
            claims.integer("exp", seconds(expires_ms));
            claims.id("xero_userid", self.user);
            claims.id("authentication_event_id", self.auth_event);
            more(claims);
        });
        writer.into_bytes()
    }
}

fn sealed(body: &[u8], rng: &mut StdRng) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#);
    let claims = URL_SAFE_NO_PAD.encode(body);
    let signature = URL_SAFE_NO_PAD.encode(rng.random::<[u8; 32]>());
    format!("{header}.{claims}.{signature}")
}
