//! What hosts and operators see: operations, events, kept answers; and sealed grants.

use serde::{Deserialize, Serialize};

use crate::model::ids::{EventId, GrantId, InvoiceId, OperationId, TenantId};
use crate::model::row::{Job, ReasonGiven, Tally};
use crate::model::time::Timestamp;

/// State of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationState {
    /// Accepted.
    Queued,
    /// Under way.
    Running,
    /// Waits for a limit or a connection.
    Waiting,
    /// Done.
    Succeeded,
    /// Done in part.
    PartiallyFailed,
    /// Not done.
    Failed,
    /// Stopped by a person.
    Cancelled,
}

impl OperationState {
    /// The word in the API.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Succeeded => "succeeded",
            Self::PartiallyFailed => "partially_failed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more will happen.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Succeeded | Self::PartiallyFailed | Self::Failed | Self::Cancelled
        )
    }
}

/// An asynchronous act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Its id.
    pub id: OperationId,
    /// Its tenant.
    pub tenant: TenantId,
    /// What it does: `resync`, or the word of a [`JobKind`](super::JobKind).
    pub kind: String,
    /// The invoice it is about.
    #[serde(default)]
    pub invoice: Option<InvoiceId>,
    /// State.
    pub state: OperationState,
    /// Steps done.
    pub done: u32,
    /// Steps in all.
    pub total: u32,
    /// The result in words.
    pub message: String,
    /// Why it failed.
    #[serde(default)]
    pub reason: Option<ReasonGiven>,
    /// Who asked (`token:…`, `socket:…`).
    pub requested_by: String,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// When.
    pub created_at: Timestamp,
    /// When it ended.
    #[serde(default)]
    pub finished_at: Option<Timestamp>,
    /// What it counted, where it counts documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tally: Option<Tally>,
    /// What was left of its job when it ended early: a retry goes on there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<Box<Job>>,
    /// The operation it tries again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<OperationId>,
}

/// Something hosts are told: becomes an entry of the feed when it is committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its id, stable over deliveries.
    pub id: EventId,
    /// The tenant.
    pub tenant: TenantId,
    /// The type, such as `invoice.synced`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// When it happened.
    pub timestamp: Timestamp,
    /// The particulars: a JSON object.
    pub data: serde_json::Value,
}

/// A grant as it is stored: the tokens are sealed by the keyring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantRow {
    /// Its id.
    pub id: GrantId,
    /// The sealed tokens.
    pub sealed: Vec<u8>,
    /// When the tokens were last replaced.
    pub refreshed_at: Timestamp,
}

/// The kept answer to a request that carried an `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// SHA-256 of caller and key, in hexadecimal.
    pub key: String,
    /// SHA-256 of method, path and body, in hexadecimal.
    pub request: String,
    /// Status of the answer.
    pub status: u16,
    /// Body of the answer.
    pub body: String,
    /// When; kept 24 hours.
    pub at: Timestamp,
}
