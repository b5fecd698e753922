use super::tenants::{at_rest, tenant};
use crate::engine::status::TenantStatus;
use crate::model::connection::ConnectionState;
use crate::model::time::Timestamp;
use crate::observe::Board;

#[test]
fn a_tenant_is_put_up_changed_and_taken_down() {
    let board = Board::default();
    let other = board.clone();
    assert_eq!(board.get(tenant(1)), None);
    board.set(tenant(2), at_rest(ConnectionState::Active));
    board.set(tenant(1), at_rest(ConnectionState::Active));
    board.set(tenant(1), at_rest(ConnectionState::GracePeriod));
    let shown: Vec<_> = other
        .all()
        .into_iter()
        .map(|(id, status)| (id, status.connection))
        .collect();
    assert_eq!(
        shown,
        [
            (tenant(1), ConnectionState::GracePeriod),
            (tenant(2), ConnectionState::Active)
        ]
    );
    other.remove(tenant(1));
    assert_eq!(board.get(tenant(1)), None);
    assert_eq!(board.all().len(), 1);
}

#[test]
fn sums_are_those_of_all_tenants() {
    let board = Board::default();
    let busy = TenantStatus {
        queued_count: 3,
        in_flight_count: 2,
        unknown_count: 1,
        oldest_queued: Some(Timestamp(9_000)),
        minute_used: 50,
        day_used: 4_000,
        ..at_rest(ConnectionState::Active)
    };
    let spent = TenantStatus {
        queued_count: 1,
        oldest_queued: Some(Timestamp(5_000)),
        day_used: 5_000,
        parked: Some("three panics".to_owned()),
        ..at_rest(ConnectionState::Disconnected)
    };
    board.set(tenant(1), busy);
    board.set(tenant(2), spent);
    board.set(
        tenant(3),
        TenantStatus {
            day_used: 3_999,
            ..at_rest(ConnectionState::Active)
        },
    );
    let sums = board.sums();
    assert_eq!(sums.states, [2, 0, 0, 0, 1]);
    assert_eq!((sums.queued_count, sums.in_flight_count, sums.unknown_count), (4, 2, 1));
    assert_eq!(sums.oldest_queued, Some(Timestamp(5_000)));
    assert_eq!((sums.minute_used, sums.day_used), (50, 12_999));
    assert_eq!((sums.day_low_count, sums.day_exhausted_count), (2, 1));
    assert_eq!(sums.parked_count, 1);
    board.note_unreadable(tenant(4));
    board.note_unreadable(tenant(4));
    assert_eq!(board.sums().parked_count, 2);
}
