//! Carries out effects in order. There is no choice in here but the kind of the effect.

use actix::{AsyncContext, Context, Message};

use super::actor::TenantActor;
use super::rows;
use crate::actors::control::Refused;
use crate::engine::effect::{Effect, LoadId, Notice};
use crate::engine::event::Event;
use crate::model::ids::InvoiceId;
use crate::model::mutation::{Rule, is_broken};
use crate::model::reason::ReasonCode;
use crate::model::write::Write;
use crate::store::reader::ReadError;
use crate::store::rows::batch;
use crate::store::{StoreError, Urgency};

/// Rows a release is fed at a time.
const RELEASE_ROWS: usize = 500;
/// Rows a walk over linked invoices is fed at a time.
const LINKED_ROWS: usize = 500;

/// An effect that waits until everything up to `after_seq` is durable.
pub(super) struct Waiting {
    after_seq: u64,
    effect: Effect,
}

/// From the storage thread: a batch was committed, or not.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Committed {
    seq: u64,
    result: Result<(), StoreError>,
}

impl TenantActor {
    /// Submits the persists of a list at once and in order; everything else waits in line until all
    /// persists before it are durable.
    pub(super) fn perform(&mut self, effects: Vec<Effect>, urgency: Urgency, ctx: &mut Context<Self>) {
        for effect in effects {
            if self.is_over {
                return;
            }
            match effect {
                Effect::Persist(writes) if writes.is_empty() => {}
                Effect::Persist(writes) => self.persist(writes, urgency, ctx),
                effect => self.waiting.push_back(Waiting {
                    after_seq: self.submitted_seq,
                    effect,
                }),
            }
        }
        self.run_ready(ctx);
    }

    /// Carries out what need not wait, one effect after the other. An effect may bring an event,
    /// whose own list then joins the line: it must not overtake what was decided before it.
    fn run_ready(&mut self, ctx: &mut Context<Self>) {
        if self.is_running {
            return;
        }
        self.is_running = true;
        while self
            .waiting
            .front()
            .is_some_and(|waiting| waiting.after_seq <= self.durable_seq || is_broken(Rule::EffectsWait))
        {
            let Some(Waiting { effect, .. }) = self.waiting.pop_front() else {
                break;
            };
            // Of a machine that is not believed any more, only what is durable already is told.
            if !self.is_over || matches!(effect, Effect::Reply(..) | Effect::Announce(_)) {
                self.run(effect, ctx);
            }
        }
        self.is_running = false;
        self.say_last_words(ctx);
    }

    fn persist(&mut self, writes: Vec<Write>, urgency: Urgency, ctx: &mut Context<Self>) {
        let seq = self.submitted_seq.saturating_add(1);
        let addr = ctx.address();
        let submitted = batch(&writes, urgency)
            .map_err(|error| Refused::Store(error.to_string()))
            .and_then(|batch| {
                let ack = move |result: Result<_, StoreError>| {
                    addr.do_send(Committed {
                        seq,
                        result: result.map(|_| ()),
                    })
                };
                self.ports
                    .writer
                    .submit(self.lane, batch, ack)
                    .map_err(|error| refusal(&error))
            });
        match submitted {
            Ok(()) => {
                self.submitted_seq = seq;
                self.overlay.submitted(seq, writes);
            }
            Err(refusal) => {
                self.ports.intake.close(&refusal, self.ports.clock.now().mono);
                tracing::warn!(tenant = %self.tenant, why = %refusal, "a change could not be handed to the store; the tenant starts again");
                self.give_up_when_settled(refusal, ctx);
            }
        }
    }

    pub(super) fn committed(&mut self, message: Committed, ctx: &mut Context<Self>) {
        if self.is_over && self.last_words.is_none() {
            return;
        }
        if let Err(error) = message.result
            && !is_broken(Rule::MemoryEnds)
        {
            tracing::warn!(tenant = %self.tenant, %error, "a change was not stored; the tenant starts again");
            let refusal = refusal(&error);
            self.ports.intake.close(&refusal, self.ports.clock.now().mono);
            self.give_up(&refusal, ctx);
            return;
        }
        self.durable_seq = self.durable_seq.max(message.seq);
        self.overlay.acknowledged(message.seq);
        self.run_ready(ctx);
        self.stop_when_drained(ctx);
    }

    fn run(&mut self, effect: Effect, ctx: &mut Context<Self>) {
        match effect {
            Effect::Persist(writes) => self.persist(writes, Urgency::Result, ctx),
            Effect::Load { load, invoices } => self.load_contexts(load, &invoices, ctx),
            Effect::LoadRows { load, invoices } => {
                let rows = rows::invoices(&self.view(), &invoices);
                self.read_then(rows, |rows| Event::RowsLoaded { load, rows }, ctx);
            }
            Effect::LoadFollowUps { load, invoices } => {
                let rows = rows::follows(&self.view(), &invoices);
                self.read_then(rows, |rows| Event::FollowUpsLoaded { load, rows }, ctx);
            }
            Effect::LoadLinked { load, after } => {
                let rows = self.view().linked_after(after, LINKED_ROWS);
                self.read_then(rows, |rows| Event::LinkedLoaded { load, rows }, ctx);
            }
            Effect::LoadFailed { code, subject, after } => self.load_failed(code, subject, after, ctx),
            Effect::Call(call) => self.call_xero(call, ctx),
            Effect::CheckConnection => self.check_connection(ctx),
            Effect::Reply(ask, reply) => {
                if let Some(waiting) = self.asks.remove(&ask) {
                    // A caller that went away needs no reply.
                    let _gone = waiting.send(Ok(reply));
                }
            }
            Effect::Announce(notice) => self.announce(&notice),
        }
    }

    fn announce(&self, notice: &Notice) {
        self.ports.porter.noticed(&self.bell, notice);
        self.ports.reporter.announce(self.tenant, notice);
    }

    fn load_contexts(&mut self, load: LoadId, invoices: &[InvoiceId], ctx: &mut Context<Self>) {
        if self.is_draining() {
            return;
        }
        let view = self.view();
        let read = rows::invoices(&view, invoices).and_then(|rows| {
            let contexts = rows
                .into_iter()
                .map(|row| rows::push_context(&view, row))
                .collect::<Result<Vec<_>, _>>()?;
            Ok((contexts, view.chart()?.map(Box::new)))
        });
        self.read_then(read, |(contexts, chart)| Event::Loaded { load, contexts, chart }, ctx);
    }

    fn load_failed(
        &mut self,
        code: ReasonCode,
        subject: Option<String>,
        after: Option<InvoiceId>,
        ctx: &mut Context<Self>,
    ) {
        let rows = self.view().failed(code, subject.as_deref(), after, RELEASE_ROWS);
        self.read_then(rows, |rows| Event::FailedLoaded { code, subject, rows }, ctx);
    }

    /// Turns what was read into an event; rows that cannot be read end the actor.
    pub(super) fn read_then<T>(
        &mut self,
        read: Result<T, ReadError>,
        event: impl FnOnce(T) -> Event,
        ctx: &mut Context<Self>,
    ) {
        match read {
            Ok(read) => self.feed(event(read), Urgency::Result, ctx),
            Err(error) => {
                tracing::error!(tenant = %self.tenant, %error, "rows could not be read; the tenant starts again");
                self.give_up_when_settled(Refused::Store(error.to_string()), ctx);
            }
        }
    }
}

/// How a store's failure is told to a caller.
pub(in crate::actors) fn refusal(error: &StoreError) -> Refused {
    match error {
        StoreError::DiskReserve { .. } | StoreError::Full { .. } => Refused::DiskReserve(error.to_string()),
        StoreError::Busy { .. } => Refused::Busy,
        StoreError::Closed => Refused::Draining,
        other => Refused::Store(other.to_string()),
    }
}
