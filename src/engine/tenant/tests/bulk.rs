//! Many invoices at once: sent again, acknowledged, cut short and killed.

use std::collections::BTreeSet;

use super::bench::*;
use super::jobs::{ask, begin, ended};
use crate::engine::alert;
use crate::engine::desired::Obstacle;
use crate::engine::effect::Reply;
use crate::engine::event::{BulkOrder, ConnectionEvent, Event, JobPlan};
use crate::model::connection::{ConnectionCause, ConnectionState};
use crate::model::document::{HostStatus, InvoiceKind::Sales};
use crate::model::ids::{InvoiceId, OperationId};
use crate::model::reason::ReasonCode;
use crate::model::row::{Badge, Class, JobKind, Operation, OperationItem, OperationState};

const LOCKED: &str = "The document date cannot be before the period lock date, currently set at 1";

/// A bench with so many red invoices (`i-0`, …) that Xero would take now, but for the last ones.
fn red(count: u32, still_refused: u32) -> Bench {
    let mut bench = Bench::warm();
    for nth in 0..count {
        bench.xero.refused.insert(format!("N-{nth}"), LOCKED.to_owned());
    }
    for nth in 0..count {
        bench.put(&format!("i-{nth}"), draft(Sales, &format!("N-{nth}")));
    }
    bench.run_ms(20_000 + u64::from(count) * 200);
    for nth in 0..count - still_refused {
        bench.xero.refused.remove(&format!("N-{nth}"));
    }
    for nth in 0..count {
        assert_eq!(bench.code(&format!("i-{nth}")), Some(ReasonCode::PeriodLocked));
    }
    bench.advance_ms(60_000);
    bench.sent.clear();
    bench.rows.audit.clear();
    bench
}

fn chosen(bench: &Bench, count: u32) -> Vec<InvoiceId> {
    (0..count).map(|nth| bench.invoice(&format!("i-{nth}")).id).collect()
}

fn bulk(kind: JobKind, invoices: Vec<InvoiceId>) -> JobPlan {
    JobPlan::Bulk(BulkOrder {
        kind,
        invoices,
        missing: Vec::new(),
        why: "the books are open again".to_owned(),
    })
}

fn resync(bench: &mut Bench, count: u32) -> OperationId {
    let invoices = chosen(bench, count);
    begin(bench, bulk(JobKind::Resync, invoices))
}

fn items(bench: &Bench, of: OperationId) -> Vec<OperationItem> {
    let all = bench.rows.items.iter();
    all.filter(|item| item.operation == of).cloned().collect()
}

/// Every chosen invoice has one item, and the operation counts them.
fn assert_told(bench: &Bench, operation: &Operation, count: u32) {
    let items = items(bench, operation.id);
    let places: BTreeSet<u32> = items.iter().map(|item| item.index).collect();
    assert_eq!(places, (0..count).collect(), "each item has its place");
    let named: BTreeSet<InvoiceId> = items.iter().filter_map(|item| item.invoice).collect();
    assert_eq!(named.len(), items.len(), "each invoice is told once");
    let tally = operation.tally.unwrap();
    let of = |is: fn(&OperationItem) -> bool| u32::try_from(items.iter().filter(|item| is(item)).count()).unwrap();
    assert_eq!(tally.changed, of(|item| item.is_done));
    assert_eq!(tally.skipped, of(|item| item.is_skipped));
    assert_eq!(tally.failed, of(|item| !item.is_done && !item.is_skipped));
    assert_eq!((operation.done, operation.total), (count, count));
}

#[test]
fn ux_75_what_was_chosen_is_sent_again_and_told_one_by_one() {
    let mut bench = red(120, 20);
    let id = resync(&mut bench, 120);
    assert_eq!(bench.invoice("i-0").sync.badge, Some(Badge::Pending));
    let operation = ended(&mut bench, id);
    assert_eq!(operation.state, OperationState::PartiallyFailed);
    assert_eq!(operation.message, "100 moved to Synced, 20 remain");
    assert_told(&bench, &operation, 120);
    let refused = items(&bench, id).into_iter().find(|item| !item.is_done).unwrap();
    assert_eq!(refused.code, "period_locked");
    assert!(refused.detail.contains(LOCKED), "{}", refused.detail);
    assert_eq!(bench.writes_sent(), 3, "they go many at a time");
    bench.assert_settled();
    let asked: Vec<_> = bench
        .rows
        .audit
        .iter()
        .filter(|entry| entry.action == "resync.requested")
        .collect();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].reason.as_deref(), Some("the books are open again"));
    let grey = bench
        .rows
        .audit
        .iter()
        .find(|entry| entry.action == "invoice.pending")
        .unwrap();
    assert_eq!((grey.actor.as_str(), grey.operation), ("token:test", Some(id)));
}

#[test]
fn a_click_on_one_of_many_goes_first_and_has_an_end_of_its_own() {
    let mut bench = red(130, 0);
    let id = resync(&mut bench, 130);
    assert!(
        bench
            .rows
            .intents
            .values()
            .all(|intent| intent.class == Class::Backfill)
    );
    bench.sync_now("i-129");
    let Some((_, Reply::Operation(click))) = bench.replies.pop() else {
        panic!("no reply")
    };
    assert_ne!(click.id, id, "it is not told of the others");
    let of_click = bench.invoice("i-129").id;
    let intent = bench
        .rows
        .intents
        .values()
        .find(|intent| intent.invoice == of_click)
        .unwrap();
    assert_eq!((intent.class, intent.jobs.as_slice()), (Class::User, [id].as_slice()));
    let operation = ended(&mut bench, id);
    assert_eq!(operation.message, "130 moved to Synced");
    assert_told(&bench, &operation, 130);
    assert_eq!(bench.rows.operations[&click.id].state, OperationState::Succeeded);
    let few = begin(&mut bench, bulk(JobKind::Resync, vec![of_click]));
    assert_eq!(bench.rows.jobs[&few].class, Class::User, "few go like a click");
    assert_eq!(ended(&mut bench, few).message, "1 moved to Synced");
    bench.assert_settled();
}

#[test]
fn each_of_two_operations_is_told_of_what_both_chose() {
    let mut bench = red(3, 1);
    let first = resync(&mut bench, 3);
    let second = resync(&mut bench, 2);
    assert_eq!(ended(&mut bench, first).message, "2 moved to Synced, 1 remains");
    let operation = ended(&mut bench, second);
    assert_eq!(operation.message, "2 moved to Synced");
    assert_told(&bench, &operation, 2);
    assert_eq!(bench.writes_sent(), 1, "nothing is sent twice");
}

#[test]
fn whenever_the_process_dies_each_is_told_once_and_sent_once() {
    let mut died = 0;
    for effects in 0..40 {
        for under_way in [UnderWay::Lost, UnderWay::Arrives, UnderWay::ArrivesLate(30_000)] {
            let mut bench = red(7, 3);
            bench.dies_in = Some(effects);
            let invoices = chosen(&bench, 7);
            let ask = bench.ask();
            bench.event(Event::Begin {
                ask,
                order: Box::new(crate::engine::event::JobOrder {
                    plan: bulk(JobKind::Resync, invoices),
                    linked: Some(0),
                    skipped: 0,
                    invoice: None,
                }),
                requested_by: "token:test".to_owned(),
            });
            bench.run_ms(30_000);
            died += u32::from(bench.is_dead);
            bench.restart(10_000, under_way);
            bench.run_ms(600_000);
            let begun = bench
                .rows
                .operations
                .values()
                .find(|operation| operation.kind == "resync");
            let Some(operation) = begun.cloned() else {
                assert_eq!(effects, 0, "what was told is kept");
                continue;
            };
            assert_eq!(
                operation.message, "4 moved to Synced, 3 remain",
                "{effects} {under_way:?}"
            );
            assert_told(&bench, &operation, 7);
            assert!(bench.rows.jobs.is_empty());
            bench.assert_settled();
        }
    }
    assert!(died >= 15, "{died} runs died under way");
}

#[test]
fn what_has_not_had_its_turn_is_not_touched_by_a_cancelled_operation() {
    let mut bench = red(700, 0);
    let id = resync(&mut bench, 700);
    let red = |bench: &Bench| {
        let rows = bench.rows.invoices.values();
        rows.filter(|row| row.sync.badge == Some(Badge::Failed)).count()
    };
    assert_eq!(red(&bench), 200, "at most 500 are open at once");
    let ask = bench.ask();
    bench.event(Event::Cancel {
        ask,
        operation: id,
        requested_by: "token:ops".to_owned(),
    });
    let operation = bench.rows.operations[&id].clone();
    assert_eq!(operation.state, OperationState::Cancelled);
    assert_eq!(
        operation.message,
        "Cancelled, 500 queued already go on, 200 not touched"
    );
    bench.run_ms(120_000);
    assert_eq!(red(&bench), 200);
    bench.assert_settled();
    let job = operation.rest.clone().unwrap();
    assert_eq!(job.invoices.len(), 700);
    let again = begin(&mut bench, JobPlan::Again { job, of: id });
    assert_eq!(bench.rows.jobs[&again].class, Class::Backfill);
    let again = ended(&mut bench, again);
    assert_eq!(again.message, "700 moved to Synced");
    assert_told(&bench, &again, 700);
    bench.assert_settled();
}

#[test]
fn while_nothing_can_be_sent_red_badges_keep_their_reasons() {
    let mut bench = red(5, 0);
    bench.connection(ConnectionEvent::GrantLost(ConnectionCause::GrantDead));
    let id = resync(&mut bench, 5);
    let waiting = bench.rows.operations[&id].clone();
    assert_eq!(waiting.state, OperationState::Waiting);
    assert!(
        waiting
            .message
            .starts_with("Waiting: The connection is in the state requires_reauth.")
    );
    assert_eq!(bench.code("i-0"), Some(ReasonCode::PeriodLocked));
    bench.restart(1_000, UnderWay::Lost);
    bench.connection(ConnectionEvent::Reconnected);
    bench.connection(ConnectionEvent::CaughtUp);
    let operation = ended(&mut bench, id);
    assert_eq!(
        (operation.message.as_str(), operation.reason),
        ("5 moved to Synced", None)
    );
    bench.assert_settled();
}

#[test]
fn a_connection_that_was_ended_ends_the_operation_and_leaves_the_rest_to_a_retry() {
    let mut bench = red(5, 0);
    bench.connection(ConnectionEvent::GrantLost(ConnectionCause::GrantDead));
    let id = resync(&mut bench, 5);
    bench.connection(ConnectionEvent::DisconnectedByPerson);
    let operation = ended(&mut bench, id);
    assert_eq!(
        (operation.state, operation.message.as_str()),
        (OperationState::Failed, "Company does not have Xero configured.")
    );
    assert_eq!(operation.rest.unwrap().invoices.len(), 5);
    let invoices = chosen(&bench, 5);
    let refused = ask(&mut bench, bulk(JobKind::Resync, invoices));
    assert_eq!(refused, Reply::NotConnected(ConnectionState::Disconnected));
}

#[test]
fn what_is_not_there_or_was_never_sent_is_left_out() {
    let mut bench = red(2, 0);
    let mut void = draft(Sales, "V-1");
    void.host_status = HostStatus::Void;
    bench.put("void", void);
    let invoices = vec![
        bench.invoice("i-0").id,
        InvoiceId::from_parts(1, 99),
        bench.invoice("void").id,
    ];
    let id = begin(
        &mut bench,
        JobPlan::Bulk(BulkOrder {
            kind: JobKind::Resync,
            invoices,
            missing: vec!["SO-404".to_owned()],
            why: String::new(),
        }),
    );
    let operation = ended(&mut bench, id);
    assert_eq!(operation.state, OperationState::Succeeded);
    assert_eq!(operation.message, "1 moved to Synced, 3 left out");
    assert_eq!((operation.done, operation.total), (4, 4));
    let codes: Vec<String> = items(&bench, id).into_iter().map(|item| item.code).collect();
    assert_eq!(
        codes,
        ["invoice_not_found", "invoice_not_found", "nothing_to_send", "synced"]
    );
}

#[test]
fn many_alerts_are_acknowledged_and_the_rest_is_told() {
    let mut bench = super::jobs::synced(3);
    for nth in 0..2 {
        let mut row = bench.invoice(&format!("i-{nth}"));
        let obstacle = Obstacle {
            code: ReasonCode::PaymentDeleteNoMatch,
            detail: "A payment was deleted.".to_owned(),
            subject: Some("p1".to_owned()),
        };
        alert::raise(&mut row, obstacle, bench.now);
        row.version += 1;
        bench.rows.invoices.insert(row.id, row);
    }
    bench.connection(ConnectionEvent::DisconnectedByPerson);
    let invoices = chosen(&bench, 3);
    let id = begin(&mut bench, bulk(JobKind::Acknowledge, invoices));
    let operation = ended(&mut bench, id);
    assert_eq!(operation.state, OperationState::Succeeded);
    assert_eq!(
        operation.message,
        "Acknowledged 2 invoices, 1 with nothing to acknowledge"
    );
    assert_told(&bench, &operation, 3);
    let row = bench.invoice("i-0");
    assert_eq!(row.sync.badge, Some(Badge::Synced));
    let word = row.back.alerts[0].acknowledged.clone().unwrap();
    assert_eq!(
        (word.by.as_str(), word.note.as_str()),
        ("token:test", "the books are open again")
    );
    let said = bench
        .rows
        .audit
        .iter()
        .filter(|entry| entry.action == "alerts.acknowledged");
    assert_eq!(said.count(), 2);
    assert_eq!(bench.writes_sent(), 0);
}

#[test]
fn what_was_put_right_in_xero_a_moment_before_the_click_is_seen() {
    let mut bench = Bench::warm();
    bench.xero.organisation.period_lock_date = chrono::NaiveDate::from_ymd_opt(2026, 12, 31);
    bench.put("i-0", draft(Sales, "N-0"));
    bench.put("i-1", draft(Sales, "N-1"));
    // Old enough to be doubted, so that it is read anew: the books are locked.
    bench.rows.chart.as_mut().unwrap().organisation.period_lock_date = bench.xero.organisation.period_lock_date;
    bench.run_ms(5_000);
    assert_eq!(bench.code("i-0"), Some(ReasonCode::PeriodLocked));
    assert_eq!(bench.writes_sent(), 0, "the organisation's own data says so");
    let read_at = bench.rows.chart.as_ref().unwrap().read_at;
    bench.xero.organisation.period_lock_date = None;
    assert!(bench.now.wall.since_ms(read_at) < bench.setup.policy.chart_doubt_age_ms);
    let id = resync(&mut bench, 2);
    assert_eq!(ended(&mut bench, id).message, "2 moved to Synced");
    bench.assert_settled();
}
