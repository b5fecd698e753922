//! `/ContactGroups`.
//!
//! Assumptions: the texts of all refusals, and that deleted groups are not listed.

use uuid::Uuid;

use super::call::Call;
use super::contact_view;
use super::envelope::{self, Element, Wording};
use crate::sandbox::books::{Books, ContactGroup};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::wire::{Answer, Writer};

const WORDING: Wording = Wording {
    collection: "ContactGroups",
    id_key: "ContactGroupID",
    error_flag: "HasValidationErrors",
};

const MEMBERS: Wording = Wording {
    collection: "Contacts",
    id_key: "ContactID",
    error_flag: "HasValidationErrors",
};

/// `GET /ContactGroups`: without their contacts.
pub fn list(call: &mut Call<'_>) -> Answer {
    let mut request = match call.page_request::<ContactGroup>(false) {
        Ok(request) => request,
        Err(refused) => return refused,
    };
    request.page = None;
    envelope::list(call, WORDING.collection, None, |items, call| {
        let kept = call.books.registers.groups.iter().filter(|group| !group.is_deleted);
        for group in request.chosen(kept, call.books) {
            items.object(|row| write_stub(row, group));
        }
    })
}

/// `GET /ContactGroups/{id}`: with its contacts.
pub fn one(call: &mut Call<'_>, id: &str) -> Answer {
    let Some(group) = find(call.books, id).cloned() else {
        return envelope::not_found();
    };
    envelope::list(call, WORDING.collection, None, |items, call| {
        items.object(|row| write_group(row, &group, call.books));
    })
}

/// `PUT /ContactGroups`, and `POST /ContactGroups/{id}` with `known`: another name or DELETED.
pub fn write(call: &mut Call<'_>, known: Option<&str>) -> Answer {
    let old = match known.map(|id| find(call.books, id).cloned()) {
        None => None,
        Some(Some(group)) => Some(group),
        Some(None) => return envelope::not_found(),
    };
    let elements = match call.elements(WORDING.collection) {
        Ok(elements) => elements,
        Err(refused) => return refused,
    };
    let mut results = Vec::with_capacity(elements.len());
    for element in elements {
        let mut group = old.clone().unwrap_or_else(|| ContactGroup {
            id: new_id(call.rng),
            name: String::new(),
            is_deleted: false,
            contacts: Vec::new(),
        });
        if let Some(name) = element.text("Name") {
            group.name = name.trim().to_owned();
        }
        let mut errors = Vec::new();
        match element.text("Status").map(str::to_ascii_uppercase).as_deref() {
            None | Some("ACTIVE") => {}
            Some("DELETED") if old.is_some() => group.is_deleted = true,
            Some(other) => errors.push(format!("The status '{other}' is not valid for contact groups")),
        }
        let groups = &mut call.books.registers.groups;
        let twin = |other: &ContactGroup| {
            other.id != group.id && !other.is_deleted && other.name.eq_ignore_ascii_case(&group.name)
        };
        if group.name.is_empty() {
            errors.push("The contact group name must be specified".to_owned());
        } else if groups.iter().any(twin) {
            errors.push("The contact group name must be unique".to_owned());
        }
        if !errors.is_empty() {
            let known = old.as_ref().map(|old| old.id);
            results.push(Element::Refused(envelope::named(element, WORDING, known), errors));
            continue;
        }
        match groups.iter_mut().find(|other| other.id == group.id) {
            Some(other) => *other = group.clone(),
            None => groups.push(group.clone()),
        }
        results.push(Element::Saved(group, Vec::new()));
    }
    envelope::written(call, WORDING, &results, |row, call, group| {
        write_group(row, group, call.books)
    })
}

/// `PUT /ContactGroups/{id}/Contacts`
pub fn add(call: &mut Call<'_>, id: &str) -> Answer {
    let Some(group) = find(call.books, id).map(|group| group.id) else {
        return envelope::not_found();
    };
    let elements = match call.elements(MEMBERS.collection) {
        Ok(elements) => elements,
        Err(refused) => return refused,
    };
    let mut results = Vec::with_capacity(elements.len());
    for element in elements {
        let contact = element
            .text("ContactID")
            .and_then(|id| Uuid::parse_str(id).ok())
            .filter(|id| call.books.contacts().get(*id).is_some());
        results.push(match contact {
            None => Element::Refused(element, vec!["The Contact could not be found".to_owned()]),
            Some(contact) => {
                change(call.books, group, |contacts| {
                    if !contacts.contains(&contact) {
                        contacts.push(contact);
                    }
                });
                Element::Saved(contact, Vec::new())
            }
        });
    }
    envelope::written(call, MEMBERS, &results, |row, call, id: &Uuid| {
        if let Some(contact) = call.books.contacts().get(*id) {
            contact_view::write_stub(row, contact);
        }
    })
}

/// `DELETE /ContactGroups/{id}/Contacts`, of one contact when it is named.
pub fn remove(call: &mut Call<'_>, id: &str, contact: Option<&str>) -> Answer {
    let Some(group) = find(call.books, id).cloned() else {
        return envelope::not_found();
    };
    match contact.map(Uuid::parse_str) {
        None => change(call.books, group.id, Vec::clear),
        Some(Ok(contact)) if group.contacts.contains(&contact) => {
            change(call.books, group.id, |contacts| {
                contacts.retain(|other| *other != contact)
            });
        }
        Some(_) => return envelope::not_found(),
    }
    Answer::empty(204)
}

/// A group inside a contact and in lists.
pub fn write_stub(row: &mut Writer, group: &ContactGroup) {
    row.id("ContactGroupID", group.id);
    row.text("Name", &group.name);
    row.text("Status", if group.is_deleted { "DELETED" } else { "ACTIVE" });
    row.empty_list("Contacts");
    row.flag("HasValidationErrors", false);
}

fn write_group(row: &mut Writer, group: &ContactGroup, books: &Books) {
    row.id("ContactGroupID", group.id);
    row.text("Name", &group.name);
    row.text("Status", if group.is_deleted { "DELETED" } else { "ACTIVE" });
    row.list("Contacts", |items| {
        for contact in group.contacts.iter().filter_map(|id| books.contacts().get(*id)) {
            items.object(|item| contact_view::write_stub(item, contact));
        }
    });
    row.flag("HasValidationErrors", false);
}

fn change(books: &mut Books, group: Uuid, change: impl FnOnce(&mut Vec<Uuid>)) {
    let mine = books.registers.groups.iter_mut().find(|other| other.id == group);
    if let Some(group) = mine {
        change(&mut group.contacts);
    }
}

fn find<'a>(books: &'a Books, id: &str) -> Option<&'a ContactGroup> {
    let id = Uuid::parse_str(id).ok()?;
    books.registers.groups.iter().find(|group| group.id == id)
}
