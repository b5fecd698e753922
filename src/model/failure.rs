//! How a call to Xero fails, what that allows us to do next, and whether Xero may have acted.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of a failure; decides nothing by itself but names it in logs and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// One of Xero's limits (429).
    Throttled,
    /// Xero or the network is down (5xx, refused connection).
    Unavailable,
    /// No answer in time, or the connection broke.
    TimedOut,
    /// Xero read the request and refused it (400).
    Refused,
    /// 401 for an expired or bad token.
    TokenRejected,
    /// The grant is dead (`invalid_grant`) or a scope is missing.
    GrantRejected,
    /// 403: the organisation is not (or no longer) connected.
    TenantRejected,
    /// 404.
    NotFound,
    /// The same idempotency key was used with another request.
    KeyMismatch,
    /// The answer could not be understood.
    Garbled,
}

impl FailureKind {
    /// The word used in logs and metric labels.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::TimedOut => "timed_out",
            Self::Refused => "refused",
            Self::TokenRejected => "token_rejected",
            Self::GrantRejected => "grant_rejected",
            Self::TenantRejected => "tenant_rejected",
            Self::NotFound => "not_found",
            Self::KeyMismatch => "key_mismatch",
            Self::Garbled => "garbled",
        }
    }
}

/// Whether the other side may have acted on the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Received {
    /// Certainly not: it never left, or was turned away before anything was looked at.
    No,
    /// It was read, and refused as a whole: nothing was written.
    RefusedWhole,
    /// It may have been carried out. The answer, if any, was read completely: nothing of this
    /// attempt can happen later.
    UnknownAnswered,
    /// It may have been carried out, or may still be.
    Unknown,
}

/// Which limit of Xero was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// 60 calls a minute per organisation.
    Minute,
    /// 5,000 (or 1,000) calls a day per organisation.
    Day,
    /// 5 calls at once per organisation.
    Concurrent,
    /// 10,000 calls a minute for the whole app.
    AppMinute,
}

impl Limit {
    /// The word used in metric labels.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Day => "day",
            Self::Concurrent => "concurrent",
            Self::AppMinute => "app_minute",
        }
    }
}

/// What to do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// Wait as long as Xero said, then go on.
    WaitForLimit {
        /// Which limit.
        limit: Limit,
        /// How long, clamped to 1 s … 24 h; `None` when Xero did not say.
        retry_after_ms: Option<u64>,
    },
    /// Try again with growing delays.
    RetryWithBackoff,
    /// Get a new access token, then send the same again.
    RefreshToken,
    /// A person must reconnect.
    Reconnect,
    /// Ask `/connections` whether the organisation is still there.
    CheckConnection,
    /// Nothing automatic helps for this document.
    GiveUpItem,
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its kind.
    pub kind: FailureKind,
    /// What to do.
    pub remedy: Remedy,
    /// Whether Xero may have acted.
    pub received: Received,
    /// HTTP status, if there was one.
    pub status: Option<u16>,
    /// What went wrong, as a lower-case fragment; never holds a secret.
    pub message: String,
    /// Xero's validation messages, if it gave any.
    pub validation: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
