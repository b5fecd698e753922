//! What the calls of a job brought: pages of changes, and documents that were read by their ids.

use std::collections::BTreeMap;

use super::job_words::Item;
use super::machine::TenantMachine;
use super::streams::begin;
use crate::engine::effect::Effect;
use crate::engine::{apart, badge, take};
use crate::model::ids::{OperationId, XeroInvoiceId};
use crate::model::limits::LOOKUP_MAX;
use crate::model::mutation::{Rule, is_broken};
use crate::model::row::{Invoice, JobKind, JobStep, Scan, Stream, StreamKind, Tally};
use crate::model::time::{Now, Timestamp};
use crate::model::write::Write;
use crate::model::xero::XeroInvoice;

impl TenantMachine {
    /// A part of a page, ahead of the rest of it.
    pub(super) fn job_slice(
        &mut self,
        now: Now,
        id: OperationId,
        found: Vec<XeroInvoice>,
        rows: Vec<Invoice>,
        writes: &mut Vec<Write>,
    ) {
        let Some(state) = self.jobs.0.get(&id) else { return };
        let JobStep::Pages { summary, .. } = state.job.step else {
            return;
        };
        let latest = found.iter().map(|document| document.updated).max();
        let tally = if summary {
            self.look_at(id, &found, &rows)
        } else {
            let tally = self.take_all(now, found, rows, writes);
            Tally {
                checked: tally.checked.saturating_sub(tally.not_linked),
                changed: tally.changed,
                not_linked: tally.not_linked,
                ..Tally::default()
            }
        };
        if let Some(state) = self.jobs.0.get_mut(&id) {
            state.page.add(tally);
            if let JobStep::Pages { seen, .. } = &mut state.job.step {
                *seen = (*seen).max(latest);
            }
        }
    }

    /// A page, or the rest of one, was read.
    pub(super) fn job_page(
        &mut self,
        now: Now,
        id: OperationId,
        (found, page_count): (Vec<XeroInvoice>, u32),
        told_at: Option<Timestamp>,
        rows: Vec<Invoice>,
        out: &mut Vec<Effect>,
    ) {
        let Some(state) = self.jobs.0.get_mut(&id) else { return };
        let most = u32::try_from(LOOKUP_MAX).unwrap_or(u32::MAX);
        let by_id = state.job.linked.map_or(u32::MAX, |linked| linked.div_ceil(most));
        if let JobStep::Pages {
            since, began_at, page, ..
        } = &mut state.job.step
            && began_at.is_none()
        {
            // Without a word about Xero's time the watermark stays.
            *began_at = Some(told_at.unwrap_or(*since));
            if page_count > 1 {
                *page = page_count;
                if by_id < page_count {
                    // Fewer calls read every linked invoice by its id.
                    state.job.step = JobStep::Walk {
                        after: None,
                        open_only: false,
                    };
                }
                // Page 1 is read again at the end: what it holds then is what counts.
                state.page = Tally::default();
                self.keep_job(now, id, Vec::new(), out);
                return;
            }
        }
        let mut writes = Vec::new();
        self.job_slice(now, id, found, rows, &mut writes);
        self.turn_job_page(now, id, &mut writes);
        self.keep_job(now, id, writes, out);
    }

    /// The page is read: on to the one before it, or to what comes after the pages.
    fn turn_job_page(&mut self, now: Now, id: OperationId, writes: &mut Vec<Write>) {
        let Some(state) = self.jobs.0.get_mut(&id) else { return };
        let JobStep::Pages {
            since,
            began_at,
            page,
            summary,
            seen,
        } = &mut state.job.step
        else {
            return;
        };
        if *page > 1 {
            *page = page.saturating_sub(1);
            return;
        }
        let scan = (*since, began_at.unwrap_or(*since), *seen);
        let is_whole = !*summary;
        let tally = state.page;
        state.job.step = match state.job.kind {
            JobKind::Reconcile => JobStep::Walk {
                after: None,
                open_only: true,
            },
            JobKind::Drift => JobStep::Walk {
                after: None,
                open_only: false,
            },
            _ => JobStep::End,
        };
        if is_whole {
            let before = self.operations.get(&id).and_then(|operation| operation.tally);
            let mut whole = before.unwrap_or_default();
            whole.add(tally);
            writes.extend(self.advance(now, scan, whole));
        }
    }

    /// A complete reading that begins at the watermark or before it moves it, as a scan does.
    fn advance(
        &mut self,
        now: Now,
        (since, began_at, seen): (Timestamp, Timestamp, Option<Timestamp>),
        tally: Tally,
    ) -> Option<Write> {
        let is_owed = |row: &Stream| !row.owed.is_empty();
        if since > self.changes_from() || self.pulls.of(StreamKind::Invoices).row.as_ref().is_some_and(is_owed) {
            return None;
        }
        let scan = Scan {
            seen,
            checked: tally.checked.saturating_add(tally.not_linked),
            not_linked: tally.not_linked,
            ..begin(self.setup.tenant.id, StreamKind::Invoices, since, began_at, 1)
        };
        let row = self.pulls.of_mut(StreamKind::Invoices).complete(&scan, now);
        Some(Write::Stream(Box::new(row)))
    }

    /// Compares summaries with what we have; what differs is read whole.
    fn look_at(&mut self, id: OperationId, found: &[XeroInvoice], rows: &[Invoice]) -> Tally {
        let mut tally = Tally::default();
        let Some(state) = self.jobs.0.get_mut(&id) else {
            return tally;
        };
        let linked: BTreeMap<XeroInvoiceId, &Invoice> = rows
            .iter()
            .filter_map(|row| row.link.as_ref().map(|link| (link.xero_id, row)))
            .collect();
        for document in found {
            let Some(row) = linked.get(&document.id) else {
                tally.not_linked = tally.not_linked.saturating_add(1);
                continue;
            };
            let is_new = state.seen.insert(document.id);
            tally.checked = tally.checked.saturating_add(u32::from(is_new));
            let is_new = is_new || state.job.kind != JobKind::Drift;
            let is_other = row
                .copy
                .as_ref()
                .is_none_or(|copy| apart::differs(copy, document) || is_in_doubt(row, copy));
            if is_other && is_new && !state.job.ids.contains(&document.id) {
                state.job.ids.push(document.id);
            }
        }
        tally
    }

    /// Documents were read by their ids.
    pub(super) fn job_ids(
        &mut self,
        now: Now,
        id: OperationId,
        asked: &[XeroInvoiceId],
        found: Vec<XeroInvoice>,
        rows: Vec<Invoice>,
        out: &mut Vec<Effect>,
    ) {
        let Some(state) = self.jobs.0.get_mut(&id) else { return };
        state.job.ids.retain(|open| !asked.contains(open));
        let kind = state.job.kind;
        let mut linked: BTreeMap<XeroInvoiceId, Invoice> = rows
            .into_iter()
            .filter_map(|row| row.link.as_ref().map(|link| link.xero_id).map(|id| (id, row)))
            .collect();
        let mut tally = Tally::default();
        // Those whose summaries were looked at are counted already.
        let checked = linked.keys().filter(|xero_id| state.seen.insert(**xero_id)).count();
        tally.checked = u32::try_from(checked).unwrap_or(u32::MAX);
        let mut writes = Vec::new();
        for document in found.into_iter().filter(|document| asked.contains(&document.id)) {
            let Some(mut row) = linked.remove(&document.id) else {
                tally.not_linked = tally.not_linked.saturating_add(1);
                continue;
            };
            let is_changed = match kind {
                JobKind::Reconcile => self.repair(now, id, &mut row, document, &mut writes),
                JobKind::Drift => self.note_drift(id, &row, &document, &mut writes),
                _ => self.take_one(now, &mut row, document, &mut writes),
            };
            tally.changed = tally.changed.saturating_add(u32::from(is_changed));
        }
        for (xero_id, mut row) in linked {
            if is_broken(Rule::CopyStays) {
                row.copy = None;
                writes.push(badge::write(&mut row, now));
            }
            let counts = if kind == JobKind::Drift {
                &mut tally.changed
            } else {
                &mut tally.failed
            };
            *counts = counts.saturating_add(1);
            let item = Item {
                row: Some(&row),
                xero_id: Some(xero_id),
                code: "missing_in_xero",
                detail: "Xero's answer does not show the document this invoice is linked to.".to_owned(),
                ..Item::default()
            };
            self.item(id, item, &mut writes);
        }
        if let Some(state) = self.jobs.0.get_mut(&id) {
            state.page = tally;
        }
        self.keep_job(now, id, writes, out);
    }

    /// Takes a document that may have been missed, and says why it had been.
    fn repair(
        &mut self,
        now: Now,
        id: OperationId,
        row: &mut Invoice,
        document: XeroInvoice,
        writes: &mut Vec<Write>,
    ) -> bool {
        let before = row.copy.clone();
        let (code, detail) = why_missed(before.as_ref(), &document, self.changes_from());
        if !self.take_one(now, row, document, writes) {
            return false;
        }
        let changes = match (&before, &row.copy) {
            (Some(before), Some(after)) => apart::changes(before, after),
            _ => Vec::new(),
        };
        let item = Item {
            row: Some(row),
            xero_id: row.link.as_ref().map(|link| link.xero_id),
            is_done: true,
            code,
            detail,
            changes,
            ..Item::default()
        };
        self.item(id, item, writes);
        true
    }

    fn note_drift(&mut self, id: OperationId, row: &Invoice, document: &XeroInvoice, writes: &mut Vec<Write>) -> bool {
        let changes = match &row.copy {
            // An answer older than what we have says nothing.
            Some(copy) if document.updated < copy.updated => return false,
            Some(copy) => apart::changes(copy, document),
            None => Vec::new(),
        };
        if row.copy.is_some() && changes.is_empty() {
            return false;
        }
        let (code, detail) = match &row.copy {
            None => ("never_read", "The document was never read here.".to_owned()),
            Some(copy) => why_missed(Some(copy), document, self.changes_from()),
        };
        let item = Item {
            row: Some(row),
            xero_id: Some(document.id),
            code,
            detail,
            changes,
            ..Item::default()
        };
        self.item(id, item, writes);
        true
    }
}

/// Whether the version that is held lists other payments or credits than those that came back: it is
/// the answer to a write of ours, which need not list them. A summary lists none either, so only the
/// document tells.
fn is_in_doubt(row: &Invoice, copy: &XeroInvoice) -> bool {
    !take::has_all(&row.back, copy)
}

/// Why what Xero has is not here, by the stamps of both versions and the moment from which changes
/// are read.
fn why_missed(before: Option<&XeroInvoice>, now: &XeroInvoice, from: Timestamp) -> (&'static str, String) {
    match before {
        None => ("never_read", "It had not been read yet.".to_owned()),
        Some(before) if before.updated == now.updated => (
            "stamp_not_moved",
            "Xero changed it without moving its time stamp, so no reading of changes shows it.".to_owned(),
        ),
        Some(_) if now.updated < from => (
            "passed_over",
            format!(
                "It changed in Xero at {}, before {from}, from which on changes are read: neither a webhook nor a reading of changes brought it.",
                now.updated
            ),
        ),
        Some(_) => (
            "not_read_yet",
            format!(
                "It changed in Xero at {}: the next reading of changes would have brought it.",
                now.updated
            ),
        ),
    }
}
