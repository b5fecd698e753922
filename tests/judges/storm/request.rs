//! Requests: method, path, query, headers and body, each sometimes as it should be.

use std::collections::BTreeSet;

use counterfoil::sandbox::Request;
use serde_json::Value;

use super::body;
use super::control;
use super::draw::Draw;
use super::gust::ACCESS;
use super::query::query;

pub const METHODS: [&str; 9] = ["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS", "get", ""];

/// What Xero knows: method, path below the API, and what the body is of.
const OPERATIONS: [(&str, &str, &str); 57] = [
    ("GET", "Organisation", ""),
    ("GET", "Accounts", ""),
    ("GET", "Accounts/{AccountID}", ""),
    ("PUT", "Accounts", "Accounts"),
    ("POST", "Accounts/{AccountID}", "Accounts"),
    ("DELETE", "Accounts/{AccountID}", ""),
    ("GET", "TaxRates", ""),
    ("PUT", "TaxRates", "TaxRates"),
    ("POST", "TaxRates", "TaxRates"),
    ("GET", "Contacts", ""),
    ("GET", "Contacts/{ContactID}", ""),
    ("GET", "Contacts/{ContactID}/CISSettings", ""),
    ("PUT", "Contacts", "Contacts"),
    ("POST", "Contacts", "Contacts"),
    ("POST", "Contacts/{ContactID}", "Contacts"),
    ("GET", "Contacts/{ContactID}/History", ""),
    ("GET", "Invoices", ""),
    ("GET", "Invoices", ""),
    ("GET", "Invoices", ""),
    ("GET", "Invoices/{InvoiceID}", ""),
    ("PUT", "Invoices", "Invoices"),
    ("PUT", "Invoices", "Invoices"),
    ("PUT", "Invoices", "Invoices"),
    ("POST", "Invoices", "Invoices"),
    ("POST", "Invoices/{InvoiceID}", "Invoices"),
    ("POST", "Invoices/{InvoiceID}", "Invoices"),
    ("PUT", "Invoices/{InvoiceID}/History", "History"),
    ("GET", "Invoices/{InvoiceID}/History", ""),
    ("GET", "Payments", ""),
    ("GET", "Payments/{PaymentID}", ""),
    ("PUT", "Payments", "Payments"),
    ("PUT", "Payments", "Payments"),
    ("POST", "Payments", "Payments"),
    ("POST", "Payments/{PaymentID}", "Deletion"),
    ("GET", "CreditNotes", ""),
    ("GET", "CreditNotes/{CreditNoteID}", ""),
    ("PUT", "CreditNotes", "CreditNotes"),
    ("POST", "CreditNotes", "CreditNotes"),
    ("POST", "CreditNotes/{CreditNoteID}", "CreditNotes"),
    ("PUT", "CreditNotes/{CreditNoteID}/Allocations", "Allocations"),
    ("DELETE", "CreditNotes/{CreditNoteID}/Allocations/{AllocationID}", ""),
    ("GET", "Overpayments", ""),
    ("GET", "Overpayments/{OverpaymentID}", ""),
    ("PUT", "Overpayments/{OverpaymentID}/Allocations", "Allocations"),
    ("DELETE", "Overpayments/{OverpaymentID}/Allocations/{AllocationID}", ""),
    ("GET", "Prepayments", ""),
    ("PUT", "BankTransactions", "BankTransactions"),
    ("GET", "ManualJournals", ""),
    ("GET", "ManualJournals/{ManualJournalID}", ""),
    ("PUT", "ManualJournals", "ManualJournals"),
    ("POST", "ManualJournals/{ManualJournalID}", "ManualJournals"),
    ("GET", "Items", ""),
    ("POST", "Items", "Items"),
    ("GET", "TrackingCategories", ""),
    ("PUT", "TrackingCategories", "TrackingCategories"),
    ("PUT", "TrackingCategories/{TrackingCategoryID}/Options", "Options"),
    ("DELETE", "TrackingCategories/{TrackingCategoryID}", ""),
];

/// What the storm has seen of the world.
pub struct Known {
    pub client_id: String,
    pub client_secret: String,
    pub tenants: Vec<String>,
    /// Ids of anything that was ever answered, and the keys they stood under.
    pub ids: Vec<(String, String)>,
}

const NO_IDS: [&str; 9] = [
    "",
    "1",
    "null",
    "..",
    "%00",
    "%2F",
    "S-1",
    "INV-0001",
    "00000000-0000-0000-0000-000000000000",
];

impl Known {
    /// An id of such a thing, or of another, or of nothing, or no id at all.
    pub fn id(&self, draw: &mut Draw, key: &str) -> String {
        let same: Vec<&String> = self
            .ids
            .iter()
            .filter(|(known, _)| known == key)
            .map(|(_, id)| id)
            .collect();
        match draw.below(12) {
            0 => draw.stranger(),
            1 => draw.one(&NO_IDS).to_owned(),
            2 if !self.ids.is_empty() => draw.one(&self.ids).1,
            _ if same.is_empty() => draw.stranger(),
            _ => draw.one(&same).clone(),
        }
    }

    /// Keeps the ids of an answer, the newest ones when there are many.
    pub fn learn(&mut self, answer: &Value) {
        let mut found = BTreeSet::new();
        ids_in(answer, &mut found);
        self.ids.extend(found.into_iter().take(20));
        let excess = self.ids.len().saturating_sub(150);
        self.ids.drain(..excess);
    }
}

fn ids_in(value: &Value, found: &mut BTreeSet<(String, String)>) {
    match value {
        Value::Object(pairs) => {
            for (key, value) in pairs {
                match value {
                    Value::String(text) if key.ends_with("ID") => drop(found.insert((key.clone(), text.clone()))),
                    other => ids_in(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().take(4).for_each(|item| ids_in(item, found)),
        _ => {}
    }
}

/// The next request.
pub fn request(draw: &mut Draw, known: &Known) -> Request {
    let mut request = match draw.below(20) {
        0 | 1 => control::control(draw, known),
        2 => identity(draw, known),
        _ => accounting(draw, known),
    };
    if draw.percent(5) {
        let mut path = request.path.into_bytes();
        body::spoil(draw, &mut path);
        path.truncate(3_000);
        request.path = String::from_utf8_lossy(&path).into_owned();
    }
    request
}

fn accounting(draw: &mut Draw, known: &Known) -> Request {
    let (mut method, pattern, mut kind) = draw.one(&OPERATIONS);
    if draw.percent(10) {
        method = draw.one(&METHODS);
        kind = draw.one(&OPERATIONS).2;
    }
    let filled = |part: &str, draw: &mut Draw| match part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(key) => known.id(draw, key),
        None => part.to_owned(),
    };
    let parts: Vec<String> = pattern.split('/').map(|part| filled(part, draw)).collect();
    let mut path = format!("/api.xro/2.0/{}", parts.join("/"));
    match draw.below(40) {
        0 => path = path.to_lowercase(),
        1 => path = path.to_uppercase(),
        2 => path.push('/'),
        3 => path = path.replace('/', "//"),
        4 => path.push_str("/Allocations/x/History"),
        5 => path.push_str("/Attachments"),
        _ => {}
    }
    let body = if !kind.is_empty() || draw.percent(5) {
        body::body(draw, known, kind).into()
    } else {
        bytes::Bytes::new()
    };
    Request {
        method: method.to_owned(),
        path,
        query: if draw.percent(60) {
            query(draw, known)
        } else {
            String::new()
        },
        headers: headers(draw, known),
        body,
    }
}

fn headers(draw: &mut Draw, known: &Known) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    let mut add = |name: &str, value: String| headers.push((name.to_owned(), value));
    let accept = draw.one(&["application/json", "application/json", "*/*", "text/xml", ""]);
    add(
        "Accept",
        if draw.percent(98) { "application/json" } else { accept }.to_owned(),
    );
    match draw.below(80) {
        0 => {}
        1 => add("Authorization", "Bearer nonsense".to_owned()),
        2 => add("Authorization", "Basic \u{e9}".to_owned()),
        _ => add("authorization", format!("Bearer {ACCESS}")),
    }
    match draw.below(80) {
        0 => {}
        1 => add("xero-tenant-id", "no guid".to_owned()),
        2 => add("xero-tenant-id", draw.stranger()),
        _ => add("Xero-Tenant-Id", draw.one(&known.tenants)),
    }
    if draw.percent(50) {
        let key = match draw.below(5) {
            0 => String::new(),
            1 => "k".repeat(draw.below(140)),
            _ => format!("k{}", draw.below(2_000)),
        };
        add("Idempotency-Key", key);
    }
    if draw.percent(20) {
        let since = draw.one(&[
            "2026-09-01T00:00:00",
            "2026-09-01T00:00:00Z",
            "2026-09-01T00:00:00.000+14:00",
            "Tue, 01 Sep 2026 00:00:00 GMT",
            "yesterday",
            "",
            "9999-99-99",
            "-1",
            "262143-12-31T23:59:59",
        ]);
        add("If-Modified-Since", since.to_owned());
    }
    headers
}

fn identity(draw: &mut Draw, known: &Known) -> Request {
    let path = draw.one(&[
        "/connect/token",
        "/connections",
        "/Connections/{id}",
        "/connect/revocation",
        "/identity/connect/authorize",
    ]);
    let grant = draw.one(&["refresh_token", "authorization_code", "client_credentials", "", "nope"]);
    let token = known.id(draw, "");
    let mut form = format!(
        "grant_type={grant}&refresh_token={token}&token={token}&code={}&client_id={}&client_secret={}&redirect_uri=http%3A%2F%2Flocalhost%2F&scope=accounting.nope%20openid&response_type=code&state=%0D%0A%F0&code_verifier=x",
        known.id(draw, "InvoiceID"), known.client_id, known.client_secret
    )
    .into_bytes();
    if draw.percent(30) {
        body::spoil(draw, &mut form);
    }
    let form = String::from_utf8_lossy(&form).into_owned();
    let method = if path.contains("connections") { "GET" } else { "POST" };
    let method = if draw.percent(80) { method } else { draw.one(&METHODS) };
    // What ends a connection would end the gust's work; it is tried with strange ids only.
    let path = path.replace("{id}", &draw.stranger());
    Request {
        method: method.to_owned(),
        query: if draw.percent(60) { form.clone() } else { String::new() },
        path,
        headers: headers(draw, known),
        body: form.into(),
    }
}
