//! Writes of `/CreditNotes`.

use uuid::Uuid;

use super::call::{Call, Mode};
use super::credit_draft::DraftedCredit;
use super::credit_view;
use super::credits;
use super::drafting::Drafting;
use super::envelope::{self, Element, Wording};
use super::invoice_view::Shape;
use crate::sandbox::books::{Books, Credit, Family, Kind};
use crate::sandbox::wire::{Answer, Json};

const WORDING: Wording = Wording {
    collection: "CreditNotes",
    id_key: "CreditNoteID",
    error_flag: "HasErrors",
};

const UNKNOWN: &str = "An existing Credit Note with the specified CreditNoteID could not be found";

/// PUT and POST.
pub fn write(call: &mut Call<'_>, mode: Mode<'_>) -> Answer {
    let elements = match call.elements(WORDING.collection) {
        Ok(elements) => elements,
        Err(refused) => return refused,
    };
    let target = match mode {
        Mode::One(id) => match call.books.find_credit_note(id) {
            Some(credit) => Some(credit.id),
            None => return envelope::not_found(),
        },
        Mode::Create | Mode::Upsert => None,
    };
    let mut results = Vec::with_capacity(elements.len());
    for element in elements {
        let known = match mode {
            Mode::Create => None,
            Mode::One(_) => target,
            Mode::Upsert => matching(call.books, &element),
        };
        results.push(write_one(call, element, known));
    }
    let view = credits::view(call, Shape::Written);
    envelope::written(call, WORDING, &results, |row, call, id: &Uuid| {
        if let Some(credit) = call.books.credit(Family::CreditNote, *id) {
            credit_view::write(row, credit, call.books, view);
        }
    })
}

/// Stores what a draft became; also how scenarios play what people do inside Xero.
///
/// # Errors
/// What Xero would refuse.
pub fn apply(call: &mut Call<'_>, element: &Json, old: Option<&Credit>) -> Result<Uuid, Vec<String>> {
    let drafted = Drafting::of(call, |drafting| drafting.credit_note(element, old))?;
    Ok(store(call.books, drafted))
}

fn write_one(call: &mut Call<'_>, element: Json, known: Option<Uuid>) -> Element<Uuid> {
    let old = known.map(|id| call.books.credit(Family::CreditNote, id).cloned());
    // Published: unlike an unknown invoice, an unknown credit note is refused by name.
    let Some(old) = old.map_or(Some(None), |found| found.map(Some)) else {
        return Element::Refused(element, vec![UNKNOWN.to_owned()]);
    };
    match apply(call, &element, old.as_ref()) {
        Err(messages) => Element::Refused(envelope::named(element, WORDING, known), messages),
        Ok(id) => Element::Saved(id, Vec::new()),
    }
}

fn store(books: &mut Books, drafted: DraftedCredit) -> Uuid {
    let DraftedCredit { mut credit, contact } = drafted;
    if let Some(contact) = contact {
        books.save_contact(contact);
    }
    if credit.number.is_none() && credit.kind == Kind::AccRec {
        credit.number = Some(books.next_credit_note_number());
    }
    let id = credit.id;
    books.save_credit(credit);
    id
}

fn matching(books: &Books, element: &Json) -> Option<Uuid> {
    let is_purchase = element
        .text("Type")
        .is_some_and(|text| text.eq_ignore_ascii_case("ACCPAYCREDIT"));
    let by_number = || {
        let number = element.text("CreditNoteNumber").filter(|_| !is_purchase)?;
        let mut found = books.credit_notes_numbered(Kind::AccRec, number);
        found.next().map(|credit| credit.id)
    };
    let by_id = element.text("CreditNoteID").and_then(|id| Uuid::parse_str(id).ok());
    by_id.filter(|id| !id.is_nil()).or_else(by_number)
}
