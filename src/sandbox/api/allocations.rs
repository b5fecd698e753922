//! `/CreditNotes/{id}/Allocations`, and the same of overpayments and prepayments.

use uuid::Uuid;

use super::call::{Call, day, decimal};
use super::credits;
use super::envelope::{self, Element, Wording};
use super::{invoice_rules, invoice_view};
use crate::sandbox::books::allocate::{self, AllocationRefused};
use crate::sandbox::books::{Allocation, Books, Family, money};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::wire::{Answer, Json, Writer};

const WORDING: Wording = Wording {
    collection: "Allocations",
    id_key: "AllocationID",
    error_flag: "",
};

/// PUT: applies credit to invoices.
pub fn put(call: &mut Call<'_>, family: Family, id: &str) -> Answer {
    let Some(credit) = credits::find(call, family, id).map(|credit| credit.id) else {
        return envelope::not_found();
    };
    let elements = match call.elements(WORDING.collection) {
        Ok(elements) => elements,
        Err(refused) => return refused,
    };
    let mut results = Vec::with_capacity(elements.len());
    for element in elements {
        results.push(put_one(call, family, credit, element));
    }
    envelope::written(call, WORDING, &results, |row, _, allocation: &Allocation| {
        write(row, family, credit, allocation);
    })
}

/// DELETE of one allocation: both documents are as before. Published without an envelope; the
/// example has a list of invoices where the schema has one, and `AllocationId` for `AllocationID`.
/// The answer here has the example's key and the schema's shape, with the amount that it demands:
/// xero-python reads no allocation without. No live one is recorded.
pub fn delete(call: &mut Call<'_>, family: Family, id: &str, allocation: &str) -> Answer {
    let credit = credits::find(call, family, id);
    let wanted = Uuid::parse_str(allocation).ok();
    let found = credit.and_then(|credit| {
        let mut all = credit.allocations.iter();
        let found = all.find(|found| Some(found.id) == wanted);
        found.map(|found| (credit.id, *found))
    });
    let Some((credit, found)) = found else {
        return envelope::not_found();
    };
    if let Some(locked) = invoice_rules::lock_refusal(&call.books.organisation, found.date) {
        return envelope::exception(10, "ValidationException", &locked);
    }
    let Some(gone) = allocate::deallocate(call.books, family, credit, found.id, call.now_ms) else {
        return envelope::not_found();
    };
    let mut writer = Writer::pretty();
    writer.object(|body| {
        body.id("AllocationId", gone.id);
        body.money("Amount", gone.amount);
        body.day("Date", gone.date);
        body.nested("Invoice", |invoice| invoice.id("InvoiceID", gone.invoice));
        body.flag("IsDeleted", true);
    });
    Answer::json(200, writer.into_bytes())
}

fn put_one(call: &mut Call<'_>, family: Family, credit: Uuid, element: Json) -> Element<Allocation> {
    let mut errors = Vec::new();
    let today = call.today();
    // Xero's schema requires the date; older clients never send it, so the day is assumed.
    let date = day(&element, "Date", &mut errors).unwrap_or(today);
    let amount = decimal(&element, "Amount", &mut errors);
    if amount.is_none() && errors.is_empty() {
        errors.push("Allocation amount must be specified".to_owned());
    }
    let invoice = invoice(call.books, &element);
    if invoice.is_none() {
        errors.push(AllocationRefused::NoInvoice.to_string());
    }
    errors.extend(invoice_rules::lock_refusal(&call.books.organisation, date));
    let (Some(amount), Some(invoice), true) = (amount, invoice, errors.is_empty()) else {
        return Element::Refused(element, errors);
    };
    let allocation = Allocation {
        id: new_id(call.rng),
        invoice,
        amount: money::cents(amount),
        date,
    };
    match allocate::allocate(call.books, family, credit, allocation, call.now_ms) {
        Ok(()) => Element::Saved(allocation, Vec::new()),
        Err(refused) => Element::Refused(element, vec![refused.to_string()]),
    }
}

fn invoice(books: &Books, element: &Json) -> Option<Uuid> {
    let sent = element.get("Invoice")?;
    let named = sent.text("InvoiceID").or_else(|| sent.text("InvoiceNumber"))?;
    books.find_invoice(named).map(|invoice| invoice.id)
}

/// As Xero's published example shows it, with the id that reads show.
fn write(row: &mut Writer, family: Family, credit: Uuid, allocation: &Allocation) {
    row.id("AllocationID", allocation.id);
    row.money("Amount", allocation.amount);
    row.day("Date", allocation.date);
    row.nested("Invoice", |stub| {
        stub.id("InvoiceID", allocation.invoice);
        invoice_view::write_empty_lists(stub);
        stub.empty_list("LineItems");
        stub.empty_list("ValidationErrors");
    });
    row.nested(family.key(), |stub| {
        stub.id(family.id_key(), credit);
        stub.id("ID", credit);
        stub.empty_list("LineItems");
    });
    row.empty_list("ValidationErrors");
}
