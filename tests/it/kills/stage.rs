//! One data folder, one sandbox that survives everything, and one daemon after the other.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::{Api, ConfigFile, Daemon, Process, Sandbox, look_for, now};

/// Why the third start in a row makes the index again: the two before it ended in the middle.
const STARTS_ENDED: &str = "the last starts ended while it was being opened";

/// A daemon is ready within this, however it ended before.
const READY_WITHIN: Duration = Duration::from_secs(5);

/// Where the daemon of the moment listens; nowhere while there is none.
#[derive(Debug, Clone, Default)]
pub struct Address(Arc<Mutex<Option<Api>>>);

impl Address {
    /// Where, if anywhere.
    pub fn get(&self) -> Option<Api> {
        self.0.lock().unwrap().clone()
    }

    fn set(&self, api: Option<Api>) {
        *self.0.lock().unwrap() = api;
    }
}

/// What was measured over all daemons.
#[derive(Debug, Default)]
pub struct Measured {
    /// From each start to `ready`.
    pub starts: Vec<Duration>,
    /// Most resident memory, in KiB.
    pub resident_kib: u64,
    /// Most open files.
    pub files: usize,
    /// Starts that built the index anew because it was incomplete.
    pub rebuilt: usize,
    /// Starts that cut a torn record off.
    pub cut: usize,
}

/// The world of a run.
pub struct Stage {
    /// Settings.
    pub config: ConfigFile,
    /// Xero.
    pub sandbox: Sandbox,
    /// Where hosts find the daemon.
    pub address: Address,
    /// The daemon.
    pub process: Option<Process>,
    /// Figures.
    pub measured: Measured,
    started: Instant,
    generation: u32,
    /// Starts in a row, up to the last one, that were killed before they were ready.
    cut_starts: u32,
    folder: TempDir,
}

impl Stage {
    pub fn new(sandbox: Sandbox, settings: impl FnOnce(ConfigFile) -> ConfigFile) -> Self {
        let folder = TempDir::new().unwrap();
        let config = settings(ConfigFile::new(folder.path(), &sandbox));
        config.write();
        fs::create_dir(folder.path().join("logs")).unwrap();
        Self {
            config,
            sandbox,
            address: Address::default(),
            process: None,
            measured: Measured::default(),
            started: now(),
            generation: 0,
            cut_starts: 0,
            folder,
        }
    }

    /// The folder of everything.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts a daemon and waits for nothing.
    pub fn launch(&mut self) {
        assert!(self.process.is_none(), "one daemon at a time");
        self.generation += 1;
        self.started = now();
        self.process = Some(Daemon::launch(&self.config, &[]));
    }

    /// Waits until the daemon that was launched is ready, and tells the hosts.
    #[track_caller]
    pub fn open(&mut self) -> Api {
        let process = self.process.as_mut().unwrap();
        let api = look_for(READY_WITHIN, || {
            assert!(process.is_running(), "it did not start: {:#?}", process.log.all());
            Daemon::ready(process, &self.config)
        });
        let api = api.unwrap_or_else(|| panic!("not ready within 5 s: {:#?}", process.log.all()));
        self.measured.starts.push(self.started.elapsed());
        self.address.set(Some(api.clone()));
        api
    }

    /// Hides the daemon from the hosts.
    pub fn withdraw(&self) {
        self.address.set(None);
    }

    /// Shows it to them again.
    pub fn publish(&self) {
        let process = self.process.as_ref().unwrap();
        self.address.set(Daemon::ready(process, &self.config));
    }

    /// Whether the daemon has said that it is ready.
    pub fn is_ready(&self) -> bool {
        let process = self.process.as_ref().unwrap();
        process.log.having(&["ready", "control="]).is_some()
    }

    /// Sends the daemon a signal.
    pub fn signal(&self, signal: Signal) {
        self.process.as_ref().unwrap().signal(signal);
    }

    /// `kill -9`; says whether the daemon was still there.
    pub fn kill(&mut self) -> bool {
        self.sample();
        let mut process = self.process.take().unwrap();
        let was_running = process.is_running();
        if was_running {
            process.kill();
        } else {
            let status = process.wait(1);
            assert_eq!(status.code(), Some(0), "it ended by itself: {:#?}", process.log.all());
        }
        self.address.set(None);
        self.keep_log(&process);
        self.check_log(&process);
        let was_ready = process.log.having(&["ready", "control="]).is_some();
        self.cut_starts = if was_ready { 0 } else { self.cut_starts + 1 };
        was_running
    }

    /// Memory and files of the daemon, now.
    pub fn sample(&mut self) -> (u64, usize) {
        let folder = format!("/proc/{}", self.process.as_ref().unwrap().pid());
        let status = fs::read_to_string(format!("{folder}/status")).unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = resident.and_then(|text| text.trim().trim_end_matches("kB").trim().parse().ok());
        let kib = kib.unwrap_or(0);
        let files = fs::read_dir(format!("{folder}/fd")).map_or(0, Iterator::count);
        self.measured.resident_kib = self.measured.resident_kib.max(kib);
        self.measured.files = self.measured.files.max(files);
        (kib, files)
    }

    fn keep_log(&self, process: &Process) {
        let path = self.folder().join(format!("logs/{:05}.log", self.generation));
        fs::write(path, process.log.all().join("\n") + "\n").unwrap();
    }

    /// Nothing is doubted, nothing panics, nothing is an error.
    fn check_log(&mut self, process: &Process) {
        let lines = process.log.all();
        let was_put_aside = lines.iter().any(|line| line.contains(STARTS_ENDED));
        assert!(
            !was_put_aside || self.cut_starts >= 2,
            "generation {}: only {} starts before it were killed",
            self.generation,
            self.cut_starts
        );
        for line in lines {
            let is_bad = [" ERROR ", "panicked at", "doubtful", "read-only", "parked", "digest"]
                .iter()
                .any(|word| line.contains(word) && !(was_put_aside && *word == "doubtful"));
            assert!(!is_bad, "generation {}: {line}", self.generation);
            if line.contains("the index was built again") {
                assert!(
                    was_put_aside || line.contains("was incomplete"),
                    "generation {}: {line}",
                    self.generation
                );
                self.measured.rebuilt += 1;
            }
            self.measured.cut += usize::from(line.contains("were cut off"));
        }
    }

    /// Files and bytes of the data folder.
    pub fn disk(&self) -> (usize, u64) {
        fn walk(folder: &Path) -> (usize, u64) {
            let entries = fs::read_dir(folder).unwrap().flatten();
            entries.fold((0, 0), |(files, bytes), entry| {
                let (more, length) = match entry.metadata() {
                    Ok(about) if about.is_dir() => walk(&entry.path()),
                    Ok(about) => (1, about.len()),
                    Err(_gone) => (0, 0),
                };
                (files + more, bytes + length)
            })
        }
        walk(&self.folder().join("data"))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if std::thread::panicking() {
            if let Some(process) = &self.process {
                self.keep_log(process);
            }
            self.folder.disable_cleanup(true);
            eprintln!("data and logs are kept in {}", self.folder().display());
        }
    }
}
