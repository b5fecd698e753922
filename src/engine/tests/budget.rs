use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;

use crate::engine::budget::{Budget, Spent};
use crate::engine::policy::Limits;
use crate::model::failure::Limit;
use crate::model::ids::TenantId;
use crate::model::row::{CallMinute, Class};
use crate::model::time::{Mono, Now, Timestamp};
use crate::model::write::Write;
use crate::model::xero::AnswerMeta;

const TENANT: TenantId = TenantId::from_bytes([1; 16]);

fn at(ms: u64) -> Now {
    Now {
        wall: Timestamp(1_795_000_000_000 + i64::try_from(ms).unwrap()),
        mono: Mono(3_600_000 + ms),
    }
}

fn limits(minute: u32, day: u32) -> Limits {
    Limits {
        minute,
        day,
        concurrent: 5,
    }
}

fn one_call(budget: &mut Budget, ms: u64, class: Class) {
    budget.start(at(ms), TENANT, class);
    budget.finish(at(ms), TENANT, &AnswerMeta::default());
}

fn until(spent: Result<(), Spent>) -> u64 {
    match spent.expect_err("it is spent") {
        Spent::Minute { until } | Spent::Day { until } | Spent::RetryAfter { until, .. } => until.0 - 3_600_000,
        Spent::Concurrent => panic!("too many at once"),
    }
}

/// Plays a class that always has work. Returns when each call was sent and when Xero counted it.
fn saturate(latency_ms: impl Fn(u64) -> u64, arrives_late: bool, span_ms: u64) -> Vec<u64> {
    let mut budget = Budget::new(Limits::default());
    let mut open: VecDeque<(u64, u64)> = VecDeque::new();
    let mut arrivals = Vec::new();
    let mut now = 0;
    while now < span_ms {
        while let Some((_, ends)) = open
            .iter()
            .min_by_key(|(_, ends)| *ends)
            .copied()
            .filter(|(_, ends)| *ends <= now)
        {
            open.retain(|(_, other)| *other != ends);
            budget.finish(at(ends), TENANT, &AnswerMeta::default());
        }
        match budget.may_start(at(now), Class::Push, 100) {
            Ok(()) => {
                budget.start(at(now), TENANT, Class::Push);
                let mut ends = now + latency_ms(now).max(1);
                while open.iter().any(|(_, other)| *other == ends) {
                    ends += 1;
                }
                open.push_back((now, ends));
                arrivals.push(if arrives_late { ends } else { now });
            }
            Err(spent) => {
                let ends = open.iter().map(|(_, ends)| *ends).min().unwrap_or(u64::MAX);
                let opens = match spent {
                    Spent::Concurrent => u64::MAX,
                    spent => until(Err(spent)),
                };
                now = ends.min(opens).max(now + 1);
            }
        }
    }
    arrivals.sort_unstable();
    arrivals
}

fn most_in_a_minute(arrivals: &[u64]) -> usize {
    let in_window = |first: &u64| {
        arrivals
            .iter()
            .filter(|at| *at >= first && **at < first + 60_000)
            .count()
    };
    arrivals.iter().map(in_window).max().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn invariant_15_no_rolling_minute_holds_more_than_sixty_calls_at_any_latency(
        latencies in prop::collection::vec(1_u64..9_000, 17),
        arrives_late in any::<bool>(),
    ) {
        let latency = |now: u64| latencies[usize::try_from(now % 17).unwrap()];
        let arrivals = saturate(latency, arrives_late, 200_000);
        prop_assert!(most_in_a_minute(&arrivals) <= 60);
    }
}

#[test]
fn a_saturated_class_makes_at_least_57_calls_in_every_full_minute() {
    for arrives_late in [false, true] {
        let arrivals = saturate(|_| 500, arrives_late, 600_000);
        for start in (60_000..540_000).step_by(100) {
            let calls = arrivals
                .iter()
                .filter(|at| **at >= start && **at < start + 60_000)
                .count();
            assert!(calls >= 57, "{calls} from {start}");
        }
    }
}

#[test]
fn five_calls_at_once_and_two_of_a_minute_are_left_to_people() {
    let mut budget = Budget::new(Limits::default());
    for _ in 0..5 {
        assert_eq!(budget.may_start(at(0), Class::User, 1), Ok(()));
        budget.start(at(0), TENANT, Class::User);
    }
    assert_eq!(budget.may_start(at(0), Class::User, 1), Err(Spent::Concurrent));
    let mut budget = Budget::new(Limits::default());
    for _ in 0..58 {
        one_call(&mut budget, 0, Class::User);
    }
    assert_eq!(until(budget.may_start(at(10), Class::Push, 1)), 60_000);
    for _ in 0..2 {
        assert_eq!(budget.may_start(at(10), Class::User, 1), Ok(()));
        one_call(&mut budget, 10, Class::User);
    }
    assert_eq!(until(budget.may_start(at(10), Class::User, 1)), 60_000);
    assert_eq!(budget.may_start(at(60_000), Class::User, 1), Ok(()));
}

#[test]
fn each_class_has_its_share_of_the_day_and_the_day_runs_out() {
    let table = [
        (Class::Backfill, 80),
        (Class::Reconcile, 80),
        (Class::Push, 95),
        (Class::Pull, 95),
        (Class::User, 100),
    ];
    for (class, share) in table {
        let mut budget = Budget::new(limits(60, 100));
        let mut ms = 0;
        while budget.may_start(at(ms), class, 1).is_ok() {
            one_call(&mut budget, ms, class);
            ms += 61_000;
        }
        assert_eq!(budget.day_used(at(ms)), share, "{class:?}");
        // It opens when the oldest minute is a day old, although no call went meanwhile.
        let opens = until(budget.may_start(at(ms), class, 1));
        assert!((86_400_000..=86_460_000).contains(&opens), "{opens}");
        assert!(budget.may_start(at(opens - 1), class, 1).is_err());
        assert_eq!(budget.may_start(at(opens), class, 1), Ok(()), "{class:?}");
    }
}

#[test]
fn invariant_17_no_call_goes_before_retry_after() {
    // What Xero said, what is waited.
    let table = [
        (Some(37_000), 37_000),
        (Some(66_975_000), 66_975_000),
        (None, 1_000),
        (Some(0), 1_000),
        (Some(u64::MAX), 86_400_000),
    ];
    for (said, waited) in table {
        let mut budget = Budget::new(Limits::default());
        let (wait_ms, _) = budget.throttled(at(5), TENANT, Limit::Minute, said);
        assert_eq!(wait_ms, waited);
        assert!(budget.may_start(at(4 + waited), Class::User, 1).is_err());
        assert_eq!(budget.may_start(at(5 + waited), Class::User, 1), Ok(()));
        // A shorter wait never shortens a longer one, also not in what is stored.
        let (_, write) = budget.throttled(at(6), TENANT, Limit::Minute, Some(1_000));
        let Write::Calls(row) = write else { panic!("calls") };
        assert_eq!(row.not_before, Some(at((5 + waited).max(1_006)).wall));
    }
}

#[test]
fn what_others_use_counts_for_a_while() {
    let mut budget = Budget::new(limits(60, 1_000));
    budget.start(at(0), TENANT, Class::Push);
    let meta = AnswerMeta {
        minute_remaining: Some(0),
        day_remaining: Some(0),
        ..AnswerMeta::default()
    };
    budget.finish(at(0), TENANT, &meta);
    assert_eq!(budget.minute_used(Mono(3_600_000)), 60);
    assert_eq!(budget.day_used(at(0)), 1_000);
    let opens = until(budget.may_start(at(1), Class::User, 1));
    assert_eq!(opens, 1_800_000);
    assert_eq!(
        budget.may_start(at(opens), Class::User, 1),
        Ok(()),
        "a call finds out again"
    );
}

#[test]
fn what_others_use_counts_no_longer_than_xero_asks_to_wait() {
    for (limit, wait_ms, opens_ms) in [
        (Limit::Minute, Some(7_000), 7_000),
        (Limit::Minute, Some(90_000), 90_000),
        (Limit::Minute, None, 60_000),
        (Limit::Day, Some(600_000), 600_000),
    ] {
        let mut budget = Budget::new(limits(60, 1_000));
        budget.start(at(0), TENANT, Class::Push);
        let meta = AnswerMeta {
            minute_remaining: (limit == Limit::Minute).then_some(0),
            day_remaining: (limit == Limit::Day).then_some(0),
            ..AnswerMeta::default()
        };
        budget.finish(at(0), TENANT, &meta);
        budget.throttled(at(0), TENANT, limit, wait_ms);
        assert!(
            budget.may_start(at(opens_ms - 1), Class::User, 1).is_err(),
            "{limit:?} {wait_ms:?}"
        );
        assert_eq!(
            budget.may_start(at(opens_ms), Class::User, 1),
            Ok(()),
            "{limit:?} {wait_ms:?}"
        );
    }
}

#[test]
fn a_crash_forgets_no_call() {
    let mut rows: BTreeMap<i64, CallMinute> = BTreeMap::new();
    let mut keep = |write: Write| {
        if let Write::Calls(row) = write {
            rows.insert(row.minute, row);
        }
    };
    let mut budget = Budget::new(Limits::default());
    for call in 0..50 {
        budget
            .start(at(call * 1_000), TENANT, Class::User)
            .into_iter()
            .for_each(&mut keep);
        if call % 10 != 0 {
            keep(budget.finish(at(call * 1_000 + 500), TENANT, &AnswerMeta::default()));
        }
    }
    let (_, write) = budget.throttled(at(50_000), TENANT, Limit::Day, Some(600_000));
    keep(write);
    let rows: Vec<_> = rows.into_values().collect();
    let restored = Budget::restore(Limits::default(), at(55_000), rows.clone());
    assert_eq!(restored.minute_used(at(55_000).mono), 50);
    assert_eq!(restored.day_used(at(55_000)), 50);
    assert_eq!(
        restored.may_start(at(55_000), Class::User, 1),
        Err(Spent::RetryAfter {
            limit: Limit::Day,
            until: at(650_000).mono
        })
    );
    // The five without an answer may have arrived last thing before the end.
    assert_eq!(restored.minute_used(at(112_000).mono), 5);
    // After a reboot an hour later the day still counts, the minute does not; a day later nothing.
    let rebooted = |hours: i64| Now {
        wall: at(0).wall.plus_ms(hours * 3_600_000),
        mono: Mono(60_000),
    };
    let restored = Budget::restore(Limits::default(), rebooted(1), rows.clone());
    assert_eq!(
        (restored.minute_used(Mono(60_000)), restored.day_used(rebooted(1))),
        (0, 50)
    );
    let later = Now {
        wall: rebooted(25).wall,
        mono: Mono(60_000 + 24 * 3_600_000),
    };
    assert_eq!(restored.day_used(later), 0);
    assert_eq!(
        Budget::restore(Limits::default(), rebooted(25), rows).day_used(rebooted(25)),
        0
    );
}

#[test]
fn invariant_15_an_answer_noted_long_after_its_call_hides_no_call_in_flight() {
    let mut rows = std::collections::BTreeMap::new();
    let mut budget = Budget::new(Limits::default());
    let mut keep = |writes: Vec<Write>| {
        for write in writes {
            if let Write::Calls(row) = write {
                rows.insert(row.minute, row);
            }
        }
    };
    // Held by the disk for twelve minutes, it never leaves.
    keep(budget.start(at(0), TENANT, Class::Push));
    keep(vec![budget.finish(at(720_000), TENANT, &AnswerMeta::default())]);
    keep(budget.start(at(721_000), TENANT, Class::Push));
    keep(vec![budget.finish(at(722_000), TENANT, &AnswerMeta::default())]);
    // In flight when the process ends.
    keep(budget.start(at(723_000), TENANT, Class::Push));
    let restored = Budget::restore(Limits::default(), at(724_000), rows.into_values().collect());
    assert_eq!(restored.minute_used(at(724_000).mono), 3);
}

#[test]
fn calls_that_a_kill_left_unanswered_are_counted_at_one_start_only() {
    let mut rows = std::collections::BTreeMap::new();
    let mut keep = |writes: Vec<Write>| {
        for write in writes {
            if let Write::Calls(row) = write {
                rows.insert(row.minute, row);
            }
        }
        rows.values().cloned().collect()
    };
    let mut budget = Budget::new(Limits::default());
    // Killed every ten seconds with five calls under way.
    for start in 1..18 {
        let now = at(u64::from(start) * 10_000);
        let mut saved = Vec::new();
        for _ in 0..5 {
            saved = keep(budget.start(now, TENANT, Class::Push));
        }
        budget = Budget::restore(Limits::default(), now, saved);
        assert_eq!(budget.minute_used(now.mono), 5 * start.min(6), "start {start}");
        keep(budget.note_lost().into_iter().collect());
        assert_eq!(budget.note_lost(), None, "told once");
    }
    // An hour later nothing of it is left, and what is lost then is seen.
    let saved = keep(budget.start(at(3_600_000), TENANT, Class::Push));
    let restored = Budget::restore(Limits::default(), at(3_600_000), saved);
    assert_eq!(restored.minute_used(at(3_600_000).mono), 1);
}

#[test]
fn invariant_30_minutes_older_than_a_day_are_dropped_from_memory_and_store() {
    let mut budget = Budget::new(Limits::default());
    let mut dropped = 0;
    for hour in 0..60 {
        let writes = budget.start(at(hour * 3_600_000), TENANT, Class::Pull);
        dropped += writes
            .iter()
            .filter(|write| matches!(write, Write::DropCalls(..)))
            .count();
        budget.finish(at(hour * 3_600_000), TENANT, &AnswerMeta::default());
        assert!(budget.day_used(at(hour * 3_600_000)) <= 25);
    }
    assert_eq!(dropped, 35);
}

/// Calls of one class, one after the other at 500 ms each, and when the last one was answered.
fn one_by_one(class: Class, calls: usize) -> (Vec<u64>, u64) {
    let mut budget = Budget::new(Limits::default());
    let mut now = 0;
    let mut sent = Vec::new();
    while sent.len() < calls {
        match budget.may_start(at(now), class, calls - sent.len()) {
            Ok(()) => {
                sent.push(now);
                budget.start(at(now), TENANT, class);
                now += 500;
                budget.finish(at(now), TENANT, &AnswerMeta::default());
            }
            spent => now = until(spent).max(now + 1),
        }
    }
    (sent, now)
}

#[test]
fn a_reading_the_minute_has_room_for_goes_at_once_and_a_longer_one_evenly() {
    for class in [Class::Pull, Class::Reconcile, Class::Backfill] {
        let (_, took_ms) = one_by_one(class, 50);
        assert_eq!(took_ms, 25_000, "{class:?}: as fast as the answers come");
        let (sent, _) = one_by_one(class, 400);
        assert!(most_in_a_minute(&sent) <= 60, "{class:?}");
        for start in (60_000..300_000).step_by(100) {
            let full = sent.iter().filter(|at| **at >= start && **at < start + 60_000).count();
            assert!(full >= 57, "{class:?}: {full} from {start}");
        }
        // Whoever clicks in the middle of it is served, and a webhook soon.
        let mut budget = Budget::new(Limits::default());
        for now in (0..200_000).step_by(100) {
            if budget.may_start(at(now), class, 400).is_ok() {
                one_call(&mut budget, now, class);
            }
            assert_eq!(budget.may_start(at(now), Class::User, 1), Ok(()), "{class:?} at {now}");
            let opens = budget
                .may_start(at(now), Class::Webhook, 1)
                .map_or_else(|spent| until(Err(spent)), |()| now);
            assert!(opens <= now + 3_500, "{class:?}: a webhook waits from {now} to {opens}");
        }
    }
}

#[test]
fn pushes_and_webhooks_are_paced_from_half_of_the_minute_on_because_more_of_them_come() {
    for class in [Class::Webhook, Class::Push] {
        let (sent, _) = one_by_one(class, 12);
        assert!(
            sent.windows(2).take(1).all(|pair| pair[1] - pair[0] == 1_000),
            "{class:?} {sent:?}"
        );
        let mut budget = Budget::new(Limits::default());
        for _ in 0..30 {
            assert_eq!(budget.may_start(at(0), class, 1), Ok(()));
            one_call(&mut budget, 0, class);
        }
        assert_eq!(until(budget.may_start(at(1), class, 1)), 1_000, "{class:?}");
    }
}
