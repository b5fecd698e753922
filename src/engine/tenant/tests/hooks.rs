use std::collections::BTreeSet;

use uuid::Uuid;

use super::bench::*;
use super::pull::{pay, pulling};
use super::xero::How;
use crate::engine::effect::Notice;
use crate::engine::event::{ConnectionEvent, Event, Ring};
use crate::model::connection::ConnectionCause;
use crate::model::ids::XeroInvoiceId;
use crate::model::row::{Invoice, StreamKind};
use crate::model::time::Timestamp;
use crate::model::xero::Request;

const SWEEP_MS: u64 = 270_000;

/// Webhooks name these, as changed now.
pub fn ring(bench: &mut Bench, named: &[XeroInvoiceId]) {
    ring_at(bench, named, Some(bench.now.wall));
}

fn ring_at(bench: &mut Bench, named: &[XeroInvoiceId], changed_at: Option<Timestamp>) {
    let is_named = |row: &&Invoice| row.link.as_ref().is_some_and(|link| named.contains(&link.xero_id));
    let rows = bench.rows.invoices.values().filter(is_named).cloned().collect();
    let ring = Ring {
        received_at: bench.now.mono,
        invoices: named.iter().map(|id| (*id, changed_at)).collect(),
        streams: BTreeSet::new(),
        is_webhook: true,
    };
    let ring = Box::new(ring);
    bench.event(Event::Rung { ring, rows });
}

/// An event that names no invoice.
pub fn ring_stream(bench: &mut Bench, stream: StreamKind) {
    let ring = Box::new(Ring {
        received_at: bench.now.mono,
        streams: BTreeSet::from([stream]),
        is_webhook: true,
        ..Ring::default()
    });
    bench.event(Event::Rung { ring, rows: Vec::new() });
}

fn foreign(nth: u128) -> XeroInvoiceId {
    XeroInvoiceId(Uuid::from_u128(1_000_000 + nth))
}

fn scans(bench: &Bench) -> Vec<u64> {
    let is_first = |request: &Request| matches!(request, Request::Changes { page: 1, .. });
    let scans = bench.sent.iter().filter(|(_, request)| is_first(request));
    scans.map(|(at, _)| *at).collect()
}

fn reads(bench: &Bench) -> usize {
    let by_id = |request: &Request| matches!(request, Request::InvoicesById(_));
    bench.sent.iter().filter(|(_, request)| by_id(request)).count()
}

/// Of the last ring: read, folded, known, not followed, crowded.
fn last_ring(bench: &Bench) -> [usize; 5] {
    let counts = |notice: &Notice| match notice {
        Notice::Rung {
            read_count,
            folded_count,
            known_count,
            not_followed_count,
            crowded_count,
        } => Some([
            *read_count,
            *folded_count,
            *known_count,
            *not_followed_count,
            *crowded_count,
        ]),
        _ => None,
    };
    bench.notices.iter().rev().find_map(counts).unwrap()
}

#[test]
fn ux_41_a_change_is_here_within_a_second_of_its_webhook_and_its_delay_is_told() {
    let mut bench = pulling(2);
    bench.run_ms(SWEEP_MS);
    pay(&mut bench, "i-0", 1, 1);
    let named = bench.document("i-0").id;
    bench.notices.clear();
    ring(&mut bench, &[named]);
    assert_eq!(last_ring(&bench), [1, 0, 0, 0, 0]);
    bench.run_ms(1_000);
    assert_eq!(bench.invoice("i-0").back.payments.len(), 1);
    let took = |notice: &Notice| match notice {
        Notice::HookTaken { took_ms } => Some(*took_ms),
        _ => None,
    };
    let took: Vec<u64> = bench.notices.iter().filter_map(took).collect();
    assert!(took.len() == 1 && took[0] <= 500, "{took:?}");
}

#[test]
fn what_is_here_already_or_not_followed_is_not_read_by_its_id() {
    let mut bench = pulling(2);
    bench.run_ms(SWEEP_MS);
    bench.sent.clear();
    let here = bench.document("i-0");
    ring_at(&mut bench, &[here.id, foreign(1)], Some(here.updated));
    assert_eq!(last_ring(&bench), [0, 0, 1, 1, 0]);
    bench.run_ms(5_000);
    assert_eq!(
        (reads(&bench), scans(&bench).len()),
        (0, 1),
        "it still makes the scan earlier"
    );
    // A webhook that does not say when, or says later, is looked after.
    ring_at(&mut bench, &[here.id], None);
    ring_at(&mut bench, &[here.id], Some(here.updated.plus_ms(1)));
    assert_eq!(last_ring(&bench), [1, 1, 0, 0, 0]);
    bench.run_ms(5_000);
    assert_eq!(reads(&bench), 1);
}

#[test]
fn a_ring_without_a_name_makes_the_scan_due_now_and_many_rings_soon_two_a_minute() {
    let mut bench = pulling(1);
    bench.run_ms(SWEEP_MS);
    bench.sent.clear();
    let began = bench.now.mono.0;
    ring_stream(&mut bench, StreamKind::Invoices);
    bench.run_ms(500);
    assert_eq!(scans(&bench).len(), 1);
    for _ in 0..6_000 {
        ring_stream(&mut bench, StreamKind::Invoices);
        bench.run_ms(100);
    }
    let at: Vec<u64> = scans(&bench).iter().map(|at| at - began).collect();
    let gaps: Vec<u64> = at.windows(2).map(|two| two[1] - two[0]).collect();
    assert!((20..=26).contains(&at.len()), "{at:?}");
    assert!(
        gaps[0] < 3_000 && gaps[5..].iter().all(|gap| *gap >= 30_000),
        "{gaps:?}"
    );
    // The last ring is answered too, and then the usual interval begins.
    bench.sent.clear();
    bench.run_ms(100_000);
    assert_eq!(scans(&bench).len(), 1);
}

#[test]
fn a_ring_while_a_scan_is_under_way_leads_to_another_one() {
    let mut bench = pulling(1);
    bench.advance_ms(SWEEP_MS);
    while bench.open.is_empty() {
        bench.advance_ms(100);
    }
    // Its answer was made before this change.
    let (call, _) = bench.open.pop_front().unwrap();
    let answer = bench.xero.answer(bench.now, &call.request, How::Well);
    pay(&mut bench, "i-0", 1, 1);
    ring_stream(&mut bench, StreamKind::Invoices);
    bench.answer_with(&call, answer);
    assert!(bench.invoice("i-0").back.payments.is_empty());
    bench.run_ms(5_000);
    assert_eq!(bench.invoice("i-0").back.payments.len(), 1);
}

#[test]
fn rings_leave_half_of_the_day_to_everything_else() {
    let mut bench = pulling(1);
    let mut policy = (*bench.setup.policy).clone();
    policy.limits.day = 100;
    bench.machine.set_policy(policy.into());
    bench.sent.clear();
    for _ in 0..(6 * 3_600) {
        ring_stream(&mut bench, StreamKind::Invoices);
        bench.run_ms(1_000);
    }
    let scans = scans(&bench);
    let early = scans.windows(2).filter(|two| two[1] - two[0] < 200_000).count();
    assert!((20..=50).contains(&early), "{early} of {}", scans.len());
}

#[test]
fn what_cannot_be_read_is_tried_a_few_times_and_left_to_the_scan() {
    let is_named = |request: &Request| matches!(request, Request::InvoicesById(_));
    let tried = |how: How| {
        let mut bench = pulling(1);
        bench.run_ms(SWEEP_MS);
        bench.sent.clear();
        let named = bench.document("i-0").id;
        ring_at(&mut bench, &[named], None);
        bench.run_with(600_000, |request| if is_named(request) { how } else { How::Well });
        reads(&bench)
    };
    assert_eq!(tried(How::Well), 1);
    for how in [How::NotFound, How::ErrorBefore, How::LostBefore] {
        let failing = tried(how);
        assert!((2..=6).contains(&failing), "{how:?}: {failing}");
    }
}

#[test]
fn ten_thousand_webhooks_are_no_more_than_a_thousand_documents_that_wait() {
    let mut bench = pulling(3);
    bench.run_ms(SWEEP_MS);
    let template = bench.invoice("i-0");
    for nth in 0..1_500 {
        let mut row = template.clone();
        row.id = crate::model::ids::InvoiceId::from_parts(9, nth);
        row.host_ref = format!("more-{nth}");
        row.link.as_mut().unwrap().xero_id = foreign(nth);
        bench.rows.invoices.insert(row.id, row);
    }
    bench.sent.clear();
    for round in 0..7 {
        for first in (0..1_500).step_by(500) {
            let named: Vec<_> = (first..first + 500).map(foreign).collect();
            ring(&mut bench, &named);
        }
        let [_, _, _, _, crowded] = last_ring(&bench);
        assert_eq!(crowded, 500, "round {round}");
    }
    bench.run_ms(240_000);
    assert!((25..=60).contains(&reads(&bench)), "{}", reads(&bench));
    assert!(!scans(&bench).is_empty());
}

#[test]
fn while_nothing_can_be_read_a_webhook_is_left_to_the_catch_up() {
    let mut bench = pulling(1);
    bench.run_ms(SWEEP_MS);
    bench.connection(ConnectionEvent::GrantLost(ConnectionCause::GrantDead));
    pay(&mut bench, "i-0", 1, 1);
    let named = bench.document("i-0").id;
    bench.sent.clear();
    ring(&mut bench, &[named]);
    assert_eq!(last_ring(&bench), [0, 0, 0, 0, 1]);
    bench.run_ms(60_000);
    assert!(bench.sent.is_empty());
    bench.connection(ConnectionEvent::Reconnected);
    bench.run_ms(10_000);
    assert_eq!(bench.invoice("i-0").back.payments.len(), 1);
    assert_eq!(reads(&bench), 0);
}

#[test]
fn a_change_that_no_webhook_announced_is_told_as_such() {
    let unannounced = |bench: &Bench| -> u32 {
        let count = |notice: &Notice| match notice {
            Notice::Unannounced { count, .. } => Some(*count),
            _ => None,
        };
        bench.notices.iter().filter_map(count).sum()
    };
    let mut bench = pulling(2);
    bench.run_ms(SWEEP_MS);
    assert_eq!(unannounced(&bench), 0, "what we wrote ourselves is no news");
    pay(&mut bench, "i-0", 1, 1);
    bench.run_ms(SWEEP_MS);
    assert_eq!(unannounced(&bench), 1);
    // Announced, and found by the scan before it is read by its id.
    pay(&mut bench, "i-1", 2, 1);
    ring_stream(&mut bench, StreamKind::CreditNotes);
    bench.run_ms(SWEEP_MS);
    assert_eq!(unannounced(&bench), 1);
    bench.run_ms(SWEEP_MS);
    pay(&mut bench, "i-1", 3, 1);
    bench.run_ms(SWEEP_MS);
    assert_eq!(unannounced(&bench), 2, "a webhook of long ago announces nothing");
    // What is read because webhooks are missing was announced by none.
    pay(&mut bench, "i-1", 4, 1);
    let ring = Ring {
        streams: StreamKind::ALL.into(),
        ..Ring::default()
    };
    bench.event(Event::Rung {
        ring: Box::new(ring),
        rows: Vec::new(),
    });
    bench.run_ms(60_000);
    assert_eq!(unannounced(&bench), 3);
}
