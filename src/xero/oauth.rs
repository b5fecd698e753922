//! Tokens and connections.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::header::ACCEPT;

use super::api::{Identity, TokenPair};
use super::client::XeroClient;
use super::decode;
use super::outcome::{self, Asked};
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
            let answer = client.answer(Asked::Token, request).await?;
            decode::tokens(&answer.body).map_err(|misread| outcome::of_misread(Asked::Token, answer.status, misread))
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
            let answer = client.answer(Asked::Connections, request).await?;
            decode::connections(&answer.body)
                .map_err(|misread| outcome::of_misread(Asked::Connections, answer.status, misread))
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
            match client.answer(Asked::Connections, request).await {
                Ok(_ended) => Ok(()),
                Err(failure) if failure.status == Some(404) => Ok(()),
                Err(failure) => Err(failure),
            }
        }
        .boxed()
    }
}
