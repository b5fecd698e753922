//! The streams beside the one of invoices: they say which invoices must be read.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::bench::*;
use super::xero::How;
use crate::engine::effect::Notice;
use crate::engine::policy::Policy;
use crate::model::document::InvoiceKind::Sales;
use crate::model::ids::{XeroCreditId, XeroInvoiceId, XeroJournalId, XeroPaymentId};
use crate::model::row::{Badge, StreamKind};
use crate::model::standing::Standing;
use crate::model::xero::*;

pub const OTHERS_MS: u64 = 7_200_000;
const SWEEP_MS: u64 = 270_000;

/// A bench that reads every stream by itself, with `count` synced invoices (`i-0`, `i-1`, …).
pub fn following(count: u32) -> Bench {
    let mut bench = Bench::warm_with(Policy::default());
    for nth in 0..count {
        bench.put(&format!("i-{nth}"), draft(Sales, &format!("N-{nth}")));
    }
    bench.run_ms(20_000 + u64::from(count) * 1_000);
    for nth in 0..count {
        assert_eq!(bench.invoice(&format!("i-{nth}")).sync.badge, Some(Badge::Synced));
    }
    // The change that our own writes are was read.
    bench.run_ms(SWEEP_MS + 5_000);
    bench
}

/// Changes what Xero has of an invoice without moving its stamp: only another stream tells of it.
pub fn silently(bench: &mut Bench, host_ref: &str, change: impl FnOnce(&mut XeroInvoice)) -> XeroInvoiceId {
    let id = bench.document(host_ref).id;
    let document = bench.xero.invoices.get_mut(&id).unwrap();
    change(document);
    let credited: Decimal = document.credits.iter().map(|credit| credit.amount).sum();
    let paid: Decimal = document.payments.iter().map(|payment| payment.amount).sum();
    document.amount_credited = credited;
    document.amount_paid = paid;
    document.amount_due = document.total - credited - paid;
    id
}

pub fn list_payment(bench: &mut Bench, id: u128, invoice: XeroInvoiceId, pounds: i64, is_deleted: bool) {
    let now = bench.now;
    let updated = bench.xero.stamp(now);
    let id = XeroPaymentId(Uuid::from_u128(id));
    let is_it = |change: &Change| matches!(change, Change::Payment(known) if known.id == id);
    bench.xero.listed.retain(|change| !is_it(change));
    bench.xero.listed.push(Change::Payment(PaymentChange {
        id,
        invoice: Some(invoice),
        amount: Decimal::from(pounds),
        is_deleted,
        updated,
    }));
}

pub fn list_credit(bench: &mut Bench, id: u128, allocations: &[(XeroInvoiceId, i64)]) {
    let now = bench.now;
    let updated = bench.xero.stamp(now);
    let id = XeroCreditId(Uuid::from_u128(id));
    let is_it = |change: &Change| matches!(change, Change::Credit(known) if known.id == id);
    bench.xero.listed.retain(|change| !is_it(change));
    let allocations = allocations
        .iter()
        .map(|(invoice, pounds)| (*invoice, Decimal::from(*pounds)));
    bench.xero.listed.push(Change::Credit(CreditChange {
        id,
        allocations: allocations.collect(),
        updated,
    }));
}

pub fn payment(id: u128, pounds: i64) -> XeroPayment {
    XeroPayment {
        id: XeroPaymentId(Uuid::from_u128(id)),
        amount: Decimal::from(pounds),
        date: None,
        reference: String::new(),
    }
}

pub fn credit(id: u128, pounds: i64) -> XeroCredit {
    XeroCredit {
        kind: CreditKind::CreditNote,
        id: XeroCreditId(Uuid::from_u128(id)),
        number: "CN-1".to_owned(),
        amount: Decimal::from(pounds),
        date: None,
    }
}

/// The streams asked for since `sent` was cleared, and how often each.
fn asked(bench: &Bench, kind: StreamKind) -> usize {
    let is_of = |request: &Request| matches!(request, Request::Changes { stream, .. } if *stream == kind);
    bench.sent.iter().filter(|(_, request)| is_of(request)).count()
}

fn reads_by_id(bench: &Bench) -> Vec<usize> {
    let count = |request: &Request| match request {
        Request::InvoicesById(ids) => Some(ids.len()),
        _ => None,
    };
    bench.sent.iter().filter_map(|(_, request)| count(request)).collect()
}

#[test]
fn a_quiet_organisation_costs_at_most_four_hundred_calls_a_day() {
    let mut bench = following(1);
    bench.run_ms(OTHERS_MS);
    bench.sent.clear();
    bench.run_ms(86_400_000);
    let calls = bench.sent.len();
    assert!(calls <= 400, "{calls}");
    for kind in StreamKind::ALL {
        let times = asked(&bench, kind);
        let wanted = if kind == StreamKind::Invoices {
            320..=340
        } else {
            12..=13
        };
        assert!(wanted.contains(&times), "{}: {times}", kind.label());
    }
    assert!(bench.rows.scans.is_empty());
}

#[test]
fn ux_47_a_payment_that_does_not_move_the_stamp_of_its_invoice_is_found_by_the_stream_of_payments() {
    let mut bench = following(2);
    let invoice = silently(&mut bench, "i-0", |document| document.payments.push(payment(1, 30)));
    list_payment(&mut bench, 1, invoice, 30, false);
    bench.sent.clear();
    bench.run_ms(OTHERS_MS + 60_000);
    let row = bench.invoice("i-0");
    assert_eq!((Standing::of(&row), row.back.payments.len()), (Standing::PartPaid, 1));
    assert_eq!(reads_by_id(&bench), [1], "only the invoice it pays is read");
    // Listed once more because lists overlap: it is known by now.
    bench.sent.clear();
    bench.run_ms(2 * OTHERS_MS);
    assert_eq!(reads_by_id(&bench), [0; 0]);
}

#[test]
fn ux_49_a_deleted_payment_is_found_by_the_stream_of_payments() {
    let mut bench = following(1);
    let invoice = silently(&mut bench, "i-0", |document| document.payments.push(payment(1, 30)));
    list_payment(&mut bench, 1, invoice, 30, false);
    bench.run_ms(OTHERS_MS + 60_000);
    silently(&mut bench, "i-0", |document| document.payments.clear());
    list_payment(&mut bench, 1, invoice, 30, true);
    bench.run_ms(OTHERS_MS + 60_000);
    let row = bench.invoice("i-0");
    assert_eq!(Standing::of(&row), Standing::Unpaid);
    assert!(row.back.payments[0].deleted_at.is_some(), "it is kept and marked");
}

#[test]
fn ux_38_a_credit_note_that_left_an_invoice_rings_it_and_the_one_it_went_to() {
    let mut bench = following(3);
    let (first, second) = (bench.document("i-0").id, bench.document("i-1").id);
    silently(&mut bench, "i-0", |document| document.credits.push(credit(1, 40)));
    list_credit(&mut bench, 1, &[(first, 40)]);
    bench.run_ms(OTHERS_MS + 60_000);
    assert_eq!(Standing::of(&bench.invoice("i-0")), Standing::PartPaid);
    silently(&mut bench, "i-0", |document| document.credits.clear());
    silently(&mut bench, "i-1", |document| document.credits.push(credit(1, 15)));
    list_credit(&mut bench, 1, &[(second, 15)]);
    bench.sent.clear();
    bench.run_ms(OTHERS_MS + 60_000);
    let left = bench.invoice("i-0");
    assert_eq!(Standing::of(&left), Standing::Unpaid);
    assert!(left.back.credits[0].removed_at.is_some(), "it is kept and not counted");
    let reached = bench.invoice("i-1");
    assert_eq!(
        reached.back.counted().map(|credit| credit.amount).sum::<Decimal>(),
        Decimal::from(15)
    );
    assert_eq!(reads_by_id(&bench), [2], "both in one call");
}

#[test]
fn invariant_13_a_stream_is_not_through_before_the_invoices_it_named_are_here() {
    let mut bench = following(1);
    let invoice = silently(&mut bench, "i-0", |document| document.payments.push(payment(1, 30)));
    list_payment(&mut bench, 1, invoice, 30, false);
    let before = bench.rows.streams[&StreamKind::Payments].from;
    let by_id = |request: &Request| matches!(request, Request::InvoicesById(_));
    // Reads by id fail for an hour: the watermark waits.
    bench.run_with(OTHERS_MS + 3_600_000, |request| {
        if by_id(request) { How::ErrorBefore } else { How::Well }
    });
    assert_eq!(bench.rows.streams[&StreamKind::Payments].from, before);
    // The process ends meanwhile: the page is read again.
    bench.restart(1_000, UnderWay::Lost);
    bench.run_ms(60_000);
    assert_eq!(bench.invoice("i-0").back.payments.len(), 1);
    assert!(bench.rows.streams[&StreamKind::Payments].from > before);
}

#[test]
fn many_invoices_are_read_forty_a_call_and_an_unreadable_one_holds_up_none() {
    let mut bench = following(100);
    for nth in 0..100_u32 {
        let name = format!("i-{nth}");
        let id = u128::from(nth) + 1;
        let invoice = silently(&mut bench, &name, |document| document.payments.push(payment(id, 30)));
        list_payment(&mut bench, id, invoice, 30, false);
    }
    let bad = bench.document("i-50").id;
    bench.sent.clear();
    bench.run_with(OTHERS_MS + 600_000, |request| match request {
        Request::InvoicesById(ids) if ids.contains(&bad) => How::Refused,
        _ => How::Well,
    });
    assert!(reads_by_id(&bench).iter().all(|count| *count <= 40));
    let paid = (0..100).filter(|nth| bench.invoice(&format!("i-{nth}")).back.payments.len() == 1);
    assert_eq!(paid.count(), 99);
    assert!(bench.rows.scans.is_empty(), "the scan is through");
}

#[test]
fn ux_51_what_is_not_followed_is_counted_and_nothing_else() {
    let mut bench = following(1);
    let foreign = XeroInvoiceId(Uuid::from_u128(999_999));
    list_payment(&mut bench, 7, foreign, 30, false);
    list_payment(&mut bench, 8, foreign, 30, true);
    list_credit(&mut bench, 9, &[(foreign, 5)]);
    let now = bench.now;
    let updated = bench.xero.stamp(now);
    bench.xero.listed.push(Change::Journal(JournalChange {
        id: XeroJournalId(Uuid::from_u128(5)),
        updated,
    }));
    bench.notices.clear();
    let rows = bench.rows.invoices.clone();
    bench.run_ms(OTHERS_MS + 60_000);
    for (kind, wanted) in [
        (StreamKind::Payments, 2),
        (StreamKind::CreditNotes, 1),
        (StreamKind::ManualJournals, 1),
    ] {
        let counted = |notice: &Notice| match notice {
            Notice::Scanned {
                stream,
                checked_count,
                not_linked_count,
                ..
            } if *stream == kind => Some((*checked_count, *not_linked_count)),
            _ => None,
        };
        let most = bench.notices.iter().filter_map(counted).max();
        assert_eq!(most, Some((wanted, wanted)), "{}", kind.label());
        assert!(bench.rows.streams[&kind].seen.is_some());
    }
    assert_eq!(bench.rows.invoices, rows);
}

#[test]
fn a_ring_makes_the_other_streams_due_but_not_for_every_change_of_an_invoice() {
    let mut bench = following(1);
    bench.sent.clear();
    for _ in 0..240 {
        super::hooks::ring(&mut bench, &[]);
        bench.run_ms(15_000);
    }
    let times = asked(&bench, StreamKind::Payments);
    assert!((3..=5).contains(&times), "every quarter of an hour: {times}");
    assert_eq!(asked(&bench, StreamKind::ManualJournals), 0, "no webhook tells of them");
}

#[test]
fn pages_of_every_stream_are_read_from_the_last_to_the_first() {
    let mut bench = following(5);
    bench.xero.page_size = 2;
    for nth in 0..5_u32 {
        let name = format!("i-{nth}");
        let id = u128::from(nth) + 1;
        let invoice = silently(&mut bench, &name, |document| document.payments.push(payment(id, 30)));
        list_payment(&mut bench, id, invoice, 30, false);
    }
    bench.sent.clear();
    bench.run_ms(OTHERS_MS + 60_000);
    let page = |request: &Request| match request {
        Request::Changes {
            stream: StreamKind::Payments,
            page,
            ..
        } => Some(*page),
        _ => None,
    };
    let pages: Vec<u32> = bench.sent.iter().filter_map(|(_, request)| page(request)).collect();
    assert_eq!(pages, [1, 3, 2, 1]);
    for nth in 0..5 {
        assert_eq!(bench.invoice(&format!("i-{nth}")).back.payments.len(), 1, "i-{nth}");
    }
}
