//! Where each request goes: verb, path, query and headers, as a value.

use std::fmt::Write as _;

use bytes::Bytes;
use chrono::SubsecRound;

use crate::model::document::InvoiceKind;
use crate::model::mutation::{Rule, is_broken};
use crate::model::row::StreamKind;
use crate::model::time::Timestamp;
use crate::model::xero::{Request, WriteTarget};

/// Documents a page of [`Request::MadeByUs`] holds; Xero allows 1 to 1,000.
pub const PAGE_SIZE: u32 = 200;
/// Documents a page of [`Request::Changes`] holds: the most Xero allows.
const CHANGES_PAGE_SIZE: u32 = 1_000;
/// Page size of look-ups, which never have more matches than it in practice.
const LOOK_UP_PAGE_SIZE: u32 = 100;

/// HTTP verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reads.
    Get,
    /// Creates.
    Put,
    /// Changes.
    Post,
}

/// A request as it goes out, without host, token and tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Verb.
    pub verb: Verb,
    /// Path and query, percent-encoded.
    pub path: String,
    /// `If-Modified-Since`.
    pub modified_since: Option<String>,
    /// `Idempotency-Key` and body of a write.
    pub write: Option<(String, Bytes)>,
}

/// Why a request has no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unaskable {
    /// It asks for nothing: sent, Xero would take it as a question for everything.
    Nothing,
    /// It cannot be put into Xero's words, so that its answer would prove nothing.
    Inexpressible,
}

/// The address of a request.
///
/// # Errors
/// When it must not be sent.
pub fn of(request: &Request) -> Result<Address, Unaskable> {
    Ok(match request {
        Request::Organisation => get("/api.xro/2.0/Organisation".to_owned()),
        Request::Accounts => get("/api.xro/2.0/Accounts".to_owned()),
        Request::TaxRates => get("/api.xro/2.0/TaxRates".to_owned()),
        Request::FindContacts { numbers, names } => get(contacts(numbers, names)?),
        Request::InvoicesById(ids) => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            get(look_up("IDs", &ids.join(","))?)
        }
        Request::InvoicesByNumber(numbers) => get(by_number(numbers)?),
        Request::MadeByUs { kind, since, page } => Address {
            modified_since: Some(plain_utc(*since)),
            ..get(format!(
                "/api.xro/2.0/Invoices?createdByMyApp=true&where={}&page={page}\
                 &pageSize={PAGE_SIZE}&unitdp=4",
                percent_encoded(&format!("Type==\"{}\"", type_word(*kind))),
            ))
        },
        Request::Changes { stream, since, page } => Address {
            modified_since: Some(plain_utc(*since)),
            ..get(format!(
                "/api.xro/2.0/{}?{}page={page}&pageSize={CHANGES_PAGE_SIZE}",
                resource(*stream),
                asked(*stream),
            ))
        },
        Request::Summaries { since, page } => Address {
            modified_since: Some(plain_utc(*since)),
            ..get(format!(
                "/api.xro/2.0/Invoices?summaryOnly=true&includeArchived=true&order=UpdatedDateUTC&page={page}&pageSize={CHANGES_PAGE_SIZE}",
            ))
        },
        Request::Write { target, body, key } => {
            if body.is_empty() || key.is_empty() {
                return Err(Unaskable::Inexpressible);
            }
            Address {
                write: Some((key.clone(), body.clone())),
                ..write(*target)
            }
        }
    })
}

/// Xero's word for what a stream reads.
const fn resource(stream: StreamKind) -> &'static str {
    match stream {
        StreamKind::Invoices => "Invoices",
        StreamKind::Payments => "Payments",
        StreamKind::CreditNotes => "CreditNotes",
        StreamKind::Contacts => "Contacts",
        StreamKind::ManualJournals => "ManualJournals",
    }
}

/// What a list of changes is asked for besides its page: each list takes other parameters. Manual
/// journals are in the order of their change by themselves; asked for an order, Xero gives up paging.
const fn asked(stream: StreamKind) -> &'static str {
    match stream {
        StreamKind::Invoices => "includeArchived=true&order=UpdatedDateUTC&unitdp=4&",
        StreamKind::Payments | StreamKind::CreditNotes => "order=UpdatedDateUTC&",
        StreamKind::Contacts => "includeArchived=true&order=UpdatedDateUTC&",
        StreamKind::ManualJournals => "",
    }
}

/// Xero's word for a kind of document.
#[must_use]
pub const fn type_word(kind: InvoiceKind) -> &'static str {
    match kind {
        InvoiceKind::Sales => "ACCREC",
        InvoiceKind::Purchase => "ACCPAY",
    }
}

fn get(path: String) -> Address {
    Address {
        verb: Verb::Get,
        path,
        modified_since: None,
        write: None,
    }
}

/// `summarizeErrors=false` is always said aloud: left out, one bad member refuses a whole batch.
/// `unitdp=4` keeps the third and fourth decimal of unit prices.
fn write(target: WriteTarget) -> Address {
    let (verb, path) = match target {
        WriteTarget::CreateInvoices => (
            if is_broken(Rule::CreateByPut) {
                Verb::Post
            } else {
                Verb::Put
            },
            "/api.xro/2.0/Invoices?summarizeErrors=false&unitdp=4".to_owned(),
        ),
        WriteTarget::ChangeInvoice(id) => (
            Verb::Post,
            format!("/api.xro/2.0/Invoices/{id}?summarizeErrors=false&unitdp=4"),
        ),
        WriteTarget::CreateContacts => (Verb::Put, "/api.xro/2.0/Contacts?summarizeErrors=false".to_owned()),
    };
    Address { verb, ..get(path) }
}

/// `page` is sent because lists without it carry no lines.
fn look_up(parameter: &str, value: &str) -> Result<String, Unaskable> {
    if value.is_empty() {
        return Err(Unaskable::Nothing);
    }
    Ok(format!(
        "/api.xro/2.0/Invoices?{parameter}={}&includeArchived=true&page=1\
         &pageSize={LOOK_UP_PAGE_SIZE}&unitdp=4",
        percent_encoded(value),
    ))
}

/// A list parameter is split at commas by Xero, so a number with one goes through `where`. A
/// number that cannot be asked for must not look absent.
fn by_number(numbers: &[String]) -> Result<String, Unaskable> {
    if numbers.iter().any(|number| number.contains(',')) {
        let clauses: Option<Vec<String>> = numbers.iter().map(|number| equals("InvoiceNumber", number)).collect();
        let clauses = clauses.ok_or(Unaskable::Inexpressible)?;
        look_up("where", &clauses.join(" OR "))
    } else {
        look_up("InvoiceNumbers", &numbers.join(","))
    }
}

/// A contact that cannot be asked for may look absent: creating it again is refused by its name.
fn contacts(numbers: &[String], names: &[String]) -> Result<String, Unaskable> {
    let by_number = numbers.iter().filter_map(|number| equals("ContactNumber", number));
    let by_name = names.iter().filter_map(|name| equals("Name", name));
    let clauses: Vec<String> = by_number.chain(by_name).collect();
    if clauses.is_empty() {
        return Err(Unaskable::Nothing);
    }
    Ok(format!(
        "/api.xro/2.0/Contacts?where={}&includeArchived=true&page=1&pageSize={LOOK_UP_PAGE_SIZE}",
        percent_encoded(&clauses.join(" OR ")),
    ))
}

/// `field == "value"`, or a test that is true for at least that value.
///
/// How a quotation mark or a backslash inside a literal is escaped is documented nowhere, and a
/// wrong guess is a refused query at best. So such a value is cut at these characters and asked
/// for by its pieces; the answer is filtered by the exact value afterwards. A value that has
/// nothing else cannot be asked for.
fn equals(field: &str, value: &str) -> Option<String> {
    let is_quoted_badly = |c: char| matches!(c, '"' | '\\');
    if !value.contains(is_quoted_badly) {
        return Some(format!("{field}==\"{value}\""));
    }
    let pieces: Vec<&str> = value.split(is_quoted_badly).collect();
    let last = pieces.len().saturating_sub(1);
    let tests: Vec<String> = pieces
        .iter()
        .enumerate()
        .filter(|(_, piece)| !piece.trim().is_empty())
        .map(|(at, piece)| {
            let test = match at {
                0 => "StartsWith",
                at if at == last => "EndsWith",
                _ => "Contains",
            };
            format!("{field}.{test}(\"{piece}\")")
        })
        .collect();
    (!tests.is_empty()).then(|| format!("({})", tests.join(" AND ")))
}

/// Seconds, UTC, no zone: the one form of `If-Modified-Since` every integration agrees on.
fn plain_utc(at: Timestamp) -> String {
    at.to_utc().trunc_subsecs(0).format("%Y-%m-%dT%H:%M:%S").to_string()
}

#[must_use]
/// Everything but unreserved characters and commas, which Xero's lists are separated by.
pub fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b',') {
            encoded.push(char::from(byte));
        } else if write!(encoded, "%{byte:02X}").is_err() {
            // Writing to a String cannot fail.
            return encoded;
        }
    }
    encoded
}
