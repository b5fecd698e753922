//! The shapes of a contact.

use crate::sandbox::books::Contact;
use crate::sandbox::wire::{Json, Writer};

/// Which of its shapes is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// In a list.
    Listed,
    /// Alone, or as the answer to a write, or inside a single invoice.
    Full,
}

/// All keys of a contact.
pub fn write(row: &mut Writer, contact: &Contact, shape: Shape) {
    row.id("ContactID", contact.id);
    row.maybe_text("ContactNumber", contact.number.as_deref());
    row.maybe_text("AccountNumber", contact.account_number.as_deref());
    row.text("ContactStatus", contact.status.text());
    row.text("Name", &contact.name);
    row.maybe_text("FirstName", contact.first_name.as_deref());
    row.maybe_text("LastName", contact.last_name.as_deref());
    row.maybe_text("EmailAddress", contact.email.as_deref());
    slots(
        row,
        "Addresses",
        "AddressType",
        &["STREET", "POBOX"],
        &contact.addresses,
    );
    slots(
        row,
        "Phones",
        "PhoneType",
        &["DDI", "DEFAULT", "FAX", "MOBILE"],
        &contact.phones,
    );
    row.stamp("UpdatedDateUTC", contact.updated_ms);
    row.empty_list("ContactGroups");
    row.flag("IsSupplier", contact.is_supplier);
    row.flag("IsCustomer", contact.is_customer);
    if shape == Shape::Full {
        row.empty_list("SalesTrackingCategories");
        row.empty_list("PurchasesTrackingCategories");
    }
    row.empty_list("ContactPersons");
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

/// Xero always shows every slot, filled or not.
fn slots(row: &mut Writer, key: &str, type_key: &str, types: &[&str], filled: &[Json]) {
    row.list(key, |items| {
        for slot in types {
            items.object(|item| {
                item.text(type_key, slot);
                let sent = filled.iter().find(|sent| {
                    sent.text(type_key)
                        .is_some_and(|found| found.eq_ignore_ascii_case(slot))
                });
                if let Some(sent) = sent {
                    item.echo(sent, &[type_key]);
                }
            });
        }
    });
}
