//! What money does to the document it pays or pays back.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::allocate::{last_day, reopen};
use super::credit::Credit;
use super::invoice::{Invoice, InvoiceStatus};
use super::ledger::Books;
use super::money;
use super::payment::{Payment, PaymentStatus, Target};

/// A payment that Xero would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PaymentRefused {
    /// The document is a draft, paid or cancelled.
    #[error("Payments can only be made against Authorised documents")]
    NotAuthorised,
    /// More than what is due, or more than the credit that is left.
    #[error("Payment amount exceeds the amount outstanding on this document")]
    TooMuch,
    /// Zero or negative. The text is an assumption.
    #[error("Payment amount must be greater than zero")]
    NotPositive,
    /// Deleted already.
    #[error("Payment not of valid status for modification")]
    AlreadyDeleted,
    /// Matched with the bank. That it is refused is documented, the text is an assumption.
    #[error("This payment has been reconciled and cannot be deleted")]
    Reconciled,
    /// Made together with others. That it is refused is documented, the text reported.
    #[error("Payments within a batch cannot be deleted.")]
    InBatch,
    /// No such document.
    #[error("The document could not be found")]
    Unknown,
}

/// Applies a payment; the payment and its document carry the same stamp.
///
/// # Errors
/// When Xero would refuse it; nothing has changed then.
pub fn pay(books: &mut Books, payment: Payment) -> Result<(), PaymentRefused> {
    match payment.target {
        Target::Invoice(id) => {
            let mut invoice = books.invoices().get(id).ok_or(PaymentRefused::Unknown)?.clone();
            check(invoice.status, payment.amount, invoice.amount_due())?;
            invoice.amount_paid = invoice.amount_paid.saturating_add(payment.amount);
            invoice.payments.push(payment.id);
            invoice.updated_ms = payment.updated_ms;
            close_invoice(books, &mut invoice, payment.date);
            books.save_payment(payment);
            books.save_invoice(invoice);
        }
        Target::Credit(family, id) => {
            let mut credit = books.credit(family, id).ok_or(PaymentRefused::Unknown)?.clone();
            check(credit.status, payment.amount, credit.remaining())?;
            credit.refunded = credit.refunded.saturating_add(payment.amount);
            credit.payments.push(payment.id);
            credit.updated_ms = payment.updated_ms;
            close_credit(books, &mut credit, payment.date);
            books.save_payment(payment);
            books.save_credit(credit);
        }
    }
    Ok(())
}

/// Applies several payments, of which some may be of one document: all of them or none.
///
/// # Errors
/// When Xero would refuse one of them; nothing has changed then.
pub fn pay_all(books: &mut Books, payments: Vec<Payment>) -> Result<(), PaymentRefused> {
    for (at, payment) in payments.iter().enumerate() {
        let earlier = payments.iter().take(at).filter(|other| other.target == payment.target);
        let earlier = money::sum(earlier.map(|other| other.amount));
        let (status, outstanding) = match payment.target {
            Target::Invoice(id) => books.invoices().get(id).map(|found| (found.status, found.amount_due())),
            Target::Credit(family, id) => books.credit(family, id).map(|found| (found.status, found.remaining())),
        }
        .ok_or(PaymentRefused::Unknown)?;
        check(status, payment.amount, outstanding.saturating_sub(earlier))?;
    }
    payments.into_iter().try_for_each(|payment| pay(books, payment))
}

/// Takes a payment back: its document opens again and keeps its `FullyPaidOnDate`.
///
/// # Errors
/// When Xero would refuse it; nothing has changed then.
pub fn unpay(books: &mut Books, payment: Uuid, now_ms: i64) -> Result<(), PaymentRefused> {
    let found = books.payments().get(payment).ok_or(PaymentRefused::Unknown)?;
    if found.status == PaymentStatus::Deleted {
        return Err(PaymentRefused::AlreadyDeleted);
    }
    if found.reconciled {
        return Err(PaymentRefused::Reconciled);
    }
    if found.batch.is_some() {
        return Err(PaymentRefused::InBatch);
    }
    take_back(books, payment, now_ms)
}

/// Takes a payment back without asking; its whole batch goes with it.
///
/// # Errors
/// When the payment or its document is not there.
pub fn take_back(books: &mut Books, payment: Uuid, now_ms: i64) -> Result<(), PaymentRefused> {
    let mut payment = books.payments().get(payment).ok_or(PaymentRefused::Unknown)?.clone();
    match payment.target {
        Target::Invoice(id) => {
            let mut invoice = books.invoices().get(id).ok_or(PaymentRefused::Unknown)?.clone();
            invoice.amount_paid = invoice.amount_paid.saturating_sub(payment.amount);
            invoice.payments.retain(|id| *id != payment.id);
            reopen(&mut invoice.status);
            invoice.updated_ms = now_ms;
            books.save_invoice(invoice);
        }
        Target::Credit(family, id) => {
            let mut credit = books.credit(family, id).ok_or(PaymentRefused::Unknown)?.clone();
            credit.refunded = credit.refunded.saturating_sub(payment.amount);
            credit.payments.retain(|id| *id != payment.id);
            reopen(&mut credit.status);
            credit.updated_ms = now_ms;
            books.save_credit(credit);
        }
    }
    payment.status = PaymentStatus::Deleted;
    payment.updated_ms = now_ms;
    payment.versions = payment.versions.saturating_add(1);
    books.save_payment(payment);
    Ok(())
}

/// An approved invoice with nothing due is paid, on the last day money or credit was applied;
/// `on` is the day of what is being applied, or the document's own.
pub fn close_invoice(books: &Books, invoice: &mut Invoice, on: NaiveDate) {
    if invoice.status == InvoiceStatus::Authorised && invoice.open_amount().is_zero() {
        invoice.status = InvoiceStatus::Paid;
        invoice.fully_paid_on = Some(last_day(books, invoice).map_or(on, |day| day.max(on)));
    }
}

/// An approved document with no credit left is paid.
pub fn close_credit(books: &Books, credit: &mut Credit, on: NaiveDate) {
    if credit.status == InvoiceStatus::Authorised && credit.remaining().is_zero() {
        let refunds = credit.payments.iter().filter_map(|id| books.payments().get(*id));
        let days = refunds.map(|payment| payment.date);
        let last = days.chain(credit.allocations.iter().map(|found| found.date)).max();
        credit.status = InvoiceStatus::Paid;
        credit.fully_paid_on = Some(last.map_or(on, |day| day.max(on)));
    }
}

fn check(status: InvoiceStatus, amount: Decimal, outstanding: Decimal) -> Result<(), PaymentRefused> {
    if amount <= Decimal::ZERO {
        return Err(PaymentRefused::NotPositive);
    }
    match status {
        InvoiceStatus::Paid => Err(PaymentRefused::TooMuch),
        InvoiceStatus::Authorised if amount > outstanding => Err(PaymentRefused::TooMuch),
        InvoiceStatus::Authorised => Ok(()),
        _ => Err(PaymentRefused::NotAuthorised),
    }
}
