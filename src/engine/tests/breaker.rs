use crate::engine::breaker::{Breaker, Change};
use crate::model::time::Mono;

const PROBE_MS: u64 = 30_000;

fn opened(at: Mono) -> Breaker {
    let mut breaker = Breaker::new(5, PROBE_MS);
    for failure in 1..=5 {
        let expected = (failure == 5).then_some(Change::Opened);
        assert_eq!(breaker.failed(at, 0), expected);
    }
    breaker
}

#[test]
fn five_failures_in_a_row_open_it_and_one_success_between_does_not() {
    let breaker = opened(Mono(0));
    assert!(breaker.is_open());
    assert_eq!(breaker.open_since(), Some(Mono(0)));
    let mut breaker = Breaker::new(5, PROBE_MS);
    for _ in 0..20 {
        for _ in 0..4 {
            assert_eq!(breaker.failed(Mono(0), 0), None);
        }
        assert_eq!(breaker.succeeded(), None);
    }
    assert!(!breaker.is_open());
    assert_eq!(breaker.open_since(), None);
}

#[test]
fn one_probe_at_a_time_goes_through_and_its_answer_decides() {
    let at = Mono(PROBE_MS + 7);
    let mut breaker = opened(Mono(7));
    assert_eq!(breaker.may_start(Mono(PROBE_MS + 6)), Err(Some(at)));
    assert_eq!(breaker.may_start(at), Ok(()));
    breaker.started();
    assert_eq!(breaker.may_start(at), Err(None), "one is out");
    assert_eq!(breaker.failed(at, 3), None);
    assert_eq!(breaker.may_start(at), Err(Some(at.plus_ms(PROBE_MS + 3))));
    assert_eq!(
        breaker.open_since(),
        Some(Mono(7)),
        "a failed probe does not begin anew"
    );
    breaker.started();
    assert_eq!(breaker.succeeded(), Some(Change::Closed));
    assert_eq!(breaker.may_start(at), Ok(()));
    assert_eq!(breaker.open_since(), None);
}

#[test]
fn a_probe_that_tells_nothing_is_made_again() {
    let mut breaker = opened(Mono(0));
    breaker.started();
    breaker.ended_otherwise(Mono(40_000));
    assert_eq!(breaker.may_start(Mono(40_000)), Ok(()));
    assert!(breaker.is_open());
}

#[test]
fn an_answer_to_an_older_call_closes_it_too() {
    let mut breaker = opened(Mono(0));
    assert_eq!(breaker.succeeded(), Some(Change::Closed));
}
