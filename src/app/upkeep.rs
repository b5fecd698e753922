//! What is done now and then: old events and kept answers go, and figures are taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::actors::ports::Ports;
use crate::model::write::Write;
use crate::observe::labels::Badge;
use crate::observe::metrics::Metrics;
use crate::store::rows::batch;
use crate::store::{Lane, StoreError, Urgency};

/// How often figures are taken.
const FIGURES_EVERY: Duration = Duration::from_secs(5);
/// How many rounds of figures between two sweeps.
const SWEEP_ROUNDS: u32 = 12;
/// How long an answer is kept for a repeated request.
const RECEIPT_KEEP_MS: i64 = 86_400_000;
/// Most rows dropped in one commit.
const SWEEP_ROWS: usize = 1_000;

/// A thread of its own: it reads the store.
pub struct Upkeep {
    keep_events_ms: Arc<AtomicU64>,
    stopping: Arc<AtomicBool>,
}

impl Upkeep {
    /// Starts it.
    #[must_use]
    pub fn start(ports: Arc<Ports>, metrics: Metrics, keep_events: Duration) -> Self {
        let upkeep = Self { keep_events_ms: Arc::default(), stopping: Arc::default() };
        upkeep.keep_events(keep_events);
        let (keep, stopping) = (Arc::clone(&upkeep.keep_events_ms), Arc::clone(&upkeep.stopping));
        let spawned = std::thread::Builder::new().name("upkeep".to_owned()).spawn(move || {
            let mut round = 0_u32;
            while !stopping.load(Ordering::Relaxed) {
                take_figures(&ports, &metrics);
                if round.is_multiple_of(SWEEP_ROUNDS) {
                    sweep(&ports, i64::try_from(keep.load(Ordering::Relaxed)).unwrap_or(i64::MAX));
                }
                round = round.wrapping_add(1);
                std::thread::park_timeout(FIGURES_EVERY);
            }
        });
        if let Err(error) = spawned {
            tracing::error!(%error, "the upkeep thread did not start: old events stay, figures stand still");
        }
        upkeep
    }

    /// How long events are kept from now on.
    pub fn keep_events(&self, keep: Duration) {
        let keep_ms = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX);
        self.keep_events_ms.store(keep_ms, Ordering::Relaxed);
    }

    /// Ends it after its present round.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}

fn take_figures(ports: &Ports, metrics: &Metrics) {
    let stats = ports.reader.stats();
    metrics.set_store_bytes(stats.journal_bytes.saturating_add(stats.state_bytes), stats.free_bytes);
    let tenants = match ports.reader.tenants() {
        Ok(tenants) => tenants,
        Err(error) => {
            tracing::error!(%error, "the tenants could not be read");
            return;
        }
    };
    let (mut synced, mut pending, mut failed) = (0_u64, 0_u64, 0_u64);
    for tenant in tenants {
        match ports.reader.counts(tenant.id) {
            Ok(counts) => {
                synced = synced.saturating_add(counts.synced);
                pending = pending.saturating_add(counts.pending);
                failed = failed.saturating_add(counts.failed);
            }
            Err(error) => tracing::error!(tenant = %tenant.id, %error, "the counts could not be read"),
        }
    }
    metrics.set_invoices(Badge::Synced, synced);
    metrics.set_invoices(Badge::Pending, pending);
    metrics.set_invoices(Badge::Failed, failed);
}

fn sweep(ports: &Ports, keep_events_ms: i64) {
    let now = ports.clock.now().wall;
    match ports.reader.events_sweep(now.plus_ms(keep_events_ms.saturating_neg()), SWEEP_ROWS) {
        Ok(None) => {}
        Ok(Some(batch)) => submit(ports, batch),
        Err(error) => tracing::error!(%error, "old events could not be read"),
    }
    match ports.reader.receipts_older_than(now.plus_ms(-RECEIPT_KEEP_MS), SWEEP_ROWS) {
        Ok(keys) if keys.is_empty() => {}
        Ok(keys) => {
            let writes: Vec<Write> = keys.into_iter().map(Write::DropReceipt).collect();
            match batch(&writes, Urgency::Result) {
                Ok(batch) => submit(ports, batch),
                Err(error) => tracing::error!(%error, "old answers could not be dropped"),
            }
        }
        Err(error) => tracing::error!(%error, "old answers could not be read"),
    }
}

fn submit(ports: &Ports, batch: crate::store::Batch) {
    let mut generation = [0; 8];
    ports.entropy.fill(&mut generation);
    let lane = Lane { id: *b"upkeep\0\0\0\0\0\0\0\0\0\0", generation: u64::from_be_bytes(generation) };
    let done = |result: Result<_, StoreError>| {
        if let Err(error) = result {
            tracing::warn!(%error, "a sweep was not stored; it is made again");
        }
    };
    if let Err(error) = ports.writer.submit(lane, batch, done) {
        tracing::warn!(%error, "a sweep was not stored; it is made again");
    }
}
