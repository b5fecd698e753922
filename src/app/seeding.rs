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
        let party = Party {
            reference: "C-104".to_owned(),
            name: "Harbour Hotel".to_owned(),
            email: None,
        };
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
        match daemon
            .door()
            .put_invoice(tenant, host_ref.clone(), draft.clone(), "demo".to_owned())
            .await
        {
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
        return Err(format!(
            "the simulated Xero answered {} to {path}: {text}",
            answer.status
        ));
    }
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

/// A document of the demo, as a row of its table.
struct Row {
    host_ref: &'static str,
    kind: InvoiceKind,
    number: &'static str,
    days_ago: i64,
    party: (&'static str, &'static str),
    /// Description, quantity, unit price, nominal code.
    lines: &'static [(&'static str, &'static str, &'static str, &'static str)],
    twist: Twist,
}

/// What is special about a document.
enum Twist {
    None,
    /// In a currency its organisation does not use.
    Foreign,
    /// Not ready to be sent.
    Draft,
    /// From before the connection.
    History,
}

const ROOFING: (&str, &str) = ("C-101", "Northern Roofing Ltd");
const JOINERY: (&str, &str) = ("C-102", "Elm & Ash Joinery");
const SCHOOL: (&str, &str) = ("C-103", "St Mary's Primary School");

const DOCUMENTS: [Row; 11] = {
    use InvoiceKind::{Purchase, Sales};
    const fn row(
        host_ref: &'static str,
        (kind, number, days_ago): (InvoiceKind, &'static str, i64),
        party: (&'static str, &'static str),
        lines: &'static [(&'static str, &'static str, &'static str, &'static str)],
        twist: Twist,
    ) -> Row {
        Row {
            host_ref,
            kind,
            number,
            days_ago,
            party,
            lines,
            twist,
        }
    }
    [
        row(
            "SO-1041",
            (Sales, "INV-2040", 21),
            ROOFING,
            &[
                ("Slate roofing, rear elevation", "1", "4250.00", "200"),
                ("Scaffold hire, per week", "3", "310.00", "200"),
            ],
            Twist::None,
        ),
        row(
            "SO-1042",
            (Sales, "INV-2042", 14),
            JOINERY,
            &[("Oak treads", "14", "62.50", "200"), ("Delivery", "1", "45.00", "200")],
            Twist::None,
        ),
        row(
            "SO-1043",
            (Sales, "INV-2043", 9),
            SCHOOL,
            &[("Summer term maintenance visit", "2", "185.00", "200")],
            Twist::None,
        ),
        row(
            "PO-501",
            (Purchase, "0087-A", 18),
            ("S-201", "Capital Cab Co"),
            &[("Airport transfers, March", "6", "38.40", "493")],
            Twist::None,
        ),
        row(
            "PO-502",
            (Purchase, "1203", 11),
            ("S-202", "Brightlight Electrical Wholesale"),
            &[("LED panels 600 x 600", "24", "21.75", "310")],
            Twist::None,
        ),
        // Red, each for another cause: a code without mapping, a number that is taken, two parties
        // of one name, a currency.
        row(
            "SO-1044",
            (Sales, "INV-2044", 6),
            ROOFING,
            &[("Retention release", "1", "950.00", "4010")],
            Twist::None,
        ),
        row(
            "SO-1045",
            (Sales, TAKEN_NUMBER, 5),
            JOINERY,
            &[("Handrail brackets", "40", "3.15", "200")],
            Twist::None,
        ),
        row(
            "SO-1046",
            (Sales, "INV-2046", 3),
            ("C-190", JOINERY.1),
            &[("Site survey", "1", "120.00", "200")],
            Twist::None,
        ),
        row(
            "SO-1048",
            (Sales, "INV-2048", 2),
            ("C-105", "Café Lumière"),
            &[("Espresso machine service", "1", "260.00", "200")],
            Twist::Foreign,
        ),
        // Without a badge.
        row(
            "SO-1049",
            (Sales, "INV-2049", 1),
            SCHOOL,
            &[("Autumn term maintenance visit (quote)", "2", "195.00", "200")],
            Twist::Draft,
        ),
        row(
            "SO-0990",
            (Sales, "INV-1990", 90),
            ROOFING,
            &[("Gutter repair", "1", "140.00", "200")],
            Twist::History,
        ),
    ]
};

pub(super) fn documents(tenant: &Tenant) -> Vec<(String, Draft)> {
    DOCUMENTS
        .iter()
        .map(|row| (row.host_ref.to_owned(), document(tenant, row)))
        .collect()
}

fn document(tenant: &Tenant, row: &Row) -> Draft {
    let (reference, name) = row.party;
    let party = Party {
        reference: reference.to_owned(),
        name: name.to_owned(),
        email: Some(format!("accounts@{}.example", reference.to_lowercase())),
    };
    let lines = row
        .lines
        .iter()
        .map(|(text, quantity, price, code)| line(text, quantity, price, code))
        .collect();
    let mut draft = invoice(tenant, row.kind, (row.number, row.days_ago), party, lines);
    match row.twist {
        Twist::None => {}
        Twist::Foreign => draft.currency = Currency::parse("CHF").unwrap_or(Currency::GBP),
        Twist::Draft => draft.host_status = HostStatus::Draft,
        Twist::History => draft.created_at = Some(tenant.connected_at.plus_ms(-row.days_ago * DAY_MS)),
    }
    draft
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
