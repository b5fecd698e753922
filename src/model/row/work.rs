//! Open work: intents, attempts and the calls already spent.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::model::document::InvoiceKind;
use crate::model::ids::{BatchId, IntentId, InvoiceId, Marker, OperationId, TenantId};
use crate::model::time::Timestamp;
use crate::model::xero::WriteTarget;

/// Priority of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A person's click.
    User,
    /// A change Xero told us of.
    Webhook,
    /// Automatic pushes.
    Push,
    /// Polling.
    Pull,
    /// The nightly check.
    Reconcile,
    /// Manual syncs and backfills.
    Backfill,
}

impl Class {
    /// Every class, highest priority first.
    pub const ALL: [Self; 6] = [
        Self::User,
        Self::Webhook,
        Self::Push,
        Self::Pull,
        Self::Reconcile,
        Self::Backfill,
    ];

    /// The word in API and metric labels.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Webhook => "webhook",
            Self::Push => "push",
            Self::Pull => "pull",
            Self::Reconcile => "reconcile",
            Self::Backfill => "backfill",
        }
    }
}

/// A durable decision to write one invoice to Xero. It exists while the push is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Its id; orders intents by age.
    pub id: IntentId,
    /// Its tenant.
    pub tenant: TenantId,
    /// The invoice.
    pub invoice: InvoiceId,
    /// Sales invoice or bill.
    pub kind: InvoiceKind,
    /// Priority.
    pub class: Class,
    /// Whether the host's version wins over changes made in Xero.
    pub force: bool,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// Not before this moment.
    pub due: Timestamp,
    /// Automatic retries used.
    pub retries: u8,
    /// The operation that waits for it.
    #[serde(default)]
    pub operation: Option<OperationId>,
    /// Operations over many invoices that wait for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<OperationId>,
    /// The open attempt.
    #[serde(default)]
    pub batch: Option<BatchId>,
    /// How often an attempt was made; part of the next attempt's key.
    #[serde(default)]
    pub attempts: u32,
}

/// An open attempt: exact bytes, one key, one or more members. Deleted when all members settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Its id.
    pub id: BatchId,
    /// Its tenant.
    pub tenant: TenantId,
    /// Where it goes.
    pub target: WriteTarget,
    /// The body.
    #[serde(with = "body_text")]
    pub body: Bytes,
    /// The `Idempotency-Key`.
    pub key: String,
    /// The members, in the order of the body.
    pub members: Vec<Member>,
    /// First send, wall clock.
    pub first_sent: Timestamp,
    /// First send, boot-time clock in milliseconds.
    pub first_sent_mono_ms: u64,
    /// Xero's clock as last heard before the first send: what the attempt made is not older. `None` =
    /// nothing was heard yet since the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xero_before: Option<Timestamp>,
    /// Last send, wall clock.
    pub last_sent: Timestamp,
    /// The boot in which it was sent.
    pub boot_id: String,
    /// How often it was sent again under its key.
    pub replays: u8,
}

/// One document of a [`Batch`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The intent.
    pub intent: IntentId,
    /// The invoice.
    pub invoice: InvoiceId,
    /// What marks it in Xero.
    pub marker: Marker,
    /// Its number.
    pub number: String,
    /// Sales invoice or bill.
    pub kind: InvoiceKind,
}

/// A body is JSON text, so it is stored as text.
mod body_text {
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(body: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(body) {
            Ok(text) => serializer.serialize_str(text),
            Err(_not_text) => Err(serde::ser::Error::custom("a body is not UTF-8")),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        Ok(Bytes::from(String::deserialize(deserializer)?))
    }
}

/// The calls of one minute to one organisation; older than a day they are dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallMinute {
    /// Its tenant.
    pub tenant: TenantId,
    /// Minutes since 1970 (wall clock).
    pub minute: i64,
    /// Calls sent in this minute.
    pub sent: u32,
    /// Wall-clock milliseconds at which calls of this minute were answered.
    pub answered: Vec<i64>,
    /// No call before this moment, as Xero's `Retry-After` said.
    #[serde(default)]
    pub not_before: Option<Timestamp>,
}
