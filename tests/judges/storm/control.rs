//! Requests to the control surface: faults, clocks, limits, and what people do in Xero.

use counterfoil::sandbox::Request;
use serde_json::{Value, json};

use super::body;
use super::draw::Draw;
use super::query::query;
use super::request::{Known, METHODS};

const PATHS: [(&str, &str); 16] = [
    ("POST", "faults"),
    ("POST", "faults"),
    ("POST", "faults"),
    ("POST", "clock"),
    ("POST", "limits"),
    ("POST", "tenants"),
    ("POST", "trigger"),
    ("POST", "trigger"),
    ("POST", "trigger"),
    ("POST", "trigger"),
    ("POST", "webhooks"),
    ("POST", "reset"),
    ("GET", "requests"),
    ("GET", "violations"),
    ("GET", "tenants/{tenant}/documents"),
    ("DELETE", "faults/1"),
];

const FAULTS: [&str; 11] = [
    r#"{"fault":"refuse_connection"}"#,
    r#"{"fault":"drop_reply_before_write"}"#,
    r#"{"fault":"drop_reply_after_write"}"#,
    r#"{"fault":"cut_body"}"#,
    r#"{"fault":"delay","ms":5}"#,
    r#"{"fault":"status","code":503}"#,
    r#"{"fault":"status","code":299,"body":"{\"a\":1}"}"#,
    r#"{"fault":"rate_limit","problem":"day","retry_after":3}"#,
    r#"{"fault":"garbage_200"}"#,
    r#"{"fault":"error_after_write"}"#,
    r#"{"fault":"token_expired"}"#,
];

const SCENARIOS: [(&str, &str); 16] = [
    (
        "payment.partial",
        r#"{"amount":"5.00","date":"2026-09-01","reference":"r"}"#,
    ),
    ("payment.full", "{}"),
    ("payment.delete", "{}"),
    ("invoice.void", "{}"),
    ("invoice.approve", "{}"),
    (
        "invoice.edit",
        r#"{"due_date":"2026-10-01","reference":"r","line":1,"quantity":"3","unit_price":"7.77"}"#,
    ),
    (
        "invoice.edit",
        r#"{"line":99,"unit_price":"79228162514264337593543950335"}"#,
    ),
    (
        "invoice.create",
        r#"{"number":"S-9","type":"ACCPAY","contact_name":"N","status":"AUTHORISED","quantity":"1e28"}"#,
    ),
    (
        "invoice.create",
        r#"{"number":"S-8","unit_price":"12.00","account_code":"999"}"#,
    ),
    ("contact.create", r#"{"name":"Customer 1","number":"C1","email":"x"}"#),
    (
        "contact.rename",
        r#"{"contact_name":"City Limousines","name":"Customer 2"}"#,
    ),
    ("contact.archive", r#"{"contact_name":"Customer 1"}"#),
    ("account.archive", r#"{"code":"404"}"#),
    ("organisation.lock", r#"{"date":"2026-02-01"}"#),
    ("organisation.lock", "{}"),
    ("nope", "{}"),
];

/// A request to the control surface. Consents and connections stay: without them nothing else
/// would be answered.
pub fn control(draw: &mut Draw, known: &Known) -> Request {
    let (method, path) = draw.one(&PATHS);
    let tenant = draw.one(&known.tenants);
    let mut value = good(draw, known, path, &tenant);
    if let (Value::Object(pairs), true) = (&mut value, draw.percent(20)) {
        let mut keys: Vec<String> = pairs.keys().cloned().collect();
        keys.push("stranger".to_owned());
        pairs.insert(draw.one(&keys), odd(draw));
    }
    let mut body = value.to_string().into_bytes();
    if draw.percent(5) {
        body::spoil(draw, &mut body);
    }
    Request {
        method: if draw.percent(95) { method } else { draw.one(&METHODS) }.to_owned(),
        path: format!("/_sandbox/{}", path.replace("{tenant}", &tenant)),
        query: if method == "GET" {
            query(draw, known)
        } else {
            String::new()
        },
        headers: Vec::new(),
        body: body.into(),
    }
}

fn good(draw: &mut Draw, known: &Known, path: &str, tenant: &str) -> Value {
    match path {
        "faults" => {
            let mut rule: Value = serde_json::from_str(draw.one(&FAULTS)).unwrap();
            rule["match"] = json!({"method": draw.one(&METHODS), "path": "/api.xro/2.0/Invoices*"});
            rule["times"] = json!(draw.between(1, 3));
            if draw.percent(30) {
                rule["probability"] = json!(0.5);
                rule["seed"] = json!(draw.between(0, 9));
            }
            rule
        }
        "clock" => json!({"advance_s": draw.between(0, 200), "all": draw.percent(50)}),
        "limits" => json!({"minute": draw.between(38, 100), "day": draw.between(4_000, 6_000), "concurrent": 3}),
        "tenants" => json!({
            "name": "New Ltd", "base_currency": draw.one(&["GBP", "XXX"]), "time_zone": draw.one(&["Europe/London", "Mars"]),
            "tax_rates": [{"tax_type": "X", "effective_rate": draw.one(&["5", "1e30", "-1"])}],
            "accounts": [{"code": "1", "type": "REVENUE"}], "currencies": ["EUR"],
        }),
        "trigger" => {
            let (scenario, args) = draw.one(&SCENARIOS);
            let args: Value = serde_json::from_str(args).unwrap();
            let mut asked = json!({"scenario": scenario, "tenant_id": tenant, "args": args});
            if scenario.starts_with("payment") || scenario.starts_with("invoice") && !scenario.ends_with("create") {
                if draw.percent(70) {
                    asked["invoice_id"] = json!(known.id(draw, "InvoiceID"));
                } else {
                    asked["invoice_number"] = json!(format!("S-{}", draw.below(40)));
                }
            }
            asked
        }
        "webhooks" => {
            json!({"url": "http://127.0.0.1:1/", "lose": 0.5, "duplicate": 0.5, "delay_ms": 3, "reorder": true})
        }
        _ => json!({}),
    }
}

fn odd(draw: &mut Draw) -> Value {
    draw.one(&[
        Value::Null,
        json!(-1),
        json!("x"),
        json!([]),
        json!({}),
        json!(1e300),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(true),
    ])
}
