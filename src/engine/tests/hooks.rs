use crate::engine::sequence::Sequence;
use crate::engine::silence::{Silence, Verdict};
use crate::model::time::{Mono, Now, Timestamp};

/// What is lost after these deliveries came a second apart, and a minute passed.
fn lost(deliveries: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let mut sequence = Sequence::default();
    let mut now = Mono(1_000_000);
    for (first, last) in deliveries {
        sequence.came(now, *first, *last);
        now = now.plus_ms(1_000);
    }
    let now = now.plus_ms(60_000);
    let lost = sequence.lost(now).iter().map(|gap| (gap.first, gap.last)).collect();
    assert!(sequence.lost(now).is_empty(), "it is told once");
    lost
}

#[test]
fn a_number_that_never_comes_is_a_lost_event_whatever_the_order() {
    type Row = (&'static [(i64, i64)], &'static [(i64, i64)]);
    let rows: [Row; 11] = [
        (&[], &[]),
        // The first one after a start tells where counting stands.
        (&[(7, 9), (10, 10)], &[]),
        (&[(1, 1), (3, 3)], &[(2, 2)]),
        (&[(1, 1), (3, 3), (2, 2)], &[]),
        (&[(1, 1), (9, 9), (4, 5)], &[(2, 3), (6, 8)]),
        (&[(1, 1), (9, 9), (2, 4)], &[(5, 8)]),
        (&[(1, 1), (9, 9), (1, 1), (9, 9)], &[(2, 8)]),
        // Twice the same, and an intent to receive in between.
        (&[(1, 2), (1, 2), (0, 0), (3, 4)], &[]),
        // The webhook was made anew.
        (&[(500, 510), (1, 2), (3, 3)], &[]),
        (&[(500, 510), (1, 2), (4, 4)], &[(3, 3)]),
        // No numbers of events.
        (&[(5, 5), (-3, 2), (9, 8), (6, 6)], &[]),
    ];
    for (deliveries, expected) in rows {
        assert_eq!(lost(deliveries), expected, "{deliveries:?}");
    }
}

#[test]
fn a_gap_is_waited_for_ten_seconds_and_many_gaps_take_no_memory() {
    let mut sequence = Sequence::default();
    sequence.came(Mono(0), 1, 1);
    sequence.came(Mono(0), 3, 3);
    assert!(sequence.lost(Mono(9_999)).is_empty());
    assert_eq!(sequence.lost(Mono(10_000)).len(), 1);
    for nth in 0..100_000 {
        sequence.came(Mono(20_000), 10 + 2 * nth, 10 + 2 * nth);
    }
    assert_eq!(sequence.lost(Mono(60_000)).len(), 64);
    sequence.came(Mono(60_000), i64::MAX, i64::MAX);
    sequence.came(Mono(60_000), 2, i64::MAX);
}

const PATIENCE_MS: u64 = 1_800_000;

fn at(ms: u64) -> Now {
    Now {
        wall: Timestamp(1_700_000_000_000 + i64::try_from(ms).unwrap()),
        mono: Mono(ms),
    }
}

#[test]
fn a_webhook_is_silent_when_scans_find_changes_for_half_an_hour_and_none_comes() {
    let mut silence = Silence::new(at(0));
    // Nothing happens in Xero: nothing is wrong.
    assert_eq!(silence.look(at(9_000_000), PATIENCE_MS), Verdict::Fine);
    silence.found(at(10_000_000), at(9_900_000).wall, PATIENCE_MS);
    silence.found(at(11_000_000), at(10_900_000).wall, PATIENCE_MS);
    assert_eq!(silence.look(at(11_799_999), PATIENCE_MS), Verdict::Fine);
    assert_eq!(silence.look(at(11_800_000), PATIENCE_MS), Verdict::FellSilent);
    assert_eq!(silence.look(at(11_900_000), PATIENCE_MS), Verdict::Silent);
    assert!(silence.is_silent());
    assert!(silence.heard(), "it ends a silence");
    assert!(!silence.heard(), "once");
    assert_eq!(silence.look(at(99_000_000), PATIENCE_MS), Verdict::Fine);
}

#[test]
fn a_late_webhook_and_changes_from_before_the_start_are_no_silence() {
    let mut silence = Silence::new(at(0));
    silence.found(at(10_000), at(30_000).wall.plus_ms(-60_000), PATIENCE_MS);
    silence.found(at(10_000), at(59_999).wall, PATIENCE_MS);
    assert_eq!(silence.look(at(90_000_000), PATIENCE_MS), Verdict::Fine);
    silence.found(at(1_000_000), at(990_000).wall, PATIENCE_MS);
    assert!(!silence.heard(), "it came late");
    assert_eq!(silence.look(at(9_000_000), PATIENCE_MS), Verdict::Fine);
}
