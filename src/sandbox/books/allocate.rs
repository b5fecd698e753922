//! What credit does to an invoice, and to the document it comes from.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::credit::{Allocation, Applied, Credit, Family};
use super::invoice::{Invoice, InvoiceStatus};
use super::ledger::Books;
use super::settle::{close_credit, close_invoice};

/// An allocation that Xero would refuse. The texts marked as assumptions are not recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AllocationRefused {
    /// The crediting document is a draft, spent or cancelled. Assumption.
    #[error("{} must be Authorised to be allocated", .0.noun())]
    NotAuthorised(Family),
    /// No such invoice.
    #[error("An existing Invoice with the specified InvoiceID could not be found")]
    NoInvoice,
    /// A sale's credit for a bill, or the other way round. Seen cut off behind "t".
    #[error("{} cannot be allocated to an incorrect invoice type", .0.noun())]
    WrongType(Family),
    /// Somebody else's invoice. Assumption.
    #[error("{} cannot be allocated to an invoice of another contact", .0.noun())]
    OtherContact(Family),
    /// Another currency. Assumption.
    #[error("{} cannot be allocated to an invoice in another currency", .0.noun())]
    OtherCurrency(Family),
    /// Nothing is due any more.
    #[error("The invoice you are trying to allocate to has already been paid off")]
    PaidOff,
    /// A draft or cancelled invoice. Assumption.
    #[error("{} can only be allocated to Authorised invoices", .0.noun())]
    InvoiceNotAuthorised(Family),
    /// Zero or negative. Assumption.
    #[error("Allocation amount must be greater than zero")]
    NotPositive,
    /// More than is left, or more than is due.
    #[error("{} cannot be allocated as amount is greater than amount outstanding", .0.noun())]
    TooMuch(Family),
}

/// Applies credit to an invoice; both documents get the same stamp.
///
/// # Errors
/// When Xero would refuse it; nothing has changed then.
pub fn allocate(
    books: &mut Books,
    family: Family,
    credit: Uuid,
    allocation: Allocation,
    now_ms: i64,
) -> Result<(), AllocationRefused> {
    let credit = books.credit(family, credit);
    let mut credit = credit.ok_or(AllocationRefused::NotAuthorised(family))?.clone();
    let invoice = books.invoices().get(allocation.invoice);
    let mut invoice = invoice.ok_or(AllocationRefused::NoInvoice)?.clone();
    check(&credit, &invoice, allocation.amount)?;
    invoice.credits.push(Applied {
        family,
        credit: credit.id,
        allocation: allocation.id,
        amount: allocation.amount,
        date: allocation.date,
    });
    credit.allocations.push(allocation);
    close_invoice(books, &mut invoice, allocation.date);
    close_credit(books, &mut credit, allocation.date);
    invoice.updated_ms = now_ms;
    credit.updated_ms = now_ms;
    books.save_credit(credit);
    books.save_invoice(invoice);
    Ok(())
}

/// Takes an allocation back: both documents open again and keep their `FullyPaidOnDate`. `None`
/// when there is no such allocation.
pub fn deallocate(
    books: &mut Books,
    family: Family,
    credit: Uuid,
    allocation: Uuid,
    now_ms: i64,
) -> Option<Allocation> {
    let mut credit = books.credit(family, credit)?.clone();
    let found = credit.allocations.iter().find(|found| found.id == allocation);
    let found = *found?;
    let mut invoice = books.invoices().get(found.invoice)?.clone();
    credit.allocations.retain(|other| other.id != allocation);
    invoice.credits.retain(|other| other.allocation != allocation);
    reopen(&mut credit.status);
    reopen(&mut invoice.status);
    credit.updated_ms = now_ms;
    invoice.updated_ms = now_ms;
    books.save_credit(credit);
    books.save_invoice(invoice);
    Some(found)
}

/// What money had closed is open when it is gone.
pub fn reopen(status: &mut InvoiceStatus) {
    if *status == InvoiceStatus::Paid {
        *status = InvoiceStatus::Authorised;
    }
}

/// The last day on which money or credit was applied to an invoice.
pub fn last_day(books: &Books, invoice: &Invoice) -> Option<NaiveDate> {
    let paid = invoice.payments.iter().filter_map(|id| books.payments().get(*id));
    let paid = paid.map(|payment| payment.date);
    paid.chain(invoice.credits.iter().map(|applied| applied.date)).max()
}

fn check(credit: &Credit, invoice: &Invoice, amount: Decimal) -> Result<(), AllocationRefused> {
    let family = credit.family;
    let spent = credit.status == InvoiceStatus::Paid;
    if !spent && credit.status != InvoiceStatus::Authorised {
        return Err(AllocationRefused::NotAuthorised(family));
    }
    if credit.kind != invoice.kind {
        return Err(AllocationRefused::WrongType(family));
    }
    if credit.contact != invoice.contact {
        return Err(AllocationRefused::OtherContact(family));
    }
    if credit.currency != invoice.currency {
        return Err(AllocationRefused::OtherCurrency(family));
    }
    if invoice.status == InvoiceStatus::Paid {
        return Err(AllocationRefused::PaidOff);
    }
    if invoice.status != InvoiceStatus::Authorised {
        return Err(AllocationRefused::InvoiceNotAuthorised(family));
    }
    if amount <= Decimal::ZERO {
        return Err(AllocationRefused::NotPositive);
    }
    if spent || amount > credit.remaining() || amount > invoice.amount_due() {
        return Err(AllocationRefused::TooMuch(family));
    }
    Ok(())
}
