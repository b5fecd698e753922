//! Scenarios that wait for a call.

use serde_json::{Value, json};

use super::desk::Desk;

fn plan(desk: &mut Desk, number: &str, after: Value) -> Value {
    let edit = json!({"scenario":"invoice.edit","tenant_id":desk.tenant,"invoice_number":number,
        "args":{"reference":"edited"},"after":after});
    desk.control("POST", "trigger", &edit.to_string())
}

fn page(desk: &mut Desk, page: usize) -> Vec<(String, String)> {
    let reply = desk.get(&format!("Invoices?page={page}&pageSize=2"));
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let rows = reply.json["Invoices"].as_array().unwrap();
    rows.iter()
        .map(|row| (text(row, "InvoiceNumber"), text(row, "Reference")))
        .collect()
}

fn numbers(page: &[(String, String)]) -> Vec<&str> {
    page.iter().map(|(number, _)| number.as_str()).collect()
}

#[test]
fn a_scenario_plays_right_after_the_call_it_waits_for_and_the_answer_knows_nothing_of_it() {
    let mut desk = Desk::new();
    for number in ["P-1", "P-2", "P-3", "P-4"] {
        desk.pass(1_000);
        desk.invoice(number, "AUTHORISED");
    }
    desk.pass(1_000);
    let on = json!({"match":{"method":"GET","path":"/api.xro/2.0/Invoices"},"calls":2});
    assert_eq!(plan(&mut desk, "P-1", on)["scenario"], "invoice.edit");
    assert_eq!(desk.control("GET", "trigger", "")["data"][0]["calls"], 2);
    assert_eq!(numbers(&page(&mut desk, 1)), ["P-1", "P-2"]);
    desk.get("Contacts");
    let first = page(&mut desk, 1);
    assert_eq!(first[0], ("P-1".into(), String::new()), "answered before the edit");
    // It went to the end of the order, so P-3 moved into the page that was read.
    let second = page(&mut desk, 2);
    assert_eq!(second, [("P-4".into(), String::new()), ("P-1".into(), "edited".into())]);
    assert_eq!(desk.control("GET", "trigger", "")["data"], json!([]), "once");
}

#[test]
fn a_scenario_that_cannot_be_played_says_why_and_reset_forgets_what_waits() {
    let mut desk = Desk::new();
    plan(&mut desk, "NOWHERE", json!({}));
    desk.get("Contacts");
    let waiting = desk.control("GET", "trigger", "");
    assert_eq!(waiting["data"][0]["error"], "no invoice NOWHERE");
    desk.control("POST", "reset", "");
    assert_eq!(desk.control("GET", "trigger", "")["data"], json!([]));
    for (bad, word) in [
        (json!({"calls":0}), "calls must be at least 1"),
        (json!({"cals":1}), "unknown key 'cals'"),
        (json!({"match":{"verb":"GET"}}), "unknown key 'verb'"),
    ] {
        let edit = json!({"scenario":"invoice.edit","tenant_id":desk.tenant,"after":bad});
        let reply = desk.try_control("POST", "trigger", &edit.to_string());
        assert!(reply.status == 400 && reply.text.contains(word), "{}", reply.text);
    }
}
