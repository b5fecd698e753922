//! People edit at random inside Xero, between and during the pages the daemon reads, and nothing is
//! lost.
//!
//! ```text
//! cargo test --test it edits                  a few hundred edits
//! EDITS=10000 EDIT_SEED=7 cargo test --release --test it edits::whatever -- --nocapture
//! ```
//!
//! The demo is used because its clocks can be moved: the daemon has the intervals that are shipped.

pub mod books;
mod people;
mod told;
pub mod town;

use serde_json::json;

use crate::support::until;
use books::{apart, assert_alike};
use town::Town;

/// Edits of a plain run.
const EDITS: u64 = 300;
/// Without any webhook a change is here after this, in seconds: the promise is five minutes.
const WITHIN_S: u64 = 300;

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(default, |text| {
        text.parse().unwrap_or_else(|_| panic!("{name} is not a number"))
    })
}

#[test]
fn whatever_people_edit_while_pages_are_read_nothing_is_lost() {
    let (edits, seed) = (number("EDITS", EDITS), number("EDIT_SEED", 1));
    eprintln!("again: EDITS={edits} EDIT_SEED={seed} cargo test --test it edits::whatever");
    let mut town = Town::new(seed);
    town.webhooks(&json!({ "lose": 0.3, "duplicate": 0.3, "reorder": true, "delay_ms": 200 }));
    town.edit(edits);
    // Pages this small use up Xero's minutes: after so many edits they are waited for too.
    town.live_through(3 * WITHIN_S);
    assert_alike(&town);
    // What a payment held back is compared by then.
    town.live_through(WITHIN_S + 60);
    books::assert_compared(&town);
    town.assert_no_drift();
    told::assert_told(&town);
    town.report();
    assert!(town.edits_between_pages() > 0, "no edit came between two pages");
    town.demo.sandbox.assert_no_violations();
}

#[test]
fn ux_47_with_no_webhook_at_all_each_payment_is_here_within_five_minutes() {
    let mut town = Town::new(number("EDIT_SEED", 2));
    town.webhooks(&json!({ "lose": 1.0 }));
    for _ in 0..3 {
        for _ in 0..8 {
            town.pays();
        }
        let pause_s = town.draw_below(WITHIN_S);
        town.live_through_well(pause_s);
    }
    town.live_through_well(WITHIN_S);
    assert_alike(&town);
    told::assert_payments_within(&town, WITHIN_S);
    town.demo.sandbox.assert_no_violations();
}

#[test]
fn ux_52_with_no_webhook_at_all_everything_is_here_by_the_next_half_past_two() {
    let mut town = Town::new(number("EDIT_SEED", 3));
    town.webhooks(&json!({ "lose": 1.0 }));
    town.edit(120);
    let nights = town.next_checks();
    let now = town.now_s();
    for (zone_says, at) in &nights {
        assert!(zone_says.as_str() <= "02:30", "the check runs at {zone_says}");
        assert!((0..=86_400).contains(&(at - now)), "{at} {now}");
    }
    let last = nights.iter().map(|(_, at)| *at).max().unwrap();
    town.pass(u64::try_from(last - now).unwrap() + 1);
    until(60, "the checks of the night", || town.checks_are_done().then_some(()));
    assert_eq!(apart(&town), Vec::<String>::new());
    // A payment that was read now holds the comparison back for five minutes.
    town.live_through(WITHIN_S + 60);
    books::assert_compared(&town);
    town.assert_no_drift();
    told::assert_told(&town);
    town.demo.sandbox.assert_no_violations();
}
