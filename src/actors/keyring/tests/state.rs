use crate::actors::keyring::state::*;
use crate::actors::keyring::tokens::{Access, Durable, NewPair};
use crate::model::failure::{Failure, FailureKind, Limit, Received, Remedy};
use crate::model::secret::{ExposeSecret, SecretString};
use crate::model::time::{Mono, Now, Timestamp};

const START: Timestamp = Timestamp(1_700_000_000_000);
const LIFE_MS: i64 = 1_800_000;

fn secret(text: &str) -> SecretString {
    SecretString::from(text.to_owned())
}

fn durable(previous: Option<&str>) -> Durable {
    Durable {
        current: secret("r1"),
        previous: previous.map(secret),
        given: None,
        access: Some(Access {
            token: secret("a1"),
            expires_at: START.plus_ms(LIFE_MS),
        }),
        refreshed_at: START,
        user: None,
        is_unsure: false,
    }
}

fn grant() -> Grant {
    Grant::stored(at(0), durable(Some("r0")), KEEP_ALIVE_MS)
}

fn at(at_ms: i64) -> Now {
    Now {
        wall: START.plus_ms(at_ms),
        mono: Mono(u64::try_from(at_ms).unwrap()),
    }
}

fn stored() -> Input {
    Input::Saved(Ok(()))
}

fn pair(n: u32) -> Input {
    Input::Refreshed(Ok(NewPair {
        access: secret(&format!("a{n}")),
        refresh: secret(&format!("r{n}")),
        expires_in_s: 1_800,
        user: None,
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

fn garbled() -> Input {
    Input::Refreshed(Err(failure(FailureKind::Garbled, Received::UnknownAnswered)))
}

fn not_stored() -> Input {
    Input::Saved(Err("disk full".into()))
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
            Act::Save(durable) if durable.is_unsure && durable.refreshed_at <= START => {
                format!("mark {}", durable.current.expose_secret())
            }
            Act::Save(durable) => format!(
                "{} {} after {} for {}",
                if durable.is_unsure { "save unsure" } else { "save" },
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
            Act::Kept(is_kept) => format!("kept {is_kept}"),
            Act::WakeAfter(delay_ms) => format!("wake {delay_ms}"),
        })
        .collect()
}

/// Feeds inputs at moments after the start and compares what each brings.
fn play(grant: &mut Grant, steps: Vec<(i64, Input, &[&str])>) {
    for (nth, (at_ms, input, wanted)) in steps.into_iter().enumerate() {
        let shown = format!("step {nth}: {input:?}");
        assert_eq!(told(&grant.handle(at(at_ms), input)), wanted, "{shown}");
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
            (LIFE_MS - 60_000, borrow(3), &["mark r1"]),
            (LIFE_MS - 60_000, stored(), &["refresh r1"]),
        ],
    );
}

#[test]
fn one_refresh_serves_everybody_once_it_is_durable() {
    play(
        &mut grant(),
        vec![
            (LIFE_MS, borrow(1), &["mark r1"]),
            (LIFE_MS, stored(), &["refresh r1"]),
            (LIFE_MS, borrow(2), &[]),
            (LIFE_MS, pair(2), &["save r2 after r1 for a2"]),
            (LIFE_MS, borrow(3), &[]),
            (LIFE_MS, stored(), &["1 gets a2", "2 gets a2", "3 gets a2"]),
            (LIFE_MS, borrow(4), &["4 gets a2"]),
        ],
    );
}

#[test]
fn nothing_that_is_not_durable_is_used_and_the_save_is_repeated() {
    play(
        &mut grant(),
        vec![
            (LIFE_MS, borrow(1), &["mark r1"]),
            (LIFE_MS, stored(), &["refresh r1"]),
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
            (LIFE_MS + 3_002, stored(), &[]),
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
            (near, borrow(1), &["mark r1"]),
            (near, stored(), &["refresh r1"]),
            (near, never_sent(), &["1 gets a1"]),
            (near + 500, borrow(2), &["2 gets a1"]),
            (near + 1_000, borrow(3), &["mark r1"]),
            (near + 1_000, stored(), &["refresh r1"]),
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
                (at_ms, borrow(1), &["mark r1"]),
                (at_ms, stored(), &["refresh r1"]),
                (at_ms, never_sent(), &["1 fails unavailable"]),
                (at_ms + rest_ms - 1, borrow(2), &["2 fails unavailable"]),
            ],
        );
        at_ms += rest_ms;
    }
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
            (LIFE_MS, borrow(1), &["mark r1"]),
            (LIFE_MS, stored(), &["refresh r1"]),
            (LIFE_MS, throttled, &["1 fails throttled"]),
            (LIFE_MS + 6_999, borrow(2), &["2 fails throttled"]),
            (LIFE_MS + 7_000, borrow(3), &["mark r1"]),
            (LIFE_MS + 7_000, stored(), &["refresh r1"]),
        ],
    );
}

#[test]
fn a_lost_answer_is_asked_for_again_without_anybody_waiting() {
    play(
        &mut grant(),
        vec![
            (LIFE_MS, borrow(1), &["mark r1"]),
            (LIFE_MS, stored(), &["refresh r1"]),
            (LIFE_MS, garbled(), &["1 fails garbled", "wake 1000"]),
            (LIFE_MS + 999, Input::Woken, &["wake 1"]),
            (LIFE_MS + 1_000, Input::Woken, &["mark r1"]),
            (LIFE_MS + 1_000, stored(), &["refresh r1"]),
            (LIFE_MS + 1_000, never_sent(), &["wake 2000"]),
            (LIFE_MS + 3_000, Input::Woken, &["mark r1"]),
            (LIFE_MS + 3_000, stored(), &["refresh r1"]),
            (LIFE_MS + 3_000, pair(2), &["save r2 after r1 for a2"]),
            (LIFE_MS + 3_000, stored(), &[]),
            (LIFE_MS + 3_000, Input::Woken, &[]),
        ],
    );
}

/// The request that was given up reaches Xero after the one that took its place, and makes a pair
/// nobody hears of. The one before it is taken for half an hour only.
#[test]
fn after_a_request_that_was_given_up_the_pair_is_renewed_once_more() {
    let gone = LIFE_MS + 30_000;
    let stray = i64::try_from(STRAY_MAX_MS).unwrap();
    play(
        &mut grant(),
        vec![
            (LIFE_MS, borrow(1), &["mark r1"]),
            (LIFE_MS, stored(), &["refresh r1"]),
            (gone, lost(), &["1 fails timed_out", "wake 1000"]),
            (gone + 1_000, Input::Woken, &["mark r1"]),
            (gone + 1_000, stored(), &["refresh r1"]),
            (gone + 1_000, pair(2), &["save unsure r2 after r1 for a2"]),
            (gone + 1_000, stored(), &["wake 269000"]),
            (gone + 1_000, borrow(2), &["2 gets a2"]),
            (LIFE_MS + stray, Input::Woken, &["save unsure r2 after r1 for a2"]),
            (LIFE_MS + stray, borrow(3), &["3 gets a2"]),
            (LIFE_MS + stray, stored(), &["refresh r2"]),
            (LIFE_MS + stray, dead(), &["refresh r1"]),
            (LIFE_MS + stray, pair(4), &["save r4 after r1 for a4"]),
            (LIFE_MS + stray, stored(), &[]),
            (LIFE_MS + stray * 2, Input::Woken, &[]),
        ],
    );
}

#[test]
fn what_the_process_before_left_unsure_is_asked_for_at_once_and_once_more() {
    let unsure = Durable {
        is_unsure: true,
        ..durable(Some("r0"))
    };
    play(
        &mut Grant::stored(at(0), unsure, KEEP_ALIVE_MS),
        vec![
            (0, Input::Woken, &["mark r1"]),
            (0, stored(), &["refresh r1"]),
            (0, pair(2), &["mark r2"]),
            (0, stored(), &["wake 300000"]),
            (300_000, Input::Woken, &["mark r2"]),
            (300_000, stored(), &["refresh r2"]),
            (300_000, pair(3), &["save r3 after r2 for a3"]),
            (300_000, stored(), &[]),
        ],
    );
}

#[test]
fn early_wakes_do_not_shorten_a_rest() {
    play(
        &mut grant(),
        vec![
            (LIFE_MS, borrow(1), &["mark r1"]),
            (LIFE_MS, stored(), &["refresh r1"]),
            (LIFE_MS, garbled(), &["1 fails garbled", "wake 1000"]),
            (LIFE_MS + 1_000, borrow(2), &["mark r1"]),
            (LIFE_MS + 1_000, stored(), &["refresh r1"]),
            (LIFE_MS + 1_000, garbled(), &["2 fails garbled", "wake 2000"]),
            // The wake of the first failure.
            (LIFE_MS + 1_000, Input::Woken, &["wake 2000"]),
            (LIFE_MS + 3_000, Input::Woken, &["mark r1"]),
            (LIFE_MS + 3_000, Input::Woken, &[]),
        ],
    );
}

#[test]
fn nothing_is_asked_for_while_the_store_takes_nothing() {
    play(
        &mut grant(),
        vec![
            (LIFE_MS, borrow(1), &["mark r1"]),
            (LIFE_MS, not_stored(), &["1 fails unavailable"]),
            (LIFE_MS + 999, borrow(2), &["2 fails unavailable"]),
            (LIFE_MS + 1_000, borrow(3), &["mark r1"]),
            (LIFE_MS + 1_000, stored(), &["refresh r1"]),
        ],
    );
}

#[test]
fn invalid_grant_tries_the_previous_token() {
    play(
        &mut grant(),
        vec![
            (LIFE_MS, borrow(1), &["mark r1"]),
            (LIFE_MS, stored(), &["refresh r1"]),
            (LIFE_MS, dead(), &["refresh r0"]),
            (LIFE_MS, borrow(2), &[]),
            (LIFE_MS, pair(2), &["save r2 after r0 for a2"]),
            (LIFE_MS, stored(), &["1 gets a2", "2 gets a2"]),
        ],
    );
}

#[test]
fn a_grant_is_dead_when_xero_has_refused_it_three_times() {
    let mut grant = grant();
    let near = LIFE_MS - 6_000;
    play(
        &mut grant,
        vec![
            (near, borrow(1), &["mark r1"]),
            (near, stored(), &["refresh r1"]),
            (near, dead(), &["refresh r0"]),
            // The old token lives a second longer than it has to.
            (near, dead(), &["1 gets a1", "wake 2000"]),
            (LIFE_MS, borrow(2), &[]),
            (LIFE_MS, Input::Woken, &["mark r1"]),
            (LIFE_MS, stored(), &["refresh r1"]),
            (LIFE_MS, dead(), &["refresh r0"]),
            (LIFE_MS, dead(), &["wake 6000"]),
            (LIFE_MS + 6_000, Input::Woken, &["mark r1"]),
            (LIFE_MS + 6_000, stored(), &["refresh r1"]),
            (LIFE_MS + 6_000, dead(), &["refresh r0"]),
            (LIFE_MS + 6_000, dead(), &["2 fails grant_rejected"]),
            (LIFE_MS + 6_000, borrow(3), &["3 fails grant_rejected"]),
            (LIFE_MS * 1_000, Input::Woken, &[]),
        ],
    );
    assert!(grant.is_dead());
}

#[test]
fn a_refusal_xero_takes_back_asks_nobody_to_reconnect() {
    play(
        &mut Grant::stored(at(0), durable(None), KEEP_ALIVE_MS),
        vec![
            (LIFE_MS, borrow(1), &["mark r1"]),
            (LIFE_MS, stored(), &["refresh r1"]),
            (LIFE_MS, dead(), &["wake 2000"]),
            (LIFE_MS + 2_000, Input::Woken, &["mark r1"]),
            (LIFE_MS + 2_000, stored(), &["refresh r1"]),
            (LIFE_MS + 2_000, pair(2), &["save r2 after r1 for a2"]),
            (LIFE_MS + 2_000, stored(), &["1 gets a2"]),
        ],
    );
}

#[test]
fn a_grant_that_never_worked_is_refused_at_once() {
    let (mut grant, _) = Grant::adopted(at(0), secret("given"), KEEP_ALIVE_MS);
    play(
        &mut grant,
        vec![
            (0, borrow(1), &[]),
            (0, stored(), &["mark given"]),
            (0, stored(), &["refresh given"]),
            (0, dead(), &["1 fails grant_rejected"]),
        ],
    );
    assert!(grant.is_dead() && !grant.has_worked());
}

#[test]
fn tokens_that_are_rejected_young_are_replaced_ever_more_slowly() {
    let mut grant = grant();
    let mut at_ms = LIFE_MS;
    for (n, rest_ms) in (2..).zip([0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
        at_ms += 1;
        grant.handle(at(at_ms), Input::Invalidate(secret(&format!("a{}", n - 1))));
        if rest_ms > 0 {
            play(
                &mut grant,
                vec![(at_ms + rest_ms - 1, borrow(1), &["1 fails unavailable"])],
            );
        }
        at_ms += rest_ms;
        grant.handle(at(at_ms), borrow(1));
        grant.handle(at(at_ms), stored());
        grant.handle(at(at_ms), pair(n));
        let acts = grant.handle(at(at_ms), stored());
        assert_eq!(told(&acts), [format!("1 gets a{n}")]);
    }
}

#[test]
fn a_last_refresh_in_the_future_counts_for_nothing() {
    let mut ahead = Grant::stored(
        at(0),
        Durable {
            refreshed_at: START.plus_ms(86_400_000),
            user: None,
            ..durable(None)
        },
        KEEP_ALIVE_MS,
    );
    let acts = ahead.handle(at(1), Input::Woken);
    assert!(
        matches!(&acts[..], [Act::Save(durable)] if durable.is_unsure),
        "{acts:?}"
    );
}

#[test]
fn a_failure_of_the_previous_token_starts_again_with_the_current() {
    play(
        &mut grant(),
        vec![
            (LIFE_MS, borrow(1), &["mark r1"]),
            (LIFE_MS, stored(), &["refresh r1"]),
            (LIFE_MS, dead(), &["refresh r0"]),
            (LIFE_MS, never_sent(), &["1 fails unavailable"]),
            (LIFE_MS + 1_000, borrow(2), &["mark r1"]),
            (LIFE_MS + 1_000, stored(), &["refresh r1"]),
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
            (0, borrow(2), &["mark r1"]),
            (0, stored(), &["refresh r1"]),
            (0, Input::Invalidate(secret("a1")), &[]),
            (0, pair(2), &["save r2 after r1 for a2"]),
            (0, stored(), &["2 gets a2"]),
            (0, Input::Invalidate(secret("a1")), &[]),
            (0, borrow(3), &["3 gets a2"]),
        ],
    );
}

#[test]
fn an_adopted_token_is_stored_before_it_is_used() {
    let (mut grant, acts) = Grant::adopted(at(0), secret("given"), KEEP_ALIVE_MS);
    assert_eq!(told(&acts), ["save given after - for -"]);
    assert!(grant.knows(&secret("given")));
    play(
        &mut grant,
        vec![
            (0, borrow(1), &[]),
            (0, stored(), &["mark given"]),
            (0, stored(), &["refresh given"]),
            (1, pair(2), &["save r2 after given for a2"]),
            (0, stored(), &["1 gets a2"]),
        ],
    );
    assert!(grant.knows(&secret("given")) && grant.knows(&secret("r2")) && !grant.knows(&secret("a2")));
    play(
        &mut grant,
        vec![
            (LIFE_MS, borrow(1), &["save unsure r2 after given for a2"]),
            (LIFE_MS, stored(), &["refresh r2"]),
            (LIFE_MS, pair(3), &["save r3 after r2 for a3"]),
            (LIFE_MS, stored(), &["1 gets a3"]),
        ],
    );
    assert!(
        grant.knows(&secret("given")),
        "whoever repeats the import means this one"
    );
    let (mut unsaved, _) = Grant::adopted(at(0), secret("given"), KEEP_ALIVE_MS);
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
            (KEEP_ALIVE_MS, Input::Woken, &["mark r1"]),
            (KEEP_ALIVE_MS, stored(), &["refresh r1"]),
            (KEEP_ALIVE_MS, Input::Woken, &[]),
            (KEEP_ALIVE_MS, never_sent(), &[]),
            (KEEP_ALIVE_MS, Input::Woken, &[]),
            (KEEP_ALIVE_MS + 1_000, Input::Woken, &["mark r1"]),
            (KEEP_ALIVE_MS + 1_000, stored(), &["refresh r1"]),
        ],
    );
}

#[test]
fn short_lives_do_not_refresh_at_every_loan() {
    for life_s in [0_u64, 1, 30, 60] {
        let mut grant = grant();
        grant.handle(at(LIFE_MS), borrow(1));
        grant.handle(at(LIFE_MS), stored());
        let short = NewPair {
            access: secret("a2"),
            refresh: secret("r2"),
            expires_in_s: life_s,
            user: None,
        };
        grant.handle(at(LIFE_MS), Input::Refreshed(Ok(short)));
        let acts = grant.handle(at(LIFE_MS), stored());
        assert_eq!(told(&acts), ["1 gets a2"], "{life_s}");
        let acts = grant.handle(at(LIFE_MS), borrow(2));
        let wanted = if life_s == 0 {
            "save unsure r2 after r1 for a2"
        } else {
            "2 gets a2"
        };
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
            (0, stored(), &[]),
            (0, Input::Saved(Err("x".into())), &[]),
            (0, borrow(1), &["1 gets a1"]),
        ],
    );
}

#[test]
fn no_secret_is_printed() {
    let mut grant = grant();
    let acts = grant.handle(at(LIFE_MS), borrow(1));
    let shown = format!("{grant:?} {acts:?}");
    for token in ["r0", "r1", "a1"] {
        assert!(!shown.contains(&format!("\"{token}\"")), "{shown}");
    }
}
