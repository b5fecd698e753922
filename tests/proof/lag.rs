//! Lists that lag behind what was written: a document of ours may be there and not be shown.

use super::directed::ALL;
use super::shrink::played;
use super::story::{Knobs, Story};

/// Less than the time between the two look-ups that prove an absence, which is the most that
/// lists may lag: a bill whose call failed after the work is else made twice.
const LAG_MS: u64 = 120_000;
/// Seeds of each in a plain run.
const SEEDS: u64 = if cfg!(debug_assertions) { 20 } else { 200 };

fn lagging(story: Story, lag_ms: u64) -> Story {
    let knobs = Knobs { lag_ms, ..story.knobs };
    Story { knobs, ..story }
}

#[test]
fn stories_that_go_where_a_rule_matters_break_no_promise_while_lists_lag() {
    for (name, tell) in ALL {
        let broken = played(&lagging(tell(1), LAG_MS)).broken;
        assert_eq!(broken, None, "{name}");
    }
}

#[test]
fn no_promise_is_broken_while_lists_lag() {
    for seed in 1..=SEEDS {
        let broken = played(&lagging(Story::of(seed), LAG_MS)).broken;
        assert_eq!(broken, None, "seed {seed}");
    }
}

/// `PROOF_LAGS_MS=60000,300000` tells for each lag which of the stories break, and how.
#[test]
fn how_long_lists_may_lag() {
    let Ok(lags) = std::env::var("PROOF_LAGS_MS") else {
        println!("PROOF_LAGS_MS names no lags");
        return;
    };
    std::panic::set_hook(Box::new(|_| {}));
    for lag_ms in lags.split(',').map(|lag| lag.parse::<u64>().expect("milliseconds")) {
        let directed = ALL.iter().map(|(name, tell)| ((*name).to_owned(), tell(1)));
        let drawn = (1..=SEEDS).map(|seed| (format!("seed {seed}"), Story::of(seed)));
        let mut broken = Vec::new();
        for (name, story) in directed.chain(drawn) {
            if let Some(words) = played(&lagging(story, lag_ms)).broken {
                broken.push(format!("  {name}: {}", words.chars().take(160).collect::<String>()));
            }
        }
        println!("a lag of {lag_ms} ms: {} stories break", broken.len());
        println!("{}", broken.join("\n"));
    }
    drop(std::panic::take_hook());
}
