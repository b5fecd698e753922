use crate::engine::connection::{Transition, access, next};
use crate::engine::event::ConnectionEvent;
use crate::model::connection::{Connection, ConnectionCause, ConnectionState, Gate};
use crate::model::time::Timestamp;

const NOW: Timestamp = Timestamp(1_000_000);
const GRACE_MS: i64 = 500;

fn at(state: ConnectionState, gate: Gate) -> Connection {
    Connection {
        state,
        since: Timestamp(1),
        cause: None,
        deadline: None,
        gate,
    }
}

/// The whole table. A letter a column: active, pending_credits, requires_reauth, grace_period,
/// disconnected. `A P R G D` = that state with an open gate, `c` = active and catching up,
/// `.` = nothing changes, `!` = cannot happen.
const TABLE: [(ConnectionEvent, &str); 9] = [
    (ConnectionEvent::CreditsUsedUp, "P...."),
    (ConnectionEvent::ToppedUp, ".A..."),
    (ConnectionEvent::GrantLost(ConnectionCause::ScopeMissing), "RR..."),
    (ConnectionEvent::NotListed(ConnectionCause::AppRevoked), "GGG.."),
    (ConnectionEvent::Listed, "...c."),
    (ConnectionEvent::Reconnected, "c.ccc"),
    (ConnectionEvent::DisconnectedByPerson, "DDDD."),
    (ConnectionEvent::DeadlinePassed, "!!!D!"),
    (ConnectionEvent::CaughtUp, "..!!!"),
];

#[test]
fn invariant_27_every_change_of_a_connection_is_in_the_table() {
    for (event, row) in TABLE {
        for (state, expected) in ConnectionState::ALL.into_iter().zip(row.chars()) {
            let found = match next(&at(state, Gate::Open), event, NOW, GRACE_MS) {
                Transition::Same => '.',
                Transition::Illegal => '!',
                Transition::To(to) => {
                    assert_eq!(to.since, NOW);
                    assert_eq!(to.deadline.is_some(), to.state == ConnectionState::GracePeriod);
                    assert_eq!(
                        to.cause.is_none(),
                        to.state == ConnectionState::Active,
                        "{state:?} {event:?}"
                    );
                    match (to.state, to.gate) {
                        (ConnectionState::Active, Gate::Open) => 'A',
                        (ConnectionState::Active, Gate::CatchingUp) => 'c',
                        (ConnectionState::PendingCredits, _) => 'P',
                        (ConnectionState::RequiresReauth, _) => 'R',
                        (ConnectionState::GracePeriod, _) => 'G',
                        (ConnectionState::Disconnected, _) => 'D',
                    }
                }
            };
            assert_eq!(found, expected, "{state:?} {event:?}");
        }
    }
}

#[test]
fn a_catch_up_outlives_used_up_credits_and_ends_when_it_is_committed() {
    let catching_up = at(ConnectionState::Active, Gate::CatchingUp);
    let step = |from: &Connection, event| match next(from, event, NOW, GRACE_MS) {
        Transition::To(to) => to,
        other => panic!("{other:?}"),
    };
    let used_up = step(&catching_up, ConnectionEvent::CreditsUsedUp);
    assert_eq!(used_up.gate, Gate::CatchingUp);
    assert_eq!(step(&used_up, ConnectionEvent::ToppedUp).gate, Gate::CatchingUp);
    assert_eq!(step(&used_up, ConnectionEvent::CaughtUp).gate, Gate::Open);
    assert_eq!(step(&catching_up, ConnectionEvent::CaughtUp).gate, Gate::Open);
}

#[test]
fn the_grace_period_ends_after_its_span_and_keeps_its_cause() {
    let event = ConnectionEvent::NotListed(ConnectionCause::Dropped);
    let Transition::To(to) = next(&at(ConnectionState::Active, Gate::Open), event, NOW, GRACE_MS) else {
        panic!("it goes");
    };
    assert_eq!(
        (to.deadline, to.cause),
        (Some(NOW.plus_ms(GRACE_MS)), Some(ConnectionCause::Dropped))
    );
}

#[test]
fn invariant_18_what_each_state_allows() {
    // reads, writes, queues
    let table = [
        (ConnectionState::Active, Gate::Open, (true, true, true)),
        (ConnectionState::Active, Gate::CatchingUp, (true, false, true)),
        (ConnectionState::PendingCredits, Gate::Open, (true, false, true)),
        (ConnectionState::RequiresReauth, Gate::Open, (false, false, true)),
        (ConnectionState::GracePeriod, Gate::Open, (false, false, true)),
        (ConnectionState::Disconnected, Gate::Open, (false, false, false)),
    ];
    for (state, gate, expected) in table {
        let found = access(&at(state, gate));
        assert_eq!(
            (found.reads, found.writes, found.queues),
            expected,
            "{state:?} {gate:?}"
        );
    }
}
