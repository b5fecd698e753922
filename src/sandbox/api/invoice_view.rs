//! The three shapes of an invoice: listed, alone, and as the answer to a write.

use rust_decimal::Decimal;

use super::{contact_view, credit_view, payment_view, tracking};
use crate::sandbox::books::{Books, Family, Invoice, Line};
use crate::sandbox::wire::{Writer, date};

/// Which of its shapes is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// In a list that is not paged: no lines.
    Listed,
    /// In a paged list: with lines.
    Paged,
    /// With `summaryOnly`: no lines and no payments.
    Summary,
    /// `GET` of one.
    Single,
    /// The answer to a write.
    Written,
    /// Inside a payment just made.
    Paid,
}

/// How an invoice is shown.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// Its shape.
    pub shape: Shape,
    /// Decimals of unit amounts.
    pub unit_places: u32,
    /// Shown instead of the amount due: the answer to a void still has the old one.
    pub amount_due: Option<Decimal>,
}

impl Shape {
    fn is_listed(self) -> bool {
        matches!(self, Self::Listed | Self::Paged | Self::Summary)
    }
}

/// All keys of an invoice; keys without a value are absent, never `null`.
pub fn write(row: &mut Writer, invoice: &Invoice, books: &Books, view: View) {
    let listed = view.shape.is_listed();
    row.text("Type", invoice.kind.text());
    row.id("InvoiceID", invoice.id);
    row.text("InvoiceNumber", &invoice.number);
    row.text("Reference", &invoice.reference);
    write_money(row, invoice, books, view);
    // Recorded: lists mention it only when it was sent.
    if !listed || invoice.sent_to_contact {
        row.flag("SentToContact", invoice.sent_to_contact);
    }
    if view.shape == Shape::Paid && invoice.sent_to_contact {
        row.text("SentToEmailAddress", "");
    }
    row.number("CurrencyRate", invoice.currency_rate, 6);
    let discount = invoice.total_discount();
    row.flag("IsDiscounted", !discount.is_zero());
    if !discount.is_zero() {
        row.money("TotalDiscount", discount);
    }
    if listed || view.shape == Shape::Single {
        row.flag("HasAttachments", false);
    }
    if listed {
        row.empty_list("InvoiceAddresses");
    }
    row.flag("HasErrors", false);
    if view.shape == Shape::Single {
        row.empty_list("Attachments");
    }
    row.empty_list("InvoicePaymentServices");
    row.maybe_text("Url", invoice.url.as_deref());
    write_contact(row, invoice, books, view.shape);
    write_dates(row, invoice);
    row.maybe_text("BrandingThemeID", invoice.branding_theme.as_deref());
    row.text("Status", invoice.status.text());
    row.text("LineAmountTypes", invoice.amounts_are.text());
    match view.shape {
        Shape::Summary => {}
        Shape::Listed => row.empty_list("LineItems"),
        _ => row.list("LineItems", |items| {
            for line in &invoice.lines {
                items.object(|item| write_line(item, line, books, view));
            }
        }),
    }
    row.money("SubTotal", invoice.sub_total);
    row.money("TotalTax", invoice.total_tax);
    row.money("Total", invoice.total);
    row.stamp("UpdatedDateUTC", invoice.updated_ms);
    row.text("UpdatedDateUTCString", &date::seconds_text(invoice.updated_ms));
    row.text("CurrencyCode", &invoice.currency);
    if let Some(day) = invoice.fully_paid_on {
        row.day("FullyPaidOnDate", day);
    }
}

/// The invoice inside a listed payment: hardly more than its id.
pub fn write_stub(row: &mut Writer, invoice: &Invoice, books: &Books) {
    row.text("Type", invoice.kind.text());
    row.id("InvoiceID", invoice.id);
    row.text("InvoiceNumber", &invoice.number);
    write_empty_lists(row);
    row.nested("Contact", |contact| {
        if let Some(found) = books.contacts().get(invoice.contact) {
            contact_view::write_stub(contact, found);
        }
    });
    row.empty_list("LineItems");
    row.text("CurrencyCode", &invoice.currency);
}

/// What every stub of an invoice carries, however much was applied to it.
pub(super) fn write_empty_lists(row: &mut Writer) {
    for key in ["Payments", "CreditNotes", "Prepayments", "Overpayments"] {
        row.empty_list(key);
    }
    row.flag("IsDiscounted", false);
    row.empty_list("InvoiceAddresses");
    row.flag("HasErrors", false);
    row.empty_list("InvoicePaymentServices");
}

/// Lists always show payments and credits; the other shapes only when there are some.
fn write_money(row: &mut Writer, invoice: &Invoice, books: &Books, view: View) {
    let listed = view.shape.is_listed();
    let shows_payments = match view.shape {
        Shape::Listed | Shape::Paged => true,
        Shape::Single | Shape::Written => !invoice.payments.is_empty(),
        Shape::Summary | Shape::Paid => false,
    };
    if shows_payments {
        payment_view::write_applied(row, &invoice.payments, books);
    }
    if view.shape != Shape::Summary {
        let has_notes = invoice.credits.iter().any(|part| part.family == Family::CreditNote);
        if listed || (has_notes && view.shape != Shape::Paid) {
            credit_view::write_applied(row, "CreditNotes", Family::CreditNote, &invoice.credits, books);
        }
        credit_view::write_applied(row, "Prepayments", Family::Prepayment, &invoice.credits, books);
        credit_view::write_applied(row, "Overpayments", Family::Overpayment, &invoice.credits, books);
    }
    row.money("AmountDue", view.amount_due.unwrap_or_else(|| invoice.amount_due()));
    row.money("AmountPaid", invoice.amount_paid);
    let credited = invoice.amount_credited();
    if listed || !credited.is_zero() {
        row.money("AmountCredited", credited);
    }
    if let Some(rate) = invoice.cis_rate {
        row.money("CISDeduction", invoice.cis_deduction);
        row.number("CISRate", rate, 2);
    }
}

fn write_contact(row: &mut Writer, invoice: &Invoice, books: &Books, shape: Shape) {
    let Some(contact) = books.contacts().get(invoice.contact) else {
        return;
    };
    row.nested("Contact", |inner| match shape {
        Shape::Listed | Shape::Paged | Shape::Summary => contact_view::write_stub(inner, contact),
        Shape::Single | Shape::Written => {
            contact_view::write(inner, contact, books, contact_view::Shape::Full);
        }
        Shape::Paid => contact_view::write_short_stub(inner, contact),
    });
}

fn write_dates(row: &mut Writer, invoice: &Invoice) {
    row.day_text("DateString", invoice.date);
    row.day("Date", invoice.date);
    if let Some(due) = invoice.due_date {
        row.day_text("DueDateString", due);
        row.day("DueDate", due);
    }
    if let Some(day) = invoice.expected_payment {
        row.day("ExpectedPaymentDate", day);
    }
    if let Some(day) = invoice.planned_payment {
        row.day("PlannedPaymentDate", day);
    }
}

pub(super) fn write_line(item: &mut Writer, line: &Line, books: &Books, view: View) {
    let listed = view.shape.is_listed();
    item.maybe_text("ItemCode", line.item_code.as_deref());
    item.maybe_text("Description", line.description.as_deref());
    if let Some(unit_amount) = line.unit_amount {
        item.number("UnitAmount", unit_amount, view.unit_places);
    }
    item.maybe_text("TaxType", line.tax_type.as_deref());
    item.money("TaxAmount", line.tax_amount);
    item.money("LineAmount", line.line_amount);
    item.maybe_text("AccountCode", line.account_code.as_deref());
    if let Some(found) = line.item_code.as_deref().and_then(|code| books.registers.item(code)) {
        item.nested("Item", |inner| {
            inner.id("ItemID", found.id);
            inner.maybe_text("Name", found.name.as_deref());
            inner.text("Code", &found.code);
        });
    }
    tracking::write_lines(item, &line.tracking, &books.registers, listed);
    if let Some(quantity) = line.quantity {
        item.number("Quantity", quantity, 4);
    }
    if let Some(rate) = line.discount_rate {
        item.number("DiscountRate", rate, 2);
    }
    if let Some(amount) = line.discount_amount {
        item.money("DiscountAmount", amount);
    }
    item.id("LineItemID", line.id);
    if let Some(account) = line.account_code.as_deref().and_then(|code| books.account(code)) {
        item.id("AccountID", account.id);
    }
    if view.shape == Shape::Paid {
        item.flag("DiscountEnteredAsPercent", line.discount_amount.is_none());
    }
    if !listed {
        item.empty_list("ValidationErrors");
    }
}
