//! What becomes of webhooks whose receiver fails, and the intent to receive.

use serde_json::{Value, json};

use super::desk::Desk;
use crate::sandbox::outbox::{Delivery, Receipt};
use crate::sandbox::webhooks::sign;

const MINUTE_MS: i64 = 60_000;

fn subscribed(more: Value) -> Desk {
    let mut desk = Desk::new();
    let mut body = json!({"url":"http://127.0.0.1:1/hook"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    desk.control("POST", "webhooks", &body.to_string());
    desk
}

fn taken(desk: &mut Desk) -> Vec<Delivery> {
    desk.world.take_deliveries(desk.now)
}

fn report(desk: &mut Desk, delivery: &Delivery, status: Option<u16>) {
    let receipt = Receipt { status, is_empty: true };
    desk.world.delivered(delivery.id, receipt, desk.now);
}

fn touch(desk: &mut Desk, name: &str) {
    let tenant = desk.tenant;
    let body = json!({"scenario":"contact.create","tenant_id":tenant,"args":{"name":name}});
    desk.control("POST", "trigger", &body.to_string());
}

fn status(desk: &mut Desk) -> Value {
    desk.control("GET", "webhooks", "")
}

fn body(delivery: &Delivery) -> Value {
    serde_json::from_slice(&delivery.body).unwrap()
}

#[test]
fn behaviour_36_a_failing_receiver_is_tried_at_once_and_every_quarter_of_an_hour_and_then_no_more() {
    let mut desk = subscribed(json!({}));
    touch(&mut desk, "A");
    let first = taken(&mut desk).remove(0);
    touch(&mut desk, "B");
    report(&mut desk, &first, Some(500));
    assert_eq!(status(&mut desk)["status"], "retry");
    let again = taken(&mut desk);
    assert_eq!(
        (again.len(), again[0].id, &again[0].body),
        (1, first.id, &first.body),
        "the same bytes, at once"
    );
    assert!(taken(&mut desk).is_empty(), "one try at a time");
    report(&mut desk, &again[0], None);
    desk.pass(15 * MINUTE_MS - 1);
    assert!(taken(&mut desk).is_empty(), "not before a quarter of an hour");
    assert_eq!(desk.world.next_delivery_ms(), Some(desk.now.document_ms + 1));
    let mut tries = 0;
    desk.pass(1);
    while let Some(probe) = taken(&mut desk).pop() {
        tries += 1;
        assert!(tries < 200, "it is never disabled");
        report(&mut desk, &probe, Some(204));
        desk.pass(15 * MINUTE_MS);
    }
    assert_eq!(tries, 96, "every quarter of an hour for a day; 204 is not 200");
    let stands = status(&mut desk);
    assert_eq!((&stands["status"], &stands["waiting"]), (&json!("disabled"), &json!(2)));
    touch(&mut desk, "C");
    desk.pass(86_400_000);
    assert!(taken(&mut desk).is_empty());
    desk.control("POST", "webhooks/intent", "");
    for post in taken(&mut desk) {
        let right = sign(desk.world.webhook_key(), &post.body) == post.signature;
        report(&mut desk, &post, Some(if right { 200 } else { 401 }));
    }
    assert_eq!(status(&mut desk)["status"], "ok");
    let kept = taken(&mut desk);
    let firsts: Vec<_> = kept
        .iter()
        .map(|post| body(post)["firstEventSequence"].as_i64().unwrap())
        .collect();
    assert_eq!(firsts, [1, 2, 3], "everything that waited, in order");
}

#[test]
fn behaviour_36_events_wait_for_a_disabled_receiver_for_31_days() {
    const DAY_MS: i64 = 1_440 * MINUTE_MS;
    let mut desk = subscribed(json!({}));
    touch(&mut desk, "A");
    let mut tries = 0;
    while status(&mut desk)["status"] != "disabled" {
        tries += 1;
        assert!(tries < 200, "it is never disabled");
        for delivery in taken(&mut desk) {
            report(&mut desk, &delivery, None);
        }
        desk.pass(15 * MINUTE_MS);
    }
    touch(&mut desk, "B");
    desk.pass(30 * DAY_MS);
    touch(&mut desk, "C");
    assert!(taken(&mut desk).is_empty());
    desk.control("POST", "webhooks/intent", "");
    for delivery in taken(&mut desk) {
        let is_right = delivery.signature == sign(desk.world.webhook_key(), &delivery.body);
        report(&mut desk, &delivery, Some(if is_right { 200 } else { 401 }));
    }
    let numbers: Vec<Value> = taken(&mut desk)
        .iter()
        .map(|delivery| body(delivery)["firstEventSequence"].clone())
        .collect();
    assert_eq!(numbers, [json!(2), json!(3)], "the oldest is more than 31 days old");
}

#[test]
fn behaviour_36_one_right_answer_ends_the_retries_and_sends_what_waited() {
    let mut desk = subscribed(json!({}));
    touch(&mut desk, "A");
    touch(&mut desk, "B");
    let both = taken(&mut desk);
    report(&mut desk, &both[0], Some(503));
    report(&mut desk, &both[1], Some(503));
    let probe = taken(&mut desk);
    assert_eq!(probe.iter().map(|post| post.id).collect::<Vec<_>>(), [both[0].id]);
    report(&mut desk, &probe[0], Some(200));
    assert_eq!(status(&mut desk)["status"], "ok");
    let rest = taken(&mut desk);
    assert_eq!(rest.iter().map(|post| post.id).collect::<Vec<_>>(), [both[1].id]);
    report(&mut desk, &rest[0], Some(200));
    let log = desk.control("GET", "webhooks/deliveries", "");
    let rows: Vec<_> = log["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (&row["status"], &row["attempt"], &row["accepted"]))
        .collect();
    assert_eq!(
        rows,
        [
            (&json!(503), &json!(1), &json!(false)),
            (&json!(503), &json!(1), &json!(false)),
            (&json!(200), &json!(2), &json!(true)),
            (&json!(200), &json!(2), &json!(true)),
        ]
    );
}

#[test]
fn behaviour_36_the_clock_moves_the_retries_along() {
    let mut desk = subscribed(json!({}));
    touch(&mut desk, "A");
    for _ in 0..2 {
        let post = taken(&mut desk).remove(0);
        report(&mut desk, &post, None);
    }
    assert!(taken(&mut desk).is_empty());
    desk.control("POST", "clock", r#"{"advance_s":900}"#);
    assert_eq!(taken(&mut desk).len(), 1);
}

#[test]
fn behaviour_36_the_intent_to_receive_is_shown_by_telling_every_signature_apart() {
    let mut desk = subscribed(json!({"intent":true}));
    assert_eq!(status(&mut desk)["status"], "intent_asked");
    touch(&mut desk, "A");
    let posts = taken(&mut desk);
    let key = desk.world.webhook_key().to_owned();
    let right: Vec<bool> = posts
        .iter()
        .map(|post| sign(&key, &post.body) == post.signature)
        .collect();
    assert_eq!(right, [true, false, false, true, false], "no events meanwhile");
    for post in &posts {
        let text = String::from_utf8(post.body.clone()).unwrap();
        let start = r#"{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, "entropy": ""#;
        assert!(text.starts_with(start), "{text}");
    }
    // A receiver that says 200 to everything.
    for post in &posts {
        report(&mut desk, post, Some(200));
    }
    assert_eq!(status(&mut desk)["status"], "intent_failed");
    assert!(taken(&mut desk).is_empty(), "events still wait");
    desk.control("POST", "webhooks/intent", "");
    let posts = taken(&mut desk);
    for (post, right) in posts.iter().zip(&right) {
        report(&mut desk, post, Some(if *right { 200 } else { 401 }));
    }
    assert_eq!(status(&mut desk)["status"], "ok");
    assert_eq!(body(&taken(&mut desk)[0])["events"][0]["eventCategory"], "CONTACT");
    let log = desk.control("GET", "webhooks/deliveries", "");
    let last = log["data"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&last["purpose"], &last["rightly_signed"]),
        (&json!("intent"), &json!(false))
    );
}

#[test]
fn behaviour_36_an_answer_with_a_body_or_none_at_all_shows_no_intent() {
    for receipt in [
        Receipt {
            status: Some(200),
            is_empty: false,
        },
        Receipt {
            status: None,
            is_empty: true,
        },
    ] {
        let mut desk = subscribed(json!({"intent":true}));
        for (at, post) in taken(&mut desk).into_iter().enumerate() {
            let right = sign(desk.world.webhook_key(), &post.body) == post.signature;
            let good = Receipt {
                status: Some(if right { 200 } else { 401 }),
                is_empty: true,
            };
            desk.world
                .delivered(post.id, if at == 0 { receipt } else { good }, desk.now);
        }
        assert_eq!(status(&mut desk)["status"], "intent_failed", "{receipt:?}");
    }
}

#[test]
fn behaviour_36_events_of_one_span_go_into_one_post() {
    let mut desk = subscribed(json!({"batch_ms":2000}));
    desk.invoice("W-1", "AUTHORISED");
    touch(&mut desk, "A");
    desk.tenant = desk.world.tenants()[1].tenant_id;
    touch(&mut desk, "B");
    assert!(taken(&mut desk).is_empty(), "still gathering");
    desk.pass(2_000);
    let posts = taken(&mut desk);
    assert_eq!(posts.len(), 1);
    let body = body(&posts[0]);
    let events = body["events"].as_array().unwrap();
    let categories: Vec<_> = events
        .iter()
        .map(|event| event["eventCategory"].as_str().unwrap())
        .collect();
    assert_eq!(categories, ["INVOICE", "CONTACT", "CONTACT"]);
    assert_eq!(
        (&body["firstEventSequence"], &body["lastEventSequence"]),
        (&json!(1), &json!(3))
    );
    assert_ne!(events[1]["tenantId"], events[2]["tenantId"]);
}

#[test]
fn behaviour_36_lost_posts_leave_a_gap_in_the_numbers_and_no_retry() {
    let mut desk = subscribed(json!({}));
    desk.control("POST", "trigger", r#"{"scenario":"webhook.lost","args":{"count":2}}"#);
    for name in ["A", "B", "C"] {
        touch(&mut desk, name);
    }
    let posts = taken(&mut desk);
    assert_eq!(posts.len(), 1);
    assert_eq!(body(&posts[0])["firstEventSequence"], 3);
    let refused = desk.try_control("POST", "trigger", r#"{"scenario":"webhook.lost","args":{"n":2}}"#);
    assert_eq!(refused.status, 400);
}

#[test]
fn behaviour_36_deliveries_overtake_each_other_on_request_and_as_the_seed_says() {
    let order = || {
        let mut desk = subscribed(json!({"reorder":true}));
        for at in 0..12 {
            touch(&mut desk, &format!("N{at}"));
        }
        desk.pass(1_000);
        let posts = taken(&mut desk);
        posts
            .iter()
            .map(|post| body(post)["firstEventSequence"].as_i64().unwrap())
            .collect::<Vec<_>>()
    };
    let seen = order();
    let mut sorted = seen.clone();
    sorted.sort_unstable();
    assert_ne!(seen, sorted);
    assert_eq!(sorted, (1..=12).collect::<Vec<_>>());
    assert_eq!(seen, order(), "one seed, one course");
}

#[test]
fn behaviour_36_a_subscription_to_the_app_is_an_event_of_the_application() {
    let mut desk = subscribed(json!({}));
    for (scenario, kind) in [("subscription.created", "CREATE"), ("subscription.updated", "UPDATE")] {
        let made = desk.control("POST", "trigger", &json!({"scenario":scenario}).to_string());
        let event = body(&taken(&mut desk)[0])["events"][0].clone();
        assert_eq!(
            (&event["eventCategory"], &event["eventType"]),
            (&json!("SUBSCRIPTION"), &json!(kind))
        );
        assert_eq!(
            (&event["tenantType"], &event["resourceId"]),
            (&json!("APPLICATION"), &made["id"])
        );
        let url = event["resourceUrl"].as_str().unwrap();
        assert!(url.ends_with(made["id"].as_str().unwrap()), "{url}");
    }
}

#[test]
fn behaviour_36_payments_raise_the_event_of_their_invoice_with_its_address() {
    let mut desk = subscribed(json!({}));
    let id = desk.invoice("W-1", "AUTHORISED")["InvoiceID"]
        .as_str()
        .unwrap()
        .to_owned();
    taken(&mut desk);
    let tenant = desk.tenant;
    for scenario in ["payment.full", "payment.delete"] {
        let body_of = json!({"scenario":scenario,"tenant_id":tenant,"invoice_number":"W-1"});
        desk.control("POST", "trigger", &body_of.to_string());
        let posts = taken(&mut desk);
        assert_eq!(posts.len(), 1);
        let events = body(&posts[0])["events"].clone();
        assert_eq!(events.as_array().unwrap().len(), 1);
        assert_eq!(
            events[0]["resourceUrl"],
            format!("https://api.xero.com/api.xro/2.0/Invoices/{id}")
        );
        assert_eq!(
            (&events[0]["eventType"], &events[0]["eventCategory"]),
            (&json!("UPDATE"), &json!("INVOICE"))
        );
    }
}

#[test]
fn subscriptions_that_make_no_sense_are_refused() {
    let mut desk = Desk::new();
    assert_eq!(status(&mut desk)["status"], "off");
    assert_eq!(desk.try_control("POST", "webhooks/intent", "").status, 400);
    for (body, word) in [
        (json!({"intent":true}), "intent needs url"),
        (json!({"url":"http://"}), "must start with http:// and name a host"),
        (json!({"url":"http://x","delay_ms":-1}), "delay_ms must be milliseconds"),
        (
            json!({"url":"http://x","batch_ms":"soon"}),
            "batch_ms must be milliseconds",
        ),
        (json!({"url":"http://x","lose":2}), "lose must be a number from 0 to 1"),
        (json!({"url":"http://x","reorder":"x"}), "reorder must be true or false"),
        (json!({"url":"http://x","retry":1}), "unknown key 'retry'"),
    ] {
        let reply = desk.try_control("POST", "webhooks", &body.to_string());
        assert!(
            reply.status == 400 && reply.text.contains(word),
            "{body}: {}",
            reply.text
        );
    }
    assert_eq!(desk.try_control("DELETE", "webhooks/intent", "").status, 405);
}
