//! Tokens and connections.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::header::ACCEPT;

use super::api::{Identity, TokenPair};
use super::client::{XeroClient, answered};
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
            let form = [
                ("grant_type", "refresh_token"),
                ("refresh_token", refresh_token.expose_secret()),
            ];
            let request = client
                .sender(Asked::Token)
                .post(client.identity_url("/connect/token"))
                .basic_auth(client.client_id(), Some(client.client_secret()))
                .header(ACCEPT, "application/json")
                .form(&form);
            pair_from(client.exchange(Asked::Token, request).await)
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
