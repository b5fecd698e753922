//! What money does to an invoice.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::invoice::{Invoice, InvoiceStatus};
use super::ledger::Books;
use super::payment::{Payment, PaymentStatus};

/// A payment that Xero would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PaymentRefused {
    /// The invoice is a draft, paid or cancelled.
    #[error("Payments can only be made against Authorised documents")]
    NotAuthorised,
    /// More than what is due.
    #[error("Payment amount exceeds the amount outstanding on this document")]
    TooMuch,
    /// Zero or negative.
    #[error("Payment amount must be greater than zero")]
    NotPositive,
    /// Deleted already.
    #[error("Payment not of valid status for modification")]
    AlreadyDeleted,
    /// Matched with the bank.
    #[error("This payment has been reconciled and cannot be deleted")]
    Reconciled,
    /// No such document.
    #[error("The document could not be found")]
    Unknown,
}

/// Applies a payment; the payment and its invoice carry the same stamp.
///
/// # Errors
/// When Xero would refuse it; nothing has changed then.
pub fn pay(books: &mut Books, payment: Payment) -> Result<(), PaymentRefused> {
    let invoice = books.invoices().get(payment.invoice).ok_or(PaymentRefused::Unknown)?;
    if payment.amount <= Decimal::ZERO {
        return Err(PaymentRefused::NotPositive);
    }
    if invoice.status == InvoiceStatus::Paid {
        return Err(PaymentRefused::TooMuch);
    }
    if invoice.status != InvoiceStatus::Authorised {
        return Err(PaymentRefused::NotAuthorised);
    }
    if payment.amount > invoice.amount_due() {
        return Err(PaymentRefused::TooMuch);
    }
    let mut invoice = invoice.clone();
    invoice.amount_paid = invoice.amount_paid.saturating_add(payment.amount);
    invoice.payments.push(payment.id);
    invoice.updated_ms = payment.updated_ms;
    close_if_settled(&mut invoice, payment.date);
    books.save_payment(payment);
    books.save_invoice(invoice);
    Ok(())
}

/// Takes a payment back: the invoice opens again and keeps its `FullyPaidOnDate`.
///
/// # Errors
/// When Xero would refuse it; nothing has changed then.
pub fn unpay(books: &mut Books, payment: Uuid, now_ms: i64) -> Result<(), PaymentRefused> {
    let mut payment = books.payments().get(payment).ok_or(PaymentRefused::Unknown)?.clone();
    if payment.status == PaymentStatus::Deleted {
        return Err(PaymentRefused::AlreadyDeleted);
    }
    if payment.reconciled {
        return Err(PaymentRefused::Reconciled);
    }
    let mut invoice = books
        .invoices()
        .get(payment.invoice)
        .ok_or(PaymentRefused::Unknown)?
        .clone();
    invoice.amount_paid = invoice.amount_paid.saturating_sub(payment.amount);
    invoice.payments.retain(|id| *id != payment.id);
    if invoice.status == InvoiceStatus::Paid {
        invoice.status = InvoiceStatus::Authorised;
    }
    invoice.updated_ms = now_ms;
    payment.status = PaymentStatus::Deleted;
    payment.updated_ms = now_ms;
    payment.versions = payment.versions.saturating_add(1);
    books.save_payment(payment);
    books.save_invoice(invoice);
    Ok(())
}

/// An approved invoice with nothing due is paid.
pub fn close_if_settled(invoice: &mut Invoice, on: NaiveDate) {
    if invoice.status == InvoiceStatus::Authorised && invoice.open_amount().is_zero() {
        invoice.status = InvoiceStatus::Paid;
        invoice.fully_paid_on = Some(on);
    }
}
