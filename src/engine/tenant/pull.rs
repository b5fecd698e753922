//! What changed in Xero is read: scans of the streams, and documents that a webhook named.
//!
//! A scan asks for page 1 to learn how many pages there are, and then reads them from the last to
//! the first. What is edited meanwhile moves to the end of Xero's order, so what is still to be
//! read only moves to pages that are still to be read.

use std::collections::BTreeMap;

use super::machine::{Direction, OpenCall, Purpose, TenantMachine};
use super::named::Named;
use crate::engine::effect::{CallId, Effect, Notice};
use crate::engine::event::ConnectionEvent;
use crate::engine::take::{News, compare, take};
use crate::engine::{badge, news};
use crate::model::failure::{Failure, Remedy};
use crate::model::ids::{TenantId, XeroInvoiceId};
use crate::model::mutation::{Rule, is_broken};
use crate::model::row::{Class, Invoice, Scan, Stream, StreamKind};
use crate::model::time::{Mono, Now, Timestamp};
use crate::model::write::Write;
use crate::model::xero::{Request, XeroInvoice};

/// Xero's lists may show a change this much later (no documentation bounds it; practice stays
/// below): a scan says nothing about changes younger than this.
pub(super) const LIST_LAG_MS: i64 = 120_000;
/// A first scan looks this far behind the moment of connecting: our clock may be ahead of Xero's.
const FIRST_LOOK_BACK_MS: i64 = 86_400_000;
/// First delay before a page that failed is asked for again; doubles up to [`AGAIN_MAX_MS`].
const AGAIN_MS: u64 = 1_000;
const AGAIN_MAX_MS: u64 = 300_000;
/// One stream.
#[derive(Debug, Clone)]
pub(super) struct StreamState {
    pub row: Option<Stream>,
    scan: Option<Scan>,
    /// When its next page may be asked for; `None` = never by itself.
    pub due: Option<Mono>,
    is_asked: bool,
    failures: u32,
    /// What the page under way brought so far.
    tally: Tally,
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
    pub invoices: StreamState,
    pub named: BTreeMap<XeroInvoiceId, Named>,
    /// After a reconnection: the reference data was read.
    pub is_chart_fresh: bool,
    /// After a reconnection: a scan that began then is complete.
    is_scan_fresh: bool,
}

impl Pulls {
    /// Every stream is due: a webhook may have been lost while the process was down.
    pub(super) fn restore(now: Now, mut streams: Vec<Stream>, mut scans: Vec<Scan>) -> Self {
        let kind = StreamKind::Invoices;
        let row = streams.iter().position(|row| row.kind == kind);
        let scan = scans.iter().position(|scan| scan.kind == kind);
        Self {
            invoices: StreamState {
                row: row.map(|at| streams.swap_remove(at)),
                scan: scan.map(|at| scans.swap_remove(at)),
                due: Some(now.mono),
                is_asked: false,
                failures: 0,
                tally: Tally::default(),
            },
            named: BTreeMap::new(),
            is_chart_fresh: false,
            is_scan_fresh: false,
        }
    }
}

impl StreamState {
    fn since(&self, first: Timestamp) -> Timestamp {
        let from = self.row.as_ref().map_or(first, |row| row.from);
        self.scan.as_ref().map_or(from, |scan| scan.since)
    }

    /// Adds the page that was read to its scan.
    fn count(&mut self) {
        let tally = std::mem::take(&mut self.tally);
        if let Some(scan) = &mut self.scan {
            scan.checked = scan.checked.saturating_add(tally.checked);
            scan.not_linked = scan.not_linked.saturating_add(tally.not_linked);
            scan.changed = scan.changed.saturating_add(tally.changed);
            scan.seen = scan.seen.max(tally.seen);
        }
    }

    /// What is known once the scan is complete. The moment never goes back.
    fn complete(&self, scan: &Scan, now: Now) -> Stream {
        let before = self.row.as_ref();
        let safe = scan.began_at.plus_ms(-LIST_LAG_MS);
        Stream {
            tenant: scan.tenant,
            kind: scan.kind,
            from: before.map_or(scan.since, |row| row.from).max(safe),
            seen: before.and_then(|row| row.seen).max(scan.seen),
            saved_at: Some(now.wall),
            checked: scan.checked,
            not_linked: scan.not_linked,
        }
    }
}

impl TenantMachine {
    /// Asks for what is due, as far as calls are free.
    pub(super) fn pull_next(&mut self, now: Now, out: &mut Vec<Effect>) {
        if self.is_scanning_on()
            && self.pulls.invoices.due.is_some_and(|due| due <= now.mono)
            && !self.pulls.invoices.is_asked
            && self.may_start(now, Class::Pull, Direction::Read, 1).is_ok()
        {
            self.ask_page(now, out);
        }
        self.read_named(now, out);
    }

    /// When something is to be read, and how urgent it is.
    pub(super) fn pulls_due(&self) -> Vec<(Mono, Class)> {
        let invoices = &self.pulls.invoices;
        let scan = invoices.due.filter(|_| !invoices.is_asked && self.is_scanning_on());
        let wanted = self.pulls.named.values().filter(|named| named.is_wanted);
        let named = wanted.map(|named| named.due).min();
        let scan = scan.map(|due| (due, Class::Pull));
        scan.into_iter().chain(named.map(|due| (due, Class::Webhook))).collect()
    }

    fn is_scanning_on(&self) -> bool {
        self.setup.policy.pull.invoices_ms.is_some()
    }

    fn ask_page(&mut self, now: Now, out: &mut Vec<Effect>) {
        let first = self.first_from();
        let state = &mut self.pulls.invoices;
        state.is_asked = true;
        state.tally = Tally::default();
        let stream = StreamKind::Invoices;
        let request = Request::Changes {
            stream,
            since: state.since(first),
            page: state.scan.as_ref().map_or(1, |scan| scan.page),
        };
        self.call_for_linked(now, Class::Pull, (Purpose::Page(stream), request), out);
    }

    /// Nothing can have changed before we were connected, by Xero's clock as far as it is known.
    fn first_from(&self) -> Timestamp {
        let connected = self.setup.tenant.connected_at;
        let earliest = self.budget.xero_time().map_or(connected, |xero| connected.min(xero));
        earliest.plus_ms(-FIRST_LOOK_BACK_MS)
    }

    /// A part of an answer, ahead of the rest of it.
    pub(super) fn slice(
        &mut self,
        now: Now,
        call: CallId,
        found: Vec<XeroInvoice>,
        rows: Vec<Invoice>,
        out: &mut Vec<Effect>,
    ) {
        let Some(OpenCall { purpose, .. }) = self.calls.get(&call) else {
            out.push(Effect::Announce(Notice::StaleAnswer));
            return;
        };
        let mut writes = Vec::new();
        if let Purpose::JobPage(id) = *purpose {
            self.job_slice(now, id, found, rows, &mut writes);
            out.push(Effect::Persist(writes));
            return;
        }
        let is_page = matches!(purpose, Purpose::Page(_));
        let tally = self.take_all(now, found, rows, &mut writes);
        if is_page {
            self.pulls.invoices.tally.add(tally);
        }
        out.push(Effect::Persist(writes));
    }

    /// A page, or the rest of one, was read.
    pub(super) fn page(
        &mut self,
        now: Now,
        kind: StreamKind,
        (found, page_count): (Vec<XeroInvoice>, u32),
        told_at: Option<Timestamp>,
        rows: Vec<Invoice>,
        out: &mut Vec<Effect>,
    ) {
        let tenant = self.setup.tenant.id;
        let first = self.first_from();
        let state = &mut self.pulls.invoices;
        state.is_asked = false;
        state.failures = 0;
        if state.scan.is_none() {
            let since = state.since(first);
            // Without a word about Xero's time the next scan begins where this one did.
            let began_at = told_at.unwrap_or(since);
            state.scan = Some(begin(tenant, kind, since, began_at, page_count.max(1)));
            if page_count > 1 {
                // Page 1 is read again at the end: what it holds then is what counts.
                let scan = state.scan.clone();
                out.push(Effect::Persist(
                    scan.map(|scan| Write::Scan(Box::new(scan))).into_iter().collect(),
                ));
                state.due = Some(now.mono);
                return;
            }
        }
        let mut writes = Vec::new();
        let tally = self.take_all(now, found, rows, &mut writes);
        self.pulls.invoices.tally.add(tally);
        self.turn_page(now, &mut writes, out);
        out.push(Effect::Persist(writes));
        self.end_catch_up(now, out);
    }

    /// The page is read: on to the one before it, or the scan is complete.
    fn turn_page(&mut self, now: Now, writes: &mut Vec<Write>, out: &mut Vec<Effect>) {
        let state = &mut self.pulls.invoices;
        state.count();
        let Some(scan) = &mut state.scan else { return };
        if scan.page > 1 {
            scan.page = scan.page.saturating_sub(1);
            writes.push(Write::Scan(Box::new(scan.clone())));
            state.due = Some(now.mono);
            return;
        }
        let Some(scan) = state.scan.take() else { return };
        let row = state.complete(&scan, now);
        out.push(Effect::Announce(Notice::Scanned {
            stream: scan.kind,
            checked_count: scan.checked,
            not_linked_count: scan.not_linked,
            changed_count: scan.changed,
        }));
        writes.push(Write::Stream(Box::new(row.clone())));
        writes.push(Write::DropScan(scan.tenant, scan.kind));
        state.row = Some(row);
        let every_ms = self.setup.policy.pull.invoices_ms;
        let jitter_ms = self.ids.below(every_ms.unwrap_or(0) / 20 + 1);
        // Early rather than late: the interval is the longest time a change may stay unseen.
        self.pulls.invoices.due = every_ms.map(|every_ms| now.mono.plus_ms(every_ms.saturating_sub(jitter_ms)));
        self.pulls.is_scan_fresh = true;
    }

    /// A page could not be read: the same one is asked for again.
    pub(super) fn page_failed(&mut self, now: Now, _kind: StreamKind, failure: &Failure) {
        let state = &mut self.pulls.invoices;
        state.is_asked = false;
        state.failures = state.failures.saturating_add(1);
        let delay_ms = match failure.remedy {
            // The budget, the keyring or the connection say when.
            Remedy::WaitForLimit { .. } | Remedy::RefreshToken | Remedy::Reconnect => 0,
            Remedy::CheckConnection | Remedy::GiveUpItem | Remedy::RetryWithBackoff => {
                (AGAIN_MS << state.failures.min(9).saturating_sub(1)).min(AGAIN_MAX_MS)
            }
        };
        let jitter_ms = self.ids.below(delay_ms / 4 + 1);
        self.pulls.invoices.due = Some(now.mono.plus_ms(delay_ms.saturating_add(jitter_ms)));
    }

    /// Takes documents into the rows that are linked to them.
    pub(super) fn take_all(
        &mut self,
        now: Now,
        found: Vec<XeroInvoice>,
        rows: Vec<Invoice>,
        writes: &mut Vec<Write>,
    ) -> Tally {
        let mut tally = Tally::default();
        let linked = |row: Invoice| row.link.as_ref().map(|link| link.xero_id).map(|id| (id, row));
        let mut rows: BTreeMap<XeroInvoiceId, Invoice> = rows.into_iter().filter_map(linked).collect();
        for document in found {
            tally.checked = tally.checked.saturating_add(1);
            tally.seen = tally.seen.max(Some(document.updated));
            let Some(mut row) = rows.remove(&document.id) else {
                tally.not_linked = tally.not_linked.saturating_add(1);
                continue;
            };
            if self.take_one(now, &mut row, document, writes) {
                tally.changed = tally.changed.saturating_add(1);
            }
        }
        tally
    }

    pub(super) fn take_one(
        &mut self,
        now: Now,
        row: &mut Invoice,
        document: XeroInvoice,
        writes: &mut Vec<Write>,
    ) -> bool {
        // With a push open, the push compares.
        let may_compare = !self.by_invoice.contains_key(&row.id);
        let before = row.copy.clone().filter(|copy| *copy != document);
        let news = take(row, document, may_compare, &mut self.ids, now);
        if news.is_empty() {
            return false;
        }
        self.record_copy(row, before.as_ref());
        writes.push(badge::write(row, now));
        writes.extend(news::events(&mut self.ids, row, &news, now));
        true
    }

    /// What was held back while a push was open.
    pub(super) fn compare_again(&mut self, now: Now, row: &mut Invoice, writes: &mut Vec<Write>) {
        let mut news = Vec::new();
        compare(row, now, &mut news);
        writes.extend(news::events(&mut self.ids, row, &news, now));
    }

    /// Takes what Xero answered to a push of ours. That the document changed is no news then.
    pub(super) fn take_echo(&mut self, now: Now, row: &mut Invoice, document: XeroInvoice, writes: &mut Vec<Write>) {
        let before = row.copy.clone();
        let mut news = take(row, document, false, &mut self.ids, now);
        self.record_copy(row, before.as_ref());
        news.retain(|piece| *piece != News::Changed);
        writes.extend(news::events(&mut self.ids, row, &news, now));
    }

    /// The moment from which on changes in Xero are read next, in Xero's time.
    pub(super) fn changes_from(&self) -> Timestamp {
        let row = self.pulls.invoices.row.as_ref();
        row.map_or_else(|| self.first_from(), |row| row.from)
    }

    /// After a reconnection nothing is written before what was missed is known.
    pub(super) fn catch_up(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.pulls.is_chart_fresh = false;
        self.pulls.is_scan_fresh = false;
        self.pulls.invoices.due = Some(now.mono);
        // A scan that began before says nothing about what happened since.
        if let Some(scan) = self.pulls.invoices.scan.take() {
            out.push(Effect::Persist(vec![Write::DropScan(scan.tenant, scan.kind)]));
        }
    }

    pub(super) fn end_catch_up(&mut self, now: Now, out: &mut Vec<Effect>) {
        let is_scanned = self.pulls.is_scan_fresh || !self.is_scanning_on();
        if self.is_catching_up() && self.pulls.is_chart_fresh && is_scanned && !is_broken(Rule::CatchUpEnds) {
            self.connection_event(now, ConnectionEvent::CaughtUp, out);
        }
    }
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.checked = self.checked.saturating_add(other.checked);
        self.not_linked = self.not_linked.saturating_add(other.not_linked);
        self.changed = self.changed.saturating_add(other.changed);
        self.seen = self.seen.max(other.seen);
    }
}

const fn begin(tenant: TenantId, kind: StreamKind, since: Timestamp, began_at: Timestamp, page: u32) -> Scan {
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
