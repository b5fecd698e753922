use rust_decimal::Decimal;
use uuid::Uuid;

use super::bench::*;
use super::xero::How;
use crate::engine::effect::Notice;
use crate::engine::event::ConnectionEvent;
use crate::engine::policy::{Policy, PullPolicy};
use crate::model::connection::{ConnectionCause, Gate};
use crate::model::document::InvoiceKind::Sales;
use crate::model::ids::{IdSource, XeroInvoiceId, XeroPaymentId};
use crate::model::row::{Badge, StreamKind};
use crate::model::standing::Standing;
use crate::model::time::Timestamp;
use crate::model::xero::{Request, XeroPayment, XeroStatus};

const SWEEP_MS: u64 = 270_000;

/// A bench that reads invoices by itself, with `count` synced ones (`i-0`, `i-1`, …).
pub fn pulling(count: u32) -> Bench {
    let mut bench = Bench::warm_with(Policy {
        pull: PullPolicy {
            others_ms: None,
            ..PullPolicy::default()
        },
        ..Policy::default()
    });
    for nth in 0..count {
        bench.put(&format!("i-{nth}"), draft(Sales, &format!("N-{nth}")));
    }
    bench.run_ms(20_000 + u64::from(count) * 1_000);
    for nth in 0..count {
        assert_eq!(bench.invoice(&format!("i-{nth}")).sync.badge, Some(Badge::Synced));
    }
    bench
}

/// A payment in Xero, made now.
pub fn pay(bench: &mut Bench, host_ref: &str, id: u128, pounds: i64) {
    let now = bench.now;
    let at = bench.document(host_ref).id;
    let stamp = bench.xero.stamp(now);
    let document = bench.xero.invoices.get_mut(&at).unwrap();
    let amount = Decimal::from(pounds);
    document.payments.push(XeroPayment {
        id: XeroPaymentId(Uuid::from_u128(id)),
        amount,
        date: None,
        reference: String::new(),
    });
    document.amount_paid += amount;
    document.amount_due = document.total - document.amount_paid;
    if document.amount_due.is_zero() {
        document.status = XeroStatus::Paid;
    }
    document.updated = stamp;
}

/// Something is edited in Xero that we do not compare.
fn touch(bench: &mut Bench, id: XeroInvoiceId) {
    let now = bench.now;
    let stamp = bench.xero.stamp(now);
    let document = bench.xero.invoices.get_mut(&id).unwrap();
    document.url = document.url.take().map(|url| format!("{url}&touched"));
    document.updated = stamp;
}

/// The pages asked for since `sent` was cleared.
fn pages(bench: &Bench) -> Vec<u32> {
    let page = |request: &Request| match request {
        Request::Changes {
            stream: StreamKind::Invoices,
            page,
            ..
        } => Some(*page),
        _ => None,
    };
    bench.sent.iter().filter_map(|(_, request)| page(request)).collect()
}

fn told(bench: &Bench, kind: &str) -> usize {
    bench
        .rows
        .events
        .iter()
        .filter(|event| event.event_type == kind)
        .count()
}

#[test]
fn ux_47_a_payment_is_here_within_five_minutes_without_any_webhook() {
    let mut bench = pulling(2);
    let total = bench.document("i-0").total;
    pay(&mut bench, "i-0", 1, 1);
    bench.run_ms(300_000);
    let row = bench.invoice("i-0");
    assert_eq!((Standing::of(&row), row.back.payments.len()), (Standing::PartPaid, 1));
    assert_eq!(
        (told(&bench, "payment.recorded"), told(&bench, "invoice.part_paid")),
        (1, 1)
    );
    let rest = i64::try_from((total - Decimal::ONE).mantissa() / 10_i128.pow(total.scale())).unwrap();
    pay(&mut bench, "i-0", 2, rest);
    bench.run_ms(300_000);
    assert_eq!(Standing::of(&bench.invoice("i-0")), Standing::Paid);
    assert_eq!(Standing::of(&bench.invoice("i-1")), Standing::Unpaid);
    assert_eq!(told(&bench, "payment.recorded"), 2, "each is told once");
}

#[test]
fn a_quiet_organisation_costs_one_call_an_interval() {
    let mut bench = pulling(1);
    bench.run_ms(SWEEP_MS);
    bench.sent.clear();
    bench.run_ms(86_400_000);
    let calls = bench.sent.len();
    assert!((320..=340).contains(&calls), "{calls}");
    assert!(bench.rows.scans.is_empty());
}

#[test]
fn pages_are_read_from_the_last_to_the_first() {
    let mut bench = pulling(6);
    bench.xero.page_size = 2;
    for nth in 0..6 {
        pay(&mut bench, &format!("i-{nth}"), 1, 1);
    }
    bench.sent.clear();
    bench.run_ms(SWEEP_MS + 5_000);
    let pages = pages(&bench);
    let last = pages[1];
    let expected: Vec<u32> = std::iter::once(1).chain((1..=last).rev()).collect();
    assert_eq!(pages[..expected.len()], expected);
    assert!(last >= 3);
    for nth in 0..6 {
        assert_eq!(bench.invoice(&format!("i-{nth}")).back.payments.len(), 1, "i-{nth}");
    }
}

#[test]
fn the_next_page_is_asked_for_before_this_one_is_stored_and_a_scan_is_told_of_after_it_is() {
    let mut bench = pulling(6);
    bench.xero.page_size = 2;
    for nth in 0..6 {
        pay(&mut bench, &format!("i-{nth}"), 1, 1);
    }
    bench.order.clear();
    bench.notices.clear();
    bench.run_ms(SWEEP_MS + 5_000);
    let end = bench.order.iter().position(|step| *step == "told").unwrap();
    let scan = &bench.order[..end];
    assert_eq!(scan.last(), Some(&"stream"), "{scan:?}");
    let ahead = scan.windows(3).filter(|steps| **steps == ["answer", "page", "rows"]);
    assert!(ahead.count() >= 2, "{scan:?}");
    let behind = scan.windows(2).filter(|steps| **steps == ["answer", "rows"]);
    assert_eq!(behind.count(), 1, "only the last page has none after it: {scan:?}");
    let changed = bench.notices.iter().find_map(|notice| match notice {
        Notice::Scanned { changed_count, .. } => Some(*changed_count),
        _ => None,
    });
    assert_eq!(changed, Some(6));
}

/// Invariant 13: whatever is edited between the pages, nothing that changed before the scan is
/// missed by it, and the watermark never passes what is not here.
#[test]
fn invariant_13_edits_between_pages_lose_nothing() {
    for seed in 0..60 {
        let mut ids = IdSource::new(seed);
        let mut bench = pulling(8);
        bench.xero.page_size = 3;
        for nth in 0..8 {
            pay(&mut bench, &format!("i-{nth}"), 1, 1);
        }
        bench.sent.clear();
        // Each page is answered by hand, and between two of them something is edited.
        let all: Vec<XeroInvoiceId> = bench.xero.invoices.keys().copied().collect();
        bench.advance_ms(SWEEP_MS);
        let mut answered = 0;
        while !bench.open.is_empty() || bench.rows.scans.contains_key(&StreamKind::Invoices) || answered == 0 {
            if bench.open.is_empty() {
                bench.advance_ms(100);
                continue;
            }
            bench.answer(How::Well);
            answered += 1;
            for _ in 0..ids.below(3) {
                let nth = usize::try_from(ids.below(u64::try_from(all.len()).unwrap())).unwrap();
                touch(&mut bench, all[nth]);
            }
            bench.advance_ms(10);
            assert!(answered < 200, "seed {seed}: it ends");
        }
        let from = bench.rows.streams[&StreamKind::Invoices].from;
        for nth in 0..8 {
            let row = bench.invoice(&format!("i-{nth}"));
            let truth = bench.document(&format!("i-{nth}"));
            let is_here = row.copy.as_ref() == Some(&truth);
            assert!(
                is_here || truth.updated >= from,
                "seed {seed}: the watermark passed a change of i-{nth}"
            );
        }
        bench.run_ms(2 * SWEEP_MS);
        for nth in 0..8 {
            let name = format!("i-{nth}");
            assert_eq!(
                bench.invoice(&name).copy,
                Some(bench.document(&name)),
                "seed {seed}: {name}"
            );
        }
    }
}

/// Invariant 14.
#[test]
fn invariant_14_the_watermark_never_goes_back_and_moves_also_when_nothing_came() {
    let mut bench = pulling(1);
    let mut last = Timestamp(0);
    for _ in 0..5 {
        bench.run_ms(SWEEP_MS);
        let stream = bench.rows.streams[&StreamKind::Invoices].clone();
        assert!(stream.from > last, "{:?} after {last:?}", stream.from);
        assert!(
            stream.from <= bench.now.wall.plus_ms(-120_000),
            "lists may lag by two minutes"
        );
        last = stream.from;
    }
}

#[test]
fn ux_51_documents_that_are_not_linked_are_counted_and_nothing_else() {
    let mut bench = pulling(1);
    let mut foreign = bench.document("i-0");
    foreign.id = XeroInvoiceId(Uuid::from_u128(99));
    foreign.url = None;
    let now = bench.now;
    foreign.updated = bench.xero.stamp(now);
    bench.xero.invoices.insert(foreign.id, foreign);
    bench.notices.clear();
    let rows = bench.rows.invoices.clone();
    bench.run_ms(SWEEP_MS + 5_000);
    let counts = |notice: &Notice| match notice {
        Notice::Scanned { not_linked_count, .. } => Some(*not_linked_count),
        _ => None,
    };
    assert!(bench.notices.iter().filter_map(counts).any(|count| count == 1));
    assert_eq!(bench.rows.invoices, rows, "nothing is written for what did not change");
}

#[test]
fn a_scan_goes_on_at_its_page_after_a_crash() {
    let mut bench = pulling(6);
    bench.xero.page_size = 2;
    for nth in 0..6 {
        pay(&mut bench, &format!("i-{nth}"), 1, 1);
    }
    bench.advance_ms(SWEEP_MS);
    while bench.open.is_empty() {
        bench.advance_ms(100);
    }
    bench.answer(How::Well);
    bench.advance_ms(10);
    bench.answer(How::Well);
    let scan = bench.rows.scans[&StreamKind::Invoices].clone();
    assert!(scan.page >= 2);
    bench.sent.clear();
    bench.restart(1_000, UnderWay::Lost);
    bench.run_ms(10_000);
    let since = |request: &Request| match request {
        Request::Changes { since, page, .. } => Some((*since, *page)),
        _ => None,
    };
    let first = bench.sent.iter().find_map(|(_, request)| since(request)).unwrap();
    assert_eq!(first, (scan.since, scan.page));
    for nth in 0..6 {
        assert_eq!(bench.invoice(&format!("i-{nth}")).back.payments.len(), 1);
    }
}

#[test]
fn a_page_that_fails_is_asked_for_again_and_the_watermark_waits() {
    let mut bench = pulling(1);
    bench.run_ms(SWEEP_MS);
    let before = bench.rows.streams[&StreamKind::Invoices].from;
    pay(&mut bench, "i-0", 1, 1);
    bench.advance_ms(SWEEP_MS);
    for how in [How::ErrorBefore, How::LostBefore, How::NotSent] {
        while bench.open.is_empty() {
            bench.advance_ms(500);
        }
        bench.answer(how);
        assert_eq!(bench.rows.streams[&StreamKind::Invoices].from, before);
    }
    bench.run_ms(60_000);
    assert!(bench.rows.streams[&StreamKind::Invoices].from > before);
    assert_eq!(bench.invoice("i-0").back.payments.len(), 1);
}

#[test]
fn a_webhook_brings_a_document_at_once_and_a_burst_is_folded() {
    let mut bench = pulling(2);
    bench.run_ms(SWEEP_MS);
    pay(&mut bench, "i-0", 1, 1);
    let named = bench.document("i-0").id;
    bench.sent.clear();
    for _ in 0..3 {
        super::hooks::ring(&mut bench, &[named]);
    }
    bench.run_ms(1_000);
    assert_eq!(bench.invoice("i-0").back.payments.len(), 1);
    let by_id = |request: &Request| matches!(request, Request::InvoicesById(_));
    let reads = |bench: &Bench| bench.sent.iter().filter(|(_, request)| by_id(request)).count();
    assert_eq!(reads(&bench), 1, "three rings are one read");
    bench.sent.clear();
    for _ in 0..20 {
        super::hooks::ring(&mut bench, &[named]);
        bench.run_ms(300);
    }
    bench.run_ms(20_000);
    let reads = reads(&bench);
    assert!((1..=8).contains(&reads), "a burst is folded: {reads}");
}

#[test]
fn after_a_reconnection_writes_wait_until_what_was_missed_is_here() {
    let mut bench = pulling(1);
    bench.connection(ConnectionEvent::GrantLost(ConnectionCause::GrantDead));
    pay(&mut bench, "i-0", 1, 1);
    bench.run_ms(3_600_000);
    bench.connection(ConnectionEvent::Reconnected);
    assert_eq!(bench.rows.tenant.connection.gate, Gate::CatchingUp);
    let is_scan = |request: &Request| matches!(request, Request::Changes { .. });
    while bench.rows.tenant.connection.gate == Gate::CatchingUp {
        bench.run_ms(10);
    }
    assert!(bench.sent.iter().any(|(_, request)| is_scan(request)));
    assert_eq!(bench.invoice("i-0").back.payments.len(), 1);
}

#[test]
fn a_payment_that_a_push_comes_upon_is_recorded_like_any_other() {
    let mut bench = pulling(1);
    pay(&mut bench, "i-0", 1, 5);
    let mut wanted = draft(Sales, "N-0");
    wanted.reference = Some("later".to_owned());
    bench.put("i-0", wanted);
    // Before the next scan.
    bench.run_ms(10_000);
    let row = bench.invoice("i-0");
    assert_eq!(row.copy.as_ref().unwrap().amount_paid, Decimal::from(5));
    assert_eq!(row.back.payments.len(), 1);
    assert_eq!(Standing::of(&row), Standing::PartPaid);
    assert_eq!(told(&bench, "payment.recorded"), 1);
    bench.run_ms(2 * SWEEP_MS);
    assert_eq!(bench.invoice("i-0").back.payments.len(), 1);
    assert_eq!(told(&bench, "payment.recorded"), 1);
}
