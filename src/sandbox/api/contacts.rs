//! `/Contacts`.

use uuid::Uuid;

use super::call::{Call, Mode};
use super::contact_fields;
use super::contact_view::{self, Shape};
use super::envelope::{self, Element, Wording};
use crate::sandbox::books::{Books, Contact, ContactStatus, Mark};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::query::page::Filter;
use crate::sandbox::wire::{Answer, Json};

const WORDING: Wording = Wording {
    collection: "Contacts",
    id_key: "ContactID",
    error_flag: "HasValidationErrors",
};

const ARCHIVED: &str = "The specified contact details matched an archived contact. \
Archived contacts cannot currently be edited via the API.";

/// More are refused.
const PERSONS_MAX: usize = 5;

/// `GET /Contacts`
pub fn list(call: &mut Call<'_>) -> Answer {
    let summary = call.params.flag("summaryOnly").unwrap_or(false);
    let request = match call.page_request::<Contact>(summary) {
        Ok(request) => request,
        Err(refused) => return refused,
    };
    let id = new_id(call.rng);
    let term = call.params.get("searchTerm").map(str::to_lowercase);
    let keep = |contact: &Contact| term.as_ref().is_none_or(|term| mentions(contact, term));
    let mut filter = Filter {
        among: Vec::new(),
        keep: term.is_some().then_some(&keep),
    };
    filter.among.extend(call.id_marks("IDs", Mark::Id));
    if !call.params.flag("includeArchived").unwrap_or(false) {
        filter.among.push(vec![Mark::status(ContactStatus::Active.text())]);
    }
    let page = request.choose(call.books.contacts(), call.books, &filter);
    let today = call.today();
    envelope::list_as(call, id, WORDING.collection, page.pagination, |items| {
        for contact in page.items {
            items.object(|row| {
                contact_view::write(row, contact, call.books, Shape::Listed);
                if page.pagination.is_some() {
                    contact_view::write_balances(row, contact, call.books, today);
                }
            });
        }
    })
}

/// `GET /Contacts/{id}`, by GUID or number.
pub fn one(call: &mut Call<'_>, id: &str) -> Answer {
    let Some(contact) = find(call.books, id).cloned() else {
        return envelope::not_found();
    };
    let today = call.today();
    envelope::list(call, WORDING.collection, None, |items, call| {
        items.object(|row| {
            contact_view::write(row, &contact, call.books, Shape::Full);
            contact_view::write_balances(row, &contact, call.books, today);
        });
    })
}

/// PUT and POST.
pub fn write(call: &mut Call<'_>, mode: Mode<'_>) -> Answer {
    let elements = match call.elements(WORDING.collection) {
        Ok(elements) => elements,
        Err(refused) => return refused,
    };
    let target = match mode {
        Mode::One(id) => match find(call.books, id) {
            Some(contact) => Some(contact.id),
            None => return envelope::not_found(),
        },
        Mode::Create | Mode::Upsert => None,
    };
    let unknown = |element: &Json| id_of(element).is_some_and(|id| call.books.contacts().get(id).is_none());
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
    envelope::written(call, WORDING, &results, |row, call, id| {
        if let Some(contact) = call.books.contacts().get(*id) {
            contact_view::write(row, contact, call.books, Shape::Full);
        }
    })
}

/// Texts of an address, and how many characters they may have by Xero's schema.
const ADDRESS: [(&str, usize); 9] = [
    ("AddressLine1", 500),
    ("AddressLine2", 500),
    ("AddressLine3", 500),
    ("AddressLine4", 500),
    ("City", 255),
    ("Region", 255),
    ("PostalCode", 50),
    ("Country", 50),
    ("AttentionTo", 255),
];

/// Texts of a telephone, likewise.
const PHONE: [(&str, usize); 3] = [("PhoneNumber", 50), ("PhoneAreaCode", 10), ("PhoneCountryCode", 20)];

/// Takes over the fields an element carries; absent ones stay. Says what is wrong with them.
pub fn fill(contact: &mut Contact, element: &Json) -> Vec<String> {
    let text = |key: &str| element.text(key).map(str::to_owned);
    if let Some(name) = text("Name") {
        contact.name = name.trim().to_owned();
    }
    contact.number = text("ContactNumber").or_else(|| contact.number.take());
    contact.account_number = text("AccountNumber").or_else(|| contact.account_number.take());
    contact.email = text("EmailAddress").or_else(|| contact.email.take());
    contact.first_name = text("FirstName").or_else(|| contact.first_name.take());
    contact.last_name = text("LastName").or_else(|| contact.last_name.take());
    merge(
        &mut contact.addresses,
        element.list("Addresses"),
        "AddressType",
        &ADDRESS,
    );
    merge(&mut contact.phones, element.list("Phones"), "PhoneType", &PHONE);
    contact_fields::fill(contact, element)
}

/// What Xero would refuse about a contact.
pub fn refusals(books: &Books, contact: &Contact) -> Vec<String> {
    let mut errors = Vec::new();
    if contact.name.is_empty() {
        errors.push("The contact name must be specified.".to_owned());
    }
    if contact.name.chars().count() > 255 {
        errors.push("The contact name cannot exceed 255 characters.".to_owned());
    }
    let other = |found: Option<&Contact>| found.is_some_and(|found| found.id != contact.id);
    if contact.status == ContactStatus::Active && other(books.contact_named(&contact.name)) {
        errors.push(format!(
            "The contact name {} is already assigned to another contact. \
             The contact name must be unique across all active contacts.",
            contact.name
        ));
    }
    if let Some(number) = &contact.number {
        if other(books.contact_numbered(number)) {
            errors.push("Another contact has this contact number. Please enter a different contact number.".to_owned());
        }
        if number.chars().count() > 50 {
            errors.push("The contact number cannot exceed 50 characters.".to_owned());
        }
    }
    errors.extend(too_long(&contact.addresses, &ADDRESS));
    errors.extend(too_long(&contact.phones, &PHONE));
    if contact.persons.len() > PERSONS_MAX {
        errors.push("A contact can have five contact persons at most".to_owned());
    }
    if contact
        .email
        .as_deref()
        .is_some_and(|email| !email.is_empty() && !looks_like_email(email))
    {
        errors.push("Email address must be valid.".to_owned());
    }
    errors.extend(contact_fields::refusals(books, contact));
    errors
}

fn write_one(call: &mut Call<'_>, element: Json, known: Option<Uuid>) -> Element<Uuid> {
    let old = known.and_then(|id| call.books.contacts().get(id)).cloned();
    if old
        .as_ref()
        .is_some_and(|contact| contact.status == ContactStatus::Archived)
    {
        let named = envelope::named(element, WORDING, known);
        return Element::Refused(named, vec![ARCHIVED.to_owned()]);
    }
    let mut contact = match &old {
        Some(contact) => contact.clone(),
        None => Contact::named(new_id(call.rng), "", call.now_ms),
    };
    contact.is_entered = true;
    let mut errors = fill(&mut contact, &element);
    match element.text("ContactStatus").map(str::to_ascii_uppercase).as_deref() {
        None | Some("ACTIVE") => {}
        Some("ARCHIVED") if old.is_some() => contact.status = ContactStatus::Archived,
        Some(other) => errors.push(format!("The status '{other}' is not valid for contacts")),
    }
    errors.extend(refusals(call.books, &contact));
    if !errors.is_empty() {
        return Element::Refused(envelope::named(element, WORDING, known), errors);
    }
    contact.updated_ms = call.now_ms;
    contact.versions = contact.versions.saturating_add(1);
    let id = contact.id;
    call.books.save_contact(contact);
    Element::Saved(id, Vec::new())
}

fn matching(books: &Books, element: &Json) -> Option<Uuid> {
    let by_number = || {
        element
            .text("ContactNumber")
            .and_then(|number| books.contact_numbered(number))
    };
    let by_name = || element.text("Name").and_then(|name| books.contact_named(name));
    id_of(element).or_else(|| by_number().or_else(by_name).map(|contact| contact.id))
}

fn find<'a>(books: &'a Books, id_or_number: &str) -> Option<&'a Contact> {
    match Uuid::parse_str(id_or_number) {
        Ok(id) => books.contacts().get(id),
        Err(_) => books.contact_numbered(id_or_number),
    }
}

fn id_of(element: &Json) -> Option<Uuid> {
    element
        .text("ContactID")
        .and_then(|id| Uuid::parse_str(id).ok())
        .filter(|id| !id.is_nil())
}

/// Takes over what was sent of each slot: texts under the keys there are. Everything else is
/// ignored, as Xero ignores it.
fn merge(slots: &mut Vec<Json>, sent: Option<&[Json]>, type_key: &str, keys: &[(&str, usize)]) {
    for item in sent.unwrap_or_default() {
        let kind = item.text(type_key).unwrap_or_default().to_owned();
        slots.retain(|slot| !slot.text(type_key).unwrap_or_default().eq_ignore_ascii_case(&kind));
        let text = |key: &str| Some((key.to_owned(), Json::Text(item.text(key)?.to_owned())));
        let mut pairs = vec![(type_key.to_owned(), Json::Text(kind))];
        pairs.extend(keys.iter().filter_map(|(key, _)| text(key)));
        slots.push(Json::Map(pairs));
    }
}

/// The texts of these slots that are longer than Xero takes.
fn too_long<'a>(slots: &'a [Json], keys: &'a [(&str, usize)]) -> impl Iterator<Item = String> + 'a {
    let long = |slot: &Json, key: &str, max: usize| slot.text(key).is_some_and(|text| text.chars().count() > max);
    slots.iter().flat_map(move |slot| {
        let keys = keys.iter().filter(move |(key, max)| long(slot, key, *max));
        keys.map(|(key, max)| format!("{key} cannot exceed {max} characters."))
    })
}

fn mentions(contact: &Contact, lower_term: &str) -> bool {
    let fields = [
        Some(contact.name.as_str()),
        contact.first_name.as_deref(),
        contact.last_name.as_deref(),
        contact.number.as_deref(),
        contact.email.as_deref(),
    ];
    fields
        .into_iter()
        .flatten()
        .any(|field| field.to_lowercase().contains(lower_term))
}

fn looks_like_email(text: &str) -> bool {
    text.split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.') && !text.contains(char::is_whitespace))
}
