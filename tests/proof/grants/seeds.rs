//! Plays seeds and tells how many, and what a failing one did.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use actix::System;

use super::fault::{Fault, Grid, Phase};
use super::judge::End;
use super::life::{Ending, live};
use super::rows::Shelf;
use super::stage::{Inner, Stage, Tale};
use crate::seeds::number;

/// Seeds of the tale of what must be survived.
const THREE_SEEDS: u64 = if cfg!(debug_assertions) { 40 } else { 1_000 };
/// Seeds of the tale of everything.
const SEEDS: u64 = if cfg!(debug_assertions) { 15 } else { 1_000 };
/// Seeds on a disk, of each tale.
const DISK_SEEDS: u64 = if cfg!(debug_assertions) { 2 } else { 30 };
/// So many seeds of everything must have met everything.
const SEEDS_OF_ALL: u64 = 1_000;
/// Last events of a failing seed that are printed.
const SCRIPT_LINES: usize = 70;

struct Played {
    violations: Vec<String>,
    script: Vec<String>,
    grid: Grid,
    refreshes: u64,
    late_rejections: u64,
    lives: u64,
    ends: Vec<Option<End>>,
    span_ms: u64,
}

/// All seeds of a tale.
#[derive(Default)]
struct Sum {
    grid: Grid,
    failed: Vec<u64>,
    refreshes: u64,
    late_rejections: u64,
    lives: u64,
    hours: u64,
    ends: BTreeMap<Option<End>, u64>,
}

#[test]
fn two_organisations_of_one_grant_survive_races_lost_answers_and_crashes() {
    let (count, sum) = play_all(Tale::Three, THREE_SEEDS, Shelf::in_memory);
    let between: u64 = [Fault::Crash, Fault::Reboot]
        .into_iter()
        .flat_map(|fault| [(fault, Phase::Answering), (fault, Phase::Saving)])
        .map(|(fault, phase)| sum.grid.at(fault, phase))
        .sum();
    assert!(between >= count, "{between} crashes between refresh and save");
    assert!(sum.ends.is_empty(), "{:?}", sum.ends);
}

#[test]
fn organisations_of_one_grant_keep_it_or_are_all_told_whatever_goes_wrong() {
    let (count, sum) = play_all(Tale::Everything, SEEDS, Shelf::in_memory);
    if count >= SEEDS_OF_ALL {
        let is_missed = |fault: &Fault| sum.grid.of(*fault) == 0;
        let missed: Vec<Fault> = Fault::ALL.into_iter().filter(is_missed).collect();
        assert!(missed.is_empty(), "no seed met {missed:?}");
        assert!(sum.late_rejections > 0, "no rejection came after a newer token");
    }
}

#[test]
fn grants_on_a_disk_survive_the_same() {
    for tale in [Tale::Three, Tale::Everything] {
        play_all(tale, DISK_SEEDS, Shelf::on_disk);
    }
}

fn play_all(tale: Tale, usual: u64, shelf: fn() -> Shelf) -> (u64, Sum) {
    let (from, count) = match number("GRANT_SEED") {
        Some(seed) => (seed, 1),
        None => (
            number("GRANT_FROM").unwrap_or(1),
            number("GRANT_SEEDS").unwrap_or(usual),
        ),
    };
    let mut sum = Sum::default();
    for seed in from..from + count {
        let played = play(tale, seed, shelf());
        if !played.violations.is_empty() {
            played.tell(seed);
        }
        sum.add(seed, played);
    }
    sum.tell(tale, count);
    assert!(
        sum.failed.is_empty(),
        "{} seeds failed: {:?}",
        sum.failed.len(),
        sum.failed
    );
    (count, sum)
}

impl Played {
    fn tell(&self, seed: u64) {
        let shown = self.script.len().saturating_sub(SCRIPT_LINES);
        let last = self.script.get(shown..).unwrap_or_default();
        println!("seed {seed} failed; its last events:\n{}", last.join("\n"));
        println!("  {}", self.violations.join("\n  "));
        println!("again: GRANT_SEED={seed} cargo test --test proof grants -- --nocapture\n");
    }
}

impl Sum {
    fn add(&mut self, seed: u64, played: Played) {
        self.grid.join(&played.grid);
        self.refreshes += played.refreshes;
        self.late_rejections += played.late_rejections;
        self.lives += played.lives;
        self.hours += played.span_ms / 3_600_000;
        for end in played.ends {
            *self.ends.entry(end).or_default() += 1;
        }
        if !played.violations.is_empty() {
            self.failed.push(seed);
        }
    }

    fn tell(&self, tale: Tale, count: u64) {
        println!(
            "{tale:?}: {count} seeds, {} processes, {} hours, {} refreshes, {} rejections after a newer token, ends of a \
             consent: {:?}; {} cells of fault x phase",
            self.lives,
            self.hours,
            self.refreshes,
            self.late_rejections,
            self.ends,
            self.grid.cells()
        );
        println!("{}", self.grid.lines().join("\n"));
    }
}

/// What a seed of everything finds, if anything.
#[cfg(feature = "mutations")]
pub fn violation(seed: u64) -> Option<String> {
    play(Tale::Everything, seed, Shelf::in_memory())
        .violations
        .into_iter()
        .next()
}

fn play(tale: Tale, seed: u64, shelf: Shelf) -> Played {
    let stage = Arc::new(Stage::new(tale, seed, shelf));
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer({
            let log = log.clone();
            move || log.clone()
        })
        .finish();
    let mut lives = 0;
    tracing::subscriber::with_default(subscriber, || {
        loop {
            lives += 1;
            let system = System::with_tokio_rt(|| {
                let mut runtime = tokio::runtime::Builder::new_current_thread();
                runtime.enable_time().start_paused(true).build().unwrap()
            });
            if system.block_on(live(Arc::clone(&stage))) == Ending::Done {
                break;
            }
            drop(system);
            stage.with(Inner::between_lives);
        }
    });
    stage.with(|stage| {
        stage.hear(String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned());
        stage.search_for_secrets();
        stage.judge.explain_losses();
        stage.judge.count_requests();
        if tale == Tale::Three && (stage.judge.lost || !stage.ends.is_empty()) {
            stage.judge.fail(52, "a consent ended");
        }
        Played {
            violations: std::mem::take(&mut stage.judge.violations),
            script: std::mem::take(&mut stage.script),
            grid: std::mem::take(&mut stage.grid),
            refreshes: stage.refreshes,
            late_rejections: stage.late_rejections,
            lives,
            ends: std::mem::take(&mut stage.ends),
            span_ms: stage.at(),
        }
    })
}

/// What the program logs.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
