//! One durable change as a value: what the engine decides and the store applies.

use super::ids::{BatchId, GrantId, IntentId, InvoiceId, OperationId, TenantId};
use super::row::{
    Audit, Batch, CallMinute, Chart, ContactRow, Event, FollowUp, GrantRow, Intent, Invoice, Job, Mapping, MappingKind,
    Operation, OperationItem, Receipt, Reconciled, Scan, Stream, StreamKind, Tenant,
};

/// One change of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Adds or replaces a tenant.
    Tenant(Box<Tenant>),
    /// Adds or replaces an invoice.
    Invoice(Box<Invoice>),
    /// Adds or replaces an intent.
    Intent(Box<Intent>),
    /// An intent has been settled.
    DropIntent(TenantId, IntentId),
    /// Adds or replaces an open attempt.
    Batch(Box<Batch>),
    /// Every member of an attempt has been settled.
    DropBatch(TenantId, BatchId),
    /// Adds or replaces a contact.
    Contact(Box<ContactRow>),
    /// Replaces the reference data.
    Chart(Box<Chart>),
    /// Adds or replaces a mapping.
    Mapping(Box<Mapping>),
    /// A mapping was taken away (by its key).
    DropMapping(TenantId, MappingKind, String),
    /// Replaces the calls of one minute.
    Calls(CallMinute),
    /// Drops the calls of one minute (minutes since 1970).
    DropCalls(TenantId, i64),
    /// Adds or replaces what is known of a stream.
    Stream(Box<Stream>),
    /// Adds or replaces a scan under way.
    Scan(Box<Scan>),
    /// A scan is complete.
    DropScan(TenantId, StreamKind),
    /// Adds or replaces what is to be done about an invoice later.
    FollowUp(FollowUp),
    /// It was done.
    DropFollowUp(TenantId, InvoiceId),
    /// Adds or replaces the rest of a job.
    Job(Box<Job>),
    /// A job has ended.
    DropJob(TenantId, OperationId),
    /// Adds an item to an operation's result.
    Item(Box<OperationItem>),
    /// Adds an entry to the record of changes.
    Audit(Box<Audit>),
    /// A date of the organisation is being checked.
    Reconciled(Box<Reconciled>),
    /// Adds or replaces an operation.
    Operation(Box<Operation>),
    /// Adds or replaces a grant.
    Grant(Box<GrantRow>),
    /// Drops a grant.
    DropGrant(GrantId),
    /// Adds a kept answer.
    Receipt(Box<Receipt>),
    /// Drops a kept answer (by its key).
    DropReceipt(String),
    /// Adds an entry to the feed.
    Event(Box<Event>),
}
