//! The connection: what it holds, what it drops, what goes on by itself afterwards.

use super::bench::*;
use super::xero::How;
use crate::engine::event::ConnectionEvent as E;
use crate::model::connection::{ConnectionCause, ConnectionState as S};
use crate::model::document::InvoiceKind::Sales;
use crate::model::reason::ReasonCode;
use crate::model::row::{Badge, OperationState};

const HELD: [E; 3] = [
    E::CreditsUsedUp,
    E::GrantLost(ConnectionCause::GrantDead),
    E::NotListed(ConnectionCause::AppRevoked),
];

fn resolve(bench: &mut Bench) {
    let event = match bench.machine.tenant().connection.state {
        S::PendingCredits => E::ToppedUp,
        _ => E::Reconnected,
    };
    bench.connection(event);
}

#[test]
fn a_held_push_is_red_with_the_state_and_goes_out_by_itself_afterwards() {
    for event in HELD {
        for written_before in [true, false] {
            let mut bench = Bench::warm();
            if written_before {
                bench.put("a", draft(Sales, "N1"));
            }
            bench.connection(event);
            if !written_before {
                bench.put("a", draft(Sales, "N1"));
            }
            bench.sync_now("a");
            bench.run_ms(60_000);
            let row = bench.invoice("a");
            assert_eq!(row.sync.badge, Some(Badge::Failed));
            let reason = row.sync.reason.unwrap();
            assert_eq!(reason.code, ReasonCode::ConnectionNotActive);
            assert_eq!(
                reason.subject.as_deref(),
                Some(bench.machine.tenant().connection.state.label())
            );
            assert_eq!(bench.writes_sent(), 0);
            resolve(&mut bench);
            assert_eq!(bench.invoice("a").sync.badge, Some(Badge::Pending));
            bench.run_ms(60_000);
            bench.assert_settled();
            bench.document("a");
            assert!(
                bench
                    .rows
                    .operations
                    .values()
                    .all(|operation| operation.state == OperationState::Succeeded)
            );
        }
    }
}

#[test]
fn a_held_push_that_leaves_the_moment_it_may_is_told_to_be_on_its_way() {
    let mut bench = Bench::warm();
    bench.connection(E::CreditsUsedUp);
    bench.put("a", draft(Sales, "N1"));
    bench.run_ms(60_000);
    bench.rows.events.clear();
    bench.connection(E::ToppedUp);
    assert_eq!(bench.writes_sent(), 1, "it leaves at once");
    let told = |event: &&crate::model::row::Event| event.data["host_ref"] == "a";
    let told: Vec<&str> = bench
        .rows
        .events
        .iter()
        .filter(told)
        .map(|event| event.event_type.as_str())
        .collect();
    assert_eq!(told, ["invoice.pending"]);
}

#[test]
fn disconnecting_ends_what_waits_wherever_it_stands_and_what_comes_later() {
    // Dies at every step of the way: queued, chart, contact, reading, in flight.
    for steps in 0..7 {
        let mut bench = Bench::new();
        bench.put("a", draft(Sales, "N1"));
        bench.sync_now("a");
        for _ in 0..steps {
            if bench.open.is_empty() {
                bench.advance_ms(300);
            } else {
                bench.answer(How::Well);
            }
        }
        bench.connection(E::DisconnectedByPerson);
        while !bench.open.is_empty() {
            bench.answer(How::NotSent);
        }
        bench.advance_ms(10_000);
        assert!(bench.rows.intents.is_empty(), "{steps}");
        let row = bench.invoice("a");
        if row.link.is_none() {
            assert_eq!(bench.code("a"), Some(ReasonCode::ConnectionNotActive), "{steps}");
        }
        assert!(
            bench
                .rows
                .operations
                .values()
                .all(|operation| operation.state.is_final()),
            "{steps}"
        );
        bench.put("b", draft(Sales, "N2"));
        bench.sync_now("b");
        assert_eq!(bench.code("b"), Some(ReasonCode::ConnectionNotActive));
        assert!(bench.machine.next_wake(bench.now).is_none());
        // What was red is history then.
        bench.connection(E::Reconnected);
        bench.run_ms(60_000);
        assert_eq!(bench.code("b"), Some(ReasonCode::ConnectionNotActive));
        bench.sync_now("b");
        bench.run_ms(60_000);
        bench.document("b");
    }
}

#[test]
fn an_attempt_that_is_open_when_the_connection_ends_is_found_out_after_it_is_made_again() {
    for how in [How::LostAfter, How::LostBefore] {
        let mut bench = Bench::warm();
        bench.put("a", draft(Sales, "N1"));
        bench.advance_ms(300);
        bench.connection(E::GrantLost(ConnectionCause::GrantDead));
        bench.answer(how);
        assert_eq!(
            bench.invoice("a").sync.badge,
            Some(Badge::Pending),
            "an unknown outcome is never red"
        );
        bench.advance_ms(3_600_000);
        bench.connection(E::Reconnected);
        bench.run_ms(600_000);
        bench.assert_settled();
        bench.document("a");
    }
}

#[test]
fn badges_follow_the_connection_also_when_the_process_ended_in_between() {
    let mut bench = Bench::warm();
    bench.put("a", draft(Sales, "N1"));
    bench.dies_in = Some(1);
    bench.connection(E::CreditsUsedUp);
    assert!(bench.is_dead);
    assert_eq!(bench.invoice("a").sync.badge, Some(Badge::Pending));
    bench.restart(1_000, UnderWay::Lost);
    assert_eq!(bench.code("a"), Some(ReasonCode::ConnectionNotActive));
}

#[test]
fn fault_a23_rejections_by_a_listed_connection_end_in_requires_reauth() {
    let mut bench = Bench::warm();
    bench.put("a", draft(Sales, "N1"));
    for _ in 0..100 {
        if bench.machine.tenant().connection.state != S::Active {
            break;
        }
        let asked = bench.checks;
        bench.run_with(1_000, |_| How::TenantRejected);
        if bench.checks > asked {
            bench.connection(E::Listed);
        }
    }
    assert_eq!(bench.machine.tenant().connection.state, S::RequiresReauth);
    assert_eq!(bench.code("a"), Some(ReasonCode::ConnectionNotActive));
}

#[test]
fn a_question_about_the_connection_that_is_never_answered_is_asked_again() {
    let mut bench = Bench::warm();
    bench.put("a", draft(Sales, "N1"));
    bench.run_with(180_000, |_| How::TenantRejected);
    assert!((2..=4).contains(&bench.checks), "{}", bench.checks);
}

#[test]
fn calls_rejected_together_are_one_rejected_token() {
    let mut bench = Bench::new();
    bench.put("a", draft(Sales, "N1"));
    bench.advance_ms(1);
    assert_eq!(bench.open.len(), 3);
    for _ in 0..2 {
        while !bench.open.is_empty() {
            bench.answer(How::TokenRejected);
        }
        bench.advance_ms(40_000);
    }
    assert_eq!(bench.machine.tenant().connection.state, S::Active);
    bench.run_ms(60_000);
    bench.assert_settled();
}

#[test]
fn a_token_that_is_rejected_again_and_again_is_a_dead_grant() {
    let mut bench = Bench::warm();
    bench.put("a", draft(Sales, "N1"));
    bench.run_with(29 * 60_000, |_| How::TokenRejected);
    assert_eq!(bench.machine.tenant().connection.state, S::Active);
    bench.run_with(2 * 60_000, |_| How::TokenRejected);
    assert_eq!(bench.machine.tenant().connection.state, S::RequiresReauth);
    assert!((20..80).contains(&bench.sent.len()), "{} calls", bench.sent.len());
}

#[test]
fn tokens_that_are_rejected_for_a_while_ask_nobody_to_reconnect() {
    let mut bench = Bench::warm();
    bench.put("a", draft(Sales, "N1"));
    bench.run_with(10 * 60_000, |_| How::TokenRejected);
    assert_eq!(bench.machine.tenant().connection.state, S::Active);
    bench.run_ms(120_000);
    bench.assert_settled();
    bench.document("a");
}

#[test]
fn the_grace_period_is_probed_every_hour_and_ends() {
    let mut bench = Bench::warm();
    bench.connection(E::NotListed(ConnectionCause::Dropped));
    let checks = bench.checks;
    bench.advance_ms(3 * 3_600_000 + 1_000);
    assert_eq!(bench.checks - checks, 3);
    bench.advance_ms(14 * 86_400_000);
    assert_eq!(bench.machine.tenant().connection.state, S::Disconnected);
    assert!(bench.machine.next_wake(bench.now).is_none());
}

#[test]
fn writes_are_held_while_catching_up_and_reads_go() {
    let mut bench = Bench::warm();
    bench.connection(E::Reconnected);
    assert!(bench.is_catching_up());
    bench.put("a", draft(Sales, "N1"));
    bench.advance_ms(10_000);
    assert_eq!((bench.open.len(), bench.writes_sent()), (3, 0));
    bench.run_ms(10_000);
    bench.assert_settled();
    bench.document("a");
}
