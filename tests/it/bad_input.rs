//! Everything a caller can get wrong, tried on the running daemon: its own code and status, a
//! sentence that says what to do, nothing stored, nothing lost.

use serde_json::{Value, json};

use crate::support::{Answer, Api, Feed, House, run_program, sale, with};

/// What must not change: documents, events, and what was sent to Xero.
#[derive(Debug, PartialEq)]
struct Stored {
    counts: Vec<Value>,
    events: usize,
    documents: usize,
    calls: usize,
}

fn stored(house: &House) -> Stored {
    let mut feed = Feed::from_start(house.daemon.api.clone());
    let mut events = 0;
    loop {
        let page = feed.page(0);
        if page.is_empty() {
            break;
        }
        events += page.len();
    }
    Stored {
        counts: house.tenants.iter().map(|tenant| house.daemon.counts(tenant)).collect(),
        events,
        documents: house.sandbox.documents(house.theirs()).len(),
        calls: house.sandbox.calls_since(0).len(),
    }
}

/// One case: what it is, its answer, and the status and code it must have.
type Case = (&'static str, Answer, u16, &'static str);

#[track_caller]
fn judge(house: &House, before: &Stored, cases: Vec<Case>) {
    for (what, answer, status, code) in cases {
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
        assert_eq!(answer.problem(), code, "{what}: {}", answer.text);
    }
    assert_eq!(stored(house), *before, "something was stored");
}

fn house_with_one_document() -> (House, Stored) {
    let house = House::new();
    house.synced("SO-1", &sale("INV-1"));
    let before = stored(&house);
    (house, before)
}

/// What is wrong, where it stands in the document, and the value as JSON (`"9*60"` = sixty nines).
const WRONG_FIELDS: &str = r#"
an unknown field               | /colour                     | "red"
an unknown field of a contact  | /contact/phone              | "1"
an unknown field of a line     | /lines/0/unitPrice          | "1"
a number for a text            | /number                     | 42
a text for a list              | /lines                      | "one"
a text for an object           | /contact                    | "Acme"
money as a JSON number         | /lines/0/unit_price         | 12.5
a quantity as a JSON number    | /lines/0/quantity           | 3
30 February                    | /issue_date                 | "2026-02-30"
29 February of no leap year    | /due_date                   | "2026-02-29"
a month too many               | /due_date                   | "2026-13-01"
a negative quantity            | /lines/0/quantity           | "-1"
a negative discount            | /lines/0/discount_percent   | "-5"
an over-long price             | /lines/0/unit_price         | "9*60"
too large a price              | /lines/0/unit_price         | "99999999999"
too many decimals              | /lines/0/unit_price         | "1.00001"
an exponent                    | /lines/0/unit_price         | "1e3"
no number at all               | /lines/0/unit_price         | "twelve"
an over-long document number   | /number                     | "9*256"
an unknown kind                | /kind                       | "quote"
an unknown status              | /host_status                | "paid"
no currency                    | /currency                   | "POUNDS"
no lines                       | /lines                      | []
no e-mail address              | /contact/email              | "nomail"
no time                        | /created_at                 | "yesterday"
"#;

#[test]
fn malformed_documents() {
    let (house, before) = house_with_one_document();
    let path = format!("/v1/tenants/{}/invoices/ref:SO-2", house.ours());
    let mut count = 0;
    for row in WRONG_FIELDS.lines().filter(|row| !row.is_empty()) {
        let columns: Vec<&str> = row.split('|').map(str::trim).collect();
        let [what, pointer, value] = columns[..] else {
            panic!("three columns: {row}");
        };
        let mut value: Value = serde_json::from_str(value).unwrap();
        if let Some((letter, times)) = value.as_str().and_then(|text| text.split_once('*')) {
            value = json!(letter.repeat(times.parse().unwrap()));
        }
        let answer = house.daemon.api.put(&path, &with(sale("INV-2"), pointer, value));
        assert_eq!(answer.status, 422, "{what}: {}", answer.text);
        assert_eq!(answer.problem(), "validation_failed", "{what}");
        let told = answer.json()["errors"][0]["pointer"].clone();
        assert_eq!(told, pointer, "{what}: {}", answer.text);
        count += 1;
    }
    assert_eq!(count, 25);
    assert_eq!(stored(&house), before, "something was stored");
}

#[test]
fn malformed_bodies() {
    let (house, before) = house_with_one_document();
    let path = format!("/v1/tenants/{}/invoices/ref:SO-2", house.ours());
    let put = |body: &str| house.daemon.api.send("PUT", &path, &[], body);
    let over = format!("{}{}", sale("INV-2"), " ".repeat(4 << 20));
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let cases = vec![
        ("no JSON", put("{\"kind\": }"), 400, "invalid_json"),
        ("half a JSON", put("{\"kind\": \"sal"), 400, "invalid_json"),
        ("nothing", put(""), 400, "invalid_json"),
        ("too deep", put(&deep), 400, "invalid_json"),
        ("a name twice", put("{\"a\":1,\"a\":1}"), 400, "invalid_json"),
        ("a list", put("[]"), 422, "validation_failed"),
        ("a body over the cap", put(&over), 413, "body_too_large"),
    ];
    judge(&house, &before, cases);
}

#[test]
fn well_formed_documents_in_the_wrong_place() {
    let (house, before) = house_with_one_document();
    let api = &house.daemon.api;
    let at = |host_ref: &str| format!("/v1/tenants/{}/invoices/ref:{host_ref}", house.ours());
    let body = sale("INV-2");
    let plain = [("content-type", "text/plain")];
    let no_json = api.send("PUT", &at("SO-2"), &plain, &body.to_string());
    let long = api.put(&at(&"x".repeat(201)), &body);
    let other_kind = with(sale("INV-1"), "/kind", json!("purchase"));
    let other_kind = api.put(&at("SO-1"), &other_kind);
    let cases = vec![
        ("no JSON by its header", no_json, 415, "unsupported_media_type"),
        ("an over-long reference", long, 422, "validation_failed"),
        ("another kind under the same reference", other_kind, 409, "kind_changed"),
    ];
    judge(&house, &before, cases);
}

#[test]
fn what_is_wrong_is_named_field_by_field() {
    let (house, before) = house_with_one_document();
    let path = format!("/v1/tenants/{}/invoices/ref:SO-2", house.ours());
    let mut body = sale("INV-2");
    body["issueDate"] = json!("2026-01-01");
    body["issue_date"] = json!("2026-13-01");
    body["lines"][0]["quantity"] = json!("-3");
    let problem = house.daemon.api.put(&path, &body).ok(422);
    let pointers: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(pointers, ["/issueDate", "/issue_date", "/lines/0/quantity"]);
    assert_eq!(stored(&house), before);
}

#[test]
fn wrong_callers() {
    let (house, before) = house_with_one_document();
    let api = &house.daemon.api;
    let body = sale("INV-2").to_string();
    let path = format!("/v1/tenants/{}/invoices/ref:SO-2", house.ours());
    let put = |name: &str, value: &str| api.send("PUT", &path, &[(name, value)], &body);
    let near = format!("Bearer {}x", api.token.as_ref().unwrap());
    let nobody = Api {
        token: None,
        ..api.clone()
    };
    let cases = vec![
        ("a wrong token", put("authorization", &near), 401, "unauthenticated"),
        (
            "another scheme",
            put("authorization", "Basic YTpi"),
            401,
            "unauthenticated",
        ),
        (
            "no token",
            nobody.send("PUT", &path, &[], &body),
            401,
            "unauthenticated",
        ),
        ("a foreign Host", put("host", "evil.example"), 403, "host_not_allowed"),
        (
            "a foreign Host, some port",
            put("host", "evil.example:7626"),
            403,
            "host_not_allowed",
        ),
        (
            "a foreign Origin",
            put("origin", "https://evil.example"),
            403,
            "origin_not_allowed",
        ),
        (
            "another site's page",
            put("sec-fetch-site", "cross-site"),
            403,
            "origin_not_allowed",
        ),
    ];
    judge(&house, &before, cases);
}

#[test]
fn wrong_addresses() {
    let (house, before) = house_with_one_document();
    let api = &house.daemon.api;
    let body = sale("INV-2");
    let at = |tenant: &str| api.put(&format!("/v1/tenants/{tenant}/invoices/ref:A"), &body);
    let foreign = "11111111-2222-4333-8444-555555555555";
    let path = format!("/v1/tenants/{}/invoices/ref:SO-2", house.ours());
    let resync = api.send("POST", &format!("{path}/resync"), &[], "");
    let colour = api.get(&format!("/v1/tenants/{}/invoices?colour=red", house.ours()));
    let import = |body: Value| api.post("/v1/connect:import", &body);
    let cases = vec![
        (
            "an unknown tenant",
            at("ten_01ARZ3NDEKTSV4RRFFQ69G5FAV"),
            404,
            "tenant_not_found",
        ),
        ("an unknown organisation", at(foreign), 404, "tenant_not_found"),
        ("no id of a tenant", at("acme"), 404, "tenant_not_found"),
        ("an unknown path", api.get("/v1/nothing"), 404, "route_not_found"),
        (
            "a wrong method",
            api.send("DELETE", &path, &[], ""),
            405,
            "method_not_allowed",
        ),
        ("an unknown invoice", api.get(&path), 404, "invoice_not_found"),
        ("Sync now of an unknown one", resync, 404, "invoice_not_found"),
        (
            "an unknown operation",
            api.get("/v1/operations/op_1"),
            404,
            "operation_not_found",
        ),
        (
            "a made-up cursor",
            api.get("/v1/events?cursor=abc"),
            400,
            "invalid_cursor",
        ),
        (
            "an impossible limit",
            api.get("/v1/events?limit=0"),
            400,
            "invalid_parameter",
        ),
        (
            "an unknown parameter",
            api.get("/v1/events?colour=red"),
            400,
            "invalid_parameter",
        ),
        ("an unknown filter", colour, 400, "unknown_filter"),
        ("an empty import", import(json!({})), 422, "validation_failed"),
        (
            "a token of a wrong type",
            import(json!({"refresh_token": 7})),
            422,
            "validation_failed",
        ),
    ];
    judge(&house, &before, cases);
}

#[test]
fn a_reused_key_with_another_body_is_refused_and_with_the_same_one_answered_alike() {
    let house = House::new();
    let path = format!("/v1/tenants/{}/invoices/ref:SO-1", house.ours());
    let api = &house.daemon.api;
    let put = |key: &str, body: &Value| api.send("PUT", &path, &[("idempotency-key", key)], &body.to_string());
    let first = put("key-1", &sale("INV-1"));
    assert_eq!(first.status, 201, "{}", first.text);
    house.daemon.badge(house.ours(), "SO-1", "synced");
    let before = stored(&house);

    let again = put("key-1", &sale("INV-1"));
    assert_eq!((again.status, &again.text), (201, &first.text), "the same answer");
    let other = put("key-1", &sale("INV-2"));
    assert_eq!((other.status, other.problem().as_str()), (422, "idempotency_mismatch"));
    let long = put(&"k".repeat(200), &sale("INV-1"));
    assert_eq!((long.status, long.problem().as_str()), (400, "invalid_idempotency_key"));
    assert_eq!(stored(&house), before);
}

#[test]
fn a_bad_configuration_file_stops_the_start_with_every_problem() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("bad.toml");
    std::fs::write(
        &path,
        "[xero]\nclient_idd = \"x\"\n[sync]\nbatch_max = 0\nbatch_wait = \"soon\"\n[control]\nlisten = \"0.0.0.0:80\"\n",
    )
    .unwrap();
    let path = path.display().to_string();
    for args in [
        ["serve", "--config", &path].as_slice(),
        &["config", "check", "--config", &path],
    ] {
        let ended = run_program(args, &[], "");
        assert_eq!(ended.code, 2, "{ended:?}");
        for word in ["client_idd", "client_id", "batch_max", "batch_wait", "0.0.0.0:80"] {
            assert!(ended.err.contains(word), "{word} in {}", ended.err);
        }
    }
    let none = run_program(&["serve", "--config", "/nowhere/at/all.toml"], &[], "");
    assert_eq!(none.code, 2);
    assert!(none.err.contains("/nowhere/at/all.toml"), "{}", none.err);
}
