//! Closed sets of label values, for what has no enum in the model.

use crate::engine::status::Blocked;
use crate::model::connection::{ConnectionCause, ConnectionState};
use crate::model::document::InvoiceKind;
use crate::model::failure::{FailureKind, Limit};
use crate::model::reason::ReasonCode;
use crate::model::row::{JobKind, StreamKind};

macro_rules! words {
    ($($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// Every value, as in the metric.
            pub const LABELS: &'static [&'static str] = &[$($word),*];

            /// The value in the metric.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }
    )*};
}

words! {
    /// How a reload of the configuration ended.
    ReloadResult {
        /// Nothing had changed.
        Unchanged = "unchanged",
        /// The changes were applied.
        Applied = "applied",
        /// A change needs a restart, so nothing was applied.
        Refused = "refused",
        /// The file has problems, so nothing was applied.
        Invalid = "invalid",
    }

    /// Why a tenant's actor was started again.
    RestartCause {
        /// It panicked.
        Panic = "panic",
        /// The store failed, so its machine was built again from what is durable.
        Store = "store",
    }

    /// Whether a document got to Xero.
    PushOutcome {
        /// It is there.
        Ok = "ok",
        /// Its badge went red.
        Failed = "failed",
    }

    /// How a refresh of a token ended.
    OauthOutcome {
        /// A new token was given.
        Ok = "ok",
        /// The grant is dead.
        InvalidGrant = "invalid_grant",
        /// It is tried again.
        Transient = "transient",
    }

    /// Why the control endpoint turned a request away before looking at it.
    HttpRejection {
        /// The `Host` header is not on the list.
        Host = "host",
        /// The `Origin` header is not ours.
        Origin = "origin",
        /// No token, or a bad one.
        Auth = "auth",
        /// The token may not do this.
        Scope = "scope",
        /// Too many requests or connections.
        Rate = "rate",
        /// The body is too large.
        Size = "size",
        /// The request came too slowly.
        Slow = "slow",
    }

    /// What became of a request with an `Idempotency-Key`.
    IdempotencyOutcome {
        /// It was carried out and its answer kept.
        Stored = "stored",
        /// The kept answer was given again.
        Replayed = "replayed",
        /// The key came with another request.
        Mismatch = "mismatch",
        /// The first request under this key is not answered yet.
        InProgress = "in_progress",
    }

    /// What became of a webhook.
    HookResult {
        /// Its events were taken.
        Accepted = "accepted",
        /// It held no events: Xero tests whether signatures are checked.
        IntentToReceive = "intent_to_receive",
        /// The same bytes had come before.
        Duplicate = "duplicate",
        /// The signature is missing or fits no key.
        BadSignature = "bad_signature",
        /// It is rightly signed and cannot be read.
        Unreadable = "unreadable",
        /// It has too many bytes.
        TooLarge = "too_large",
        /// It did not come in time, or broke off.
        TooSlow = "too_slow",
        /// There was no room for it beside others.
        NoRoom = "no_room",
        /// Another method or path.
        WrongPlace = "wrong_place",
    }

    /// What became of an event of a webhook.
    HookEvent {
        /// Its organisation was told.
        Rung = "rung",
        /// Its organisation was told, though nobody knows its category or type.
        Unknown = "unknown_category",
        /// Nobody here serves its organisation.
        UnknownTenant = "unknown_tenant",
        /// It is about the app itself.
        Subscription = "subscription",
        /// It cannot be read.
        Unreadable = "unreadable",
    }

    /// What becomes of an invoice that a webhook named.
    HookOutcome {
        /// It is read by its id.
        Read = "read",
        /// Of these, it waited for that already.
        Folded = "folded",
        /// Its change is here already.
        Known = "known",
        /// It is not followed.
        NotFollowed = "not_followed",
        /// The scan finds it: too many wait, or nothing can be read.
        Crowded = "crowded",
    }

    /// What the store was doing.
    StoreOp {
        /// Opening.
        Open = "open",
        /// Reading.
        Read = "read",
        /// Making a commit durable.
        Commit = "commit",
        /// Taking a snapshot.
        Snapshot = "snapshot",
    }

    /// Badge of an invoice.
    Badge {
        /// Synced to Xero.
        Synced = "synced",
        /// Pending.
        Pending = "pending",
        /// Sync failed.
        Failed = "failed",
    }
}

/// Label for an absent value.
pub(super) const NONE: &str = "none";
/// Label of routes nobody declared.
pub(super) const OTHER: &str = "other";

pub(super) fn kinds() -> Vec<&'static str> {
    [InvoiceKind::Sales, InvoiceKind::Purchase]
        .map(InvoiceKind::label)
        .to_vec()
}

pub(super) fn reasons() -> Vec<&'static str> {
    ReasonCode::ALL.iter().map(|reason| reason.code()).collect()
}

pub(super) fn states() -> Vec<&'static str> {
    ConnectionState::ALL.map(ConnectionState::label).to_vec()
}

pub(super) fn causes() -> Vec<&'static str> {
    let mut causes = [
        ConnectionCause::CreditsUsedUp,
        ConnectionCause::GrantDead,
        ConnectionCause::ScopeMissing,
        ConnectionCause::AppRevoked,
        ConnectionCause::Dropped,
        ConnectionCause::DisconnectedByPerson,
        ConnectionCause::DeadlinePassed,
    ]
    .map(ConnectionCause::label)
    .to_vec();
    causes.push(NONE);
    causes
}

pub(super) fn limits() -> Vec<&'static str> {
    [Limit::Minute, Limit::Day, Limit::Concurrent, Limit::AppMinute]
        .map(Limit::label)
        .to_vec()
}

pub(super) fn failures() -> Vec<&'static str> {
    [
        FailureKind::Throttled,
        FailureKind::Unavailable,
        FailureKind::TimedOut,
        FailureKind::Refused,
        FailureKind::TokenRejected,
        FailureKind::GrantRejected,
        FailureKind::TenantRejected,
        FailureKind::NotFound,
        FailureKind::KeyMismatch,
        FailureKind::Garbled,
    ]
    .map(FailureKind::label)
    .to_vec()
}

pub(super) fn call_outcomes() -> Vec<&'static str> {
    let mut outcomes = vec!["ok"];
    outcomes.extend(failures());
    outcomes
}

pub(super) fn resources() -> Vec<&'static str> {
    let mut resources = vec!["organisation", "accounts", "tax_rates"];
    resources.extend(streams());
    resources.push(OTHER);
    resources
}

pub(super) fn jobs() -> Vec<&'static str> {
    JobKind::ALL.map(JobKind::label).to_vec()
}

pub(super) fn streams() -> Vec<&'static str> {
    StreamKind::ALL.map(StreamKind::label).to_vec()
}

pub(super) fn gates() -> Vec<&'static str> {
    let until = crate::model::time::Timestamp(0);
    let mut gates = [
        Blocked::NotActive(ConnectionState::Active),
        Blocked::CatchingUp,
        Blocked::MinuteBudget { until },
        Blocked::DayBudget { until },
        Blocked::TooManyInFlight,
        Blocked::RetryAfter {
            limit: Limit::Minute,
            until,
        },
        Blocked::BreakerOpen { until },
    ]
    .map(Blocked::label)
    .to_vec();
    gates.push("open");
    gates
}

pub(super) fn status_classes() -> Vec<&'static str> {
    STATUS_CLASSES.to_vec()
}

/// Classes of HTTP statuses, the fourth by its common members.
pub(super) const STATUS_CLASSES: [&str; 12] = [
    "2xx", "3xx", "400", "401", "403", "404", "409", "412", "422", "429", "4xx", "5xx",
];

/// The class of a status.
pub(super) fn status_class(status: u16) -> &'static str {
    match status {
        200..=299 => "2xx",
        300..=399 => "3xx",
        400 => "400",
        401 => "401",
        403 => "403",
        404 => "404",
        409 => "409",
        412 => "412",
        422 => "422",
        429 => "429",
        402 | 405..=408 | 410 | 411 | 413..=421 | 423..=428 | 430..=499 => "4xx",
        _ => "5xx",
    }
}
