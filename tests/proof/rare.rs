//! Stories that bring together what chance seldom does: each kind of fault strikes while the outcome
//! of a bill is unknown, or its request is under way, and the connection is not whole.

use super::directed::{FIRST, about_bill, put};
use super::fault::Fault;
use super::shrink::{Played, played};
use super::story::{Act, Faults, Knobs, Plan, Story, Turn};

/// Commits around the moment at which the connection is gone: the first of them, and how many.
const COMMITS: (u64, u64) = (10, 30);

/// All of them.
pub fn stories() -> impl Iterator<Item = (String, Story)> {
    let of_calls = Fault::ALL.into_iter().filter(|fault| fault.is_of_a_call());
    let of_commits = Fault::ALL.into_iter().filter(|fault| fault.is_of_a_commit());
    let calls = of_calls.flat_map(|fault| {
        [
            (format!("{fault:?} at a look-up"), look_up(fault)),
            (format!("{fault:?} beside a slow request"), beside(fault)),
        ]
    });
    let commits = of_commits.flat_map(|fault| {
        [
            (format!("{fault:?} without a grant"), without(Turn::GrantDead, fault)),
            (
                format!("{fault:?} when disconnected"),
                without(Turn::Disconnected, fault),
            ),
        ]
    });
    let unlisted = ("not listed any more".to_owned(), unlisted());
    calls.chain(commits).chain([unlisted])
}

const WAIT: Act = Act::Run(400_000);

/// Credits are used up: an unknown outcome can only be looked up, and that fails once.
fn look_up(fault: Fault) -> Story {
    let then = vec![
        Act::Run(300),
        Act::Connection(Turn::CreditsUsedUp),
        WAIT,
        Act::Connection(Turn::ToppedUp),
        WAIT,
    ];
    about_bill(1, then, [(FIRST, Fault::DroppedBefore), (FIRST + 1, fault)])
}

/// A request is long under way, credits are used up, and the reading of another document fails.
fn beside(fault: Fault) -> Story {
    let then = vec![
        Act::Run(300),
        Act::Connection(Turn::CreditsUsedUp),
        Act::SyncNow(0),
        WAIT,
        Act::Connection(Turn::ToppedUp),
        WAIT,
    ];
    about_bill(1, then, [(FIRST, Fault::TooLate), (FIRST + 1, fault)])
}

/// The connection ends while an outcome is unknown, and the disk makes trouble.
fn without(turn: Turn, fault: Fault) -> Story {
    let mut then = vec![Act::Run(300), Act::Connection(turn)];
    then.extend((2..6).flat_map(|which| [put(which, 30), Act::Run(1_000)]));
    then.extend([Act::Connection(Turn::Reconnected), WAIT]);
    let mut told = about_bill(1, then, [(FIRST, Fault::DroppedBefore)]);
    let (first, count) = COMMITS;
    if let Faults::Planned(plan) = &mut told.faults {
        plan.commits = (first..first + count).step_by(3).map(|nth| (nth, fault)).collect();
    }
    Story {
        knobs: Knobs {
            documents: 6,
            ..told.knobs
        },
        ..told
    }
}

/// Back again with an unknown outcome, every call is refused, and Xero does not list us.
fn unlisted() -> Story {
    let then = vec![
        Act::Run(300),
        Act::Connection(Turn::GrantDead),
        Act::Connection(Turn::Reconnected),
        WAIT,
    ];
    let forbidden = (FIRST + 1..FIRST + 6).map(|nth| (nth, Fault::Forbidden));
    let faults = forbidden.chain([(FIRST, Fault::DroppedBefore)]);
    let mut told = about_bill(1, then, faults);
    if let Faults::Planned(Plan { listings, .. }) = &mut told.faults {
        listings.extend((1..4).map(|nth| (nth, Fault::Unlisted)));
    }
    told
}

/// Plays all of them.
pub fn play_all() -> impl Iterator<Item = (String, Played)> {
    stories().map(|(name, story)| (name, played(&story)))
}

#[test]
fn what_seldom_comes_together_breaks_no_promise() {
    for (name, played) in play_all() {
        assert_eq!(played.broken, None, "{name}");
    }
}
