//! What came back from Xero, shown and acknowledged.

use serde_json::{Value, json};

use super::double::NOW;
use super::fixture::World;
use crate::model::reason::ReasonCode;
use crate::model::row::{
    Alert, Badge, Credit, Difference, Disposition, Invoice, ReasonGiven, Variance, VarianceLevel, WorkOrderLink,
};
use crate::model::xero::CreditKind;

fn varied(row: &mut Invoice) {
    row.back.variance = Some(Variance {
        level: VarianceLevel::HighVariance,
        differences: vec![Difference {
            path: "/due_date".to_owned(),
            local: "2026-04-01".to_owned(),
            xero: "2026-04-15".to_owned(),
            level: VarianceLevel::Variance,
            disposition: Disposition::Protected,
        }],
        since: NOW,
        acknowledged: None,
    });
}

fn alarmed(row: &mut Invoice) {
    let reason = ReasonGiven {
        code: ReasonCode::PaymentDeleteNoMatch,
        detail: "The payment was deleted.".to_owned(),
        subject: Some("p-1".to_owned()),
        since: NOW,
    };
    row.sync.badge = Some(Badge::Failed);
    row.sync.reason = Some(reason.clone());
    row.back.alerts.push(Alert {
        reason,
        acknowledged: None,
    });
}

#[test]
fn ux_66_a_variance_is_shown_acknowledged_and_listed_while_it_is_open() {
    let world = World::start();
    world.given("A");
    world.given("B");
    world.house.change("A", varied);
    let path = format!("{}/variance", world.path("A"));
    let shown = world.client.get(&path);
    assert_eq!(shown.status, 200);
    assert_eq!(
        shown.json()["changes"],
        json!([{
            "path": "/due_date", "local": "2026-04-01", "xero": "2026-04-15", "level": "variance",
            "disposition": "protected", "disposition_label": "Protected",
        }])
    );
    let listed = |filter: &str| {
        let page = world
            .client
            .get(&world.below(&format!("/invoices?filter={filter}")))
            .json();
        page["data"].as_array().unwrap().len()
    };
    assert_eq!(
        (
            listed("variance:any"),
            listed("variance:high_variance"),
            listed("variance:variance")
        ),
        (1, 1, 0)
    );
    world
        .client
        .get(&world.below("/invoices?filter=variance:hihg_variance"))
        .is_problem("unknown_filter");
    let stale = [("if-match", "W/\"1\"")];
    let acknowledge = format!("{path}:acknowledge");
    world
        .client
        .send("POST", &acknowledge, &stale, "")
        .is_problem("etag_mismatch");
    let etag = shown.header("etag").unwrap().to_owned();
    let answer = world.client.send(
        "POST",
        &acknowledge,
        &[("if-match", &etag), ("content-type", "application/json")],
        r#"{"note":"seen"}"#,
    );
    assert_eq!(answer.status, 200, "{}", answer.text);
    let word = &answer.json()["variance"]["acknowledged"];
    assert_eq!(word["note"], "seen");
    assert!(word["by"].as_str().unwrap().starts_with("token:"), "{word}");
    assert_eq!(listed("variance:any"), 0);
    let none = world.client.get(&format!("{}/variance", world.path("B"))).json();
    assert_eq!((&none["level"], &none["changes"]), (&Value::Null, &json!([])));
}

#[test]
fn ux_19_an_alert_is_red_says_that_it_can_be_acknowledged_and_is_then_what_it_was() {
    let world = World::start();
    world.given("A");
    world.house.change("A", alarmed);
    let shown = world.client.get(&world.path("A")).json();
    assert_eq!(shown["sync"]["reason"]["title"], "Payment delete - no match");
    assert_eq!(shown["sync"]["reason"]["actionable"], false);
    assert_eq!(shown["sync"]["allowed_actions"], json!(["resync", "acknowledge"]));
    let answer = world.client.post(&format!("{}:acknowledge", world.path("A")));
    assert_eq!(answer.status, 200, "{}", answer.text);
    let invoice = answer.json();
    assert_eq!(invoice["sync"]["reason"], Value::Null);
    assert_eq!(invoice["sync"]["allowed_actions"], json!(["resync"]));
    assert_eq!(invoice["alerts"][0]["reason"]["code"], "payment_delete_no_match");
    assert!(invoice["alerts"][0]["acknowledged"]["at"].is_string());
    world
        .client
        .post(&format!("{}:acknowledge", world.path("NONE")))
        .is_problem("invoice_not_found");
}

#[test]
fn ux_69_a_payment_signal_shows_until_when_the_comparison_waits() {
    let world = World::start();
    world.given("A");
    let path = format!("{}/payment-signals", world.path("A"));
    let answer = world.client.post(&path);
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(
        answer.json()["suppression"],
        json!({"until": NOW.plus_ms(300_000).to_rfc3339(), "reason": "payment_pending", "deferred": false})
    );
    world.advance_ms(300_001);
    assert_eq!(world.client.get(&world.path("A")).json()["suppression"], Value::Null);
    let json = [("content-type", "application/json")];
    world
        .client
        .send("POST", &path, &json, r#"{"amount":"1.00"}"#)
        .is_problem("validation_failed");
}

#[test]
fn ux_50_ux_38_work_orders_and_removed_credits_are_shown() {
    let world = World::start();
    world.given("A");
    assert_eq!(world.client.get(&world.path("A")).json()["work_order"], Value::Null);
    world.house.change("A", |row| {
        row.draft.work_order_ref = Some("WO-881".to_owned());
        row.back.work_order = Some(WorkOrderLink::KeptBy(row.id));
        row.back.credits.push(Credit {
            kind: CreditKind::CreditNote,
            xero_id: crate::model::ids::XeroCreditId(uuid::Uuid::nil()),
            number: "CN-1".to_owned(),
            amount: "10".parse().unwrap(),
            date: None,
            recorded_at: NOW,
            removed_at: Some(NOW),
        });
    });
    let shown = world
        .client
        .get(&format!("{}?expand[]=credit_notes&expand[]=variance", world.path("A")))
        .json();
    let id = shown["id"].as_str().unwrap();
    assert_eq!(
        shown["work_order"],
        json!({"ref": "WO-881", "link": format!("kept_by:{id}")})
    );
    let credit = &shown["credit_notes"][0];
    assert_eq!(
        (&credit["counted"], &credit["amount"]),
        (&json!(false), &json!("10.00"))
    );
    assert_eq!(shown["differences"]["changes"], json!([]));
    assert!(shown.get("payments").is_none());
    world
        .house
        .change("A", |row| row.back.work_order = Some(WorkOrderLink::Freed));
    assert_eq!(world.client.get(&world.path("A")).json()["work_order"]["link"], "freed");
}
