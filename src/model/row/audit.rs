//! The record of who changed what, and why. Rows are only ever added; old ones go after the time
//! that is configured.

use serde::{Deserialize, Serialize};

use super::Change;
use crate::model::ids::{AuditId, InvoiceId, OperationId, TenantId};
use crate::model::time::Timestamp;

/// What brought a change about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The host wrote.
    Host,
    /// A person asked.
    User,
    /// A push to Xero, and what it came upon there.
    Push,
    /// A webhook named the document.
    Webhook,
    /// A reading of what changed in Xero.
    Sweep,
    /// A refresh that was asked for.
    Refresh,
    /// The nightly check.
    Reconcile,
    /// Linking documents that were in Xero before.
    Link,
    /// The daemon by itself.
    System,
}

impl Cause {
    /// The word in the API.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::User => "user",
            Self::Push => "push",
            Self::Webhook => "webhook",
            Self::Sweep => "sweep",
            Self::Refresh => "refresh",
            Self::Reconcile => "reconcile",
            Self::Link => "link",
            Self::System => "system",
        }
    }
}

/// One entry of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// Its id; orders entries by time.
    pub id: AuditId,
    /// The tenant.
    pub tenant: TenantId,
    /// When.
    pub at: Timestamp,
    /// Who (`token:…`, `socket:…`, `host`, `xero`, `system`).
    pub actor: String,
    /// What brought it about.
    pub cause: Cause,
    /// What happened: the type of the event that told of it, or `settings.changed` and the like.
    pub action: String,
    /// The invoice it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<InvoiceId>,
    /// Its reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_ref: Option<String>,
    /// The operation it was part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationId>,
    /// Why, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Fields before and after.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}
