//! Plays seeds and tells how many, and what a failing one did.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;

use super::fault::Fault;
use super::grid::Grid;
use super::play::play;
use super::simulation::Simulation;

/// Seeds of a plain run.
const SEEDS: u64 = if cfg!(debug_assertions) { 300 } else { 2_000 };
/// Last events of a failing seed that are printed.
const SCRIPT_LINES: usize = 90;

#[test]
fn whatever_happens_no_promise_is_broken_and_everything_settles() {
    let (from, count) = match number("PROOF_SEED") {
        Some(seed) => (seed, 1),
        None => (
            number("PROOF_FROM").unwrap_or(1),
            number("PROOF_SEEDS").unwrap_or(SEEDS),
        ),
    };
    let mut grid = Grid::default();
    let (mut steps, mut failed) = (0, Vec::new());
    for seed in from..from + count {
        let mut simulation = Simulation::new(seed);
        let played = catch_unwind(AssertUnwindSafe(|| play(&mut simulation)));
        steps += simulation.steps;
        if played.is_err() {
            failed.push(seed);
            let script = &simulation.script;
            let shown = script.len().saturating_sub(SCRIPT_LINES);
            println!("seed {} failed; its last events:", simulation.seed());
            println!("{}\n", script[shown..].join("\n"));
        }
        grid.join(simulation.grid);
    }
    println!(
        "{count} seeds, {steps} steps, {} of {} cells of work x fault x connection",
        grid.hits(),
        Grid::cells()
    );
    for fault in Fault::ALL {
        println!("  {fault:?}: {} cells", grid.hits_of(fault));
    }
    assert!(failed.is_empty(), "seeds that failed: {failed:?}");
    if count >= SEEDS {
        let missed: Vec<Fault> = Fault::ALL
            .into_iter()
            .filter(|fault| grid.hits_of(*fault) == 0)
            .collect();
        assert!(missed.is_empty(), "no seed met {missed:?}");
    }
}

fn number<N: FromStr>(name: &str) -> Option<N> {
    std::env::var(name).ok()?.parse().ok()
}
