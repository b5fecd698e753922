//! The shapes of a contact.

use chrono::NaiveDate;

use super::groups;
use crate::sandbox::books::order::Order;
use crate::sandbox::books::{Books, Contact, Invoice, Kind, Mark, money};
use crate::sandbox::wire::{Json, Writer};

/// Which of its shapes is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// In a list.
    Listed,
    /// Alone, or as the answer to a write, or inside a single invoice.
    Full,
    /// Inside a credit note just written.
    Noted,
}

/// There, even when it is empty, on every contact that was entered as one.
pub const BANK_DETAILS: &str = "BankAccountDetails";

/// All keys of a contact.
pub fn write(row: &mut Writer, contact: &Contact, books: &Books, shape: Shape) {
    row.id("ContactID", contact.id);
    if let Some(merged_to) = contact.merged_to {
        row.id("MergedToContactID", merged_to);
    }
    row.maybe_text("ContactNumber", contact.number.as_deref());
    row.maybe_text("AccountNumber", contact.account_number.as_deref());
    row.text("ContactStatus", contact.status.text());
    row.text("Name", &contact.name);
    row.maybe_text("FirstName", contact.first_name.as_deref());
    row.maybe_text("LastName", contact.last_name.as_deref());
    let email = contact.email.as_deref();
    row.maybe_text("EmailAddress", email.or(contact.is_entered.then_some("")));
    if contact.is_entered && contact.settings.iter().all(|(key, _)| *key != BANK_DETAILS) {
        row.text(BANK_DETAILS, "");
    }
    for (key, value) in &contact.settings {
        row.json(key, value);
    }
    slots(row, &ADDRESSES, &contact.addresses, contact.is_entered);
    slots(row, &PHONES, &contact.phones, contact.is_entered);
    row.stamp("UpdatedDateUTC", contact.updated_ms);
    row.list("ContactGroups", |items| {
        let mine = books.registers.groups.iter().filter(|group| !group.is_deleted);
        for group in mine.filter(|group| group.contacts.contains(&contact.id)) {
            items.object(|item| groups::write_stub(item, group));
        }
    });
    if shape != Shape::Noted {
        row.flag("IsSupplier", contact.is_supplier);
        row.flag("IsCustomer", contact.is_customer);
    }
    if shape == Shape::Full {
        row.empty_list("SalesTrackingCategories");
        row.empty_list("PurchasesTrackingCategories");
    }
    row.list("ContactPersons", |items| {
        for person in &contact.persons {
            items.json_element(person);
        }
    });
    if shape == Shape::Listed {
        row.flag("HasAttachments", false);
    }
    row.flag("HasValidationErrors", false);
}

/// The few keys of a contact inside a listed invoice.
pub fn write_stub(row: &mut Writer, contact: &Contact) {
    row.id("ContactID", contact.id);
    row.text("Name", &contact.name);
    row.empty_list("Addresses");
    row.empty_list("Phones");
    row.empty_list("ContactGroups");
    row.empty_list("ContactPersons");
    row.flag("HasValidationErrors", false);
}

/// The fewest keys, inside the invoice of a payment just made.
pub fn write_short_stub(row: &mut Writer, contact: &Contact) {
    row.id("ContactID", contact.id);
    row.text("Name", &contact.name);
    row.empty_list("ContactPersons");
    row.flag("HasValidationErrors", false);
}

/// What a customer owes and what a supplier is owed; nobody else has balances.
pub fn write_balances(row: &mut Writer, contact: &Contact, books: &Books, today: NaiveDate) {
    if !contact.is_customer && !contact.is_supplier {
        return;
    }
    let mark = Mark::Contact(contact.id);
    let keys = books.invoices().marked(&mark).into_iter().flat_map(Order::iter);
    let approved = |invoice: &&Invoice| invoice.status.is_approved();
    let mine: Vec<&Invoice> = keys
        .filter_map(|key| books.invoices().listed_at(key))
        .filter(approved)
        .collect();
    let due = |kind: Kind, overdue: bool| {
        let counts = |invoice: &&&Invoice| {
            let late = invoice.due_date.is_some_and(|due| due < today);
            invoice.kind == kind && (late || !overdue)
        };
        money::sum(mine.iter().filter(counts).map(|invoice| invoice.amount_due()))
    };
    row.nested("Balances", |balances| {
        for (key, kind) in [("AccountsReceivable", Kind::AccRec), ("AccountsPayable", Kind::AccPay)] {
            balances.nested(key, |side| {
                side.money("Outstanding", due(kind, false));
                side.money("Overdue", due(kind, true));
            });
        }
    });
}

/// A kind of slots: the list's key, the key of a slot's type, the types, and the keys that are
/// there even when nothing is in them, unless a document only named the contact.
struct Slots {
    key: &'static str,
    type_key: &'static str,
    types: &'static [&'static str],
    always: &'static [&'static str],
}

const ADDRESSES: Slots = Slots {
    key: "Addresses",
    type_key: "AddressType",
    types: &["STREET", "POBOX"],
    always: &["City", "Region", "PostalCode", "Country"],
};

const PHONES: Slots = Slots {
    key: "Phones",
    type_key: "PhoneType",
    types: &["DDI", "DEFAULT", "FAX", "MOBILE"],
    always: &["PhoneNumber", "PhoneAreaCode", "PhoneCountryCode"],
};

/// Xero always shows every slot, filled or not.
fn slots(row: &mut Writer, slots: &Slots, filled: &[Json], is_entered: bool) {
    let always = slots.always.iter().filter(|_| is_entered || !filled.is_empty());
    row.list(slots.key, |items| {
        for slot in slots.types {
            items.object(|item| {
                item.text(slots.type_key, slot);
                let is_it = |sent: &&Json| {
                    sent.text(slots.type_key)
                        .is_some_and(|found| found.eq_ignore_ascii_case(slot))
                };
                let sent = filled.iter().find(is_it);
                if let Some(sent) = sent {
                    item.echo(sent, &[slots.type_key]);
                }
                for key in always.clone() {
                    if sent.is_none_or(|sent| sent.get(key).is_none()) {
                        item.text(key, "");
                    }
                }
            });
        }
    });
}
