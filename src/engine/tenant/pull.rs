//! What changed in Xero is read: scans of the streams.
//!
//! A scan asks for page 1 to learn how many pages there are, and then reads them from the last to
//! the first. What is edited meanwhile moves to the end of Xero's order, so what is still to be
//! read only moves to pages that are still to be read.
//!
//! The stream of invoices brings the documents themselves. The others only say which invoices must
//! be read: a page of theirs is over once those are.

use super::machine::{Direction, OpenCall, Purpose, TenantMachine};
use super::streams::{Tally, begin};
use crate::engine::desired::Obstacle;
use crate::engine::effect::{CallId, Effect, Notice};
use crate::engine::event::{ConnectionEvent, Related};
use crate::engine::take::News;
use crate::engine::{badge, news, ring, sweep};
use crate::model::failure::{Failure, Remedy};
use crate::model::ids::XeroInvoiceId;
use crate::model::mutation::{Rule, is_broken};
use crate::model::reason::ReasonCode;
use crate::model::row::{Class, Invoice, StreamKind};
use crate::model::time::{Mono, Now, Timestamp};
use crate::model::write::Write;
use crate::model::xero::{Change, PaymentChange, Request, XeroInvoice};

/// A first scan looks this far behind the moment of connecting: our clock may be ahead of Xero's.
const FIRST_LOOK_BACK_MS: i64 = 86_400_000;
/// First delay before a page that failed is asked for again; doubles up to [`AGAIN_MAX_MS`].
const AGAIN_MS: u64 = 1_000;
const AGAIN_MAX_MS: u64 = 300_000;

impl TenantMachine {
    /// Asks for what is due, as far as calls are free.
    pub(super) fn pull_next(&mut self, now: Now, out: &mut Vec<Effect>) {
        for kind in StreamKind::ALL {
            let due = self.page_due(kind);
            if due.is_some_and(|due| due <= now.mono)
                && self
                    .may_start(now, Class::Pull, Direction::Read, self.pages_left(kind))
                    .is_ok()
            {
                self.ask_page(now, kind, out);
            }
        }
        self.read_owed(now, out);
        self.read_named(now, out);
    }

    /// When something is to be read, how urgent it is, and about how many calls it takes.
    pub(super) fn pulls_due(&self, now: Now) -> Vec<(Mono, Class, usize)> {
        let due = |kind| Some((self.page_due(kind)?, Class::Pull, self.pages_left(kind)));
        let pages = StreamKind::ALL.into_iter().filter_map(due);
        let owed = self.owed_due(now).map(|due| (due, Class::Pull, 1));
        let wanted = self.pulls.named.values().filter(|named| named.is_wanted);
        let named = wanted.map(|named| named.due).min();
        pages
            .chain(owed)
            .chain(named.map(|due| (due, Class::Webhook, 1)))
            .collect()
    }

    /// Pages of a scan that are still to be read, as far as is known.
    fn pages_left(&self, kind: StreamKind) -> usize {
        let page = self.pulls.of(kind).scan.as_ref().map_or(1, |scan| scan.page);
        usize::try_from(page).unwrap_or(usize::MAX)
    }

    fn page_due(&self, kind: StreamKind) -> Option<Mono> {
        let state = self.pulls.of(kind);
        let is_on = self.setup.policy.pull.every_ms(kind).is_some();
        state
            .due
            .filter(|_| is_on && !state.is_asked && !state.owed.is_page_read)
    }

    fn ask_page(&mut self, now: Now, kind: StreamKind, out: &mut Vec<Effect>) {
        let first = self.first_from();
        let state = self.pulls.of_mut(kind);
        state.asked(now);
        let request = Request::Changes {
            stream: kind,
            since: state.since(first),
            page: state.scan.as_ref().map_or(1, |scan| scan.page),
        };
        self.call_for_linked(now, Class::Pull, (Purpose::Page(kind), request), out);
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
            self.pulls.of_mut(StreamKind::Invoices).tally.add(tally);
        }
        out.push(Effect::Persist(writes));
    }

    /// Documents of a page of another stream than the one of invoices, ahead of its answer.
    pub(super) fn changes(
        &mut self,
        now: Now,
        call: CallId,
        found: &[Change],
        related: Related,
        out: &mut Vec<Effect>,
    ) {
        let Some(Purpose::Page(kind)) = self.calls.get(&call).map(|open| open.purpose.clone()) else {
            out.push(Effect::Announce(Notice::StaleAnswer));
            return;
        };
        let Related {
            invoices,
            mut contacts,
            mut mappings,
        } = related;
        let mut followed = ring::followed(invoices);
        let mut tally = Tally::default();
        let mut owed: Vec<XeroInvoiceId> = Vec::new();
        let mut writes = Vec::new();
        for change in found {
            tally.look(change.updated());
            let before = owed.len();
            let is_followed = match change {
                Change::Payment(payment) => {
                    owed.extend(ring::by_payment(payment, &followed));
                    let row = payment.invoice.and_then(|id| followed.get_mut(&id));
                    row.map(|row| self.payment_listed(now, payment, row, &mut writes, out))
                        .is_some()
                }
                Change::Credit(credit) if ring::touches(credit, &followed) => {
                    owed.extend(ring::by_credit(credit, &followed));
                    true
                }
                Change::Contact(change) => {
                    let of_contact = (contacts.as_mut_slice(), mappings.as_mut_slice());
                    let (is_followed, is_changed) =
                        self.contact_listed(now, &change.contact, found, of_contact, &mut writes);
                    tally.changed = tally.changed.saturating_add(u32::from(is_changed));
                    is_followed
                }
                Change::Credit(_) | Change::Journal(_) => false,
            };
            tally.not_linked = tally.not_linked.saturating_add(u32::from(!is_followed));
            tally.changed = tally.changed.saturating_add(u32::from(owed.len() > before));
        }
        let state = self.pulls.of_mut(kind);
        state.tally.add(tally);
        state.owed.add(owed);
        out.push(Effect::Persist(writes));
    }

    /// A deleted payment that was never here is told once: there is nothing to change.
    fn payment_listed(
        &mut self,
        now: Now,
        payment: &PaymentChange,
        row: &mut Invoice,
        writes: &mut Vec<Write>,
        out: &mut Vec<Effect>,
    ) {
        if !ring::is_unmatched_delete(payment, row) {
            return;
        }
        let before = row.sync.clone();
        let obstacle = Obstacle {
            code: ReasonCode::PaymentDeleteNoMatch,
            detail: format!("The payment {} was deleted in Xero and is not known here.", payment.id),
            subject: Some(payment.id.to_string()),
        };
        if !self.raise(now, row, obstacle, out) {
            return;
        }
        writes.push(badge::write(row, now));
        if row.sync != before {
            writes.push(badge::event(&mut self.ids, row, now));
        }
        let news = [News::DeleteUnmatched(payment.id)];
        writes.extend(news::events(&mut self.ids, row, &news, now));
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
        let state = self.pulls.of_mut(kind);
        state.is_asked = false;
        state.failures = 0;
        if state.scan.is_none() {
            let since = state.since(first);
            // Without a word about Xero's time the next scan begins where this one did.
            let began_at = told_at.unwrap_or(since);
            state.scan = Some(begin(tenant, kind, since, began_at, page_count.max(1)));
            if page_count > 1 && !is_broken(Rule::AllPages) {
                // Page 1 is read again at the end: what it holds then is what counts. What was taken of it
                // already is no news then.
                let taken = std::mem::take(&mut state.tally).changed;
                let scan = state.scan.as_mut().map(|scan| {
                    scan.changed = taken;
                    scan.clone()
                });
                out.push(Effect::Persist(
                    scan.map(|scan| Write::Scan(Box::new(scan))).into_iter().collect(),
                ));
                state.due = Some(now.mono);
                return;
            }
        }
        let mut writes = Vec::new();
        let tally = self.take_all(now, found, rows, &mut writes);
        self.pulls.of_mut(kind).tally.add(tally);
        self.pulls.of_mut(kind).owed.is_page_read = true;
        self.page_over(now, kind, writes, out);
    }

    /// The page is read: on to the one before it, or the scan is complete and told of.
    pub(super) fn turn_page(&mut self, now: Now, kind: StreamKind, writes: &mut Vec<Write>) -> Option<Notice> {
        let state = self.pulls.of_mut(kind);
        state.count();
        let scan = state.scan.as_mut()?;
        if scan.page > 1 {
            scan.page = scan.page.saturating_sub(1);
            writes.push(Write::Scan(Box::new(scan.clone())));
            state.due = Some(now.mono);
            return None;
        }
        let scan = state.scan.take()?;
        writes.push(Write::Stream(Box::new(state.complete(&scan, now))));
        writes.push(Write::DropScan(scan.tenant, scan.kind));
        let day = (self.budget.limits().day, self.budget.day_used(now));
        let every_ms = sweep::every_ms(&self.setup.policy.pull, kind, day);
        let jitter_ms = self.ids.below(every_ms.unwrap_or(0) / 20 + 1);
        // Early rather than late: the interval is the longest time a change may stay unseen.
        let regular = every_ms.map(|every_ms| now.mono.plus_ms(every_ms.saturating_sub(jitter_ms)));
        let state = self.pulls.of_mut(kind);
        state.due = regular.map(|due| state.hurry.due().map_or(due, |rung| rung.min(due)));
        if kind == StreamKind::Invoices {
            self.pulls.is_scan_fresh = true;
            if scan.changed > 0 {
                self.ring_others(now);
            }
        }
        Some(Notice::Scanned {
            stream: scan.kind,
            checked_count: scan.checked,
            not_linked_count: scan.not_linked,
            changed_count: scan.changed,
        })
    }

    /// An invoice changed: what else is about it may have changed too.
    pub(super) fn ring_others(&mut self, now: Now) {
        self.pulls.of_mut(StreamKind::Payments).ring(now);
        self.pulls.of_mut(StreamKind::CreditNotes).ring(now);
    }

    /// A page could not be read: the same one is asked for again.
    pub(super) fn page_failed(&mut self, now: Now, kind: StreamKind, failure: &Failure) {
        let state = self.pulls.of_mut(kind);
        state.is_asked = false;
        state.failures = state.failures.saturating_add(1);
        let delay_ms = again_ms(failure, state.failures);
        let jitter_ms = self.ids.below(delay_ms / 4 + 1);
        self.pulls.of_mut(kind).due = Some(now.mono.plus_ms(delay_ms.saturating_add(jitter_ms)));
    }

    /// The moment from which on changes in Xero are read next, in Xero's time.
    pub(super) fn changes_from(&self) -> Timestamp {
        let row = self.pulls.of(StreamKind::Invoices).row.as_ref();
        row.map_or_else(|| self.first_from(), |row| row.from)
    }

    /// After a reconnection nothing is written before what was missed is known.
    pub(super) fn catch_up(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.pulls.is_chart_fresh = false;
        self.pulls.is_scan_fresh = false;
        let scans = StreamKind::ALL.map(|kind| self.pulls.of_mut(kind).start_over(now));
        let begun = scans.into_iter().flatten();
        let writes: Vec<Write> = begun.map(|scan| Write::DropScan(scan.tenant, scan.kind)).collect();
        if !writes.is_empty() {
            out.push(Effect::Persist(writes));
        }
    }

    pub(super) fn end_catch_up(&mut self, now: Now, out: &mut Vec<Effect>) {
        let is_scanned = self.pulls.is_scan_fresh || self.setup.policy.pull.every_ms(StreamKind::Invoices).is_none();
        if self.is_catching_up() && self.pulls.is_chart_fresh && is_scanned && !is_broken(Rule::CatchUpEnds) {
            self.connection_event(now, ConnectionEvent::CaughtUp, out);
        }
    }
}

/// How long to wait after so many failures in a row.
pub(super) fn again_ms(failure: &Failure, failures: u32) -> u64 {
    match failure.remedy {
        // The budget, the keyring or the connection say when.
        Remedy::WaitForLimit { .. } | Remedy::RefreshToken | Remedy::Reconnect => 0,
        Remedy::CheckConnection | Remedy::GiveUpItem | Remedy::RetryWithBackoff => {
            (AGAIN_MS << failures.min(9).saturating_sub(1)).min(AGAIN_MAX_MS)
        }
    }
}
