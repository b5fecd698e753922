//! The demo's documents: a believable set in every badge state, written the way a host writes.

use std::time::Duration;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::daemon::Daemon;
use crate::actors::control::Control;
use crate::model::document::{Currency, Draft, HostStatus, InvoiceKind, Line, LineAmountTypes, Party};
use crate::model::ids::TenantId;
use crate::model::row::Tenant;
use crate::model::time::Timestamp;
use crate::sandbox;

/// How long the demo waits for its documents before it says it is ready.
const SETTLE_TRIES: u32 = 100;
const SETTLE_PAUSE: Duration = Duration::from_millis(50);
/// A number that somebody else's document has in the simulated Xero.
const TAKEN_NUMBER: &str = "INV-2041";
const DAY_MS: i64 = 86_400_000;

/// Writes the demo's documents and waits until they have settled.
///
/// # Errors
/// In words, when one is not taken.
pub(super) async fn seed(daemon: &Daemon, xero: &sandbox::Handle, tenants: &[Tenant]) -> Result<(), String> {
    for tenant in tenants {
        foreign_invoice(xero, tenant)?;
        for (host_ref, draft) in documents(tenant) {
            put(daemon, tenant.id, host_ref, draft).await?;
        }
    }
    settle(daemon, tenants, 0).await?;
    // One more stays grey for about a minute: Xero fails twice, and it is found out with care
    // whether the document was made all the same.
    if let Some(tenant) = tenants.first() {
        fail_twice(xero, tenant)?;
        let party = Party { reference: "C-104".to_owned(), name: "Harbour Hotel".to_owned(), email: None };
        let lines = vec![line("Function room, two evenings", "2", "480.00", "200")];
        let draft = invoice(tenant, InvoiceKind::Sales, ("INV-2047", 1), party, lines);
        put(daemon, tenant.id, "SO-1047".to_owned(), draft).await?;
        for _ in 0..SETTLE_TRIES {
            if remaining_faults(xero) == 0 {
                break;
            }
            tokio::time::sleep(SETTLE_PAUSE).await;
        }
    }
    Ok(())
}

async fn put(daemon: &Daemon, tenant: TenantId, host_ref: String, draft: Draft) -> Result<(), String> {
    for _ in 0..SETTLE_TRIES {
        match daemon.door().put_invoice(tenant, host_ref.clone(), draft.clone()).await {
            Ok(_) => return Ok(()),
            // Its actor is still being started.
            Err(crate::actors::control::Refused::Busy | crate::actors::control::Refused::TenantNotFound) => {
                tokio::time::sleep(SETTLE_PAUSE).await;
            }
            Err(refused) => return Err(refused.to_string()),
        }
    }
    Err("a tenant did not start".to_owned())
}

async fn settle(daemon: &Daemon, tenants: &[Tenant], pending: u64) -> Result<(), String> {
    for _ in 0..SETTLE_TRIES {
        let mut waiting = 0;
        for tenant in tenants {
            let counts = daemon.reader().counts(tenant.id).map_err(|error| error.to_string())?;
            waiting += counts.pending;
        }
        if waiting <= pending {
            return Ok(());
        }
        tokio::time::sleep(SETTLE_PAUSE).await;
    }
    // A slow machine: the rest settles while people look.
    Ok(())
}

/// Somebody else's invoice in Xero, whose number one of ours will want.
fn foreign_invoice(xero: &sandbox::Handle, tenant: &Tenant) -> Result<(), String> {
    let order = json!({
        "scenario": "invoice.create",
        "tenant_id": tenant.xero_id.to_string(),
        "invoice_number": TAKEN_NUMBER,
        "args": { "contact_name": "Walk-in Customer", "description": "Counter sale", "quantity": "1", "unit_price": "75.00" },
    });
    control(xero, "POST", "/_sandbox/trigger", &order).map(drop)
}

fn fail_twice(xero: &sandbox::Handle, tenant: &Tenant) -> Result<(), String> {
    let order = json!({
        "match": { "method": "PUT", "path": "/api.xro/2.0/Invoices", "tenant_id": tenant.xero_id.to_string() },
        "fault": "status",
        "code": 500,
        "times": 2,
    });
    control(xero, "POST", "/_sandbox/faults", &order).map(drop)
}

fn remaining_faults(xero: &sandbox::Handle) -> usize {
    control(xero, "GET", "/_sandbox/faults", &Value::Null)
        .ok()
        .and_then(|answer| answer.get("data").and_then(Value::as_array).map(Vec::len))
        .unwrap_or(0)
}

fn control(xero: &sandbox::Handle, method: &str, path: &str, body: &Value) -> Result<Value, String> {
    let answer = xero.control(method, path, body);
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    if answer.status >= 300 {
        return Err(format!("the simulated Xero answered {} to {path}: {text}", answer.status));
    }
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

fn documents(tenant: &Tenant) -> Vec<(String, Draft)> {
    use InvoiceKind::{Purchase, Sales};
    let party = |reference: &str, name: &str| Party {
        reference: reference.to_owned(),
        name: name.to_owned(),
        email: Some(format!("accounts@{}.example", reference.to_lowercase())),
    };
    let make = |kind, number: (&str, i64), party, lines| invoice(tenant, kind, number, party, lines);
    let mut documents = vec![
        ("SO-1041", make(Sales, ("INV-2040", 21), party("C-101", "Northern Roofing Ltd"), vec![
            line("Slate roofing, rear elevation", "1", "4250.00", "200"),
            line("Scaffold hire, per week", "3", "310.00", "200"),
        ])),
        ("SO-1042", make(Sales, ("INV-2042", 14), party("C-102", "Elm & Ash Joinery"), vec![
            line("Oak treads", "14", "62.50", "200"),
            line("Delivery", "1", "45.00", "200"),
        ])),
        ("SO-1043", make(Sales, ("INV-2043", 9), party("C-103", "St Mary's Primary School"), vec![
            line("Summer term maintenance visit", "2", "185.00", "200"),
        ])),
        ("PO-501", make(Purchase, ("0087-A", 18), party("S-201", "Capital Cab Co"), vec![
            line("Airport transfers, March", "6", "38.40", "493"),
        ])),
        ("PO-502", make(Purchase, ("1203", 11), party("S-202", "Brightlight Electrical Wholesale"), vec![
            line("LED panels 600 x 600", "24", "21.75", "310"),
        ])),
        // Red, each for another cause.
        ("SO-1044", make(Sales, ("INV-2044", 6), party("C-101", "Northern Roofing Ltd"), vec![
            line("Retention release", "1", "950.00", "4010"),
        ])),
        ("SO-1045", make(Sales, (TAKEN_NUMBER, 5), party("C-102", "Elm & Ash Joinery"), vec![
            line("Handrail brackets", "40", "3.15", "200"),
        ])),
        ("SO-1046", make(Sales, ("INV-2046", 3), party("C-190", "Elm & Ash Joinery"), vec![
            line("Site survey", "1", "120.00", "200"),
        ])),
    ];
    let mut foreign = make(Sales, ("INV-2048", 2), party("C-105", "Café Lumière"), vec![
        line("Espresso machine service", "1", "260.00", "200"),
    ]);
    foreign.currency = Currency::parse("CHF").unwrap_or(Currency::GBP);
    documents.push(("SO-1048", foreign));
    // Without a badge: a draft, and one from before the connection.
    let mut draft = make(Sales, ("INV-2049", 1), party("C-103", "St Mary's Primary School"), vec![
        line("Autumn term maintenance visit (quote)", "2", "195.00", "200"),
    ]);
    draft.host_status = HostStatus::Draft;
    documents.push(("SO-1049", draft));
    let mut history = make(Sales, ("INV-1990", 90), party("C-101", "Northern Roofing Ltd"), vec![
        line("Gutter repair", "1", "140.00", "200"),
    ]);
    history.created_at = Some(tenant.connected_at.plus_ms(-90 * DAY_MS));
    documents.push(("SO-0990", history));
    documents.into_iter().map(|(host_ref, draft)| (host_ref.to_owned(), draft)).collect()
}

fn invoice(
    tenant: &Tenant,
    kind: InvoiceKind,
    (number, days_ago): (&str, i64),
    contact: Party,
    lines: Vec<Line>,
) -> Draft {
    let date = |at: Timestamp| at.to_utc().date_naive();
    let issued: NaiveDate = date(tenant.connected_at.plus_ms(-days_ago * DAY_MS));
    Draft {
        kind,
        number: number.to_owned(),
        contact,
        currency: Currency::GBP,
        issue_date: issued,
        due_date: Some(date(tenant.connected_at.plus_ms((30 - days_ago) * DAY_MS))),
        due_date_rule: None,
        host_status: HostStatus::Approved,
        line_amount_types: LineAmountTypes::Exclusive,
        lines,
        reference: None,
        host_url: Some(format!("https://app.example/documents/{number}")),
        created_at: None,
        channel: None,
        location: None,
        work_order_ref: None,
    }
}

fn line(description: &str, quantity: &str, unit_price: &str, nominal_code: &str) -> Line {
    let number = |text: &str| Decimal::from_str_exact(text).unwrap_or_default();
    Line {
        reference: None,
        description: description.to_owned(),
        quantity: number(quantity),
        unit_price: number(unit_price),
        nominal_code: Some(nominal_code.to_owned()),
        tax_type: None,
        tax_amount: None,
        item_code: None,
        discount_percent: None,
    }
}
