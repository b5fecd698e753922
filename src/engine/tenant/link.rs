//! The connection to Xero: transitions, what they do to waiting pushes, probes and deadlines.

use std::collections::{BTreeMap, BTreeSet};

use super::attempt::Attempt;
use super::machine::{Stage, TenantMachine, Work};
use crate::engine::badge;
use crate::engine::connection::{Transition, access, next};
use crate::engine::effect::{AskId, Effect, LoadId, Notice, Reply};
use crate::engine::event::ConnectionEvent;
use crate::model::connection::{ConnectionCause, ConnectionState};
use crate::model::ids::{GrantId, InvoiceId};
use crate::model::mutation::{Rule, is_broken};
use crate::model::reason::ReasonCode;
use crate::model::row::{Badge, Change, Credits, Invoice, OperationState, WaitCause, Waiting};
use crate::model::time::{Mono, Now};
use crate::model::write::Write;

/// Most rows whose badges are changed in one commit.
const RELABEL_MAX: usize = 500;

/// A question about the connection that was not answered by now is asked again.
const ASK_AGAIN_MS: u64 = 60_000;
/// Rejections in a row by a connection that is listed, after which its consent is taken for dead.
const TENANT_REJECTIONS_MAX: u32 = 3;

/// Rows whose badges must follow, and those that are being read for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Relabels {
    pub wanted: BTreeSet<InvoiceId>,
    pub open: BTreeMap<LoadId, Vec<InvoiceId>>,
}

impl TenantMachine {
    pub(super) fn connection_event(&mut self, now: Now, event: ConnectionEvent, out: &mut Vec<Effect>) {
        if matches!(event, ConnectionEvent::Listed | ConnectionEvent::NotListed(_)) {
            self.asked_listed_at = None;
        }
        // It is listed, and yet Xero turns us away again and again: a role or scope is lost.
        let event = if event == ConnectionEvent::Listed && self.tenant_rejections >= TENANT_REJECTIONS_MAX {
            self.tenant_rejections = 0;
            ConnectionEvent::GrantLost(ConnectionCause::ScopeMissing)
        } else {
            event
        };
        let before = self.setup.tenant.connection;
        let after = match next(&before, event, now.wall, self.setup.policy.grace_ms) {
            Transition::Same => return,
            Transition::Illegal => {
                self.illegal(before.state.label(), &format!("{event:?}"), out);
                return;
            }
            Transition::To(after) => after,
        };
        self.setup.tenant.connection = after;
        let mut writes = vec![Write::Tenant(Box::new(self.setup.tenant.clone()))];
        if before.state != after.state {
            self.record.connection(before.state, after.state);
            writes.push(badge::connection_event(
                &mut self.ids,
                self.setup.tenant.id,
                &after,
                now,
            ));
        }
        out.push(Effect::Persist(writes));
        if before.state != after.state {
            let cause = after.cause;
            out.push(Effect::Announce(Notice::ConnectionChanged {
                from: before.state,
                to: after.state,
                cause,
            }));
            self.probe_at = now.mono.plus_ms(self.setup.policy.probe_ms);
            let open = self.works.values().map(|work| work.intent.invoice);
            self.relabels.wanted.extend(open);
        }
        if self.is_catching_up() {
            self.chart.want();
            self.catch_up(now, out);
        }
    }

    /// Another consent reaches the organisation from now on.
    pub(super) fn regranted(&mut self, now: Now, grant: GrantId, why: String, out: &mut Vec<Effect>) {
        self.record.note("connection.reconnected", why);
        self.setup.tenant.grant = grant;
        self.token_rejections = 0;
        self.regranted_at = now.mono;
        self.asked_listed_at = None;
        out.push(Effect::Persist(vec![Write::Tenant(Box::new(
            self.setup.tenant.clone(),
        ))]));
        self.connection_event(now, ConnectionEvent::Reconnected, out);
    }

    /// A person ends the connection.
    pub(super) fn disconnected(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.connection_event(now, ConnectionEvent::DisconnectedByPerson, out);
    }

    /// The host says how many first syncs it still allows.
    pub(super) fn credits_set(&mut self, now: Now, ask: AskId, credits: Option<Credits>, out: &mut Vec<Effect>) {
        let before = std::mem::replace(&mut self.setup.tenant.credits, credits);
        let is_changed = before != self.setup.tenant.credits;
        if is_changed {
            let shown = |credits: Option<&Credits>| {
                credits.map_or_else(|| "not counted".to_owned(), |credits| credits.left.to_string())
            };
            let change = Change {
                field: "credits.left".to_owned(),
                before: shown(before.as_ref()),
                after: shown(self.setup.tenant.credits.as_ref()),
            };
            self.record.set("credits.changed", vec![change]);
        }
        let stood = self.setup.tenant.connection;
        let event = if self.setup.tenant.is_out_of_credits() {
            ConnectionEvent::CreditsUsedUp
        } else {
            ConnectionEvent::ToppedUp
        };
        self.connection_event(now, event, out);
        // A transition writes the row whole.
        if is_changed && self.setup.tenant.connection == stood {
            let row = Box::new(self.setup.tenant.clone());
            out.push(Effect::Persist(vec![Write::Tenant(row)]));
        }
        out.push(Effect::Reply(ask, Reply::Done { released: 0 }));
    }

    /// A document is in Xero for the first time: it costs one of the credits that are counted.
    pub(super) fn spend_credit(&mut self, writes: &mut Vec<Write>) {
        if let Some(credits) = &mut self.setup.tenant.credits {
            credits.left = credits.left.saturating_sub(1);
            writes.push(Write::Tenant(Box::new(self.setup.tenant.clone())));
        }
    }

    /// Asks Xero whether the organisation is still connected, once at a time.
    pub(super) fn check_connection(&mut self, now: Now, out: &mut Vec<Effect>) {
        // A question that was never answered is asked again.
        if self
            .asked_listed_at
            .is_none_or(|at| now.mono.since_ms(at) >= ASK_AGAIN_MS)
        {
            self.asked_listed_at = Some(now.mono);
            out.push(Effect::CheckConnection);
        }
    }

    /// A connection that is gone is looked for every hour, until its deadline.
    pub(super) fn tend_connection(&mut self, now: Now, out: &mut Vec<Effect>) {
        if self.setup.tenant.is_out_of_credits() {
            // The meter ran out, or the connection came back without any.
            self.connection_event(now, ConnectionEvent::CreditsUsedUp, out);
        }
        let connection = self.setup.tenant.connection;
        if connection.state != ConnectionState::GracePeriod {
            return;
        }
        if connection.deadline.is_some_and(|deadline| deadline <= now.wall) {
            self.connection_event(now, ConnectionEvent::DeadlinePassed, out);
        } else if self.probe_at <= now.mono {
            self.probe_at = now.mono.plus_ms(self.setup.policy.probe_ms);
            self.asked_listed_at = None;
            self.check_connection(now, out);
        }
    }

    pub(super) fn connection_wake(&self, now: Now) -> Option<Mono> {
        let connection = &self.setup.tenant.connection;
        if connection.state != ConnectionState::GracePeriod {
            return None;
        }
        let deadline = connection.deadline.map(|deadline| now.mono_at(deadline, 86_400_000));
        Some(deadline.map_or(self.probe_at, |deadline| deadline.min(self.probe_at)))
    }

    /// Reads the rows whose badges must follow their work or the connection.
    pub(super) fn relabel_next(&mut self, out: &mut Vec<Effect>) {
        if !self.relabels.open.is_empty() {
            return;
        }
        if !access(&self.setup.tenant.connection).queues {
            // Nothing waits for a connection that was ended; open attempts are found out later.
            let waiting = self
                .works
                .values()
                .filter(|work| !matches!(work.stage, Stage::InBatch(_)))
                .map(|work| work.intent.invoice);
            self.relabels.wanted.extend(waiting);
        }
        let wanted: Vec<InvoiceId> = std::mem::take(&mut self.relabels.wanted).into_iter().collect();
        for invoices in wanted.chunks(RELABEL_MAX) {
            let load = self.next_load();
            self.relabels.open.insert(load, invoices.to_vec());
            out.push(Effect::LoadRows {
                load,
                invoices: invoices.to_vec(),
            });
        }
    }

    pub(super) fn relabel(&mut self, now: Now, load: LoadId, rows: Vec<Invoice>, out: &mut Vec<Effect>) {
        let asked = self.relabels.open.remove(&load).unwrap_or_default();
        let mut writes = Vec::new();
        let may_queue = access(&self.setup.tenant.connection).queues;
        for mut row in rows {
            let Some(work) = self.by_invoice.get(&row.id).and_then(|id| self.works.get(id)) else {
                continue;
            };
            if self.is_overtaken(&row) {
                self.relabels.wanted.insert(row.id);
                continue;
            }
            let before = row.sync.clone();
            if !may_queue && !matches!(work.stage, Stage::InBatch(_)) {
                let words = "The connection was ended.";
                self.drop_intent(
                    now,
                    work.intent.id,
                    (OperationState::Failed, words),
                    Some(&row),
                    &mut writes,
                );
                badge::failed(&mut row, self.not_active(), now);
                if is_broken(Rule::RedStays) {
                    badge::none(&mut row);
                }
            } else {
                self.label(now, work, &mut row);
            }
            if row.sync != before {
                writes.push(badge::write(&mut row, now));
                if row.sync.badge != before.badge || row.sync.reason != before.reason {
                    writes.push(badge::event(&mut self.ids, &row, now));
                }
            }
        }
        if !may_queue {
            self.drop_without_row(now, &asked, &mut writes);
        }
        if !writes.is_empty() {
            out.push(Effect::Persist(writes));
        }
    }

    /// The badge that fits the work: an open attempt is grey, what is held is red, a retry says
    /// when it goes.
    fn label(&self, now: Now, work: &Work, row: &mut Invoice) {
        let has_attempt = matches!(work.stage, Stage::InBatch(_));
        let reason = row.sync.reason.as_ref().map(|reason| reason.code);
        if self.setup.tenant.connection.state != ConnectionState::Active && !has_attempt {
            badge::failed(row, self.not_active(), now);
            return;
        }
        if reason == Some(ReasonCode::ConnectionNotActive) || row.sync.badge != Some(Badge::Pending) {
            badge::pending(row, now);
        }
        if let Stage::InBatch(batch) = work.stage {
            if let Some(next) = self.attempts.get(&batch).and_then(Attempt::next_step) {
                badge::waiting(row, WaitCause::OutcomeUnknown, now.wall_at(next));
            }
            return;
        }
        row.sync.retries = work.intent.retries;
        row.sync.waiting = (work.intent.retries > 0 && work.intent.due > now.wall).then_some(Waiting {
            cause: WaitCause::Transient,
            until: work.intent.due,
        });
    }

    fn drop_without_row(&mut self, now: Now, asked: &[InvoiceId], writes: &mut Vec<Write>) {
        for invoice in asked {
            if let Some(id) = self.by_invoice.get(invoice).copied()
                && !matches!(self.works.get(&id).map(|work| work.stage), Some(Stage::InBatch(_)))
            {
                let ended = (OperationState::Failed, "The connection was ended.");
                self.drop_intent(now, id, ended, None, writes);
            }
        }
    }
}
