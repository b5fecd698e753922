use rust_decimal::Decimal;
use uuid::Uuid;

use super::samples::*;
use crate::engine::take::{News, Taking, echo, take};
use crate::model::ids::{IdSource, XeroCreditId, XeroPaymentId};
use crate::model::row::{Invoice, VarianceLevel};
use crate::model::standing::Standing;
use crate::model::time::{Mono, Now, Timestamp};
use crate::model::xero::{CreditKind, XeroCredit, XeroInvoice, XeroPayment, XeroStatus};

fn now(at: i64) -> Now {
    Now {
        wall: Timestamp(at),
        mono: Mono(0),
    }
}

/// Payments hold nothing back.
const fn at_once(compares: bool) -> Taking {
    Taking { compares, quiet_ms: 0 }
}

fn in_step() -> Invoice {
    let mut row = row();
    row.copy = Some(document(1, &[], &[]));
    row.common = Some(common());
    row
}

/// A document over 100.00 with these payments and credits: amounts and status follow from them.
fn document(updated: i64, payments: &[(u128, i64)], credits: &[(u128, i64)]) -> XeroInvoice {
    let paid: i64 = payments.iter().map(|(_, pounds)| pounds).sum();
    let credited: i64 = credits.iter().map(|(_, pounds)| pounds).sum();
    let due = 100 - paid - credited;
    XeroInvoice {
        total: Decimal::from(100),
        amount_paid: Decimal::from(paid),
        amount_credited: Decimal::from(credited),
        amount_due: Decimal::from(due),
        status: if due == 0 {
            XeroStatus::Paid
        } else {
            XeroStatus::Authorised
        },
        payments: payments
            .iter()
            .map(|(id, pounds)| XeroPayment {
                id: XeroPaymentId(Uuid::from_u128(*id)),
                amount: Decimal::from(*pounds),
                date: Some(day(5)),
                reference: String::new(),
            })
            .collect(),
        credits: credits
            .iter()
            .map(|(id, pounds)| XeroCredit {
                kind: CreditKind::CreditNote,
                id: XeroCreditId(Uuid::from_u128(*id)),
                number: "CN-1".to_owned(),
                amount: Decimal::from(*pounds),
                date: Some(day(5)),
            })
            .collect(),
        updated: Timestamp(updated),
        ..xero(&draft())
    }
}

fn told(row: &mut Invoice, document: XeroInvoice, at: i64) -> Vec<String> {
    let mut ids = IdSource::new(7);
    let name = |news: News| match news {
        News::Paid(_) => "paid".to_owned(),
        News::PaymentDeleted(_) => "payment deleted".to_owned(),
        News::Credited(_) => "credited".to_owned(),
        News::CreditRemoved(_) => "credit removed".to_owned(),
        News::Stands { to, .. } => to.label().to_owned(),
        News::Changed => "changed".to_owned(),
        News::AutoApplied(_) => "auto-applied".to_owned(),
        News::Deferred(_) => "deferred".to_owned(),
        News::WorkOrder(_) | News::DeleteUnmatched(_) => panic!("no news of a document"),
        News::Variance(level) => level.map_or("no variance", VarianceLevel::code).to_owned(),
    };
    take(row, document, at_once(true), &mut ids, now(at))
        .into_iter()
        .map(name)
        .collect()
}

/// What the payments that count add up to.
fn paid(row: &Invoice) -> Decimal {
    let live = row.back.payments.iter().filter(|payment| payment.deleted_at.is_none());
    live.map(|payment| payment.amount).sum()
}

#[test]
fn ux_48_fifty_and_thirty_of_a_hundred_are_part_paid_and_the_rest_is_paid() {
    let mut row = in_step();
    assert_eq!(told(&mut row, document(2, &[(1, 50)], &[]), 2), ["paid", "Part paid"]);
    assert_eq!(told(&mut row, document(3, &[(1, 50), (2, 30)], &[]), 3), ["paid"]);
    assert_eq!(
        (Standing::of(&row), paid(&row)),
        (Standing::PartPaid, Decimal::from(80))
    );
    assert_eq!(row.back.payments.len(), 2);
    let all = document(4, &[(1, 50), (2, 30), (3, 20)], &[]);
    assert_eq!(told(&mut row, all, 4), ["paid", "Paid"]);
}

#[test]
fn ux_49_a_deleted_payment_stays_marked_and_the_invoice_reverts() {
    let mut row = in_step();
    told(&mut row, document(2, &[(1, 60), (2, 40)], &[]), 2);
    assert_eq!(
        told(&mut row, document(3, &[(2, 40)], &[]), 3),
        ["payment deleted", "Part paid"]
    );
    let deleted: Vec<Option<Timestamp>> = row.back.payments.iter().map(|payment| payment.deleted_at).collect();
    assert_eq!(deleted, [Some(Timestamp(3)), None]);
    assert_eq!(told(&mut row, document(4, &[], &[]), 4), ["payment deleted", "Unpaid"]);
    assert_eq!((row.back.payments.len(), paid(&row)), (2, Decimal::ZERO));
}

#[test]
fn a_removed_credit_stays_marked_and_does_not_count() {
    let mut row = in_step();
    assert_eq!(told(&mut row, document(2, &[], &[(8, 100)]), 2), ["credited", "Paid"]);
    assert_eq!(
        told(&mut row, document(3, &[], &[(8, 40)]), 3),
        ["credited", "Part paid"]
    );
    assert_eq!(told(&mut row, document(4, &[], &[]), 4), ["credit removed", "Unpaid"]);
    assert_eq!(row.back.credits[0].removed_at, Some(Timestamp(4)));
    assert_eq!(
        told(&mut row, document(5, &[], &[(8, 40)]), 5),
        ["credited", "Part paid"]
    );
    assert_eq!((row.back.credits.len(), row.back.credits[0].removed_at), (1, None));
}

#[test]
fn invariant_21_an_older_version_changes_nothing_and_neither_does_a_repeat() {
    let mut row = in_step();
    told(&mut row, document(9, &[(1, 50)], &[]), 2);
    let before = row.clone();
    assert!(told(&mut row, document(8, &[], &[]), 3).is_empty());
    assert!(told(&mut row, document(9, &[(1, 50)], &[]), 3).is_empty());
    assert_eq!(row, before, "to the byte");
}

#[test]
fn ux_50_a_void_in_xero_is_a_void_here() {
    let mut row = in_step();
    let mut void = document(2, &[], &[]);
    void.status = XeroStatus::Voided;
    assert_eq!(told(&mut row, void, 2), ["Void"]);
}

#[test]
fn an_edit_is_told_with_its_variance_unless_comparing_has_to_wait() {
    let mut row = in_step();
    let mut edit = document(2, &[], &[]);
    edit.number = "X".to_owned();
    let mut waits = row.clone();
    assert_eq!(told(&mut row, edit.clone(), 2), ["changed", "variance"]);
    let mut ids = IdSource::new(7);
    let news = take(&mut waits, edit, at_once(false), &mut ids, now(2));
    assert_eq!((news, waits.back.variance), (vec![News::Changed], None));
}

/// Invariants 21 to 23: whatever order and however often the versions of a document arrive, the
/// end is the newest one, each payment is there once, and what counts adds up to what Xero says.
#[test]
fn any_order_of_partial_payments_and_deletions_ends_in_the_same_amounts() {
    let versions = [
        document(2, &[(1, 50)], &[]),
        document(3, &[(1, 50), (2, 30)], &[]),
        document(4, &[(2, 30)], &[]),
        document(5, &[(2, 30), (3, 20)], &[(8, 25)]),
        document(6, &[(3, 20)], &[(8, 25)]),
    ];
    let mut order = [0, 1, 2, 3, 4];
    let mut tried = 0;
    permute(&mut order, 0, &mut |order| {
        let mut row = in_step();
        for (at, index) in (10..).zip(order.iter().chain(order)) {
            told(&mut row, versions[*index].clone(), at);
            let mut seen: Vec<_> = row.back.payments.iter().map(|payment| payment.xero_id).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(
                seen.len(),
                row.back.payments.len(),
                "{order:?}: each payment is there once"
            );
            assert_eq!(paid(&row), row.copy.as_ref().unwrap().amount_paid, "{order:?}");
        }
        assert_eq!(row.copy.as_ref(), versions.last(), "{order:?}");
        assert_eq!(paid(&row), Decimal::from(20), "{order:?}");
        tried += 1;
    });
    assert_eq!(tried, 120);
}

fn permute(order: &mut [usize; 5], at: usize, act: &mut impl FnMut(&[usize])) {
    if at == order.len() {
        act(order);
        return;
    }
    for other in at..order.len() {
        order.swap(at, other);
        permute(order, at + 1, act);
        order.swap(at, other);
    }
}

#[test]
fn what_a_push_read_first_is_taken_and_compared_by_the_next_scan() {
    let mut row = in_step();
    let edited = XeroInvoice {
        reference: "by hand".to_owned(),
        ..document(2, &[(1, 50)], &[])
    };
    // The answer to a write: it is the copy but for the money, and nothing else was done with it.
    assert_eq!(echo(&mut row, edited.clone()), None);
    assert_eq!(row.copy.as_ref().map(|copy| copy.amount_paid), Some(Decimal::ZERO));
    assert_eq!((row.back.payments.len(), &row.back.variance), (0, &None));
    let news = told(&mut row, edited.clone(), 3);
    assert_eq!(news, ["paid", "Part paid", "variance"]);
    assert_eq!(told(&mut row, edited, 4), [""; 0], "once");
    let old = document(1, &[], &[]);
    assert_eq!(echo(&mut row, old), None, "an older version never replaces a newer one");
    assert_eq!(paid(&row), Decimal::from(50));
}
