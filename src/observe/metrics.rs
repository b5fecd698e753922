//! The registry, what is read when somebody looks, and the meters that no notice feeds.

use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::text::encode_registry;
use prometheus_client::registry::Registry;

use super::board::Board;
use super::families::{Families, PREFIX};
use super::labels::{
    Badge, HttpRejection, IdempotencyOutcome, OTHER, OauthOutcome, ReloadResult, RestartCause, STATUS_CLASSES, StoreOp,
    status_class,
};
use super::meters::{Gauges, Meter, Spec};
use crate::model::connection::ConnectionState;
use crate::model::time::Timestamp;

/// Families of the process itself, without our prefix.
pub const PROCESS_FAMILIES: [Spec; 2] = [
    Spec {
        name: "process_resident_memory_bytes",
        kind: "gauge",
        labels: &[],
        help: "Resident memory.",
    },
    Spec {
        name: "process_open_fds",
        kind: "gauge",
        labels: &[],
        help: "Open file descriptors.",
    },
];

/// Shared by cloning.
#[derive(Debug, Clone)]
pub struct Metrics {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    registry: Registry,
    process: Registry,
    families: Families,
    memory: Gauges<0>,
    open_files: Gauges<0>,
    board: Board,
    rendering: Mutex<()>,
}

impl Metrics {
    /// Media type of [`Self::render`]: what every Prometheus and every tool around it reads.
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// Makes every series. `routes` are the methods and templates of our endpoints; requests to
    /// anything else are counted under `other`.
    #[must_use]
    pub fn new(board: Board, started_at: Timestamp, routes: &[(&'static str, &'static str)]) -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let families = Families::register(&mut registry);
        let mut process = Registry::default();
        let [memory_spec, open_files_spec] = &PROCESS_FAMILIES;
        let memory = Gauges::register(memory_spec, &mut process);
        let open_files = Gauges::register(open_files_spec, &mut process);
        for (method, route) in routes {
            for class in STATUS_CLASSES {
                families.http_requests.declare([route, method, class]);
            }
            families.http_request_duration.declare([route]);
        }
        families.build_info.set([env!("CARGO_PKG_VERSION")], 1);
        families.start_timestamp.set([], seconds(started_at));
        Self {
            inner: Arc::new(Inner {
                registry,
                process,
                families,
                memory,
                open_files,
                board,
                rendering: Mutex::new(()),
            }),
        }
    }

    /// The text Prometheus reads.
    #[must_use]
    pub fn render(&self) -> String {
        let inner = &self.inner;
        // One at a time, so that what is read now belongs together.
        let _alone = inner.rendering.lock().unwrap_or_else(PoisonError::into_inner);
        self.take_from_board();
        inner.memory.set([], resident_bytes());
        inner.open_files.set([], open_files_count());
        let mut text = String::new();
        let written =
            encode_registry(&mut text, &inner.registry).and_then(|()| encode_registry(&mut text, &inner.process));
        match written {
            // A series without labels is written without their braces, as everybody does.
            Ok(()) => plain(&text.replace("{} ", " ")),
            // Writing to a String never fails; half a text must not look like a whole one.
            Err(_never) => String::new(),
        }
    }

    /// The meters, for [`super::notices`] and tests.
    #[must_use]
    pub fn families(&self) -> &Families {
        &self.inner.families
    }

    /// A reload ended; `at` is now.
    pub fn config_reloaded(&self, result: ReloadResult, at: Timestamp) {
        let families = self.families();
        families.config_reloads.inc([result.label()]);
        if matches!(result, ReloadResult::Applied | ReloadResult::Unchanged) {
            families.config_last_reload.set([], seconds(at));
        }
    }

    /// An actor was started again.
    pub fn actor_restarted(&self, cause: RestartCause) {
        self.families().actor_restarts.inc([cause.label()]);
    }

    /// How many invoices have this badge, as the store counts them.
    pub fn set_invoices(&self, badge: Badge, count: u64) {
        self.families().invoices.set([badge.label()], count);
    }

    /// A token was refreshed, or not.
    pub fn oauth_refreshed(&self, outcome: OauthOutcome) {
        self.families().oauth_refreshes.inc([outcome.label()]);
    }

    /// Entries were appended to the event feed.
    pub fn events_appended(&self, count: u64) {
        self.families().events_appended.add([], count);
    }

    /// A request to our endpoints was answered.
    pub fn http_answered(&self, route: &'static str, method: &'static str, status: u16, took: Duration) {
        let families = self.families();
        let class = status_class(status);
        let is_declared = families.http_requests.has([route, method, class]);
        let (route, method) = if is_declared { (route, method) } else { (OTHER, OTHER) };
        families.http_requests.inc([route, method, class]);
        families.http_request_duration.observe([route], took);
    }

    /// A request was turned away before it was looked at.
    pub fn http_rejected(&self, cause: HttpRejection) {
        self.families().http_rejected.inc([cause.label()]);
    }

    /// What became of a request with an `Idempotency-Key`.
    pub fn idempotency(&self, outcome: IdempotencyOutcome) {
        self.families().idempotency.inc([outcome.label()]);
    }

    /// Size of the data folder and free space on its disk.
    pub fn set_store_bytes(&self, used_bytes: u64, free_bytes: u64) {
        self.families().store_bytes.set([], used_bytes);
        self.families().store_free_bytes.set([], free_bytes);
    }

    /// A commit became durable.
    pub fn store_flushed(&self, took: Duration) {
        self.families().store_flush.observe([], took);
    }

    /// The store failed.
    pub fn store_failed(&self, op: StoreOp) {
        self.families().store_errors.inc([op.label()]);
    }

    fn take_from_board(&self) {
        let families = self.families();
        let sums = self.inner.board.sums();
        for (state, count) in ConnectionState::ALL.into_iter().zip(sums.states) {
            families.tenants.set([state.label()], count);
        }
        families.tenants_parked.set([], sums.parked_count);
        families.tenants_daily_budget_low.set([], sums.day_low_count);
        families
            .tenants_daily_budget_exhausted
            .set([], sums.day_exhausted_count);
        families.push_queue_depth.set([], sums.queued_count);
        families
            .push_queue_oldest
            .set([], sums.oldest_queued.map_or(0, seconds));
        families.push_outcomes_open.set([], sums.unknown_count);
        families.xero_requests_in_flight.set([], sums.in_flight_count);
        families.xero_minute_used.set([], sums.minute_used);
        families.xero_day_used.set([], sums.day_used);
    }
}

/// Whole seconds since 1970; a moment before is shown as 0.
fn seconds(at: Timestamp) -> u64 {
    u64::try_from(at.0.div_euclid(1_000)).unwrap_or(0)
}

/// Resident memory of this process, 0 where the kernel does not tell.
fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB"))
        .and_then(|kibibytes| kibibytes.trim().parse::<u64>().ok())
        .map_or(0, |kibibytes| kibibytes.saturating_mul(1_024))
}

/// Open files of this process, 0 where the kernel does not tell.
fn open_files_count() -> u64 {
    fs::read_dir("/proc/self/fd").map_or(0, |entries| u64::try_from(entries.count()).unwrap_or(0))
}

/// OpenMetrics as Prometheus' plain text: there a counter's help and type carry the name of its
/// series, and units have no line.
fn plain(text: &str) -> String {
    let mut counters: Vec<&str> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line
            .strip_prefix("# TYPE ")
            .and_then(|rest| rest.strip_suffix(" counter"))
        {
            counters.push(name);
        }
    }
    let mut out = String::with_capacity(text.len());
    for line in text.lines().filter(|line| !line.starts_with("# UNIT ")) {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some(kind @ ("HELP" | "TYPE")), Some(name), Some(rest)) if counters.contains(&name) => {
                out.push_str(&format!("# {kind} {name}_total {rest}\n"));
            }
            _ => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    out
}
