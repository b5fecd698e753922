//! A call that waited between its decision and its leaving.

use super::bench::*;
use super::hooks::ring;
use super::payments::edit;
use super::streams::following;
use super::xero::How;
use crate::engine::event::ConnectionEvent;
use crate::engine::tenant::LEAVE_WITHIN_MS;
use crate::model::connection::ConnectionCause;
use crate::model::document::InvoiceKind::Sales;
use crate::model::failure::Received;
use crate::model::row::Badge;

/// Two creates are open, one decided after the other.
fn two_open() -> Bench {
    let mut bench = Bench::warm();
    bench.put("a", draft(Sales, "N1"));
    bench.advance_ms(300);
    bench.put("b", draft(Sales, "N2"));
    bench.advance_ms(300);
    assert_eq!(bench.open.len(), 2);
    bench
}

#[test]
fn invariant_17_a_held_call_does_not_leave_once_xero_asked_to_wait() {
    let mut bench = two_open();
    let (held, before) = (bench.open[1].0.clone(), bench.xero.invoices.len());
    assert_eq!(bench.machine.may_leave(bench.now, held.id), Ok(()));
    bench.answer_nth(0, How::Throttled(30_000));
    let refused = bench.machine.may_leave(bench.now, held.id).unwrap_err();
    assert_eq!(refused.received, Received::No);
    // It is told as its answer, costs nothing and is made again when Xero allows it.
    bench.open.clear();
    bench.answer_with(&held, Err(refused));
    bench.run_ms(120_000);
    bench.assert_settled();
    for name in ["a", "b"] {
        let row = bench.invoice(name);
        assert_eq!((row.sync.badge, row.sync.retries), (Some(Badge::Synced), 0), "{name}");
    }
    assert_eq!(bench.xero.invoices.len(), before + 2);
}

#[test]
fn invariant_18_a_held_call_does_not_leave_once_the_connection_is_gone() {
    let events = [
        ConnectionEvent::GrantLost(ConnectionCause::GrantDead),
        ConnectionEvent::NotListed(ConnectionCause::AppRevoked),
        ConnectionEvent::DisconnectedByPerson,
        // Reads may still go, but this is a write.
        ConnectionEvent::CreditsUsedUp,
    ];
    for event in events {
        let mut bench = two_open();
        let held = bench.open[1].0.id;
        bench.connection(event);
        assert!(bench.machine.may_leave(bench.now, held).is_err(), "{event:?}");
    }
}

#[test]
fn invariant_05_a_call_that_waited_too_long_does_not_leave() {
    let bench = two_open();
    let (held, since) = (bench.open[1].0.id, bench.now.mono);
    let at = |ms| crate::model::time::Now {
        wall: bench.now.wall,
        mono: since.plus_ms(ms),
    };
    let table = [
        (LEAVE_WITHIN_MS - 1_000, true),
        (LEAVE_WITHIN_MS + 1, false),
        (600_000, false),
    ];
    for (ms, may) in table {
        assert_eq!(bench.machine.may_leave(at(ms), held).is_ok(), may, "{ms}");
    }
}

#[test]
fn invariant_05_a_replay_that_was_held_past_its_keys_time_looks_up_instead() {
    let mut bench = Bench::warm();
    bench.put("a", draft(Sales, "N1"));
    bench.advance_ms(300);
    let first = bench.now.mono;
    bench.answer(How::LostBefore);
    // Replayed again and again; the last answer but one is heard after 255 seconds, so that the last
    // replay is decided before the five minutes are over. It is held by the disk.
    let elapsed_ms = |bench: &Bench| bench.now.mono.since_ms(first);
    while elapsed_ms(&bench) < 255_000 {
        bench.advance_ms(1_000);
        if elapsed_ms(&bench) < 150_000 && !bench.open.is_empty() {
            bench.answer(How::LostBefore);
        }
    }
    bench.answer(How::LostBefore);
    while bench.open.is_empty() {
        bench.advance_ms(1_000);
    }
    let last = bench.open[0].0.clone();
    assert!(last.request.is_write());
    let late = crate::model::time::Now {
        wall: bench.now.wall.plus_ms(19_000),
        mono: bench.now.mono.plus_ms(19_000),
    };
    assert_eq!(bench.machine.may_leave(bench.now, last.id), Ok(()));
    assert!(bench.machine.may_leave(late, last.id).is_err());
}

#[test]
fn invariant_12_a_held_change_does_not_leave_once_a_newer_version_was_read() {
    let mut bench = following(1);
    let mut wanted = draft(Sales, "N-0");
    wanted.lines[0].unit_price = dec("77");
    bench.put("i-0", wanted);
    while !bench.open.iter().any(|(call, _)| call.request.is_write()) {
        bench.advance_ms(100);
        while !bench.open.is_empty() && !bench.open[0].0.request.is_write() {
            bench.answer(How::Well);
        }
    }
    let held = bench.open[0].0.clone();
    assert_eq!(bench.machine.may_leave(bench.now, held.id), Ok(()));
    edit(&mut bench, "i-0", |document| {
        document.lines[0].description = "in Xero".to_owned();
    });
    let id = bench.document("i-0").id;
    ring(&mut bench, &[id]);
    while bench.open.len() < 2 {
        bench.advance_ms(100);
    }
    bench.answer_nth(1, How::Well);
    let refused = bench.machine.may_leave(bench.now, held.id).unwrap_err();
    bench.open.clear();
    bench.answer_with(&held, Err(refused));
    bench.run_ms(60_000);
    bench.assert_settled();
    // Both sides' changes are kept.
    let line = &bench.document("i-0").lines[0];
    assert_eq!((line.description.as_str(), line.unit_amount), ("in Xero", dec("77")));
    assert_eq!(bench.invoice("i-0").sync.retries, 0);
}

#[test]
fn a_call_nobody_waits_for_does_not_leave() {
    let mut bench = two_open();
    let ended = bench.open[0].0.id;
    bench.answer(How::Well);
    assert!(bench.machine.may_leave(bench.now, ended).is_err());
}
