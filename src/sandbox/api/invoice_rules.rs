//! Which changes Xero lets happen to an invoice.

use crate::sandbox::books::{Invoice, InvoiceStatus, Line, Organisation};

/// The wrong state for this change.
pub const NOT_MODIFIABLE: &str = "Invoice not of valid status for modification";
/// PAID, VOIDED or DELETED at creation.
pub const NOT_CREATABLE: &str = "Invoice not of valid status for creation";
/// Money is applied.
pub const HAS_MONEY: &str = "This document cannot be edited as it has a payment or credit note allocated to it.";

/// What Xero says to a move of the status; `None` is allowed.
pub fn status_refusal(old: Option<&Invoice>, wanted: InvoiceStatus) -> Option<String> {
    use InvoiceStatus::{Authorised, Deleted, Draft, Submitted, Voided};
    let Some(old) = old else {
        let creatable = matches!(wanted, Draft | Submitted | Authorised);
        return (!creatable).then(|| NOT_CREATABLE.to_owned());
    };
    if old.status.is_cancelled() {
        return Some(NOT_MODIFIABLE.to_owned());
    }
    if old.status == wanted {
        return None;
    }
    if old.has_money() && wanted != InvoiceStatus::Paid {
        return Some(format!(
            "The status {} cannot be applied to the invoice because it has payments or credit \
             notes allocated to it.",
            wanted.text()
        ));
    }
    let allowed = match old.status {
        Draft => matches!(wanted, Submitted | Authorised | Deleted),
        Submitted => matches!(wanted, Draft | Authorised | Deleted),
        Authorised => wanted == Voided,
        InvoiceStatus::Paid | Voided | Deleted => false,
    };
    (!allowed).then(|| NOT_MODIFIABLE.to_owned())
}

/// Whether a change touches what money locks: date, currency, amounts, tax, or the set of lines.
pub fn breaks_money_lock(old: &Invoice, new: &Invoice) -> bool {
    let same_line = |(old, new): (&Line, &Line)| {
        old.id == new.id
            && old.quantity == new.quantity
            && old.unit_amount == new.unit_amount
            && old.item_code == new.item_code
            && old.tax_type == new.tax_type
            && old.tax_amount == new.tax_amount
            && old.line_amount == new.line_amount
            && old.discount_rate == new.discount_rate
            && old.discount_amount == new.discount_amount
    };
    old.has_money()
        && (old.date != new.date
            || old.currency != new.currency
            || old.currency_rate != new.currency_rate
            || old.amounts_are != new.amounts_are
            || old.lines.len() != new.lines.len()
            || !old.lines.iter().zip(&new.lines).all(same_line))
}

/// What Xero says when a document lies in a closed period.
pub fn lock_refusal(organisation: &Organisation, day: chrono::NaiveDate) -> Option<String> {
    let locks = [
        (organisation.period_lock, "period lock date"),
        (organisation.year_end_lock, "end of year lock date"),
    ];
    locks.into_iter().find_map(|(lock, name)| {
        let lock = lock.filter(|lock| day <= *lock)?;
        let shown = lock.format("%-d %B %Y");
        Some(format!(
            "The document date cannot be before the {name}, currently set at {shown}"
        ))
    })
}
