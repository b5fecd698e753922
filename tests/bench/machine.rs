//! What the figures depend on: the machine, its disk, the version.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::clock;
use crate::figure::{megabytes, percentile, time};
use crate::place;

/// Appends that are timed.
const SYNCS: usize = 400;
/// Bytes of each, about a commit of one document.
const SYNC_BYTES: usize = 4_096;

/// What a run was made on, as rows of the page: name and value.
pub struct Machine(pub Vec<(&'static str, String)>);

impl Machine {
    /// Looks at it now.
    pub fn look() -> Self {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let fsync = fdatasync_cost(&place::root());
        Self(vec![
            ("Date", utc_now()),
            ("Version", format!("{}, commit {}", env!("CARGO_PKG_VERSION"), commit())),
            ("Build", build().to_owned()),
            ("Cores", format!("{cores} of {}", processor())),
            ("Memory", megabytes(kib_of("/proc/meminfo", "MemTotal:"))),
            ("Kernel", first_line("/proc/sys/kernel/osrelease")),
            (
                "Disk",
                format!("{}, one write of 4 KiB made durable: {fsync}", file_system()),
            ),
            ("Load when it began", load_average()),
        ])
    }
}

/// What it costs to make one append durable in this folder.
pub fn fdatasync_cost(folder: &Path) -> String {
    let path = folder.join("fdatasync");
    let mut file = File::create(&path).unwrap();
    let mut took: Vec<Duration> = (0..SYNCS)
        .map(|_| {
            file.write_all(&[1; SYNC_BYTES]).unwrap();
            clock::timed(|| file.sync_data().unwrap()).1
        })
        .collect();
    fs::remove_file(&path).unwrap();
    format!(
        "{} (median), {} (p99)",
        time(percentile(&mut took, 50)),
        time(percentile(&mut took, 99))
    )
}

/// Load over the last minute, which tells how far others disturbed a run.
pub fn load_average() -> String {
    let text = first_line("/proc/loadavg");
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// Memory of a process that is resident now, in KiB.
pub fn resident_kib(pid: u32) -> u64 {
    kib_of(&format!("/proc/{pid}/status"), "VmRSS:")
}

/// The most it ever had, in KiB.
pub fn peak_kib(pid: u32) -> u64 {
    kib_of(&format!("/proc/{pid}/status"), "VmHWM:")
}

fn kib_of(path: &str, name: &str) -> u64 {
    let text = fs::read_to_string(path).unwrap();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn first_line(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split_once(": "))
        .map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.to_owned())
}

/// The type of the file system the data folders lie on.
fn file_system() -> String {
    let root = place::root().canonicalize().unwrap();
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    mounts
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ').skip(1);
            Some((words.next()?, words.next()?))
        })
        .filter(|(place, _)| root.starts_with(place))
        .max_by_key(|(place, _)| place.len())
        .map_or_else(|| "unknown".to_owned(), |(_, kind)| kind.to_owned())
}

fn utc_now() -> String {
    let now = chrono::DateTime::from_timestamp(clock::wall().as_secs().try_into().unwrap(), 0).unwrap();
    now.format("%Y-%m-%d %H:%M UTC").to_string()
}

const fn build() -> &'static str {
    if cfg!(debug_assertions) {
        "unoptimised: these figures mean nothing"
    } else {
        "release"
    }
}

fn commit() -> String {
    let git = |args: &[&str]| {
        let done = Command::new("git")
            .args(args)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output();
        let done = done.ok().filter(|done| done.status.success());
        done.map(|done| String::from_utf8_lossy(&done.stdout).trim().to_owned())
    };
    let Some(head) = git(&["rev-parse", "--short=10", "HEAD"]) else {
        return "unknown".to_owned();
    };
    let changed = git(&[
        "status",
        "--porcelain",
        "--",
        "src",
        "tests/bench",
        "Cargo.toml",
        "Cargo.lock",
    ]);
    match changed {
        Some(changed) if changed.is_empty() => head,
        _ => format!("{head} and changes that are not committed"),
    }
}
