//! What a person must know of, and whether somebody looked at it.

use serde::{Deserialize, Serialize};

use crate::model::ids::{InvoiceId, TenantId};
use crate::model::row::ReasonGiven;
use crate::model::time::Timestamp;

/// A person's word that something was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// Who (`token:…`).
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What they noted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// Something nobody can put right and somebody must know of: the badge is red until it is
/// acknowledged. It stays here for ever, so that it is raised once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// What it is.
    pub reason: ReasonGiven,
    /// Who looked at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Acknowledged>,
}

/// What became of the link to a work order when its invoice was voided in Xero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkOrderLink {
    /// The order can be invoiced again.
    Freed,
    /// The order had been invoiced again: that invoice is live and untouched.
    KeptBy(InvoiceId),
}

/// Something that is to be done about an invoice at a later moment without asking Xero; its row says
/// what. It exists while that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    /// Its tenant.
    pub tenant: TenantId,
    /// The invoice.
    pub invoice: InvoiceId,
    /// Not before this moment.
    pub due: Timestamp,
}
