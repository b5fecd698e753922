//! What is done now and then: old events and kept answers go, and figures are taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::actors::control::Refused;
use crate::actors::lane::fresh_generation;
use crate::actors::ports::Ports;
use crate::model::write::Write;
use crate::observe::labels::Badge;
use crate::observe::metrics::Metrics;
use crate::store::rows::batch;
use crate::store::{Batch, Lane, StoreError, Urgency};

/// How often the disk is looked at.
const ROUND: Duration = Duration::from_secs(5);
/// Every so many rounds invoices are counted: as often as Prometheus usually asks.
const FIGURES_ROUNDS: u32 = 3;
/// Every so many rounds what is old is dropped.
const SWEEP_ROUNDS: u32 = 12;
/// How long an answer is kept for a repeated request.
const RECEIPT_KEEP_MS: i64 = 86_400_000;
/// Most rows dropped in one commit.
const SWEEP_ROWS: usize = 1_000;
/// Most commits of one sweep; the rest waits for the next.
const SWEEP_COMMITS: usize = 100;

/// What it goes by.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How long events are kept.
    pub keep_events: Duration,
    /// How long the record of changes is kept.
    pub keep_audit: Duration,
    /// Free space below which the store takes no new work.
    pub reserve_bytes: u64,
}

/// A thread of its own: it reads the store.
pub struct Upkeep {
    keep_events_ms: Arc<AtomicU64>,
    keep_audit_ms: Arc<AtomicU64>,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Upkeep {
    /// Starts it.
    #[must_use]
    pub fn start(ports: Arc<Ports>, metrics: Metrics, settings: Settings) -> Self {
        let mut upkeep = Self {
            keep_events_ms: Arc::default(),
            keep_audit_ms: Arc::default(),
            stopping: Arc::default(),
            thread: None,
        };
        upkeep.keep_events(settings.keep_events);
        upkeep.keep_audit(settings.keep_audit);
        let rounds = Rounds {
            ports,
            metrics,
            reserve_bytes: settings.reserve_bytes,
            keep_events_ms: Arc::clone(&upkeep.keep_events_ms),
            keep_audit_ms: Arc::clone(&upkeep.keep_audit_ms),
            stopping: Arc::clone(&upkeep.stopping),
        };
        match std::thread::Builder::new()
            .name("upkeep".to_owned())
            .spawn(move || rounds.run())
        {
            Ok(thread) => upkeep.thread = Some(thread),
            Err(error) => {
                tracing::error!(%error, "the upkeep thread did not start: old events stay, figures stand still");
            }
        }
        upkeep
    }

    /// How long events are kept from now on.
    pub fn keep_events(&self, keep: Duration) {
        let keep_ms = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX);
        self.keep_events_ms.store(keep_ms, Ordering::Relaxed);
    }

    /// How long the record of changes is kept from now on.
    pub fn keep_audit(&self, keep: Duration) {
        let keep_ms = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX);
        self.keep_audit_ms.store(keep_ms, Ordering::Relaxed);
    }

    /// Ends it and waits for its present step, so that nothing reads the store afterwards. Blocks.
    pub fn stop(self) {
        self.stopping.store(true, Ordering::Relaxed);
        let Some(thread) = self.thread else { return };
        thread.thread().unpark();
        if thread.join().is_err() {
            tracing::error!("the upkeep thread panicked");
        }
    }
}

struct Rounds {
    ports: Arc<Ports>,
    metrics: Metrics,
    reserve_bytes: u64,
    keep_events_ms: Arc<AtomicU64>,
    keep_audit_ms: Arc<AtomicU64>,
    stopping: Arc<AtomicBool>,
}

impl Rounds {
    fn run(&self) {
        let mut round = 0_u32;
        while !self.is_stopping() {
            self.watch_the_disk();
            if round.is_multiple_of(FIGURES_ROUNDS) {
                self.count_invoices();
            }
            if round.is_multiple_of(SWEEP_ROUNDS) {
                self.sweep();
            }
            round = round.wrapping_add(1);
            std::thread::park_timeout(ROUND);
        }
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Closes the intake before a tenant has to find out, and opens it again.
    fn watch_the_disk(&self) {
        let stats = self.ports.reader.stats();
        self.metrics
            .set_store_bytes(stats.journal_bytes.saturating_add(stats.state_bytes), stats.free_bytes);
        match stats.refusing {
            None => self.ports.intake.open(),
            Some(why) if stats.free_bytes < self.reserve_bytes => {
                self.ports
                    .intake
                    .close(&Refused::DiskReserve(why), self.ports.clock.now().mono);
            }
            // The storage thread opens the store again by itself.
            Some(_) => {}
        }
    }

    fn count_invoices(&self) {
        let (mut synced, mut pending, mut failed) = (0_u64, 0_u64, 0_u64);
        for tenant in self.ports.registry.tenants() {
            if self.is_stopping() {
                return;
            }
            match self.ports.reader.counts(tenant) {
                Ok(counts) => {
                    synced = synced.saturating_add(counts.synced);
                    pending = pending.saturating_add(counts.pending);
                    failed = failed.saturating_add(counts.failed);
                }
                Err(error) => {
                    tracing::error!(%tenant, %error, "the counts could not be read");
                    return;
                }
            }
        }
        self.metrics.set_invoices(Badge::Synced, synced);
        self.metrics.set_invoices(Badge::Pending, pending);
        self.metrics.set_invoices(Badge::Failed, failed);
    }

    /// Drops what is too old, a commit at a time, until nothing is left.
    fn sweep(&self) {
        for _commit in 0..SWEEP_COMMITS {
            let keep_ms = i64::try_from(self.keep_events_ms.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
            let is_more = self.sweep_events(keep_ms) | self.sweep_receipts() | self.sweep_audit();
            if !is_more || self.is_stopping() {
                return;
            }
        }
    }

    /// Whether there may be more.
    fn sweep_events(&self, keep_ms: i64) -> bool {
        let before = self.ports.clock.now().wall.plus_ms(keep_ms.saturating_neg());
        match self.ports.reader.events_sweep(before, SWEEP_ROWS) {
            Ok(None) => false,
            Ok(Some(batch)) => self.commit(batch),
            Err(error) => {
                tracing::error!(%error, "old events could not be read");
                false
            }
        }
    }

    /// Whether there may be more.
    fn sweep_audit(&self) -> bool {
        let keep_ms = i64::try_from(self.keep_audit_ms.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        let before = self.ports.clock.now().wall.plus_ms(keep_ms.saturating_neg());
        let mut is_more = false;
        for tenant in self.ports.registry.tenants() {
            if self.is_stopping() {
                return false;
            }
            match self.ports.reader.audit_sweep(tenant, before, SWEEP_ROWS) {
                Ok(None) => {}
                Ok(Some(batch)) => is_more |= self.commit(batch),
                Err(error) => tracing::error!(%tenant, %error, "old entries of the record could not be read"),
            }
        }
        is_more
    }

    /// Whether there may be more.
    fn sweep_receipts(&self) -> bool {
        let before = self.ports.clock.now().wall.plus_ms(-RECEIPT_KEEP_MS);
        let keys = match self.ports.reader.receipts_older_than(before, SWEEP_ROWS) {
            Ok(keys) => keys,
            Err(error) => {
                tracing::error!(%error, "old answers could not be read");
                return false;
            }
        };
        if keys.is_empty() {
            return false;
        }
        let writes: Vec<Write> = keys.into_iter().map(Write::DropReceipt).collect();
        match batch(&writes, Urgency::Result) {
            Ok(batch) => self.commit(batch),
            Err(error) => {
                tracing::error!(%error, "old answers could not be dropped");
                false
            }
        }
    }

    /// Whether it is durable.
    fn commit(&self, batch: Batch) -> bool {
        let lane = Lane {
            id: *b"upkeep\0\0\0\0\0\0\0\0\0\0",
            generation: fresh_generation(),
        };
        let (done, waiting) = std::sync::mpsc::sync_channel(1);
        let tell = move |result: Result<_, StoreError>| {
            // This thread waits for it, unless it is being stopped.
            let _gone = done.try_send(result.map(|_| ()));
        };
        let result = match self.ports.writer.submit(lane, batch, tell) {
            // The storage thread answers everything it takes; dropping the sender answers too.
            Ok(()) => waiting.recv().unwrap_or(Err(StoreError::Closed)),
            Err(error) => Err(error),
        };
        match result {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "a sweep was not stored; it is made again");
                false
            }
        }
    }
}
