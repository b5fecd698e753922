//! Webhooks: signatures, events, and what goes wrong on their way.

use serde_json::Value;

use super::desk::Desk;
use crate::sandbox::webhooks::sign;

#[test]
fn behaviour_36_the_signature_matches_a_published_vector() {
    let body = br#"{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, "entropy": "NLDZEGWUXNHESAQVGLYF"}"#;
    assert_eq!(sign("test_key", body), "ixznmr+Pdl6QymsWZM+9UkY4lu97q04sJyejmSOp25U=");
}

#[test]
fn behaviour_36_changes_become_signed_events() {
    let mut desk = Desk::new();
    desk.invoice("W-0", "DRAFT");
    assert!(desk.world.take_deliveries(desk.now).is_empty(), "nobody has subscribed");
    desk.control(
        "POST",
        "webhooks",
        r#"{"url":"http://127.0.0.1:1/hook","delay_ms":500}"#,
    );
    let id = desk.invoice("W-1", "AUTHORISED")["InvoiceID"].clone();
    assert!(desk.world.take_deliveries(desk.now).is_empty(), "not due yet");
    desk.pass(500);
    let sent = desk.world.take_deliveries(desk.now);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].signature, sign(desk.world.webhook_key(), &sent[0].body));
    let body: Value = serde_json::from_slice(&sent[0].body).unwrap();
    let event = &body["events"][0];
    assert_eq!(
        (&event["resourceId"], &event["eventType"], &event["eventCategory"]),
        (&id, &"CREATE".into(), &"INVOICE".into())
    );
    assert_eq!(event["tenantId"], desk.tenant.to_string());
    assert_eq!(
        (&body["firstEventSequence"], &body["lastEventSequence"]),
        (&1.into(), &1.into())
    );

    let tenant = desk.tenant;
    desk.control(
        "POST",
        "trigger",
        &format!(r#"{{"scenario":"payment.full","tenant_id":"{tenant}","invoice_number":"W-1"}}"#),
    );
    desk.pass(500);
    let paid: Value = serde_json::from_slice(&desk.world.take_deliveries(desk.now)[0].body).unwrap();
    assert_eq!(
        paid["events"].as_array().unwrap().len(),
        1,
        "a payment raises one event, of its invoice"
    );
    assert_eq!(
        (&paid["events"][0]["resourceId"], &paid["events"][0]["eventType"]),
        (&id, &"UPDATE".into())
    );
}

#[test]
fn behaviour_36_deliveries_are_lost_or_doubled_on_request() {
    for (setting, expected) in [(r#""lose":1"#, 0), (r#""duplicate":1"#, 2), (r#""reorder":true"#, 1)] {
        let mut desk = Desk::new();
        desk.control(
            "POST",
            "webhooks",
            &format!(r#"{{"url":"http://127.0.0.1:1/hook",{setting}}}"#),
        );
        desk.invoice("W-1", "DRAFT");
        desk.pass(1_000);
        assert_eq!(desk.world.take_deliveries(desk.now).len(), expected, "{setting}");
    }
    let mut desk = Desk::new();
    assert_eq!(desk.try_control("POST", "webhooks", r#"{"url":"ftp://x"}"#).status, 400);
}
