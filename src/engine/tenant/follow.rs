//! What is done about an invoice later, without asking Xero: a comparison that a payment held back, and
//! the work order of an invoice that was voided.

use std::collections::BTreeMap;

use super::machine::TenantMachine;
use crate::engine::desired::Obstacle;
use crate::engine::effect::{Effect, LoadId, Notice};
use crate::engine::event::Follow;
use crate::engine::take::{self, News};
use crate::engine::{alert, badge, news, order};
use crate::model::ids::InvoiceId;
use crate::model::row::{Badge, FollowUp, Invoice, WorkOrderLink};
use crate::model::time::{Mono, Now, Timestamp};
use crate::model::write::Write;

/// Most rows of one load.
const LOAD_MAX: usize = 500;
/// Longest sleep until one that is far away: a clock may be moved meanwhile.
const NAP_MS: u64 = 86_400_000;

/// What is to be done later.
#[derive(Debug, Clone, Default)]
pub(super) struct FollowUps {
    due: BTreeMap<InvoiceId, Mono>,
    open: BTreeMap<LoadId, Vec<InvoiceId>>,
}

impl FollowUps {
    pub(super) fn restore(now: Now, saved: Vec<FollowUp>) -> Self {
        let due = saved.into_iter().map(|row| (row.invoice, now.mono_at(row.due, NAP_MS)));
        Self {
            due: due.collect(),
            open: BTreeMap::new(),
        }
    }
}

impl TenantMachine {
    /// Tells hosts what is new about a row, and notes what is to be done about it later.
    pub(super) fn tell(&mut self, now: Now, row: &Invoice, news: &[News], writes: &mut Vec<Write>) {
        writes.extend(news::events(&mut self.ids, row, news, now));
        let is_held_back = news.iter().any(|piece| matches!(piece, News::Deferred(_)));
        let later = row.back.deferred.filter(|_| is_held_back);
        if let Some(due) = later.or_else(|| order::is_open(row).then_some(now.wall)) {
            self.owe(now, row.id, due, writes);
        }
    }

    fn owe(&mut self, now: Now, invoice: InvoiceId, due: Timestamp, writes: &mut Vec<Write>) {
        self.follow_ups.due.insert(invoice, now.mono_at(due, NAP_MS));
        writes.push(Write::FollowUp(FollowUp {
            tenant: self.setup.tenant.id,
            invoice,
            due,
        }));
    }

    /// When the next one is due.
    pub(super) fn follow_up_wake(&self) -> Option<Mono> {
        self.follow_ups.due.values().min().copied()
    }

    /// Asks for the rows of those that are due.
    pub(super) fn follow_next(&mut self, now: Now, out: &mut Vec<Effect>) {
        let due = self.follow_ups.due.iter().filter(|(_, due)| **due <= now.mono);
        let invoices: Vec<InvoiceId> = due.map(|(invoice, _)| *invoice).take(LOAD_MAX).collect();
        if invoices.is_empty() {
            return;
        }
        self.follow_ups.due.retain(|invoice, _| !invoices.contains(invoice));
        let load = self.next_load();
        self.follow_ups.open.insert(load, invoices.clone());
        out.push(Effect::LoadFollowUps { load, invoices });
    }

    /// Their rows were read.
    pub(super) fn follow(&mut self, now: Now, load: LoadId, rows: Vec<Follow>, out: &mut Vec<Effect>) {
        let Some(asked) = self.follow_ups.open.remove(&load) else {
            self.illegal("not loading this", "follow-ups loaded", out);
            return;
        };
        let mut writes = Vec::new();
        let mut again = Vec::new();
        for Follow { mut invoice, of_order } in rows {
            if self.is_overtaken(&invoice) {
                self.follow_ups.due.insert(invoice.id, now.mono.plus_ms(1_000));
                again.push(invoice.id);
                continue;
            }
            let before = invoice.clone();
            let mut news = Vec::new();
            if order::is_open(&invoice) {
                self.settle_order(now, &mut invoice, &of_order, &mut news, out);
            }
            if let Some(due) = self.compare_held_back(now, &mut invoice, &mut news) {
                self.owe(now, invoice.id, due, &mut writes);
                again.push(invoice.id);
            }
            if invoice != before {
                writes.push(badge::write(&mut invoice, now));
                if invoice.sync != before.sync {
                    writes.push(badge::event(&mut self.ids, &invoice, now));
                }
                writes.extend(news::events(&mut self.ids, &invoice, &news, now));
            }
        }
        let done = asked.into_iter().filter(|invoice| !again.contains(invoice));
        let tenant = self.setup.tenant.id;
        writes.extend(done.map(|invoice| Write::DropFollowUp(tenant, invoice)));
        out.push(Effect::Persist(writes));
    }

    /// The comparison that was held back; if a later payment still holds it back, until when.
    fn compare_held_back(&mut self, now: Now, row: &mut Invoice, news: &mut Vec<News>) -> Option<Timestamp> {
        row.back.deferred?;
        let still = row.back.quiet(now.wall);
        row.back.deferred = still;
        // With a push open, the push compares.
        if still.is_none() && !self.by_invoice.contains_key(&row.id) {
            take::compare(row, now, news);
        }
        still
    }

    fn settle_order(
        &mut self,
        now: Now,
        row: &mut Invoice,
        of_order: &[Invoice],
        news: &mut Vec<News>,
        out: &mut Vec<Effect>,
    ) {
        let link = order::decide(row, of_order);
        row.back.work_order = Some(link);
        news.push(News::WorkOrder(link));
        if let WorkOrderLink::KeptBy(keeper) = link {
            let conflict = order::conflict(row, of_order, keeper);
            self.raise(now, row, conflict, out);
        }
    }

    /// Raises an alert; operators hear of it once the badge shows it.
    pub(super) fn raise(&mut self, now: Now, row: &mut Invoice, obstacle: Obstacle, out: &mut Vec<Effect>) -> bool {
        let code = obstacle.code;
        let is_new = alert::raise(row, obstacle, now);
        if is_new && row.sync.badge == Some(Badge::Failed) {
            out.push(Effect::Announce(Notice::Failed {
                invoice: row.id,
                kind: row.draft.kind,
                code,
            }));
        }
        is_new
    }
}
