//! The shapes of credit notes, overpayments and prepayments.
//!
//! Recorded: credit notes in a paged list and as the answer to a write. Xero's published examples
//! give the rest, and those of overpayments and prepayments, which no recording has.

use rust_decimal::Decimal;

use super::invoice_view::{self, Shape, View};
use super::{contact_view, payment_view};
use crate::sandbox::books::{Allocation, Applied, Books, Credit, Family, Kind};
use crate::sandbox::wire::{Writer, date};

/// All keys of a document with credit; keys without a value are absent. Unlike an invoice it
/// always shows its payments and allocations.
pub fn write(row: &mut Writer, credit: &Credit, books: &Books, view: View) {
    let listed = matches!(view.shape, Shape::Listed | Shape::Paged | Shape::Summary);
    write_names(row, credit, books, view, listed);
    row.maybe_text("BrandingThemeID", credit.branding_theme.as_deref());
    row.text("Status", credit.status.text());
    row.text("LineAmountTypes", credit.amounts_are.text());
    match view.shape {
        Shape::Listed | Shape::Summary => row.empty_list("LineItems"),
        _ => row.list("LineItems", |items| {
            for line in &credit.lines {
                items.object(|item| invoice_view::write_line(item, line, books, view));
            }
        }),
    }
    row.money("SubTotal", credit.sub_total);
    row.money("TotalTax", credit.total_tax);
    row.money("Total", credit.total);
    row.stamp("UpdatedDateUTC", credit.updated_ms);
    row.text("UpdatedDateUTCString", &date::seconds_text(credit.updated_ms));
    row.text("CurrencyCode", &credit.currency);
    // Xero's schemas have it for credit notes only.
    if let (Family::CreditNote, Some(day)) = (credit.family, credit.fully_paid_on) {
        row.day("FullyPaidOnDate", day);
    }
}

fn write_names(row: &mut Writer, credit: &Credit, books: &Books, view: View, listed: bool) {
    let note = credit.family == Family::CreditNote;
    row.id(credit.family.id_key(), credit.id);
    if note {
        row.maybe_text("CreditNoteNumber", credit.number.as_deref());
    }
    payment_view::write_applied(row, &credit.payments, books);
    row.id("ID", credit.id);
    if note {
        row.flag("HasErrors", false);
    }
    if note && listed {
        row.empty_list("InvoiceAddresses");
    }
    row.number("CurrencyRate", credit.currency_rate, 6);
    row.text("Type", credit.type_text());
    row.text("Reference", &credit.reference);
    if credit.family == Family::Prepayment && credit.kind == Kind::AccRec {
        row.maybe_text("InvoiceNumber", credit.number.as_deref());
    }
    if !listed && credit.sent_to_contact {
        row.flag("SentToContact", true);
    }
    row.money("RemainingCredit", credit.remaining());
    row.list("Allocations", |items| {
        for allocation in &credit.allocations {
            items.object(|item| write_allocation(item, allocation, books));
        }
    });
    if view.shape != Shape::Written {
        row.flag("HasAttachments", false);
    }
    if view.shape == Shape::Single {
        row.empty_list("Attachments");
    }
    if let Some(contact) = books.contacts().get(credit.contact) {
        row.nested("Contact", |inner| {
            if listed {
                contact_view::write_stub(inner, contact);
            } else {
                let shape = match view.shape {
                    Shape::Written => contact_view::Shape::Noted,
                    _ => contact_view::Shape::Full,
                };
                contact_view::write(inner, contact, books, shape);
            }
        });
    }
    row.day_text("DateString", credit.date);
    row.day("Date", credit.date);
    if let Some(due) = credit.due_date {
        row.day_text("DueDateString", due);
        row.day("DueDate", due);
    }
}

/// The credit of one family inside the invoice it is applied to, one entry for each allocation.
/// Recorded for credit notes; overpayments and prepayments are assumed to look alike.
pub fn write_applied(row: &mut Writer, key: &str, family: Family, applied: &[Applied], books: &Books) {
    row.list(key, |items| {
        for part in applied.iter().filter(|part| part.family == family) {
            if let Some(credit) = books.credit(family, part.credit) {
                items.object(|item| write_part(item, credit, part.amount));
            }
        }
    });
}

fn write_part(item: &mut Writer, credit: &Credit, amount: Decimal) {
    item.id(credit.family.id_key(), credit.id);
    if credit.family == Family::CreditNote {
        item.maybe_text("CreditNoteNumber", credit.number.as_deref());
    }
    item.id("ID", credit.id);
    if credit.family == Family::CreditNote {
        item.flag("HasErrors", false);
        item.empty_list("InvoiceAddresses");
    }
    item.money("AppliedAmount", amount);
    item.day_text("DateString", credit.date);
    item.day("Date", credit.date);
    item.empty_list("LineItems");
    item.money("Total", credit.total);
}

/// One allocation inside the document it comes from.
fn write_allocation(item: &mut Writer, allocation: &Allocation, books: &Books) {
    item.id("AllocationID", allocation.id);
    item.money("Amount", allocation.amount);
    item.day("Date", allocation.date);
    item.nested("Invoice", |stub| {
        stub.id("InvoiceID", allocation.invoice);
        let invoice = books.invoices().get(allocation.invoice);
        stub.maybe_text("InvoiceNumber", invoice.map(|found| found.number.as_str()));
        invoice_view::write_empty_lists(stub);
        stub.empty_list("LineItems");
    });
}

/// The document a refund pays back, as listed payments show it: like an invoice.
pub fn write_stub(row: &mut Writer, credit: &Credit, books: &Books) {
    row.text("Type", credit.invoice_type_text());
    row.id("InvoiceID", credit.id);
    row.maybe_text("InvoiceNumber", credit.number.as_deref());
    invoice_view::write_empty_lists(row);
    row.nested("Contact", |contact| {
        if let Some(found) = books.contacts().get(credit.contact) {
            contact_view::write_stub(contact, found);
        }
    });
    row.empty_list("LineItems");
    row.text("CurrencyCode", &credit.currency);
}
