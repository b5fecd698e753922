//! Payments that hold comparisons back, deletions without a match, and work orders of voided invoices.

use super::bench::*;
use super::streams::{OTHERS_MS, following, list_payment, payment, silently};
use crate::engine::event::{ConnectionEvent, Event, Review};
use crate::model::document::InvoiceKind::Sales;
use crate::model::document::{Draft, HostStatus};
use crate::model::reason::ReasonCode;
use crate::model::row::{Badge, VarianceLevel, WorkOrderLink};
use crate::model::standing::Standing;
use crate::model::xero::XeroStatus;

const SWEEP_MS: u64 = 270_000;

fn told(bench: &Bench, kind: &str) -> usize {
    let events = bench.rows.events.iter();
    events.filter(|event| event.event_type == kind).count()
}

/// A person changes something of the document in Xero.
pub fn edit(bench: &mut Bench, host_ref: &str, change: impl FnOnce(&mut crate::model::xero::XeroInvoice)) {
    let now = bench.now;
    let id = bench.document(host_ref).id;
    let stamp = bench.xero.stamp(now);
    let document = bench.xero.invoices.get_mut(&id).unwrap();
    change(document);
    document.updated = stamp;
}

pub fn acknowledge(bench: &mut Bench, host_ref: &str, is_about_variance: bool) {
    let ask = bench.ask();
    let row = Box::new(bench.invoice(host_ref));
    bench.event(Event::Acknowledged {
        ask,
        row,
        review: Box::new(Review {
            is_about_variance,
            version: None,
            by: "token:ann".to_owned(),
            note: "seen".to_owned(),
        }),
    });
}

#[test]
fn ux_19_a_deleted_payment_that_was_never_here_is_red_until_acknowledged_and_told_once() {
    let mut bench = following(1);
    let invoice = bench.document("i-0").id;
    list_payment(&mut bench, 1, invoice, 30, true);
    let before = bench.invoice("i-0");
    bench.run_ms(OTHERS_MS + 60_000);
    let row = bench.invoice("i-0");
    assert_eq!(
        (row.sync.badge, bench.code("i-0")),
        (Some(Badge::Failed), Some(ReasonCode::PaymentDeleteNoMatch))
    );
    assert_eq!(ReasonCode::PaymentDeleteNoMatch.title(), "Payment delete - no match");
    assert!(!ReasonCode::PaymentDeleteNoMatch.is_actionable());
    assert_eq!((&row.back.payments, &row.copy), (&before.back.payments, &before.copy));
    assert_eq!(told(&bench, "payment.delete_unmatched"), 1);
    acknowledge(&mut bench, "i-0", false);
    let row = bench.invoice("i-0");
    assert_eq!((row.sync.badge, row.sync.reason), (Some(Badge::Synced), None));
    assert_eq!(row.back.alerts[0].acknowledged.as_ref().unwrap().by, "token:ann");
    // It is listed again, and was looked at.
    list_payment(&mut bench, 1, invoice, 30, true);
    bench.run_ms(2 * OTHERS_MS);
    assert_eq!(bench.invoice("i-0").sync.badge, Some(Badge::Synced));
    assert_eq!(told(&bench, "payment.delete_unmatched"), 1);
}

#[test]
fn ux_19_a_payment_that_comes_after_its_deletion_was_read_ends_the_red_badge_by_itself() {
    let mut bench = following(1);
    let invoice = bench.document("i-0").id;
    list_payment(&mut bench, 1, invoice, 30, true);
    bench.run_ms(OTHERS_MS + 60_000);
    assert_eq!(bench.code("i-0"), Some(ReasonCode::PaymentDeleteNoMatch));
    // A list of invoices that was asked for earlier shows it yet.
    edit(&mut bench, "i-0", |document| document.payments.push(payment(1, 30)));
    let changes = told(&bench, "invoice.synced");
    bench.run_ms(SWEEP_MS + 5_000);
    let row = bench.invoice("i-0");
    assert_eq!((row.sync.badge, row.sync.reason), (Some(Badge::Synced), None));
    assert!(row.back.alerts.is_empty());
    assert_eq!(told(&bench, "invoice.synced"), changes + 1);
    edit(&mut bench, "i-0", |document| document.payments.clear());
    bench.run_ms(SWEEP_MS + 5_000);
    let row = bench.invoice("i-0");
    assert_eq!(row.sync.badge, Some(Badge::Synced));
    assert!(row.back.payments[0].deleted_at.is_some());
}

#[test]
fn ux_19_what_was_deleted_before_the_invoice_was_linked_is_nobodys_concern() {
    let mut bench = following(0);
    // Made before the invoice, listed as it is.
    list_payment(
        &mut bench,
        1,
        crate::model::ids::XeroInvoiceId(uuid::Uuid::nil()),
        30,
        true,
    );
    bench.put("i-0", draft(Sales, "N-0"));
    bench.run_ms(20_000);
    let invoice = bench.document("i-0").id;
    for change in &mut bench.xero.listed {
        if let crate::model::xero::Change::Payment(payment) = change {
            payment.invoice = Some(invoice);
        }
    }
    bench.run_ms(2 * OTHERS_MS);
    assert_eq!(bench.invoice("i-0").sync.badge, Some(Badge::Synced));
    assert!(bench.invoice("i-0").back.alerts.is_empty());
}

#[test]
fn ux_19_a_red_badge_that_somebody_can_do_something_about_goes_first() {
    let mut bench = following(1);
    let invoice = bench.document("i-0").id;
    let mut worse = draft(Sales, "N-0");
    worse.lines[0].nominal_code = Some("404".to_owned());
    bench.put("i-0", worse);
    bench.run_ms(60_000);
    assert_eq!(bench.code("i-0"), Some(ReasonCode::UnmappedNominalCode));
    list_payment(&mut bench, 1, invoice, 30, true);
    bench.run_ms(OTHERS_MS + 60_000);
    assert_eq!(bench.code("i-0"), Some(ReasonCode::UnmappedNominalCode));
    bench.put("i-0", draft(Sales, "N-0"));
    bench.run_ms(60_000);
    assert_eq!(bench.code("i-0"), Some(ReasonCode::PaymentDeleteNoMatch));
}

#[test]
fn ux_69_for_five_minutes_after_a_payment_only_the_comparison_waits_and_then_it_runs_by_itself() {
    let mut bench = following(1);
    silently(&mut bench, "i-0", |document| document.payments.push(payment(1, 30)));
    edit(&mut bench, "i-0", |document| document.reference = "by hand".to_owned());
    let before = bench.now.wall;
    bench.run_ms(SWEEP_MS + 5_000);
    let row = bench.invoice("i-0");
    assert_eq!(
        Standing::of(&row),
        Standing::PartPaid,
        "status and amounts are taken at once"
    );
    assert_eq!((row.back.payments.len(), &row.back.variance), (1, &None));
    let paid_at = row.back.payments[0].recorded_at;
    assert_eq!(row.back.deferred, Some(paid_at.plus_ms(300_000)));
    assert_eq!(
        (told(&bench, "invoice.refresh_deferred"), bench.rows.follow_ups.len()),
        (1, 1)
    );
    // A restart does not forget it.
    bench.restart(1_000, UnderWay::Lost);
    bench.run_ms(u64::try_from(paid_at.plus_ms(300_000).since_ms(bench.now.wall)).unwrap() - 1_000);
    assert_eq!(bench.invoice("i-0").back.variance, None);
    bench.run_ms(2_000);
    let row = bench.invoice("i-0");
    assert_eq!(row.back.variance.unwrap().level, VarianceLevel::Variance);
    assert_eq!((row.back.deferred, bench.rows.follow_ups.len()), (None, 0));
    assert_eq!(told(&bench, "invoice.variance_detected"), 1);
    assert!(paid_at > before);
}

#[test]
fn ux_69_a_signal_of_the_host_holds_a_pending_invoice_back_from_taking_over() {
    let mut bench = following(0);
    let pending = Draft {
        host_status: HostStatus::Pending,
        ..draft(Sales, "N-0")
    };
    bench.put("i-0", pending);
    bench.run_ms(20_000 + SWEEP_MS);
    let ask = bench.ask();
    let row = Box::new(bench.invoice("i-0"));
    bench.event(Event::PaymentSignalled {
        ask,
        row,
        by: "token:host".to_owned(),
    });
    edit(&mut bench, "i-0", |document| {
        document.lines[0].description = "Other work".to_owned();
    });
    bench.run_ms(SWEEP_MS);
    assert_eq!(bench.invoice("i-0").draft.lines[0].description, "Work");
    bench.run_ms(60_000);
    assert_eq!(bench.invoice("i-0").draft.lines[0].description, "Other work");
    assert_eq!(told(&bench, "invoice.auto_applied"), 1);
}

#[test]
fn a_payment_without_any_edit_defers_nothing() {
    let mut bench = following(1);
    silently(&mut bench, "i-0", |document| document.payments.push(payment(1, 30)));
    edit(&mut bench, "i-0", |_| {});
    bench.run_ms(SWEEP_MS + 5_000);
    assert_eq!(bench.invoice("i-0").back.payments.len(), 1);
    assert!(bench.rows.follow_ups.is_empty());
    assert_eq!(told(&bench, "invoice.refresh_deferred"), 0);
}

fn ordered(number: &str) -> Draft {
    Draft {
        work_order_ref: Some("WO-881".to_owned()),
        ..draft(Sales, number)
    }
}

fn void(bench: &mut Bench, host_ref: &str) {
    edit(bench, host_ref, |document| document.status = XeroStatus::Voided);
}

#[test]
fn ux_50_a_void_in_xero_frees_the_work_order() {
    let mut bench = following(0);
    bench.put("i-0", ordered("N-0"));
    bench.run_ms(20_000);
    void(&mut bench, "i-0");
    bench.run_ms(SWEEP_MS + 5_000);
    let row = bench.invoice("i-0");
    assert_eq!(Standing::of(&row), Standing::Void);
    assert_eq!(row.back.work_order, Some(WorkOrderLink::Freed));
    assert_eq!(row.sync.badge, Some(Badge::Synced));
    assert_eq!(told(&bench, "invoice.work_order_freed"), 1);
    // Invoiced again afterwards: no conflict.
    bench.put("i-1", ordered("N-1"));
    bench.run_ms(2 * SWEEP_MS);
    assert_eq!(told(&bench, "invoice.conflict"), 0);
    assert!(bench.rows.follow_ups.is_empty());
}

#[test]
fn ux_18_ux_50_a_void_after_the_order_was_invoiced_again_is_a_conflict_and_touches_nothing_else() {
    let mut bench = following(0);
    for (host_ref, number) in [("i-0", "N-0"), ("i-1", "N-1")] {
        bench.put(host_ref, ordered(number));
    }
    bench.run_ms(20_000 + SWEEP_MS);
    void(&mut bench, "i-0");
    let other = bench.invoice("i-1");
    bench.run_ms(SWEEP_MS + 5_000);
    let row = bench.invoice("i-0");
    assert_eq!(Standing::of(&row), Standing::Void, "the void applies");
    assert_eq!(row.back.work_order, Some(WorkOrderLink::KeptBy(other.id)));
    assert_eq!(bench.invoice("i-1"), other, "the live invoice is untouched");
    let reason = row.sync.reason.unwrap();
    assert_eq!(
        (row.sync.badge, reason.code, reason.code.title()),
        (
            Some(Badge::Failed),
            ReasonCode::WorkOrderAlreadyReinvoiced,
            "Work order already re-invoiced"
        )
    );
    assert_eq!(told(&bench, "invoice.conflict"), 1);
    acknowledge(&mut bench, "i-0", false);
    assert_eq!(bench.invoice("i-0").sync.badge, Some(Badge::Synced));
    bench.run_ms(2 * SWEEP_MS);
    assert_eq!(
        (told(&bench, "invoice.conflict"), bench.invoice("i-0").sync.badge),
        (1, Some(Badge::Synced))
    );
}

#[test]
fn ux_50_a_crash_between_the_void_and_its_work_order_leaves_neither_undecided() {
    for steps in 0..12 {
        let mut bench = following(0);
        bench.put("i-0", ordered("N-0"));
        bench.run_ms(20_000 + SWEEP_MS);
        void(&mut bench, "i-0");
        bench.dies_in = Some(steps);
        bench.run_ms(SWEEP_MS + 5_000);
        bench.restart(1_000, UnderWay::Lost);
        bench.run_ms(SWEEP_MS + 5_000);
        let row = bench.invoice("i-0");
        assert_eq!(row.back.work_order, Some(WorkOrderLink::Freed), "after {steps} effects");
        assert!(bench.rows.follow_ups.is_empty());
        assert_eq!(told(&bench, "invoice.work_order_freed"), 1);
    }
}

#[test]
fn ux_50_two_invoices_of_one_order_that_are_voided_together_free_it() {
    let mut bench = following(0);
    for (host_ref, number) in [("i-0", "N-0"), ("i-1", "N-1")] {
        bench.put(host_ref, ordered(number));
    }
    bench.run_ms(20_000 + SWEEP_MS);
    void(&mut bench, "i-0");
    void(&mut bench, "i-1");
    bench.run_ms(SWEEP_MS + 5_000);
    for host_ref in ["i-0", "i-1"] {
        assert_eq!(bench.invoice(host_ref).back.work_order, Some(WorkOrderLink::Freed));
    }
}

#[test]
fn a_void_of_the_host_is_no_news_about_its_work_order() {
    let mut bench = following(0);
    bench.put("i-0", ordered("N-0"));
    bench.run_ms(20_000);
    let mut void = ordered("N-0");
    void.host_status = HostStatus::Void;
    bench.put("i-0", void);
    bench.run_ms(2 * SWEEP_MS);
    let row = bench.invoice("i-0");
    assert_eq!((Standing::of(&row), row.back.work_order), (Standing::Void, None));
}

/// The last entry of the record of this kind: its reason and what was changed.
fn recorded(bench: &Bench, action: &str) -> (String, Vec<[String; 3]>) {
    let mut entries = bench.rows.audit.iter().rev();
    let entry = entries.find(|entry| entry.action == action).unwrap();
    let changes = entry.changes.iter();
    let changes = changes.map(|change| [change.field.clone(), change.before.clone(), change.after.clone()]);
    (entry.reason.clone().unwrap_or_default(), changes.collect())
}

fn changed(field: &str, before: &str, after: &str) -> Vec<[String; 3]> {
    vec![[field, before, after].map(str::to_owned)]
}

#[test]
fn ux_49_what_comes_of_a_change_in_xero_is_on_record_with_what_was_before_and_why() {
    let mut bench = following(0);
    let mut waiting = ordered("N-0");
    waiting.host_status = HostStatus::Pending;
    bench.put("i-0", waiting);
    for (host_ref, number) in [("i-1", "N-1"), ("i-2", "N-2")] {
        bench.put(host_ref, ordered(number));
    }
    bench.run_ms(20_000 + SWEEP_MS);
    let words = bench.document("i-0").lines[0].description.clone();
    edit(&mut bench, "i-0", |document| {
        document.lines[0].description = "by hand".to_owned()
    });
    bench.run_ms(SWEEP_MS + 5_000);
    assert_eq!(
        recorded(&bench, "invoice.auto_applied"),
        (
            "Taken over from Xero.".to_owned(),
            changed("lines.1.description", &words, "by hand")
        )
    );
    edit(&mut bench, "i-1", |document| {
        document.lines[0].description = "other words".to_owned()
    });
    bench.run_ms(SWEEP_MS + 5_000);
    assert_eq!(
        recorded(&bench, "invoice.variance_detected"),
        (
            "Variance: Xero differs.".to_owned(),
            changed("lines.1.description", &words, "other words")
        )
    );
    void(&mut bench, "i-1");
    bench.run_ms(SWEEP_MS + 5_000);
    let keeper = bench.invoice("i-2").id;
    let again = "The work order WO-881 was invoiced again before this invoice was voided in Xero.";
    assert_eq!(
        recorded(&bench, "invoice.conflict"),
        (
            again.to_owned(),
            changed("work_order.link", "", &format!("kept_by:{keeper}"))
        )
    );
    void(&mut bench, "i-0");
    void(&mut bench, "i-2");
    bench.run_ms(SWEEP_MS + 5_000);
    assert_eq!(
        recorded(&bench, "invoice.work_order_freed"),
        (
            "The work order WO-881 can be invoiced again.".to_owned(),
            changed("work_order.link", "", "freed")
        )
    );
    bench.connection(ConnectionEvent::DisconnectedByPerson);
    assert_eq!(
        recorded(&bench, "connection.state_changed").1,
        changed("connection.state", "active", "disconnected")
    );
}

#[test]
fn ux_66_a_variance_that_was_acknowledged_is_open_again_once_it_is_another_one() {
    let mut bench = following(1);
    edit(&mut bench, "i-0", |document| document.reference = "by hand".to_owned());
    bench.run_ms(SWEEP_MS + 5_000);
    acknowledge(&mut bench, "i-0", true);
    let row = bench.invoice("i-0");
    assert_eq!(
        row.back.variance.as_ref().unwrap().acknowledged.as_ref().unwrap().note,
        "seen"
    );
    assert!(row.back.open_variance().is_none());
    bench.run_ms(2 * SWEEP_MS);
    assert!(
        bench.invoice("i-0").back.open_variance().is_none(),
        "it stays acknowledged"
    );
    edit(&mut bench, "i-0", |document| {
        document.reference = "once more".to_owned()
    });
    bench.run_ms(SWEEP_MS + 5_000);
    assert!(bench.invoice("i-0").back.open_variance().is_some());
}
