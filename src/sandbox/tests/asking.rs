//! What tests of the smaller resources have in common.

use serde_json::{Value, json};

use super::desk::{Desk, Reply};

pub fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

pub fn refused(reply: &Reply, message: &str) {
    assert_eq!(reply.status, 400, "{}", reply.text);
    assert_eq!(reply.json["Type"], "ValidationException", "{}", reply.text);
    let errors = reply.json["Elements"][0]["ValidationErrors"].as_array().unwrap();
    assert!(
        errors.iter().any(|error| error["Message"] == message),
        "{message}: {}",
        reply.text
    );
}

pub fn journal(lines: &Value) -> Value {
    json!({"Narration":"Accrual","Date":"2026-09-01","JournalLines":lines})
}

pub fn balanced() -> Value {
    json!([{"LineAmount":"100.00","AccountCode":"429","Description":"Rent"},{"LineAmount":-100,"AccountCode":"850"}])
}

pub fn put(desk: &mut Desk, path: &str, body: &Value) -> Reply {
    desk.call("PUT", path, &body.to_string())
}

pub fn post(desk: &mut Desk, path: &str, body: &Value) -> Reply {
    desk.call("POST", path, &body.to_string())
}
