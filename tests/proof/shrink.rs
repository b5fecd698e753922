//! A story that fails is made as short as it can be and still fail in the same way.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::play::play;
use super::simulation::Simulation;
use super::story::{Faults, Story};

/// What became of a story.
pub struct Played {
    pub simulation: Simulation,
    /// The first words of the promise that broke.
    pub broken: Option<String>,
}

/// Plays a story; a broken promise is a value.
pub fn played(story: &Story) -> Played {
    let mut simulation = Simulation::new(story);
    let result = catch_unwind(AssertUnwindSafe(|| play(&mut simulation, story)));
    let broken = result.err().map(|thrown| {
        let words = thrown.downcast_ref::<String>().cloned();
        words
            .or_else(|| thrown.downcast_ref::<&str>().map(|words| (*words).to_owned()))
            .unwrap_or_default()
    });
    Played { simulation, broken }
}

/// The same failure: the promise's number, or else its first words.
pub fn kind_of(broken: &str) -> String {
    // What `assert_eq!` puts before our words.
    let words = broken.split_once("failed: ").map_or(broken, |(_, words)| words);
    let end = words.find(':').unwrap_or_else(|| words.len().min(24));
    words.get(..end).unwrap_or(words).to_owned()
}

/// The shortest story found that breaks the same promise, after at most so many plays.
pub fn shrunk(story: &Story, kind: &str, most_plays: u32) -> Story {
    let mut shrinker = Shrinker {
        kind,
        plays_left: most_plays,
    };
    let mut best = story.clone();
    if let Faults::Drawn(_) = best.faults {
        let struck = played(&best).simulation.struck;
        let planned = Story {
            faults: Faults::Planned(struck),
            ..best.clone()
        };
        if shrinker.fails(&planned) {
            best = planned;
        }
    }
    loop {
        let before = best.clone();
        best = shrinker.without_acts(best);
        best = shrinker.without_faults(best);
        if best == before || shrinker.plays_left == 0 {
            return best;
        }
    }
}

struct Shrinker<'a> {
    kind: &'a str,
    plays_left: u32,
}

impl Shrinker<'_> {
    fn fails(&mut self, story: &Story) -> bool {
        if self.plays_left == 0 {
            return false;
        }
        self.plays_left -= 1;
        played(story).broken.is_some_and(|broken| kind_of(&broken) == self.kind)
    }

    /// Leaves out runs of acts, long ones first.
    fn without_acts(&mut self, mut best: Story) -> Story {
        let mut span = best.acts.len().div_ceil(2).max(1);
        loop {
            let mut from = 0;
            while from < best.acts.len() {
                let mut shorter = best.clone();
                shorter.acts.drain(from..(from + span).min(shorter.acts.len()));
                if self.fails(&shorter) {
                    best = shorter;
                } else {
                    from += span;
                }
            }
            if span == 1 {
                return best;
            }
            span = span.div_ceil(2).min(span - 1).max(1);
        }
    }

    fn without_faults(&mut self, mut best: Story) -> Story {
        let Faults::Planned(plan) = best.faults.clone() else {
            return best;
        };
        let calls = plan.calls.keys().map(|nth| (0, *nth));
        let commits = plan.commits.keys().map(|nth| (1, *nth));
        let listings = plan.listings.keys().map(|nth| (2, *nth));
        for (kind, nth) in calls.chain(commits).chain(listings) {
            let mut fewer = best.clone();
            if let Faults::Planned(plan) = &mut fewer.faults {
                let map = match kind {
                    0 => &mut plan.calls,
                    1 => &mut plan.commits,
                    _ => &mut plan.listings,
                };
                map.remove(&nth);
            }
            if self.fails(&fewer) {
                best = fewer;
            }
        }
        best
    }
}
