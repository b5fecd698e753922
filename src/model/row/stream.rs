//! How far Xero's changes have been read.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::model::ids::{OperationId, TenantId, XeroInvoiceId};
use crate::model::time::Timestamp;

/// A kind of change that is read from Xero again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamKind {
    /// Invoices and bills.
    Invoices,
    /// Payments, deleted ones too.
    Payments,
    /// Credit notes with their allocations.
    CreditNotes,
    /// Contacts: renamed, merged, archived.
    Contacts,
    /// Manual journals.
    ManualJournals,
}

impl StreamKind {
    /// Every stream.
    pub const ALL: [Self; 5] = [
        Self::Invoices,
        Self::Payments,
        Self::CreditNotes,
        Self::Contacts,
        Self::ManualJournals,
    ];

    /// The word in API, metrics and paths.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Invoices => "invoices",
            Self::Payments => "payments",
            Self::CreditNotes => "credit_notes",
            Self::Contacts => "contacts",
            Self::ManualJournals => "manual_journals",
        }
    }
}

/// What is known of one stream after its last complete scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// Its tenant.
    pub tenant: TenantId,
    /// Which stream.
    pub kind: StreamKind,
    /// Where the next scan begins, in Xero's time: everything older is here.
    pub from: Timestamp,
    /// The latest change seen in a complete scan, in Xero's time: what people see as watermark (S2).
    #[serde(default)]
    pub seen: Option<Timestamp>,
    /// When the last complete scan was saved, by our clock.
    #[serde(default)]
    pub saved_at: Option<Timestamp>,
    /// Documents the last complete scan looked at.
    #[serde(default)]
    pub checked: u32,
    /// Of these, the ones that were not followed.
    #[serde(default)]
    pub not_linked: u32,
    /// Documents of ours that became known by an answer Xero had kept, after scans may have passed
    /// what happened to them since: `from` moves once they were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owed: Vec<XeroInvoiceId>,
}

/// The latest date of an organisation that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciled {
    /// Its tenant.
    pub tenant: TenantId,
    /// The date in the organisation's own calendar.
    pub date: NaiveDate,
    /// The operation that checks it.
    pub operation: OperationId,
    /// When it began, by our clock.
    pub began_at: Timestamp,
}

/// A scan under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    /// Its tenant.
    pub tenant: TenantId,
    /// Which stream.
    pub kind: StreamKind,
    /// What it asks for: changes since this moment of Xero's time.
    pub since: Timestamp,
    /// The moment of Xero's time at which it began.
    pub began_at: Timestamp,
    /// The page to be read next, counted down to 1.
    pub page: u32,
    /// The latest change seen so far.
    #[serde(default)]
    pub seen: Option<Timestamp>,
    /// Documents looked at so far.
    #[serde(default)]
    pub checked: u32,
    /// Of these, the ones that are not followed.
    #[serde(default)]
    pub not_linked: u32,
    /// Of these, the ones that were changed here.
    #[serde(default)]
    pub changed: u32,
}
