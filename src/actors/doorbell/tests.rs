use super::bell::Bell;
use super::desk::Desk;
use crate::engine::event::RING_INVOICES_MAX;
use crate::model::ids::XeroInvoiceId;
use crate::model::row::StreamKind;
use crate::model::secret::SecretString;
use crate::model::time::{Mono, Now, Timestamp};
use crate::xero::webhook::{Key, KeyId, Signed};

fn at(ms: u64) -> Now {
    Now {
        wall: Timestamp(1_700_000_000_000 + i64::try_from(ms).unwrap()),
        mono: Mono(ms),
    }
}

fn invoice(nth: usize) -> XeroInvoiceId {
    XeroInvoiceId(uuid::Uuid::from_u128(u128::try_from(nth).unwrap()))
}

fn key(text: &str) -> KeyId {
    Key::new("file".to_owned(), SecretString::from(text)).id()
}

#[test]
fn a_bell_is_told_of_once_and_hands_over_everything_since() {
    let bell = Bell::default();
    assert_eq!(bell.take(), None);
    let streams = [StreamKind::Invoices];
    assert!(bell.ring(at(5), &streams, Some((invoice(1), Some(Timestamp(7)))), true));
    assert!(!bell.ring(at(6), &streams, Some((invoice(1), Some(Timestamp(6)))), true));
    assert!(!bell.ring(at(7), &[StreamKind::Contacts], None, true));
    assert!(!bell.ring(at(8), &streams, Some((invoice(2), None)), true));
    assert!(!bell.ring(at(9), &streams, Some((invoice(2), Some(Timestamp(9)))), false));
    let ring = bell.take().unwrap();
    assert_eq!((ring.received_at, ring.is_webhook), (Mono(5), true));
    let named: Vec<_> = ring.invoices.into_iter().collect();
    assert_eq!(
        named,
        [(invoice(1), Some(Timestamp(7))), (invoice(2), None)],
        "a moment that one of them did not tell may be any"
    );
    assert_eq!(ring.streams.len(), 2);
    assert_eq!(bell.take(), None);
    assert!(bell.ring(at(10), &[], None, false), "it was still again");
    assert!(!bell.take().unwrap().is_webhook);
    assert_eq!(bell.shown().0, Some(at(8).wall));
}

#[test]
fn a_bell_holds_as_many_invoices_as_an_event_may_carry() {
    let bell = Bell::default();
    for nth in 0..10_000 {
        bell.ring(at(1), &[], Some((invoice(nth), None)), true);
    }
    let ring = bell.take().unwrap();
    assert_eq!(ring.invoices.len(), RING_INVOICES_MAX);
    assert!(
        ring.streams.contains(&StreamKind::Invoices),
        "the scan finds the others"
    );
}

#[test]
fn a_bell_remembers_the_latest_delays() {
    let bell = Bell::default();
    assert_eq!(bell.shown(), (None, None));
    for ms in 1..=100 {
        bell.taken(ms);
    }
    assert_eq!(bell.shown().1, Some(99));
}

#[test]
fn the_desk_recognises_repeats_and_forgets_the_oldest() {
    let mut desk = Desk::new();
    let signed = |nth: u32| {
        let mut mac = [0; 32];
        mac[..4].copy_from_slice(&nth.to_be_bytes());
        Signed { key: key("one"), mac }
    };
    assert!(!desk.is_repeat(signed(0)));
    assert!(desk.is_repeat(signed(0)));
    for nth in 1..=4_096 {
        assert!(!desk.is_repeat(signed(nth)));
    }
    assert!(desk.is_repeat(signed(4_096)));
    assert!(!desk.is_repeat(signed(0)), "it was forgotten");
}

#[test]
fn each_key_counts_for_itself_and_gaps_ring_every_five_minutes_at_most() {
    let mut desk = Desk::new();
    desk.listen(at(0));
    desk.heard(at(0), key("old"), (700, 700));
    desk.heard(at(0), key("new"), (1, 1));
    desk.heard(at(1_000), key("new"), (2, 2));
    desk.heard(at(1_000), key("old"), (701, 701));
    assert_eq!(desk.look(at(60_000), 1_800_000), Default::default());
    let mut rung = 0;
    for minute in 1..=60 {
        let now = at(60_000 * minute);
        let number = i64::try_from(minute * 2).unwrap() + 700;
        desk.heard(now, key("old"), (number, number));
        let findings = desk.look(at(60_000 * minute + 30_000), 1_800_000);
        rung += u32::from(findings.ring_all);
    }
    assert_eq!(desk.gaps_count, 59);
    assert!((10..=13).contains(&rung), "{rung}");
}

#[test]
fn a_silence_rings_at_once_and_then_every_135_seconds() {
    let mut desk = Desk::new();
    desk.unannounced(at(100_000), at(99_000).wall, 1_000);
    assert!(!desk.look(at(9_000_000), 1_000).fell_silent, "nobody listens");
    desk.listen(at(0));
    desk.unannounced(at(100_000), at(99_000).wall, 1_000);
    let findings = desk.look(at(200_000), 1_000);
    assert!(findings.fell_silent && findings.ring_all && desk.is_silent());
    let mut rung = 0;
    for second in 201..=1_200 {
        let findings = desk.look(at(second * 1_000), 1_000);
        assert!(!findings.fell_silent, "it is told once");
        rung += u32::from(findings.ring_all);
    }
    assert_eq!(rung, 7);
    assert!(
        desk.heard(at(1_300_000), key("one"), (0, 0)),
        "an intent to receive ends it"
    );
    assert!(!desk.look(at(9_000_000), 1_000).ring_all && !desk.is_silent());
}
