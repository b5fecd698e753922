//! The real program is killed at moments drawn by lot, started again, and nothing is lost or doubled.
//!
//! ```text
//! cargo test --test it kills                                   a few kills
//! KILLS=2000 KILL_SEED=7 cargo test --release --test it kills::whenever -- --nocapture
//! cargo test --release --test it kills::clocks -- --include-ignored      seven minutes of real time
//! ```
//!
//! Two runs of one seed do the same things at nearly the same moments: real processes do not repeat
//! exactly. A run that fails keeps its data folder and the log of every process, and says where.

mod clocks;
mod follower;
mod host;
mod judge;
mod nemesis;
mod run;
mod stage;

use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use crate::support::{Sandbox, look_for};
use run::Run;

/// Kills from which on a run is a big one: more organisations, so that Xero's minute holds enough
/// calls, and faults that may take minutes to settle.
const BIG: usize = 50;
/// A line of progress after so many kills.
const PROGRESS: usize = 250;
/// Organisations of a small and of a big run.
const TENANTS: [usize; 2] = [4, 12];

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(default, |text| {
        text.parse().unwrap_or_else(|_| panic!("{name} is not a number"))
    })
}

#[test]
fn whenever_it_is_killed_nothing_is_lost_or_doubled() {
    let kills = usize::try_from(number("KILLS", 6)).unwrap();
    let seed = number("KILL_SEED", 1);
    eprintln!("again: KILLS={kills} KILL_SEED={seed} cargo test --release --test it kills");
    let mut sandbox = Sandbox::start();
    while sandbox.tenants.len() < TENANTS[usize::from(kills >= BIG)] {
        let name = format!("Organisation {}", sandbox.tenants.len());
        sandbox.found(&name);
    }
    let mut run = Run::new(sandbox, seed, kills >= BIG);
    run.begin();
    run.stage.kill();
    while run.nemesis.kills() < kills && run.goes_on() {
        run.nemesis.round(&mut run.stage);
        if run.nemesis.kills().is_multiple_of(PROGRESS) {
            eprintln!("{} kills", run.nemesis.kills());
        }
    }
    run.stage.sandbox.heal();
    run.stage.launch();
    run.stage.open();
    run.end();
}

#[test]
fn xero_is_killed_and_comes_back_and_nothing_is_lost_or_doubled() {
    let folder = TempDir::new().unwrap();
    let history = folder.path().join("history").display().to_string();
    let sandbox = Sandbox::start_with(&["--history", &history]);
    let mut run = Run::new(sandbox, number("KILL_SEED", 1), false);
    run.begin();
    let delay = json!({
        "match": {"method": "PUT", "path": "/api.xro/2.0/*"}, "fault": "delay", "ms": 100, "times": null,
    });
    run.stage.sandbox.fault(&delay);
    for _ in 0..3 {
        run.nemesis.await_write(&run.stage, 60);
        run.stage.sandbox.kill();
        let before = run.accepted();
        let is_taken = look_for(Duration::from_secs(5), || (run.accepted() > before + 1).then_some(()));
        assert!(is_taken.is_some(), "hosts are served while Xero is away");
        run.stage.sandbox.start_again(&history);
    }
    run.stage.sandbox.heal();
    run.end();
}
