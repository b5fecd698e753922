//! `/Invoices`.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::call::{Call, Mode};
use super::drafting::Drafting;
use super::envelope::{self, Element, Wording};
use super::invoice_draft::Drafted;
use super::invoice_view::{self, Shape, View};
use crate::sandbox::books::{Books, Contact, Invoice, InvoiceStatus, Kind, Mark};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::query::page::Filter;
use crate::sandbox::wire::{Answer, Json};

const WORDING: Wording = Wording {
    collection: "Invoices",
    id_key: "InvoiceID",
    error_flag: "HasErrors",
};

/// A stored invoice as its answer shows it.
#[derive(Debug, Clone, Copy)]
struct Stored {
    id: Uuid,
    amount_due: Option<Decimal>,
}

/// `GET /Invoices`
pub fn list(call: &mut Call<'_>) -> Answer {
    let summary = call.params.flag("summaryOnly").unwrap_or(false);
    let statuses = call.text_marks("Statuses", Mark::status);
    let request = match call.page_request::<Invoice>(summary || statuses.is_some()) {
        Ok(request) => request,
        Err(refused) => return refused,
    };
    let id = new_id(call.rng);
    let books = &*call.books;
    let by_app = call.params.flag("createdByMyApp").unwrap_or(false);
    let term = call.params.get("searchTerm").map(str::to_lowercase);
    let keep = |invoice: &Invoice| {
        (!by_app || invoice.by_app) && term.as_ref().is_none_or(|term| mentions(invoice, books, term))
    };
    let mut filter = Filter {
        among: Vec::new(),
        keep: (by_app || term.is_some()).then_some(&keep),
    };
    filter.among.extend(statuses);
    filter.among.extend(call.id_marks("IDs", Mark::Id));
    filter.among.extend(call.id_marks("ContactIDs", Mark::Contact));
    filter.among.extend(call.text_marks("InvoiceNumbers", Mark::number));
    let page = request.choose(books.invoices(), books, &filter);
    let shape = match (summary, page.pagination) {
        (true, _) => Shape::Summary,
        (false, Some(_)) => Shape::Paged,
        (false, None) => Shape::Listed,
    };
    let view = View {
        shape,
        unit_places: call.unit_places(),
        amount_due: None,
    };
    envelope::list_as(call, id, WORDING.collection, page.pagination, |items| {
        for invoice in page.items {
            items.object(|row| invoice_view::write(row, invoice, books, view));
        }
    })
}

/// `GET /Invoices/{id}`, by GUID or number.
pub fn one(call: &mut Call<'_>, id: &str) -> Answer {
    let answer_id = new_id(call.rng);
    let Some(invoice) = call.books.find_invoice(id) else {
        return envelope::not_found();
    };
    let unit_places = call.unit_places();
    let view = View {
        shape: Shape::Single,
        unit_places,
        amount_due: None,
    };
    envelope::list_as(call, answer_id, WORDING.collection, None, |items| {
        items.object(|row| invoice_view::write(row, invoice, call.books, view));
    })
}

/// PUT and POST.
pub fn write(call: &mut Call<'_>, mode: Mode<'_>) -> Answer {
    let elements = match call.elements(WORDING.collection) {
        Ok(elements) => elements,
        Err(refused) => return refused,
    };
    let target = match mode {
        Mode::One(id) => match call.books.find_invoice(id) {
            Some(invoice) => Some(invoice.id),
            None => return envelope::not_found(),
        },
        Mode::Create | Mode::Upsert => None,
    };
    let unknown = |element: &Json| id_of(element).is_some_and(|id| call.books.invoices().get(id).is_none());
    if matches!(mode, Mode::Upsert) && elements.iter().any(unknown) {
        return envelope::not_found();
    }
    let mut results = Vec::with_capacity(elements.len());
    for element in elements {
        let known = match mode {
            Mode::Create => None,
            Mode::One(_) => target,
            Mode::Upsert => matching(call.books, &element),
        };
        results.push(write_one(call, element, known));
    }
    let unit_places = call.unit_places();
    envelope::written(call, WORDING, &results, |row, call, stored: &Stored| {
        let view = View {
            shape: Shape::Written,
            unit_places,
            amount_due: stored.amount_due,
        };
        if let Some(invoice) = call.books.invoices().get(stored.id) {
            invoice_view::write(row, invoice, call.books, view);
        }
    })
}

/// Stores what a draft became; also how scenarios play an edit made inside Xero.
///
/// # Errors
/// What Xero would refuse.
pub fn apply(call: &mut Call<'_>, element: &Json, old: Option<&Invoice>) -> Result<Uuid, Vec<String>> {
    let drafted = Drafting::of(call, |drafting| drafting.invoice(element, old))?;
    Ok(store(call.books, drafted))
}

fn write_one(call: &mut Call<'_>, element: Json, known: Option<Uuid>) -> Element<Stored> {
    let old = known.and_then(|id| call.books.invoices().get(id)).cloned();
    match apply(call, &element, old.as_ref()) {
        Err(messages) => Element::Refused(envelope::named(element, WORDING, known), messages),
        Ok(id) => {
            let voided = call
                .books
                .invoices()
                .get(id)
                .is_some_and(|invoice| invoice.status == InvoiceStatus::Voided);
            // The answer to a void still shows what was due.
            let amount_due = old.filter(|_| voided).map(|old| old.amount_due());
            Element::Saved(Stored { id, amount_due }, Vec::new())
        }
    }
}

fn store(books: &mut Books, drafted: Drafted) -> Uuid {
    let Drafted { mut invoice, contact } = drafted;
    if let Some(contact) = contact {
        books.save_contact(contact);
    }
    if invoice.number.is_empty() && invoice.kind == Kind::AccRec {
        invoice.number = books.next_invoice_number();
    }
    let id = invoice.id;
    books.save_invoice(invoice);
    id
}

fn matching(books: &Books, element: &Json) -> Option<Uuid> {
    let is_bill = element.text("Type").and_then(Kind::parse) == Some(Kind::AccPay);
    let by_number = || {
        let number = element.text("InvoiceNumber").filter(|_| !is_bill)?;
        books.numbered(Kind::AccRec, number).next().map(|invoice| invoice.id)
    };
    id_of(element).or_else(by_number)
}

fn id_of(element: &Json) -> Option<Uuid> {
    element
        .text("InvoiceID")
        .and_then(|id| Uuid::parse_str(id).ok())
        .filter(|id| !id.is_nil())
}

fn mentions(invoice: &Invoice, books: &Books, lower_term: &str) -> bool {
    let contact: Option<&Contact> = books.contacts().get(invoice.contact);
    invoice.number.to_lowercase().contains(lower_term)
        || invoice.reference.to_lowercase().contains(lower_term)
        || contact.is_some_and(|contact| contact.name.to_lowercase().contains(lower_term))
}
