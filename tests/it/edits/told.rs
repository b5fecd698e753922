//! What the feed told, beside what is so.

use std::collections::BTreeMap;

use serde_json::Value;

use super::books::{decimal, text};
use super::town::Town;

/// Events that tell how an invoice stands with the money.
const STANDS: [&str; 4] = ["invoice.unpaid", "invoice.part_paid", "invoice.paid", "invoice.voided"];

fn all(town: &Town) -> Vec<Value> {
    let mut feed = town.demo.daemon.feed();
    let mut events = Vec::new();
    loop {
        let page = feed.page(0);
        if page.is_empty() {
            return events;
        }
        events.extend(page);
    }
}

/// The final state of every invoice, payment, credit and variance was told, and nothing after it.
#[track_caller]
pub fn assert_told(town: &Town) {
    let events = all(town);
    for linked in &town.linked {
        let ours = town.invoice(linked);
        let about: Vec<&Value> = events
            .iter()
            .filter(|event| event["data"]["host_ref"] == *linked.host_ref)
            .collect();
        let last = |fits: &dyn Fn(&Value) -> bool| about.iter().rev().find(|event| fits(event)).copied();
        let stands = last(&|event| STANDS.contains(&event["type"].as_str().unwrap()));
        let told = stands.map_or_else(|| "Unpaid".to_owned(), |event| text(&event["data"]["status"]));
        assert_eq!(told, text(&ours["status"]), "{}", linked.number);
        for payment in ours["payments"].as_array().unwrap() {
            let id = &payment["xero_payment_id"];
            let event = last(&|event| event["data"]["xero_payment_id"] == *id);
            let expected = if payment["deleted_at"].is_null() {
                "payment.recorded"
            } else {
                "payment.deleted"
            };
            let event = event.unwrap_or_else(|| panic!("{}: {payment:#} was not told", linked.number));
            assert_eq!(event["type"], expected, "{}: {payment:#}", linked.number);
        }
        for credit in ours["credit_notes"].as_array().unwrap() {
            let id = &credit["xero_credit_id"];
            let event = last(&|event| event["data"]["xero_credit_id"] == *id);
            let event = event.unwrap_or_else(|| panic!("{}: {credit:#} was not told", linked.number));
            let expected = if credit["counted"] == true {
                "credit_note.updated"
            } else {
                "allocation.removed"
            };
            assert_eq!(event["type"], expected, "{}: {credit:#}", linked.number);
            assert_eq!(
                decimal(&event["data"]["amount"]),
                decimal(&credit["amount"]),
                "{}: {event:#}",
                linked.number
            );
        }
        let variance = last(&|event| event["type"] == "invoice.variance_detected");
        let told = variance.map(|event| paths(&event["data"]["changes"]));
        let open = paths(&ours["differences"]["changes"]);
        assert_eq!(told.unwrap_or_default(), open, "{}", linked.number);
    }
}

fn paths(changes: &Value) -> Vec<(String, String)> {
    let changes = changes.as_array().unwrap();
    changes
        .iter()
        .map(|change| (text(&change["path"]), text(&change["xero"])))
        .collect()
}

/// Each payment was told so soon after it was made, by the steps of the clock that both sides share.
#[track_caller]
pub fn assert_payments_within(town: &Town, seconds: u64) {
    let mut made: BTreeMap<String, i64> = BTreeMap::new();
    for theirs in &town.theirs {
        for row in town.demo.sandbox.rows(theirs, "payments") {
            let stamp = text(&row["UpdatedDateUTC"]);
            let digits: String = stamp
                .chars()
                .skip_while(|c| !c.is_ascii_digit())
                .take_while(char::is_ascii_digit)
                .collect();
            made.insert(text(&row["PaymentID"]), digits.parse().unwrap());
        }
    }
    let mut longest_s = 0;
    let mut count = 0;
    for event in all(town) {
        if event["type"] != "payment.recorded" {
            continue;
        }
        let host_ref = text(&event["data"]["host_ref"]);
        if !town.linked.iter().any(|linked| linked.host_ref == host_ref) {
            continue;
        }
        let told = chrono::DateTime::parse_from_rfc3339(event["timestamp"].as_str().unwrap()).unwrap();
        let made_ms = made[&text(&event["data"]["xero_payment_id"])];
        let took_s = town
            .moved_by(told.timestamp_millis())
            .saturating_sub(town.moved_by(made_ms));
        longest_s = longest_s.max(took_s);
        count += 1;
    }
    assert_eq!(count, town.edited_at.len(), "each was told once");
    assert!(longest_s <= seconds, "{longest_s} s");
}
