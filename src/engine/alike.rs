//! Whether a host's document and one that is in Xero already say the same, before they are linked.

use rust_decimal::Decimal;

use crate::model::document::{Draft, HostStatus};
use crate::model::xero::XeroInvoice;

/// What differs, in words. Accounts, tax rates and contacts are not compared: the host has its own
/// words for them.
#[must_use]
pub fn differences(draft: &Draft, xero: &XeroInvoice) -> Vec<String> {
    let mut out = Vec::new();
    let mut note = |is_other: bool, word: &str| {
        if is_other {
            out.push(word.to_owned());
        }
    };
    note(
        (draft.host_status == HostStatus::Void) != xero.status.is_gone(),
        "status",
    );
    note(!draft.number.is_empty() && draft.number != xero.number, "number");
    note(
        xero.currency.is_some_and(|currency| currency != draft.currency),
        "currency",
    );
    note(xero.date.is_some_and(|date| date != draft.issue_date), "date");
    note(draft.due_date.is_some() && draft.due_date != xero.due_date, "due date");
    if draft.lines.len() != xero.lines.len() {
        note(true, "number of lines");
        return out;
    }
    for (at, (ours, theirs)) in draft.lines.iter().zip(&xero.lines).enumerate() {
        let mut line = |is_other: bool, word: &str| {
            note(is_other, &format!("{word} of line {}", at.saturating_add(1)));
        };
        line(ours.description != theirs.description, "description");
        line(ours.quantity != theirs.quantity, "quantity");
        line(ours.unit_price != theirs.unit_amount, "unit price");
        let discount = |rate: Option<Decimal>| rate.unwrap_or_default();
        line(
            discount(ours.discount_percent) != discount(theirs.discount_rate),
            "discount",
        );
    }
    out
}
