//! The shell around the grants' state machines: carries out what they ask for.

use std::collections::{BTreeMap, HashMap};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use actix::{
    Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, MessageResult, Recipient, ResponseFuture,
    WrapFuture,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use super::handle::{Borrowed, KeyringParts};
use super::join::Joining;
use super::state::{Act, Grant, Input, KEEP_ALIVE_MS, WaiterId};
use super::tokens::{Access, Durable, NewPair};
use crate::model::failure::{Failure, FailureKind, Received, Remedy};
use crate::model::ids::GrantId;
use crate::model::mutation::{Rule, is_broken};
use crate::model::secret::SecretString;
use crate::model::time::Now;

/// How often idle grants are looked at.
const IDLE_CHECK: Duration = Duration::from_secs(60 * 60);
/// Over how long the refreshes of idle grants are spread: a day.
const IDLE_SPREAD_MS: u128 = 24 * 60 * 60 * 1_000;
/// Messages that may wait.
const MAILBOX_CAPACITY: usize = 4_096;

/// Asks for a token.
#[derive(Message)]
#[rtype(result = "Result<Borrowed, Failure>")]
pub struct Borrow(pub GrantId);

/// Says that a token was refused.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Invalidate(pub GrantId, pub SecretString);

/// Hands over a refresh token.
#[derive(Message)]
#[rtype(result = "Adopted")]
pub struct Adopt(pub SecretString);

/// The grant a refresh token belongs to.
pub struct Adopted {
    /// Which.
    pub grant: GrantId,
    /// Whether it was unknown until now.
    pub is_new: bool,
}

/// Drops a grant.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Forget(pub GrantId);

/// Asks whether a refresh or a save is under way.
#[derive(Message)]
#[rtype(result = "bool")]
pub struct IsBusy;

/// Names who is to be told of grants that die.
#[derive(Message)]
#[rtype(result = "()")]
pub struct TellDeaths(pub Bereaved);

/// To the supervisor: Xero refuses every token of this grant.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct GrantDied(pub GrantId);

/// A grant that was dead works again: its user consented anew.
#[derive(Message)]
#[rtype(result = "()")]
pub struct GrantRevived(pub GrantId);

/// Who is told of deaths, and of deaths that are over.
#[derive(Clone)]
pub struct Bereaved {
    /// Of deaths.
    pub died: Recipient<GrantDied>,
    /// Of those that are over.
    pub revived: Recipient<GrantRevived>,
}

impl Bereaved {
    /// An actor that listens to both.
    #[must_use]
    pub fn new<A: Actor<Context = Context<A>> + Handler<GrantDied> + Handler<GrantRevived>>(listens: &Addr<A>) -> Self {
        Self {
            died: listens.clone().recipient(),
            revived: listens.clone().recipient(),
        }
    }
}

/// The owner of all grants.
pub struct KeyringActor {
    pub(super) parts: KeyringParts,
    bereaved: Option<Bereaved>,
    pub(super) grants: BTreeMap<GrantId, Grant>,
    /// Those who wait until the pair of a new consent is durable.
    pub(super) keeping: HashMap<GrantId, Vec<oneshot::Sender<bool>>>,
    /// Grants whose pair is on its way into another one, by that other one.
    pub(super) joining: HashMap<GrantId, Joining>,
    /// Marks that the process before this one left: a code was being redeemed when it ended.
    left_marks: Vec<GrantId>,
    waiting: HashMap<WaiterId, oneshot::Sender<Result<Access, Failure>>>,
    last_waiter: u64,
}

impl KeyringActor {
    /// An actor that owns these grants.
    pub fn new(parts: KeyringParts, stored: Vec<(GrantId, Durable)>) -> Self {
        let now = parts.clock.now();
        let (marks, stored): (Vec<_>, Vec<_>) = stored.into_iter().partition(|(_, durable)| durable.is_redeeming());
        let grants = stored
            .into_iter()
            .map(|(id, mut durable)| {
                // Whose code it was is not known, so every chain may have gone on unheard.
                durable.is_unsure |= !marks.is_empty();
                (id, Grant::stored(now, durable, keep_alive_ms(id)))
            })
            .collect();
        Self {
            parts,
            bereaved: None,
            grants,
            keeping: HashMap::new(),
            joining: HashMap::new(),
            left_marks: marks.into_iter().map(|(id, _)| id).collect(),
            waiting: HashMap::new(),
            last_waiter: 0,
        }
    }

    pub(super) fn feed(&mut self, id: GrantId, input: Input, ctx: &mut Context<Self>) {
        let now = self.now();
        if let Some(grant) = self.grants.get_mut(&id) {
            let was_dead = grant.is_dead();
            let acts = grant.handle(now, input);
            let has_died = grant.is_dead() && !was_dead;
            let has_revived = was_dead && !grant.is_dead();
            let is_nobodys = !grant.has_worked();
            self.carry_out(id, acts, ctx);
            if has_died && is_nobodys {
                self.forget(id, ctx);
            } else if has_died {
                tracing::warn!(grant = %id, "xero refuses this grant; its organisations must be reconnected");
                self.tell_death(id);
            } else if has_revived && let Some(bereaved) = &self.bereaved {
                bereaved.revived.do_send(GrantRevived(id));
            }
        }
    }

    fn tell_death(&self, id: GrantId) {
        if let Some(bereaved) = &self.bereaved
            && !is_broken(Rule::DeathTold)
        {
            bereaved.died.do_send(GrantDied(id));
        }
    }

    fn wake_all(&mut self, ctx: &mut Context<Self>) {
        let ids: Vec<GrantId> = self.grants.keys().copied().collect();
        for id in ids {
            self.feed(id, Input::Woken, ctx);
        }
    }

    pub(super) fn carry_out(&mut self, id: GrantId, acts: Vec<Act>, ctx: &mut Context<Self>) {
        for act in acts {
            match act {
                Act::Refresh(token) => self.refresh(id, token, ctx),
                Act::Save(durable) => self.save(id, &durable, ctx),
                Act::Answer(waiter, result) => self.answer(waiter, result),
                Act::Kept(is_kept) => self.tell_kept(id, is_kept),
                Act::WakeAfter(delay_ms) => {
                    ctx.run_later(Duration::from_millis(delay_ms), move |actor, ctx| {
                        actor.feed(id, Input::Woken, ctx);
                    });
                }
            }
        }
    }

    fn refresh(&self, id: GrantId, token: SecretString, ctx: &mut Context<Self>) {
        let call = self.parts.identity.refresh(token);
        let call = AssertUnwindSafe(call).catch_unwind().map(|ended| {
            let pair = ended.unwrap_or_else(|_panic| Err(panicked("the refresh")))?;
            Ok(NewPair {
                access: pair.access,
                refresh: pair.refresh,
                expires_in_s: pair.expires_in_s,
                user: pair.user,
            })
        });
        ctx.spawn(call.into_actor(self).map(move |result, actor, ctx| {
            actor.feed(id, Input::Refreshed(result), ctx);
        }));
    }

    fn save(&self, id: GrantId, durable: &Durable, ctx: &mut Context<Self>) {
        let (save, is_joined): (BoxFuture<'static, Result<(), String>>, bool) =
            match self.parts.sealer.seal(id, durable) {
                Ok(row) => self.store(row, durable),
                Err(why) => (std::future::ready(Err(why.to_string())).boxed(), false),
            };
        let save = AssertUnwindSafe(save)
            .catch_unwind()
            .map(|ended| ended.unwrap_or_else(|_panic| Err("the save panicked".to_owned())));
        ctx.spawn(save.into_actor(self).map(move |result, actor, ctx| {
            if is_joined && result.is_ok() {
                actor.end_joining(id);
            }
            if let Err(why) = &result {
                tracing::error!(grant = %id, why, "a renewed grant could not be stored");
            }
            actor.feed(id, Input::Saved(result), ctx);
        }));
    }

    pub(super) fn answer(&mut self, waiter: WaiterId, result: Result<Access, Failure>) {
        if let Some(sender) = self.waiting.remove(&waiter) {
            // Who has gone meanwhile needs no token.
            drop(sender.send(result));
        }
    }

    fn tell_kept(&mut self, id: GrantId, is_kept: bool) {
        for waiting in self.keeping.remove(&id).into_iter().flatten() {
            // Who has gone meanwhile asks again.
            let _gone = waiting.send(is_kept);
        }
    }

    pub(super) fn now(&self) -> Now {
        self.parts.clock.now()
    }

    pub(super) fn fresh_id(&self) -> GrantId {
        let made_at_ms = u64::try_from(self.now().wall.0).unwrap_or(0);
        GrantId::from_parts(made_at_ms, self.parts.entropy.random_u128())
    }
}

impl Actor for KeyringActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_CAPACITY);
        // What the process before this one may have left unheard cannot wait.
        self.wake_all(ctx);
        for mark in std::mem::take(&mut self.left_marks) {
            tracing::warn!("a consent was cut off before it was stored; whoever gave it has to connect again");
            self.forget(mark, ctx);
        }
        ctx.run_interval(IDLE_CHECK, Self::wake_all);
    }
}

impl Handler<Borrow> for KeyringActor {
    type Result = ResponseFuture<Result<Borrowed, Failure>>;

    fn handle(&mut self, Borrow(id): Borrow, ctx: &mut Self::Context) -> Self::Result {
        if !self.grants.contains_key(&id) {
            return std::future::ready(Err(no_such_grant())).boxed_local();
        }
        self.last_waiter = self.last_waiter.wrapping_add(1);
        let waiter = WaiterId(self.last_waiter);
        let (sender, receiver) = oneshot::channel();
        self.waiting.insert(waiter, sender);
        self.feed(id, Input::Borrow(waiter), ctx);
        let answer = receiver.map(|answer| {
            let access = answer.unwrap_or_else(|_dropped| Err(no_such_grant()))?;
            Ok(Borrowed {
                token: access.token,
                expires_at: access.expires_at,
            })
        });
        answer.boxed_local()
    }
}

impl Handler<Invalidate> for KeyringActor {
    type Result = ();

    fn handle(&mut self, Invalidate(id, token): Invalidate, ctx: &mut Self::Context) {
        self.feed(id, Input::Invalidate(token), ctx);
    }
}

impl Handler<Adopt> for KeyringActor {
    type Result = MessageResult<Adopt>;

    fn handle(&mut self, Adopt(token): Adopt, ctx: &mut Self::Context) -> Self::Result {
        let knows = |(id, grant): (&GrantId, &Grant)| (!grant.is_dead() && grant.knows(&token)).then_some(*id);
        if let Some(grant) = self.grants.iter().find_map(knows) {
            return MessageResult(Adopted { grant, is_new: false });
        }
        let now = self.now();
        let id = self.fresh_id();
        let (grant, acts) = Grant::adopted(now, token, keep_alive_ms(id));
        self.grants.insert(id, grant);
        self.carry_out(id, acts, ctx);
        MessageResult(Adopted {
            grant: id,
            is_new: true,
        })
    }
}

impl Handler<TellDeaths> for KeyringActor {
    type Result = ();

    fn handle(&mut self, TellDeaths(bereaved): TellDeaths, _ctx: &mut Self::Context) {
        self.bereaved = Some(bereaved);
        // Those that died before anybody listened.
        let dead = self.grants.iter().filter(|(_, grant)| grant.is_dead());
        dead.for_each(|(id, _)| self.tell_death(*id));
    }
}

impl Handler<IsBusy> for KeyringActor {
    type Result = bool;

    fn handle(&mut self, _message: IsBusy, _ctx: &mut Self::Context) -> Self::Result {
        self.grants.values().any(Grant::is_busy)
    }
}

impl Handler<Forget> for KeyringActor {
    type Result = ();

    fn handle(&mut self, Forget(id): Forget, ctx: &mut Self::Context) {
        self.forget(id, ctx);
    }
}

impl KeyringActor {
    pub(super) fn forget(&mut self, id: GrantId, ctx: &mut Context<Self>) {
        let dropped = self.grants.remove(&id);
        for waiter in dropped.into_iter().flat_map(Grant::into_waiters) {
            self.answer(waiter, Err(no_such_grant()));
        }
        // What was to go on in it goes with it.
        for gone in [Some(id), self.end_joining(id)].into_iter().flatten() {
            self.drop_row(gone, ctx);
        }
    }

    fn drop_row(&self, id: GrantId, ctx: &mut Context<Self>) {
        let removal = self.parts.store.remove(id);
        ctx.spawn(removal.into_actor(self).map(move |result, _, _| {
            if let Err(why) = result {
                tracing::warn!(grant = %id, why, "an unused grant could not be dropped");
            }
        }));
    }
}

/// Seven days less up to one, by the random bits of the id, so that grants adopted together are
/// not refreshed together.
pub(super) fn keep_alive_ms(id: GrantId) -> i64 {
    let spread = u128::from_be_bytes(id.to_bytes()) % IDLE_SPREAD_MS;
    KEEP_ALIVE_MS - i64::try_from(spread).unwrap_or(0)
}

pub(super) fn no_such_grant() -> Failure {
    Failure {
        kind: FailureKind::GrantRejected,
        remedy: Remedy::Reconnect,
        received: Received::No,
        status: None,
        message: "the grant is not known".to_owned(),
        validation: Vec::new(),
    }
}

fn panicked(what: &str) -> Failure {
    Failure {
        kind: FailureKind::Unavailable,
        remedy: Remedy::RetryWithBackoff,
        received: Received::Unknown,
        status: None,
        message: format!("{what} panicked"),
        validation: Vec::new(),
    }
}
