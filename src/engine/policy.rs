//! The numbers a tenant decides by, each with its source. All durations are milliseconds.

use crate::model::row::StreamKind;

use chrono::NaiveTime;

/// What Xero allows per organisation. Configurable, because Xero changes it by tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls in any rolling 60 seconds (Xero: 60).
    pub minute: u32,
    /// Calls in any rolling 24 hours (Xero: 5,000; 1,000 on its Starter tier).
    pub day: u32,
    /// Calls at once (Xero: 5).
    pub concurrent: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            minute: 60,
            day: 5_000,
            concurrent: 5,
        }
    }
}

/// The numbers a tenant decides by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Xero's limits.
    pub limits: Limits,
    /// Most sales invoices in one call.
    pub batch_sales: usize,
    /// Most bills in one call.
    pub batch_purchase: usize,
    /// How long an automatic push waits for company.
    pub batch_wait_ms: u64,
    /// Automatic retries of a known failure (S1: three).
    pub max_retries: u8,
    /// Delay before each of them; the last one is used for all further ones.
    pub retry_delays_ms: [u64; 3],
    /// A request is repeated under its key only this long after its first send: Xero keeps a key
    /// six minutes, less one for safety.
    pub key_window_ms: u64,
    /// After this long without an answer nothing of an attempt can happen any more.
    pub quiescence_ms: u64,
    /// Two look-ups that find nothing must be this far apart: Xero's lists may lag by two minutes,
    /// and ten seconds more are for an answer under way.
    pub absence_gap_ms: u64,
    /// First delay before an unanswered request is repeated; doubles each time.
    pub replay_delay_ms: u64,
    /// Failures of the service in a row that open the breaker (Envoy's default: 5).
    pub breaker_threshold: u32,
    /// How long an open breaker waits before it lets one probe through.
    pub breaker_probe_ms: u64,
    /// Reference data older than this is read again before it is used.
    pub chart_max_age_ms: i64,
    /// A code that is missing in reference data older than this is looked for in fresh data.
    pub chart_doubt_age_ms: i64,
    /// A document read this recently need not be read again before it is changed.
    pub read_max_age_ms: u64,
    /// How long a connection that Xero no longer lists is kept (14 days).
    pub grace_ms: i64,
    /// How often such a connection is looked for.
    pub probe_ms: u64,
    /// Reading what changed in Xero.
    pub pull: PullPolicy,
}

/// How often what changed in Xero is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PullPolicy {
    /// Between two scans of invoices (270 s: a payment is here within five minutes without any
    /// webhook); `None` = never.
    pub invoices_ms: Option<u64>,
    /// Between two scans of each of the other streams; `None` = never.
    pub others_ms: Option<u64>,
    /// How long a document that a webhook named waits for others.
    pub fold_ms: u64,
    /// How long a payment holds the comparison of its invoice back (S2: five minutes).
    pub quiet_ms: u64,
    /// The nightly check; `None` = never by itself.
    pub night: Option<NightPolicy>,
}

/// The nightly check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NightPolicy {
    /// When, by the organisation's own clock (S1: 02:00).
    pub at: NaiveTime,
    /// Over how long many organisations are spread.
    pub spread_ms: u64,
    /// How far it looks back (S1: 7 days).
    pub look_back_ms: i64,
}

impl Default for NightPolicy {
    fn default() -> Self {
        Self {
            at: NaiveTime::from_hms_opt(2, 0, 0).unwrap_or_default(),
            spread_ms: 30 * 60_000,
            look_back_ms: 7 * 86_400_000,
        }
    }
}

impl Default for PullPolicy {
    fn default() -> Self {
        Self {
            invoices_ms: Some(270_000),
            others_ms: Some(7_200_000),
            fold_ms: 250,
            quiet_ms: 300_000,
            night: Some(NightPolicy::default()),
        }
    }
}

impl PullPolicy {
    /// Nothing is read by itself.
    pub const NEVER: Self = Self {
        invoices_ms: None,
        others_ms: None,
        fold_ms: 250,
        quiet_ms: 300_000,
        night: None,
    };

    /// Between two scans of a stream; `None` = never.
    #[must_use]
    pub const fn every_ms(&self, kind: StreamKind) -> Option<u64> {
        match kind {
            StreamKind::Invoices => self.invoices_ms,
            StreamKind::Payments | StreamKind::CreditNotes | StreamKind::Contacts | StreamKind::ManualJournals => {
                self.others_ms
            }
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            batch_sales: crate::model::limits::BATCH_SALES_MAX,
            batch_purchase: crate::model::limits::BATCH_PURCHASE_MAX,
            batch_wait_ms: 250,
            max_retries: 3,
            retry_delays_ms: [2_000, 10_000, 30_000],
            key_window_ms: 300_000,
            quiescence_ms: 180_000,
            absence_gap_ms: 130_000,
            replay_delay_ms: 500,
            breaker_threshold: 5,
            breaker_probe_ms: 30_000,
            chart_max_age_ms: 3_600_000,
            chart_doubt_age_ms: 30_000,
            read_max_age_ms: 15_000,
            grace_ms: 14 * 86_400_000,
            probe_ms: 3_600_000,
            pull: PullPolicy::default(),
        }
    }
}
