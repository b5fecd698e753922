//! All runs, by several threads; what failed is named.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::mode::Mode;
use super::outcome::Outcome;
use super::run::{Baseline, LONG_OUTAGE_MS, OUTAGE_MS, Run, baseline, second_faults, single_faults};
use super::scenario::{self, Scenario};
use super::stage::Stage;

/// Threads of the runs: what they say while a run fails is kept for the end.
const THREADS: &str = "nth";
/// Failed runs that are named.
const NAMED: usize = 40;
/// Of a debug build's runs, every so manieth is played.
const EVERY: usize = 60;
/// The same for the first and for the second fault of two.
const EVERY_FIRST: usize = 60;
const EVERY_SECOND: usize = 40;

/// How much is played.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Share {
    /// Every mode, but not at every point.
    Sample,
    /// Every single fault, and two where the first is a crash.
    All,
    /// Any two faults of any scenario, every so manieth second one after each first.
    Deep(usize),
    /// Runs whose names begin so, told aloud.
    Only(String),
}

/// A run, or all runs with this first fault.
struct Job<'a> {
    scenario: &'a Scenario,
    expected: &'a Outcome,
    first: (usize, Mode),
    outage_ms: u64,
    /// Whether a second fault follows: of all later ones every so manieth, from this one on.
    seconds: Option<(usize, usize)>,
}

/// What came of the runs.
#[derive(Default)]
struct Tally {
    runs: usize,
    failed: Vec<(String, String)>,
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "how long the runs take is told, and decides nothing"
)]
fn whichever_effect_fails_in_whatever_way_the_end_is_the_same() {
    let began = Instant::now();
    let share = Share::wanted();
    let baselines: Vec<(&Scenario, Baseline)> = scenario::ALL
        .iter()
        .map(|scenario| (scenario, baseline(scenario)))
        .collect();
    let jobs = share.jobs(&baselines);
    let singles = jobs.iter().filter(|job| job.seconds.is_none()).count();
    let tally = play_all(&jobs, &share);
    for (scenario, baseline) in &baselines {
        println!("{:>4} effect points: {}", baseline.passed.len(), scenario.name);
    }
    println!(
        "{} scenarios, {} effect points, {singles} runs with one fault, {} with two, {:.1} s",
        baselines.len(),
        baselines
            .iter()
            .map(|(_, baseline)| baseline.passed.len())
            .sum::<usize>(),
        tally.runs - singles,
        began.elapsed().as_secs_f64()
    );
    for (name, why) in tally.failed.iter().take(NAMED) {
        println!("NTH_CASE='{name}'\n    {why}");
    }
    assert!(
        tally.failed.is_empty(),
        "{} of {} runs failed",
        tally.failed.len(),
        tally.runs
    );
}

impl Share {
    fn wanted() -> Self {
        if let Ok(name) = std::env::var("NTH_CASE") {
            return Self::Only(name);
        }
        match std::env::var("NTH").as_deref() {
            Ok("all") => Self::All,
            Ok(text) => match text.strip_prefix("deep:").and_then(|every| every.parse().ok()) {
                Some(every) => Self::Deep(every),
                None => panic!("NTH is all or deep:<every>, not {text}"),
            },
            Err(_) => Self::Sample,
        }
    }

    fn jobs<'a>(&self, baselines: &'a [(&'a Scenario, Baseline)]) -> Vec<Job<'a>> {
        let singles = || {
            baselines.iter().flat_map(|(scenario, baseline)| {
                single_faults(baseline).map(move |first| Job {
                    scenario,
                    expected: &baseline.outcome,
                    first,
                    outage_ms: OUTAGE_MS,
                    seconds: None,
                })
            })
        };
        let creates = || baselines.iter().filter(|(scenario, _)| scenario.is_one_create);
        let days = creates().flat_map(|(scenario, baseline)| {
            lasting(baseline).map(move |first| Job {
                scenario,
                expected: &baseline.outcome,
                first,
                outage_ms: LONG_OUTAGE_MS,
                seconds: None,
            })
        });
        // Not the same ones after each first fault.
        let second = |every: usize| {
            move |(nth, job): (usize, Job<'a>)| Job {
                seconds: Some((every, nth * 13 % every)),
                ..job
            }
        };
        let crashed = |job: &Job<'_>| job.scenario.is_one_create && job.first.1.is_crash();
        match self {
            Self::Sample => {
                let pairs = singles().filter(crashed).step_by(EVERY_FIRST).enumerate();
                sampled(singles()).chain(pairs.map(second(EVERY_SECOND))).collect()
            }
            Self::All => {
                let pairs = singles().filter(crashed).enumerate().map(second(1));
                singles().chain(days).chain(pairs).collect()
            }
            Self::Deep(every) => {
                // An outage passes thousands of points that are all alike.
                let firsts = singles().filter(|job| !matches!(job.first.1, Mode::Outage(_)));
                firsts.enumerate().map(second(*every)).collect()
            }
            Self::Only(name) => {
                let all = singles().chain(days).chain(singles().enumerate().map(second(1)));
                all.filter(|job| job.is_called(name)).collect()
            }
        }
    }
}

/// Every so manieth run of each scenario, in such a way that each mode has its turn.
fn sampled<'a>(jobs: impl Iterator<Item = Job<'a>>) -> impl Iterator<Item = Job<'a>> {
    let mut seen: Vec<(&str, usize)> = Vec::new();
    let mut modes: Vec<(Mode, usize)> = Vec::new();
    jobs.filter(move |job| {
        let in_scenario = nth_of(&mut seen, job.scenario.name);
        let of_mode = nth_of(&mut modes, job.first.1);
        in_scenario % EVERY == of_mode % EVERY || of_mode == 0
    })
}

fn nth_of<K: PartialEq>(counts: &mut Vec<(K, usize)>, key: K) -> usize {
    match counts.iter_mut().find(|(known, _)| *known == key) {
        Some((_, count)) => {
            *count += 1;
            *count
        }
        None => {
            counts.push((key, 0));
            0
        }
    }
}

/// The first point at which each outage can begin: these last for more than a day.
fn lasting(baseline: &Baseline) -> impl Iterator<Item = (usize, Mode)> {
    let mut seen = Vec::new();
    single_faults(baseline).filter(move |(_, mode)| {
        let is_first = matches!(mode, Mode::Outage(_)) && !seen.contains(mode);
        if is_first {
            seen.push(*mode);
        }
        is_first
    })
}

fn play_all(jobs: &[Job<'_>], share: &Share) -> Tally {
    be_quiet();
    let next = AtomicUsize::new(0);
    let tally = Mutex::new(Tally::default());
    let work = || {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let ours = job.play(share);
            let mut tally = tally.lock().unwrap();
            tally.runs += ours.runs;
            tally.failed.extend(ours.failed);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let thread = std::thread::Builder::new().name(THREADS.to_owned());
            thread.spawn_scoped(scope, work).unwrap();
        }
    });
    tally.into_inner().unwrap()
}

/// A run that fails is told of at the end, not when it panics.
fn be_quiet() {
    let others = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() != Some(THREADS) {
            others(panic);
        }
    }));
}

impl Job<'_> {
    fn play(&self, share: &Share) -> Tally {
        let mut tally = Tally::default();
        let Some((every, from)) = self.seconds else {
            self.run(vec![self.first], share, &mut tally);
            return tally;
        };
        let seconds = catch_unwind(|| second_faults(self.scenario, self.first));
        for second in seconds.unwrap_or_default().into_iter().skip(from).step_by(every) {
            self.run(vec![self.first, second], share, &mut tally);
        }
        tally
    }

    fn run(&self, faults: Vec<(usize, Mode)>, share: &Share, tally: &mut Tally) {
        let name = name(self.scenario, &faults);
        let is_aloud = match share {
            Share::Only(wanted) if !name.starts_with(wanted.as_str()) => return,
            Share::Only(_) => true,
            Share::Sample | Share::All | Share::Deep(_) => false,
        };
        tally.runs += 1;
        let run = Run {
            scenario: self.scenario,
            faults: &faults,
            outage_ms: self.outage_ms,
        };
        let mut stage = Stage::new(!is_aloud);
        let played = catch_unwind(AssertUnwindSafe(|| run.play(&mut stage, self.expected)));
        if is_aloud {
            println!("{name}\n{}", stage.simulation.script.join("\n"));
        }
        if let Err(panic) = played {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            tally.failed.push((name, text.unwrap_or_default()));
        }
    }

    /// Whether a run of this name may be among these.
    fn is_called(&self, name_wanted: &str) -> bool {
        let ours = name(self.scenario, &[self.first]);
        match self.seconds {
            None => ours.starts_with(name_wanted),
            Some(_) => name_wanted.starts_with(&format!("{ours}, ")),
        }
    }
}

fn name(scenario: &Scenario, faults: &[(usize, Mode)]) -> String {
    let faults: Vec<String> = faults
        .iter()
        .map(|(index, mode)| format!("#{index} {mode:?}"))
        .collect();
    format!("{}: {}", scenario.name, faults.join(", "))
}
