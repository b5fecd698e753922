//! The bytes we send. Pure and stable: the same input gives the same bytes, so that a replay
//! under the same key is the same request.

use bytes::Bytes;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::address::type_word;
use crate::model::ids::{LineItemId, XeroContactId, XeroInvoiceId};
use crate::model::xero::{Encode, InvoiceChange, OutgoingContact, OutgoingInvoice, OutgoingLine};

/// Writes bodies for Xero. What is absent is left out, never sent as null: on a change Xero takes
/// a field that is sent as the new value and leaves one that is not sent alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct XeroEncoder;

impl Encode for XeroEncoder {
    fn create_invoices(&self, invoices: &[OutgoingInvoice]) -> Bytes {
        bytes(&Invoices {
            invoices: invoices.iter().map(Invoice::created).collect(),
        })
    }

    fn change_invoice(&self, id: XeroInvoiceId, change: &InvoiceChange) -> Bytes {
        bytes(&Invoices {
            invoices: vec![Invoice::changed(id, change)],
        })
    }

    fn create_contacts(&self, contacts: &[OutgoingContact]) -> Bytes {
        bytes(&Contacts {
            contacts: contacts.iter().map(Contact::created).collect(),
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Invoices<'a> {
    invoices: Vec<Invoice<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Contacts<'a> {
    contacts: Vec<Contact<'a>>,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Invoice<'a> {
    #[serde(rename = "InvoiceID", skip_serializing_if = "Option::is_none")]
    id: Option<XeroInvoiceId>,
    #[serde(rename = "Type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<ContactName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<Day>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_date: Option<Day>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line_amount_types: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line_items: Option<Vec<LineItem<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
}

impl<'a> Invoice<'a> {
    fn created(invoice: &'a OutgoingInvoice) -> Self {
        Self {
            id: None,
            kind: Some(type_word(invoice.kind)),
            invoice_number: Some(&invoice.number),
            reference: invoice.reference.as_deref(),
            contact: Some(ContactName(invoice.contact)),
            date: Some(Day(invoice.date)),
            due_date: invoice.due_date.map(Day),
            currency_code: Some(invoice.currency.as_str()),
            line_amount_types: Some(invoice.line_amount_types.label()),
            status: Some(invoice.status.as_str()),
            line_items: Some(invoice.lines.iter().map(LineItem::of).collect()),
            url: Some(&invoice.url),
        }
    }

    fn changed(id: XeroInvoiceId, change: &'a InvoiceChange) -> Self {
        Self {
            id: Some(id),
            kind: None,
            invoice_number: change.number.as_deref(),
            reference: change.reference.as_deref(),
            contact: change.contact.map(ContactName),
            date: change.date.map(Day),
            due_date: change.due_date.map(Day),
            currency_code: change.currency.as_ref().map(|code| code.as_str()),
            line_amount_types: change.line_amount_types.map(|types| types.label()),
            status: change.status.as_ref().map(|status| status.as_str()),
            line_items: change
                .lines
                .as_ref()
                .map(|lines| lines.iter().map(LineItem::of).collect()),
            url: change.url.as_deref(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct LineItem<'a> {
    #[serde(rename = "LineItemID", skip_serializing_if = "Option::is_none")]
    id: Option<LineItemId>,
    description: &'a str,
    quantity: Number,
    unit_amount: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_amount: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    discount_rate: Option<Number>,
}

impl<'a> LineItem<'a> {
    fn of(line: &'a OutgoingLine) -> Self {
        Self {
            id: line.id,
            description: &line.description,
            quantity: Number(line.quantity),
            unit_amount: Number(line.unit_amount),
            item_code: line.item_code.as_deref(),
            account_code: line.account_code.as_deref(),
            tax_type: line.tax_type.as_deref(),
            tax_amount: line.tax_amount.map(Number),
            discount_rate: line.discount_rate.map(Number),
        }
    }
}

/// The id alone: any other field sent here would change the contact itself.
#[derive(Serialize)]
struct ContactName(#[serde(serialize_with = "as_contact_id")] XeroContactId);

fn as_contact_id<S: Serializer>(id: &XeroContactId, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Id<'a> {
        #[serde(rename = "ContactID")]
        id: &'a XeroContactId,
    }
    Id { id }.serialize(serializer)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Contact<'a> {
    name: &'a str,
    contact_number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_address: Option<&'a str>,
}

impl<'a> Contact<'a> {
    fn created(contact: &'a OutgoingContact) -> Self {
        Self {
            name: &contact.name,
            contact_number: &contact.number,
            email_address: contact.email.as_deref(),
        }
    }
}

/// A decimal as a JSON number, digit for digit.
struct Number(Decimal);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string())
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

/// A date without a time: a time would be read in a zone and could shift the day.
struct Day(NaiveDate);

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.format("%Y-%m-%d"))
    }
}

/// These types always serialise (a decimal's text is a JSON number). Were that ever untrue, the
/// empty body is not sent: it has no address.
fn bytes(body: &impl Serialize) -> Bytes {
    serde_json::to_vec(body).map(Bytes::from).unwrap_or_default()
}
