//! Outcomes that are not known: replayed, looked up, proven absent; and what costs a retry.

use super::bench::*;
use super::xero::{How, failure};
use crate::engine::effect::Notice;
use crate::engine::status::Blocked;
use crate::model::document::InvoiceKind;
use crate::model::failure::{FailureKind, Received, Remedy};
use crate::model::reason::ReasonCode;
use crate::model::row::{Badge, WaitCause};
use crate::model::xero::{Request, WriteTarget};
use InvoiceKind::{Purchase, Sales};

const fn is_create(request: &Request) -> bool {
    matches!(
        request,
        Request::Write {
            target: WriteTarget::CreateInvoices,
            ..
        }
    )
}

fn creates(bench: &Bench) -> Vec<(u64, Request)> {
    bench
        .sent
        .iter()
        .filter(|(_, request)| is_create(request))
        .cloned()
        .collect()
}

#[test]
fn a_lost_answer_is_asked_for_again_under_the_same_key_with_the_same_bytes() {
    for kind in [Sales, Purchase] {
        for how in [How::LostBefore, How::LostAfter] {
            let mut bench = Bench::warm();
            bench.put("a", draft(kind, "N1"));
            bench.advance_ms(300);
            bench.answer(how);
            let row = bench.invoice("a");
            assert_eq!(row.sync.badge, Some(Badge::Pending));
            assert_eq!(row.sync.waiting.unwrap().cause, WaitCause::OutcomeUnknown);
            bench.run_ms(5_000);
            bench.assert_settled();
            bench.document("a");
            let sends = creates(&bench);
            assert_eq!(sends.len(), 2);
            assert_eq!(sends[0].1, sends[1].1);
        }
    }
}

#[test]
fn invariant_05_no_key_is_sent_later_than_five_minutes_and_06_absence_is_proven_first() {
    for kind in [Sales, Purchase] {
        let mut bench = Bench::warm();
        bench.put("a", draft(kind, "N1"));
        // Nothing reaches Xero for eight minutes of writing; reads work.
        let start = bench.now.mono.0;
        bench.run_with(
            480_000,
            |request| if is_create(request) { How::LostBefore } else { How::Well },
        );
        let first_key = match &creates(&bench)[0].1 {
            Request::Write { key, .. } => key.clone(),
            _ => panic!("a write"),
        };
        bench.run_ms(900_000);
        bench.assert_settled();
        bench.document("a");
        let sends = creates(&bench);
        let (old, new): (Vec<_>, Vec<_>) = sends
            .iter()
            .partition(|(_, request)| matches!(request, Request::Write { key, .. } if *key == first_key));
        assert!(old.len() > 3 && !new.is_empty());
        assert!(old.iter().all(|(at, _)| at - start < 301_000));
        let last_old = old.last().unwrap().0;
        let look_ups: Vec<u64> = bench
            .sent
            .iter()
            .filter(|(at, request)| !request.is_write() && *at > last_old && *at < new[0].0)
            .map(|(at, _)| *at)
            .collect();
        let quiet: Vec<u64> = look_ups.into_iter().filter(|at| at - last_old >= 180_000).collect();
        assert!(quiet.len() >= 2, "{kind:?}: two look-ups after it is quiet");
        assert!(
            quiet.last().unwrap() - quiet[0] >= 130_000,
            "{kind:?}: further apart than lists lag"
        );
    }
}

#[test]
fn fault_a11_an_error_kept_under_the_key_is_not_asked_for_a_third_time() {
    for (how, made_by_the_first) in [(How::ErrorAfter, true), (How::ErrorBefore, false)] {
        let mut bench = Bench::warm();
        bench.put("a", draft(Purchase, "B1"));
        bench.advance_ms(300);
        bench.answer(how);
        bench.run_ms(300_000);
        bench.assert_settled();
        bench.document("a");
        let sends = creates(&bench);
        assert_eq!(sends.len(), if made_by_the_first { 2 } else { 3 });
    }
}

#[test]
fn a_grey_badge_names_the_next_step_of_finding_out_and_no_moment_that_has_passed() {
    let mut bench = Bench::warm();
    bench.put("a", draft(Sales, "N1"));
    bench.advance_ms(300);
    // The second failure under the key is the kept answer of the first: from there it is looked up.
    bench.answer(How::ErrorBefore);
    bench.advance_ms(1_000);
    bench.answer(How::ErrorBefore);
    let mut named = 0;
    for _ in 0..200 {
        bench.run_ms(1_000);
        let row = bench.invoice("a");
        let Some(waiting) = row
            .sync
            .waiting
            .filter(|waiting| waiting.cause == WaitCause::OutcomeUnknown)
        else {
            continue;
        };
        assert!(waiting.until >= bench.now.wall, "{waiting:?} at {:?}", bench.now.wall);
        named += 1;
    }
    assert!(named > 100, "it is grey for over two minutes: {named}");
    bench.assert_settled();
    bench.document("a");
}

#[test]
fn fault_a4_a_refusal_of_a_repeated_request_is_no_verdict() {
    let mut bench = Bench::warm();
    bench.put("a", draft(Purchase, "B1"));
    bench.advance_ms(300);
    bench.answer(How::LostAfter);
    bench.advance_ms(1_000);
    let (call, _) = bench.open.pop_front().unwrap();
    let refused = failure(
        FailureKind::Refused,
        Remedy::GiveUpItem,
        Received::RefusedWhole,
        Some(400),
    );
    bench.answer_with(&call, Err(refused));
    assert_eq!(
        bench.invoice("a").sync.badge,
        Some(Badge::Pending),
        "an unknown outcome is never red"
    );
    bench.run_ms(400_000);
    bench.assert_settled();
    assert_eq!(bench.invoice("a").sync.badge, Some(Badge::Synced));
    bench.document("a");
}

#[test]
fn ux_9_after_three_retries_of_known_failures_it_stops_and_sync_now_still_works() {
    let mut bench = Bench::warm();
    bench.put("a", draft(Sales, "N1"));
    bench.run_with(3_600_000, |request| {
        if is_create(request) {
            How::ErrorBefore
        } else {
            How::Well
        }
    });
    bench.assert_settled();
    let row = bench.invoice("a");
    assert_eq!(bench.code("a"), Some(ReasonCode::XeroUnavailable));
    assert_eq!((row.sync.retries, row.sync.auto_retry), (3, false));
    let keys: std::collections::BTreeSet<_> = creates(&bench)
        .into_iter()
        .map(|(_, request)| match request {
            Request::Write { key, .. } => key,
            _ => String::new(),
        })
        .collect();
    assert_eq!(keys.len(), 4, "the first attempt and three retries");
    let retries = bench
        .notices
        .iter()
        .filter(|notice| matches!(notice, Notice::RetryScheduled { .. }))
        .count();
    assert_eq!(retries, 3);
    bench.sync_now("a");
    bench.run_ms(10_000);
    bench.assert_settled();
    bench.document("a");
    assert_eq!(bench.invoice("a").sync.retries, 0);
}

#[test]
fn a_retry_says_how_many_and_until_when() {
    let mut bench = Bench::warm();
    bench.put("a", draft(Sales, "N1"));
    let mut seen = Vec::new();
    for _ in 0..800 {
        bench.run_with(1_000, |request| {
            if is_create(request) {
                How::ErrorBefore
            } else {
                How::Well
            }
        });
        let sync = bench.invoice("a").sync;
        if let Some(waiting) = sync.waiting.filter(|waiting| waiting.cause == WaitCause::Transient) {
            assert!(waiting.until > bench.now.wall.plus_ms(-1_000));
            seen.push(sync.retries);
        }
    }
    seen.dedup();
    assert_eq!(seen, [1, 2, 3]);
}

#[test]
fn ux_10_waiting_for_a_limit_is_grey_costs_no_retry_and_says_until_when() {
    let mut bench = Bench::warm();
    bench.put("a", draft(Sales, "N1"));
    bench.advance_ms(300);
    let until = bench.now.wall.plus_ms(600_000);
    bench.answer(How::Throttled(600_000));
    assert_eq!(bench.invoice("a").sync.badge, Some(Badge::Pending));
    let Some(Blocked::RetryAfter { until: shown, .. }) = bench.machine.status(bench.now).blocked else {
        panic!("it says that it waits");
    };
    assert_eq!(shown, until);
    bench.run_ms(599_000);
    assert_eq!(bench.writes_sent(), 1, "not polled meanwhile");
    bench.run_ms(5_000);
    bench.assert_settled();
    assert!(
        !bench
            .notices
            .iter()
            .any(|notice| matches!(notice, Notice::RetryScheduled { .. }))
    );
}

#[test]
fn waiting_is_not_retrying_and_never_turns_red() {
    for how in [How::NotSent, How::Throttled(2_000), How::LostBefore] {
        let mut bench = Bench::warm();
        bench.put("a", draft(Sales, "N1"));
        bench.run_with(1_200_000, |_| how);
        let row = bench.invoice("a");
        assert_eq!((row.sync.badge, row.sync.retries), (Some(Badge::Pending), 0), "{how:?}");
        bench.run_ms(900_000);
        bench.assert_settled();
        bench.document("a");
    }
}

#[test]
fn fault_f6_an_edit_while_the_create_is_unknown_becomes_an_update_afterwards() {
    for how in [How::LostAfter, How::LostBefore, How::ErrorAfter] {
        let mut bench = Bench::warm();
        bench.put("a", draft(Purchase, "B1"));
        bench.advance_ms(300);
        bench.answer(how);
        let mut changed = draft(Purchase, "B1-changed");
        changed.lines[0].description = "changed".to_owned();
        bench.put("a", changed);
        assert_eq!(
            bench.invoice("a").sync.waiting.unwrap().cause,
            WaitCause::OutcomeUnknown
        );
        bench.run_ms(900_000);
        bench.assert_settled();
        let document = bench.document("a");
        assert_eq!(
            (document.number.as_str(), document.lines[0].description.as_str()),
            ("B1-changed", "changed")
        );
    }
}

#[test]
fn an_edit_that_is_refused_at_once_does_not_hide_what_an_open_attempt_sent() {
    // A currency the organisation lacks, while version 1 is on its way.
    let mut bench = Bench::warm();
    bench.put("a", draft(Sales, "N1"));
    bench.advance_ms(300);
    let mut wrong = draft(Sales, "N1");
    wrong.currency = crate::model::document::Currency::parse("USD").unwrap();
    bench.put("a", wrong);
    bench.answer(How::Well);
    bench.run_ms(5_000);
    let row = bench.invoice("a");
    assert_eq!(row.common.unwrap().rev, 1, "version 1 is what Xero has");
    assert_eq!(
        row.sync.reason.map(|reason| reason.code),
        Some(ReasonCode::CurrencyMismatch)
    );
    bench.assert_settled();
}

#[test]
fn a_change_with_an_unknown_outcome_is_read_before_it_is_sent_again() {
    for how in [How::ErrorAfter, How::LostAfter, How::ErrorBefore] {
        for edited_meanwhile in [false, true] {
            let mut bench = Bench::warm();
            let mut wanted = draft(Purchase, "B1");
            bench.put("a", wanted.clone());
            bench.run_ms(20_000);
            wanted.lines.push(line("2", "second", "5"));
            wanted.due_date = chrono::NaiveDate::from_ymd_opt(2027, 1, 1);
            bench.put("a", wanted.clone());
            // Whatever is sent of this version fails for a while.
            let mut writes = 0;
            bench.run_with(2_000, |request| {
                writes += usize::from(request.is_write());
                if request.is_write() { how } else { How::Well }
            });
            assert!(writes > 0);
            if edited_meanwhile {
                wanted.due_date = chrono::NaiveDate::from_ymd_opt(2027, 2, 2);
                bench.put("a", wanted.clone());
            }
            bench.run_ms(900_000);
            bench.assert_settled();
            assert_eq!(
                bench.invoice("a").sync.badge,
                Some(Badge::Synced),
                "{how:?} {edited_meanwhile}"
            );
            let document = bench.document("a");
            assert_eq!(document.lines.len(), 2, "{how:?}: no line twice");
            assert_eq!(document.due_date, wanted.due_date);
        }
    }
}

#[test]
fn two_documents_with_our_link_are_held_for_a_person() {
    let mut bench = Bench::warm();
    bench.put("a", draft(Purchase, "B1"));
    bench.advance_ms(300);
    bench.answer(How::LostAfter);
    let mut copy = bench.document("a");
    copy.id = crate::model::ids::XeroInvoiceId(bench.xero.guid());
    bench.xero.invoices.insert(copy.id, copy);
    // The key is lost, so only a look-up can tell.
    bench.advance_ms(1_000);
    let (call, _) = bench.open.pop_front().unwrap();
    let lost = failure(
        FailureKind::KeyMismatch,
        Remedy::GiveUpItem,
        Received::RefusedWhole,
        Some(400),
    );
    bench.answer_with(&call, Err(lost));
    bench.run_ms(400_000);
    assert_eq!(bench.code("a"), Some(ReasonCode::NeedsReview));
    assert!(bench.invoice("a").link.is_some());
    assert_eq!(creates(&bench).len(), 2);
}

#[test]
fn a_look_up_that_xero_refuses_takes_another_way_and_is_not_hammered() {
    let mut bench = Bench::warm();
    bench.put("a", draft(Sales, "N,1"));
    bench.advance_ms(300);
    bench.answer(How::ErrorAfter);
    let mut asked = 0;
    for _ in 0..200 {
        bench.advance_ms(1_000);
        while let Some((call, _)) = bench.open.pop_front() {
            let result = if matches!(call.request, Request::InvoicesByNumber(_)) {
                asked += 1;
                Err(failure(
                    FailureKind::Refused,
                    Remedy::GiveUpItem,
                    Received::RefusedWhole,
                    Some(400),
                ))
            } else {
                bench.xero.answer(bench.now, &call.request, How::Well)
            };
            bench.answer_with(&call, result);
        }
    }
    assert_eq!(asked, 1);
    bench.assert_settled();
    bench.document("a");
}

#[test]
fn an_unknown_outcome_is_looked_up_while_writes_are_held() {
    use crate::engine::event::ConnectionEvent;
    let mut bench = Bench::warm();
    bench.put("a", draft(Purchase, "B1"));
    bench.advance_ms(300);
    bench.answer(How::LostAfter);
    bench.connection(ConnectionEvent::CreditsUsedUp);
    assert_eq!(
        bench.invoice("a").sync.badge,
        Some(Badge::Pending),
        "an unknown outcome is never red"
    );
    bench.run_ms(400_000);
    bench.assert_settled();
    assert_eq!(bench.invoice("a").sync.badge, Some(Badge::Synced));
}

#[test]
fn a_service_that_fails_is_probed_and_not_hammered_and_everything_goes_out_afterwards() {
    let mut bench = Bench::warm();
    for number in 0..20 {
        bench.put(&format!("r{number}"), draft(Sales, &format!("N{number}")));
        bench.advance_ms(500);
    }
    bench.run_with(3_600_000, |_| How::NotSent);
    assert!(bench.notices.contains(&Notice::BreakerOpened));
    assert!(bench.sent.len() < 5 + 25 + 3_600 / 30 + 5, "{} calls", bench.sent.len());
    bench.run_ms(120_000);
    assert!(bench.notices.contains(&Notice::BreakerClosed));
    bench.assert_settled();
    assert!((0..20).all(|number| bench.invoice(&format!("r{number}")).sync.badge == Some(Badge::Synced)));
}
