//! An invoice with its badge, its link and our copy of Xero's document.

use serde::{Deserialize, Serialize};

use super::back::Back;
use crate::model::document::Draft;
use crate::model::ids::{InvoiceId, LineItemId, Marker, TenantId, XeroInvoiceId};
use crate::model::reason::ReasonCode;
use crate::model::time::Timestamp;
use crate::model::xero::XeroInvoice;

/// The badge of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Badge {
    /// "Synced to Xero".
    Synced,
    /// "Pending".
    Pending,
    /// "Sync failed".
    Failed,
}

impl Badge {
    /// The word in API and metric labels.
    #[must_use]
    pub const fn state(self) -> &'static str {
        match self {
            Self::Synced => "synced",
            Self::Pending => "pending",
            Self::Failed => "failed",
        }
    }

    /// The words a person sees (S1).
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Synced => "Synced to Xero",
            Self::Pending => "Pending",
            Self::Failed => "Sync failed",
        }
    }
}

/// Why this badge is red.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonGiven {
    /// The code.
    pub code: ReasonCode,
    /// This case in a sentence.
    pub detail: String,
    /// What the cause is about (a nominal code, a contact, a state), so that its fix can find it.
    #[serde(default)]
    pub subject: Option<String>,
    /// Since when.
    pub since: Timestamp,
}

/// Why a grey badge is still grey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitCause {
    /// Waits for one of Xero's limits.
    XeroRateLimit,
    /// Xero failed; the next automatic attempt comes.
    Transient,
    /// It is being found out whether Xero has the document.
    OutcomeUnknown,
    /// Writes are held while the connection catches up.
    CatchingUp,
}

impl WaitCause {
    /// The word in the API.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::XeroRateLimit => "xero_rate_limit",
            Self::Transient => "transient",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::CatchingUp => "catching_up",
        }
    }

    /// What a person is told.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::XeroRateLimit => "Waiting for Xero's rate limit. The system retries automatically.",
            Self::Transient => "Xero could not be reached, or failed for the moment. The system retries automatically.",
            Self::OutcomeUnknown => "Finding out whether Xero already has it. The system retries automatically.",
            Self::CatchingUp => "Waiting until the connection has caught up. It is then sent automatically.",
        }
    }
}

/// A wait that belongs to one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Why.
    pub cause: WaitCause,
    /// Until when, as far as known.
    pub until: Timestamp,
}

/// The sync side of an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sync {
    /// The badge; `None` = no badge.
    pub badge: Option<Badge>,
    /// Why it is red.
    #[serde(default)]
    pub reason: Option<ReasonGiven>,
    /// When it was last seen equal in Xero.
    #[serde(default)]
    pub last_synced_at: Option<Timestamp>,
    /// When it was queued, while pending.
    #[serde(default)]
    pub queued_at: Option<Timestamp>,
    /// Automatic retries used.
    #[serde(default)]
    pub retries: u8,
    /// Whether the daemon tries again by itself.
    #[serde(default)]
    pub auto_retry: bool,
    /// Why it is still grey.
    #[serde(default)]
    pub waiting: Option<Waiting>,
    /// Whether a person asked for the push (then a fixed cause re-queues it with its toggle off too).
    #[serde(default)]
    pub asked: bool,
}

/// Host reference ↔ Xero document. Written once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Xero's id.
    pub xero_id: XeroInvoiceId,
    /// When it was made.
    pub linked_at: Timestamp,
}

/// The last version on which host and Xero agreed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Common {
    /// The host's revision.
    pub rev: u64,
    /// The host's document.
    pub draft: Draft,
    /// Xero's document.
    pub xero: XeroInvoice,
    /// Xero's line for each line of `draft`, in order.
    pub lines: Vec<Option<LineItemId>>,
}

/// What the open attempt sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The host's revision.
    pub rev: u64,
    /// The host's document.
    pub draft: Draft,
    /// Xero's document that was read before a change; `None` for a create.
    #[serde(default)]
    pub read: Option<XeroInvoice>,
}

/// One invoice or bill: the host's document, its badge, its link, and our copy of Xero's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// Our id.
    pub id: InvoiceId,
    /// Its tenant.
    pub tenant: TenantId,
    /// The host's reference, unique in the tenant.
    pub host_ref: String,
    /// What marks the document in Xero.
    pub marker: Marker,
    /// Counts the host's changes, from 1.
    pub rev: u64,
    /// Counts every change of this row: the ETag.
    pub version: u64,
    /// The host's document.
    pub draft: Draft,
    /// When the host first wrote it.
    pub accepted_at: Timestamp,
    /// When this row last changed.
    pub updated_at: Timestamp,
    /// Badge and what belongs to it.
    pub sync: Sync,
    /// The Xero document.
    #[serde(default)]
    pub link: Option<Link>,
    /// The last common version.
    #[serde(default)]
    pub common: Option<Common>,
    /// The newest version of Xero's document that was seen.
    #[serde(default)]
    pub copy: Option<XeroInvoice>,
    /// What the open attempt sends.
    #[serde(default)]
    pub sent: Option<Sent>,
    /// Whether it was accepted while its toggle was off: then only a person sends it first.
    #[serde(default)]
    pub on_request: bool,
    /// Whether a create was ever sent for it: a number clash may then be our own document.
    #[serde(default)]
    pub create_was_sent: bool,
    /// What came back from Xero.
    #[serde(default, skip_serializing_if = "Back::is_empty")]
    pub back: Back,
}

impl Invoice {
    /// Whether its document was voided or deleted in Xero, which is final.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.copy.as_ref().is_some_and(|copy| copy.status.is_gone())
    }

    /// Whether it was red when it could not be changed in Xero, and never can be.
    #[must_use]
    pub fn is_stuck(&self) -> bool {
        let reason = self.sync.reason.as_ref().map(|reason| reason.code);
        self.sync.badge == Some(Badge::Failed) && reason == Some(ReasonCode::NotEditableInXero) && self.is_gone()
    }

    /// Whether somebody's acknowledgement ends something that is shown.
    #[must_use]
    pub fn can_be_acknowledged(&self) -> bool {
        self.back.open_alert().is_some() || self.is_stuck()
    }

    /// Whether *Sync now* could change anything: not for a document that is gone, unless its badge is
    /// red for something that can still be put right.
    #[must_use]
    pub fn can_be_synced(&self) -> bool {
        !self.is_gone() || (self.sync.badge == Some(Badge::Failed) && !self.can_be_acknowledged())
    }
}
