//! Plays seeds and tells how many, and what a failing one did.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::num::NonZero;
use std::ops::Range;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::fault::Fault;
use super::grid::{self, Grid};
use super::rare;
use super::shrink::{kind_of, played, shrunk};
use super::story::Story;

/// Seeds of a plain run.
const SEEDS: u64 = if cfg!(debug_assertions) { 300 } else { 2_000 };
/// From so many seeds on, nearly every cell of the grid must have been met.
const SEEDS_OF_A_FULL_GRID: u64 = 20_000;
/// Of a hundred cells that can be met, so many are.
const GRID_PERCENT: usize = 99;
/// Last events of a failing seed that are printed.
const SCRIPT_LINES: usize = 90;
/// Plays spent on making a failing story shorter.
const SHRINK_PLAYS: u32 = 400;
/// Failing seeds that are shown in full.
const SHOWN: usize = 3;

#[test]
fn whatever_happens_no_promise_is_broken_and_everything_settles() {
    let (from, count) = match number("PROOF_SEED") {
        Some(seed) => (seed, 1),
        None => (
            number("PROOF_FROM").unwrap_or(1),
            number("PROOF_SEEDS").unwrap_or(SEEDS),
        ),
    };
    // What breaks is told at the end, in full.
    std::panic::set_hook(Box::new(|_| {}));
    let mut run = many(from..from + count);
    run.failed.sort();
    for (seed, broken) in run.failed.iter().take(SHOWN) {
        show(&Story::of(*seed), broken);
    }
    let failed: Vec<u64> = run.failed.iter().map(|(seed, _)| *seed).collect();
    let (mut grid, steps) = (run.grid, run.steps);
    if count >= SEEDS_OF_A_FULL_GRID {
        for (_, played) in rare::play_all() {
            grid.join(played.simulation.grid);
        }
    }
    drop(std::panic::take_hook());
    tell(count, steps, &grid);
    assert!(failed.is_empty(), "seeds that failed: {failed:?}");
    assert!(grid.surprises().is_empty(), "unreachable: {:?}", grid.surprises());
    if count >= SEEDS {
        let missed: Vec<Fault> = Fault::ALL
            .into_iter()
            .filter(|fault| grid.hits_of(*fault) == 0)
            .collect();
        assert!(missed.is_empty(), "no seed met {missed:?}");
    }
    if count >= SEEDS_OF_A_FULL_GRID {
        let (hits, all) = (grid.hits(), grid::reachable().count());
        assert!(hits * 100 >= all * GRID_PERCENT, "{hits} of {all} cells were met");
    }
}

/// What became of many seeds.
#[derive(Default)]
struct Run {
    grid: Grid,
    steps: u64,
    /// Those that failed, and what they broke.
    failed: Vec<(u64, String)>,
}

/// Plays the seeds, each by itself, on all the cores there are.
fn many(seeds: Range<u64>) -> Run {
    let next = AtomicU64::new(seeds.start);
    let play = || {
        let mut run = Run::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return run;
            }
            let played = played(&Story::of(seed));
            run.steps += played.simulation.steps;
            run.failed.extend(played.broken.map(|broken| (seed, broken)));
            run.grid.join(played.simulation.grid);
        }
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        let runs: Vec<_> = (0..cores).map(|_| scope.spawn(play)).collect();
        let mut all = Run::default();
        for run in runs {
            let run = run.join().expect("a broken promise is no panic here");
            all.steps += run.steps;
            all.failed.extend(run.failed);
            all.grid.join(run.grid);
        }
        all
    })
}

fn tell(count: u64, steps: u64, grid: &Grid) {
    println!(
        "{count} seeds, {steps} steps; of {} cells of work x fault x connection {} can be met, {} were",
        grid::all().count(),
        grid::reachable().count(),
        grid.hits()
    );
    let missed = grid.missed();
    for (work, fault, access) in missed.iter().take(40) {
        println!("  not met: {work:?} {fault:?} {access:?}");
    }
    if missed.len() > 40 {
        println!("  and {} more", missed.len() - 40);
    }
}

/// A failing story, made short: what happened, and how to keep it.
fn show(story: &Story, broken: &str) {
    let kind = kind_of(broken);
    let short = shrunk(story, &kind, SHRINK_PLAYS);
    let again = played(&short);
    let script = &again.simulation.script;
    let shown = script.len().saturating_sub(SCRIPT_LINES);
    println!("seed {} failed: {broken}", story.seed);
    println!("made short ({} of {} acts):", short.acts.len(), story.acts.len());
    println!("{}", script[shown..].join("\n"));
    println!("{}", again.broken.unwrap_or_default());
    println!("kept as a regression, it is a file in tests/proof/regressions with");
    println!("{}\n", serde_json::to_string(&short).expect("a story has a form"));
}

/// Plays the story in the file that `PROOF_STORY` names, and prints all that happens in it.
#[test]
fn one_story_from_a_file() {
    let Ok(file) = std::env::var("PROOF_STORY") else {
        println!("PROOF_STORY names no file");
        return;
    };
    let text = fs::read_to_string(file).expect("a file");
    let story: Story = serde_json::from_str(&text).expect("a story");
    let played = played(&story);
    println!("{}", played.simulation.script.join("\n"));
    assert_eq!(played.broken, None);
}

/// Stories that once broke a promise.
#[test]
fn what_once_failed_holds() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/proof/regressions");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let text = fs::read_to_string(&file).expect("a file");
        let story: Story = serde_json::from_str(&text).expect("a story");
        let broken = played(&story).broken;
        assert_eq!(broken, None, "{}", file.display());
    }
}

/// The same seed is the same run, to the last byte.
#[test]
fn a_seed_played_twice_is_the_same_run() {
    for seed in 1..=20 {
        let story = Story::of(seed);
        let (first, second) = (fingerprint(&story), fingerprint(&story));
        assert_eq!(first, second, "seed {seed}");
    }
}

fn fingerprint(story: &Story) -> u64 {
    let simulation = played(story).simulation;
    let mut hasher = DefaultHasher::new();
    simulation.script.hash(&mut hasher);
    simulation.steps.hash(&mut hasher);
    let rows: Vec<String> = simulation
        .promises
        .invoices
        .values()
        .map(|row| format!("{row:?}"))
        .collect();
    rows.hash(&mut hasher);
    hasher.finish()
}

pub(crate) fn number<N: FromStr>(name: &str) -> Option<N> {
    std::env::var(name).ok()?.parse().ok()
}
