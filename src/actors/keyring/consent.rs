//! What the keyring does when a person consents: the pair of a code is stored before anything else
//! is done with it, in the grant of the user if there is one.

use actix::{Context, Handler, Message, MessageResult, ResponseFuture};
use futures_util::FutureExt;
use std::collections::HashSet;
use tokio::sync::oneshot;

use super::actor::{Adopted, KeyringActor, keep_alive_ms};
use super::state::{Grant, Input};
use super::tokens::{Durable, NewPair};
use crate::model::ids::GrantId;
use crate::model::secret::SecretString;

/// Makes it durable that a code is about to be redeemed.
#[derive(Message)]
#[rtype(result = "Result<GrantId, String>")]
pub struct BeginRedeeming;

/// Takes the pair that a code was redeemed for.
#[derive(Message)]
#[rtype(result = "Result<Adopted, String>")]
pub struct Enrol {
    /// What was made durable before.
    pub mark: GrantId,
    /// The pair.
    pub pair: NewPair,
}

/// Says that a code was not redeemed, or that nobody knows.
#[derive(Message)]
#[rtype(result = "()")]
pub struct EndRedeeming {
    /// What was made durable before.
    pub mark: GrantId,
    /// Whether Xero may have redeemed it all the same.
    pub is_unsure: bool,
}

/// Asks for the refresh token of a grant, to end it.
#[derive(Message)]
#[rtype(result = "Option<SecretString>")]
pub struct Surrender(pub GrantId);

/// Asks whose consent a grant is.
#[derive(Message)]
#[rtype(result = "Option<String>")]
pub struct WhoseIs(pub GrantId);

/// Drops the grants that came from a consent and are none of these. Those that were handed over are
/// joined with the one of these that their user has.
#[derive(Message)]
#[rtype(result = "()")]
pub struct KeepOnly(pub HashSet<GrantId>);

impl Handler<BeginRedeeming> for KeyringActor {
    type Result = ResponseFuture<Result<GrantId, String>>;

    fn handle(&mut self, _message: BeginRedeeming, _ctx: &mut Context<Self>) -> Self::Result {
        let mark = self.fresh_id();
        let saved = match self.parts.sealer.seal(mark, &Durable::redeeming()) {
            Ok(row) => self.parts.store.save(row),
            Err(why) => std::future::ready(Err(why.to_string())).boxed(),
        };
        saved.map(move |saved| saved.map(|()| mark)).boxed_local()
    }
}

impl Handler<Enrol> for KeyringActor {
    type Result = ResponseFuture<Result<Adopted, String>>;

    fn handle(&mut self, Enrol { mark, pair }: Enrol, ctx: &mut Context<Self>) -> Self::Result {
        let known = pair.user.as_ref().and_then(|user| {
            let is_theirs = |(_, grant): &(&GrantId, &Grant)| grant.user().as_ref() == Some(user);
            self.grants.iter().find(is_theirs).map(|(id, _)| *id)
        });
        let (kept, waiting) = oneshot::channel();
        let id = known.unwrap_or(mark);
        self.keeping.entry(id).or_default().push(kept);
        let is_new = known.is_none();
        if is_new {
            let now = self.now();
            // Its row takes the place of the mark.
            let (grant, acts) = Grant::consented(now, pair, keep_alive_ms(id));
            self.grants.insert(id, grant);
            self.carry_out(id, acts, ctx);
        } else {
            self.feed(id, Input::Consented(pair), ctx);
        }
        let (store, is_unused) = (std::sync::Arc::clone(&self.parts.store), !is_new);
        async move {
            if !waiting.await.unwrap_or(false) {
                return Err("the store takes nothing".to_owned());
            }
            if is_unused {
                store.remove(mark).await?;
            }
            Ok(Adopted { grant: id, is_new })
        }
        .boxed_local()
    }
}

impl Handler<EndRedeeming> for KeyringActor {
    type Result = ();

    fn handle(&mut self, message: EndRedeeming, ctx: &mut Context<Self>) {
        if message.is_unsure {
            let ids: Vec<GrantId> = self.grants.keys().copied().collect();
            for id in ids {
                self.feed(id, Input::Doubted, ctx);
            }
        }
        self.forget(message.mark, ctx);
    }
}

impl Handler<Surrender> for KeyringActor {
    type Result = MessageResult<Surrender>;

    fn handle(&mut self, Surrender(id): Surrender, _ctx: &mut Context<Self>) -> Self::Result {
        let living = self.grants.get(&id).filter(|grant| !grant.is_dead());
        MessageResult(living.map(Grant::refresh_token))
    }
}

impl Handler<WhoseIs> for KeyringActor {
    type Result = Option<String>;

    fn handle(&mut self, WhoseIs(id): WhoseIs, _ctx: &mut Context<Self>) -> Self::Result {
        self.grants.get(&id).and_then(Grant::user)
    }
}

impl Handler<KeepOnly> for KeyringActor {
    type Result = ();

    fn handle(&mut self, KeepOnly(used): KeepOnly, ctx: &mut Context<Self>) {
        let is_left_over = |(id, grant): &(&GrantId, &Grant)| !used.contains(id) && !grant.was_handed_over();
        let left_over: Vec<GrantId> = self.grants.iter().filter(is_left_over).map(|(id, _)| *id).collect();
        self.join_left_over(&used, ctx);
        for id in left_over {
            tracing::info!(grant = %id, "a consent of which no organisation was chosen is dropped");
            self.forget(id, ctx);
        }
    }
}
