//! Nothing fails any more: what webhooks tell is here soon, also when the next number shows that one
//! was lost and when the process dies of one; and when none come any more, that is told.

use super::knobs::HookEnding;
use super::post::{Dies, PATIENCE_MS, Post};
use crate::ending::come_to_rest;
use crate::play::in_xero;
use crate::simulation::Simulation;
use crate::story::Deed;

/// What was announced is here by then.
const TOLD_MS: u64 = 75_000;
/// Until lost numbers may lead to a reading again.
const GAP_MS: u64 = 320_000;
/// The longest a scan takes to find what no webhook announced.
const SCAN_MS: u64 = 300_000;
/// A webhook that comes after the silence is here by then.
const AGAIN_MS: u64 = 5_000;

/// Judges what webhooks do once nothing fails.
pub fn webhooks_ring(simulation: &mut Simulation) {
    let knobs = simulation.knobs;
    let is_possible = knobs.hooks.sent && knobs.pulls && knobs.lag_ms == 0 && knobs.day >= 1_000;
    if !is_possible || knobs.hooks.ending == HookEnding::Unheard {
        return;
    }
    let paced_ms = u64::from(knobs.documents) * 2 * 60_000 / u64::from(knobs.minute);
    let at = simulation.clock.at;
    with(simulation, |post| {
        post.is_well = true;
        post.judge.calm_since = Some(at);
        post.judge.paced_ms = paced_ms;
    });
    // Well.
    deeds(simulation, 0);
    told(simulation, TOLD_MS + paced_ms);
    // One is lost, and the next one shows it.
    simulation.run_ms(GAP_MS);
    with(simulation, |post| post.lose_next = 1);
    one_deed(simulation);
    simulation.run_ms(1_000 + knobs.hooks.batch_ms);
    subscribes(simulation);
    told(simulation, TOLD_MS + paced_ms);
    // The process dies of one. Its next life waits for a `Retry-After` anew if the clock was set back.
    if simulation.clock.was_moved {
        return;
    }
    let seed = simulation.seed;
    with(simulation, |post| {
        post.dies_next = Some(if seed.is_multiple_of(2) {
            Dies::Unread
        } else {
            Dies::Rung
        });
    });
    one_deed(simulation);
    told(simulation, TOLD_MS + paced_ms);
    with(simulation, |post| post.dies_next = None);
    if knobs.hooks.ending == HookEnding::Silent {
        fall_silent(simulation);
    }
}

/// Documents change, and no webhook comes; then one does.
fn fall_silent(simulation: &mut Simulation) {
    with(simulation, |post| post.is_cut = true);
    simulation.run_ms(120_000);
    let before = newest(simulation);
    deeds(simulation, 3);
    simulation.run_ms(SCAN_MS + PATIENCE_MS + 10_000);
    let is_changed = newest(simulation) > before;
    // A clock that was wrong makes moments of the past lie ahead.
    if !is_changed || simulation.clock.was_moved {
        return;
    }
    let post = simulation.post.as_ref().expect("webhooks are sent");
    assert!(post.is_silent(), "57: no webhook comes, and nobody says so");
    with(simulation, |post| post.is_cut = false);
    let before = newest(simulation);
    deeds(simulation, 0);
    simulation.run_ms(AGAIN_MS + simulation.knobs.hooks.batch_ms);
    let post = simulation.post.as_ref().expect("webhooks are sent");
    let is_silent = post.is_silent() && newest(simulation) > before;
    assert!(!is_silent, "57: webhooks come again, and are called silent");
    told(simulation, TOLD_MS + post_paced(simulation));
}

/// Somebody subscribes to the app: an event with a number that is about none of our documents.
fn subscribes(simulation: &mut Simulation) {
    let now = simulation.clock.xero();
    let body = r#"{"scenario":"subscription.created"}"#;
    simulation.wire.control(now, "POST", "trigger", body);
}

fn post_paced(simulation: &Simulation) -> u64 {
    simulation.post.as_ref().map_or(0, |post| post.judge.paced_ms)
}

fn told(simulation: &mut Simulation, within_ms: u64) {
    simulation.run_ms(within_ms);
    come_to_rest(simulation);
    with(simulation, |post| post.judge.assert_nothing_announced());
}

fn with(simulation: &mut Simulation, act: impl FnOnce(&mut Post)) {
    if let Some(post) = simulation.post.as_mut() {
        act(post);
    }
}

fn deeds(simulation: &mut Simulation, nth: u32) {
    for which in 0..simulation.knobs.documents.min(5) {
        let deeds = [Deed::Edit(100 + which), Deed::Pay, Deed::Edit(200 + which), Deed::Unpay];
        let at = usize::try_from(nth + which).unwrap_or(0) % deeds.len();
        in_xero(simulation, which, deeds[at]);
    }
}

/// One change of one document, the first that Xero allows: one webhook announces it.
fn one_deed(simulation: &mut Simulation) {
    for which in 0..simulation.knobs.documents.min(5) {
        let deeds = [Deed::Pay, Deed::Unpay, Deed::Edit(300)];
        if deeds.into_iter().any(|deed| in_xero(simulation, which, deed)) {
            return;
        }
    }
}

/// When one of our documents last changed in Xero.
fn newest(simulation: &Simulation) -> i64 {
    let books = simulation.wire.world.books(simulation.wire.tenant).expect("the books");
    let linked = simulation
        .promises
        .invoices
        .values()
        .filter_map(|row| row.link.as_ref());
    let documents = linked.filter_map(|link| books.invoices().get(link.xero_id.0));
    documents.map(|found| found.updated_ms).max().unwrap_or(0)
}
