//! Everything a host can get wrong, and what it is told.

use serde_json::{Value, json};

use super::fixture::{World, body};
use crate::actors::control::Refused;
use crate::model::failure::{Failure, FailureKind, Received, Remedy};

/// A good body with one member replaced (`null` = taken out).
fn with(pointer: &str, value: Value) -> Value {
    let mut body = body("INV-1");
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let parent = body.pointer_mut(parent).expect("the parent is there");
    match value {
        Value::Null => {
            parent.as_object_mut().expect("an object").remove(name);
        }
        value => parent[name] = value,
    }
    body
}

/// Pointer, value as JSON (`null` = taken out, `"x*n"` = so many letters), where it is told, code.
const MALFORMED: &str = r#"
/kind                      "invoice"            /kind                      unknown_value
/kind                      null                 /kind                      missing
/kind                      7                    /kind                      wrong_type
/number                    ""                   /number                    too_short
/number                    "x*256"              /number                    too_long
/number                    "A\u0000B"           /number                    control_character
/number                    42                   /number                    wrong_type
/contact                   "Acme"               /contact                   wrong_type
/contact/name              "x*256"              /contact/name              too_long
/contact/ref               null                 /contact/ref               missing
/contact/email             "nomail"             /contact/email             not_an_email
/contact/phone             "1"                  /contact/phone             unknown_field
/currency                  "POUND"              /currency                  not_a_currency
/currency                  "G1P"                /currency                  not_a_currency
/issue_date                "2026-02-30"         /issue_date                not_a_date
/issue_date                "2026-2-3"           /issue_date                not_a_date
/issue_date                "0000-00-00"         /issue_date                not_a_date
/issue_date                20260301             /issue_date                wrong_type
/due_date                  "2025-02-29"         /due_date                  not_a_date
/host_status               "paid"               /host_status               unknown_value
/line_amount_types         "exclusive"          /line_amount_types         unknown_value
/created_at                "yesterday"          /created_at                not_a_time
/host_url                  "javascript:x"       /host_url                  not_a_url
/lines                     []                   /lines                     too_few
/lines                     {}                   /lines                     wrong_type
/lines                     [1]                  /lines/0                   wrong_type
/lines/0/description       "x*4001"             /lines/0/description       too_long
/lines/0/description       "a\u0007"            /lines/0/description       control_character
/lines/0/quantity          "-1"                 /lines/0/quantity          negative
/lines/0/quantity          2                    /lines/0/quantity          wrong_type
/lines/0/quantity          "1.00001"            /lines/0/quantity          too_many_decimals
/lines/0/quantity          null                 /lines/0/quantity          missing
/lines/0/unit_price        1.5                  /lines/0/unit_price        wrong_type
/lines/0/unit_price        "12,50"              /lines/0/unit_price        not_a_number
/lines/0/unit_price        "1e9"                /lines/0/unit_price        not_a_number
/lines/0/unit_price        "NaN"                /lines/0/unit_price        not_a_number
/lines/0/unit_price        "\u00201"            /lines/0/unit_price        not_a_number
/lines/0/unit_price        "+1"                 /lines/0/unit_price        not_a_number
/lines/0/unit_price        "1."                 /lines/0/unit_price        not_a_number
/lines/0/unit_price        "10000000000"        /lines/0/unit_price        too_large
/lines/0/unit_price        "9*400"              /lines/0/unit_price        too_large
/lines/0/unit_price        "9999999999"         /lines/0/unit_price        too_large
/lines/0/unitPrice         "1"                  /lines/0/unitPrice         unknown_field
/lines/0/tax_amount        "1.001"              /lines/0/tax_amount        too_many_decimals
/lines/0/discount_percent  "100.5"              /lines/0/discount_percent  out_of_range
/lines/0/discount_percent  "-1"                 /lines/0/discount_percent  out_of_range
/colour                    "red"                /colour                    unknown_field
"#;

#[test]
fn every_malformed_field_is_refused_with_its_pointer_and_code() {
    let world = World::start();
    let mut count = 0;
    for row in MALFORMED.lines().filter(|row| !row.is_empty()) {
        let columns: Vec<&str> = row.split_whitespace().collect();
        let [pointer, value, where_told, code] = columns[..] else {
            panic!("four columns: {row}");
        };
        let mut value: Value = serde_json::from_str(value).expect("JSON");
        let repeated = value
            .as_str()
            .and_then(|text| text.split_once('*'))
            .map(|(letter, times)| letter.repeat(times.parse().expect("a number")));
        if let Some(text) = repeated {
            value = json!(text);
        }
        let answer = world.client.put(&world.path("SO-1"), &with(pointer, value));
        let faults = answer.faults();
        let wanted = (where_told.to_owned(), code.to_owned());
        assert!(faults.contains(&wanted), "{row}: {faults:?}");
        count += 1;
    }
    assert_eq!(count, 47);
    assert_eq!(world.house.rows().puts, 0, "nothing of it was stored");
}

#[test]
fn all_faults_are_told_at_once_and_unknown_fields_get_a_suggestion() {
    let world = World::start();
    let mut sent = body("INV-1");
    sent["issueDate"] = json!("2026-03-01");
    sent["issue_date"] = json!("2026-13-01");
    sent["lines"][0]["unit_price"] = json!(5);
    sent["lines"] = json!([sent["lines"][0], {"ref": "L1", "description": "b", "quantity": "x"}]);
    let answer = world.client.put(&world.path("SO-1"), &sent);
    let told = answer.faults();
    let pointers: Vec<&str> = told.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/issueDate",
            "/issue_date",
            "/lines/0/unit_price",
            "/lines/1/quantity",
            "/lines/1/unit_price"
        ]
    );
    let detail = answer.json()["errors"][0]["detail"].clone();
    assert!(detail.as_str().expect("text").contains("did you mean `issue_date`?"));
}

#[test]
fn two_lines_with_one_reference_are_refused() {
    let world = World::start();
    let mut sent = body("INV-1");
    sent["lines"] = json!([sent["lines"][0], sent["lines"][0]]);
    let faults = world.client.put(&world.path("SO-1"), &sent).faults();
    assert_eq!(faults, [("/lines/1/ref".to_owned(), "duplicate".to_owned())]);
}

#[test]
fn what_a_push_cannot_use_is_taken_all_the_same() {
    let world = World::start();
    let mut sent = body("INV-1");
    sent["currency"] = json!("JPY");
    sent["lines"][0]["nominal_code"] = json!("no such code");
    sent["lines"][0]["unit_price"] = json!("-12.5");
    sent.as_object_mut().expect("an object").remove("due_date");
    sent["lines"][0].as_object_mut().expect("an object").remove("ref");
    sent["lines"][0]["description"] = json!("two\nlines");
    let answer = world.client.put(&world.path("SO-1"), &sent);
    assert_eq!(answer.status, 201, "{}", answer.text);
}

#[test]
fn malformed_json_is_refused_with_line_and_column() {
    let world = World::start();
    let table = [
        ("{\"kind\": }", 1, 10),
        ("{\n\"kind\" \"sales\"}", 2, 8),
        ("{\"a\":1} x", 1, 9),
        ("{\"a\":1e999999}", 1, 13),
        ("{\"a\":\"\u{1}\"}", 1, 7),
        ("[1,]", 1, 4),
        ("nul", 1, 3),
    ];
    for (sent, line, column) in table {
        let answer = world.client.send("PUT", &world.path("SO-1"), &[], sent);
        let problem = answer.is_problem("invalid_json");
        assert_eq!(problem["line"], line, "{sent}: {problem}");
        assert_eq!(problem["column"], column, "{sent}: {problem}");
    }
    let empty = world.client.send("PUT", &world.path("SO-1"), &[], "");
    empty.is_problem("invalid_json");
}

#[test]
fn json_bombs_are_refused() {
    let world = World::start();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let in_bounds = format!("{}{}", "[".repeat(64), "]".repeat(64));
    let wide = format!("[{}1]", "1,".repeat(100_000));
    let many_names: Vec<String> = (0..100_001).map(|n| format!("\"k{n}\":1")).collect();
    let many_names = format!("{{{}}}", many_names.join(","));
    let twice = "{\"kind\":\"sales\",\"kind\":\"purchase\"}".to_owned();
    for (sent, words) in [
        (&deep, "levels"),
        (&wide, "values"),
        (&many_names, "values"),
        (&twice, "twice"),
    ] {
        let answer = world.client.send("PUT", &world.path("SO-1"), &[], sent);
        let problem = answer.is_problem("invalid_json");
        assert!(problem["detail"].as_str().expect("text").contains(words), "{problem}");
    }
    let answer = world.client.send("PUT", &world.path("SO-1"), &[], &in_bounds);
    answer.is_problem("validation_failed");
}

#[test]
fn names_in_paths_are_checked() {
    let world = World::start();
    let put = |host_ref: &str| world.client.put(&world.path(host_ref), &body("INV-1"));
    assert_eq!(put(&"x".repeat(200)).status, 201);
    let faults = put(&"x".repeat(201)).faults();
    assert_eq!(faults[0], ("/host_ref".to_owned(), "too_long".to_owned()));
    assert_eq!(put("%00").faults()[0].1, "control_character");
    assert_eq!(put("%ff").faults()[0].1, "bad_encoding");
    assert_eq!(put("a%2").faults()[0].1, "bad_encoding");
    assert_eq!(put("").faults()[0].1, "too_short");
    let odd = put("A%2FB%20%C3%A9%3F");
    assert_eq!(odd.json()["host_ref"], "A/B é?");
    let seen = world.client.get(&world.path("A%2FB%20%C3%A9%3F"));
    assert_eq!(seen.json()["host_ref"], "A/B é?");
}

#[test]
fn what_is_not_there_has_its_own_code() {
    let world = World::start();
    let nobody = "ten_01ARZ3NDEKTSV4RRFFQ69G5FAV";
    let table = [
        (format!("/v1/tenants/{nobody}"), "tenant_not_found"),
        ("/v1/tenants/nonsense".to_owned(), "tenant_not_found"),
        (format!("/v1/tenants/{nobody}/invoices/ref:A"), "tenant_not_found"),
        (world.path("nothing"), "invoice_not_found"),
        (world.below("/invoices/INV-1"), "invoice_not_found"),
        (world.below("/mappings/nominal_codes/4010"), "mapping_not_found"),
        (world.below("/mappings/colours/red"), "route_not_found"),
        (
            "/v1/operations/op_01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
            "operation_not_found",
        ),
        ("/v1/operations/x".to_owned(), "operation_not_found"),
        ("/v1/reasons/unmaped_nominal_code".to_owned(), "reason_not_found"),
        ("/v1/nothing".to_owned(), "route_not_found"),
        ("/".to_owned(), "route_not_found"),
        ("/v1/tenants/".to_owned(), "route_not_found"),
    ];
    for (path, code) in table {
        world.client.get(&path).is_problem(code);
    }
    let answer = world
        .client
        .put(&format!("/v1/tenants/{nobody}/invoices/ref:A"), &body("I"));
    answer.is_problem("tenant_not_found");
    world
        .client
        .post(&format!("{}/resync", world.path("nothing")))
        .is_problem("invoice_not_found");
}

#[test]
fn another_method_is_told_which_ones_there_are() {
    let world = World::start();
    let answer = world.client.send("DELETE", &world.path("A"), &[], "");
    answer.is_problem("method_not_allowed");
    assert_eq!(answer.header("allow"), Some("PUT, GET"));
}

#[test]
fn a_body_of_another_type_is_refused() {
    let world = World::start();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "",
        "application/jsonx",
    ] {
        let answer = world.client.send(
            "PUT",
            &world.path("A"),
            &[("content-type", kind)],
            &body("I").to_string(),
        );
        answer.is_problem("unsupported_media_type");
    }
    let charset = [("content-type", "Application/JSON; charset=utf-8")];
    let answer = world
        .client
        .send("PUT", &world.path("A"), &charset, &body("I").to_string());
    assert_eq!(answer.status, 201);
}

#[test]
fn every_refusal_of_the_actors_has_its_problem() {
    let world = World::start();
    let failure = |kind| {
        Refused::Xero(Failure {
            kind,
            remedy: Remedy::GiveUpItem,
            received: Received::No,
            status: Some(400),
            message: "secret upstream text".to_owned(),
            validation: Vec::new(),
        })
    };
    let xero = super::fixture::GUID_A.parse().expect("a GUID");
    let table = [
        (Refused::TenantNotFound, "tenant_not_found"),
        (Refused::Busy, "busy"),
        (Refused::Parked("secret".into()), "tenant_parked"),
        (Refused::Draining, "draining"),
        (Refused::DiskReserve("secret".into()), "disk_full"),
        (Refused::Store("secret".into()), "store_unavailable"),
        (
            Refused::KindChanged {
                was: "sales",
                wanted: "purchase",
            },
            "kind_changed",
        ),
        (Refused::HasEnded, "operation_ended"),
        (Refused::IsPush, "not_cancellable"),
        (Refused::NotReached(xero), "tenant_not_reached"),
        (failure(FailureKind::GrantRejected), "grant_rejected"),
        (failure(FailureKind::Unavailable), "xero_unavailable"),
        (failure(FailureKind::TimedOut), "xero_timeout"),
        (failure(FailureKind::Refused), "xero_refused"),
    ];
    for (refused, code) in table {
        world.house.rows().refuse_next = Some(refused);
        let answer = world.client.put(&world.path("A"), &body("I"));
        answer.is_problem(code);
        assert!(!answer.text.contains("secret"), "{}", answer.text);
        if code == "busy" {
            assert_eq!(answer.header("retry-after"), Some("1"));
        }
    }
    world.house.rows().reads_fail = true;
    let answer = world.client.get("/v1/tenants");
    answer.is_problem("store_unavailable");
    assert!(!answer.text.contains("secret"));
}

#[test]
fn a_parameter_or_a_value_of_one_that_is_not_known_is_refused_wherever_it_is_sent() {
    let world = World::start();
    assert_eq!(world.client.put(&world.path("A"), &body("I")).status, 201);
    let operation = world.client.post(&format!("{}/resync", world.path("A"))).json()["operation"]["id"].clone();
    let operation = operation.as_str().expect("an id");
    let mut refused = 0;
    for route in crate::http::routes::ROUTES {
        let body = if route.body_max_bytes > 0 { "{}" } else { "" };
        let path = route
            .pattern
            .replace("/v1/tenants/{tenant}", &world.below(""))
            .replace("{invoice}", "ref:A")
            .replace("{kind}", "nominal_codes")
            .replace("{key}", "4000")
            .replace("{operation}", operation)
            .replace("{connect}", "con_01ARZ3NDEKTSV4RRFFQ69G5FAV")
            .replace("{code}", "busy");
        let answer = world
            .client
            .send(route.verb.name(), &format!("{path}?fooo=1"), &[], body);
        let code = answer.json()["code"].clone();
        assert!(
            code == "invalid_parameter" || code == "unknown_filter",
            "{path}: {}",
            answer.text
        );
        assert_eq!(answer.status, 400, "{path}");
        refused += 1;
    }
    assert_eq!(refused, crate::http::routes::ROUTES.len());
    for (query, code) in [
        ("?expand[]=foo", "invalid_parameter"),
        ("?expand%5B%5D=payment", "invalid_parameter"),
        ("?expand[]=payments,variances", "invalid_parameter"),
        ("?expand[]=", "invalid_parameter"),
        ("?expand=payments", "invalid_parameter"),
    ] {
        world
            .client
            .get(&format!("{}{query}", world.path("A")))
            .is_problem(code);
    }
    let near = world.client.get(&format!("{}?expand%5B%5D=payment", world.path("A")));
    assert_eq!(near.json()["suggestion"], "payments");
    for query in [
        "?expand[]=payments&expand[]=credit_notes",
        "?expand[]=variance,payments",
    ] {
        assert_eq!(
            world.client.get(&format!("{}{query}", world.path("A"))).status,
            200,
            "{query}"
        );
    }
}
