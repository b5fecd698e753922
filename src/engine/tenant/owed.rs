//! Invoices that must be read by their ids before a watermark moves: those a page of another stream
//! names, and those an answer that Xero had kept tells of.

use std::collections::BTreeMap;

use super::machine::{Direction, Purpose, TenantMachine};
use super::pull::again_ms;
use super::streams::{LIST_LAG_MS, StreamState};
use crate::engine::effect::Effect;
use crate::model::failure::{Failure, Remedy};
use crate::model::ids::XeroInvoiceId;
use crate::model::limits::LOOKUP_MAX;
use crate::model::row::{Class, Invoice, Stream, StreamKind};
use crate::model::time::{Mono, Now, Timestamp};
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
    /// What is durable of it: it is read again after a start.
    pub(super) fn of_row(row: Option<&Stream>) -> Self {
        let mut owed = Self::default();
        owed.add(row.into_iter().flat_map(|row| row.owed.iter().copied()));
        owed
    }

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

impl StreamState {
    /// These were read or given up, unless they wait again. Returns the row if it says so now.
    fn no_more_owed(&mut self, ids: &[XeroInvoiceId]) -> Option<Write> {
        let row = self.row.as_mut()?;
        let before = row.owed.len();
        row.owed
            .retain(|id| !ids.contains(id) || self.owed.waiting.contains_key(id));
        (row.owed.len() < before).then(|| Write::Stream(Box::new(row.clone())))
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
        writes.extend(self.pulls.of_mut(kind).no_more_owed(ids));
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
        let state = self.pulls.of_mut(kind);
        state.owed.failed(now, ids, failure);
        let writes = state.no_more_owed(ids).into_iter().collect();
        self.page_over(now, kind, writes, out);
    }

    /// Xero answered under a key with what it had kept: the document as it was made. Scans that began
    /// before this moment looked for nothing of ours there, and pass what happened since.
    pub(super) fn owe_kept(&mut self, document: &XeroInvoice, writes: &mut Vec<Write>) {
        let passes = |xero: Timestamp| document.updated < xero.plus_ms(-LIST_LAG_MS);
        if !self.budget.xero_time().is_none_or(passes) {
            return;
        }
        let (tenant, from) = (self.setup.tenant.id, self.changes_from());
        let state = self.pulls.of_mut(StreamKind::Invoices);
        let row = state.row.get_or_insert_with(|| Stream {
            tenant,
            kind: StreamKind::Invoices,
            from,
            seen: None,
            saved_at: None,
            checked: 0,
            not_linked: 0,
            owed: Vec::new(),
        });
        if !row.owed.contains(&document.id) {
            row.owed.push(document.id);
        }
        state.owed.add([document.id]);
        writes.push(Write::Stream(Box::new(row.clone())));
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
        self.end_catch_up(now, out);
    }
}
