//! Three-way comparison of a linked document: what the host changed since the last common
//! version, what Xero changed, and what may therefore be sent.

use super::desired::next_status;
use super::merge;
use crate::model::document::{HostStatus, InvoiceKind, Line};
use crate::model::ids::XeroContactId;
use crate::model::row::Common;
use crate::model::xero::{InvoiceChange, OutgoingInvoice, XeroInvoice};

/// What a comparison finds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// What to send.
    pub change: InvoiceChange,
    /// Fields both sides changed, in words; not empty = nothing may be sent.
    pub conflicts: Vec<String>,
}

/// The inputs of a comparison.
#[derive(Debug, Clone, Copy)]
pub struct Sides<'a> {
    /// The host's document in Xero's terms.
    pub desired: &'a OutgoingInvoice,
    /// The host's lines, in the order of `desired.lines`.
    pub host_lines: &'a [Line],
    /// The host's status.
    pub host_status: HostStatus,
    /// The host's own address of the document.
    pub host_url: Option<&'a str>,
    /// The last common version.
    pub common: Option<&'a Common>,
    /// Xero's document as just read.
    pub current: &'a XeroInvoice,
    /// The host's version wins over changes made in Xero.
    pub force: bool,
}

/// Compares. With a conflict the change is empty: nothing is sent in part.
#[must_use]
pub fn compare(sides: &Sides<'_>) -> Comparison {
    let mut out = Comparison::default();
    if sides.host_status == HostStatus::Void {
        out.change.status = next_status(HostStatus::Void, &sides.current.status);
        return out;
    }
    header(sides, &mut out);
    merge::lines(sides, &mut out);
    if !out.conflicts.is_empty() {
        out.change = InvoiceChange::default();
    }
    out
}

/// One field: what the host wants, what Xero has, and what each had at the common version.
struct Field<'a, T> {
    name: &'a str,
    wanted: T,
    now: T,
    host_before: Option<T>,
    xero_before: Option<T>,
}

fn decide<T: PartialEq>(field: Field<'_, T>, force: bool, conflicts: &mut Vec<String>) -> Option<T> {
    if field.wanted == field.now {
        return None;
    }
    let host_changed = field.host_before.is_none_or(|before| before != field.wanted);
    let xero_changed = field.xero_before.is_none_or(|before| before != field.now);
    match (force, host_changed, xero_changed) {
        (true, _, _) | (false, true, false) => Some(field.wanted),
        (false, true, true) => {
            conflicts.push(field.name.to_owned());
            None
        }
        (false, false, _) => None,
    }
}

fn header(sides: &Sides<'_>, out: &mut Comparison) {
    let Sides {
        desired,
        current,
        force,
        ..
    } = *sides;
    let draft = sides.common.map(|common| &common.draft);
    let before = sides.common.map(|common| &common.xero);
    let conflicts = &mut out.conflicts;
    out.change.number = decide(
        Field {
            name: "number",
            wanted: desired.number.clone(),
            now: current.number.clone(),
            host_before: draft.map(|draft| draft.number.clone()),
            xero_before: before.map(|xero| xero.number.clone()),
        },
        force,
        conflicts,
    );
    if desired.kind == InvoiceKind::Sales {
        out.change.reference = decide(
            Field {
                name: "reference",
                wanted: desired.reference.clone().unwrap_or_default(),
                now: current.reference.clone(),
                host_before: draft.map(|draft| draft.reference.clone().unwrap_or_default()),
                xero_before: before.map(|xero| xero.reference.clone()),
            },
            force,
            conflicts,
        );
    }
    out.change.contact = contact(sides, conflicts);
    out.change.date = decide(
        Field {
            name: "date",
            wanted: Some(desired.date),
            now: current.date,
            host_before: draft.map(|draft| Some(draft.issue_date)),
            xero_before: before.map(|xero| xero.date),
        },
        force,
        conflicts,
    )
    .flatten();
    out.change.due_date = decide(
        Field {
            name: "due date",
            wanted: desired.due_date,
            now: current.due_date,
            host_before: draft.map(|draft| draft.due_date),
            xero_before: before.map(|xero| xero.due_date),
        },
        force,
        conflicts,
    )
    .flatten();
    terms(sides, out);
}

/// Currency, relation to tax, status and link.
fn terms(sides: &Sides<'_>, out: &mut Comparison) {
    let Sides {
        desired,
        current,
        force,
        ..
    } = *sides;
    let draft = sides.common.map(|common| &common.draft);
    let before = sides.common.map(|common| &common.xero);
    let conflicts = &mut out.conflicts;
    out.change.currency = decide(
        Field {
            name: "currency",
            wanted: Some(desired.currency),
            now: current.currency,
            host_before: draft.map(|draft| Some(draft.currency)),
            xero_before: before.map(|xero| xero.currency),
        },
        force,
        conflicts,
    )
    .flatten();
    out.change.line_amount_types = decide(
        Field {
            name: "line amount types",
            wanted: desired.line_amount_types,
            now: current.line_amount_types,
            host_before: draft.map(|draft| draft.line_amount_types),
            xero_before: before.map(|xero| xero.line_amount_types),
        },
        force,
        conflicts,
    );
    let status_changed = draft.is_none_or(|draft| draft.host_status != sides.host_status);
    if status_changed || force {
        out.change.status = next_status(sides.host_status, &current.status);
    }
    let url_changed = draft.is_none_or(|draft| draft.host_url.as_deref() != sides.host_url);
    if (url_changed || current.url.is_none()) && current.url.as_deref() != Some(desired.url.as_str()) {
        out.change.url = Some(desired.url.clone());
    }
}

fn contact(sides: &Sides<'_>, conflicts: &mut Vec<String>) -> Option<XeroContactId> {
    // The host's side is the party it names; which Xero contact that is may have been re-mapped.
    let before = sides.common.map(|common| common.xero.contact_id);
    decide(
        Field {
            name: "contact",
            wanted: Some(sides.desired.contact),
            now: sides.current.contact_id,
            host_before: before,
            xero_before: before,
        },
        sides.force,
        conflicts,
    )
    .flatten()
}
