//! Work in steps that an operation does: refreshes, the nightly check, links, comparisons, and what people ask
//! for many invoices at once.

use serde::{Deserialize, Serialize};

use crate::model::ids::{InvoiceId, OperationId, TenantId, XeroInvoiceId};
use crate::model::row::Class;
use crate::model::time::Timestamp;

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Reads documents again because a person wants it.
    Refresh,
    /// Reads again what may have been missed.
    Reconcile,
    /// Compares both sides and changes nothing.
    Drift,
    /// Links documents that are in Xero already.
    Link,
    /// Sends invoices again.
    Resync,
    /// Acknowledges alerts.
    Acknowledge,
}

impl JobKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Refresh,
        Self::Reconcile,
        Self::Drift,
        Self::Link,
        Self::Resync,
        Self::Acknowledge,
    ];

    /// The word in API and metrics: the kind of its operation.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::Reconcile => "reconcile",
            Self::Drift => "drift",
            Self::Link => "link",
            Self::Resync => "resync",
            Self::Acknowledge => "acknowledge",
        }
    }

    /// Whether it goes through chosen invoices and makes no call of its own: its steps are invoices.
    #[must_use]
    pub const fn is_bulk(self) -> bool {
        matches!(self, Self::Resync | Self::Acknowledge)
    }
}

/// What a job does next, once nothing is left to be read by its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStep {
    /// Reads what changed in Xero since a moment, page by page, the last one first.
    Pages {
        /// In Xero's time.
        since: Timestamp,
        /// When it began, in Xero's time; `None` = page 1 has not told how many there are.
        began_at: Option<Timestamp>,
        /// The page to be read next.
        page: u32,
        /// Without lines and payments: what differs is then read by its id.
        summary: bool,
        /// The latest change seen so far.
        seen: Option<Timestamp>,
    },
    /// Goes through the linked invoices in the order of Xero's ids.
    Walk {
        /// Behind this one.
        after: Option<XeroInvoiceId>,
        /// Only those that are open in Xero.
        open_only: bool,
    },
    /// Nothing.
    End,
}

/// A document in Xero and the invoice it is to be linked to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkOrder {
    /// The host's reference.
    pub host_ref: String,
    /// Which document.
    pub document: LinkTo,
}

/// How a document in Xero is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkTo {
    /// By Xero's id.
    Id(XeroInvoiceId),
    /// By its number.
    Number(String),
}

/// The rest of a job. It exists while its operation is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its tenant.
    pub tenant: TenantId,
    /// Its operation.
    pub operation: OperationId,
    /// What it does.
    pub kind: JobKind,
    /// Priority of its calls.
    pub class: Class,
    /// What was asked for, in a word: a job that has not begun is joined by its equal.
    pub what: String,
    /// What comes after `ids`.
    pub step: JobStep,
    /// Documents to be read by their ids, before anything else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<XeroInvoiceId>,
    /// Linked invoices when it was asked for: when there are fewer of them than pages, they are
    /// read by their ids. `None` = too many for that.
    #[serde(default)]
    pub linked: Option<u32>,
    /// Links still to be made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<LinkOrder>,
    /// Chosen invoices that are still to be gone through.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invoices: Vec<InvoiceId>,
    /// A person cancelled it: the call that was under way is its last.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_cancelled: bool,
}

impl Job {
    /// Whether anything of it is left to do.
    #[must_use]
    pub fn has_rest(&self) -> bool {
        self.step != JobStep::End || !self.ids.is_empty() || !self.links.is_empty() || !self.invoices.is_empty()
    }
}

/// What an operation counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Documents looked at.
    #[serde(default)]
    pub checked: u32,
    /// Of these, the ones that were changed here (repaired, linked), or that differ.
    #[serde(default)]
    pub changed: u32,
    /// Documents in Xero that are not linked.
    #[serde(default)]
    pub not_linked: u32,
    /// Invoices that were named and are not linked to Xero, or about which there is nothing to do.
    #[serde(default)]
    pub skipped: u32,
    /// What could not be done.
    #[serde(default)]
    pub failed: u32,
    /// Items of the result.
    #[serde(default)]
    pub items: u32,
}

/// One document in the result of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationItem {
    /// The operation.
    pub operation: OperationId,
    /// Counts the items of the operation, from 0.
    pub index: u32,
    /// The invoice, if there is one.
    #[serde(default)]
    pub invoice: Option<InvoiceId>,
    /// The host's reference, if known.
    #[serde(default)]
    pub host_ref: Option<String>,
    /// Xero's id, if known.
    #[serde(default)]
    pub xero_id: Option<XeroInvoiceId>,
    /// The document a link named that was not made: it can be tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<LinkTo>,
    /// Whether it was done.
    pub is_done: bool,
    /// Whether there was nothing to do: neither done nor failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_skipped: bool,
    /// What happened, as a code.
    pub code: String,
    /// The same in a sentence.
    pub detail: String,
    /// What differed or was changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

/// One field before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which, in dotted words (`totals.total`, `lines.1.quantity`).
    pub field: String,
    /// Before, or here.
    pub before: String,
    /// After, or in Xero.
    pub after: String,
}
