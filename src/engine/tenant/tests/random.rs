//! Random hosts, people, faults, crashes and time: what must hold in every order of events.

use proptest::prelude::*;

use super::bench::*;
use super::xero::How;
use crate::engine::event::ConnectionEvent;
use crate::model::connection::{ConnectionCause, ConnectionState};
use crate::model::document::{HostStatus, InvoiceKind};
use crate::model::row::Badge;

#[derive(Debug, Clone)]
enum Act {
    Put { which: u8, price: u8, status: u8 },
    SyncNow { which: u8 },
    Answer { nth: u8, how: How },
    Time { span_ms: u64 },
    Crash { after: u8, down_ms: u64, arrives: UnderWay },
    Connection(ConnectionEvent),
    Toggle(bool),
}

fn how() -> impl Strategy<Value = How> {
    prop_oneof![
        8 => Just(How::Well),
        1 => Just(How::NotSent),
        2 => Just(How::LostBefore),
        2 => Just(How::LostAfter),
        2 => Just(How::ErrorBefore),
        2 => Just(How::ErrorAfter),
        1 => (1_000_u64..90_000).prop_map(How::Throttled),
        1 => Just(How::TokenRejected),
        1 => Just(How::TenantRejected),
    ]
}

fn under_way() -> impl Strategy<Value = UnderWay> {
    prop_oneof![
        Just(UnderWay::Lost),
        Just(UnderWay::Arrives),
        // Xero keeps a key a minute longer than it is used.
        (1_u64..55_000).prop_map(UnderWay::ArrivesLate),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let span = prop_oneof![1_u64..2_000, 1_000_u64..40_000, 60_000_u64..400_000];
    let connection = prop_oneof![
        Just(ConnectionEvent::CreditsUsedUp),
        Just(ConnectionEvent::ToppedUp),
        Just(ConnectionEvent::GrantLost(ConnectionCause::GrantDead)),
        Just(ConnectionEvent::NotListed(ConnectionCause::AppRevoked)),
        Just(ConnectionEvent::Listed),
        Just(ConnectionEvent::Reconnected),
        Just(ConnectionEvent::DisconnectedByPerson),
    ];
    prop_oneof![
        6 => (0_u8..4, any::<u8>(), 0_u8..8).prop_map(|(which, price, status)| Act::Put { which, price, status }),
        2 => (0_u8..4).prop_map(|which| Act::SyncNow { which }),
        10 => (any::<u8>(), how()).prop_map(|(nth, how)| Act::Answer { nth, how }),
        6 => span.prop_map(|span_ms| Act::Time { span_ms }),
        2 => (0_u8..12, 1_u64..400_000, under_way())
            .prop_map(|(after, down_ms, arrives)| Act::Crash { after, down_ms, arrives }),
        1 => connection.prop_map(Act::Connection),
        1 => any::<bool>().prop_map(Act::Toggle),
    ]
}

fn play(bench: &mut Bench, act: &Act) {
    match act {
        Act::Put { which, price, status } => {
            let kind = if which % 2 == 0 {
                InvoiceKind::Sales
            } else {
                InvoiceKind::Purchase
            };
            let mut wanted = draft(kind, &format!("N{which}"));
            wanted.lines[0].unit_price = (*price).into();
            wanted.contact.reference = format!("c{}", which / 2);
            wanted.contact.name = format!("Party {}", which / 2);
            if price % 3 == 0 {
                wanted.lines.push(line("2", "second", "5"));
            }
            wanted.host_status = match status {
                0 => HostStatus::Draft,
                1 => HostStatus::Pending,
                2 => HostStatus::Void,
                _ => HostStatus::Approved,
            };
            bench.put(&format!("r{which}"), wanted);
        }
        Act::SyncNow { which } => {
            if bench.find(&format!("r{which}")).is_some() {
                bench.sync_now(&format!("r{which}"));
            }
        }
        Act::Answer { nth, how } => {
            if !bench.open.is_empty() {
                bench.answer_nth(usize::from(*nth) % bench.open.len(), *how);
            }
        }
        Act::Time { span_ms } => wait(bench, *span_ms),
        Act::Crash {
            after,
            down_ms,
            arrives,
        } => {
            bench.dies_in = Some(usize::from(*after));
            bench.run_ms(30_000);
            bench.restart(*down_ms, *arrives);
        }
        Act::Connection(event) => {
            // The shell starts a catch-up; here the chart alone ends it.
            bench.connection(*event);
        }
        Act::Toggle(enabled) => bench.settings(|settings| settings.auto_sync.enabled = *enabled),
    }
    if bench.is_dead {
        bench.restart(1_000, UnderWay::Lost);
    }
    for row in bench.rows.invoices.values() {
        let living = bench.xero.of_marker(row.marker);
        assert!(living.len() <= 1, "{} has {} documents", row.host_ref, living.len());
    }
}

/// Time passes; a call that is not answered within 30 seconds is given up by whoever made it.
fn wait(bench: &mut Bench, span_ms: u64) {
    let end = bench.now.mono.plus_ms(span_ms);
    let how = if span_ms.is_multiple_of(2) {
        How::LostAfter
    } else {
        How::LostBefore
    };
    while bench.now.mono < end {
        let given_up = bench.open.front().map(|(_, at)| at + 30_000);
        if given_up.is_some_and(|at| at <= bench.now.mono.0) {
            bench.answer(how);
            continue;
        }
        let wake = bench.machine.next_wake(bench.now).map_or(end.0, |wake| wake.0);
        let next = wake.min(given_up.unwrap_or(end.0)).min(end.0);
        bench.advance_ms(next - bench.now.mono.0);
    }
}

/// Faults stop: everything settles.
fn calm_down(bench: &mut Bench) {
    let state = bench.machine.tenant().connection.state;
    match state {
        ConnectionState::PendingCredits => bench.connection(ConnectionEvent::ToppedUp),
        ConnectionState::Active => {}
        ConnectionState::RequiresReauth | ConnectionState::GracePeriod | ConnectionState::Disconnected => {
            bench.connection(ConnectionEvent::Reconnected);
        }
    }
    bench.run_ms(2_400_000);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(400), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn invariant_33_and_36_whatever_happens_everything_settles_in_one_document(acts in prop::collection::vec(act(), 1..60)) {
        let mut bench = Bench::new();
        for act in &acts {
            play(&mut bench, act);
        }
        calm_down(&mut bench);
        bench.assert_settled();
        assert!(!bench.is_catching_up());
        // A person presses Sync now on everything: it is in Xero just as the host wants it.
        bench.settings(|settings| settings.auto_sync.enabled = true);
        let names: Vec<String> = bench.rows.invoices.values().map(|row| row.host_ref.clone()).collect();
        for name in &names {
            bench.sync_now(name);
        }
        bench.run_ms(2_400_000);
        bench.assert_settled();
        for name in &names {
            let row = bench.invoice(name);
            let found = bench.xero.of_marker(row.marker);
            if row.draft.host_status == HostStatus::Void {
                prop_assert!(found.iter().all(|found| found.status.is_gone()));
            } else if found.iter().any(|found| found.status.is_gone()) {
                // Voided, and then wanted again: only a person can re-issue it.
                prop_assert_eq!(row.sync.badge, Some(Badge::Failed));
            } else {
                prop_assert_eq!(row.sync.badge, Some(Badge::Synced), "{:?}", row.sync.reason);
                let theirs: Vec<_> = found[0].lines.iter().map(|line| (line.description.clone(), line.unit_amount)).collect();
                let ours: Vec<_> = row.draft.lines.iter().map(|line| (line.description.clone(), line.unit_price)).collect();
                prop_assert_eq!(theirs, ours);
            }
        }
    }
}
