//! `Idempotency-Key`.

use super::fixture::{World, body};

const DAY_MS: i64 = 24 * 3_600_000;

#[test]
fn the_same_request_with_the_same_key_is_carried_out_once() {
    let world = World::start();
    let key = [("idempotency-key", "k-1")];
    let sent = body("INV-1").to_string();
    let put = |text: &str| world.client.send("PUT", &world.path("A"), &key, text);
    let first = put(&sent);
    assert_eq!(first.status, 201);
    assert_eq!(first.header("idempotency-replayed"), None);
    let again = put(&sent);
    assert_eq!((again.status, &again.text), (201, &first.text));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.header("etag"), first.header("etag"));
    assert_eq!(world.house.rows().puts, 1);
    // Another body, path or method under the key is refused.
    put(&body("INV-2").to_string()).is_problem("idempotency_mismatch");
    let other = world.client.send("PUT", &world.path("B"), &key, &sent);
    other.is_problem("idempotency_mismatch");
    // After a day it is a new request.
    world.advance_ms(DAY_MS - 1);
    assert_eq!(put(&sent).header("idempotency-replayed"), Some("true"));
    world.advance_ms(1);
    assert_eq!(put(&sent).header("idempotency-replayed"), None);
    assert_eq!(world.house.rows().puts, 2);
}

#[test]
fn a_replayed_operation_names_where_it_is() {
    let world = World::start();
    world.given("A");
    let path = format!("{}/resync", world.path("A"));
    let key = [("idempotency-key", "k")];
    let first = world.client.send("POST", &path, &key, "");
    let again = world.client.send("POST", &path, &key, "");
    assert_eq!(first.header("location"), again.header("location"));
    assert_eq!(world.house.rows().operations.len(), 1);
}

#[test]
fn while_one_is_carried_out_the_other_is_told_so() {
    let world = World::start();
    let (open, gate) = tokio::sync::oneshot::channel();
    world.house.rows().gate = Some(gate);
    let (client, path) = (world.client.clone(), world.path("A"));
    let sent = body("I").to_string();
    let for_first = sent.clone();
    let first = std::thread::spawn(move || client.send("PUT", &path, &[("idempotency-key", "k")], &for_first));
    while world.house.rows().puts == 0 {
        std::thread::yield_now();
    }
    let key = [("idempotency-key", "k")];
    let second = world.client.send("PUT", &world.path("A"), &key, &sent);
    second.is_problem("idempotency_in_progress");
    let other = world.client.send("PUT", &world.path("A"), &key, &body("J").to_string());
    other.is_problem("idempotency_mismatch");
    open.send(()).expect("the first waits");
    assert_eq!(first.join().expect("it ends").status, 201);
    let third = world.client.send("PUT", &world.path("A"), &key, &sent);
    assert_eq!(third.header("idempotency-replayed"), Some("true"));
}

#[test]
fn a_write_whose_caller_went_away_is_carried_through_and_kept() {
    use std::io::Write;
    let world = World::start();
    let (open, gate) = tokio::sync::oneshot::channel();
    world.house.rows().gate = Some(gate);
    let sent = body("I").to_string();
    let length = sent.len().to_string();
    let headers = [
        ("content-type", "application/json"),
        ("content-length", length.as_str()),
        ("idempotency-key", "k"),
    ];
    let head = world.client.head("PUT", &world.path("A"), &headers);
    let mut stream = world.client.connect();
    stream
        .write_all(format!("{head}\r\n{sent}").as_bytes())
        .expect("it is taken");
    while world.house.rows().puts == 0 {
        std::thread::yield_now();
    }
    drop(stream);
    open.send(()).expect("the write waits");
    while world.house.rows().receipts.is_empty() {
        std::thread::yield_now();
    }
    assert_eq!(world.house.rows().puts, 1);
}

#[test]
fn refusals_are_not_kept() {
    let world = World::start();
    let key = [("idempotency-key", "k")];
    let bad = world.client.send("PUT", &world.path("A"), &key, "{}");
    bad.is_problem("validation_failed");
    world.house.rows().refuse_next = Some(crate::actors::control::Refused::Busy);
    let sent = body("I").to_string();
    world
        .client
        .send("PUT", &world.path("A"), &key, &sent)
        .is_problem("busy");
    assert_eq!(world.client.send("PUT", &world.path("A"), &key, &sent).status, 201);
}

#[test]
fn a_key_that_cannot_be_used_is_refused() {
    let world = World::start();
    let long = "k".repeat(129);
    for key in ["", "caf\u{e9}", &long] {
        let key = [("idempotency-key", key)];
        let answer = world.client.send("PUT", &world.path("A"), &key, &body("I").to_string());
        answer.is_problem("invalid_idempotency_key");
    }
    let longest = "k".repeat(128);
    let key = [("idempotency-key", longest.as_str())];
    let answer = world.client.send("PUT", &world.path("A"), &key, &body("I").to_string());
    assert_eq!(answer.status, 201);
}
