//! The shapes of a payment.

use super::invoice_view::{self, Shape, View};
use crate::sandbox::books::{Books, Payment};
use crate::sandbox::query::fields::payment_type;
use crate::sandbox::wire::{Writer, date};

/// All keys of a payment; `written` ones carry the whole invoice as it is after the payment.
pub fn write(row: &mut Writer, payment: &Payment, books: &Books, written: bool) {
    let invoice = books.invoices().get(payment.invoice);
    row.id("PaymentID", payment.id);
    row.day("Date", payment.date);
    row.money("BankAmount", payment.amount);
    row.money("Amount", payment.amount);
    row.text("Reference", &payment.reference);
    row.number("CurrencyRate", payment.currency_rate, 6);
    if let Some(invoice) = invoice {
        row.text("PaymentType", payment_type(invoice));
    }
    row.text("Status", payment.status.text());
    row.stamp("UpdatedDateUTC", payment.updated_ms);
    row.text("UpdatedDateUTCString", &date::seconds_text(payment.updated_ms));
    row.flag("HasAccount", true);
    row.flag("IsReconciled", payment.reconciled);
    if let Some(account) = books.account_by_id(payment.account) {
        row.nested("Account", |inner| {
            inner.id("AccountID", account.id);
            inner.text("Code", &account.code);
            if written {
                inner.text("Name", &account.name);
            }
        });
    }
    if let Some(invoice) = invoice {
        row.nested("Invoice", |inner| {
            if written {
                let view = View {
                    shape: Shape::Paid,
                    unit_places: 2,
                    amount_due: None,
                };
                invoice_view::write(inner, invoice, books, view);
            } else {
                invoice_view::write_stub(inner, invoice, books);
            }
        });
    }
    row.flag("HasValidationErrors", false);
}
