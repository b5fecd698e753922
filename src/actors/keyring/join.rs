//! One chain of tokens for each user. Xero keeps one for each user and app, so a token that was
//! handed over and turns out to be of a user who has a grant already is that chain, further on: its
//! pair goes into the grant that is there. Two grants of one chain would end each other.

use std::collections::HashSet;

use actix::{Context, Handler, Message, ResponseFuture};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use super::actor::{KeyringActor, no_such_grant};
use super::state::{Grant, Input, is_same};
use super::tokens::Durable;
use crate::model::ids::GrantId;
use crate::model::row::GrantRow;
use crate::model::secret::SecretString;

/// Puts a grant that no tenant names into the one that its user has besides, if there is one.
/// Tells which grant is left.
#[derive(Message)]
#[rtype(result = "Result<GrantId, String>")]
pub struct Join {
    /// The grant that came last.
    pub grant: GrantId,
    /// The grants that tenants name. They are preferred.
    pub used: HashSet<GrantId>,
}

/// A grant whose pair is on its way into another one.
pub struct Joining {
    gone: GrantId,
    refresh: SecretString,
}

impl Handler<Join> for KeyringActor {
    type Result = ResponseFuture<Result<GrantId, String>>;

    fn handle(&mut self, Join { grant, used }: Join, ctx: &mut Context<Self>) -> Self::Result {
        let Some(into) = self.other_of_user(grant, &used) else {
            return std::future::ready(Ok(grant)).boxed_local();
        };
        if !self.hand_on(grant, into, ctx) {
            return std::future::ready(Err("the grant is being renewed".to_owned())).boxed_local();
        }
        let (kept, waiting) = oneshot::channel();
        self.keeping.entry(into).or_default().push(kept);
        async move {
            match waiting.await {
                Ok(true) => Ok(into),
                _ => Err("the store takes nothing".to_owned()),
            }
        }
        .boxed_local()
    }
}

impl KeyringActor {
    /// The other grant of this one's user.
    fn other_of_user(&self, id: GrantId, used: &HashSet<GrantId>) -> Option<GrantId> {
        let user = self.grants.get(&id)?.user()?;
        let is_theirs = |(other, grant): &(&GrantId, &Grant)| **other != id && grant.user().as_ref() == Some(&user);
        let others = self.grants.iter().filter(is_theirs).map(|(other, _)| *other);
        others.min_by_key(|other| !used.contains(other))
    }

    /// Hands the pair of one grant to another one; `false` when it has none at hand. The first is
    /// not used any more from here on; its row goes in the very commit that stores its pair with the
    /// other.
    fn hand_on(&mut self, id: GrantId, into: GrantId, ctx: &mut Context<Self>) -> bool {
        let Some(grant) = self.grants.get(&id).filter(|grant| !grant.is_busy()) else {
            return false;
        };
        let held = grant.held();
        let Some(input) = Input::joined(self.now(), held) else {
            return false;
        };
        let (refresh, is_unsure) = (held.current.clone(), held.is_unsure);
        for waiter in self.grants.remove(&id).into_iter().flat_map(Grant::into_waiters) {
            self.answer(waiter, Err(no_such_grant()));
        }
        self.joining.insert(into, Joining { gone: id, refresh });
        tracing::info!(grant = %into, "a token that was handed over goes on in the grant that its user has");
        self.feed(into, input, ctx);
        if is_unsure {
            self.feed(into, Input::Doubted, ctx);
        }
        true
    }

    /// Grants of which the import was cut off before its tenants were stored, and whose user has one
    /// that tenants name: the later pair of the two goes on.
    pub(super) fn join_left_over(&mut self, used: &HashSet<GrantId>, ctx: &mut Context<Self>) {
        let is_left_over = |(id, grant): &(&GrantId, &Grant)| {
            !used.contains(id) && grant.was_handed_over() && grant.has_worked() && !self.keeping.contains_key(id)
        };
        let left_over: Vec<GrantId> = self.grants.iter().filter(is_left_over).map(|(id, _)| *id).collect();
        for id in left_over {
            let Some(into) = self.other_of_user(id, used).filter(|into| used.contains(into)) else {
                continue;
            };
            let made_at = |id| self.grants.get(&id).map(|grant| grant.held().refreshed_at);
            if made_at(id) >= made_at(into) {
                self.hand_on(id, into, ctx);
            } else {
                self.forget(id, ctx);
            }
        }
    }

    /// Stores a row; with it goes the row of a grant whose pair it holds. Tells whether one went.
    pub(super) fn store(&self, row: GrantRow, durable: &Durable) -> (BoxFuture<'static, Result<(), String>>, bool) {
        let joining = self.joining.get(&row.id);
        match joining.filter(|joining| is_same(&joining.refresh, &durable.current)) {
            Some(joining) => (self.parts.store.replace(row, joining.gone), true),
            None => (self.parts.store.save(row), false),
        }
    }

    /// Forgets what was to be joined with a grant that goes itself.
    pub(super) fn end_joining(&mut self, id: GrantId) -> Option<GrantId> {
        self.joining.remove(&id).map(|joining| joining.gone)
    }
}
