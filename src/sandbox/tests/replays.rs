//! `Idempotency-Key`.

use super::desk::Desk;

const BODY: &str = r#"{"Type":"ACCREC","Contact":{"Name":"A"},"LineItems":[{"Description":"x","Quantity":1,"UnitAmount":1,"AccountCode":"200"}]}"#;

fn keyed(desk: &mut Desk, key: &str, target: &str, body: &str) -> super::desk::Reply {
    let mut request = desk.request("PUT", target, body);
    request.headers.push(("Idempotency-Key".into(), key.into()));
    desk.send(&request)
}

fn count(desk: &Desk) -> usize {
    desk.world.books(desk.tenant).unwrap().invoices().len()
}

#[test]
fn behaviour_12_a_key_lives_six_minutes_of_real_time() {
    let mut desk = Desk::new();
    let first = keyed(&mut desk, "k", "Invoices", BODY);
    desk.now.real_ms += 359_999;
    let replay = keyed(&mut desk, "k", "Invoices", BODY);
    assert_eq!((replay.text, count(&desk)), (first.text, 1));
    desk.control("POST", "clock", r#"{"advance_s":86400}"#);
    desk.log_in();
    assert_eq!(
        (keyed(&mut desk, "k", "Invoices", BODY).status, count(&desk)),
        (200, 1),
        "document time does not matter"
    );
    desk.now.real_ms += 1;
    keyed(&mut desk, "k", "Invoices", BODY);
    assert_eq!(count(&desk), 2, "afterwards the key is a new one");
}

#[test]
fn behaviour_12_another_request_under_the_same_key_is_refused() {
    let mut desk = Desk::new();
    keyed(&mut desk, "k", "Invoices", BODY);
    for (target, body) in [
        ("Invoices", "{}"),
        ("Invoices?summarizeErrors=false", BODY),
        ("Contacts", BODY),
    ] {
        let reply = keyed(&mut desk, "k", target, body);
        assert!(
            reply.status == 400
                && reply
                    .text
                    .contains("Idempotency Key: k is used with a different request."),
            "{}",
            reply.text
        );
    }
    assert_eq!(keyed(&mut desk, &"x".repeat(129), "Invoices", BODY).status, 400);
    assert_eq!(keyed(&mut desk, &"x".repeat(128), "Invoices", BODY).status, 200);
}

#[test]
fn behaviour_12_errors_are_cached_and_limits_come_first() {
    let mut desk = Desk::new();
    let bad = BODY.replace("200", "nope");
    let refused = keyed(&mut desk, "e", "Invoices", &bad);
    assert_eq!(refused.status, 400);
    assert_eq!(keyed(&mut desk, "e", "Invoices", &bad).text, refused.text);
    // A 500 after the write is what a replay gets, too.
    desk.control("POST", "faults", r#"{"fault":"error_after_write"}"#);
    assert_eq!(keyed(&mut desk, "f", "Invoices", BODY).status, 500);
    assert_eq!((keyed(&mut desk, "f", "Invoices", BODY).status, count(&desk)), (500, 1));
    desk.control("POST", "limits", r#"{"minute":0}"#);
    assert_eq!(
        keyed(&mut desk, "f", "Invoices", BODY).status,
        429,
        "replays spend budget"
    );
    // A 429 is not kept under the key.
    desk.control("POST", "limits", r#"{"minute":60}"#);
    assert_eq!(keyed(&mut desk, "g", "Invoices", BODY).status, 200);
}

#[test]
fn behaviour_12_a_lost_answer_is_replayed_within_six_minutes_and_doubled_after_seven() {
    let mut desk = Desk::new();
    let lost = r#"{"fault":"drop_reply_after_write"}"#;
    desk.control("POST", "faults", lost);
    keyed(&mut desk, "k", "Invoices", BODY);
    assert_eq!(keyed(&mut desk, "k", "Invoices", BODY).status, 200);
    assert_eq!(count(&desk), 1, "the key answers what was lost");
    desk.control("POST", "faults", lost);
    keyed(&mut desk, "l", "Invoices", BODY);
    desk.pass(420_000);
    assert_eq!(keyed(&mut desk, "l", "Invoices", BODY).status, 200);
    assert_eq!(
        count(&desk),
        3,
        "the key is forgotten: only the caller could have known"
    );
}

#[test]
fn behaviour_12_keys_mean_nothing_on_reads_and_one_key_serves_one_organisation() {
    let mut desk = Desk::new();
    let mut read = desk.request("GET", "Invoices", "");
    read.headers.push(("Idempotency-Key".into(), "r".into()));
    let before = desk.send(&read).text;
    keyed(&mut desk, "w", "Invoices", BODY);
    assert_ne!(desk.send(&read).text, before, "reads are never replayed");
    keyed(&mut desk, "k", "Contacts", r#"{"Name":"N"}"#);
    desk.tenant = desk.world.tenants()[1].tenant_id;
    let replayed = keyed(&mut desk, "k", "Contacts", r#"{"Name":"N"}"#);
    assert_eq!(replayed.status, 200);
    let contacts = desk.world.books(desk.tenant).unwrap().contacts();
    assert!(
        contacts.iter().all(|contact| contact.name != "N"),
        "keys belong to the app: the other one's answer came back"
    );
}
