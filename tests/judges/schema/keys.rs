//! What a schema does not demand: that every key is one that Xero sends, that nothing is null, and
//! the forms of ids and dates.

use std::fmt;

use serde_json::Value;
use uuid::Uuid;

use super::file::Document;

/// Keys around every list.
const ENVELOPE: [&str; 4] = ["Id", "Status", "ProviderName", "DateTimeUTC"];

/// Keys that recorded answers have and the published file has not: type and key.
pub const LIVE: &[(&str, &str)] = &[
    ("ContactGroup", "HasValidationErrors"),
    ("CreditNote", "DateString"),
    ("CreditNote", "ID"),
    ("Invoice", "DateString"),
    ("Invoice", "DueDateString"),
    ("Invoice", "InvoicePaymentServices"),
    ("Invoice", "SentToEmailAddress"),
    ("LineItem", "DiscountEnteredAsPercent"),
    ("LineItemTracking", "Options"),
    ("Organisation", "TaxNumberName"),
];

/// Keys that are in no recording here. Others saw in live answers that a single invoice lists its
/// attachments; the rest is in the examples of the published
/// file only.
pub const TOLD: &[(&str, &str)] = &[
    ("Allocation", "AllocationId"),
    ("BankTransaction", "Attachments"),
    ("BankTransaction", "DateString"),
    ("CreditNote", "Attachments"),
    ("Invoice", "Attachments"),
    ("Overpayment", "DateString"),
    ("Overpayment", "ID"),
    ("Prepayment", "DateString"),
    ("Prepayment", "ID"),
    ("TrackingOption", "HasValidationErrors"),
    ("TrackingOption", "IsActive"),
    ("TrackingOption", "IsArchived"),
    ("TrackingOption", "IsDeleted"),
];

/// What `summarizeErrors=false` says of an element of any type; the file names it for some.
const VERDICT: [&str; 3] = ["StatusAttributeString", "ValidationErrors", "Warnings"];

/// Something that Xero would not have sent, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Against the schema.
    Schema(String),
    /// A key that the type does not have.
    Stranger {
        /// The type.
        owner: String,
        /// The key.
        key: String,
        /// Where.
        at: String,
    },
    /// Null, where Xero leaves the key out.
    Null(String),
    /// An id or a date in another form.
    Form(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Schema(said) | Self::Form(said) => formatter.write_str(said),
            Self::Stranger { owner, key, at } => write!(formatter, "{at}: Xero sends no {owner}.{key}"),
            Self::Null(at) => write!(formatter, "{at} is null; Xero leaves a key out"),
        }
    }
}

/// Everything in `value` that is not of the schema; the lists of `live` keys are known besides it.
pub fn faults(document: &Document, schema: &Value, value: &Value, live: &[&[(&str, &str)]]) -> Vec<Fault> {
    let mut walk = Walk {
        document,
        live,
        found: Vec::new(),
    };
    let (schema, name) = document.resolve(schema);
    match value {
        Value::Object(pairs) => {
            for (key, value) in pairs.iter().filter(|(key, _)| !ENVELOPE.contains(&key.as_str())) {
                walk.property(schema, name, key, value, "");
            }
        }
        other => walk.value(schema, name, other, ""),
    }
    walk.found
}

struct Walk<'a> {
    document: &'a Document,
    live: &'a [&'a [(&'a str, &'a str)]],
    found: Vec<Fault>,
}

impl Walk<'_> {
    fn value(&mut self, schema: &Value, name: Option<&str>, value: &Value, at: &str) {
        let (schema, deeper) = self.document.resolve(schema);
        let name = deeper.or(name);
        match value {
            Value::Null => self.found.push(Fault::Null(at.to_owned())),
            Value::Object(pairs) => {
                for (key, value) in pairs {
                    self.property(schema, name, key, value, at);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(&schema["items"], None, item, &format!("{at}/{index}"));
                }
            }
            Value::String(text) => self.text(schema, text, at),
            Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn property(&mut self, schema: &Value, name: Option<&str>, key: &str, value: &Value, at: &str) {
        let at = format!("{at}/{key}");
        let owner = name.unwrap_or("answer");
        match schema["properties"].get(key) {
            Some(schema) => self.value(schema, None, value, &at),
            None if self.live.iter().any(|list| list.contains(&(owner, key))) => {}
            None if VERDICT.contains(&key) => {}
            None => self.found.push(Fault::Stranger {
                owner: owner.to_owned(),
                key: key.to_owned(),
                at,
            }),
        }
    }

    fn text(&mut self, schema: &Value, text: &str, at: &str) {
        let is_tick = |key: &str| schema[key] == true;
        if schema["format"] == "uuid" && Uuid::parse_str(text).is_err() {
            self.found.push(Fault::Form(format!("{at}: '{text}' is no GUID")));
        }
        if (is_tick("x-is-msdate") || is_tick("x-is-msdate-time")) && !is_tick_form(text) {
            let said = format!("{at}: '{text}' is not of the form /Date(ms+0000)/");
            self.found.push(Fault::Form(said));
        }
    }
}

/// Whether this is `/Date(1563753600000+0000)/`; creation dates lack the offset.
fn is_tick_form(text: &str) -> bool {
    let inner = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/"));
    inner.is_some_and(|inner| inner.strip_suffix("+0000").unwrap_or(inner).parse::<i64>().is_ok())
}
