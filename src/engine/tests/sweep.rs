use crate::engine::policy::PullPolicy;
use crate::engine::sweep::every_ms;
use crate::model::row::StreamKind;

const INVOICES: StreamKind = StreamKind::Invoices;

#[test]
fn under_a_usual_limit_streams_are_read_at_their_intervals_however_much_is_used() {
    for limit in [1_000, 5_000] {
        for used in [0, limit / 2, limit] {
            let every = |kind| every_ms(&PullPolicy::default(), kind, (limit, used));
            assert_eq!(every(INVOICES), Some(270_000));
            assert_eq!(every(StreamKind::Payments), Some(7_200_000));
        }
    }
}

#[test]
fn under_a_small_limit_readings_are_spaced_out_to_three_fifths_of_it_once_half_is_used() {
    let policy = PullPolicy::default();
    assert_eq!(every_ms(&policy, INVOICES, (400, 179)), Some(270_000));
    let spaced = every_ms(&policy, INVOICES, (400, 180)).unwrap();
    let others = every_ms(&policy, StreamKind::Contacts, (400, 180)).unwrap();
    let calls = 86_400_000 / spaced + 4 * (86_400_000 / others);
    assert!((235..=240).contains(&calls), "{calls} calls, one each {spaced} ms");
}

#[test]
fn what_is_never_read_stays_so_and_no_limit_divides_by_nothing() {
    assert_eq!(every_ms(&PullPolicy::NEVER, INVOICES, (400, 400)), None);
    assert!(every_ms(&PullPolicy::default(), INVOICES, (0, 0)).is_some());
}
