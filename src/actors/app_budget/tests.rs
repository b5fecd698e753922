use governor::clock::FakeRelativeClock;

use super::*;

fn limits(per_minute: u32, burst: u32) -> AppLimits {
    AppLimits {
        per_minute: NonZeroU32::new(per_minute).unwrap(),
        burst: NonZeroU32::new(burst).unwrap(),
        background_percent: 95,
        reading_percent: 80,
    }
}

/// Takes as much as it gets, in steps of a millisecond; tells when each call went.
fn greedy(budget: &AppBudget<FakeRelativeClock>, clock: &FakeRelativeClock, class: Class, span_ms: u64) -> Vec<u64> {
    let mut went = Vec::new();
    for at_ms in 0..span_ms {
        while budget.check(&mut Ticket::of(class)).is_ok() {
            went.push(at_ms);
        }
        clock.advance(Duration::from_millis(1));
    }
    went
}

fn fullest_minute(went: &[u64]) -> usize {
    let mut from = 0;
    let mut fullest = 0;
    for (at, moment) in went.iter().enumerate() {
        while went[from] + 60_000 <= *moment {
            from += 1;
        }
        fullest = fullest.max(at - from + 1);
    }
    fullest
}

#[test]
fn no_rolling_minute_reaches_the_limit_of_the_app() {
    let clock = FakeRelativeClock::default();
    let budget = AppBudget::with_clock(AppLimits::default(), clock.clone());
    let went = greedy(&budget, &clock, Class::User, 180_000);
    let fullest = fullest_minute(&went);
    assert!((9_800..10_000).contains(&fullest), "{fullest}");
    assert!(went.len() >= 3 * 9_800 - 1, "{}", went.len());
}

#[test]
fn whoever_is_ahead_passes_while_those_behind_are_saturated() {
    for (behind, most, ahead) in [
        (Class::Push, 9_300..=9_470, Class::User),
        (Class::Webhook, 9_300..=9_470, Class::User),
        (Class::Pull, 7_800..=7_980, Class::Webhook),
        (Class::Reconcile, 7_800..=7_980, Class::Push),
        (Class::Backfill, 7_800..=7_980, Class::User),
    ] {
        let clock = FakeRelativeClock::default();
        let budget = AppBudget::with_clock(AppLimits::default(), clock.clone());
        let went = greedy(&budget, &clock, behind, 60_000).len();
        assert!(most.contains(&went), "{behind:?} {went}");
        let passed = (0..300)
            .filter(|_| budget.check(&mut Ticket::of(ahead)).is_ok())
            .count();
        assert!(passed >= 8, "{behind:?} {ahead:?} {passed}");
    }
}

#[test]
fn a_limiter_that_was_passed_is_not_spent_again() {
    let clock = FakeRelativeClock::default();
    let budget = AppBudget::with_clock(limits(60, 2), clock.clone());
    // Clicks empty the limiter for all.
    while budget.check(&mut Ticket::of(Class::User)).is_ok() {}
    let mut ticket = Ticket::of(Class::Push);
    let wait = budget.check(&mut ticket).unwrap_err();
    assert_eq!(ticket, Ticket::All);
    clock.advance(wait);
    assert_eq!(budget.check(&mut ticket), Ok(()));
}

#[tokio::test]
async fn waiters_are_served_no_faster_than_allowed() {
    let budget = AppBudget::new(limits(6_000, 1));
    let started = tokio::time::Instant::now();
    let waiters = (0..30).map(|_| budget.acquire(Class::User));
    futures_util::future::join_all(waiters).await;
    assert!(
        started.elapsed() >= Duration::from_millis(280),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(budget.inner.all.waiting_count.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn who_gives_up_does_not_count_as_waiting() {
    let budget = AppBudget::new(limits(1, 1));
    budget.acquire(Class::User).await;
    let gave_up = tokio::time::timeout(Duration::from_millis(20), budget.acquire(Class::User)).await;
    assert!(gave_up.is_err());
    assert_eq!(budget.inner.all.waiting_count.load(Ordering::Relaxed), 0);
}
