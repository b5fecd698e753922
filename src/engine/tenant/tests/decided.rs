//! What *Sync now* does about documents that were voided in Xero, and about what Xero alone changed.

use super::bench::*;
use super::payments::{acknowledge, edit};
use super::streams::following;
use crate::engine::effect::{Preview, Reply};
use crate::engine::event::Event;
use crate::model::document::{HostStatus, InvoiceKind::Sales};
use crate::model::reason::ReasonCode;
use crate::model::row::{Badge, OperationState};
use crate::model::xero::XeroStatus;

const SWEEP_MS: u64 = 270_000;

/// What a push would do now.
fn preview(bench: &mut Bench, host_ref: &str) -> Preview {
    let ask = bench.ask();
    let context = Box::new(bench.context(bench.invoice(host_ref).id).unwrap());
    let chart = bench.rows.chart.clone().map(Box::new);
    bench.event(Event::PreviewWanted { ask, context, chart });
    match bench.replies.last() {
        Some((_, Reply::Preview(preview))) => (**preview).clone(),
        other => panic!("{other:?}"),
    }
}

/// How the last *Sync now* ended.
fn ended(bench: &Bench) -> (OperationState, String) {
    let last = bench.rows.operations.values().max_by_key(|operation| operation.id);
    last.map(|operation| (operation.state, operation.message.clone()))
        .unwrap()
}

#[test]
fn sync_now_of_a_document_that_was_voided_in_xero_has_nothing_to_send() {
    let mut bench = following(1);
    let sent = bench.writes_sent();
    edit(&mut bench, "i-0", |document| document.status = XeroStatus::Voided);
    // Before and after it was read.
    for _ in 0..2 {
        bench.sync_now("i-0");
        bench.run_ms(20_000);
        assert_eq!(bench.invoice("i-0").sync.badge, Some(Badge::Synced));
        let words = "The document is VOIDED in Xero: there is nothing to send.".to_owned();
        assert_eq!(ended(&bench), (OperationState::Succeeded, words));
    }
    assert_eq!(preview(&mut bench, "i-0"), Preview::Gone("VOIDED".to_owned()));
    assert!(!bench.invoice("i-0").can_be_synced());
    assert_eq!(bench.writes_sent(), sent);
}

#[test]
fn what_was_changed_after_a_void_in_xero_is_red_until_somebody_acknowledges_it() {
    let mut bench = following(1);
    edit(&mut bench, "i-0", |document| document.status = XeroStatus::Voided);
    bench.run_ms(SWEEP_MS + 5_000);
    let mut changed = bench.invoice("i-0").draft;
    changed.lines[0].description = "other words".to_owned();
    bench.put("i-0", changed);
    bench.run_ms(20_000);
    assert_eq!(bench.code("i-0"), Some(ReasonCode::NotEditableInXero));
    let row = bench.invoice("i-0");
    assert!(row.can_be_acknowledged() && !row.can_be_synced());
    acknowledge(&mut bench, "i-0", false);
    let row = bench.invoice("i-0");
    assert_eq!((row.sync.badge, row.sync.reason), (None, None));
    assert!(!bench.invoice("i-0").can_be_acknowledged());
}

#[test]
fn ux_66_what_xero_alone_changed_is_told_at_sync_now_and_overwritten_at_the_second() {
    let mut bench = following(1);
    let words = bench.document("i-0").lines[0].description.clone();
    edit(&mut bench, "i-0", |document| {
        document.lines[0].description = "by hand".to_owned()
    });
    bench.run_ms(SWEEP_MS + 5_000);
    let sent = bench.writes_sent();
    assert_eq!(bench.invoice("i-0").sync.badge, Some(Badge::Synced));
    let Preview::Refused(reason) = preview(&mut bench, "i-0") else {
        panic!("it tells what would be lost");
    };
    assert_eq!(reason.code, ReasonCode::ChangedInXero);
    assert!(reason.detail.contains("lines/0/description"), "{}", reason.detail);

    bench.sync_now("i-0");
    bench.run_ms(20_000);
    assert_eq!(bench.code("i-0"), Some(ReasonCode::ChangedInXero));
    assert_eq!((ended(&bench).0, bench.writes_sent()), (OperationState::Failed, sent));
    assert!(matches!(preview(&mut bench, "i-0"), Preview::Send { .. }));

    bench.sync_now("i-0");
    bench.run_ms(20_000);
    assert_eq!(bench.document("i-0").lines[0].description, words);
    let row = bench.invoice("i-0");
    assert_eq!((row.sync.badge, row.back.variance), (Some(Badge::Synced), None));
    assert_eq!(ended(&bench), (OperationState::Succeeded, "Synced to Xero".to_owned()));
    assert_eq!(preview(&mut bench, "i-0"), Preview::Nothing);
}

#[test]
fn ux_66_who_was_told_of_xeros_change_may_leave_it_or_follow_it() {
    for follows in [false, true] {
        let mut bench = following(1);
        edit(&mut bench, "i-0", |document| {
            document.lines[0].description = "by hand".to_owned()
        });
        bench.run_ms(SWEEP_MS + 5_000);
        let sent = bench.writes_sent();
        bench.sync_now("i-0");
        bench.run_ms(20_000);
        assert_eq!(bench.code("i-0"), Some(ReasonCode::ChangedInXero));
        if follows {
            let mut changed = bench.invoice("i-0").draft;
            changed.lines[0].description = "by hand".to_owned();
            bench.put("i-0", changed);
            bench.run_ms(20_000);
        } else {
            acknowledge(&mut bench, "i-0", true);
        }
        let row = bench.invoice("i-0");
        assert_eq!(
            (row.sync.badge, row.sync.reason),
            (Some(Badge::Synced), None),
            "{follows}"
        );
        assert_eq!(row.back.open_variance(), None, "{follows}");
        assert_eq!(bench.document("i-0").lines[0].description, "by hand");
        assert_eq!(bench.writes_sent(), sent);
    }
}

#[test]
fn a_status_that_the_host_cannot_take_back_is_no_reason_to_ask() {
    let mut bench = following(0);
    let mut waiting = draft(Sales, "N-0");
    waiting.host_status = HostStatus::Pending;
    bench.put("i-0", waiting);
    bench.run_ms(20_000);
    edit(&mut bench, "i-0", |document| document.status = XeroStatus::Authorised);
    bench.run_ms(SWEEP_MS + 5_000);
    assert!(bench.invoice("i-0").back.variance.is_some());
    bench.sync_now("i-0");
    bench.run_ms(20_000);
    assert_eq!(bench.invoice("i-0").sync.badge, Some(Badge::Synced));
}
