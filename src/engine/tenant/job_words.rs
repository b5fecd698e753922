//! What a job tells: items of its result, and the result in a sentence.

use crate::model::ids::{InvoiceId, XeroInvoiceId};
use crate::model::row::{Change, Invoice, JobKind, LinkTo, Tally};
use crate::model::xero::XeroStatus;

/// An item before it has its place.
#[derive(Debug, Clone, Default)]
pub(super) struct Item<'a> {
    pub row: Option<&'a Invoice>,
    /// Where there is no row.
    pub invoice: Option<InvoiceId>,
    pub host_ref: Option<String>,
    pub xero_id: Option<XeroInvoiceId>,
    pub document: Option<LinkTo>,
    pub is_done: bool,
    pub is_skipped: bool,
    pub code: &'static str,
    pub detail: String,
    pub changes: Vec<Change>,
}

/// Whether a document still waits for money.
pub(super) const fn is_open(status: &XeroStatus) -> bool {
    !status.is_gone() && !matches!(status, XeroStatus::Paid)
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.checked = self.checked.saturating_add(other.checked);
        self.changed = self.changed.saturating_add(other.changed);
        self.not_linked = self.not_linked.saturating_add(other.not_linked);
        self.skipped = self.skipped.saturating_add(other.skipped);
        self.failed = self.failed.saturating_add(other.failed);
    }
}

/// The result in a sentence.
pub(super) fn words(kind: JobKind, tally: Tally) -> String {
    let Tally {
        checked,
        changed,
        not_linked,
        skipped,
        failed,
        ..
    } = tally;
    let mut words = match kind {
        JobKind::Resync => return moved(tally),
        JobKind::Acknowledge => return acknowledged(tally),
        JobKind::Refresh => format!("Checked {}, updated {changed}.", invoices(checked)),
        JobKind::Reconcile => format!("Checked {checked}, repaired {changed}."),
        JobKind::Drift => format!("Compared {}, {}.", invoices(checked), differences(changed)),
        JobKind::Link => format!("Linked {changed} of {}.", invoices(checked)),
    };
    if not_linked > 0 && kind == JobKind::Refresh {
        words.push_str(&format!(" {not_linked} that exist only in Xero were not imported."));
    }
    if skipped > 0 {
        words.push_str(&format!(" {skipped} without a Xero link were left out."));
    }
    if failed > 0 && kind != JobKind::Link {
        words.push_str(&format!(" {failed} not found in Xero."));
    }
    words
}

/// What is told of a job over many invoices that ended early.
pub(super) fn cut_short(kind: JobKind, tally: Tally, open: usize, left: usize) -> String {
    let mut parts = vec!["Cancelled".to_owned()];
    if tally != Tally::default() {
        parts.push(words(kind, tally));
    }
    if open > 0 {
        parts.push(format!("{open} queued already go on"));
    }
    parts.push(format!("{left} not touched"));
    parts.join(", ")
}

/// S3's two tiles: what left the failed one, and what is still on it.
fn moved(tally: Tally) -> String {
    let mut parts = Vec::new();
    if tally.changed > 0 || tally.failed > 0 {
        parts.push(format!("{} moved to Synced", tally.changed));
    }
    match tally.failed {
        0 => {}
        1 => parts.push("1 remains".to_owned()),
        several => parts.push(format!("{several} remain")),
    }
    if tally.skipped > 0 {
        parts.push(format!("{} left out", tally.skipped));
    }
    if parts.is_empty() {
        return "No invoice was selected".to_owned();
    }
    parts.join(", ")
}

fn acknowledged(tally: Tally) -> String {
    let words = format!("Acknowledged {}", invoices(tally.changed));
    match tally.skipped {
        0 => words,
        skipped => format!("{words}, {skipped} with nothing to acknowledge"),
    }
}

fn invoices(count: u32) -> String {
    if count == 1 {
        "1 invoice".to_owned()
    } else {
        format!("{count} invoices")
    }
}

fn differences(count: u32) -> String {
    if count == 1 {
        "1 difference".to_owned()
    } else {
        format!("{count} differences")
    }
}
