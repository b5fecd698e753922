//! Documents as Xero has them now are taken into the rows that are linked to them.

use std::collections::BTreeMap;

use super::machine::TenantMachine;
use super::streams::Tally;
use crate::engine::take::{News, Taking, compare_now_or_later, echo, take};
use crate::engine::{alert, badge};
use crate::model::ids::XeroInvoiceId;
use crate::model::row::Invoice;
use crate::model::time::Now;
use crate::model::write::Write;
use crate::model::xero::XeroInvoice;

impl TenantMachine {
    /// Takes documents into the rows that are linked to them.
    pub(super) fn take_all(
        &mut self,
        now: Now,
        found: Vec<XeroInvoice>,
        rows: Vec<Invoice>,
        writes: &mut Vec<Write>,
    ) -> Tally {
        let mut tally = Tally::default();
        let linked = |row: Invoice| row.link.as_ref().map(|link| link.xero_id).map(|id| (id, Box::new(row)));
        let mut rows: BTreeMap<XeroInvoiceId, Box<Invoice>> = rows.into_iter().filter_map(linked).collect();
        for document in found {
            tally.look(document.updated);
            let Some(mut row) = rows.remove(&document.id) else {
                tally.not_linked = tally.not_linked.saturating_add(1);
                continue;
            };
            if self.take_in(now, &mut row, document, writes) {
                tally.changed = tally.changed.saturating_add(1);
                writes.push(Write::Invoice(row));
            }
        }
        tally
    }

    /// Takes one document. Returns whether the row is another one now.
    pub(super) fn take_one(
        &mut self,
        now: Now,
        row: &mut Invoice,
        document: XeroInvoice,
        writes: &mut Vec<Write>,
    ) -> bool {
        let is_another = self.take_in(now, row, document, writes);
        if is_another {
            writes.push(Write::Invoice(Box::new(row.clone())));
        }
        is_another
    }

    /// Takes one document, and leaves it to the caller to write the row if it is another one now.
    fn take_in(&mut self, now: Now, row: &mut Invoice, document: XeroInvoice, writes: &mut Vec<Write>) -> bool {
        // With a push open, the push compares.
        let taking = self.taking(!self.by_invoice.contains_key(&row.id));
        let (xero_id, changed_at) = (document.id, document.updated);
        let earlier = row.copy.as_ref().filter(|copy| **copy != document).cloned();
        let version = |row: &Invoice| row.copy.as_ref().map(|copy| copy.updated);
        let before = version(row);
        let news = take(row, document, taking, &mut self.ids, now);
        // What came and went between two readings leaves a newer version, and no news.
        if news.is_empty() && version(row) == before {
            return false;
        }
        self.outdate(xero_id);
        self.heard_of(now, xero_id, changed_at);
        self.record_copy(row, earlier.as_ref());
        let is_lowered = alert::withdraw_matched(row);
        let is_released = self.release_editable(now, row, writes);
        badge::stamp(row, now);
        writes.extend((is_lowered || is_released).then(|| badge::event(&mut self.ids, row, now)));
        self.tell(now, row, &news, writes);
        true
    }

    /// What was held back while a push was open.
    pub(super) fn compare_again(&mut self, now: Now, row: &mut Invoice, writes: &mut Vec<Write>) {
        let mut news = Vec::new();
        compare_now_or_later(row, self.taking(true), now, &mut news);
        self.tell(now, row, &news, writes);
    }

    /// Takes a document that a look-up found to be ours. That it is there is told by its badge.
    pub(super) fn take_found(&mut self, now: Now, row: &mut Invoice, document: XeroInvoice, writes: &mut Vec<Write>) {
        let earlier = row.copy.clone();
        let mut news = take(row, document, self.taking(false), &mut self.ids, now);
        self.record_copy(row, earlier.as_ref());
        let is_lowered = alert::withdraw_matched(row);
        writes.extend(is_lowered.then(|| badge::event(&mut self.ids, row, now)));
        news.retain(|piece| *piece != News::Changed);
        self.tell(now, row, &news, writes);
    }

    /// Takes what Xero answered to a push of ours: it need not list payments and credits.
    pub(super) fn take_echo(&mut self, now: Now, row: &mut Invoice, document: XeroInvoice, writes: &mut Vec<Write>) {
        let earlier = row.copy.clone();
        let news: Vec<News> = echo(row, document).into_iter().collect();
        self.record_copy(row, earlier.as_ref());
        self.tell(now, row, &news, writes);
    }

    pub(super) fn taking(&self, compares: bool) -> Taking {
        Taking {
            compares,
            quiet_ms: self.setup.policy.pull.quiet_ms,
        }
    }
}
