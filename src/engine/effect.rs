//! Everything a tenant can ask for.

use bytes::Bytes;

use super::status::Blocked;
use crate::model::candidates::Candidate;
use crate::model::connection::{ConnectionCause, ConnectionState};
use crate::model::document::InvoiceKind;
use crate::model::failure::{FailureKind, Limit};
use crate::model::ids::{IntentId, InvoiceId, OperationId, XeroInvoiceId};
use crate::model::reason::ReasonCode;
use crate::model::row::{Class, Invoice, JobKind, MappingKind, Operation, ReasonGiven, StreamKind};
use crate::model::time::Timestamp;
use crate::model::write::Write;
use crate::model::xero::{Request, WriteTarget};

/// Names a caller that waits for a reply; given out by the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AskId(pub u64);

/// Names a call to Xero while its machine lives. An answer that carries another machine's or an
/// ended call's number is ignored and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// Names a load of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LoadId(pub u64);

/// One thing the machine asks the shell to do. A list is carried out in order; whatever follows a
/// `Persist` waits until the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Make these changes durable, all or none.
    Persist(Vec<Write>),
    /// Read the rows these invoices need for a push, and the reference data.
    Load {
        /// Comes back with the rows.
        load: LoadId,
        /// The invoices.
        invoices: Vec<InvoiceId>,
    },
    /// Read invoices that are red for a reason (and, if given, for this subject).
    LoadFailed {
        /// The reason.
        code: ReasonCode,
        /// What it is about.
        subject: Option<String>,
        /// Continue behind this invoice.
        after: Option<InvoiceId>,
    },
    /// Read the rows of intents whose badges must follow a change of the connection.
    LoadRows {
        /// Comes back with the rows.
        load: LoadId,
        /// The invoices.
        invoices: Vec<InvoiceId>,
    },
    /// Read invoices about which something is to be done, and those of their work orders.
    LoadFollowUps {
        /// Comes back with the rows.
        load: LoadId,
        /// The invoices.
        invoices: Vec<InvoiceId>,
    },
    /// Read the next linked invoices, in the order of Xero's ids.
    LoadLinked {
        /// Comes back with the rows.
        load: LoadId,
        /// Continue behind this document.
        after: Option<XeroInvoiceId>,
    },
    /// Call Xero. The rows named come back with the answer.
    Call(Call),
    /// Ask `/connections` whether the organisation is still listed.
    CheckConnection,
    /// Answer a caller.
    Reply(AskId, Reply),
    /// Tell operators.
    Announce(Notice),
}

/// A call to Xero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its number.
    pub id: CallId,
    /// Its priority: the application's shared budget asks for it.
    pub class: Class,
    /// What is asked.
    pub request: Request,
    /// The rows the answer will be about.
    pub rows: RowsWanted,
}

/// The rows that are handed over with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowsWanted {
    /// These.
    These(Vec<InvoiceId>),
    /// The ones that are linked to the documents in the answer; at most 500 documents at a time
    /// ([`Event::Slice`](super::event::Event::Slice)).
    Linked,
    /// The ones that are linked to these documents, whether the answer shows them or not.
    LinkedTo(Vec<XeroInvoiceId>),
    /// The ones with these references, and those that are linked to the documents in the answer.
    RefsAndLinked(Vec<String>),
}

/// What a caller is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The host's write is durable.
    Accepted {
        /// The invoice as it now stands.
        invoice: Box<Invoice>,
        /// Whether it was new.
        created: bool,
        /// Whether it says something else than before.
        changed: bool,
    },
    /// The kind of a document that is in Xero, or on its way, cannot change. Nothing was stored.
    KindChanged {
        /// The kind it has.
        was: InvoiceKind,
        /// The kind it was given.
        wanted: InvoiceKind,
    },
    /// The connection does not allow reading. Nothing was stored.
    NotConnected(ConnectionState),
    /// Too many jobs are open. Nothing was stored.
    TooManyJobs,
    /// An operation was queued (or joined), or cancelled.
    Operation(Box<Operation>),
    /// The operation has ended. Nothing was stored.
    HasEnded,
    /// The operation pushes a document: that cannot be called back. Nothing was stored.
    IsPush,
    /// What would be sent.
    Preview(Box<Preview>),
    /// What was said about an invoice is durable.
    Noted(Box<Invoice>),
    /// Nothing was stored: the invoice is not as it was when it was looked at.
    Changed(Box<Invoice>),
    /// Nothing was stored: Xero has nothing that these could be mapped to.
    Unmappable(Vec<Unmappable>),
    /// The change is durable.
    Done {
        /// How many documents it released.
        released: usize,
    },
}

/// A mapping that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmappable {
    /// Its kind.
    pub kind: MappingKind,
    /// The host's word.
    pub key: String,
    /// Why not, in a sentence.
    pub why: String,
    /// What may be meant.
    pub candidates: Vec<Candidate>,
}

/// What a push of a document would do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preview {
    /// It would send this.
    Send {
        /// Where to.
        target: WriteTarget,
        /// The exact body.
        body: Bytes,
        /// What would be settled first (contact created, reference data read, document compared).
        first: Vec<String>,
    },
    /// There is nothing to send: Xero already has it.
    Nothing,
    /// There is nothing to send: the document has this status in Xero, for good.
    Gone(String),
    /// It would be refused.
    Refused(ReasonGiven),
}

/// Something notable; `observe` turns each into exactly one log line and its metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The host wrote a document.
    Accepted {
        /// The invoice.
        invoice: InvoiceId,
        /// Whether it was new.
        created: bool,
    },
    /// A document is in Xero as the host wants it.
    Synced {
        /// The invoice.
        invoice: InvoiceId,
        /// Sales invoice or bill.
        kind: InvoiceKind,
        /// From being queued to being in Xero, in milliseconds.
        latency_ms: u64,
    },
    /// A badge went red.
    Failed {
        /// The invoice.
        invoice: InvoiceId,
        /// Sales invoice or bill.
        kind: InvoiceKind,
        /// Why.
        code: ReasonCode,
    },
    /// A contact could not be resolved; the documents that need it turn red.
    ContactFailed {
        /// Why.
        code: ReasonCode,
    },
    /// An automatic retry was scheduled.
    RetryScheduled {
        /// The intent.
        intent: IntentId,
        /// Which retry, from 1.
        retry: u8,
        /// In how many milliseconds.
        delay_ms: u64,
    },
    /// An attempt's outcome is not known; it is being found out.
    OutcomeUnknown {
        /// How many documents it concerns.
        members_count: usize,
        /// How it failed.
        kind: FailureKind,
    },
    /// An unknown outcome is known now.
    OutcomeSettled {
        /// How many documents it concerned.
        members_count: usize,
        /// How: `replay`, `look_up`, `absent`.
        how: &'static str,
    },
    /// A call was answered.
    Called {
        /// Label of the resource.
        resource: &'static str,
        /// Whether it was a write.
        is_write: bool,
        /// `None` = success.
        failure: Option<FailureKind>,
        /// Decoded bytes of the answer.
        bytes_count: u64,
        /// How long it took, in milliseconds.
        took_ms: u64,
    },
    /// Xero said 429.
    Throttled {
        /// Which limit.
        limit: Limit,
        /// How long it asked us to wait, in milliseconds.
        wait_ms: u64,
    },
    /// Xero failed several times in a row: calls stop but for one probe at a time.
    BreakerOpened,
    /// Xero answers again.
    BreakerClosed,
    /// Sending stopped or goes on; `None` = goes on.
    SendGate(Option<Blocked>),
    /// The connection changed.
    ConnectionChanged {
        /// From.
        from: ConnectionState,
        /// To.
        to: ConnectionState,
        /// Why.
        cause: Option<ConnectionCause>,
    },
    /// An operation ended.
    OperationFinished {
        /// Which.
        operation: OperationId,
        /// Whether it succeeded.
        succeeded: bool,
    },
    /// A scan of what changed in Xero is complete.
    Scanned {
        /// Which stream.
        stream: StreamKind,
        /// Documents looked at.
        checked_count: u32,
        /// Of these, the ones that are not followed.
        not_linked_count: u32,
        /// Of these, the ones that were changed here.
        changed_count: u32,
    },
    /// Webhooks rang.
    Rung {
        /// Invoices they named that will be read by their ids.
        read_count: usize,
        /// Of these, the ones that wait to be read already.
        folded_count: usize,
        /// Others whose change is here already.
        known_count: usize,
        /// Others that are not followed.
        not_followed_count: usize,
        /// Others there is no room for: the scan finds them.
        crowded_count: usize,
    },
    /// The change that a webhook announced is here.
    HookTaken {
        /// From the receipt of the webhook, in milliseconds.
        took_ms: u64,
    },
    /// A scan found changes that no webhook had announced.
    Unannounced {
        /// How many.
        count: u32,
        /// When the latest of them was made, in Xero's time.
        latest: Timestamp,
    },
    /// A refresh, check, comparison or set of links ended.
    JobEnded {
        /// Which.
        kind: JobKind,
        /// Documents looked at.
        checked_count: u32,
        /// Of these, the ones that were changed or linked, or that differ.
        changed_count: u32,
    },
    /// An answer came for a call that is not open any more.
    StaleAnswer,
    /// An event did not fit the state it met: a defect.
    IllegalEvent {
        /// The state.
        state: String,
        /// The event.
        event: String,
    },
}
