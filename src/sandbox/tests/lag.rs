//! Lists that lag behind what was written.

use serde_json::{Value, json};

use super::desk::Desk;

const LAG_MS: i64 = 30_000;

fn lagging() -> Desk {
    let mut desk = Desk::new();
    desk.invoice("OLD", "DRAFT");
    desk.control("POST", "lag", &json!({"ms":LAG_MS}).to_string());
    desk
}

fn listed(desk: &mut Desk, query: &str) -> Vec<String> {
    let reply = desk.get(&format!("Invoices{query}"));
    let rows: Vec<Value> = reply.json["Invoices"].as_array().unwrap().clone();
    rows.iter()
        .map(|row| {
            format!(
                "{} {}",
                row["InvoiceNumber"].as_str().unwrap(),
                row["Status"].as_str().unwrap()
            )
        })
        .collect()
}

#[test]
fn behaviour_15_a_new_document_is_read_alone_at_once_and_in_lists_after_the_lag() {
    let mut desk = lagging();
    let made = desk.invoice("NEW", "AUTHORISED");
    let id = made["InvoiceID"].as_str().unwrap();
    assert_eq!(desk.get(&format!("Invoices/{id}")).status, 200);
    assert_eq!(desk.get("Invoices/NEW").status, 200);
    for query in [
        "",
        "?page=1",
        "?InvoiceNumbers=NEW,OLD",
        &format!("?IDs={id}"),
        "?where=Status!=\"VOIDED\"",
    ] {
        assert!(
            !listed(&mut desk, query).contains(&"NEW AUTHORISED".to_owned()),
            "{query}"
        );
    }
    let paged = desk.get("Invoices?page=1").json;
    assert_eq!(paged["pagination"]["itemCount"], 1);
    desk.pass(LAG_MS);
    for query in [
        "",
        "?page=1",
        "?InvoiceNumbers=NEW,OLD",
        &format!("?IDs={id}"),
        "?Statuses=AUTHORISED",
    ] {
        assert!(
            listed(&mut desk, query).contains(&"NEW AUTHORISED".to_owned()),
            "{query}"
        );
    }
}

#[test]
fn behaviour_15_an_edited_document_is_in_lists_as_it_was_until_the_lag_is_over() {
    let mut desk = lagging();
    desk.call("POST", "Invoices/OLD", r#"{"Status":"SUBMITTED"}"#);
    desk.pass(LAG_MS / 2);
    desk.call(
        "POST",
        "Invoices/OLD",
        r#"{"Status":"AUTHORISED","DueDate":"2026-12-01"}"#,
    );
    assert_eq!(listed(&mut desk, "?Statuses=DRAFT"), ["OLD DRAFT"]);
    assert_eq!(listed(&mut desk, "?Statuses=AUTHORISED,SUBMITTED"), [""; 0]);
    assert_eq!(desk.get("Invoices/OLD").json["Invoices"][0]["Status"], "AUTHORISED");
    desk.pass(LAG_MS / 2 - 2_000);
    assert_eq!(listed(&mut desk, ""), ["OLD SUBMITTED"], "one version after the other");
    desk.pass(LAG_MS);
    assert_eq!(listed(&mut desk, ""), ["OLD AUTHORISED"]);
    assert_eq!(listed(&mut desk, "?Statuses=DRAFT,SUBMITTED"), [""; 0]);
}

#[test]
fn behaviour_15_a_name_or_number_is_taken_although_lists_do_not_show_it_yet() {
    let mut desk = lagging();
    desk.invoice("NEW", "DRAFT");
    assert_eq!(desk.call("PUT", "Contacts", r#"{"Name":"Fresh"}"#).status, 200);
    assert!(!desk.get("Contacts?where=Name==\"Fresh\"").text.contains("Fresh"));
    let twice = desk.call("PUT", "Contacts", r#"{"Name":"fresh"}"#);
    assert!(twice.text.contains("already assigned"), "{}", twice.text);
    let body =
        r#"{"Type":"ACCREC","InvoiceNumber":"NEW","Contact":{"Name":"Fresh"},"LineItems":[{"Description":"x"}]}"#;
    assert!(
        desk.call("PUT", "Invoices", body)
            .text
            .contains("Invoice # must be unique.")
    );
}

#[test]
fn behaviour_15_without_lag_everything_shows_at_once_and_the_sandboxs_own_eye_never_lags() {
    let mut desk = lagging();
    desk.invoice("NEW", "DRAFT");
    let path = format!("tenants/{}/documents", desk.tenant);
    let seen = desk.control("GET", &path, "");
    let numbers: Vec<&str> = seen["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["InvoiceNumber"].as_str().unwrap())
        .collect();
    assert_eq!(numbers, ["OLD", "NEW"]);
    desk.control("POST", "lag", r#"{"ms":0}"#);
    assert_eq!(listed(&mut desk, ""), ["OLD DRAFT", "NEW DRAFT"]);
    desk.call("POST", "Invoices/OLD", r#"{"Status":"SUBMITTED"}"#);
    assert_eq!(listed(&mut desk, ""), ["NEW DRAFT", "OLD SUBMITTED"]);
    for wrong in [r#"{"ms":-1}"#, "{}", r#"{"ms":"soon"}"#, r#"{"seconds":1}"#] {
        assert_eq!(desk.try_control("POST", "lag", wrong).status, 400, "{wrong}");
    }
}
