//! Stories that lead to the rules of webhooks and of what re-syncs may do.

use super::knobs::{HookEnding, HookKnobs};
use crate::directed::{KNOBS, put, story};
use crate::story::{Act, Deed, Knobs, Story};

const HOUR_MS: u64 = 3_600_000;

const fn knobs(hooks: HookKnobs) -> Knobs {
    Knobs {
        pulls: true,
        hooks,
        ..KNOBS
    }
}

fn four(seed: u64, hooks: HookKnobs, then: impl IntoIterator<Item = Act>) -> Story {
    let acts = [Act::PutAll(4), Act::Run(120_000)].into_iter().chain(then);
    story(seed, knobs(hooks), acts.collect(), [])
}

const fn ends(ending: HookEnding) -> HookKnobs {
    HookKnobs {
        ending,
        ..HookKnobs::WELL
    }
}

/// Nothing goes wrong: what they tell is here soon, also after a lost number and a crash.
pub fn well(seed: u64) -> Story {
    four(seed, ends(HookEnding::Heard), [])
}

/// Every one comes twice, and strangers send as many.
pub fn forged(seed: u64) -> Story {
    let hooks = HookKnobs {
        doubled: 100,
        forged: 100,
        ..HookKnobs::WELL
    };
    let deeds = (0..12).flat_map(|nth| [Act::InXero(nth % 4, Deed::Edit(nth)), Act::Run(9_000)]);
    four(seed, hooks, deeds)
}

/// They stop, and much later one comes again.
pub fn stops(seed: u64) -> Story {
    four(seed, ends(HookEnding::Silent), [])
}

/// A document is read again while Xero's lists do not show it.
pub fn refreshed(seed: u64) -> Story {
    let base = knobs(HookKnobs::WELL);
    let knobs = Knobs {
        lag_ms: 60_000,
        pulls: true,
        ..base
    };
    let acts = vec![
        put(0, 10),
        Act::Run(5_000),
        Act::Refresh(0),
        Act::Run(5_000),
        Act::Refresh(0),
        Act::Run(300_000),
    ];
    story(seed, knobs, acts, [])
}

/// A person looks at a variance, and the document changes otherwise.
pub fn acknowledged(seed: u64) -> Story {
    four(
        seed,
        HookKnobs::WELL,
        [
            Act::InXero(0, Deed::Edit(1)),
            Act::Run(400_000),
            Act::Acknowledge(0),
            Act::InXero(0, Deed::Pay),
            Act::Run(900_000),
            Act::Refresh(0),
            Act::Run(60_000),
        ],
    )
}

/// Two nights pass, with crashes and a clock that goes wrong around the hour of the check.
pub fn nights(seed: u64) -> Story {
    let night = |nth: u32| {
        [
            Act::Run(HOUR_MS),
            Act::CrashIn(2 + nth, 600_000),
            Act::Run(HOUR_MS / 2),
            Act::Jump(-600_000),
            Act::Run(HOUR_MS),
            Act::Jump(0),
            Act::CrashIn(nth, 60_000),
            Act::Run(HOUR_MS),
            Act::Jump(-86_400_000),
            Act::Run(HOUR_MS),
            Act::Jump(0),
            Act::Run(HOUR_MS),
        ]
    };
    let acts = [Act::Run(13 * HOUR_MS)].into_iter().chain(night(0));
    let acts = acts.chain([Act::Run(16 * HOUR_MS)]).chain(night(1));
    four(seed, HookKnobs::WELL, acts)
}
