//! Documents that a webhook named are read by their ids, folded: a webhook only rings.

use std::collections::BTreeSet;

use super::machine::{Direction, Purpose, TenantMachine};
use crate::engine::effect::Effect;
use crate::model::ids::XeroInvoiceId;
use crate::model::limits::LOOKUP_MAX;
use crate::model::row::{Class, Invoice, StreamKind};
use crate::model::time::{Mono, Now};
use crate::model::xero::{Request, XeroInvoice};

/// First delay before documents that could not be read are asked for again.
const AGAIN_MS: u64 = 1_000;
/// A document is read at once this often; named more often within [`BURST_MS`] it waits.
const AT_ONCE: u32 = 5;
const BURST_MS: u64 = 10_000;

/// A document that a webhook named.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named {
    pub due: Mono,
    /// Named so often since this moment.
    since: Mono,
    times: u32,
    /// Waits to be read.
    pub is_wanted: bool,
}

impl TenantMachine {
    /// Reads what was named and is due, at most 40 documents a call.
    pub(super) fn read_named(&mut self, now: Now, out: &mut Vec<Effect>) {
        let due = |named: &Named| named.is_wanted && named.due <= now.mono;
        if self.pulls.named.values().any(due) && self.may_start(now, Class::Webhook, Direction::Read, 1).is_ok() {
            let ids: Vec<XeroInvoiceId> = self
                .pulls
                .named
                .iter()
                .filter(|(_, named)| due(named))
                .map(|(id, _)| *id)
                .take(LOOKUP_MAX)
                .collect();
            for id in &ids {
                if let Some(named) = self.pulls.named.get_mut(id) {
                    named.is_wanted = false;
                }
            }
            let question = (Purpose::ReadNamed(ids.clone()), Request::InvoicesById(ids));
            self.call_for_linked(now, Class::Webhook, question, out);
        }
    }

    /// A webhook rang: the scan is due, and what it named is read by itself.
    pub(super) fn rung(&mut self, now: Now, invoices: Vec<XeroInvoiceId>) {
        let scan = self.pulls.of_mut(StreamKind::Invoices);
        scan.due = scan.due.map(|due| due.min(now.mono));
        for kind in [StreamKind::Payments, StreamKind::CreditNotes, StreamKind::Contacts] {
            self.pulls.of_mut(kind).ring(now);
        }
        let fold_ms = self.setup.policy.pull.fold_ms;
        let is_fresh = |named: &Named| named.is_wanted || now.mono.since_ms(named.since) < BURST_MS;
        self.pulls.named.retain(|_, named| is_fresh(named));
        for id in BTreeSet::from_iter(invoices) {
            let named = self.pulls.named.entry(id).or_insert(Named {
                due: now.mono,
                since: now.mono,
                times: 0,
                is_wanted: false,
            });
            named.times = named.times.saturating_add(1);
            if !named.is_wanted {
                named.is_wanted = true;
                named.due = if named.times > AT_ONCE {
                    named.since.plus_ms(BURST_MS)
                } else {
                    now.mono.plus_ms(fold_ms)
                };
            }
        }
    }

    /// Named documents were read.
    pub(super) fn named_read(&mut self, now: Now, found: Vec<XeroInvoice>, rows: Vec<Invoice>, out: &mut Vec<Effect>) {
        let mut writes = Vec::new();
        self.take_all(now, found, rows, &mut writes);
        out.push(Effect::Persist(writes));
    }

    /// They could not be read: again, until the next scan finds them anyway.
    pub(super) fn named_failed(&mut self, now: Now, ids: Vec<XeroInvoiceId>) {
        for id in ids {
            if let Some(named) = self.pulls.named.get_mut(&id) {
                named.is_wanted = true;
                named.due = now.mono.plus_ms(AGAIN_MS);
            }
        }
    }
}
