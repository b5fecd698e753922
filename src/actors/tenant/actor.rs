//! The actor: what it holds, how it starts, wakes and ends.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::{Actor, ActorContext, AsyncContext, Context, Message, Recipient, SpawnHandle};

use super::messages::Replier;
use super::perform::Waiting;
use super::rows;
use crate::actors::control::Refused;
use crate::actors::doorbell::Bell;
use crate::actors::lane::fresh_generation;
use crate::actors::ports::Ports;
use crate::engine::effect::{AskId, CallId, RowsWanted};
use crate::engine::event::Event;
use crate::engine::policy::Policy;
use crate::engine::tenant::{Saved, Setup, TenantMachine};
use crate::model::ids::TenantId;
use crate::model::row::{Operation, OperationState, Tenant};
use crate::model::time::Mono;
use crate::store::reader::{OperationQuery, Overlay, ReadError, View};
use crate::store::{Lane, Urgency};

/// Messages that may wait in a tenant's mailbox; more are refused as busy. A host with hundreds
/// of connections fits; a flood does not grow memory.
const MAILBOX_MESSAGES: usize = 1_024;
/// Open pushes from which on the status is not shown after every single event.
const LONG_QUEUE: usize = 500;
/// How often it is shown then.
const PUBLISH_EVERY_MS: u64 = 250;
/// Longest sleep of the timer: guards against a clock that was moved.
const NAP_MAX_MS: u64 = 30_000;

/// Told to the supervisor when a tenant's actor has ended, however it ended.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Down {
    /// The tenant.
    pub tenant: TenantId,
    /// Whether its thread was unwinding: a defect.
    pub panicked: bool,
}

/// Sends [`Down`] when it is dropped, also while unwinding.
pub(super) struct Guard {
    pub tenant: TenantId,
    pub down: Recipient<Down>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.down.do_send(Down {
            tenant: self.tenant,
            panicked: std::thread::panicking(),
        });
    }
}

/// One tenant's actor.
pub struct TenantActor {
    pub(super) tenant: TenantId,
    pub(super) machine: TenantMachine,
    pub(super) ports: Arc<Ports>,
    pub(super) overlay: Overlay,
    pub(super) lane: Lane,
    pub(super) submitted_seq: u64,
    pub(super) durable_seq: u64,
    pub(super) waiting: VecDeque<Waiting>,
    pub(super) asks: HashMap<AskId, Replier>,
    /// Calls under way, and the rows that go with their answers.
    pub(super) calls: HashMap<CallId, RowsWanted>,
    /// Set once it drains; calls that have not left by then do not leave any more.
    pub(super) draining: Arc<AtomicBool>,
    /// Whether an effect is being carried out.
    pub(super) is_running: bool,
    /// It gave up: what its machine decides now must not be carried out.
    pub(super) is_over: bool,
    /// Why it gave up, while commits it submitted before are still under way.
    pub(super) last_words: Option<Refused>,
    policy: Arc<Policy>,
    /// What webhooks told and it has not taken yet.
    pub(super) bell: Arc<Bell>,
    /// Tells the supervisor when it is dropped.
    _guard: Guard,
    next_ask: u64,
    timer: Option<(Mono, SpawnHandle)>,
    published: Mono,
}

impl TenantActor {
    /// An actor with the open work the store has.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn load(ports: Arc<Ports>, tenant: Tenant, down: Recipient<Down>) -> Result<Self, ReadError> {
        let id = tenant.id;
        let now = ports.clock.now();
        let reader = &ports.reader;
        let saved = Saved {
            intents: reader.intents(id)?,
            batches: reader.batches(id)?,
            operations: open_operations(&ports, id)?,
            calls: reader.calls(id)?,
            streams: reader.streams(id)?,
            scans: reader.scans(id)?,
            follow_ups: reader.follow_ups(id)?,
            jobs: reader.jobs(id)?,
            reconciled: reader.reconciled(id)?,
        };
        let mut seed = [0; 8];
        ports.entropy.fill(&mut seed);
        let policy = ports.policy.get();
        let bell = ports.porter.bell(id, tenant.xero_id);
        let setup = Setup {
            tenant,
            policy: Arc::clone(&policy),
            encode: Arc::clone(&ports.encode),
            boot_id: ports.clock.boot_id().into(),
            link_base: Arc::clone(&ports.link_base),
            seed: u64::from_be_bytes(seed),
        };
        Ok(Self {
            tenant: id,
            machine: TenantMachine::restore(now, setup, saved),
            overlay: Overlay::default(),
            lane: Lane {
                id: id.to_bytes(),
                generation: fresh_generation(),
            },
            submitted_seq: 0,
            durable_seq: 0,
            waiting: VecDeque::new(),
            asks: HashMap::new(),
            calls: HashMap::new(),
            draining: Arc::default(),
            is_running: false,
            is_over: false,
            last_words: None,
            policy,
            bell,
            _guard: Guard { tenant: id, down },
            next_ask: 0,
            timer: None,
            published: Mono(0),
            ports,
        })
    }

    /// Gives the machine an event and has its effects carried out.
    pub(super) fn feed(&mut self, event: Event, urgency: Urgency, ctx: &mut Context<Self>) {
        if self.is_over {
            return;
        }
        let now = self.ports.clock.now();
        let policy = self.ports.policy.get();
        if !Arc::ptr_eq(&policy, &self.policy) {
            self.machine.set_policy(Arc::clone(&policy));
            self.policy = policy;
        }
        let effects = self.machine.handle(now, event);
        self.perform(effects, urgency, ctx);
        self.rearm(ctx);
        self.publish();
        self.stop_when_drained(ctx);
        // Also when the message about it was lost: with the actor before this one, or in a start.
        self.answer_bell(ctx);
    }

    /// Hands over what webhooks told since it last looked, with the rows that is about.
    pub(super) fn answer_bell(&mut self, ctx: &mut Context<Self>) {
        if self.is_over || self.is_draining() {
            return;
        }
        if let Some(ring) = self.bell.take() {
            let rung = rows::rung(&self.view(), ring);
            self.read_then(rung, std::convert::identity, ctx);
        }
    }

    /// The rows as this tenant sees them.
    pub(super) fn view(&self) -> View<'_> {
        View::new(&self.overlay, &self.ports.reader, self.tenant)
    }

    /// Remembers who waits for a reply.
    pub(super) fn ask(&mut self, reply: Replier) -> AskId {
        self.next_ask = self.next_ask.saturating_add(1);
        let ask = AskId(self.next_ask);
        self.asks.insert(ask, reply);
        ask
    }

    /// Ends the actor; whoever waits is told why. The supervisor starts it again from the store.
    pub(super) fn give_up(&mut self, refusal: &Refused, ctx: &mut Context<Self>) {
        self.is_over = true;
        self.last_words = None;
        for (_, reply) in self.asks.drain() {
            // A caller that went away needs no reply.
            let _gone = reply.send(Err(refusal.clone()));
        }
        self.waiting.clear();
        ctx.stop();
    }

    /// Ends the actor once the commits under way are settled, so that whoever waits for one of them
    /// is told how it ended; the others are told `refusal`.
    pub(super) fn give_up_when_settled(&mut self, refusal: Refused, ctx: &mut Context<Self>) {
        self.is_over = true;
        self.last_words = Some(refusal);
        self.say_last_words(ctx);
    }

    pub(super) fn say_last_words(&mut self, ctx: &mut Context<Self>) {
        if self.durable_seq == self.submitted_seq
            && !self.is_running
            && let Some(refusal) = self.last_words.take()
        {
            self.give_up(&refusal, ctx);
        }
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(super) fn stop_when_drained(&mut self, ctx: &mut Context<Self>) {
        let is_settled = self.durable_seq == self.submitted_seq && self.waiting.is_empty();
        if self.is_draining() && !self.is_over && self.calls.is_empty() && is_settled {
            self.give_up(&Refused::Draining, ctx);
        }
    }

    fn rearm(&mut self, ctx: &mut Context<Self>) {
        let now = self.ports.clock.now();
        let wake = if self.is_draining() {
            None
        } else {
            self.machine.next_wake(now)
        };
        match (wake, self.timer) {
            (Some(wake), Some((armed, _))) if wake == armed => return,
            (_, Some((_, handle))) => {
                ctx.cancel_future(handle);
                self.timer = None;
            }
            (_, None) => {}
        }
        if let Some(wake) = wake {
            let nap_ms = wake.since_ms(now.mono).clamp(1, NAP_MAX_MS);
            let handle = ctx.run_later(Duration::from_millis(nap_ms), |actor, ctx| {
                actor.timer = None;
                actor.feed(Event::Woken, Urgency::Result, ctx);
            });
            self.timer = Some((wake, handle));
        }
    }

    /// Shows how the tenant stands. It walks all open work, so a long queue is shown less often:
    /// what is left out is shown at the next event or wake.
    fn publish(&mut self) {
        let now = self.ports.clock.now();
        let is_long = self.machine.open_count() > LONG_QUEUE;
        if is_long && now.mono.since_ms(self.published) < PUBLISH_EVERY_MS {
            return;
        }
        self.published = now.mono;
        self.ports.board.set(self.tenant, self.machine.status(now));
    }
}

/// Every operation of a tenant that has not ended.
fn open_operations(ports: &Ports, tenant: TenantId) -> Result<Vec<Operation>, ReadError> {
    let mut open = Vec::new();
    for state in [OperationState::Queued, OperationState::Running, OperationState::Waiting] {
        let mut after = None;
        loop {
            let query = OperationQuery {
                tenant: Some(tenant),
                state: Some(state),
                after,
                limit: usize::MAX,
            };
            let page = ports.reader.operations(&query)?;
            open.extend(page.operations);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(open)
}

impl Actor for TenantActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_MESSAGES);
        self.feed(Event::Woken, Urgency::Result, ctx);
    }
}
