//! Which changes Xero lets happen to an invoice.

use rust_decimal::Decimal;

use crate::sandbox::books::{Invoice, InvoiceStatus, Line, Organisation};

/// The wrong state for this change, behind the name of the document.
pub const NOT_MODIFIABLE: &str = "not of valid status for modification";
/// PAID, VOIDED or DELETED at creation, behind the name of the document.
pub const NOT_CREATABLE: &str = "not of valid status for creation";
/// Money is applied.
pub const HAS_MONEY: &str = "This document cannot be edited as it has a payment or credit note allocated to it.";

/// Where a document stands, as far as its next status depends on it.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Its status.
    pub status: InvoiceStatus,
    /// Payments or credits are applied.
    pub has_money: bool,
}

impl Standing {
    /// Of an invoice.
    pub fn of(invoice: &Invoice) -> Self {
        Self {
            status: invoice.status,
            has_money: invoice.has_money(),
        }
    }
}

/// What Xero says to a move of the status of an `Invoice` or a `Credit Note`, which the sentences
/// name; `None` is allowed. The sentences about credit notes are taken from those about invoices.
pub fn status_refusal(noun: &str, old: Option<Standing>, wanted: InvoiceStatus) -> Option<String> {
    use InvoiceStatus::{Authorised, Deleted, Draft, Submitted, Voided};
    let not_modifiable = || Some(format!("{noun} {NOT_MODIFIABLE}"));
    let Some(old) = old else {
        let creatable = matches!(wanted, Draft | Submitted | Authorised);
        return (!creatable).then(|| format!("{noun} {NOT_CREATABLE}"));
    };
    if old.status.is_cancelled() {
        return not_modifiable();
    }
    if old.status == wanted {
        return None;
    }
    if old.has_money && wanted != InvoiceStatus::Paid {
        return Some(format!(
            "The status {} cannot be applied to the {} because it has payments or credit \
             notes allocated to it.",
            wanted.text(),
            noun.to_lowercase()
        ));
    }
    let allowed = match old.status {
        Draft => matches!(wanted, Submitted | Authorised | Deleted),
        Submitted => matches!(wanted, Draft | Authorised | Deleted),
        Authorised => wanted == Voided,
        InvoiceStatus::Paid | Voided | Deleted => false,
    };
    if allowed { None } else { not_modifiable() }
}

/// Whether a change touches what money locks: date, currency, amounts, tax, or the set of lines.
pub fn breaks_money_lock(old: &Invoice, new: &Invoice) -> bool {
    old.has_money()
        && (old.date != new.date
            || old.currency != new.currency
            || old.currency_rate != new.currency_rate
            || (!old.credits.is_empty() && old.contact != new.contact)
            || old.amounts_are != new.amounts_are
            || !same_amounts(&old.lines, &new.lines))
}

/// Whether lines differ in words, accounts and tracking at most.
pub fn same_amounts(old: &[Line], new: &[Line]) -> bool {
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
    old.len() == new.len() && old.iter().zip(new).all(same_line)
}

/// Lines of text need no account, and drafts may be coded later.
pub fn uncoded_refusal(is_final: bool, lines: &[Line]) -> Option<String> {
    let uncoded = |line: &Line| line.unit_amount.is_some() && line.account_code.is_none();
    (is_final && lines.iter().any(uncoded)).then(|| "Account code must be specified".to_owned())
}

/// Assumption: no recording has a document whose lines sum up to less than nothing. A draft may,
/// so that it can still be edited; one that asks for approval is refused, because Xero has credit
/// notes for that.
pub fn negative_refusal(noun: &str, is_final: bool, total: Decimal) -> Option<String> {
    (is_final && total < Decimal::ZERO).then(|| format!("The {noun} total must not be negative."))
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
