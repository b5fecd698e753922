use uuid::Uuid;

use crate::model::ids::XeroTenantId;
use crate::model::secret::SecretString;
use crate::model::time::Timestamp;
use crate::xero::webhook::{Category, Delivery, Key, Keys, Told, read};

const BODY: &[u8] =
    br#"{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, "entropy": "NLDZEGWUXNHESAQVGLYF"}"#;
/// A published vector for the key `test_key`.
const SIGNATURE: &str = "ixznmr+Pdl6QymsWZM+9UkY4lu97q04sJyejmSOp25U=";
const TENANT: &str = "e6f3cb39-9d6d-4f41-a3b4-1f1a2a0e4c11";
const RESOURCE: &str = "717f2bfc-c6d4-41fd-b238-3f2f0c0cf777";

fn key(source: &str, secret: &str) -> Key {
    Key::new(source.to_owned(), SecretString::from(secret))
}

/// The source of the key that signed this.
fn signed_by(keys: &Keys, body: &[u8], signature: &str) -> Option<String> {
    let signed = keys.verify(body, Keys::signature(signature.as_bytes())?)?;
    let found = keys.iter().find(|key| key.id() == signed.key);
    Some(found.unwrap().source.clone())
}

#[test]
fn only_the_very_bytes_that_a_key_signed_are_taken() {
    let keys = Keys::new(vec![key("new", "another_key"), key("old", "test_key")]);
    let old = Some("old".to_owned());
    assert_eq!(signed_by(&keys, BODY, SIGNATURE), old);
    assert_eq!(
        signed_by(&Keys::new(vec![key("new", "another_key")]), BODY, SIGNATURE),
        None
    );
    assert_eq!(signed_by(&Keys::default(), BODY, SIGNATURE), None);
    // The same JSON, tidied up.
    let tidied: serde_json::Value = serde_json::from_slice(BODY).unwrap();
    assert_eq!(signed_by(&keys, tidied.to_string().as_bytes(), SIGNATURE), None);
    assert_eq!(signed_by(&keys, b"", SIGNATURE), None);
    // Every other signature that differs in one character, and what is no signature.
    for at in 0..SIGNATURE.len() {
        let mut wrong = SIGNATURE.as_bytes().to_vec();
        wrong[at] = if wrong[at] == b'A' { b'B' } else { b'A' };
        let wrong = String::from_utf8(wrong).unwrap();
        assert_eq!(signed_by(&keys, BODY, &wrong), None, "{wrong}");
    }
    let shorter = "ixznmr+Pdl6QymsWZM+9UkY4lu97q04sJyejmSOp";
    let doubled = format!("{SIGNATURE}{SIGNATURE}");
    let hex = "8b1ce79abf8f765e90ca6b1664cfbd524638";
    for no_signature in [
        "",
        "=",
        shorter,
        &doubled,
        hex,
        "ixznmr+Pdl6QymsWZM-9UkY4lu97q04sJyejmSOp25U=",
    ] {
        assert_eq!(Keys::signature(no_signature.as_bytes()), None, "{no_signature}");
    }
    // The last character of a signature carries four bits only: others with the same four are not base64.
    assert_eq!(Keys::signature(b"ixznmr+Pdl6QymsWZM+9UkY4lu97q04sJyejmSOp25V="), None);
}

#[test]
fn a_key_shows_nothing_of_itself() {
    let keys = Keys::new(vec![key("new", "s3cr3t-canary")]);
    assert!(!format!("{keys:?}").contains("canary"));
}

fn event(category: &str, more: &str) -> String {
    format!(r#"{{"tenantId":"{TENANT}","eventCategory":"{category}","resourceId":"{RESOURCE}"{more}}}"#)
}

fn body(events: &[String]) -> Vec<u8> {
    let events = events.join(",");
    format!(r#"{{"events":[{events}],"lastEventSequence": 9,"firstEventSequence": 8,"entropy":"X","more":{{}}}}"#)
        .into_bytes()
}

#[test]
fn every_spelling_that_was_seen_is_read() {
    let rows = [
        ("INVOICE", r#","eventType":"CREATE""#, Category::Invoice, true),
        ("INVOICE", r#","eventType":"Update""#, Category::Invoice, true),
        ("Contact", r#","eventType":"update""#, Category::Contact, true),
        (
            "CREDITNOTE",
            r#","eventType":"CREATE","data":{"Type":"ACCRECCREDIT","Status":"PAID"}"#,
            Category::CreditNote,
            true,
        ),
        (
            "PREPAYMENT",
            r#","eventType":"CREATE","data":[1]"#,
            Category::Prepayment,
            true,
        ),
        ("OVERPAYMENT", r#","eventType":"CREATE""#, Category::Overpayment, true),
        ("PAYMENT", r#","eventType":"CREATE""#, Category::Payment, true),
        ("PAYMENTS", r#","eventType":"CREATE""#, Category::Payment, true),
        ("SUBSCRIPTION", r#","eventType":"CREATE""#, Category::Subscription, true),
        ("QUOTE", r#","eventType":"CREATE""#, Category::Other, true),
        ("INVOICE", r#","eventType":"EXPLODE""#, Category::Invoice, false),
        ("INVOICE", "", Category::Invoice, false),
    ];
    for (category, more, expected, is_known_type) in rows {
        let delivery = read(&body(&[event(category, more)])).unwrap();
        let told = Told {
            tenant: TENANT.parse().unwrap(),
            category: expected,
            is_known_type,
            resource: Some(Uuid::parse_str(RESOURCE).unwrap()),
            changed_at: None,
        };
        let wanted = Delivery {
            events: vec![told],
            unreadable_count: 0,
            first: 8,
            last: 9,
        };
        assert_eq!(delivery, wanted, "{category} {more}");
    }
}

#[test]
fn moments_have_a_zone_or_none_and_two_or_three_decimals() {
    let rows = [
        ("2024-06-21T01:15:39.902", Some(1_718_932_539_902)),
        ("2024-06-21T01:15:39.90", Some(1_718_932_539_900)),
        ("2024-06-21T01:15:39.902Z", Some(1_718_932_539_902)),
        ("2024-06-21T03:15:39.902+02:00", Some(1_718_932_539_902)),
        ("2024-06-21T01:15:39", Some(1_718_932_539_000)),
        ("yesterday", None),
        ("", None),
    ];
    for (text, expected) in rows {
        let told = read(&body(&[event("INVOICE", &format!(r#","eventDateUtc":"{text}""#))])).unwrap();
        assert_eq!(told.events[0].changed_at, expected.map(Timestamp), "{text}");
    }
}

#[test]
fn an_event_that_cannot_be_read_spoils_no_other() {
    let good = event("INVOICE", "");
    let bad = [
        "null",
        "[]",
        "{}",
        r#"{"tenantId":"nobody","eventCategory":"INVOICE"}"#,
        r#"{"tenantId":7,"eventCategory":"INVOICE"}"#,
        &format!(r#"{{"tenantId":"{TENANT}"}}"#),
        &format!(r#"{{"tenantId":"{TENANT}","eventCategory":"INVOICE","resourceId":{{}}}}"#),
    ];
    for bad in bad {
        let delivery = read(&body(&[bad.to_owned(), good.clone()])).unwrap();
        assert_eq!((delivery.events.len(), delivery.unreadable_count), (1, 1), "{bad}");
    }
    // No document, or one that is none: still a ring.
    for id in ["null", r#""""#, r#""x""#] {
        let text = format!(r#"{{"tenantId":"{TENANT}","eventCategory":"INVOICE","resourceId":{id}}}"#);
        let delivery = read(&body(&[text])).unwrap();
        assert_eq!(delivery.events[0].tenant, TENANT.parse::<XeroTenantId>().unwrap());
        assert_eq!(delivery.events[0].resource, None);
    }
}

#[test]
fn what_is_no_webhook_is_nothing() {
    let intent = read(BODY).unwrap();
    assert_eq!(intent, Delivery::default());
    assert_eq!(read(br#"{"events":[]}"#), Some(Delivery::default()));
    // However deep, it costs no stack.
    let deep = format!("{{\"events\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(read(deep.as_bytes()).unwrap().unreadable_count, 1);
    for body in [
        &b""[..],
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        br#"{"events":{}}"#,
        br#"{"events":null}"#,
        br#"{"events":[],"firstEventSequence":"8"}"#,
        br#"{"events":[]} more"#,
    ] {
        assert_eq!(
            read(body),
            None,
            "{}",
            String::from_utf8_lossy(&body[..body.len().min(40)])
        );
    }
}
