//! A host's document. What is well-formed is taken, even if a push cannot use it: the badge says
//! so then. What is not well-formed is refused here, all of it at once.

use std::collections::HashSet;

use chrono::DateTime;
use rust_decimal::Decimal;

use super::fields::{Faults, Fields};
use super::tree::Node;
use crate::http::problem::Problem;
use crate::model::document::{Currency, Draft, HostStatus, InvoiceKind, Line, LineAmountTypes, Party};
use crate::model::limits::{
    AMOUNT_LIMIT, CONTACT_NAME_MAX_CHARS, DESCRIPTION_MAX_CHARS, LINES_MAX_COUNT, NUMBER_MAX_CHARS,
    REFERENCE_MAX_CHARS, UNIT_DECIMALS_MAX,
};
use crate::model::time::Timestamp;

/// Longest key, code or tag of the host in characters.
const KEY_MAX_CHARS: usize = 255;
/// Longest address of a document in the host: Xero shows it as a link.
const URL_MAX_CHARS: usize = 1_000;

const DOCUMENT: &[&str] = &[
    "kind",
    "number",
    "contact",
    "currency",
    "issue_date",
    "due_date",
    "due_date_rule",
    "host_status",
    "line_amount_types",
    "lines",
    "reference",
    "host_url",
    "created_at",
    "channel",
    "location",
    "work_order_ref",
];
const CONTACT: &[&str] = &["ref", "name", "email"];
const LINE: &[&str] = &[
    "ref",
    "description",
    "quantity",
    "unit_price",
    "nominal_code",
    "tax_type",
    "tax_amount",
    "item_code",
    "discount_percent",
];

/// Reads a document.
///
/// # Errors
/// `validation_failed` naming everything wrong.
pub fn read_draft(body: &Node) -> Result<Draft, Problem> {
    let faults = Faults::default();
    let draft = Fields::of(body, String::new(), DOCUMENT, &faults).and_then(|fields| document(&fields));
    faults.settle(draft)
}

/// Every field is read before any is unwrapped, so that all faults are told.
fn document(fields: &Fields<'_>) -> Option<Draft> {
    let kind = fields
        .required("kind")
        .and_then(|node| fields.word("kind", node, &KINDS));
    let number = fields.text("number", NUMBER_MAX_CHARS);
    let contact = fields.required("contact").and_then(|node| {
        Fields::of(node, fields.pointer("contact"), CONTACT, fields.faults()).and_then(|fields| party(&fields))
    });
    let currency = currency(fields);
    let issue_date = fields
        .required("issue_date")
        .and_then(|node| fields.date("issue_date", node));
    let due_date = fields
        .optional("due_date")
        .and_then(|node| fields.date("due_date", node));
    let host_status = fields
        .required("host_status")
        .and_then(|node| fields.word("host_status", node, &STATUSES));
    let line_amount_types = match fields.optional("line_amount_types") {
        Some(node) => fields.word("line_amount_types", node, &AMOUNT_TYPES),
        None => Some(LineAmountTypes::default()),
    };
    let lines = lines(fields);
    let due_date_rule = fields.optional_text("due_date_rule", KEY_MAX_CHARS);
    let reference = fields.optional_text("reference", REFERENCE_MAX_CHARS);
    let host_url = fields.optional_url("host_url", URL_MAX_CHARS);
    let created_at = created_at(fields);
    let channel = fields.optional_text("channel", KEY_MAX_CHARS);
    let location = fields.optional_text("location", KEY_MAX_CHARS);
    let work_order_ref = fields.optional_text("work_order_ref", KEY_MAX_CHARS);
    Some(Draft {
        kind: kind?,
        number: number?,
        contact: contact?,
        currency: currency?,
        issue_date: issue_date?,
        due_date,
        due_date_rule,
        host_status: host_status?,
        line_amount_types: line_amount_types?,
        lines: lines?,
        reference,
        host_url,
        created_at,
        channel,
        location,
        work_order_ref,
    })
}

const KINDS: [(&str, InvoiceKind); 2] = [
    (InvoiceKind::Sales.label(), InvoiceKind::Sales),
    (InvoiceKind::Purchase.label(), InvoiceKind::Purchase),
];
const STATUSES: [(&str, HostStatus); 4] = [
    (HostStatus::Draft.label(), HostStatus::Draft),
    (HostStatus::Pending.label(), HostStatus::Pending),
    (HostStatus::Approved.label(), HostStatus::Approved),
    (HostStatus::Void.label(), HostStatus::Void),
];
const AMOUNT_TYPES: [(&str, LineAmountTypes); 3] = [
    (LineAmountTypes::Exclusive.label(), LineAmountTypes::Exclusive),
    (LineAmountTypes::Inclusive.label(), LineAmountTypes::Inclusive),
    (LineAmountTypes::NoTax.label(), LineAmountTypes::NoTax),
];

fn party(fields: &Fields<'_>) -> Option<Party> {
    let reference = fields.text("ref", KEY_MAX_CHARS);
    let name = fields.text("name", CONTACT_NAME_MAX_CHARS);
    let email = fields.optional_text("email", KEY_MAX_CHARS);
    if email
        .as_ref()
        .is_some_and(|email| !email.contains('@') || email.contains(char::is_whitespace) || email.len() < 3)
    {
        fields.fault("email", "not_an_email", "it must be an e-mail address");
    }
    Some(Party {
        reference: reference?,
        name: name?,
        email,
    })
}

fn currency(fields: &Fields<'_>) -> Option<Currency> {
    let text = fields.text("currency", KEY_MAX_CHARS)?;
    let currency = Currency::parse(&text);
    if currency.is_none() {
        fields.fault(
            "currency",
            "not_a_currency",
            "it must be a currency code of three letters such as \"GBP\"",
        );
    }
    currency
}

fn created_at(fields: &Fields<'_>) -> Option<Timestamp> {
    let text = fields.optional_text("created_at", KEY_MAX_CHARS)?;
    match DateTime::parse_from_rfc3339(&text) {
        Ok(at) => Some(Timestamp(at.timestamp_millis())),
        Err(_unreadable) => {
            fields.fault(
                "created_at",
                "not_a_time",
                "it must be a time as 2026-03-12T14:02:51Z (RFC 3339)",
            );
            None
        }
    }
}

fn lines(fields: &Fields<'_>) -> Option<Vec<Line>> {
    let node = fields.required("lines")?;
    let nodes = fields.list("lines", node)?;
    if nodes.is_empty() {
        fields.fault("lines", "too_few", "there must be at least one line");
        return None;
    }
    if nodes.len() > LINES_MAX_COUNT {
        let detail = format!(
            "there are {} lines; at most {LINES_MAX_COUNT} are accepted",
            nodes.len()
        );
        fields.fault("lines", "too_many", detail);
        return None;
    }
    let mut references = HashSet::new();
    let mut lines = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.iter().enumerate() {
        let pointer = fields.pointer(&format!("lines/{at}"));
        let Some(fields) = Fields::of(node, pointer, LINE, fields.faults()) else {
            continue;
        };
        let Some(line) = line(&fields) else { continue };
        if let Some(reference) = &line.reference
            && !references.insert(reference.clone())
        {
            let detail = format!("another line has the reference `{reference}` too");
            fields.fault("ref", "duplicate", detail);
        }
        lines.push(line);
    }
    // Fewer lines than nodes means faults, which `settle` tells.
    (lines.len() == nodes.len()).then_some(lines)
}

fn line(fields: &Fields<'_>) -> Option<Line> {
    let reference = fields.optional_text("ref", KEY_MAX_CHARS);
    let description = fields.long_text("description", DESCRIPTION_MAX_CHARS);
    let required = |name: &str| {
        fields
            .required(name)
            .and_then(|node| fields.decimal(name, node, UNIT_DECIMALS_MAX))
    };
    let quantity = required("quantity");
    if quantity.is_some_and(|quantity| quantity < Decimal::ZERO) {
        let detail = "it must not be negative; a deduction has a negative unit_price";
        fields.fault("quantity", "negative", detail);
    }
    let unit_price = required("unit_price");
    let nominal_code = fields.optional_text("nominal_code", KEY_MAX_CHARS);
    let tax_type = fields.optional_text("tax_type", KEY_MAX_CHARS);
    let tax_amount = fields
        .optional("tax_amount")
        .and_then(|node| fields.decimal("tax_amount", node, 2));
    let item_code = fields.optional_text("item_code", KEY_MAX_CHARS);
    let discount_percent = fields
        .optional("discount_percent")
        .and_then(|node| fields.decimal("discount_percent", node, UNIT_DECIMALS_MAX));
    if discount_percent.is_some_and(|percent| percent < Decimal::ZERO || percent > Decimal::ONE_HUNDRED) {
        fields.fault("discount_percent", "out_of_range", "it must be from 0 to 100");
    }
    let (quantity, unit_price) = (quantity?, unit_price?);
    let amount = quantity.checked_mul(unit_price);
    if amount.is_none_or(|amount| amount.abs() >= Decimal::from(AMOUNT_LIMIT)) {
        let detail = format!("quantity times unit_price must be smaller than {AMOUNT_LIMIT}");
        fields.fault("unit_price", "too_large", detail);
    }
    Some(Line {
        reference,
        description: description?,
        quantity,
        unit_price,
        nominal_code,
        tax_type,
        tax_amount,
        item_code,
        discount_percent,
    })
}
