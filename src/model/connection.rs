//! The states of a tenant's connection to Xero.

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// The five states of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// All works.
    Active,
    /// The host's sync credits for this organisation are used up: reads go on, writes are held.
    PendingCredits,
    /// The grant is dead or lacks a scope: nothing is called until somebody reconnects.
    RequiresReauth,
    /// Xero no longer lists the connection; everything is kept until a deadline.
    GracePeriod,
    /// Ended by a person or by the deadline.
    Disconnected,
}

impl ConnectionState {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Active,
        Self::PendingCredits,
        Self::RequiresReauth,
        Self::GracePeriod,
        Self::Disconnected,
    ];

    /// The word used in API, CLI and metric labels.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::PendingCredits => "pending_credits",
            Self::RequiresReauth => "requires_reauth",
            Self::GracePeriod => "grace_period",
            Self::Disconnected => "disconnected",
        }
    }

    /// What it means for whoever looks at it, in a sentence or two; `None` while all works.
    #[must_use]
    pub const fn banner(self) -> Option<&'static str> {
        match self {
            Self::Active => None,
            Self::PendingCredits => Some(
                "The sync credits of this organisation are used up: changes in Xero still arrive, nothing is sent.",
            ),
            Self::RequiresReauth => Some(
                "Xero connection has been dropped: Xero no longer accepts the consent, so nothing is read or sent. \
                 What waits is kept.",
            ),
            Self::GracePeriod => Some(
                "Xero connection has been dropped: Xero no longer lists it. It is looked for every hour, and links, \
                 mappings and watermarks are kept until the deadline.",
            ),
            Self::Disconnected => Some(
                "The connection was ended. Links, mappings and settings are kept; when it is set up again, older \
                 invoices count as history.",
            ),
        }
    }

    /// The one action that resolves the state: code and words.
    #[must_use]
    pub const fn resolving_action(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Active => None,
            Self::PendingCredits => Some(("top_up", "Top up the credits")),
            Self::RequiresReauth | Self::GracePeriod => Some(("reconnect", "Reconnect to Xero")),
            Self::Disconnected => Some(("reconnect_from_scratch", "Reconnect from scratch")),
        }
    }
}

/// Why a connection left `active`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionCause {
    /// The host, or the meter, says the credits are used up.
    CreditsUsedUp,
    /// Xero's token endpoint answered `invalid_grant`.
    GrantDead,
    /// Xero says a scope is missing.
    ScopeMissing,
    /// The organisation removed the app in Xero.
    AppRevoked,
    /// Xero no longer lists the connection, for no reason it gives.
    Dropped,
    /// A person disconnected it.
    DisconnectedByPerson,
    /// The grace period ended.
    DeadlinePassed,
}

impl ConnectionCause {
    /// The word used in API and events.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::CreditsUsedUp => "credits_used_up",
            Self::GrantDead => "grant_dead",
            Self::ScopeMissing => "scope_missing",
            Self::AppRevoked => "app_revoked",
            Self::Dropped => "dropped",
            Self::DisconnectedByPerson => "disconnected_by_person",
            Self::DeadlinePassed => "deadline_passed",
        }
    }
}

/// What is open while the state is `active`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Reads and writes.
    #[default]
    Open,
    /// Reads only, until the catch-up pull after a reconnection has been committed.
    CatchingUp,
}

/// A connection as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// The state.
    pub state: ConnectionState,
    /// When it was entered.
    pub since: Timestamp,
    /// Why, outside `active`.
    pub cause: Option<ConnectionCause>,
    /// When the grace period ends.
    pub deadline: Option<Timestamp>,
    /// What is open while `active`.
    pub gate: Gate,
}

impl Connection {
    /// A connection that has just been made.
    #[must_use]
    pub const fn fresh(now: Timestamp) -> Self {
        Self {
            state: ConnectionState::Active,
            since: now,
            cause: None,
            deadline: None,
            gate: Gate::Open,
        }
    }
}
