//! The data-free view of a tenant, for the status page and metrics.

use crate::model::connection::{ConnectionState, Gate};
use crate::model::failure::Limit;
use crate::model::time::Timestamp;

/// Why nothing may be sent right now. The status page prints this very value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocked {
    /// The connection does not allow it.
    NotActive(ConnectionState),
    /// Reads may go, writes wait for the catch-up after a reconnection.
    CatchingUp,
    /// All of the organisation's calls of a rolling minute are used, or the class is paced.
    MinuteBudget {
        /// When the next call may go.
        until: Timestamp,
    },
    /// The share of the day's calls that this class may use is used up.
    DayBudget {
        /// When the next call may go.
        until: Timestamp,
    },
    /// As many calls are in flight as Xero allows.
    TooManyInFlight,
    /// Xero said `Retry-After`.
    RetryAfter {
        /// Which limit it named.
        limit: Limit,
        /// When it allows calls again.
        until: Timestamp,
    },
    /// Xero failed several times in a row; one probe goes at this moment.
    BreakerOpen {
        /// When the probe goes.
        until: Timestamp,
    },
}

impl Blocked {
    /// The word used in API and metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::NotActive(_) => "not_active",
            Self::CatchingUp => "catching_up",
            Self::MinuteBudget { .. } => "minute_budget",
            Self::DayBudget { .. } => "day_budget",
            Self::TooManyInFlight => "too_many_in_flight",
            Self::RetryAfter { .. } => "retry_after",
            Self::BreakerOpen { .. } => "breaker_open",
        }
    }

    /// Until when, where that is known.
    #[must_use]
    pub const fn until(self) -> Option<Timestamp> {
        match self {
            Self::MinuteBudget { until }
            | Self::DayBudget { until }
            | Self::RetryAfter { until, .. }
            | Self::BreakerOpen { until } => Some(until),
            Self::NotActive(_) | Self::CatchingUp | Self::TooManyInFlight => None,
        }
    }
}

/// Whether Xero's webhooks come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookState {
    /// Nobody listens: changes are found by reading at intervals alone.
    Off,
    /// None has come since the start.
    Waiting,
    /// They come.
    On,
    /// Changes are found that none announced, and none comes: Xero may have disabled the webhook.
    Silent,
}

impl HookState {
    /// The word used in API.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Waiting => "waiting",
            Self::On => "on",
            Self::Silent => "silent",
        }
    }
}

/// Webhooks of the whole app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookStatus {
    /// Whether they come.
    pub state: HookState,
    /// When a rightly signed one last came.
    pub last_received_at: Option<Timestamp>,
    /// Since when they are silent, if they are: the first change that none announced.
    pub silent_since: Option<Timestamp>,
    /// Times that events were missing, since the start.
    pub gaps_count: u64,
    /// When that last was.
    pub last_gap_at: Option<Timestamp>,
    /// The signing keys by the names of their sources, and when each was last used by Xero.
    pub keys: Vec<(String, Option<Timestamp>)>,
}

/// Webhooks of one tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenantHooks {
    /// Whether they come, to the app as a whole.
    pub state: HookState,
    /// When one last came that was about this tenant.
    pub last_received_at: Option<Timestamp>,
    /// Of the latest changes that webhooks announced, 95 % were taken over this fast or faster, in
    /// milliseconds.
    pub lag_p95_ms: Option<u64>,
}

/// How a tenant stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantStatus {
    /// State of the connection.
    pub connection: ConnectionState,
    /// What is open while it is active.
    pub gate: Gate,
    /// Why an automatic push may not be sent now; `None` = it may.
    pub blocked: Option<Blocked>,
    /// Since when Xero has failed each time, while it fails so often that calls are held back.
    pub unavailable_since: Option<Timestamp>,
    /// Intents that wait.
    pub queued_count: usize,
    /// Calls in flight.
    pub in_flight_count: usize,
    /// Attempts whose outcome is not known yet.
    pub unknown_count: usize,
    /// When the oldest waiting intent was queued.
    pub oldest_queued: Option<Timestamp>,
    /// Calls of the last rolling minute.
    pub minute_used: u32,
    /// Calls allowed in a rolling minute.
    pub minute_limit: u32,
    /// Calls of the last rolling day.
    pub day_used: u32,
    /// Calls allowed in a rolling day.
    pub day_limit: u32,
    /// When the nightly check runs next, as far as that is known.
    pub next_check: Option<Timestamp>,
    /// Events that did not fit the state they met; each one is a defect.
    pub illegal_events_count: u64,
    /// Why the tenant is parked, if it is: its actor takes no more work until a restart.
    pub parked: Option<String>,
}
