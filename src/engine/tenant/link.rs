//! The connection to Xero: transitions, what they do to waiting pushes, probes and deadlines.

use super::machine::{Stage, TenantMachine};
use crate::engine::badge;
use crate::engine::connection::{Transition, access, next};
use crate::engine::effect::{Effect, Notice};
use crate::engine::event::ConnectionEvent;
use crate::model::connection::{ConnectionCause, ConnectionState};
use crate::model::ids::{GrantId, InvoiceId};
use crate::model::row::{Invoice, OperationState};
use crate::model::time::{Mono, Now};
use crate::model::write::Write;

/// Most rows whose badges are changed in one commit.
const RELABEL_MAX: usize = 500;
/// Refusals of an organisation that Xero lists all the same, after which a person must reconnect.
const LISTED_REJECTIONS_MAX: u32 = 2;

impl TenantMachine {
    pub(super) fn connection_event(&mut self, now: Now, event: ConnectionEvent, out: &mut Vec<Effect>) {
        let was_probing = self.is_probing;
        if matches!(
            event,
            ConnectionEvent::Listed | ConnectionEvent::NotListed(_) | ConnectionEvent::GrantLost(_)
        ) {
            self.is_probing = false;
        }
        let before = self.setup.tenant.connection;
        // Xero refuses the organisation and yet lists it: the consent lacks a right. Asked once
        // more, because the refusal may have crossed a reconnection.
        if was_probing && event == ConnectionEvent::Listed && access(&before).reads {
            self.listed_rejections = self.listed_rejections.saturating_add(1);
            if self.listed_rejections >= LISTED_REJECTIONS_MAX {
                self.listed_rejections = 0;
                self.connection_event(now, ConnectionEvent::GrantLost(ConnectionCause::ScopeMissing), out);
                return;
            }
        }
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
            self.relabel_open(out);
        }
        if self.is_catching_up() {
            self.chart.want();
        }
    }

    /// Another consent reaches the organisation from now on.
    pub(super) fn regranted(&mut self, now: Now, grant: GrantId, out: &mut Vec<Effect>) {
        self.setup.tenant.grant = grant;
        self.token_rejections = 0;
        out.push(Effect::Persist(vec![Write::Tenant(Box::new(self.setup.tenant.clone()))]));
        self.connection_event(now, ConnectionEvent::Reconnected, out);
    }

    /// Asks Xero whether the organisation is still connected, once at a time.
    pub(super) fn check_connection(&mut self, out: &mut Vec<Effect>) {
        if !self.is_probing {
            self.is_probing = true;
            out.push(Effect::CheckConnection);
        }
    }

    /// A connection that is gone is looked for every hour, until its deadline.
    pub(super) fn tend_connection(&mut self, now: Now, out: &mut Vec<Effect>) {
        let connection = self.setup.tenant.connection;
        if connection.state != ConnectionState::GracePeriod {
            return;
        }
        if connection.deadline.is_some_and(|deadline| deadline <= now.wall) {
            self.connection_event(now, ConnectionEvent::DeadlinePassed, out);
        } else if self.probe_at <= now.mono {
            self.probe_at = now.mono.plus_ms(self.setup.policy.probe_ms);
            self.is_probing = false;
            self.check_connection(out);
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

    /// The badges of waiting pushes follow the connection.
    fn relabel_open(&mut self, out: &mut Vec<Effect>) {
        let mut open: Vec<InvoiceId> = self.works.values().map(|work| work.intent.invoice).collect();
        open.sort_unstable();
        for invoices in open.chunks(RELABEL_MAX) {
            let load = self.next_load();
            out.push(Effect::LoadRows {
                load,
                invoices: invoices.to_vec(),
            });
        }
    }

    pub(super) fn relabel(&mut self, now: Now, rows: Vec<Invoice>, out: &mut Vec<Effect>) {
        let mut writes = Vec::new();
        let may_queue = access(&self.setup.tenant.connection).queues;
        for mut row in rows {
            let Some(id) = self.by_invoice.get(&row.id).copied() else {
                continue;
            };
            let is_open_attempt = matches!(self.works.get(&id).map(|work| work.stage), Some(Stage::InBatch(_)));
            if !may_queue && !is_open_attempt {
                let words = "The connection was ended.";
                self.drop_intent(now, id, (OperationState::Failed, words), &mut writes);
            }
            let before = row.sync.clone();
            self.badge_of_queued(now, &mut row);
            if row.sync != before {
                writes.push(badge::write(&mut row, now));
                writes.push(badge::event(&mut self.ids, &row, now));
            }
        }
        if !writes.is_empty() {
            out.push(Effect::Persist(writes));
        }
    }
}
