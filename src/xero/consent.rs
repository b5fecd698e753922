//! The address at which a person consents, and what comes back from there.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::address::percent_encoded;

/// Bytes of a PKCE verifier; 43 characters once written.
pub const VERIFIER_BYTES: usize = 32;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// `https://login.xero.com`, or a sandbox.
    pub login_url: &'a str,
    /// The app's client id.
    pub client_id: &'a str,
    /// Where the answer goes.
    pub redirect_uri: &'a str,
    /// Separated by spaces.
    pub scopes: &'a str,
    /// Comes back with the answer.
    pub state: &'a str,
    /// The PKCE verifier, for apps that have no secret.
    pub verifier: Option<&'a str>,
}

/// The address of Xero's consent page.
#[must_use]
pub fn authorize_url(asking: &Asking<'_>) -> String {
    let mut url = format!(
        "{}/identity/connect/authorize?response_type=code&client_id={}&redirect_uri={}&scope={}&state={}",
        asking.login_url.trim_end_matches('/'),
        percent_encoded(asking.client_id),
        percent_encoded(asking.redirect_uri),
        percent_encoded(asking.scopes),
        percent_encoded(asking.state),
    );
    if let Some(verifier) = asking.verifier {
        url.push_str("&code_challenge_method=S256&code_challenge=");
        url.push_str(&challenge(verifier));
    }
    url
}

/// The PKCE challenge of a verifier, by S256.
#[must_use]
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// A text that nobody can guess, for a state, a verifier or a ticket.
#[must_use]
pub fn unguessable(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Whose consent an access token rests on, where it says so. Xero keeps one chain of tokens for each
/// user and app, so two consents of one user are one grant. The signature is not looked at: the token
/// came from Xero itself.
#[must_use]
pub fn user_of(access_token: &str) -> Option<String> {
    let claims = access_token.split('.').nth(1)?;
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let user = claims.get("xero_userid")?.as_str()?;
    (!user.is_empty()).then(|| user.to_owned())
}

/// What Xero's consent page says when it sends somebody back without a code: what happened, and what
/// to do.
#[must_use]
pub fn refusal_in_words(error: &str) -> (&'static str, &'static str) {
    match error {
        "access_denied" => (
            "The access was refused on Xero's page, so nothing was connected.",
            "Start again with counterfoil connect, and choose Allow access on Xero's page.",
        ),
        "invalid_scope" => (
            "Xero does not give this app the scopes that were asked for.",
            "Apps made since 2 March 2026 get granular scopes only: set xero.scopes = \"granular\". \
             Restart the daemon and start again with counterfoil connect.",
        ),
        "unauthorized_client" => (
            "Xero does not know this app, or not at this redirect address.",
            "Compare xero.client_id, xero.app_type and the redirect address with the app in Xero's developer portal, then start again with counterfoil connect.",
        ),
        "invalid_request" | "unsupported_response_type" => (
            "Xero does not take the request, which mostly means another type of app.",
            "Compare xero.app_type with the type of the app in Xero's developer portal, then start again with counterfoil connect.",
        ),
        "server_error" | "temporarily_unavailable" => (
            "Xero cannot answer just now.",
            "Wait some minutes and start again with counterfoil connect. Xero tells how it is at https://status.xero.com.",
        ),
        _ => (
            "Xero sent you back without a consent.",
            "Start again with counterfoil connect. If it happens again, the word Xero gave is in the daemon's log.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{Asking, authorize_url, challenge, refusal_in_words, unguessable, user_of};

    fn asking(verifier: Option<&'static str>) -> Asking<'static> {
        Asking {
            login_url: "https://login.xero.com/",
            client_id: "AB&C",
            redirect_uri: "https://sync.example.com/xero/callback",
            scopes: "offline_access accounting.invoices",
            state: "st-1",
            verifier,
        }
    }

    #[test]
    fn the_address_carries_everything_encoded() {
        assert_eq!(
            authorize_url(&asking(None)),
            "https://login.xero.com/identity/connect/authorize?response_type=code&client_id=AB%26C\
             &redirect_uri=https%3A%2F%2Fsync.example.com%2Fxero%2Fcallback\
             &scope=offline_access%20accounting.invoices&state=st-1"
        );
    }

    #[test]
    fn a_challenge_is_sent_only_with_a_verifier_and_is_the_published_one() {
        // The example of RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        let url = authorize_url(&asking(Some(verifier)));
        assert!(
            url.ends_with("&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
        );
        assert!(!url.contains(verifier));
        assert_eq!(unguessable(&[0xff; 32]).len(), 43, "the shortest verifier there may be");
    }

    #[test]
    fn the_user_is_read_from_the_claims_if_there_are_any() {
        let token = |claims: &str| format!("e30.{}.c2ln", unguessable(claims.as_bytes()));
        assert_eq!(user_of(&token(r#"{"xero_userid":"u-1"}"#)), Some("u-1".into()));
        for other in [
            token("{}"),
            token("[1]"),
            token(r#"{"xero_userid":""}"#),
            "opaque".into(),
            "a.%.c".into(),
        ] {
            assert_eq!(user_of(&other), None, "{other}");
        }
    }

    #[test]
    fn ux_20_every_word_of_the_consent_page_has_its_own_next_step() {
        let known = [
            "access_denied",
            "invalid_scope",
            "unauthorized_client",
            "invalid_request",
            "server_error",
            "?",
        ];
        let mut said: Vec<_> = known.map(refusal_in_words).to_vec();
        said.sort_unstable();
        said.dedup();
        assert_eq!(said.len(), known.len());
    }
}
