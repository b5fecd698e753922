//! The storm: `STORM=1000000` requests, or a few thousand; `STORM_SEED` plays one gust again.

use std::collections::BTreeMap;

use super::gust::{Damage, REQUESTS, blow, shown, shrunk};
use super::tally::Tally;

/// How many requests without `STORM`.
const USUAL: usize = 4_000;

fn number(name: &str) -> Option<usize> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number")))
}

/// Kinds of damage that one run tells of.
const KINDS: usize = 8;

/// Requests that are shown of one.
const SHOWN: usize = 6;

/// The fewest requests that lead to the damage, and what was said of it.
fn told(seed: u64, damage: Damage) -> String {
    let damage = shrunk(seed, damage);
    let last = damage.steps.len().saturating_sub(SHOWN);
    let steps: Vec<String> = damage.steps[last..].iter().map(|step| shown(&step.request)).collect();
    let said = damage.said.join("\n");
    format!(
        "STORM_SEED={seed}\n{said}\nafter {} requests:\n{}\n",
        steps.len(),
        steps.join("\n")
    )
}

/// What was said without the ids, numbers and places of the case.
fn kind_of(damage: &Damage) -> String {
    let words = damage.said.first().map(String::as_str).unwrap_or_default();
    words.chars().filter(|c| c.is_alphabetic()).take(60).collect()
}

#[test]
fn bad_requests_of_every_kind_get_an_answer_of_xeros_kind() {
    let count = number("STORM").unwrap_or(USUAL);
    let all = 0..u64::try_from(count.div_ceil(REQUESTS)).unwrap();
    let one = number("STORM_SEED").map(|seed| u64::try_from(seed).unwrap());
    let mut sum = Tally::default();
    let mut damages: BTreeMap<String, String> = BTreeMap::new();
    for seed in one.map_or(all, |seed| seed..seed + 1) {
        match blow(seed, REQUESTS) {
            Ok(tally) => sum.add(tally),
            Err(damage) => {
                let kind = kind_of(&damage);
                damages.entry(kind).or_insert_with(|| told(seed, damage));
            }
        }
        if damages.len() >= KINDS {
            break;
        }
    }
    let told: Vec<String> = damages.into_values().collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
    if one.is_some() {
        return;
    }
    println!("{count} requests: {sum:#?}");
    let lost = sum.lost();
    assert!(lost * 100 < count * 15, "{lost} of {count} led nowhere: {sum:?}");
    for (name, place, least) in [
        ("accounting", sum.accounting, 10),
        ("identity", sum.identity, 40),
        ("control", sum.control, 20),
    ] {
        assert!(
            place.done * least > count,
            "too few of {name} were carried out: {sum:?}"
        );
        assert!(
            place.refused * least * 2 > count,
            "too few of {name} were read and refused: {sum:?}"
        );
    }
    assert!(sum.delivered * 50 > count, "too few webhooks were sent: {sum:?}");
}
