//! What is known of each stream while the machine lives.

use std::collections::BTreeMap;

use super::hurry::{Heard, Hurry};
use super::named::Named;
use super::owed::Owed;
use crate::model::ids::{TenantId, XeroInvoiceId};
use crate::model::mutation::{Rule, is_broken};
use crate::model::row::{Scan, Stream, StreamKind};
use crate::model::time::{Mono, Now, Timestamp};

/// Xero's lists may show a change this much later (no documentation bounds it; practice stays
/// below): a scan says nothing about changes younger than this.
pub(super) const LIST_LAG_MS: i64 = 120_000;
/// What rings makes a stream due at most this often: a stream that is not read by itself for hours
/// must not cost a call for every change of an invoice.
const RUNG_EVERY_MS: u64 = 900_000;

/// One stream.
#[derive(Debug, Clone)]
pub(super) struct StreamState {
    pub row: Option<Stream>,
    pub scan: Option<Scan>,
    /// When its next page may be asked for; `None` = never by itself.
    pub due: Option<Mono>,
    pub is_asked: bool,
    pub failures: u32,
    pub hurry: Hurry,
    /// What the page under way brought so far.
    pub tally: Tally,
    /// Invoices that the page under way says must be read: it is not over before they are.
    pub owed: Owed,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub checked: u32,
    pub not_linked: u32,
    pub changed: u32,
    pub seen: Option<Timestamp>,
}

/// All that is read by itself.
#[derive(Debug, Clone)]
pub(super) struct Pulls {
    invoices: StreamState,
    payments: StreamState,
    credit_notes: StreamState,
    contacts: StreamState,
    manual_journals: StreamState,
    pub named: BTreeMap<XeroInvoiceId, Named>,
    pub heard: Heard,
    /// After a reconnection: the reference data was read.
    pub is_chart_fresh: bool,
    /// After a reconnection: a scan of invoices that began then is complete.
    pub is_scan_fresh: bool,
}

impl Pulls {
    /// Every stream is due: a webhook may have been lost while the process was down.
    pub(super) fn restore(now: Now, mut streams: Vec<Stream>, mut scans: Vec<Scan>) -> Self {
        let due = if is_broken(Rule::StartReads) {
            now.mono.plus_ms(RUNG_EVERY_MS)
        } else {
            now.mono
        };
        let mut state = |kind: StreamKind| {
            let row = streams.iter().position(|row| row.kind == kind);
            let scan = scans.iter().position(|scan| scan.kind == kind);
            let row = row.map(|at| streams.swap_remove(at));
            StreamState {
                owed: Owed::of_row(row.as_ref()),
                row,
                scan: scan.map(|at| scans.swap_remove(at)),
                due: Some(due),
                is_asked: false,
                failures: 0,
                hurry: Hurry::default(),
                tally: Tally::default(),
            }
        };
        Self {
            invoices: state(StreamKind::Invoices),
            payments: state(StreamKind::Payments),
            credit_notes: state(StreamKind::CreditNotes),
            contacts: state(StreamKind::Contacts),
            manual_journals: state(StreamKind::ManualJournals),
            named: BTreeMap::new(),
            heard: Heard::default(),
            is_chart_fresh: false,
            is_scan_fresh: false,
        }
    }

    pub(super) const fn of(&self, kind: StreamKind) -> &StreamState {
        match kind {
            StreamKind::Invoices => &self.invoices,
            StreamKind::Payments => &self.payments,
            StreamKind::CreditNotes => &self.credit_notes,
            StreamKind::Contacts => &self.contacts,
            StreamKind::ManualJournals => &self.manual_journals,
        }
    }

    pub(super) const fn of_mut(&mut self, kind: StreamKind) -> &mut StreamState {
        match kind {
            StreamKind::Invoices => &mut self.invoices,
            StreamKind::Payments => &mut self.payments,
            StreamKind::CreditNotes => &mut self.credit_notes,
            StreamKind::Contacts => &mut self.contacts,
            StreamKind::ManualJournals => &mut self.manual_journals,
        }
    }
}

impl StreamState {
    pub(super) fn since(&self, first: Timestamp) -> Timestamp {
        let from = self.row.as_ref().map_or(first, |row| row.from);
        self.scan.as_ref().map_or(from, |scan| scan.since)
    }

    /// Its next page is asked for.
    pub(super) fn asked(&mut self, now: Now) {
        self.is_asked = true;
        self.tally = Tally::default();
        if self.scan.is_none() {
            self.hurry.begun(now.mono);
        }
    }

    /// A webhook rang: its next scan begins soon. One that is under way may have passed the change.
    pub(super) fn hurry(&mut self, now: Now) {
        let is_scanning = self.is_asked || self.scan.is_some();
        let at = self.hurry.rung(now.mono);
        if !is_scanning {
            self.due = self.due.map(|due| due.min(at));
        }
    }

    /// Something rang: it is due earlier, but not more often than a ring is worth.
    pub(super) fn ring(&mut self, now: Now) {
        let soonest = self
            .hurry
            .last()
            .map_or(now.mono, |began| now.mono.max(began.plus_ms(RUNG_EVERY_MS)));
        self.due = self.due.map(|due| due.min(soonest));
    }

    /// What is missing since the connection was lost is read from the beginning. Tells of the scan
    /// that began before: it says nothing about what happened since.
    pub(super) fn start_over(&mut self, now: Now) -> Option<Scan> {
        self.due = Some(now.mono);
        self.owed = Owed::of_row(self.row.as_ref());
        self.scan.take()
    }

    /// Adds the page that was read to its scan.
    pub(super) fn count(&mut self) {
        let tally = std::mem::take(&mut self.tally);
        if let Some(scan) = &mut self.scan {
            scan.checked = scan.checked.saturating_add(tally.checked);
            scan.not_linked = scan.not_linked.saturating_add(tally.not_linked);
            scan.changed = scan.changed.saturating_add(tally.changed);
            scan.seen = scan.seen.max(tally.seen);
        }
    }

    /// What is known once the scan is complete. The moment never goes back.
    pub(super) fn complete(&mut self, scan: &Scan, now: Now) -> Stream {
        let before = self.row.as_ref();
        let lag_ms = if is_broken(Rule::ListLag) { 0 } else { LIST_LAG_MS };
        let safe = scan.began_at.plus_ms(-lag_ms);
        let row = Stream {
            tenant: scan.tenant,
            kind: scan.kind,
            from: before.map_or(scan.since, |row| row.from).max(safe),
            seen: before.and_then(|row| row.seen).max(scan.seen),
            saved_at: Some(now.wall),
            checked: scan.checked,
            not_linked: scan.not_linked,
            owed: before.map(|row| row.owed.clone()).unwrap_or_default(),
        };
        self.row = Some(row.clone());
        row
    }
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.checked = self.checked.saturating_add(other.checked);
        self.not_linked = self.not_linked.saturating_add(other.not_linked);
        self.changed = self.changed.saturating_add(other.changed);
        self.seen = self.seen.max(other.seen);
    }

    /// One document was looked at.
    pub(super) fn look(&mut self, updated: Timestamp) {
        self.checked = self.checked.saturating_add(1);
        self.seen = self.seen.max(Some(updated));
    }
}

/// A scan that begins.
pub(super) const fn begin(
    tenant: TenantId,
    kind: StreamKind,
    since: Timestamp,
    began_at: Timestamp,
    page: u32,
) -> Scan {
    Scan {
        tenant,
        kind,
        since,
        began_at,
        page,
        seen: None,
        checked: 0,
        not_linked: 0,
        changed: 0,
    }
}
