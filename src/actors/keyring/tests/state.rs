use crate::actors::keyring::state::*;
use crate::actors::keyring::tokens::{Access, Durable, NewPair};
use crate::model::failure::{Failure, FailureKind, Limit, Received, Remedy};
use crate::model::secret::{ExposeSecret, SecretString};
use crate::model::time::Timestamp;

const START: Timestamp = Timestamp(1_700_000_000_000);
const LIFE_MS: i64 = 1_800_000;

fn secret(text: &str) -> SecretString {
    SecretString::from(text.to_owned())
}

fn durable(previous: Option<&str>) -> Durable {
    Durable {
        current: secret("r1"),
        previous: previous.map(secret),
        access: Some(Access {
            token: secret("a1"),
            expires_at: START.plus_ms(LIFE_MS),
        }),
        refreshed_at: START,
    }
}

fn grant() -> Grant {
    Grant::stored(durable(Some("r0")), KEEP_ALIVE_MS)
}

fn pair(n: u32) -> Input {
    Input::Refreshed(Ok(NewPair {
        access: secret(&format!("a{n}")),
        refresh: secret(&format!("r{n}")),
        expires_in_s: 1_800,
    }))
}

fn failure(kind: FailureKind, received: Received) -> Failure {
    Failure {
        kind,
        remedy: Remedy::RetryWithBackoff,
        received,
        status: None,
        message: "x".into(),
        validation: vec![],
    }
}

fn lost() -> Input {
    Input::Refreshed(Err(failure(FailureKind::TimedOut, Received::Unknown)))
}

fn never_sent() -> Input {
    Input::Refreshed(Err(failure(FailureKind::Unavailable, Received::No)))
}

fn dead() -> Input {
    Input::Refreshed(Err(failure(FailureKind::GrantRejected, Received::No)))
}

/// Acts as short words.
fn told(acts: &[Act]) -> Vec<String> {
    acts.iter()
        .map(|act| match act {
            Act::Refresh(token) => format!("refresh {}", token.expose_secret()),
            Act::Save(durable) => format!(
                "save {} after {} for {}",
                durable.current.expose_secret(),
                durable.previous.as_ref().map_or("-", |token| token.expose_secret()),
                durable
                    .access
                    .as_ref()
                    .map_or("-", |access| access.token.expose_secret()),
            ),
            Act::Answer(waiter, Ok(access)) => {
                format!("{} gets {}", waiter.0, access.token.expose_secret())
            }
            Act::Answer(waiter, Err(failure)) => {
                format!("{} fails {}", waiter.0, failure.kind.label())
            }
            Act::WakeAfter(delay_ms) => format!("wake {delay_ms}"),
        })
        .collect()
}

/// Feeds inputs at moments after the start and compares what each brings.
fn play(grant: &mut Grant, steps: Vec<(i64, Input, &[&str])>) {
    for (nth, (at_ms, input, wanted)) in steps.into_iter().enumerate() {
        let shown = format!("step {nth}: {input:?}");
        assert_eq!(told(&grant.handle(START.plus_ms(at_ms), input)), wanted, "{shown}");
    }
}

fn borrow(n: u64) -> Input {
    Input::Borrow(WaiterId(n))
}

#[test]
fn a_token_is_lent_until_a_minute_before_it_expires() {
    play(
        &mut grant(),
        vec![
            (0, borrow(1), &["1 gets a1"]),
            (LIFE_MS - 60_001, borrow(2), &["2 gets a1"]),
            (LIFE_MS - 60_000, borrow(3), &["refresh r1"]),
        ],
    );
}

#[test]
fn one_refresh_serves_everybody_once_it_is_durable() {
    play(
        &mut grant(),
        vec![
            (LIFE_MS, borrow(1), &["refresh r1"]),
            (LIFE_MS, borrow(2), &[]),
            (LIFE_MS, pair(2), &["save r2 after r1 for a2"]),
            (LIFE_MS, borrow(3), &[]),
            (LIFE_MS, Input::Saved(Ok(())), &["1 gets a2", "2 gets a2", "3 gets a2"]),
            (LIFE_MS, borrow(4), &["4 gets a2"]),
        ],
    );
}

#[test]
fn nothing_that_is_not_durable_is_used_and_the_save_is_repeated() {
    play(
        &mut grant(),
        vec![
            (LIFE_MS, borrow(1), &["refresh r1"]),
            (LIFE_MS, pair(2), &["save r2 after r1 for a2"]),
            (
                LIFE_MS,
                Input::Saved(Err("disk full".into())),
                &["wake 1000", "1 fails unavailable"],
            ),
            (LIFE_MS, borrow(2), &["2 fails unavailable"]),
            (LIFE_MS + 1_000, Input::Woken, &["save r2 after r1 for a2"]),
            (LIFE_MS + 1_000, Input::Woken, &[]),
            (LIFE_MS + 1_000, borrow(3), &[]),
            (
                LIFE_MS + 1_001,
                Input::Saved(Err("disk full".into())),
                &["wake 2000", "3 fails unavailable"],
            ),
            (LIFE_MS + 3_001, Input::Woken, &["save r2 after r1 for a2"]),
            (LIFE_MS + 3_002, Input::Saved(Ok(())), &[]),
            (LIFE_MS + 3_003, borrow(4), &["4 gets a2"]),
        ],
    );
}

#[test]
fn while_renewing_fails_the_token_in_hand_is_lent_to_its_end() {
    let near = LIFE_MS - 30_000;
    play(
        &mut grant(),
        vec![
            (near, borrow(1), &["refresh r1"]),
            (near, never_sent(), &["1 gets a1"]),
            (near + 500, borrow(2), &["2 gets a1"]),
            (near + 1_000, borrow(3), &["refresh r1"]),
            (near + 1_000, pair(2), &["save r2 after r1 for a2"]),
            (near + 1_000, Input::Saved(Err("x".into())), &["wake 1000", "3 gets a1"]),
            (LIFE_MS - 5_000, borrow(4), &["4 fails unavailable"]),
        ],
    );
}

#[test]
fn failures_rest_longer_each_time_and_at_most_a_minute() {
    let mut grant = grant();
    let mut at_ms = LIFE_MS;
    for rest_ms in [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000] {
        play(
            &mut grant,
            vec![
                (at_ms, borrow(1), &["refresh r1"]),
                (at_ms, never_sent(), &["1 fails unavailable"]),
                (at_ms + rest_ms - 1, borrow(2), &["2 fails unavailable"]),
            ],
        );
        at_ms += rest_ms;
    }
}

#[test]
fn a_clock_that_is_set_back_does_not_rest_for_ever() {
    play(
        &mut grant(),
        vec![
            (LIFE_MS * 100, borrow(1), &["refresh r1"]),
            (LIFE_MS * 100, never_sent(), &["1 fails unavailable"]),
            (LIFE_MS, borrow(2), &["refresh r1"]),
        ],
    );
}

#[test]
fn a_limit_is_waited_for_as_long_as_xero_says() {
    let throttled = Input::Refreshed(Err(Failure {
        remedy: Remedy::WaitForLimit {
            limit: Limit::AppMinute,
            retry_after_ms: Some(7_000),
        },
        ..failure(FailureKind::Throttled, Received::No)
    }));
    play(
        &mut grant(),
        vec![
            (LIFE_MS, borrow(1), &["refresh r1"]),
            (LIFE_MS, throttled, &["1 fails throttled"]),
            (LIFE_MS + 6_999, borrow(2), &["2 fails throttled"]),
            (LIFE_MS + 7_000, borrow(3), &["refresh r1"]),
        ],
    );
}

#[test]
fn a_lost_answer_is_asked_for_again_without_anybody_waiting() {
    play(
        &mut grant(),
        vec![
            (LIFE_MS, borrow(1), &["refresh r1"]),
            (LIFE_MS, lost(), &["1 fails timed_out", "wake 1000"]),
            (LIFE_MS + 1_000, Input::Woken, &["refresh r1"]),
            (LIFE_MS + 1_000, never_sent(), &["wake 2000"]),
            (LIFE_MS + 3_000, Input::Woken, &["refresh r1"]),
            (LIFE_MS + 3_000, pair(2), &["save r2 after r1 for a2"]),
            (LIFE_MS + 3_000, Input::Saved(Ok(())), &[]),
            (LIFE_MS + 3_000, Input::Woken, &[]),
        ],
    );
}

#[test]
fn invalid_grant_tries_the_previous_token_once() {
    play(
        &mut grant(),
        vec![
            (LIFE_MS, borrow(1), &["refresh r1"]),
            (LIFE_MS, dead(), &["refresh r0"]),
            (LIFE_MS, borrow(2), &[]),
            (LIFE_MS, pair(2), &["save r2 after r0 for a2"]),
            (LIFE_MS, Input::Saved(Ok(())), &["1 gets a2", "2 gets a2"]),
        ],
    );
    let mut twice = grant();
    play(
        &mut twice,
        vec![
            (LIFE_MS, borrow(1), &["refresh r1"]),
            (LIFE_MS, dead(), &["refresh r0"]),
            (LIFE_MS, dead(), &["1 fails grant_rejected"]),
            (LIFE_MS, borrow(2), &["2 fails grant_rejected"]),
            (LIFE_MS * 1_000, Input::Woken, &[]),
        ],
    );
    assert!(twice.is_dead());
    play(
        &mut Grant::stored(durable(None), KEEP_ALIVE_MS),
        vec![
            (LIFE_MS, borrow(1), &["refresh r1"]),
            (LIFE_MS, dead(), &["1 fails grant_rejected"]),
        ],
    );
}

#[test]
fn a_failure_of_the_previous_token_starts_again_with_the_current() {
    play(
        &mut grant(),
        vec![
            (LIFE_MS, borrow(1), &["refresh r1"]),
            (LIFE_MS, dead(), &["refresh r0"]),
            (LIFE_MS, never_sent(), &["1 fails unavailable"]),
            (LIFE_MS + 1_000, borrow(2), &["refresh r1"]),
        ],
    );
}

#[test]
fn only_the_current_token_can_be_invalidated() {
    play(
        &mut grant(),
        vec![
            (0, Input::Invalidate(secret("a0")), &[]),
            (0, borrow(1), &["1 gets a1"]),
            (0, Input::Invalidate(secret("a1")), &[]),
            (0, borrow(2), &["refresh r1"]),
            (0, Input::Invalidate(secret("a1")), &[]),
            (0, pair(2), &["save r2 after r1 for a2"]),
            (0, Input::Saved(Ok(())), &["2 gets a2"]),
            (0, Input::Invalidate(secret("a1")), &[]),
            (0, borrow(3), &["3 gets a2"]),
        ],
    );
}

#[test]
fn an_adopted_token_is_stored_before_it_is_used() {
    let (mut grant, acts) = Grant::adopted(secret("given"), KEEP_ALIVE_MS);
    assert_eq!(told(&acts), ["save given after - for -"]);
    assert!(grant.knows(&secret("given")));
    play(
        &mut grant,
        vec![
            (0, borrow(1), &[]),
            (0, Input::Saved(Ok(())), &["refresh given"]),
            (0, pair(2), &["save r2 after given for a2"]),
            (0, Input::Saved(Ok(())), &["1 gets a2"]),
        ],
    );
    assert!(grant.knows(&secret("given")) && grant.knows(&secret("r2")) && !grant.knows(&secret("a2")));
    let (mut unsaved, _) = Grant::adopted(secret("given"), KEEP_ALIVE_MS);
    play(
        &mut unsaved,
        vec![
            (0, borrow(1), &[]),
            (0, Input::Saved(Err("x".into())), &["wake 1000", "1 fails unavailable"]),
        ],
    );
}

#[test]
fn a_grant_is_renewed_after_a_week_of_rest() {
    play(
        &mut grant(),
        vec![
            (KEEP_ALIVE_MS - 1, Input::Woken, &[]),
            (KEEP_ALIVE_MS, Input::Woken, &["refresh r1"]),
            (KEEP_ALIVE_MS, Input::Woken, &[]),
            (KEEP_ALIVE_MS, never_sent(), &[]),
            (KEEP_ALIVE_MS, Input::Woken, &[]),
            (KEEP_ALIVE_MS + 1_000, Input::Woken, &["refresh r1"]),
        ],
    );
}

#[test]
fn short_lives_do_not_refresh_at_every_loan() {
    for life_s in [0_u64, 1, 30, 60] {
        let mut grant = grant();
        grant.handle(START.plus_ms(LIFE_MS), borrow(1));
        let short = NewPair {
            access: secret("a2"),
            refresh: secret("r2"),
            expires_in_s: life_s,
        };
        grant.handle(START.plus_ms(LIFE_MS), Input::Refreshed(Ok(short)));
        let acts = grant.handle(START.plus_ms(LIFE_MS), Input::Saved(Ok(())));
        assert_eq!(told(&acts), ["1 gets a2"], "{life_s}");
        let acts = grant.handle(START.plus_ms(LIFE_MS), borrow(2));
        let wanted = if life_s == 0 { "refresh r2" } else { "2 gets a2" };
        assert_eq!(told(&acts), [wanted], "{life_s}");
    }
}

#[test]
fn answers_nobody_asked_for_change_nothing() {
    play(
        &mut grant(),
        vec![
            (0, pair(9), &[]),
            (0, dead(), &[]),
            (0, Input::Saved(Ok(())), &[]),
            (0, Input::Saved(Err("x".into())), &[]),
            (0, borrow(1), &["1 gets a1"]),
        ],
    );
}

#[test]
fn no_secret_is_printed() {
    let mut grant = grant();
    let acts = grant.handle(START.plus_ms(LIFE_MS), borrow(1));
    let shown = format!("{grant:?} {acts:?}");
    for token in ["r0", "r1", "a1"] {
        assert!(!shown.contains(&format!("\"{token}\"")), "{shown}");
    }
}
