//! Counts what clients do wrong, by arrival, on the sandbox's own evidence.

use std::collections::HashMap;

use uuid::Uuid;

use super::app::AppId;
use super::limit::{Limits, Window};

/// A call that crosses a 429 on the network is no early call: this long after the answer left.
const CROSSING_MS: i64 = 250;

/// One thing a client should not have done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// `minute_window`, `app_minute_window`, `concurrency`, `early_call`,
    /// `missing_idempotency_key`, `missing_tenant`, `rate_limited`.
    pub kind: &'static str,
    /// When, in milliseconds of real time.
    pub at_ms: i64,
    /// The call's number in the log.
    pub seq: u64,
    /// The organisation, when it is about one.
    pub tenant: Option<Uuid>,
    /// In words.
    pub detail: String,
}

/// One arriving call, as far as the watch cares.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// The call's number in the log.
    pub seq: u64,
    /// In milliseconds of real time.
    pub at_ms: i64,
    /// Whose call it is.
    pub app: AppId,
    /// From the header, connected or not.
    pub tenant: Option<Uuid>,
    /// Under `/api.xro/`.
    pub accounting: bool,
    /// PUT or POST.
    pub write: bool,
    /// An `Idempotency-Key` came with it.
    pub keyed: bool,
    /// Calls of this organisation under way, itself included.
    pub in_flight: usize,
}

/// Until when calls should not come.
#[derive(Debug, Clone, Copy)]
struct Blocked {
    from_ms: i64,
    until_ms: i64,
}

/// The sandbox's own count.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    windows: HashMap<(AppId, Uuid), Window>,
    apps: HashMap<AppId, Window>,
    blocked: HashMap<(AppId, Option<Uuid>), Blocked>,
    violations: Vec<Violation>,
}

impl Watch {
    /// Judges an arriving call.
    pub fn arrived(&mut self, call: Arrival, limits: Limits) {
        if !call.accounting {
            return;
        }
        if call.write && !call.keyed {
            let detail = "accounting write without Idempotency-Key".to_owned();
            self.note("missing_idempotency_key", call, detail);
        }
        let Some(tenant) = call.tenant else {
            let detail = "accounting call without xero-tenant-id".to_owned();
            self.note("missing_tenant", call, detail);
            return;
        };
        self.check_windows(call, tenant, limits);
        if call.in_flight > limits.concurrent {
            let detail = format!("{} calls at once, {} allowed", call.in_flight, limits.concurrent);
            self.note("concurrency", call, detail);
        }
        for scope in [Some(tenant), None] {
            if let Some(block) = self.blocked.get(&(call.app, scope))
                && (block.from_ms..block.until_ms).contains(&call.at_ms)
            {
                let early_ms = block.until_ms.saturating_sub(call.at_ms);
                self.note("early_call", call, format!("{early_ms} ms before Retry-After"));
            }
        }
    }

    /// A 429 with this `Retry-After` left; `app` when it was about the whole app.
    pub fn told_to_wait(&mut self, (caller, tenant): (AppId, Option<Uuid>), app: bool, retry_after_s: i64, at_ms: i64) {
        let scope = if app { None } else { tenant };
        let block = Blocked {
            from_ms: at_ms.saturating_add(CROSSING_MS),
            until_ms: at_ms.saturating_add(retry_after_s.saturating_mul(1000)),
        };
        self.blocked.insert((caller, scope), block);
    }

    /// The sandbox itself had to refuse a call.
    pub fn refused(&mut self, seq: u64, at_ms: i64, tenant: Option<Uuid>, problem: &str) {
        let detail = format!("429 {problem}");
        self.violations.push(Violation {
            kind: "rate_limited",
            at_ms,
            seq,
            tenant,
            detail,
        });
    }

    /// Everything so far.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    fn check_windows(&mut self, call: Arrival, tenant: Uuid, limits: Limits) {
        let window = self.windows.entry((call.app, tenant)).or_default();
        window.push(call.at_ms);
        let calls = window.count(call.at_ms);
        if calls > limits.minute {
            let detail = format!("{calls} calls in 60 s, {} allowed", limits.minute);
            self.note("minute_window", call, detail);
        }
        let window = self.apps.entry(call.app).or_default();
        window.push(call.at_ms);
        let calls = window.count(call.at_ms);
        if calls > limits.app_minute {
            let detail = format!("{calls} calls in 60 s, {} allowed for the app", limits.app_minute);
            self.note("app_minute_window", call, detail);
        }
    }

    fn note(&mut self, kind: &'static str, call: Arrival, detail: String) {
        let Arrival { seq, at_ms, tenant, .. } = call;
        self.violations.push(Violation {
            kind,
            at_ms,
            seq,
            tenant,
            detail,
        });
    }
}
