//! What the rest of the daemon holds of the keyring.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, ArbiterHandle};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::actor::{Adopt, Adopted, Bereaved, Borrow, Forget, Invalidate, IsBusy, KeyringActor, TellDeaths};
use super::consent::{BeginRedeeming, EndRedeeming, Enrol, KeepOnly, Surrender, WhoseIs};
use super::join::Join;
use super::port::GrantStore;
use super::seal::{SealError, Sealer};
use super::tokens::NewPair;
use crate::model::failure::{Failure, FailureKind, Received, Remedy};
use crate::model::ids::GrantId;
use crate::model::secret::SecretString;
use crate::model::time::{Clock, Entropy, Timestamp};
use crate::model::xero::XeroConnection;
use crate::xero::api::{Code, Identity};

/// How often a keyring that is to rest is looked at.
const REST_POLL: Duration = Duration::from_millis(20);

/// A token on loan.
#[derive(Debug, Clone)]
pub struct Borrowed {
    /// The access token.
    pub token: SecretString,
    /// When it expires, wall clock.
    pub expires_at: Timestamp,
}

/// What the keyring works with.
pub struct KeyringParts {
    /// Where grants are kept.
    pub store: Arc<dyn GrantStore>,
    /// Xero's token endpoint.
    pub identity: Arc<dyn Identity>,
    /// The wall clock tells when tokens expire.
    pub clock: Arc<dyn Clock>,
    /// For nonces and ids.
    pub entropy: Arc<dyn Entropy>,
    /// Seals grants at rest.
    pub sealer: Sealer,
}

/// Why the keyring did not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// The rows could not be read.
    #[error("the grants could not be read: {0}")]
    Store(String),
    /// A row does not open. Starting without it would ask every customer to reconnect.
    #[error("the grant {grant} cannot be opened: {why}")]
    CannotOpen {
        /// Which.
        grant: GrantId,
        /// Why.
        why: SealError,
    },
}

/// The keyring. Cheap to clone; every method may be called from any thread.
#[derive(Clone)]
pub struct Keyring {
    actor: Addr<KeyringActor>,
    identity: Arc<dyn Identity>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring")
    }
}

impl Keyring {
    /// Reads and opens every stored grant and starts the actor on the arbiter. No call is made.
    ///
    /// # Errors
    /// When a row cannot be read or opened.
    pub async fn start(arbiter: &ArbiterHandle, parts: KeyringParts) -> Result<Self, KeyringError> {
        let rows = parts.store.load_all().await.map_err(KeyringError::Store)?;
        let mut grants = Vec::with_capacity(rows.len());
        for row in rows {
            let opened = parts.sealer.open(&row);
            let durable = opened.map_err(|why| KeyringError::CannotOpen { grant: row.id, why })?;
            grants.push((row.id, durable));
        }
        let identity = Arc::clone(&parts.identity);
        let actor = KeyringActor::start_in_arbiter(arbiter, move |_| KeyringActor::new(parts, grants));
        Ok(Self { actor, identity })
    }

    /// A token that lives at least a minute more (less only while renewing fails). Waits for a
    /// refresh that is under way; starts one if needed.
    ///
    /// # Errors
    /// `GrantRejected` when somebody must reconnect; else why the refresh failed.
    pub fn borrow(&self, grant: GrantId) -> BoxFuture<'static, Result<Borrowed, Failure>> {
        let sent = self.actor.send(Borrow(grant));
        async move { sent.await.unwrap_or_else(|_closed| Err(stopped())) }.boxed()
    }

    /// Says that Xero answered 401 to a token. Ignored unless it is the grant's current one.
    pub fn invalidate(&self, grant: GrantId, token: SecretString) {
        self.actor.do_send(Invalidate(grant, token));
    }

    /// Takes over a refresh token and tells which organisations it reaches. A token the keyring
    /// already holds, held last or was once given names the grant it belongs to, so a repeated
    /// adoption does not start a second chain.
    ///
    /// # Errors
    /// `GrantRejected` when Xero refuses the token: then nothing is kept of it.
    pub fn adopt(
        &self,
        refresh_token: SecretString,
    ) -> BoxFuture<'static, Result<(GrantId, Vec<XeroConnection>), Failure>> {
        let keyring = self.clone();
        async move {
            let sent = keyring.actor.send(Adopt(refresh_token)).await;
            let Adopted { grant, is_new } = sent.map_err(|_closed| stopped())?;
            let listed = keyring.connections(grant).await;
            if is_new && matches!(&listed, Err(failure) if failure.kind == FailureKind::GrantRejected) {
                keyring.actor.do_send(Forget(grant));
            }
            Ok((grant, listed?))
        }
        .boxed()
    }

    /// Redeems a code and keeps what comes of it: in the grant of the user if there is one, for Xero
    /// keeps one chain of tokens for each user; else in a new one. The pair is durable when this ends
    /// well. Tells the grant, and whether it is new.
    ///
    /// # Errors
    /// `GrantRejected` when Xero does not take the code; else why it failed. A code works once, so it
    /// is never tried again.
    pub fn redeem(&self, code: Code) -> BoxFuture<'static, Result<(GrantId, bool), Failure>> {
        let keyring = self.clone();
        async move {
            let begun = keyring.actor.send(BeginRedeeming).await.map_err(|_closed| stopped())?;
            let mark = begun.map_err(|why| unstored(&why))?;
            let pair = match keyring.identity.redeem(code).await {
                Ok(pair) => pair,
                Err(failure) => {
                    let is_unsure = matches!(failure.received, Received::Unknown | Received::UnknownAnswered);
                    keyring.actor.do_send(EndRedeeming { mark, is_unsure });
                    return Err(failure);
                }
            };
            let pair = NewPair {
                access: pair.access,
                refresh: pair.refresh,
                expires_in_s: pair.expires_in_s,
                user: pair.user,
            };
            let enrolled = keyring.actor.send(Enrol { mark, pair }).await;
            let Adopted { grant, is_new } = enrolled.map_err(|_closed| stopped())?.map_err(|why| unstored(&why))?;
            Ok((grant, is_new))
        }
        .boxed()
    }

    /// Ends a grant at Xero, with every connection of its user to the app, and drops it here. One
    /// that is dead is only dropped.
    ///
    /// # Errors
    /// Why Xero could not be told; then it is kept.
    pub fn revoke(&self, grant: GrantId) -> BoxFuture<'static, Result<(), Failure>> {
        let keyring = self.clone();
        async move {
            let held = keyring
                .actor
                .send(Surrender(grant))
                .await
                .map_err(|_closed| stopped())?;
            if let Some(token) = held {
                keyring.identity.revoke(token).await?;
            }
            keyring.forget(grant);
            Ok(())
        }
        .boxed()
    }

    /// Puts a grant that was adopted, and that no tenant names, into the one its user has besides, if
    /// there is one: Xero keeps one chain of tokens for each user. Tells which grant is left, once
    /// that is durable.
    ///
    /// # Errors
    /// The store takes nothing. The pair is kept and stored later; adopting again finds it.
    pub fn join(&self, grant: GrantId, used: HashSet<GrantId>) -> BoxFuture<'static, Result<GrantId, Failure>> {
        let sent = self.actor.send(Join { grant, used });
        async move { sent.await.map_err(|_closed| stopped())?.map_err(|why| unstored(&why)) }.boxed()
    }

    /// Whose consent a grant is, where Xero said so: Xero's id of the user.
    pub async fn user(&self, grant: GrantId) -> Option<String> {
        self.actor.send(WhoseIs(grant)).await.ok().flatten()
    }

    /// Drops grants that came from a consent and are none of these, of which nobody chose an
    /// organisation, and joins those of users who have one of these.
    pub fn keep_only(&self, used: HashSet<GrantId>) {
        self.actor.do_send(KeepOnly(used));
    }

    /// The organisations a grant reaches.
    ///
    /// # Errors
    /// As [`Self::borrow`], or why the list could not be read.
    pub fn connections(&self, grant: GrantId) -> BoxFuture<'static, Result<Vec<XeroConnection>, Failure>> {
        let keyring = self.clone();
        async move {
            let borrowed = keyring.borrow(grant).await?;
            let listed = keyring.identity.connections(borrowed.token.clone()).await;
            match listed {
                Err(failure) if failure.kind == FailureKind::TokenRejected => {
                    keyring.invalidate(grant, borrowed.token);
                    let renewed = keyring.borrow(grant).await?;
                    keyring.identity.connections(renewed.token).await
                }
                listed => listed,
            }
        }
        .boxed()
    }

    /// Ends one connection at Xero, named by its own id.
    ///
    /// # Errors
    /// As [`Self::borrow`], or why it could not be ended.
    pub fn disconnect(&self, grant: GrantId, connection_id: String) -> BoxFuture<'static, Result<(), Failure>> {
        let keyring = self.clone();
        async move {
            let borrowed = keyring.borrow(grant).await?;
            keyring.identity.disconnect(borrowed.token, connection_id).await
        }
        .boxed()
    }

    /// Names who is told of every grant that dies from now on, and of those that are dead. Whoever
    /// borrows learns it anyway; this is for those who need no token for a while.
    pub fn tell_deaths(&self, to: Bereaved) {
        self.actor.do_send(TellDeaths(to));
    }

    /// Whether its actor runs. Without it no call can be made, and only a restart brings it back.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.actor.connected()
    }

    /// Waits until no grant is being refreshed or saved. A stop in the middle would leave the only
    /// good token with Xero, which takes the one before it for 30 minutes more.
    pub async fn rest(&self) {
        while self.actor.send(IsBusy).await.unwrap_or(false) {
            tokio::time::sleep(REST_POLL).await;
        }
    }

    /// Drops a grant no tenant uses any more. Xero is not told.
    pub fn forget(&self, grant: GrantId) {
        self.actor.do_send(Forget(grant));
    }
}

fn unstored(why: &str) -> Failure {
    Failure {
        message: format!("the consent could not be stored: {why}"),
        ..stopped()
    }
}

fn stopped() -> Failure {
    Failure {
        kind: FailureKind::Unavailable,
        remedy: Remedy::RetryWithBackoff,
        received: Received::No,
        status: None,
        message: "the keyring has stopped".to_owned(),
        validation: Vec::new(),
    }
}
