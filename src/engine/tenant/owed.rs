//! Invoices that a page of another stream says must be read: by their ids, and the page is over when
//! they are here.

use std::collections::BTreeMap;

use super::machine::{Direction, Purpose, TenantMachine};
use super::pull::again_ms;
use crate::engine::effect::Effect;
use crate::model::failure::{Failure, Remedy};
use crate::model::ids::XeroInvoiceId;
use crate::model::limits::LOOKUP_MAX;
use crate::model::row::{Class, Invoice, StreamKind};
use crate::model::time::{Mono, Now};
use crate::model::write::Write;
use crate::model::xero::{Request, XeroInvoice};

/// What one page still waits for.
#[derive(Debug, Clone, Default)]
pub(super) struct Owed {
    /// To be read; `true` = by itself, because Xero refused a read of several.
    waiting: BTreeMap<XeroInvoiceId, bool>,
    /// How many are being read.
    open: usize,
    failures: u32,
    not_before: Option<Mono>,
    /// The page itself was read.
    pub is_page_read: bool,
}

impl Owed {
    /// These must be read.
    pub(super) fn add(&mut self, ids: impl IntoIterator<Item = XeroInvoiceId>) {
        for id in ids {
            self.waiting.entry(id).or_insert(false);
        }
    }

    /// Whether nothing is waited for.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.open == 0
    }

    fn due(&self, now: Now) -> Option<Mono> {
        (!self.waiting.is_empty()).then(|| self.not_before.unwrap_or(now.mono))
    }

    /// The documents of the next call.
    fn take(&mut self) -> Vec<XeroInvoiceId> {
        let mut ids: Vec<XeroInvoiceId> = Vec::new();
        for (id, is_alone) in &self.waiting {
            if *is_alone && !ids.is_empty() {
                continue;
            }
            ids.push(*id);
            if *is_alone || ids.len() >= LOOKUP_MAX {
                break;
            }
        }
        self.waiting.retain(|id, _| !ids.contains(id));
        self.open = self.open.saturating_add(ids.len());
        ids
    }

    /// They could not be read. One that Xero refuses by itself is given up: its next change is found
    /// by a scan.
    fn failed(&mut self, now: Now, ids: &[XeroInvoiceId], failure: &Failure) {
        self.open = self.open.saturating_sub(ids.len());
        let is_refused = failure.remedy == Remedy::GiveUpItem;
        if is_refused && ids.len() == 1 {
            return;
        }
        for id in ids {
            *self.waiting.entry(*id).or_insert(false) |= is_refused;
        }
        if !is_refused {
            self.failures = self.failures.saturating_add(1);
            self.not_before = Some(now.mono.plus_ms(again_ms(failure, self.failures)));
        }
    }
}

impl TenantMachine {
    /// Reads what pages wait for, at most 40 documents a call.
    pub(super) fn read_owed(&mut self, now: Now, out: &mut Vec<Effect>) {
        for kind in StreamKind::ALL {
            while self.pulls.of(kind).owed.due(now).is_some_and(|due| due <= now.mono)
                && self.may_start(now, Class::Pull, Direction::Read, 1).is_ok()
            {
                let ids = self.pulls.of_mut(kind).owed.take();
                let question = (Purpose::ReadOwed(kind, ids.clone()), Request::InvoicesById(ids));
                self.call_for_linked(now, Class::Pull, question, out);
            }
        }
    }

    /// When something that a page waits for is to be read.
    pub(super) fn owed_due(&self, now: Now) -> Option<Mono> {
        let due = StreamKind::ALL.into_iter();
        due.filter_map(|kind| self.pulls.of(kind).owed.due(now)).min()
    }

    /// Owed documents were read.
    pub(super) fn owed_read(
        &mut self,
        now: Now,
        (kind, ids): (StreamKind, &[XeroInvoiceId]),
        found: Vec<XeroInvoice>,
        rows: Vec<Invoice>,
        out: &mut Vec<Effect>,
    ) {
        let mut writes = Vec::new();
        self.take_all(now, found, rows, &mut writes);
        let owed = &mut self.pulls.of_mut(kind).owed;
        owed.open = owed.open.saturating_sub(ids.len());
        owed.failures = 0;
        owed.not_before = None;
        self.page_over(now, kind, writes, out);
    }

    /// They could not be read.
    pub(super) fn owed_failed(
        &mut self,
        now: Now,
        kind: StreamKind,
        ids: &[XeroInvoiceId],
        failure: &Failure,
        out: &mut Vec<Effect>,
    ) {
        self.pulls.of_mut(kind).owed.failed(now, ids, failure);
        self.page_over(now, kind, Vec::new(), out);
    }

    /// Stores what was read, and turns the page if all of it is here and nothing of it is waited for
    /// any more.
    pub(super) fn page_over(&mut self, now: Now, kind: StreamKind, mut writes: Vec<Write>, out: &mut Vec<Effect>) {
        let owed = &mut self.pulls.of_mut(kind).owed;
        let mut told = None;
        if owed.is_page_read && owed.is_empty() {
            owed.is_page_read = false;
            told = self.turn_page(now, kind, &mut writes);
            // The next page is on its way while this one is stored. What is asked after it waits for
            // this one, so no more than two are ever in memory.
            self.pull_next(now, out);
        }
        out.push(Effect::Persist(writes));
        // After what it brought: a scan that is told of is durable.
        out.extend(told.map(Effect::Announce));
    }
}
