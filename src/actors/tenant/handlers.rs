//! Message → event → machine → effects. Nothing is decided here.

use std::sync::atomic::Ordering;

use actix::{Context, Handler};

use super::actor::TenantActor;
use super::messages::{
    Acknowledge, BellRang, ConnectionChanged, Drain, EndConnection, GrantsDied, LookAgain, PutInvoice, Regranted,
    Replier, SetCredits, SetMappings, SetSettings, SignalPayment, SyncNow, WantPreview,
};
use super::perform::Committed;
use super::rows;
use crate::actors::control::{InvoiceName, Refused};
use crate::engine::effect::{Effect, Reply};
use crate::engine::event::{ConnectionEvent, Event};
use crate::model::connection::ConnectionCause;
use crate::model::row::Invoice;
use crate::store::Urgency;
use crate::store::reader::ReadError;

/// Commits that may wait in the storage thread before hosts are told to come back later: below the
/// 10,000 it takes, so that what follows from work already taken finds room.
const INTAKE_BATCHES_MAX: usize = 8_000;

impl Handler<PutInvoice> for TenantActor {
    type Result = ();

    fn handle(&mut self, message: PutInvoice, ctx: &mut Context<Self>) {
        let PutInvoice {
            host_ref,
            draft,
            by,
            reply,
        } = message;
        let Some(reply) = self.admit(reply) else { return };
        if let Some((row, reply)) = self.answer_errors(self.view().invoice_by_ref(&host_ref), reply) {
            let ask = self.ask(reply);
            let row = row.map(Box::new);
            self.feed(
                Event::HostWrote {
                    ask,
                    host_ref,
                    draft,
                    row,
                    by,
                },
                Urgency::NewWork,
                ctx,
            );
        }
    }
}

impl Handler<SyncNow> for TenantActor {
    type Result = ();

    fn handle(&mut self, message: SyncNow, ctx: &mut Context<Self>) {
        let SyncNow {
            invoice,
            requested_by,
            reply,
        } = message;
        let Some(reply) = self.admit(reply) else { return };
        if let Some((row, reply)) = self.find(&invoice, reply) {
            let ask = self.ask(reply);
            self.feed(
                Event::SyncNow {
                    ask,
                    row: Box::new(row),
                    requested_by,
                },
                Urgency::NewWork,
                ctx,
            );
        }
    }
}

impl Handler<WantPreview> for TenantActor {
    type Result = ();

    fn handle(&mut self, message: WantPreview, ctx: &mut Context<Self>) {
        let Some((row, reply)) = self.find(&message.invoice, message.reply) else {
            return;
        };
        let Some((context, reply)) = self.answer_errors(rows::push_context(&self.view(), row), reply) else {
            return;
        };
        if let Some((chart, reply)) = self.answer_errors(self.view().chart(), reply) {
            let ask = self.ask(reply);
            let (context, chart) = (Box::new(context), chart.map(Box::new));
            self.feed(Event::PreviewWanted { ask, context, chart }, Urgency::Result, ctx);
        }
    }
}

impl Handler<SignalPayment> for TenantActor {
    type Result = ();

    fn handle(&mut self, message: SignalPayment, ctx: &mut Context<Self>) {
        let Some(reply) = self.admit(message.reply) else { return };
        if let Some((row, reply)) = self.find(&message.invoice, reply) {
            let ask = self.ask(reply);
            let (row, by) = (Box::new(row), message.by);
            self.feed(Event::PaymentSignalled { ask, row, by }, Urgency::NewWork, ctx);
        }
    }
}

impl Handler<Acknowledge> for TenantActor {
    type Result = ();

    fn handle(&mut self, message: Acknowledge, ctx: &mut Context<Self>) {
        let Some(reply) = self.admit(message.reply) else { return };
        if let Some((row, reply)) = self.find(&message.invoice, reply) {
            let ask = self.ask(reply);
            let (row, review) = (Box::new(row), Box::new(message.review));
            self.feed(Event::Acknowledged { ask, row, review }, Urgency::NewWork, ctx);
        }
    }
}

impl Handler<SetMappings> for TenantActor {
    type Result = ();

    fn handle(&mut self, message: SetMappings, ctx: &mut Context<Self>) {
        let SetMappings { mut orders, by, reply } = message;
        let Some(reply) = self.admit(reply) else { return };
        let view = self.view();
        let read = orders.iter_mut().try_for_each(|order| {
            order.before = view.mapping(order.kind, &order.key)?.map(|known| known.value);
            Ok(())
        });
        let read = read.and_then(|()| view.chart());
        let Some((chart, reply)) = self.answer_errors(read, reply) else {
            return;
        };
        let ask = self.ask(reply);
        let chart = chart.map(Box::new);
        let event = Event::MappingsSet { ask, orders, chart, by };
        self.feed(event, Urgency::NewWork, ctx);
    }
}

impl Handler<SetSettings> for TenantActor {
    type Result = ();

    fn handle(&mut self, message: SetSettings, ctx: &mut Context<Self>) {
        let Some(reply) = self.admit(message.reply) else { return };
        let ask = self.ask(reply);
        self.feed(
            Event::SettingsSet {
                ask,
                settings: message.settings,
                by: message.by,
            },
            Urgency::NewWork,
            ctx,
        );
    }
}

impl Handler<SetCredits> for TenantActor {
    type Result = ();

    fn handle(&mut self, message: SetCredits, ctx: &mut Context<Self>) {
        let SetCredits { credits, by, reply } = message;
        let Some(reply) = self.admit(reply) else { return };
        let ask = self.ask(reply);
        self.feed(Event::CreditsSet { ask, credits, by }, Urgency::NewWork, ctx);
    }
}

impl Handler<ConnectionChanged> for TenantActor {
    type Result = ();

    fn handle(&mut self, message: ConnectionChanged, ctx: &mut Context<Self>) {
        self.feed(Event::Connection(message.0), Urgency::Result, ctx);
    }
}

impl Handler<GrantsDied> for TenantActor {
    type Result = ();

    fn handle(&mut self, GrantsDied(dead): GrantsDied, ctx: &mut Context<Self>) {
        if dead.contains(&self.machine.tenant().grant) {
            let lost = ConnectionEvent::GrantLost(ConnectionCause::GrantDead);
            self.feed(Event::Connection(lost), Urgency::Result, ctx);
        }
    }
}

impl Handler<Regranted> for TenantActor {
    type Result = ();

    fn handle(&mut self, message: Regranted, ctx: &mut Context<Self>) {
        let ask = self.ask(message.reply);
        let regranted = Event::Regranted {
            grant: message.grant,
            requested_by: message.requested_by,
            why: message.why,
        };
        self.feed(regranted, Urgency::Result, ctx);
        // The machine knows no reply to this; in line it comes when the new grant is durable. What is
        // open goes by itself from now on.
        let released = self.machine.open_count();
        self.perform(vec![Effect::Reply(ask, Reply::Done { released })], Urgency::Result, ctx);
    }
}

impl Handler<EndConnection> for TenantActor {
    type Result = ();

    fn handle(&mut self, message: EndConnection, ctx: &mut Context<Self>) {
        let ask = self.ask(message.reply);
        let requested_by = message.requested_by;
        self.feed(Event::Disconnected { requested_by }, Urgency::Result, ctx);
        // In line it comes when the end is durable.
        self.perform(
            vec![Effect::Reply(ask, Reply::Done { released: 0 })],
            Urgency::Result,
            ctx,
        );
    }
}

impl Handler<LookAgain> for TenantActor {
    type Result = ();

    fn handle(&mut self, _message: LookAgain, ctx: &mut Context<Self>) {
        self.feed(Event::Woken, Urgency::Result, ctx);
    }
}

impl Handler<BellRang> for TenantActor {
    type Result = ();

    fn handle(&mut self, _message: BellRang, ctx: &mut Context<Self>) {
        self.answer_bell(ctx);
    }
}

impl Handler<Drain> for TenantActor {
    type Result = ();

    fn handle(&mut self, _message: Drain, ctx: &mut Context<Self>) {
        self.draining.store(true, Ordering::Relaxed);
        self.stop_when_drained(ctx);
    }
}

impl Handler<Committed> for TenantActor {
    type Result = ();

    fn handle(&mut self, message: Committed, ctx: &mut Context<Self>) {
        self.committed(message, ctx);
    }
}

impl TenantActor {
    /// Turns new work away while the store takes none: its failed commit would end this actor, and
    /// with it the calls that are under way.
    pub(super) fn admit(&self, reply: Replier) -> Option<Replier> {
        let ports = &self.ports;
        let admitted = if self.is_draining() {
            Err(Refused::Draining)
        } else if ports.writer.waiting() >= INTAKE_BATCHES_MAX {
            Err(Refused::Busy)
        } else {
            ports.intake.check(ports.clock.now().mono)
        };
        match admitted {
            Ok(()) => Some(reply),
            Err(refusal) => {
                // A caller that went away needs no reply.
                let _gone = reply.send(Err(refusal));
                None
            }
        }
    }

    pub(super) fn find(&self, name: &InvoiceName, reply: Replier) -> Option<(Invoice, Replier)> {
        let found = match name {
            InvoiceName::Id(id) => self.view().invoice(*id),
            InvoiceName::HostRef(host_ref) => self.view().invoice_by_ref(host_ref),
        };
        let (row, reply) = self.answer_errors(found, reply)?;
        match row {
            Some(row) => Some((row, reply)),
            None => {
                // A caller that went away needs no reply.
                let _gone = reply.send(Err(Refused::InvoiceNotFound));
                None
            }
        }
    }

    pub(super) fn answer_errors<T>(&self, read: Result<T, ReadError>, reply: Replier) -> Option<(T, Replier)> {
        match read {
            Ok(read) => Some((read, reply)),
            Err(error) => {
                tracing::error!(tenant = %self.tenant, %error, "a row could not be read");
                let _gone = reply.send(Err(Refused::Store(error.to_string())));
                None
            }
        }
    }
}
