//! What the host and people ask for.

use super::machine::{Stage, TenantMachine};
use super::queue::PushOrder;
use crate::engine::connection::access;
use crate::engine::desired::{self, Obstacle};
use crate::engine::effect::{AskId, Effect, Notice, Reply};
use crate::engine::variance;
use crate::engine::{apart, badge};
use crate::model::connection::ConnectionState;
use crate::model::document::{Draft, HostStatus};
use crate::model::ids::{IntentId, InvoiceId, Marker, OperationId};
use crate::model::mutation::{Rule, is_broken};
use crate::model::reason::ReasonCode;
use crate::model::row::{Back, Badge, Class, Invoice, Operation, OperationState, Sync};
use crate::model::time::Now;
use crate::model::write::Write;

/// Whether a changed document is pushed by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Push {
    /// As soon as calls allow.
    ByItself,
    /// History, a draft, its toggle is off or its party is left out: only a person sends it.
    OnRequest,
    /// Cancelled before it was ever sent: there is nothing to do in Xero.
    Never,
}

/// Whether an invoice was cancelled before anything of it was sent.
pub(super) fn is_void_and_unsent(row: &Invoice) -> bool {
    row.draft.host_status == HostStatus::Void && row.link.is_none() && !row.create_was_sent
}

impl TenantMachine {
    pub(super) fn host_wrote(
        &mut self,
        now: Now,
        ask: AskId,
        host_ref: String,
        draft: Draft,
        mut row: Option<Box<Invoice>>,
        out: &mut Vec<Effect>,
    ) {
        let created = row.is_none();
        let (draft, is_heard) = variance::keep_applied(row.as_deref_mut(), draft);
        let mut invoice = match row {
            Some(mut row) if row.draft == draft => {
                // The host has what was taken over: should it go back, that is its own wish.
                if is_heard {
                    out.push(Effect::Persist(vec![badge::write(&mut row, now)]));
                }
                out.push(Effect::Reply(
                    ask,
                    Reply::Accepted {
                        invoice: row,
                        created: false,
                        changed: false,
                    },
                ));
                return;
            }
            Some(row) if row.draft.kind != draft.kind && (row.link.is_some() || row.create_was_sent) => {
                out.push(Effect::Reply(
                    ask,
                    Reply::KindChanged {
                        was: row.draft.kind,
                        wanted: draft.kind,
                    },
                ));
                return;
            }
            Some(row) => {
                let mut invoice = *row;
                let before = std::mem::replace(&mut invoice.draft, draft);
                self.record
                    .changed(invoice.id, apart::of_drafts(&before, &invoice.draft));
                invoice.rev = invoice.rev.saturating_add(1);
                invoice
            }
            None => self.new_invoice(now, host_ref, draft),
        };
        let mut writes = Vec::new();
        match self.push_rule(&invoice) {
            Push::ByItself => {
                let due_ms = self.setup.policy.batch_wait_ms;
                self.queue_push(now, &mut invoice, PushOrder::by_itself(due_ms), &mut writes);
            }
            Push::OnRequest => self.leave_to_people(now, &mut invoice, &mut writes),
            Push::Never => {
                if let Some(id) = self.by_invoice.get(&invoice.id).copied() {
                    let cancelled = (OperationState::Cancelled, "The invoice was cancelled.");
                    self.drop_intent(now, id, cancelled, Some(&invoice), &mut writes);
                }
                badge::none(&mut invoice);
            }
        }
        writes.push(badge::write(&mut invoice, now));
        writes.push(badge::event(&mut self.ids, &invoice, now));
        out.push(Effect::Persist(writes));
        out.push(Effect::Announce(Notice::Accepted {
            invoice: invoice.id,
            created,
        }));
        let behind = if is_broken(Rule::ToldDurable) { 0 } else { out.len() };
        let reply = Reply::Accepted {
            invoice: Box::new(invoice),
            created,
            changed: true,
        };
        out.insert(behind, Effect::Reply(ask, reply));
    }

    pub(super) fn sync_now(
        &mut self,
        now: Now,
        ask: AskId,
        mut row: Invoice,
        requested_by: String,
        out: &mut Vec<Effect>,
    ) {
        let open = self.by_invoice.get(&row.id).and_then(|id| self.works.get(id));
        if let Some(operation) = open
            .and_then(|work| work.intent.operation)
            .and_then(|id| self.operations.get(&id))
        {
            out.push(Effect::Reply(ask, Reply::Operation(Box::new(operation.clone()))));
            return;
        }
        let (at, random) = self.ids.parts(now.wall);
        let mut operation = Operation {
            id: OperationId::from_parts(at, random),
            tenant: row.tenant,
            kind: "resync".to_owned(),
            invoice: Some(row.id),
            state: OperationState::Queued,
            done: 0,
            total: 1,
            message: "Queued".to_owned(),
            reason: None,
            requested_by,
            created_at: now.wall,
            finished_at: None,
            tally: None,
            rest: None,
            retry_of: None,
            why: String::new(),
        };
        let mut writes = Vec::new();
        row.sync.asked = true;
        let may_queue = access(&self.setup.tenant.connection).queues;
        let cancelled_before = is_void_and_unsent(&row);
        if may_queue && !cancelled_before {
            let click = PushOrder {
                class: Class::User,
                operation: Some(operation.id),
                ..PushOrder::by_itself(0)
            };
            self.queue_push(now, &mut row, click, &mut writes);
            if row.sync.badge == Some(Badge::Failed) {
                operation.state = OperationState::Waiting;
                operation.reason.clone_from(&row.sync.reason);
            }
            self.operations.insert(operation.id, operation.clone());
        } else {
            operation.finished_at = Some(now.wall);
            operation.done = 1;
            if cancelled_before {
                operation.state = OperationState::Succeeded;
                operation.message = "The invoice is void and was never sent: nothing to do.".to_owned();
            } else {
                let obstacle = self.not_active();
                let reason = badge::reason(&row, obstacle, now);
                if !self.by_invoice.contains_key(&row.id) {
                    badge::turn_red(&mut row, reason.clone());
                }
                operation.state = OperationState::Failed;
                operation.message = format!("{}. {}", reason.code.title(), reason.detail);
                operation.reason = Some(reason);
            }
        }
        writes.push(badge::write(&mut row, now));
        writes.push(badge::event(&mut self.ids, &row, now));
        writes.push(Write::Operation(Box::new(operation.clone())));
        out.push(Effect::Persist(writes));
        out.push(Effect::Reply(ask, Reply::Operation(Box::new(operation))));
    }

    /// The badge of a queued push: grey while the connection is active, else red and held. An open
    /// attempt is grey in any case, and goes on saying what it waits for.
    pub(super) fn badge_of_queued(&self, now: Now, invoice: &mut Invoice) {
        let work = self.by_invoice.get(&invoice.id).and_then(|id| self.works.get(id));
        if matches!(work.map(|work| work.stage), Some(Stage::InBatch(_))) {
            let waiting = invoice.sync.waiting;
            badge::pending(invoice, now);
            invoice.sync.waiting = waiting;
        } else if self.setup.tenant.connection.state == ConnectionState::Active {
            badge::pending(invoice, now);
        } else {
            badge::failed(invoice, self.not_active(), now);
        }
    }

    pub(super) fn not_active(&self) -> Obstacle {
        let state = self.setup.tenant.connection.state;
        let (banner, action) = (state.banner().unwrap_or(""), state.resolving_action());
        let action = action.map_or("", |(_, words)| words);
        Obstacle {
            code: ReasonCode::ConnectionNotActive,
            detail: format!("The connection is in the state {}. {banner} {action}.", state.label()),
            subject: Some(state.label().to_owned()),
        }
    }

    pub(super) fn queued_intent(&self, invoice: InvoiceId) -> Option<IntentId> {
        let id = self.by_invoice.get(&invoice)?;
        (!matches!(self.works.get(id)?.stage, Stage::InBatch(_))).then_some(*id)
    }

    fn new_invoice(&mut self, now: Now, host_ref: String, draft: Draft) -> Invoice {
        let (at, random) = self.ids.parts(now.wall);
        Invoice {
            id: InvoiceId::from_parts(at, random),
            tenant: self.setup.tenant.id,
            marker: Marker::derive(self.setup.tenant.xero_id, &host_ref, 0),
            host_ref,
            rev: 1,
            version: 0,
            on_request: !self.setup.tenant.settings.push_by_itself(&draft),
            draft,
            accepted_at: now.wall,
            updated_at: now.wall,
            sync: Sync::default(),
            link: None,
            common: None,
            copy: None,
            sent: None,
            create_was_sent: false,
            back: Back::default(),
        }
    }

    /// D1's table.
    pub(super) fn push_rule(&self, invoice: &Invoice) -> Push {
        let is_known_in_xero = invoice.link.is_some() || invoice.create_was_sent;
        let status = invoice.draft.host_status;
        if status == HostStatus::Void && !is_known_in_xero {
            return Push::Never;
        }
        let tenant = &self.setup.tenant;
        // Without a date of its own it was made when it was written: never before the connection,
        // whatever a clock that was set back says.
        let made_at = invoice.draft.created_at;
        let is_history = made_at.is_some_and(|made_at| made_at < tenant.connected_at);
        let is_left_to_people = is_history || invoice.on_request;
        if status == HostStatus::Draft
            || !tenant.settings.push_by_itself(&invoice.draft)
            || (is_left_to_people && !is_known_in_xero)
        {
            return Push::OnRequest;
        }
        Push::ByItself
    }

    /// A change that is not pushed by itself: what was queued goes on, a red badge stays red. But
    /// what became a draft again before anything of it was sent, and nobody asked for, is left.
    fn leave_to_people(&mut self, now: Now, invoice: &mut Invoice, writes: &mut Vec<Write>) {
        let is_known_in_xero = invoice.link.is_some() || invoice.create_was_sent;
        if invoice.draft.host_status == HostStatus::Draft
            && !is_known_in_xero
            && !invoice.sync.asked
            && let Some(id) = self.queued_intent(invoice.id)
        {
            let left = (OperationState::Cancelled, "It is a draft again.");
            self.drop_intent(now, id, left, Some(invoice), writes);
            badge::none(invoice);
        }
        if !self.by_invoice.contains_key(&invoice.id) && invoice.link.is_none() && invoice.sync.reason.is_none() {
            badge::none(invoice);
        }
    }

    /// What is refused before anything is queued.
    pub(super) fn refused_at_once(&self, invoice: &Invoice) -> Option<Obstacle> {
        if !access(&self.setup.tenant.connection).queues {
            return Some(self.not_active());
        }
        if invoice.draft.host_status == HostStatus::Void {
            return None;
        }
        let tenant = &self.setup.tenant;
        let base = tenant.base_currency?;
        desired::check_currency(&invoice.draft, base, &tenant.settings).err()
    }
}
