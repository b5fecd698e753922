//! Refreshes, checks and comparisons, step by step.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::bench::*;
use super::xero::How;
use crate::engine::effect::Reply;
use crate::engine::event::{ConnectionEvent, Event, JobOrder, JobPlan};
use crate::engine::policy::{NightPolicy, Policy, PullPolicy};
use crate::model::connection::{ConnectionCause, ConnectionState};
use crate::model::document::InvoiceKind::Sales;
use crate::model::ids::{OperationId, XeroInvoiceId, XeroPaymentId};
use crate::model::row::{Badge, Class, LinkOrder, LinkTo, Operation, OperationState, StreamKind};
use crate::model::standing::Standing;
use crate::model::time::Timestamp;
use crate::model::xero::{InvoiceChange, Request, XeroPayment, XeroStatus};

/// A bench with `count` synced invoices (`i-0`, `i-1`, …), which reads nothing by itself.
pub fn synced(count: u32) -> Bench {
    let mut bench = Bench::warm();
    for nth in 0..count {
        bench.put(&format!("i-{nth}"), draft(Sales, &format!("N-{nth}")));
    }
    bench.run_ms(20_000 + u64::from(count) * 500);
    for nth in 0..count {
        assert_eq!(bench.invoice(&format!("i-{nth}")).sync.badge, Some(Badge::Synced));
    }
    bench.advance_ms(60_000);
    bench.sent.clear();
    bench
}

pub fn ask(bench: &mut Bench, plan: JobPlan) -> Reply {
    let linked = bench.rows.invoices.values().filter(|row| row.link.is_some()).count();
    let ask = bench.ask();
    bench.event(Event::Begin {
        ask,
        order: Box::new(JobOrder {
            plan,
            linked: u32::try_from(linked).ok(),
            skipped: 0,
            invoice: None,
        }),
        requested_by: "token:test".to_owned(),
    });
    let at = bench.replies.iter().position(|(other, _)| *other == ask).unwrap();
    bench.replies.remove(at).1
}

pub fn begin(bench: &mut Bench, plan: JobPlan) -> OperationId {
    match ask(bench, plan) {
        Reply::Operation(operation) => operation.id,
        other => panic!("{other:?}"),
    }
}

pub fn ended(bench: &mut Bench, id: OperationId) -> Operation {
    for _ in 0..600 {
        if bench.rows.operations[&id].state.is_final() {
            assert!(bench.rows.jobs.is_empty(), "the job went with its operation");
            return bench.rows.operations[&id].clone();
        }
        bench.run_ms(1_000);
    }
    panic!("{:?}", bench.rows.operations[&id]);
}

pub fn pay(bench: &mut Bench, host_ref: &str, id: u128) {
    let now = bench.now;
    let at = bench.document(host_ref).id;
    let stamp = bench.xero.stamp(now);
    let document = bench.xero.invoices.get_mut(&at).unwrap();
    document.payments.push(XeroPayment {
        id: XeroPaymentId(Uuid::from_u128(id)),
        amount: Decimal::ONE,
        date: None,
        reference: String::new(),
    });
    document.amount_paid += Decimal::ONE;
    document.amount_due = document.total - document.amount_paid;
    document.updated = stamp;
}

fn is_part_paid(bench: &Bench, host_ref: &str) -> bool {
    Standing::of(&bench.invoice(host_ref)) == Standing::PartPaid
}

/// The reads since `sent` was cleared, each in a word.
pub fn reads(bench: &Bench) -> Vec<String> {
    let word = |request: &Request| match request {
        Request::Changes { page, .. } => format!("page {page}"),
        Request::Summaries { page, .. } => format!("summary {page}"),
        Request::InvoicesById(ids) => format!("{} ids", ids.len()),
        Request::InvoicesByNumber(numbers) => format!("{} numbers", numbers.len()),
        other => format!("{other:?}"),
    };
    bench.sent.iter().map(|(_, request)| word(request)).collect()
}

#[test]
fn a_refresh_since_the_watermark_takes_what_changed_and_moves_the_watermark() {
    let mut bench = synced(2);
    pay(&mut bench, "i-0", 1);
    let Reply::Operation(queued) = ask(&mut bench, JobPlan::SinceWatermark) else {
        panic!("no operation")
    };
    assert_eq!(queued.message, "Queued");
    let operation = ended(&mut bench, queued.id);
    assert_eq!(
        (operation.state, operation.message.as_str()),
        (OperationState::Succeeded, "Checked 3 invoices, updated 1.")
    );
    assert!(is_part_paid(&bench, "i-0"));
    let stream = &bench.rows.streams[&StreamKind::Invoices];
    assert_eq!(stream.seen, Some(bench.document("i-0").updated));
    let from = stream.from;
    bench.advance_ms(600_000);
    let id = begin(&mut bench, JobPlan::SinceWatermark);
    assert!(ended(&mut bench, id).message.ends_with(", updated 0."));
    assert!(bench.rows.streams[&StreamKind::Invoices].from > from);
    assert_eq!(reads(&bench), ["page 1", "page 1"]);
}

#[test]
fn a_window_that_begins_after_the_watermark_does_not_move_it() {
    let mut bench = synced(1);
    let id = begin(&mut bench, JobPlan::SinceWatermark);
    ended(&mut bench, id);
    let before = bench.rows.streams.clone();
    bench.advance_ms(3 * 3_600_000);
    let at = bench.now.wall.plus_ms(-900_000);
    pay(&mut bench, "i-0", 1);
    let id = begin(
        &mut bench,
        JobPlan::Since {
            at,
            window: "15m".to_owned(),
        },
    );
    ended(&mut bench, id);
    assert!(is_part_paid(&bench, "i-0"));
    assert_eq!(bench.rows.streams, before, "an hour before the window may hold changes");
}

#[test]
fn a_selection_is_read_by_its_ids_forty_a_call_and_the_watermark_stays() {
    let mut bench = synced(45);
    let ids: Vec<XeroInvoiceId> = (0..45).map(|nth| bench.document(&format!("i-{nth}")).id).collect();
    pay(&mut bench, "i-7", 1);
    let id = begin(&mut bench, JobPlan::These(ids));
    let operation = ended(&mut bench, id);
    assert_eq!(operation.message, "Checked 45 invoices, updated 1.");
    assert_eq!(reads(&bench), ["40 ids", "5 ids"]);
    assert!(bench.rows.streams.is_empty());
}

#[test]
fn all_linked_are_read_in_whichever_way_costs_fewer_calls() {
    let mut bench = synced(45);
    let id = begin(&mut bench, JobPlan::AllLinked);
    assert_eq!(ended(&mut bench, id).message, "Checked 46 invoices, updated 0.");
    assert_eq!(reads(&bench), ["page 1"]);
    bench.sent.clear();
    bench.xero.page_size = 10;
    pay(&mut bench, "i-9", 1);
    let id = begin(&mut bench, JobPlan::AllLinked);
    assert_eq!(ended(&mut bench, id).message, "Checked 46 invoices, updated 1.");
    assert_eq!(reads(&bench), ["page 1", "40 ids", "6 ids"]);
    assert!(is_part_paid(&bench, "i-9"));
}

#[test]
fn a_second_refresh_joins_the_one_that_has_not_begun_and_follows_the_one_that_has() {
    let mut bench = synced(1);
    // No call may go now: the first one waits.
    bench.connection(ConnectionEvent::CreditsUsedUp);
    bench.connection(ConnectionEvent::ToppedUp);
    let first = begin(&mut bench, JobPlan::SinceWatermark);
    assert_eq!(bench.open.len(), 1, "it is under way");
    let second = begin(&mut bench, JobPlan::SinceWatermark);
    assert_ne!(first, second, "what changed since the first one began is not in it");
    ended_both(&mut bench, [first, second]);
}

fn ended_both(bench: &mut Bench, ids: [OperationId; 2]) {
    bench.run_ms(10_000);
    for id in ids {
        assert_eq!(bench.rows.operations[&id].state, OperationState::Succeeded);
    }
}

#[test]
fn a_refresh_goes_on_at_its_page_after_a_restart() {
    let mut bench = synced(45);
    bench.xero.page_size = 15;
    // More linked invoices than pages are worth.
    let id = match ask_with(&mut bench, JobPlan::AllLinked, None) {
        Reply::Operation(operation) => operation.id,
        other => panic!("{other:?}"),
    };
    bench.answer(How::Well);
    bench.answer(How::Well);
    bench.restart(5_000, UnderWay::Lost);
    assert_eq!(bench.rows.operations[&id].state, OperationState::Running);
    let operation = ended(&mut bench, id);
    assert_eq!(operation.message, "Checked 46 invoices, updated 0.");
    assert_eq!(
        reads(&bench),
        ["page 1", "page 4", "page 3", "page 3", "page 2", "page 1"]
    );
}

fn ask_with(bench: &mut Bench, plan: JobPlan, linked: Option<u32>) -> Reply {
    let ask = bench.ask();
    bench.event(Event::Begin {
        ask,
        order: Box::new(JobOrder {
            plan,
            linked,
            skipped: 0,
            invoice: None,
        }),
        requested_by: "token:test".to_owned(),
    });
    bench.replies.pop().unwrap().1
}

#[test]
fn a_refresh_waits_out_a_fault_of_xero_and_says_so() {
    let mut bench = synced(1);
    let id = begin(&mut bench, JobPlan::SinceWatermark);
    bench.answer(How::ErrorBefore);
    let waiting = &bench.rows.operations[&id];
    assert_eq!(
        (waiting.state, waiting.message.as_str()),
        (
            OperationState::Waiting,
            "Xero could not be reached, or failed for the moment. The system retries automatically."
        )
    );
    assert_eq!(ended(&mut bench, id).state, OperationState::Succeeded);
}

#[test]
fn nothing_is_refreshed_where_the_connection_does_not_allow_reading() {
    let mut bench = synced(1);
    let id = begin(&mut bench, JobPlan::SinceWatermark);
    bench.connection(ConnectionEvent::GrantLost(ConnectionCause::GrantDead));
    assert_eq!(
        ask(&mut bench, JobPlan::SinceWatermark),
        Reply::NotConnected(ConnectionState::RequiresReauth)
    );
    bench.answer(How::NotSent);
    assert!(
        !bench.rows.operations[&id].state.is_final(),
        "it waits for the reconnection"
    );
    bench.connection(ConnectionEvent::DisconnectedByPerson);
    let operation = &bench.rows.operations[&id];
    assert_eq!(
        (operation.state, operation.message.as_str()),
        (OperationState::Failed, "Company does not have Xero configured.")
    );
    assert!(bench.rows.jobs.is_empty());
}

#[test]
fn the_check_repairs_what_was_missed_and_says_why_it_had_been() {
    let mut bench = synced(3);
    let id = begin(&mut bench, JobPlan::SinceWatermark);
    ended(&mut bench, id);
    // Missed for good: its change lies before the watermark.
    pay(&mut bench, "i-0", 1);
    let late = bench.document("i-0").updated;
    bench.advance_ms(3_600_000);
    let stream = bench.rows.streams.get_mut(&StreamKind::Invoices).unwrap();
    stream.from = late.plus_ms(1_000);
    bench.restart(1_000, UnderWay::Lost);
    // In no list of changes: its stamp stays.
    let open = bench.document("i-1").id;
    let document = bench.xero.invoices.get_mut(&open).unwrap();
    document.lines[0].account_code = Some("400".to_owned());
    bench.sent.clear();
    let id = begin(&mut bench, JobPlan::Reconcile);
    let operation = ended(&mut bench, id);
    assert_eq!(operation.message, "Checked 4, repaired 2.");
    let repaired: Vec<(&str, &str)> = bench
        .rows
        .items
        .iter()
        .map(|item| (item.host_ref.as_deref().unwrap(), item.code.as_str()))
        .collect();
    assert_eq!(repaired, [("i-0", "passed_over"), ("i-1", "stamp_not_moved")]);
    assert!(
        bench.rows.items[1]
            .changes
            .iter()
            .any(|change| change.field == "lines.1.account_code")
    );
    assert!(is_part_paid(&bench, "i-0"));
    let calls = reads(&bench);
    assert_eq!(
        calls,
        ["summary 1", "1 ids", "4 ids"],
        "only what differs is read whole"
    );
    let id = begin(&mut bench, JobPlan::Reconcile);
    assert_eq!(ended(&mut bench, id).message, "Checked 4, repaired 0.");
}

#[test]
fn a_payment_that_took_the_place_of_another_unseen_is_found_by_the_check() {
    let mut bench = synced(1);
    pay(&mut bench, "i-0", 1);
    let xero_id = bench.document("i-0").id;
    let document = bench.xero.invoices.get_mut(&xero_id).unwrap();
    document.status = XeroStatus::Paid;
    let id = begin(&mut bench, JobPlan::SinceWatermark);
    ended(&mut bench, id);
    // The version that is held is the answer to a write of ours, which lists no payments; another
    // payment of the same amount was in it.
    let document = bench.xero.invoices.get_mut(&xero_id).unwrap();
    document.payments[0].id = XeroPaymentId(Uuid::from_u128(2));
    let row = bench
        .rows
        .invoices
        .values_mut()
        .find(|row| row.host_ref == "i-0")
        .unwrap();
    row.copy.as_mut().unwrap().payments.clear();
    let id = begin(&mut bench, JobPlan::Reconcile);
    assert_eq!(ended(&mut bench, id).message, "Checked 2, repaired 1.");
    let payments = bench.invoice("i-0").back.payments;
    let living: Vec<u128> = payments
        .iter()
        .filter(|payment| payment.deleted_at.is_none())
        .map(|payment| payment.xero_id.0.as_u128())
        .collect();
    assert_eq!((payments.len(), living), (2, vec![2]));
    let fields = &bench.rows.items[0].changes;
    assert!(fields.iter().any(|change| change.field == "payments"), "{fields:?}");
}

#[test]
fn a_comparison_of_what_is_in_step_finds_nothing_and_of_what_is_not_tells_each_field() {
    let mut bench = synced(3);
    let id = begin(&mut bench, JobPlan::Drift);
    assert_eq!(ended(&mut bench, id).message, "Compared 4 invoices, 0 differences.");
    pay(&mut bench, "i-2", 1);
    bench.advance_ms(200_000);
    let gone = bench.document("i-1").id;
    let kept = bench.xero.invoices.remove(&gone).unwrap();
    let id = begin(&mut bench, JobPlan::Drift);
    assert_eq!(ended(&mut bench, id).message, "Compared 4 invoices, 2 differences.");
    let items: Vec<(&str, &str)> = bench
        .rows
        .items
        .iter()
        .map(|item| (item.host_ref.as_deref().unwrap(), item.code.as_str()))
        .collect();
    assert_eq!(items, [("i-2", "not_read_yet"), ("i-1", "missing_in_xero")]);
    let fields: Vec<&str> = bench.rows.items[0]
        .changes
        .iter()
        .map(|change| change.field.as_str())
        .collect();
    assert_eq!(
        fields,
        ["totals.amount_due", "totals.amount_paid", "payments", "version"]
    );
    assert!(!is_part_paid(&bench, "i-2"), "a comparison changes nothing");
    bench.xero.invoices.insert(gone, kept);
}

#[test]
fn a_comparison_that_a_restart_interrupts_begins_again() {
    let mut bench = synced(3);
    let id = begin(&mut bench, JobPlan::Drift);
    bench.answer(How::Well);
    bench.restart(200_000, UnderWay::Lost);
    assert_eq!(ended(&mut bench, id).message, "Compared 4 invoices, 0 differences.");
}

/// A document that somebody made in Xero, for the draft of this number.
fn theirs(bench: &mut Bench, number: &str) -> XeroInvoiceId {
    let maker = format!("maker-{number}");
    bench.put(&maker, draft(Sales, number));
    bench.run_ms(10_000);
    let id = bench.document(&maker).id;
    let row = bench.invoice(&maker).id;
    // As if the host had never made it.
    bench.rows.invoices.remove(&row);
    bench.xero.invoices.get_mut(&id).unwrap().url = None;
    id
}

fn history(bench: &mut Bench, host_ref: &str, number: &str) {
    let mut old = draft(Sales, number);
    old.created_at = Some(Timestamp(0));
    bench.put(host_ref, old);
    assert_eq!(bench.invoice(host_ref).sync.badge, None);
}

fn link(host_ref: &str, document: LinkTo) -> LinkOrder {
    LinkOrder {
        host_ref: host_ref.to_owned(),
        document,
    }
}

#[test]
fn documents_that_are_in_xero_are_linked_by_id_or_number_and_each_tells_how_it_went() {
    let mut bench = synced(1);
    let (one, two) = (theirs(&mut bench, "OLD-1"), theirs(&mut bench, "OLD-2"));
    let other = bench.document("i-0").id;
    for (host_ref, number) in [("h-1", "OLD-1"), ("h-2", "OLD-2"), ("h-3", "OLD-3"), ("h-4", "OLD-4")] {
        history(&mut bench, host_ref, number);
    }
    let now = bench.now;
    let change = InvoiceChange {
        due_date: draft(Sales, "x").due_date.and_then(|day| day.succ_opt()),
        ..InvoiceChange::default()
    };
    bench.xero.change(now, two, &change);
    bench.sent.clear();
    let links = vec![
        link("h-1", LinkTo::Id(one)),
        link("h-2", LinkTo::Number("OLD-2".to_owned())),
        link("h-3", LinkTo::Number("OLD-3".to_owned())),
        link("h-4", LinkTo::Id(other)),
        link("h-9", LinkTo::Id(one)),
    ];
    let id = begin(&mut bench, JobPlan::Links(links));
    let operation = ended(&mut bench, id);
    assert_eq!(
        (operation.state, operation.message.as_str()),
        (OperationState::PartiallyFailed, "Linked 2 of 5 invoices.")
    );
    let items: Vec<(&str, &str, bool)> = bench
        .rows
        .items
        .iter()
        .map(|item| (item.host_ref.as_deref().unwrap(), item.code.as_str(), item.is_done))
        .collect();
    assert_eq!(
        items,
        [
            ("h-1", "linked", true),
            ("h-2", "linked", true),
            ("h-3", "not_in_xero", false),
            ("h-4", "document_taken", false),
            ("h-9", "invoice_not_found", false),
        ]
    );
    let green = bench.invoice("h-1");
    assert_eq!(
        (green.sync.badge, green.link.unwrap().xero_id),
        (Some(Badge::Synced), one)
    );
    let red = bench.invoice("h-2");
    assert_eq!(red.sync.badge, Some(Badge::Failed));
    assert_eq!(red.sync.reason.unwrap().detail, "Linked; the two differ in due date.");
    assert_eq!(bench.writes_sent(), 0, "nothing is sent because of a link");
    // Asked again, nothing changes.
    let id = begin(&mut bench, JobPlan::Links(vec![link("h-1", LinkTo::Id(one))]));
    assert_eq!(ended(&mut bench, id).message, "Linked 1 of 1 invoice.");
    // From now on the two are one document.
    let mut next = draft(Sales, "OLD-1");
    next.created_at = Some(Timestamp(0));
    next.lines = vec![line("1", "Other work", "100.00")];
    bench.put("h-1", next);
    bench.run_ms(20_000);
    assert_eq!(bench.xero.invoices[&one].lines[0].description, "Other work");
    bench.sync_now("h-2");
    bench.run_ms(20_000);
    assert_eq!(
        bench.invoice("h-2").sync.badge,
        Some(Badge::Synced),
        "Sync now: the host's version wins"
    );
}

#[test]
fn six_hours_without_xero_are_caught_up_with_and_nothing_that_only_waited_is_red() {
    let mut bench = Bench::warm_with(Policy::default());
    for nth in 0..30 {
        bench.put(&format!("i-{nth}"), draft(Sales, &format!("N-{nth}")));
    }
    bench.run_ms(60_000);
    let down = bench.now.mono.plus_ms(6 * 3_600_000);
    bench.put("waits", draft(Sales, "WAITS"));
    let refresh = begin(&mut bench, JobPlan::SinceWatermark);
    let day = bench.sent.len();
    while bench.now.mono < down {
        // The connection is refused: nothing leaves.
        bench.run_with(600_000, |_| How::NotSent);
        let row = bench.invoice("waits");
        assert_eq!(row.sync.badge, Some(Badge::Pending), "{:?}", row.sync.reason);
    }
    let tried = bench.sent.len() - day;
    assert!(tried <= 1_600, "{tried} calls while Xero was down");
    for nth in 0..30 {
        pay(&mut bench, &format!("i-{nth}"), u128::from(nth + 1_u32));
    }
    bench.run_ms(15 * 60_000);
    assert_eq!(bench.rows.operations[&refresh].state, OperationState::Succeeded);
    assert_eq!(bench.invoice("waits").sync.badge, Some(Badge::Synced));
    for nth in 0..30 {
        assert!(is_part_paid(&bench, &format!("i-{nth}")), "i-{nth}");
    }
    bench.assert_settled();
}

#[test]
fn a_person_s_refresh_goes_before_the_check() {
    let mut bench = synced(2);
    bench.advance_ms(120_000);
    begin(&mut bench, JobPlan::Reconcile);
    bench.answer(How::Well);
    let id = begin(&mut bench, JobPlan::SinceWatermark);
    let (call, _) = bench.open.back().unwrap();
    assert_eq!(call.class, Class::User);
    ended_at_last(&mut bench, id);
}

fn ended_at_last(bench: &mut Bench, id: OperationId) {
    bench.run_ms(120_000);
    assert_eq!(bench.rows.operations[&id].state, OperationState::Succeeded);
}

/// Until the next check of the night and a little longer.
fn to_next_night(bench: &mut Bench) -> u64 {
    let at = bench.machine.status(bench.now).next_check.unwrap();
    u64::try_from(at.since_ms(bench.now.wall)).unwrap() + 60_000
}

#[test]
fn ux_52_every_night_what_was_missed_is_repaired_once_for_each_date() {
    let quiet = PullPolicy {
        night: Some(NightPolicy::default()),
        ..PullPolicy::NEVER
    };
    let mut bench = Bench::warm_with(Policy {
        pull: quiet,
        ..Policy::default()
    });
    bench.put("i-0", draft(Sales, "N-0"));
    bench.run_ms(10_000);
    pay(&mut bench, "i-0", 1);
    for night in 1..4 {
        let wait_ms = to_next_night(&mut bench);
        assert!(wait_ms <= 25 * 3_600_000, "{wait_ms}");
        bench.run_ms(wait_ms);
        let checks: Vec<&Operation> = bench
            .rows
            .operations
            .values()
            .filter(|it| it.kind == "reconcile")
            .collect();
        assert_eq!(checks.len(), night);
        assert_eq!(checks[0].message, "Checked 2, repaired 1.");
        assert_eq!(checks[0].requested_by, "system");
    }
    assert!(is_part_paid(&bench, "i-0"));
    let date = bench.rows.reconciled.clone().unwrap().date;
    // Down over two nights: made up once.
    bench.restart(2 * 86_400_000, UnderWay::Lost);
    bench.run_ms(40 * 60_000);
    let after = bench.rows.reconciled.clone().unwrap().date;
    assert_eq!(after, date.succ_opt().and_then(|day| day.succ_opt()).unwrap());
    assert_eq!(
        bench
            .rows
            .operations
            .values()
            .filter(|it| it.kind == "reconcile")
            .count(),
        4
    );
    // Not connected: it waits, and is made up.
    bench.connection(ConnectionEvent::GrantLost(ConnectionCause::GrantDead));
    let wait_ms = to_next_night(&mut bench);
    bench.run_ms(wait_ms);
    assert_eq!(bench.rows.reconciled.clone().unwrap().date, after);
    bench.connection(ConnectionEvent::Reconnected);
    bench.run_ms(120_000);
    assert_eq!(bench.rows.reconciled.clone().unwrap().date, after.succ_opt().unwrap());
    assert!(bench.rows.jobs.is_empty());
}
