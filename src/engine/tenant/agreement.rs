//! The version on which both sides agreed last, and which of Xero's lines belongs to which of the
//! host's.

use crate::engine::merge::line_before;
use crate::model::document::{Draft, Line};
use crate::model::ids::LineItemId;
use crate::model::row::Common;
use crate::model::xero::{XeroInvoice, XeroLine};

/// The common version after Xero took the host's document. What Xero changed and the host left
/// alone is not agreed on: there the version before stays, so that a later change by the host is
/// seen to meet Xero's. With `forced`, the host's version won everywhere.
pub(super) fn agreed(before: Option<&Common>, (rev, draft): (u64, &Draft), xero: &XeroInvoice, forced: bool) -> Common {
    let lines = line_ids(draft, xero, before, forced);
    let mut seen = xero.clone();
    if let Some(before) = before.filter(|_| !forced) {
        keep_header(before, draft, &mut seen);
        for (index, line) in draft.lines.iter().enumerate() {
            keep_line(before, index, line, &mut seen);
        }
    }
    Common {
        rev,
        draft: draft.clone(),
        xero: seen,
        lines,
    }
}

fn keep_header(before: &Common, draft: &Draft, seen: &mut XeroInvoice) {
    let (host, xero) = (&before.draft, &before.xero);
    if host.number == draft.number {
        seen.number.clone_from(&xero.number);
    }
    if host.reference == draft.reference {
        seen.reference.clone_from(&xero.reference);
    }
    if host.contact.reference == draft.contact.reference {
        seen.contact_id = xero.contact_id;
    }
    if host.issue_date == draft.issue_date {
        seen.date = xero.date;
    }
    if host.due_date == draft.due_date {
        seen.due_date = xero.due_date;
    }
    if host.currency == draft.currency {
        seen.currency = xero.currency;
    }
    if host.line_amount_types == draft.line_amount_types {
        seen.line_amount_types = xero.line_amount_types;
    }
}

fn keep_line(before: &Common, index: usize, line: &Line, seen: &mut XeroInvoice) {
    let Some(position) = line_before(index, line, before) else {
        return;
    };
    let id = before.lines.get(position).copied().flatten();
    let find = |lines: &[XeroLine]| lines.iter().position(|line| line.id.is_some() && line.id == id);
    let (Some(host), Some(old), Some(new)) = (
        before.draft.lines.get(position),
        find(&before.xero.lines).and_then(|at| before.xero.lines.get(at)),
        find(&seen.lines).and_then(|at| seen.lines.get_mut(at)),
    ) else {
        return;
    };
    if host.description == line.description {
        new.description.clone_from(&old.description);
    }
    if host.quantity == line.quantity {
        new.quantity = old.quantity;
    }
    if host.unit_price == line.unit_price {
        new.unit_amount = old.unit_amount;
    }
    if host.nominal_code == line.nominal_code {
        new.account_code.clone_from(&old.account_code);
    }
    if host.tax_type == line.tax_type {
        new.tax_type.clone_from(&old.tax_type);
    }
    if host.item_code == line.item_code {
        new.item_code.clone_from(&old.item_code);
    }
    if host.discount_percent == line.discount_percent {
        new.discount_rate = old.discount_rate;
    }
}

/// Xero's line for each line of the document. After a create they come in the order sent. After a
/// change, known lines keep their ids, also those Xero removed meanwhile (unless `forced` made them
/// anew); each new one takes the new line of the same content, else the next one.
fn line_ids(draft: &Draft, xero: &XeroInvoice, before: Option<&Common>, forced: bool) -> Vec<Option<LineItemId>> {
    let Some(before) = before else {
        return (0..draft.lines.len())
            .map(|at| xero.lines.get(at).and_then(|line| line.id))
            .collect();
    };
    let exists = |id: &LineItemId| xero.lines.iter().any(|line| line.id == Some(*id));
    let mut ids: Vec<Option<LineItemId>> = draft
        .lines
        .iter()
        .enumerate()
        .map(|(at, line)| {
            line_before(at, line, before)
                .and_then(|at| before.lines.get(at).copied().flatten())
                .filter(|id| !forced || exists(id))
        })
        .collect();
    let is_old = |id: LineItemId| before.xero.lines.iter().any(|line| line.id == Some(id));
    let mut fresh: Vec<&XeroLine> = xero
        .lines
        .iter()
        .filter(|line| line.id.is_some_and(|id| !ids.contains(&Some(id)) && !is_old(id)))
        .collect();
    for same_content_only in [true, false] {
        for (id, line) in ids.iter_mut().zip(&draft.lines).filter(|(id, _)| id.is_none()) {
            let found = fresh
                .iter()
                .position(|fresh| !same_content_only || is_same(line, fresh));
            *id = found.and_then(|at| fresh.remove(at).id);
        }
    }
    ids
}

fn is_same(host: &Line, xero: &XeroLine) -> bool {
    host.description == xero.description && host.quantity == xero.quantity && host.unit_price == xero.unit_amount
}
