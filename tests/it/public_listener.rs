//! The public listener: who is let in, and what it costs to keep the others out.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::pull::hundred;
use crate::support::{Answer, now, sale, until};
use crate::webhooks::{HOOK, house, post, private, sign, told};

#[test]
fn forged_and_replayed_webhooks_change_nothing_and_are_counted() {
    let house = house();
    house.synced("SO-1", &sale("INV-1"));
    let id = house.sandbox.only(house.theirs(), "INV-1")["InvoiceID"].clone();
    let body = told(house.theirs(), "INVOICE", id.as_str().unwrap(), 1);
    let right = sign(&house.sandbox.webhook_key, &body);
    let before = house.sandbox.latest_seq();
    let forged = [
        None,
        Some(String::new()),
        Some("nonsense".to_owned()),
        Some(sign("another-key", &body)),
        Some(sign(&house.sandbox.webhook_key, &body.replace("UPDATE", "CREATE"))),
        Some(format!("{right}=")),
        Some(right.to_lowercase()),
    ];
    for signature in &forged {
        let answer = house.post(&body, signature.as_deref());
        assert_eq!((answer.status, answer.text.as_str()), (401, ""), "{signature:?}");
        assert!(!answer.headers.contains_key("set-cookie"), "{answer:?}");
    }
    let twice = [
        ("x-xero-signature", right.as_str()),
        ("x-xero-signature", right.as_str()),
    ];
    assert_eq!(house.daemon.public().send("POST", HOOK, &twice, &body).status, 401);
    house.until_received("bad_signature", 8);
    assert_eq!(house.sandbox.calls_since(before), Vec::<Value>::new());

    house.post_signed(&body);
    house.until_received("accepted", 1);
    for _ in 0..20 {
        house.post_signed(&body);
    }
    house.until_received("duplicate", 20);
    assert_eq!(house.events("rung"), 1);
    let log = house.daemon.process.log.all();
    let told = log
        .iter()
        .filter(|line| line.contains("without a right signature"))
        .count();
    assert_eq!(told, 1, "a flood of forgeries does not fill the log");
}

#[test]
fn a_key_is_replaced_without_losing_a_webhook() {
    let house = house();
    let theirs = house.theirs().to_owned();
    let new_key = private(&house, "webhook-key-new", "bmV3LWtleS1vZi10aGUtYXBw");
    let old_key = house.folder().join("webhook-key").display().to_string();
    let id = "717f2bfc-c6d4-41fd-b238-3f2f0c0cf777";
    let status_of = |key: &str, number: u64| {
        let body = told(&theirs, "INVOICE", id, number);
        house.post(&body, Some(&sign(key, &body))).status
    };
    let reload = |files: &Value| {
        let before = house.daemon.process.log.all().len();
        let config = house.config.clone();
        config.set_raw("public.webhook_key_files", &files.to_string()).write();
        house.daemon.process.signal(Signal::HUP);
        until(15, "the reload", || {
            let lines = house.daemon.process.log.all().split_off(before);
            lines.iter().any(|line| line.contains("reload: applied")).then_some(())
        });
    };
    let old = house.sandbox.webhook_key.clone();
    assert_eq!(
        (status_of(&old, 1), status_of("bmV3LWtleS1vZi10aGUtYXBw", 1)),
        (200, 401)
    );
    reload(&json!([old_key, new_key]));
    until(10, "both keys", || {
        (status_of("bmV3LWtleS1vZi10aGUtYXBw", 2) == 200).then_some(())
    });
    assert_eq!(status_of(&old, 3), 200);
    let status = house.daemon.api.get("/v1/status").ok(200);
    let used: Vec<bool> = status["webhooks"]["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["last_used_at"].is_string())
        .collect();
    assert_eq!(used, [true, true], "{status:#}");
    reload(&json!([new_key]));
    until(10, "the old key to be refused", || {
        (status_of(&old, 4) == 401).then_some(())
    });
    assert_eq!(status_of("bmV3LWtleS1vZi10aGUtYXBw", 5), 200);
    // The same file with another key in it.
    private(&house, "webhook-key-new", "dGhpcmQta2V5");
    reload(&json!([new_key]));
    until(10, "the third key", || {
        (status_of("dGhpcmQta2V5", 6) == 200).then_some(())
    });
    let log = house.daemon.process.log.all().join("\n");
    for key in [old.as_str(), "bmV3LWtleS1vZi10aGUtYXBw", "dGhpcmQta2V5"] {
        assert!(!log.contains(key), "a key is in the log");
    }
}

#[test]
fn the_intent_to_receive_is_shown() {
    let house = house();
    house.subscribe(&json!({ "intent": true }));
    let status = until(15, "Xero to be content", || {
        let status = house.sandbox.api.get("/_sandbox/webhooks").ok(200);
        (status["status"] == "ok").then_some(status)
    });
    assert_eq!(status["waiting"], 0, "{status:#}");
    let deliveries = house.sandbox.api.get("/_sandbox/webhooks/deliveries").ok(200);
    let deliveries = deliveries["data"].as_array().unwrap();
    assert_eq!(deliveries.len(), 5, "{deliveries:#?}");
    assert!(house.received("intent_to_receive") >= 1);
    house.until_received("bad_signature", 3);
    let status = house.daemon.api.get("/v1/status").ok(200);
    assert_eq!(status["webhooks"]["status"], "on", "{status:#}");
}

#[test]
fn a_flood_is_answered_and_costs_xero_a_few_calls() {
    const SENDERS: u64 = 8;
    const EACH: u64 = 125;
    let house = house();
    house.synced("SO-1", &hundred("INV-1"));
    let id = house.sandbox.only(house.theirs(), "INV-1")["InvoiceID"].clone();
    let before = house.sandbox.latest_seq();
    let slowest = std::thread::scope(|scope| {
        let (house, id) = (&house, &id);
        let threads: Vec<_> = (0..SENDERS)
            .map(|sender| {
                scope.spawn(move || {
                    let send = |nth: u64| {
                        let body = told(house.theirs(), "INVOICE", id.as_str().unwrap(), 1 + sender * EACH + nth);
                        let began = now();
                        house.post_signed(&body);
                        began.elapsed()
                    };
                    (0..EACH).map(send).max().unwrap()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).max().unwrap()
    });
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    house.until_received("accepted", SENDERS * EACH);
    let calls = house.sandbox.calls_since(before).len();
    assert!(calls <= 25, "{calls} calls");
    house.sandbox.assert_no_violations();
}

#[test]
fn the_listener_takes_one_path_one_method_and_bounded_bodies() {
    use std::io::{Read, Write};
    let house = house();
    let public = house.daemon.public();
    let empty = |answer: &Answer| {
        assert_eq!(answer.text, "", "{answer:?}");
        let told: Vec<&str> = answer.headers.keys().map(String::as_str).collect();
        let allowed = ["allow", "connection", "content-length", "date"];
        assert!(told.iter().all(|name| allowed.contains(name)), "{told:?}");
        answer.status
    };
    for (method, path, expected) in [
        ("GET", HOOK, 405),
        ("PUT", HOOK, 405),
        ("POST", "/", 404),
        ("GET", "/v1/status", 404),
        ("GET", "/metrics", 404),
        ("POST", "/xero/webhook/", 404),
        ("POST", "/xero//webhook", 404),
        ("OPTIONS", "*", 404),
    ] {
        assert_eq!(empty(&public.send(method, path, &[], "")), expected, "{method} {path}");
    }
    let large = "x".repeat((1 << 20) + 1);
    let signature = sign(&house.sandbox.webhook_key, &large);
    assert_eq!(empty(&post(&public, &large, Some(&signature))), 413);
    let largest = "x".repeat(1 << 20);
    let signature = sign(&house.sandbox.webhook_key, &largest);
    assert_eq!(empty(&post(&public, &largest, Some(&signature))), 200);
    // A body that never ends, and one that never comes.
    let head = |framing: &str| {
        format!("POST {HOOK} HTTP/1.1\r\nHost: x\r\nx-xero-signature: {signature}\r\n{framing}\r\n\r\n")
    };
    let raw = |text: &str| {
        let mut stream = std::net::TcpStream::connect(&public.addr).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _closed_or_reset = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    };
    let began = now();
    let chunks = "10000\r\n".to_owned() + &"x".repeat(0x10000) + "\r\n";
    let endless = raw(&(head("transfer-encoding: chunked") + &chunks.repeat(17)));
    assert!(endless.starts_with("HTTP/1.1 413"), "{endless}");
    let late = raw(&(head("content-length: 100") + "x"));
    assert!(late.starts_with("HTTP/1.1 408"), "{late}");
    let no_head = raw("POST /xero/webhook HTTP/1.1\r\nHost: x\r\n");
    assert!(!no_head.contains("200"), "{no_head}");
    assert!(began.elapsed() < Duration::from_secs(16), "each ends in five seconds");
    assert_eq!(house.received("too_large"), 2);
    assert_eq!(house.received("too_slow"), 1);
    let control = house.daemon.api.send("POST", HOOK, &[], "{}");
    assert_eq!(
        control.status, 404,
        "webhooks come in where they belong only: {}",
        control.text
    );
}
