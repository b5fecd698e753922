//! Tokens and connections.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::header::ACCEPT;

use super::api::{Code, Identity, TokenPair};
use super::client::{AppProof, XeroClient, answered};
use super::decode;
use super::outcome::{self, Asked};
use super::transport::{Part, Whole};
use crate::model::failure::Failure;
use crate::model::secret::{ExposeSecret, SecretString};
use crate::model::xero::XeroConnection;

impl Identity for XeroClient {
    fn refresh(&self, refresh_token: SecretString) -> BoxFuture<'static, Result<TokenPair, Failure>> {
        let client = self.clone();
        async move {
            if let AppProof::Custom { scopes, .. } = client.proof() {
                let form = [("grant_type", "client_credentials"), ("scope", scopes)];
                return custom_from(client.token(&form).await, refresh_token);
            }
            let form = [
                ("grant_type", "refresh_token"),
                ("refresh_token", refresh_token.expose_secret()),
            ];
            pair_from(client.token(&form).await)
        }
        .boxed()
    }

    fn redeem(&self, code: Code) -> BoxFuture<'static, Result<TokenPair, Failure>> {
        let client = self.clone();
        async move {
            let mut form = vec![
                ("grant_type", "authorization_code"),
                ("code", code.code.expose_secret()),
                ("redirect_uri", &code.redirect_uri),
            ];
            if let Some(verifier) = &code.verifier {
                form.push(("code_verifier", verifier.expose_secret()));
            }
            pair_from(client.token(&form).await)
        }
        .boxed()
    }

    fn revoke(&self, refresh_token: SecretString) -> BoxFuture<'static, Result<(), Failure>> {
        let client = self.clone();
        async move {
            let form = [("token", refresh_token.expose_secret())];
            answered(Asked::Token, client.posted("/connect/revocation", &form).await).map(drop)
        }
        .boxed()
    }

    fn connections(&self, access_token: SecretString) -> BoxFuture<'static, Result<Vec<XeroConnection>, Failure>> {
        let client = self.clone();
        async move {
            let request = client
                .sender(Asked::Connections)
                .get(client.api_url("/connections"))
                .bearer_auth(access_token.expose_secret())
                .header(ACCEPT, "application/json");
            connections_from(client.exchange(Asked::Connections, request).await)
        }
        .boxed()
    }

    fn disconnect(&self, access_token: SecretString, connection_id: String) -> BoxFuture<'static, Result<(), Failure>> {
        let client = self.clone();
        async move {
            let id = super::address::percent_encoded(&connection_id);
            let request = client
                .sender(Asked::Connections)
                .delete(client.api_url(&format!("/connections/{id}")))
                .bearer_auth(access_token.expose_secret())
                .header(ACCEPT, "application/json");
            match answered(Asked::Connections, client.exchange(Asked::Connections, request).await) {
                Ok(_ended) => Ok(()),
                Err(failure) if failure.status == Some(404) => Ok(()),
                Err(failure) => Err(failure),
            }
        }
        .boxed()
    }
}

impl XeroClient {
    async fn token(&self, form: &[(&str, &str)]) -> Result<Whole, Part> {
        self.posted("/connect/token", form).await
    }

    /// Posts a form to the identity server; an app without a secret only names itself.
    async fn posted(&self, path: &str, form: &[(&str, &str)]) -> Result<Whole, Part> {
        let request = self
            .sender(Asked::Token)
            .post(self.identity_url(path))
            .header(ACCEPT, "application/json");
        let request = match self.proof() {
            AppProof::Secret(secret) | AppProof::Custom { secret, .. } => request
                .basic_auth(self.client_id(), Some(secret.expose_secret()))
                .form(form),
            AppProof::Pkce => {
                let mut named = form.to_vec();
                named.push(("client_id", self.client_id()));
                request.form(&named)
            }
        };
        self.exchange(Asked::Token, request).await
    }
}

/// A custom connection's token comes without another one: it is asked for in the same way again.
fn custom_from(exchanged: Result<Whole, Part>, standing: SecretString) -> Result<TokenPair, Failure> {
    let answer = answered(Asked::Token, exchanged)?;
    decode::custom_token(&answer.body, standing)
        .map_err(|misread| outcome::of_misread(Asked::Token, answer.status, misread))
}

/// What one exchange with the token endpoint brought: also one that arrived in part or not.
///
/// # Errors
/// Why there is no pair.
pub fn pair_from(exchanged: Result<Whole, Part>) -> Result<TokenPair, Failure> {
    let answer = answered(Asked::Token, exchanged)?;
    decode::tokens(&answer.body).map_err(|misread| outcome::of_misread(Asked::Token, answer.status, misread))
}

/// What one exchange about `/connections` brought: also one that arrived in part or not.
///
/// # Errors
/// Why there is no list.
pub fn connections_from(exchanged: Result<Whole, Part>) -> Result<Vec<XeroConnection>, Failure> {
    let answer = answered(Asked::Connections, exchanged)?;
    decode::connections(&answer.body).map_err(|misread| outcome::of_misread(Asked::Connections, answer.status, misread))
}
