//! What the control endpoint reads from the store: committed rows only, never a decision.

use chrono::NaiveDate;
use std::collections::BTreeSet;
use tokio::sync::watch;

use crate::model::document::InvoiceKind;
use crate::model::ids::{AuditId, InvoiceId, OperationId, TenantId, XeroTenantId};
use crate::model::reason::ReasonCode;
use crate::model::row::{
    Audit, Badge, Chart, ContactRow, Event, Invoice, Mapping, MappingKind, Operation, OperationItem, OperationState,
    Receipt, Reconciled, Stream, Tenant, VarianceLevel,
};
use crate::model::standing::Due;
pub use crate::store::reader::ReasonCount;

pub use crate::store::reader::{ContactUses, Gap, Gaps};

/// The store could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the store cannot be read: {0}")]
pub struct ReadFailed(pub String);

/// A page of invoices to read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InvoiceQuery {
    /// Only this badge; `Some(None)` = those without a badge.
    pub badge: Option<Option<Badge>>,
    /// Only those that are red for this reason.
    pub reason: Option<ReasonCode>,
    /// Only those with an open variance; `Some(Some(level))` = of this level.
    pub variance: Option<Option<VarianceLevel>>,
    /// Only sales invoices, or only bills.
    pub kind: Option<InvoiceKind>,
    /// Only those that wait for money, on this tab.
    pub due: Option<Due>,
    /// The day of the organisation on which that is judged.
    pub today: Option<NaiveDate>,
    /// Only those with exactly this number.
    pub number: Option<String>,
    /// Only those with this text in number, host reference or contact name, of any case.
    pub text: Option<String>,
    /// Behind this invoice, in the order asked for.
    pub after: Option<InvoiceId>,
    /// At most so many.
    pub limit: usize,
    /// Newest first, else oldest first.
    pub newest_first: bool,
}

/// Open variances of one organisation are counted up to this many: there is no kept count.
pub const VARIANCES_COUNTED_MAX: usize = 1_000;

/// How many invoices have each badge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BadgeCounts {
    /// "Synced to Xero".
    pub synced: u64,
    /// "Pending".
    pub pending: u64,
    /// "Sync failed".
    pub failed: u64,
    /// No badge.
    pub none: u64,
    /// Of all, those whose alerts were acknowledged.
    pub acknowledged: u64,
    /// Of all, those that differ in Xero and nobody acknowledged it; at most
    /// [`VARIANCES_COUNTED_MAX`].
    pub variances: u64,
}

impl BadgeCounts {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.synced + self.pending + self.failed + self.none
    }

    /// Those of another organisation too.
    pub const fn add(&mut self, other: Self) {
        self.synced += other.synced;
        self.pending += other.pending;
        self.failed += other.failed;
        self.none += other.none;
        self.acknowledged += other.acknowledged;
        self.variances += other.variances;
    }
}

/// A page of operations to read, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OperationQuery {
    /// Only this tenant's.
    pub tenant: Option<TenantId>,
    /// Only those in this state.
    pub state: Option<OperationState>,
    /// Older than this one.
    pub after: Option<OperationId>,
    /// At most so many.
    pub limit: usize,
}

/// Committed rows. Every function blocks and is called off the endpoint's worker.
pub trait Reads: Send + Sync {
    /// Every tenant, by id.
    ///
    /// # Errors
    /// The store cannot be read, as with every function here.
    fn tenants(&self) -> Result<Vec<Tenant>, ReadFailed>;
    /// A tenant by our id.
    fn tenant(&self, id: TenantId) -> Result<Option<Tenant>, ReadFailed>;
    /// A tenant by Xero's id.
    fn tenant_by_xero(&self, id: XeroTenantId) -> Result<Option<Tenant>, ReadFailed>;
    /// An invoice by our id.
    fn invoice(&self, tenant: TenantId, id: InvoiceId) -> Result<Option<Invoice>, ReadFailed>;
    /// An invoice by the host's reference.
    fn invoice_by_ref(&self, tenant: TenantId, name: &str) -> Result<Option<Invoice>, ReadFailed>;
    /// A page of invoices.
    fn invoices(&self, tenant: TenantId, query: &InvoiceQuery) -> Result<Vec<Invoice>, ReadFailed>;
    /// How many invoices have each badge.
    fn counts(&self, tenant: TenantId) -> Result<BadgeCounts, ReadFailed>;
    /// The red invoices by reason, the most frequent first.
    fn failed_by_reason(&self, tenant: TenantId) -> Result<Vec<ReasonCount>, ReadFailed>;
    /// An operation.
    fn operation(&self, id: OperationId) -> Result<Option<Operation>, ReadFailed>;
    /// A page of operations.
    fn operations(&self, query: &OperationQuery) -> Result<Vec<Operation>, ReadFailed>;
    /// Items of an operation's result from a place on.
    fn items(&self, operation: OperationId, from: u32, limit: usize) -> Result<Vec<OperationItem>, ReadFailed>;
    /// What is known of a tenant's streams.
    fn streams(&self, tenant: TenantId) -> Result<Vec<Stream>, ReadFailed>;
    /// The latest date that was checked at night.
    fn reconciled(&self, tenant: TenantId) -> Result<Option<Reconciled>, ReadFailed>;
    /// Entries of the record of changes, oldest first, behind one of them.
    fn audit(&self, tenant: TenantId, after: Option<AuditId>, limit: usize) -> Result<Vec<Audit>, ReadFailed>;
    /// Entries of the record of changes, newest first, before one of them.
    fn latest_audit(&self, tenant: TenantId, before: Option<AuditId>, limit: usize) -> Result<Vec<Audit>, ReadFailed>;
    /// Entries about one invoice, newest first, behind one of them.
    fn audit_of_invoice(
        &self,
        tenant: TenantId,
        invoice: InvoiceId,
        after: Option<AuditId>,
        limit: usize,
    ) -> Result<Vec<Audit>, ReadFailed>;
    /// How many invoices are linked.
    fn linked_count(&self, tenant: TenantId) -> Result<u32, ReadFailed>;
    /// Entries of the feed behind `after_seq`, oldest first.
    fn events(&self, after_seq: u64, limit: usize, tenant: Option<TenantId>) -> Result<Vec<(u64, Event)>, ReadFailed>;
    /// Sequence number of the oldest entry that is kept; one more than [`Self::feed_end`] when
    /// there is none.
    fn feed_oldest(&self) -> Result<u64, ReadFailed>;
    /// Sequence number of the last durable entry, 0 when there never was one.
    fn feed_end(&self) -> u64;
    /// Names this feed: a restored store has another one.
    fn feed_epoch(&self) -> String;
    /// Follows [`Self::feed_end`].
    fn feed_watch(&self) -> watch::Receiver<u64>;
    /// The kept answer under this key.
    fn receipt(&self, key: &str) -> Result<Option<Receipt>, ReadFailed>;
    /// What invoices are red about for a reason, at most `limit`.
    fn gaps(&self, tenant: TenantId, code: ReasonCode, limit: usize) -> Result<Gaps, ReadFailed>;
    /// A resolved party by the host's key.
    fn contact(&self, tenant: TenantId, reference: &str) -> Result<Option<ContactRow>, ReadFailed>;
    /// The parties that were resolved under a name.
    fn contacts_named(&self, tenant: TenantId, name: &str) -> Result<Vec<ContactRow>, ReadFailed>;
    /// How many synced invoices of parties with these names went to which contact.
    fn contact_uses(&self, tenant: TenantId, names: &BTreeSet<String>) -> Result<ContactUses, ReadFailed>;
    /// The organisation's reference data, if it was ever read.
    fn chart(&self, tenant: TenantId) -> Result<Option<Chart>, ReadFailed>;
    /// Every mapping of a kind, by key.
    fn mappings(&self, tenant: TenantId, kind: MappingKind) -> Result<Vec<Mapping>, ReadFailed>;
}
