//! Requests to the control surface: faults, clocks, limits, and what people do in Xero.

use counterfoil::sandbox::Request;
use serde_json::{Value, json};

use super::body;
use super::draw::Draw;
use super::query::query;
use super::request::{Known, METHODS};

const PATHS: [(&str, &str); 51] = [
    ("POST", "faults"),
    ("POST", "faults"),
    ("POST", "faults"),
    ("GET", "faults"),
    ("DELETE", "faults"),
    ("DELETE", "faults/{FaultID}"),
    ("POST", "clock"),
    ("POST", "limits"),
    ("POST", "lag"),
    ("POST", "pages"),
    ("POST", "since"),
    ("GET", "tenants"),
    ("POST", "tenants"),
    ("POST", "orgs"),
    ("GET", "tenants/{tenant}/documents"),
    ("GET", "tenants/{tenant}/documents"),
    ("GET", "apps"),
    ("POST", "apps"),
    ("POST", "apps"),
    ("POST", "consent"),
    ("POST", "consent"),
    ("GET", "grants"),
    ("POST", "grants"),
    ("GET", "requests"),
    ("GET", ""),
    ("GET", "violations"),
    ("POST", "webhooks"),
    ("POST", "webhooks"),
    ("POST", "webhooks"),
    ("GET", "webhooks"),
    ("POST", "webhooks/intent"),
    ("POST", "webhooks/intent"),
    ("GET", "webhooks/deliveries"),
    ("POST", "snapshot"),
    ("POST", "restore"),
    ("POST", "seed"),
    ("POST", "reset"),
    ("POST", "trigger"),
    ("POST", "trigger"),
    ("POST", "trigger"),
    ("POST", "trigger"),
    ("POST", "trigger"),
    ("POST", "trigger"),
    ("POST", "trigger"),
    ("POST", "trigger"),
    ("POST", "trigger"),
    ("POST", "trigger"),
    ("POST", "trigger"),
    ("POST", "trigger"),
    ("POST", "trigger"),
    ("POST", "trigger"),
];

const FAULTS: [&str; 13] = [
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
    r#"{"fault":"outage","outage":"organisation","for_s":3}"#,
    r#"{"fault":"rate_limit","problem":"app","meters":false}"#,
];

/// Where faults strike.
const STRUCK: [&str; 6] = [
    "/api.xro/2.0/Invoices*",
    "/api.xro/2.0/*",
    "/connect/token",
    "/connections",
    "/identity/*",
    "*",
];

const DOCUMENTS: [&str; 10] = [
    "invoices",
    "contacts",
    "payments",
    "creditnotes",
    "overpayments",
    "prepayments",
    "banktransactions",
    "batchpayments",
    "manualjournals",
    "nope",
];

/// What is asked of the log.
const LOOKS: [&str; 6] = [
    "since=3&limit=5&bodies=true",
    "status=4xx&path=/api.xro/*",
    "status=none&method=GET",
    "since=x",
    "tenant=x",
    "bodies=true&limit=18446744073709551616",
];

/// Subscriptions to webhooks.
const RECEIVERS: [&str; 7] = [
    r#"{"url":"http://127.0.0.1:1/","lose":0.5,"duplicate":0.5,"delay_ms":3,"reorder":true}"#,
    r#"{"url":"http://127.0.0.1:1/","intent":true}"#,
    r#"{"url":"http://127.0.0.1:2/","batch_ms":5000}"#,
    r#"{"url":"http://127.0.0.1:1/"}"#,
    r#"{"url":"https://example.com/"}"#,
    r#"{"url":null,"delay_ms":9223372036854775807}"#,
    r#"{"url":"http://127.0.0.1:1/","delay_ms":9223372036854775807,"batch_ms":9223372036854775807}"#,
];

const APPS: [&str; 5] = [
    r#"{"kind":"pkce","redirect_uris":["http://localhost/cb"]}"#,
    r#"{"kind":"custom","tenant_id":"{tenant}","scopes":["accounting.contacts"]}"#,
    r#"{"kind":"custom","tenant_id":"{tenant}"}"#,
    r#"{"kind":"web","name":"<b>&","scopes":["accounting.nope"]}"#,
    r#"{"kind":"web","name":"Other"}"#,
];

const ANSWERS: [&str; 5] = [
    r#"{"answer":"ask"}"#,
    r#"{"answer":"ask"}"#,
    r#"{"answer":"allow"}"#,
    r#"{"answer":"allow","tenant_ids":["{tenant}"]}"#,
    r#"{"answer":"deny"}"#,
];

/// Names and arguments; an id of such a thing takes the place of a name in braces.
const SCENARIOS: [(&str, &str); 53] = [
    (
        "payment.partial",
        r#"{"amount":"5.00","date":"2026-09-01","reference":"r"}"#,
    ),
    ("payment.full", "{}"),
    ("payment.deleted", "{}"),
    ("payment.reconcile", "{}"),
    ("invoice.voided", "{}"),
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
    ("invoice.create", r#"{"unit_price":"12.00"}"#),
    ("invoice.voided_after_reinvoice", "{}"),
    ("edit.variance", "{}"),
    ("edit.high_variance", r#"{"unit_price":"1e27"}"#),
    ("edit.high_variance", "{}"),
    ("contact.collision", "{}"),
    ("contact.create", r#"{"name":"Customer 1","number":"C1","email":"x"}"#),
    (
        "contact.rename",
        r#"{"contact_name":"Customer 00001","name":"Customer 2"}"#,
    ),
    (
        "contact.merge",
        r#"{"contact_name":"Customer 2","into_name":"Customer 00002"}"#,
    ),
    ("contact.cis", r#"{"contact_name":"Customer 00002","rate":"20"}"#),
    ("contact.archive", r#"{"contact_name":"Customer 1"}"#),
    ("account.archive", r#"{"code":"404"}"#),
    ("organisation.lock", r#"{"date":"2026-02-01"}"#),
    ("organisation.lock", "{}"),
    ("organisation.cis", r#"{"rate":"-1e20"}"#),
    ("organisation.cis", r#"{"rate":"30"}"#),
    ("organisation.cis", "{}"),
    (
        "creditnote.create",
        r#"{"amount":"10.00","contact_name":"Customer 00001"}"#,
    ),
    ("creditnote.multi_allocation", r#"{"amount":"1.00"}"#),
    ("creditnote.multi_allocation", "{}"),
    (
        "overpayment.create",
        r#"{"contact_name":"Customer 00001","amount":"9.99"}"#,
    ),
    (
        "prepayment.create",
        r#"{"type":"SPEND","contact_name":"Customer 00001","amount":"1e28"}"#,
    ),
    ("credit.allocate", r#"{"credit_id":"{CreditNoteID}"}"#),
    ("credit.allocate", r#"{"credit_id":"{OverpaymentID}","amount":"0.01"}"#),
    ("credit.refund", r#"{"credit_id":"{CreditNoteID}","amount":"1.00"}"#),
    ("allocation.removed", "{}"),
    ("journal.create", r#"{"amount":"5"}"#),
    ("journal.edit", r#"{"narration":"n"}"#),
    ("journal.post", "{}"),
    ("journal.voided", "{}"),
    ("journal.deleted", "{}"),
    ("journal.archived", "{}"),
    ("outage", r#"{"outage":"maintenance","times":2}"#),
    ("outage", r#"{"for_s":4}"#),
    ("quota.exhausted", r#"{"left":2,"retry_after":6}"#),
    ("webhook.lost", r#"{"count":2}"#),
    ("subscription.created", "{}"),
    ("subscription.updated", "{}"),
    ("app.revoked", "{}"),
    ("connection.restore", "{}"),
    ("grant.revoke", "{}"),
    ("grant.renew", "{}"),
    ("nope", "{}"),
];

/// A request to the control surface.
pub fn control(draw: &mut Draw, known: &Known) -> Request {
    let (method, path) = draw.one(&PATHS);
    let tenant = known.here.clone();
    let mut value = good(draw, known, path, &tenant);
    if let (Value::Object(pairs), true) = (&mut value, draw.percent(20)) {
        let mut keys: Vec<String> = pairs.keys().cloned().collect();
        keys.push("stranger".to_owned());
        pairs.insert(draw.one(&keys), odd(draw));
    }
    let mut body = if method == "POST" {
        value.to_string().into_bytes()
    } else {
        Vec::new()
    };
    if draw.percent(5) {
        body::spoil(draw, &mut body);
    }
    Request {
        method: if draw.percent(98) { method } else { draw.one(&METHODS) }.to_owned(),
        path: format!(
            "/_sandbox/{}",
            path.replace("{tenant}", &tenant)
                .replace("{FaultID}", &known.id(draw, "FaultID"))
        ),
        query: match path {
            "tenants/{tenant}/documents" if draw.percent(90) => format!("type={}", draw.one(&DOCUMENTS)),
            "requests" | "" => draw.one(&LOOKS).to_owned(),
            _ if method == "GET" => query(draw, known),
            _ => String::new(),
        },
        headers: Vec::new(),
        body: body.into(),
    }
}

fn good(draw: &mut Draw, known: &Known, path: &str, tenant: &str) -> Value {
    let parsed = |text: &str| serde_json::from_str(&text.replace("{tenant}", tenant)).unwrap();
    match path {
        "faults" => fault(draw),
        "clock" => json!({"advance_s": draw.between(0, 200), "all": draw.percent(50)}),
        "limits" => json!({"minute": draw.between(60, 100), "day": draw.between(4_000, 6_000), "concurrent": 3}),
        "lag" => json!({"ms": draw.between(0, 4_000)}),
        "pages" => json!({"most": draw.between(0, 60)}),
        "since" => json!({"includes_equal": draw.percent(50)}),
        "tenants" | "orgs" => json!({
            "name": "New Ltd", "base_currency": draw.one(&["GBP", "XXX"]), "time_zone": draw.one(&["Europe/London", "Mars"]),
            "tax_rates": [{"tax_type": "X", "effective_rate": draw.one(&["5", "1e30", "-1"])}],
            "accounts": [{"code": "1", "type": "REVENUE"}], "currencies": ["EUR"], "own_grant": draw.percent(50),
        }),
        "apps" => parsed(draw.one(&APPS)),
        "consent" => parsed(draw.one(&ANSWERS)),
        "grants" => json!({"refresh_grace": draw.percent(50)}),
        "snapshot" | "restore" => json!({"name": draw.one(&["default", "default", "default", "b"])}),
        "seed" => json!({"tenant_id": tenant, "invoices": draw.below(9), "contacts": draw.below(4)}),
        "trigger" => scenario(draw, known, tenant),
        "webhooks" => parsed(draw.one(&RECEIVERS)),
        _ => json!({}),
    }
}

fn fault(draw: &mut Draw) -> Value {
    let mut rule: Value = serde_json::from_str(draw.one(&FAULTS)).unwrap();
    rule["match"] = json!({"path": draw.one(&STRUCK)});
    if draw.percent(30) {
        rule["match"]["method"] = json!(draw.one(&METHODS));
    }
    rule["times"] = json!(draw.between(1, 3));
    if draw.percent(30) {
        rule["probability"] = json!(0.5);
        rule["seed"] = json!(draw.between(0, 9));
    }
    if draw.percent(20) {
        rule["every"] = json!(draw.between(1, 3));
    }
    rule
}

fn scenario(draw: &mut Draw, known: &Known, tenant: &str) -> Value {
    let (scenario, args) = draw.one(&SCENARIOS);
    let mut args = args.to_owned();
    for key in ["CreditNoteID", "OverpaymentID"] {
        args = args.replace(&format!("{{{key}}}"), &known.id(draw, key));
    }
    let args: Value = serde_json::from_str(&args).unwrap_or_default();
    let mut asked = json!({"scenario": scenario, "tenant_id": tenant, "args": args});
    let of_invoice = [
        "payment.",
        "invoice.",
        "edit.",
        "contact.collision",
        "creditnote.multi",
        "credit.",
        "allocation.",
    ];
    if of_invoice.iter().any(|start| scenario.starts_with(start)) && scenario != "invoice.create" {
        if draw.percent(80) {
            asked["invoice_id"] = json!(known.id(draw, "InvoiceID"));
        } else {
            asked["invoice_number"] = json!(format!("S-{}", draw.below(40)));
        }
    }
    asked
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
