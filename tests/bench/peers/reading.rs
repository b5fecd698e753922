//! 20,000 invoices, read by each program.

use std::fs;
use std::time::Duration;

use super::ours::{INVOICES, Ours, Read};
use super::outcome::{Outcome, median};
use super::programs::{Peer, missing, place};
use crate::figure::{count, megabytes, time};

/// Reads of each program; the one with the middle time counts.
const RUNS: usize = 3;
/// A program that takes longer is read by once.
const LONG: Duration = Duration::from_secs(40);

/// What is written, and whether the goals are met.
pub struct Reading {
    /// One row for each program.
    pub rows: Vec<Vec<String>>,
    /// Time and memory against the fastest of the others, in words; with whether each goal is met.
    pub goals: Vec<(String, String, bool)>,
}

/// Measures all of them.
pub fn measure(ours: &Ours) -> Reading {
    let documents = ours.sandbox.documents(&ours.sandbox.tenants[0]);
    let wanted = documents.into_iter().map(|document| document.invoice_id).collect();
    let mut rows = Vec::new();
    let mut fastest: Option<(String, Outcome)> = None;
    for peer in Peer::ALL {
        let title = peer.title();
        let read = match peer.absence() {
            Some(why) => Err(why),
            None => reads(peer, ours),
        };
        match read {
            Err(why) => rows.push(unmeasured(title, &why)),
            Ok((outcome, runs)) => {
                let lost = missing(&wanted, &outcome.ids);
                let row = vec![
                    title.clone(),
                    if runs == 1 {
                        format!("{} (once)", time(outcome.wall))
                    } else {
                        time(outcome.wall)
                    },
                    megabytes(outcome.peak_kib),
                    count_of(outcome.calls),
                    count_of(outcome.records),
                    count_of(outcome.ids.len()),
                    count_of(lost),
                ];
                println!("   {}", row.join(" | "));
                rows.push(row);
                if fastest.as_ref().is_none_or(|(_, best)| outcome.wall < best.wall) {
                    fastest = Some((title, outcome));
                }
            }
        }
    }
    let read = our_reads(ours);
    let row = vec![
        "Counterfoil: linked, compared, durable, told".to_owned(),
        format!("{} (ready after {})", time(read.wall), time(read.ready)),
        megabytes(read.peak_kib),
        count_of(read.calls),
        count_of(INVOICES),
        count_of(INVOICES),
        count_of(read.differing.len()),
    ];
    println!("   {}", row.join(" | "));
    rows.push(row);
    Reading {
        rows,
        goals: goals(&read, fastest),
    }
}

fn reads(peer: Peer, ours: &Ours) -> Result<(Outcome, usize), String> {
    let mut runs = Vec::new();
    while runs.len() < RUNS && runs.iter().all(|run: &Outcome| run.wall < LONG) {
        let folder = place().join("read");
        let _was_not_there = fs::remove_dir_all(&folder);
        runs.push(peer.read(&ours.sandbox, &folder)?);
    }
    let count = runs.len();
    Ok((median(runs), count))
}

fn our_reads(ours: &Ours) -> Read {
    let now = crate::clock::wall().as_secs() % 1_000;
    let mut runs: Vec<Read> = (0..RUNS)
        .map(|run| {
            // Another price than ever before.
            let read = ours.read(&format!("{}.{:02}", 100 + now, run + 1));
            println!(
                "   ours: {} ready {} peak {}",
                time(read.wall),
                time(read.ready),
                megabytes(read.peak_kib)
            );
            read
        })
        .collect();
    runs.sort_by_key(|run| run.wall);
    runs.swap_remove(RUNS / 2)
}

fn goals(read: &Read, fastest: Option<(String, Outcome)>) -> Vec<(String, String, bool)> {
    let Some((title, best)) = fastest else {
        return Vec::new();
    };
    let hundredths = |of: u128, to: u128| {
        let ratio = of * 100 / to.max(1);
        format!("{}.{:02} ×", ratio / 100, ratio % 100)
    };
    let wall = hundredths(read.wall.as_micros(), best.wall.as_micros());
    let memory = hundredths(read.peak_kib.into(), best.peak_kib.into());
    vec![
        (
            format!("time of the fastest other ({title})"),
            format!("{wall}, goal ≤ 0.33 ×"),
            read.wall * 3 <= best.wall,
        ),
        (
            "its peak memory".to_owned(),
            format!("{memory}, goal ≤ 1 ×"),
            read.peak_kib <= best.peak_kib,
        ),
        (
            "records lost".to_owned(),
            format!("{}, goal 0", read.differing.len()),
            read.differing.is_empty(),
        ),
    ]
}

/// A row for what could not be measured.
pub fn unmeasured(title: String, why: &str) -> Vec<String> {
    println!("   {title}: not measured: {why}");
    let first = why.lines().next().unwrap_or_default();
    let why: String = first.chars().filter(|c| *c != '|').take(160).collect();
    vec![title, format!("not measured: {why}")]
}

/// `20,000`
pub fn count_of(number: usize) -> String {
    count(number.try_into().unwrap())
}
