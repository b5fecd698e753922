//! What the control endpoint may ask of the actors: the whole door, as a trait, so that `http`
//! knows no actor and can be tested against a double.

use futures_util::future::BoxFuture;

pub use super::connect::{
    AppKind, ConnectFault, ConnectOrder, ConnectStage, ConnectView, Connected, Ended, Offered, Returned, Severed,
    Standing,
};
use crate::engine::effect::Preview;
pub use crate::engine::effect::Unmappable;
pub use crate::engine::event::{BulkOrder, MappingOrder};
use crate::model::connection::ConnectionState;
use crate::model::document::Draft;
use crate::model::failure::Failure;
use crate::model::ids::{ConnectId, InvoiceId, OperationId, TenantId, XeroInvoiceId, XeroTenantId};
use crate::model::row::{Credits, Invoice, Job, LinkOrder, Operation, Receipt, Settings};
use crate::model::secret::SecretString;
use crate::model::time::Timestamp;

/// An answer that comes later. It is only given once everything it tells of is durable.
pub type Answer<T> = BoxFuture<'static, Result<T, Refused>>;

/// How an invoice is named in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvoiceName {
    /// By our id.
    Id(InvoiceId),
    /// By the host's reference (`ref:…`).
    HostRef(String),
}

/// A host write that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The invoice as it now stands.
    pub invoice: Invoice,
    /// Whether it was new.
    pub created: bool,
    /// Whether it says something else than before.
    pub changed: bool,
}

/// A person's word that something was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// About the variance of the invoice; otherwise about its alerts.
    pub is_about_variance: bool,
    /// The version of the invoice that was looked at; `None` = whichever there is.
    pub version: Option<u64>,
    /// Who looked.
    pub by: String,
    /// What they note.
    pub note: String,
}

/// An existing integration's grant to adopt.
#[derive(Debug, Clone)]
pub struct ConnectImport {
    /// Its refresh token.
    pub refresh_token: SecretString,
    /// The organisations to serve; `None` = all it reaches.
    pub tenants: Option<Vec<XeroTenantId>>,
    /// Start with auto-sync off.
    pub observe: bool,
    /// Who asks, for the record (`token:…`, `socket:…`, `system`).
    pub requested_by: String,
}

/// A job that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobWanted {
    /// Refresh what changed since the watermark.
    SinceWatermark,
    /// Refresh what changed since a moment.
    Since {
        /// The moment.
        at: Timestamp,
        /// The window in a word.
        window: String,
    },
    /// Refresh all linked invoices.
    AllLinked,
    /// Refresh these.
    These(Vec<InvoiceName>),
    /// Refresh what a filter showed when it was asked for.
    Frozen {
        /// What is linked.
        ids: Vec<XeroInvoiceId>,
        /// How many are not.
        skipped: u32,
    },
    /// Do what an operation left undone.
    Again {
        /// Its rest, and what had failed.
        job: Box<Job>,
        /// The operation.
        of: OperationId,
    },
    /// Check again what may have been missed.
    Reconcile,
    /// Compare both sides.
    Drift,
    /// Link documents that are in Xero already.
    Links(Vec<LinkOrder>),
    /// Go through chosen invoices.
    Bulk(BulkOrder),
}

/// Why a request was not taken. Nothing was stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No such tenant.
    #[error("no such tenant")]
    TenantNotFound,
    /// No such invoice.
    #[error("no such invoice")]
    InvoiceNotFound,
    /// No such operation.
    #[error("no such operation {0}")]
    OperationNotFound(OperationId),
    /// The tenant's mailbox is full.
    #[error("the tenant is busy")]
    Busy,
    /// The tenant is parked after repeated faults.
    #[error("the tenant is parked: {0}")]
    Parked(String),
    /// The daemon is stopping.
    #[error("the daemon is stopping")]
    Draining,
    /// The disk is nearly full; new work is refused before anything can be lost.
    #[error("the disk is nearly full: {0}")]
    DiskReserve(String),
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(String),
    /// The kind of a document that is in Xero, or on its way, cannot change.
    #[error("a {was} document cannot become a {wanted} document")]
    KindChanged {
        /// The kind it has.
        was: &'static str,
        /// The kind it was given.
        wanted: &'static str,
    },
    /// The invoice is not as it was when it was looked at.
    #[error("the invoice has version {0} now")]
    Changed(u64),
    /// The connection does not allow reading.
    #[error("the connection is {}", .0.label())]
    NotConnected(ConnectionState),
    /// The operation has ended.
    #[error("the operation has ended")]
    HasEnded,
    /// A push cannot be called back.
    #[error("a push cannot be called back")]
    IsPush,
    /// Too many jobs of the tenant are open.
    #[error("too many jobs are open")]
    TooManyJobs,
    /// There is no such attempt to connect.
    #[error("no such attempt to connect {0}")]
    NoConnectAttempt(ConnectId),
    /// Connecting does not go on.
    #[error("connecting ended: {}", .0.code())]
    Connect(ConnectFault),
    /// Xero failed, or refused the grant.
    #[error("xero: {0}")]
    Xero(Failure),
    /// Xero has nothing that these could be mapped to.
    #[error("{} mappings cannot be", .0.len())]
    Unmappable(Vec<Unmappable>),
    /// The grant does not reach this organisation.
    #[error("the grant does not reach the organisation {0}")]
    NotReached(XeroTenantId),
}

/// The door to the actors.
pub trait Control: Send + Sync {
    /// Takes a host's document: creates it or replaces its content.
    fn put_invoice(&self, tenant: TenantId, host_ref: String, draft: Draft, by: String) -> Answer<Accepted>;
    /// *Sync now*: queues a push whatever the toggles say. Joins an operation that is open for it.
    fn resync(&self, tenant: TenantId, invoice: InvoiceName, requested_by: String) -> Answer<Operation>;
    /// The host takes a payment: for some minutes the invoice is not compared.
    fn signal_payment(&self, tenant: TenantId, invoice: InvoiceName, by: String) -> Answer<Invoice>;
    /// Somebody looked at what came back. Nothing open is no fault.
    fn acknowledge(&self, tenant: TenantId, invoice: InvoiceName, word: Acknowledgement) -> Answer<Invoice>;
    /// Queues a job. Joins one that asks for the same and has not begun.
    fn begin(&self, tenant: TenantId, wanted: JobWanted, requested_by: String) -> Answer<Operation>;
    /// Cancels a job: now, or once its call under way is answered.
    fn cancel(&self, tenant: TenantId, operation: OperationId, requested_by: String) -> Answer<Operation>;
    /// What a push would send now. Calls nothing.
    fn preview(&self, tenant: TenantId, invoice: InvoiceName) -> Answer<Preview>;
    /// Adopts a grant and starts its tenants; those already there are reconnected.
    fn connect_import(&self, order: ConnectImport) -> Answer<Vec<Connected>>;
    /// Begins an attempt to connect by a consent; a custom connection is connected at once.
    fn begin_connect(&self, order: ConnectOrder) -> Answer<ConnectView>;
    /// How an attempt stands.
    fn connect_view(&self, id: ConnectId) -> Answer<ConnectView>;
    /// Takes what somebody came back from Xero with. Gives the ticket with which they choose.
    fn come_back(&self, returned: Returned) -> Answer<(String, ConnectView)>;
    /// How the attempt of a ticket stands.
    fn choice(&self, ticket: String) -> Answer<ConnectView>;
    /// Connects the organisations that were chosen.
    fn choose(&self, ticket: String, chosen: Vec<XeroTenantId>, observe: bool) -> Answer<ConnectView>;
    /// Ends a tenant's connection, here and at Xero. Can be repeated.
    fn disconnect(&self, tenant: TenantId, requested_by: String) -> Answer<Ended>;
    /// Sets mappings, or takes them away, all or none, and releases what was red for them; tells how
    /// many documents that were.
    fn set_mappings(&self, tenant: TenantId, orders: Vec<MappingOrder>, by: String) -> Answer<usize>;
    /// Replaces the settings and releases what was red for them; tells how many documents that were.
    fn set_settings(&self, tenant: TenantId, settings: Settings, by: String) -> Answer<(Settings, usize)>;
    /// The host says how many first syncs it still allows; `None` = it does not count them.
    fn set_credits(&self, tenant: TenantId, credits: Option<Credits>, by: String) -> Answer<()>;
    /// Keeps the answer to a request that carried an `Idempotency-Key`, before it is given.
    fn keep_receipt(&self, receipt: Receipt) -> Answer<()>;
}
