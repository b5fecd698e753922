//! The shapes of a payment and of a batch of payments.

use uuid::Uuid;

use super::credit_view;
use super::invoice_view::{self, Shape, View};
use crate::sandbox::books::{Batch, Books, Payment, Target};
use crate::sandbox::query::fields::payment_type;
use crate::sandbox::wire::{Writer, date};

/// All keys of a payment; `written` ones carry the whole document as it is after the payment.
///
/// A refund in a list shows its document as an invoice, which Xero's published example has. The
/// answer to the refund itself is not recorded; assumed is the key the caller named it by.
pub fn write(row: &mut Writer, payment: &Payment, books: &Books, written: bool) {
    row.id("PaymentID", payment.id);
    if let Some(batch) = payment.batch.and_then(|id| books.batches().get(id)) {
        row.id("BatchPaymentID", batch.id);
        row.nested("BatchPayment", |inner| write_batch_stub(inner, batch));
    }
    row.day("Date", payment.date);
    row.money("BankAmount", payment.bank_amount);
    row.money("Amount", payment.amount);
    row.maybe_text("Reference", payment.reference.as_deref());
    row.number("CurrencyRate", payment.currency_rate, 6);
    if let Some(text) = payment_type(payment, books) {
        row.text("PaymentType", text);
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
    write_document(row, payment, books, written);
    row.flag("HasValidationErrors", false);
}

/// The payments applied to a document, inside it; without status, account and stamp.
pub fn write_applied(row: &mut Writer, payments: &[Uuid], books: &Books) {
    row.list("Payments", |items| {
        for payment in payments.iter().filter_map(|id| books.payments().get(*id)) {
            items.object(|item| {
                item.id("PaymentID", payment.id);
                if let Some(batch) = payment.batch {
                    item.id("BatchPaymentID", batch);
                }
                item.day("Date", payment.date);
                item.money("Amount", payment.amount);
                item.maybe_text("Reference", payment.reference.as_deref());
                item.number("CurrencyRate", payment.currency_rate, 6);
                item.flag("HasAccount", false);
                item.flag("HasValidationErrors", false);
            });
        }
    });
}

/// All keys of a batch of payments, as Xero's published example has them.
pub fn write_batch(row: &mut Writer, batch: &Batch, books: &Books) {
    if let Some(account) = books.account_by_id(batch.account) {
        row.nested("Account", |inner| {
            inner.id("AccountID", account.id);
            inner.text("CurrencyCode", &books.organisation.base_currency);
        });
    }
    row.maybe_text("Reference", batch.reference.as_deref());
    row.id("BatchPaymentID", batch.id);
    row.day_text("DateString", batch.date);
    row.day("Date", batch.date);
    row.list("Payments", |items| {
        for payment in batch.payments.iter().filter_map(|id| books.payments().get(*id)) {
            items.object(|item| {
                if let Target::Invoice(invoice) = payment.target {
                    item.nested("Invoice", |stub| {
                        stub.id("InvoiceID", invoice);
                        let currency = books.invoices().get(invoice).map(|found| found.currency.as_str());
                        stub.maybe_text("CurrencyCode", currency);
                        invoice_view::write_empty_lists(stub);
                        stub.empty_list("LineItems");
                    });
                }
                item.id("PaymentID", payment.id);
                item.money("Amount", payment.amount);
                item.money("BankAmount", payment.bank_amount);
            });
        }
    });
    write_batch_end(row, batch);
}

/// The batch inside one of its payments, as recorded.
fn write_batch_stub(row: &mut Writer, batch: &Batch) {
    row.nested("Account", |inner| inner.id("AccountID", batch.account));
    row.id("BatchPaymentID", batch.id);
    row.day_text("DateString", batch.date);
    row.day("Date", batch.date);
    write_batch_end(row, batch);
}

fn write_batch_end(row: &mut Writer, batch: &Batch) {
    row.text("Type", batch.type_text());
    row.text("Status", batch.status.text());
    row.money("TotalAmount", batch.total);
    row.stamp("UpdatedDateUTC", batch.updated_ms);
    row.flag("IsReconciled", batch.reconciled);
}

fn write_document(row: &mut Writer, payment: &Payment, books: &Books, written: bool) {
    let shape = if written { Shape::Paid } else { Shape::Listed };
    let view = View {
        shape,
        unit_places: 2,
        amount_due: None,
    };
    match payment.target {
        Target::Invoice(id) => {
            let Some(invoice) = books.invoices().get(id) else {
                return;
            };
            row.nested("Invoice", |inner| {
                if written {
                    invoice_view::write(inner, invoice, books, view);
                } else {
                    invoice_view::write_stub(inner, invoice, books);
                }
            });
        }
        Target::Credit(family, id) => {
            let Some(credit) = books.credit(family, id) else {
                return;
            };
            if written {
                row.nested(family.key(), |inner| credit_view::write(inner, credit, books, view));
            } else {
                row.nested("Invoice", |inner| credit_view::write_stub(inner, credit, books));
            }
        }
    }
}
