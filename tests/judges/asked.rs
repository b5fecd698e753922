//! What the daemon asks of Xero is what Xero's description lets it ask: the operation exists, it has
//! each parameter, and the body is of its type.

use std::collections::BTreeSet;

use bytes::Bytes;
use chrono::NaiveDate;
use counterfoil::model::document::{Currency, InvoiceKind, LineAmountTypes};
use counterfoil::model::ids::{LineItemId, XeroContactId, XeroInvoiceId};
use counterfoil::model::row::StreamKind;
use counterfoil::model::time::Timestamp;
use counterfoil::model::xero::{
    Encode as _, InvoiceChange, OutgoingContact, OutgoingInvoice, OutgoingLine, Request, WriteTarget, XeroStatus,
};
use counterfoil::xero::address::{self, Verb};
use counterfoil::xero::encode::XeroEncoder;
use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

use crate::schema::file::{Document, documents};
use crate::schema::keys::{self, Fault};

fn everything() -> Vec<Request> {
    let id = XeroInvoiceId(Uuid::from_u128(1));
    let contact = XeroContactId(Uuid::from_u128(2));
    let date = NaiveDate::from_ymd_opt(2026, 3, 9).unwrap();
    let line = OutgoingLine {
        id: Some(LineItemId(Uuid::from_u128(3))),
        description: "Bolts".into(),
        quantity: Decimal::new(210, 2),
        unit_amount: Decimal::new(99_999, 4),
        account_code: Some("200".into()),
        tax_type: Some("OUTPUT2".into()),
        tax_amount: Some(Decimal::new(420, 2)),
        item_code: Some("B8".into()),
        discount_rate: Some(Decimal::new(125, 1)),
    };
    let invoice = OutgoingInvoice {
        kind: InvoiceKind::Purchase,
        number: "INV-1".into(),
        reference: Some("r".into()),
        contact,
        date,
        due_date: Some(date),
        currency: Currency::GBP,
        line_amount_types: LineAmountTypes::Inclusive,
        status: XeroStatus::Submitted,
        lines: vec![line.clone()],
        url: "https://host.example/i/1?cf=01J".into(),
    };
    let change = InvoiceChange {
        number: Some("INV-2".into()),
        reference: Some("s".into()),
        contact: Some(contact),
        date: Some(date),
        due_date: Some(date),
        currency: Some(Currency::GBP),
        line_amount_types: Some(LineAmountTypes::NoTax),
        status: Some(XeroStatus::Voided),
        lines: Some(vec![line]),
        url: Some("https://host.example/i/1?cf=01J".into()),
    };
    let mut all = reads(id);
    all.extend(writes(id, invoice, change));
    all
}

fn reads(id: XeroInvoiceId) -> Vec<Request> {
    let changes = StreamKind::ALL.map(|stream| Request::Changes {
        stream,
        since: Timestamp(1_790_000_000_000),
        page: 2,
    });
    let mut reads = vec![
        Request::Organisation,
        Request::Accounts,
        Request::TaxRates,
        Request::FindContacts {
            numbers: vec!["C-1".into()],
            names: vec!["Riverside \"Bakery\"".into()],
        },
        Request::InvoicesById(vec![id]),
        Request::InvoicesByNumber(vec!["INV-1".into()]),
        Request::InvoicesByNumber(vec!["INV,1".into()]),
        Request::MadeByUs {
            kind: InvoiceKind::Sales,
            since: Timestamp(1_790_000_000_000),
            page: 2,
        },
    ];
    reads.extend(changes);
    reads
}

fn writes(id: XeroInvoiceId, invoice: OutgoingInvoice, change: InvoiceChange) -> Vec<Request> {
    let customer = OutgoingContact {
        name: "Riverside Bakery".into(),
        number: "C-1".into(),
        email: Some("a@example.com".into()),
    };
    let write = |target, body: Bytes| Request::Write {
        target,
        body,
        key: "k".into(),
    };
    vec![
        write(WriteTarget::CreateInvoices, XeroEncoder.create_invoices(&[invoice])),
        write(WriteTarget::ChangeInvoice(id), XeroEncoder.change_invoice(id, &change)),
        write(WriteTarget::CreateContacts, XeroEncoder.create_contacts(&[customer])),
    ]
}

#[test]
fn the_daemon_asks_what_xero_describes() {
    let Some(documents) = documents() else { return };
    let accounting = &documents[0];
    for request in everything() {
        let address = address::of(&request).unwrap();
        let method = match address.verb {
            Verb::Get => "get",
            Verb::Put => "put",
            Verb::Post => "post",
        };
        let (path, query) = address.path.split_once('?').unwrap_or((&address.path, ""));
        let (item, operation) = operation(accounting, method, path);
        let known = parameters(accounting, item, operation);
        let mut sent: BTreeSet<String> = ["xero-tenant-id".to_owned()].into();
        sent.extend(query.split('&').filter(|pair| !pair.is_empty()).map(name_of));
        sent.extend(address.modified_since.map(|_| "if-modified-since".to_owned()));
        sent.extend(address.write.as_ref().map(|_| "idempotency-key".to_owned()));
        // Xero's documentation lets every write say this; the file has it for lists only.
        let is_write = address.write.is_some();
        sent.retain(|name| !(is_write && name == "summarizeerrors"));
        let strange: Vec<&String> = sent.difference(&known).collect();
        assert!(strange.is_empty(), "{method} {path} has no {strange:?}, only {known:?}");
        if let Some((_, body)) = address.write {
            check_body(accounting, operation, &body);
        }
    }
}

fn name_of(pair: &str) -> String {
    pair.split('=').next().unwrap().to_lowercase()
}

/// What stands at the path, and the operation itself.
fn operation<'a>(document: &'a Document, method: &str, path: &str) -> (&'a Value, &'a Value) {
    let asked: Vec<&str> = path.trim_start_matches("/api.xro/2.0/").split('/').collect();
    let is_it = |pattern: &str| {
        let own: Vec<&str> = pattern.trim_start_matches('/').split('/').collect();
        own.len() == asked.len()
            && own
                .iter()
                .zip(&asked)
                .all(|(own, asked)| own.starts_with('{') || own == asked)
    };
    let mut paths = document.root["paths"].as_object().unwrap().iter();
    let (_, item) = paths
        .find(|(pattern, _)| is_it(pattern))
        .unwrap_or_else(|| panic!("no {path}"));
    assert!(item[method].is_object(), "no {method} {path}");
    (item, &item[method])
}

/// Names of its parameters, in small letters.
fn parameters(document: &Document, item: &Value, operation: &Value) -> BTreeSet<String> {
    let lists = [item, operation].into_iter();
    let listed = lists.flat_map(|owner| owner["parameters"].as_array().into_iter().flatten());
    let named = listed.map(|parameter| document.resolve(parameter).0["name"].as_str().unwrap().to_lowercase());
    named.collect()
}

fn check_body(document: &Document, operation: &Value, body: &Bytes) {
    let (request, _) = document.resolve(&operation["requestBody"]);
    let schema = &request["content"]["application/json"]["schema"];
    let body: Value = serde_json::from_slice(body).unwrap();
    let errors: Vec<String> = document
        .validator(schema)
        .iter_errors(&body)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}\n{body}");
    let strangers: Vec<Fault> = keys::faults(document, schema, &body, &[])
        .into_iter()
        // Dates are sent as `2026-03-09`, which Xero takes and gives back in another form.
        .filter(|fault| !matches!(fault, Fault::Form(_)))
        .collect();
    assert!(strangers.is_empty(), "{strangers:?}\n{body}");
}
