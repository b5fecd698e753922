//! The actor: what it holds, how it starts, wakes and ends.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix::{Actor, ActorContext, AsyncContext, Context, Message, Recipient, SpawnHandle};

use super::messages::Replier;
use super::perform::Waiting;
use crate::actors::control::Refused;
use crate::actors::ports::Ports;
use crate::engine::effect::{AskId, CallId};
use crate::engine::event::Event;
use crate::engine::tenant::{Saved, Setup, TenantMachine};
use crate::model::ids::TenantId;
use crate::model::row::{Operation, OperationState, Tenant};
use crate::model::time::Mono;
use crate::store::reader::{OperationQuery, Overlay, ReadError, View};
use crate::store::{Lane, Urgency};

/// Messages that may wait in a tenant's mailbox; more are refused as busy. A host with hundreds
/// of connections fits; a flood does not grow memory.
const MAILBOX_MESSAGES: usize = 1_024;
/// Longest sleep of the timer: guards against a clock that was moved.
const NAP_MAX_MS: u64 = 30_000;

/// Lanes of the writer are told apart by who opened them: a number no two actors share.
static GENERATION: AtomicU64 = AtomicU64::new(1);

/// Told to the supervisor when a tenant's actor has ended, however it ended.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Down {
    /// The tenant.
    pub tenant: TenantId,
    /// Whether its thread was unwinding: a defect.
    pub panicked: bool,
    /// Whether it was told to end.
    pub drained: bool,
}

/// Sends [`Down`] when it is dropped, also while unwinding.
pub(super) struct Guard {
    pub tenant: TenantId,
    pub drained: bool,
    pub down: Recipient<Down>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let down = Down { tenant: self.tenant, panicked: std::thread::panicking(), drained: self.drained };
        self.down.do_send(down);
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
    pub(super) calls: HashMap<CallId, Vec<crate::model::ids::InvoiceId>>,
    pub(super) draining: bool,
    /// It gave up: what its machine decides now must not be carried out.
    pub(super) is_over: bool,
    pub(super) guard: Guard,
    next_ask: u64,
    timer: Option<(Mono, SpawnHandle)>,
}

impl TenantActor {
    /// An actor with the open work the store has.
    ///
    /// # Errors
    /// In words, when the store cannot be read.
    pub fn load(ports: Arc<Ports>, tenant: Tenant, down: Recipient<Down>) -> Result<Self, String> {
        let id = tenant.id;
        let now = ports.clock.now();
        let reader = &ports.reader;
        let in_words = |error: ReadError| error.to_string();
        let saved = Saved {
            intents: reader.intents(id).map_err(in_words)?,
            batches: reader.batches(id).map_err(in_words)?,
            operations: open_operations(&ports, id).map_err(in_words)?,
            calls: reader.calls(id).map_err(in_words)?,
        };
        let mut seed = [0; 8];
        ports.entropy.fill(&mut seed);
        let setup = Setup {
            tenant,
            policy: ports.policy.get(),
            encode: Arc::clone(&ports.encode),
            boot_id: ports.clock.boot_id().into(),
            link_base: Arc::clone(&ports.link_base),
            seed: u64::from_be_bytes(seed),
        };
        let generation = GENERATION.fetch_add(1, Ordering::Relaxed);
        Ok(Self {
            tenant: id,
            machine: TenantMachine::restore(now, setup, saved),
            overlay: Overlay::default(),
            lane: Lane { id: id.to_bytes(), generation },
            submitted_seq: 0,
            durable_seq: 0,
            waiting: VecDeque::new(),
            asks: HashMap::new(),
            calls: HashMap::new(),
            draining: false,
            is_over: false,
            guard: Guard { tenant: id, drained: false, down },
            next_ask: 0,
            timer: None,
            ports,
        })
    }

    /// Gives the machine an event and has its effects carried out.
    pub(super) fn feed(&mut self, event: Event, urgency: Urgency, ctx: &mut Context<Self>) {
        if self.is_over {
            return;
        }
        let now = self.ports.clock.now();
        let effects = self.machine.handle(now, event);
        self.perform(effects, urgency, ctx);
        self.rearm(ctx);
        self.publish();
        self.stop_when_drained(ctx);
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
        for (_, reply) in self.asks.drain() {
            // A caller that went away needs no reply.
            let _gone = reply.send(Err(refusal.clone()));
        }
        self.waiting.clear();
        ctx.stop();
    }

    pub(super) fn stop_when_drained(&mut self, ctx: &mut Context<Self>) {
        if self.draining && !self.is_over && self.calls.is_empty() && self.durable_seq == self.submitted_seq {
            self.guard.drained = true;
            self.give_up(&Refused::Draining, ctx);
        }
    }

    fn rearm(&mut self, ctx: &mut Context<Self>) {
        let now = self.ports.clock.now();
        let wake = if self.draining { None } else { self.machine.next_wake(now) };
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

    fn publish(&self) {
        self.ports.board.set(self.tenant, self.machine.status(self.ports.clock.now()));
    }
}

/// Every operation of a tenant that has not ended.
fn open_operations(ports: &Ports, tenant: TenantId) -> Result<Vec<Operation>, ReadError> {
    let mut open = Vec::new();
    for state in [OperationState::Queued, OperationState::Running, OperationState::Waiting] {
        let mut after = None;
        loop {
            let query = OperationQuery { tenant: Some(tenant), state: Some(state), after, limit: usize::MAX };
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
