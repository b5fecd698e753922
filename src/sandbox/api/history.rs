//! `/{Resource}/{id}/History`: notes.
//!
//! Assumptions: the words `Note` and `System Generated`; that only notes are listed and not what
//! Xero notes by itself; that an unknown document is a 404, but for the resources that are known
//! to answer 400 (payments, prepayments, overpayments).

use uuid::Uuid;

use super::call::Call;
use super::envelope::{self, Element, Wording};
use crate::sandbox::books::{Books, Family, Note};
use crate::sandbox::wire::{Answer, Writer};

const WORDING: Wording = Wording {
    collection: "HistoryRecords",
    id_key: "",
    error_flag: "",
};

const DETAILS_CHARS_MAX: usize = 2500;

/// `GET …/History`: oldest first.
pub fn list(call: &mut Call<'_>, resource: &str, id: &str) -> Answer {
    let Some(id) = document(call.books, resource, id) else {
        return envelope::not_found();
    };
    envelope::list(call, WORDING.collection, None, |items, call| {
        for note in call.books.registers.notes.get(&id).into_iter().flatten() {
            items.object(|row| write_note(row, note));
        }
    })
}

/// `PUT …/History`
pub fn add(call: &mut Call<'_>, resource: &str, id: &str) -> Answer {
    let Some(id) = document(call.books, resource, id) else {
        return match resource {
            "payments" | "prepayments" | "overpayments" => envelope::exception(
                400,
                "ValidationException",
                "The document with the supplied id was not found for this endpoint.",
            ),
            _ => envelope::not_found(),
        };
    };
    let elements = match call.elements(WORDING.collection) {
        Ok(elements) => elements,
        Err(refused) => return refused,
    };
    let mut results = Vec::with_capacity(elements.len());
    for element in elements {
        let details = element.text("Details").unwrap_or_default().to_owned();
        let refusal = match details.chars().count() {
            0 => Some("Details must be specified".to_owned()),
            1..=DETAILS_CHARS_MAX => None,
            _ => Some(format!("Details cannot exceed {DETAILS_CHARS_MAX} characters")),
        };
        results.push(match refusal {
            Some(refusal) => Element::Refused(element, vec![refusal]),
            None => {
                let note = Note {
                    details,
                    at_ms: call.now_ms,
                };
                call.books.registers.notes.entry(id).or_default().push(note.clone());
                Element::Saved(note, Vec::new())
            }
        });
    }
    envelope::written(call, WORDING, &results, |row, _, note| write_note(row, note))
}

/// The document a path names, if there is one; `resource` in lower case.
fn document(books: &Books, resource: &str, id: &str) -> Option<Uuid> {
    let guid = Uuid::parse_str(id).ok();
    match resource {
        "invoices" => books.find_invoice(id).map(|invoice| invoice.id),
        "contacts" => books.contacts().get(guid?).map(|contact| contact.id),
        "payments" => books.payments().get(guid?).map(|payment| payment.id),
        "manualjournals" => books.registers.journals.get(guid?).map(|journal| journal.id),
        "creditnotes" => books.find_credit_note(id).map(|credit| credit.id),
        "overpayments" => books.credit(Family::Overpayment, guid?).map(|credit| credit.id),
        "prepayments" => books.credit(Family::Prepayment, guid?).map(|credit| credit.id),
        "banktransactions" => books.bank_transactions().get(guid?).map(|found| found.id),
        "batchpayments" => books.batches().get(guid?).map(|batch| batch.id),
        "items" => books.registers.item(id).map(|item| item.id),
        _ => None,
    }
}

fn write_note(row: &mut Writer, note: &Note) {
    row.text("Changes", "Note");
    row.stamp("DateUTC", note.at_ms);
    row.text("User", "System Generated");
    row.text("Details", &note.details);
}
