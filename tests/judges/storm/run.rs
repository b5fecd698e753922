//! The storm: `STORM=1000000` requests, or a few thousand; `STORM_SEED` plays one gust again.

use super::gust::{REQUESTS, Tally, blow, shown, shrunk};

/// How many requests without `STORM`.
const USUAL: usize = 4_000;

fn number(name: &str) -> Option<usize> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number")))
}

fn play(seed: u64, requests_count: usize) -> Tally {
    match blow(seed, requests_count) {
        Ok(tally) => tally,
        Err(damage) => {
            let damage = shrunk(seed, damage);
            let steps: Vec<String> = damage.steps.iter().map(|step| shown(&step.request)).collect();
            panic!(
                "STORM_SEED={seed}\n{}\nafter {} requests:\n{}",
                damage.said.join("\n"),
                steps.len(),
                steps.join("\n")
            );
        }
    }
}

#[test]
fn bad_requests_of_every_kind_get_an_answer_of_xeros_kind() {
    if let Some(seed) = number("STORM_SEED") {
        play(u64::try_from(seed).unwrap(), REQUESTS);
        return;
    }
    let count = number("STORM").unwrap_or(USUAL);
    let mut sum = Tally::default();
    for seed in 0..count.div_ceil(REQUESTS) {
        let tally = play(u64::try_from(seed).unwrap(), REQUESTS);
        sum.done += tally.done;
        sum.refused += tally.refused;
        sum.not_found += tally.not_found;
        sum.shut_out += tally.shut_out;
        sum.limited += tally.limited;
        sum.injected += tally.injected;
    }
    println!("{count} requests: {sum:?}");
    assert!(
        sum.done * 10 > count,
        "too few were carried out to mean anything: {sum:?}"
    );
    assert!(sum.refused * 20 > count, "too few were read and refused: {sum:?}");
}
