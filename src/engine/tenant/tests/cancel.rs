//! Jobs that are cancelled, and what they left undone.

use super::bench::*;
use super::jobs::{ask, begin, ended, pay, reads, synced};
use super::xero::How;
use crate::engine::effect::Reply;
use crate::engine::event::{Event, JobPlan};
use crate::model::ids::{OperationId, XeroInvoiceId};
use crate::model::limits::SELECTION_MAX;
use crate::model::row::{Audit, Class, LinkOrder, LinkTo, Operation, OperationState};

fn cancel(bench: &mut Bench, operation: OperationId) -> Reply {
    let ask = bench.ask();
    bench.event(Event::Cancel {
        ask,
        operation,
        requested_by: "token:ops".to_owned(),
    });
    let at = bench.replies.iter().position(|(other, _)| *other == ask).unwrap();
    bench.replies.remove(at).1
}

fn told(reply: Reply) -> Operation {
    match reply {
        Reply::Operation(operation) => *operation,
        other => panic!("{other:?}"),
    }
}

fn ids(bench: &Bench, count: u32) -> Vec<XeroInvoiceId> {
    (0..count).map(|nth| bench.document(&format!("i-{nth}")).id).collect()
}

fn retried(bench: &mut Bench, of: OperationId) -> Operation {
    let job = bench.rows.operations[&of].rest.clone().unwrap();
    let again = begin(bench, JobPlan::Again { job, of });
    assert_eq!(bench.rows.operations[&again].retry_of, Some(of));
    ended(bench, again)
}

fn entries(bench: &Bench, action: &str) -> Vec<Audit> {
    let all = bench.rows.audit.iter();
    all.filter(|entry| entry.action == action).cloned().collect()
}

#[test]
fn a_cancelled_refresh_takes_what_the_call_under_way_brings_and_then_ends() {
    let mut bench = synced(45);
    pay(&mut bench, "i-0", 1);
    let chosen = ids(&bench, 45);
    let id = begin(&mut bench, JobPlan::These(chosen));
    let open = told(cancel(&mut bench, id));
    assert_eq!(
        (open.state, open.message.as_str()),
        (
            OperationState::Running,
            "Cancelling: the call under way is finished first."
        )
    );
    assert_eq!(told(cancel(&mut bench, id)).state, OperationState::Running);
    let operation = ended(&mut bench, id);
    assert_eq!(
        (operation.state, operation.message.as_str()),
        (OperationState::Cancelled, "Cancelled. Checked 40 invoices, updated 1.")
    );
    assert_eq!((operation.done, operation.total), (1, 2));
    assert_eq!(reads(&bench), ["40 ids"]);
    let told = entries(&bench, "operation.cancelled");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].actor.as_str(), told[0].operation), ("token:ops", Some(id)));
    assert_eq!(cancel(&mut bench, id), Reply::HasEnded);
    let again = retried(&mut bench, id);
    assert_eq!(again.message, "Checked 5 invoices, updated 0.");
    assert_eq!(reads(&bench), ["40 ids", "5 ids"]);
}

#[test]
fn that_a_refresh_was_cancelled_is_not_forgotten_in_a_restart() {
    let mut bench = synced(45);
    let chosen = ids(&bench, 45);
    let id = begin(&mut bench, JobPlan::These(chosen));
    cancel(&mut bench, id);
    bench.restart(5_000, UnderWay::Lost);
    let operation = ended(&mut bench, id);
    assert_eq!(
        (operation.state, operation.message.as_str()),
        (OperationState::Cancelled, "Cancelled before anything was read.")
    );
    assert_eq!(reads(&bench), ["40 ids"], "nothing more is called for it");
    assert_eq!(retried(&mut bench, id).message, "Checked 45 invoices, updated 0.");
}

#[test]
fn a_cancelled_refresh_whose_call_fails_is_not_tried_again() {
    let mut bench = synced(1);
    let id = begin(&mut bench, JobPlan::SinceWatermark);
    cancel(&mut bench, id);
    bench.answer(How::ErrorBefore);
    assert_eq!(bench.rows.operations[&id].state, OperationState::Cancelled);
}

#[test]
fn a_job_that_waits_ends_at_once() {
    let mut bench = synced(1);
    let id = begin(&mut bench, JobPlan::SinceWatermark);
    bench.answer(How::ErrorBefore);
    assert_eq!(bench.rows.operations[&id].state, OperationState::Waiting);
    let operation = told(cancel(&mut bench, id));
    assert_eq!(operation.state, OperationState::Cancelled);
    assert!(operation.finished_at.is_some());
    assert_eq!(bench.rows.operations[&id], operation);
    assert!(bench.rows.jobs.is_empty());
}

#[test]
fn a_comparison_that_was_cancelled_begins_anew_when_it_is_tried_again() {
    let mut bench = synced(3);
    let id = begin(&mut bench, JobPlan::Drift);
    cancel(&mut bench, id);
    ended(&mut bench, id);
    assert_eq!(retried(&mut bench, id).message, "Compared 4 invoices, 0 differences.");
}

#[test]
fn a_push_cannot_be_called_back() {
    let mut bench = synced(1);
    bench.sync_now("i-0");
    let open = bench.rows.operations.values().find(|row| !row.state.is_final());
    let id = open.unwrap().id;
    assert_eq!(cancel(&mut bench, id), Reply::IsPush);
}

#[test]
fn a_link_that_failed_tells_what_was_to_be_linked() {
    let mut bench = synced(1);
    let order = LinkOrder {
        host_ref: "i-404".to_owned(),
        document: LinkTo::Number("N-404".to_owned()),
    };
    let id = begin(&mut bench, JobPlan::Links(vec![order.clone()]));
    assert_eq!(ended(&mut bench, id).state, OperationState::Failed);
    assert_eq!(bench.rows.items[0].document, Some(order.document));
}

#[test]
fn a_selection_too_large_for_clicks_goes_behind_everything_else() {
    let mut bench = synced(1);
    let one = ids(&bench, 1)[0];
    let many = vec![one; SELECTION_MAX + 1];
    begin(&mut bench, JobPlan::These(many));
    let classes: Vec<Class> = bench.rows.jobs.values().map(|job| job.class).collect();
    assert_eq!(classes, [Class::Backfill]);
    let Reply::Operation(_) = ask(&mut bench, JobPlan::These(vec![one])) else {
        panic!("no operation")
    };
    assert!(bench.rows.jobs.values().any(|job| job.class == Class::User));
}
