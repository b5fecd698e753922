//! A run: hosts that write, a reader of the feed, a nemesis, and the judgement in the end.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::json;

use super::follower::{Told, follow};
use super::host::{Host, Pace, Work};
use super::judge::{self, Count, Ledgers};
use super::nemesis::Nemesis;
use super::stage::Stage;
use crate::support::{Api, Sandbox, now, until};

/// An unknown change is looked at again 180 s after it was sent last; what follows takes its place in
/// Xero's minute.
const SETTLES_WITHIN_S: u64 = 400;
/// Most memory of a daemon of a few organisations, in KiB.
const RESIDENT_MAX_KIB: u64 = 512 << 10;
/// Most files it has open.
const FILES_MAX: usize = 256;
/// Most bytes of the data folder: what it takes whatever is in it, and what each accepted write
/// adds with its events and its entries in the record of changes.
const DISK_MAX_BYTES: u64 = 128 << 20;
const DISK_A_WRITE_BYTES: u64 = 8 << 10;

/// A run.
pub struct Run {
    /// The world.
    pub stage: Stage,
    /// Who ends daemons.
    pub nemesis: Nemesis,
    tenants: Vec<String>,
    ledgers: Ledgers,
    work: Work,
    told: Arc<Mutex<Told>>,
    hands: Vec<JoinHandle<()>>,
    began: Instant,
    seed: u64,
}

impl Run {
    /// A daemon that is connected to all organisations of the sandbox.
    pub fn new(sandbox: Sandbox, seed: u64, is_big: bool) -> Self {
        let mut stage = Stage::new(sandbox, |config| {
            config
                .set("store.snapshot_after_bytes", "256 KiB")
                .set_raw("sync.batch_max", "20")
        });
        stage.launch();
        let api = stage.open();
        let body = json!({"refresh_token": stage.sandbox.refresh_token, "tenant_ids": null});
        let listed = api.post("/v1/connect:import", &body).ok(200);
        let started = listed["data"].as_array().unwrap();
        let ours = |theirs: &String| {
            let found = started.iter().find(|tenant| tenant["xero_tenant_id"] == **theirs);
            found.unwrap()["id"].as_str().unwrap().to_owned()
        };
        let tenants: Vec<String> = stage.sandbox.tenants.iter().map(ours).collect();
        let work = Work::default();
        Self {
            nemesis: Nemesis::new(StdRng::seed_from_u64(seed), &work, is_big),
            stage,
            ledgers: tenants.iter().map(|tenant| (tenant.clone(), Arc::default())).collect(),
            tenants,
            work,
            told: Arc::default(),
            hands: Vec::new(),
            began: now(),
            seed,
        }
    }

    /// Puts the hosts and the reader of the feed to work.
    pub fn begin(&mut self) {
        let pace = Pace {
            pause_ms: 20 * u64::try_from(self.tenants.len()).unwrap(),
            open_max: if self.nemesis.is_big { 60 } else { 12 },
        };
        for (nth, tenant) in (1..).zip(&self.tenants) {
            let seed = self.seed.wrapping_mul(1_000).wrapping_add(nth);
            let (address, ledger) = (&self.stage.address, &self.ledgers[tenant]);
            let host = Host::new(tenant, address, ledger, &self.work, (seed, pace));
            self.hands.push(thread::spawn(move || host.run()));
        }
        let (address, work) = (self.stage.address.clone(), self.work.clone());
        let (ledgers, told) = (self.ledgers.clone(), Arc::clone(&self.told));
        self.hands
            .push(thread::spawn(move || follow(&address, &work, &ledgers, &told)));
        self.began = now();
    }

    /// Whether nobody has found anything wrong yet.
    pub fn goes_on(&self) -> bool {
        !self.hands.iter().any(JoinHandle::is_finished)
    }

    /// Writes that hosts were told are accepted.
    pub fn accepted(&self) -> usize {
        self.ledgers
            .values()
            .map(|ledger| ledger.lock().unwrap().accepted)
            .sum()
    }

    /// Faults have stopped and a daemon runs: hosts end, everything settles and is judged.
    pub fn end(mut self) {
        let killing = self.began.elapsed();
        self.work.over.store(true, Ordering::Relaxed);
        for hand in self.hands.drain(..) {
            if let Err(panic) = hand.join() {
                std::panic::resume_unwind(panic);
            }
        }
        let api = self.stage.address.get().unwrap();
        self.settle(&api);
        let settling = self.began.elapsed() - killing;
        let mut told = Told::default();
        std::mem::swap(&mut told, &mut self.told.lock().unwrap());
        while told.read(&api, 0, |_| {}) == Some(true) {}
        judge::assert_at_rest(&api, &self.ledgers);
        judge::assert_same_feed(&api, &told);
        let mut count = Count::default();
        for (ours, theirs) in self.tenants.iter().zip(&self.stage.sandbox.tenants) {
            let ledger = self.ledgers[ours].lock().unwrap();
            judge::judge(&self.stage, &api, (ours, theirs), &ledger, &told, &mut count);
        }
        self.report((killing, settling), &count, told.events.len());
        self.stage.kill();
    }

    fn settle(&self, api: &Api) {
        until(SETTLES_WITHIN_S, "everything to be settled", || {
            let is_settled = |tenant: &String| {
                let shown = api.get(&format!("/v1/tenants/{tenant}")).ok(200);
                let queue = &shown["queue"];
                let open = [
                    &shown["counts"]["pending"],
                    &queue["queued"],
                    &queue["unknown"],
                    &queue["in_flight"],
                ];
                open.iter().all(|count| **count == 0)
            };
            self.tenants.iter().all(is_settled).then_some(())
        });
    }

    /// Tells what was measured, and fails for what is out of its bounds.
    fn report(&mut self, (killing, settling): (Duration, Duration), count: &Count, events: usize) {
        let (explained, violations) = judge::violations(&self.stage, &self.nemesis.killed_at);
        let (kib, files) = self.stage.sample();
        let (disk_files, disk_bytes) = self.stage.disk();
        self.stage.measured.starts.sort_unstable();
        let measured = &self.stage.measured;
        let starts = &measured.starts;
        let Nemesis { hits, .. } = &self.nemesis;
        let hits: BTreeMap<String, &usize> = hits.iter().map(|(phase, hits)| (format!("{phase:?}"), hits)).collect();
        eprintln!(
            "{} kills in {killing:.1?} and {settling:.1?} to settle; by what they hit: {hits:?}\n\
             {} documents in Xero for {} accepted writes ({} unanswered, {} sync now), {events} events: 0 lost, 0 doubled\n\
             {} starts: p50 {:.0?}, longest {:.0?}; {} built the index anew, {} cut a torn record\n\
             memory {} MiB now, {} at most; open files {files} now, {} at most; data folder {disk_files} files, {} KiB\n\
             calls: {:?}; violations explained by a kill: {explained}",
            self.nemesis.kills(),
            count.in_xero,
            count.accepted,
            count.unanswered,
            count.resyncs,
            starts.len(),
            starts[starts.len() / 2],
            starts[starts.len() - 1],
            measured.rebuilt,
            measured.cut,
            kib / 1_024,
            measured.resident_kib / 1_024,
            measured.files,
            disk_bytes / 1_024,
            judge::calls(&self.stage),
        );
        assert!(violations.is_empty(), "15: no kill explains this: {violations:#?}");
        assert!(count.red.is_empty(), "33: red in the end: {:#?}", count.red);
        assert!(
            measured.resident_kib < RESIDENT_MAX_KIB,
            "30: {} KiB",
            measured.resident_kib
        );
        assert!(measured.files < FILES_MAX, "30: {} files are open", measured.files);
        let writes = u64::try_from(count.accepted).expect("a count");
        let disk_max_bytes = DISK_MAX_BYTES + writes * DISK_A_WRITE_BYTES;
        assert!(disk_bytes < disk_max_bytes, "30: {disk_bytes} bytes in the data folder");
    }
}
