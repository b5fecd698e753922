//! Everything that can happen to a tenant.

use std::collections::{BTreeMap, BTreeSet};

use super::effect::{AskId, CallId, LoadId};
use crate::model::connection::ConnectionCause;
use crate::model::document::{Draft, Party};
use crate::model::ids::{GrantId, InvoiceId, OperationId, XeroInvoiceId};
use crate::model::reason::ReasonCode;
use crate::model::row::{
    Chart, ContactRow, Credits, Invoice, Job, JobKind, LinkOrder, Mapping, MappingKind, Settings, StreamKind,
};
use crate::model::time::{Mono, Timestamp};
use crate::model::xero::{Answer, Change, XeroInvoice};

/// One thing that happened, with the rows it concerns. Rows are read when the event is handed over,
/// after everything the machine asked to persist before: an older row would undo a newer decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The host wrote a document.
    HostWrote {
        /// Who waits for the reply.
        ask: AskId,
        /// The host's reference.
        host_ref: String,
        /// The document.
        draft: Box<Draft>,
        /// The row, if the reference is known.
        row: Option<Box<Invoice>>,
        /// Who wrote it, for the record.
        by: String,
    },
    /// A person pressed *Sync now*.
    SyncNow {
        /// Who waits for the reply.
        ask: AskId,
        /// The row.
        row: Box<Invoice>,
        /// Who asked, for the record.
        requested_by: String,
    },
    /// Somebody wants to see what would be sent.
    PreviewWanted {
        /// Who waits for the reply.
        ask: AskId,
        /// The rows.
        context: Box<PushContext>,
        /// The reference data, if it was ever read.
        chart: Option<Box<Chart>>,
    },
    /// The rows of a `Load`.
    Loaded {
        /// Which load.
        load: LoadId,
        /// The rows, in the order asked for.
        contexts: Vec<PushContext>,
        /// The reference data, if it was ever read.
        chart: Option<Box<Chart>>,
    },
    /// The rows of a `LoadFailed`; an empty list ends it.
    FailedLoaded {
        /// The reason that was asked for.
        code: ReasonCode,
        /// The subject that was asked for.
        subject: Option<String>,
        /// The rows, at most 500.
        rows: Vec<Invoice>,
    },
    /// The rows of a `LoadRows`.
    RowsLoaded {
        /// Which load.
        load: LoadId,
        /// The rows.
        rows: Vec<Invoice>,
    },
    /// A call was answered, or failed.
    Answered {
        /// Which call.
        call: CallId,
        /// The answer.
        answer: Answer,
        /// The rows the call named.
        rows: Vec<Invoice>,
    },
    /// A part of a long answer, ahead of the rest of it.
    Slice {
        /// Which call.
        call: CallId,
        /// Documents of the answer; the others come later.
        found: Vec<XeroInvoice>,
        /// The rows that are linked to them.
        rows: Vec<Invoice>,
    },
    /// Documents of a page of another stream than the one of invoices. All of them come before the
    /// page's answer, at most 500 at a time.
    Changes {
        /// Which call.
        call: CallId,
        /// The documents.
        found: Vec<Change>,
        /// The rows they concern.
        related: Related,
    },
    /// The rows of a `LoadFollowUps`.
    FollowUpsLoaded {
        /// Which load.
        load: LoadId,
        /// The rows.
        rows: Vec<Follow>,
    },
    /// The host says that a payment is on its way.
    PaymentSignalled {
        /// Who waits for the reply.
        ask: AskId,
        /// The row.
        row: Box<Invoice>,
        /// Who says so, for the record.
        by: String,
    },
    /// Somebody looked at what came back.
    Acknowledged {
        /// Who waits for the reply.
        ask: AskId,
        /// The row.
        row: Box<Invoice>,
        /// What they say.
        review: Box<Review>,
    },
    /// Somebody asks for a job.
    Begin {
        /// Who waits for the reply.
        ask: AskId,
        /// What is to be done.
        order: Box<JobOrder>,
        /// Who asked, for the record.
        requested_by: String,
    },
    /// Somebody cancels a job.
    Cancel {
        /// Who waits for the reply.
        ask: AskId,
        /// Its operation.
        operation: OperationId,
        /// Who cancels it, for the record.
        requested_by: String,
    },
    /// The rows of a `LoadLinked`; an empty list is the end.
    LinkedLoaded {
        /// Which load.
        load: LoadId,
        /// The rows.
        rows: Vec<Invoice>,
    },
    /// Webhooks rang: Xero may have news.
    Rung {
        /// What they named.
        ring: Box<Ring>,
        /// The rows that are linked to the invoices they named.
        rows: Vec<Invoice>,
    },
    /// Something about the connection became known.
    Connection(ConnectionEvent),
    /// A consent for this same organisation was given: its grant takes the place of the old one.
    Regranted {
        /// The grant.
        grant: GrantId,
        /// Who had it done.
        requested_by: String,
        /// How it came here, in a sentence.
        why: String,
    },
    /// A person ends the connection.
    Disconnected {
        /// Who.
        requested_by: String,
    },
    /// Mappings are to be set or taken away; what was red for them is released.
    MappingsSet {
        /// Who waits for the reply.
        ask: AskId,
        /// All of them are done, or none.
        orders: Vec<MappingOrder>,
        /// The reference data they are checked against, if it was ever read.
        chart: Option<Box<Chart>>,
        /// Who sets them, for the record.
        by: String,
    },
    /// The settings were changed.
    SettingsSet {
        /// Who waits for the reply.
        ask: AskId,
        /// The new settings.
        settings: Box<Settings>,
        /// Who changed them, for the record.
        by: String,
    },
    /// The host says how many first syncs it still allows.
    CreditsSet {
        /// Who waits for the reply.
        ask: AskId,
        /// So many; `None` = it does not count them.
        credits: Option<Credits>,
        /// Who said it, for the record.
        by: String,
    },
    /// Time passed.
    Woken,
}

/// A mapping that is to be set or taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingOrder {
    /// Its kind.
    pub kind: MappingKind,
    /// The host's word.
    pub key: String,
    /// Xero's word; `None` = take it away.
    pub value: Option<String>,
    /// What it was before.
    pub before: Option<String>,
}

/// What webhooks told about a tenant since it was last told: hints only, no truth.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ring {
    /// When the first of them was received.
    pub received_at: Mono,
    /// Invoices they named, at most [`RING_INVOICES_MAX`], with the moment of the change where they
    /// told it.
    pub invoices: BTreeMap<XeroInvoiceId, Option<Timestamp>>,
    /// Streams that may have news.
    pub streams: BTreeSet<StreamKind>,
    /// Whether a webhook was about this tenant. Otherwise webhooks are missing, and what they were
    /// about is read instead.
    pub is_webhook: bool,
}

/// Most invoices of one [`Ring`]: as many rows as one event may carry. More are found by the scan.
pub const RING_INVOICES_MAX: usize = 500;

/// A job that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobOrder {
    /// What is to be done.
    pub plan: JobPlan,
    /// How many invoices are linked; `None` = too many to read them by their ids.
    pub linked: Option<u32>,
    /// Invoices that were named and are not linked.
    pub skipped: u32,
    /// The one invoice it is about, if it is about one.
    pub invoice: Option<InvoiceId>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobPlan {
    /// Refresh what changed since the watermark.
    SinceWatermark,
    /// Refresh what changed since a moment.
    Since {
        /// The moment, by our clock.
        at: Timestamp,
        /// The window in a word.
        window: String,
    },
    /// Refresh all linked invoices.
    AllLinked,
    /// Refresh these.
    These(Vec<XeroInvoiceId>),
    /// What an operation left undone.
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

/// What is to be done with chosen invoices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkOrder {
    /// [`JobKind::Resync`] or [`JobKind::Acknowledge`].
    pub kind: JobKind,
    /// The invoices.
    pub invoices: Vec<InvoiceId>,
    /// References that were named and that no invoice has.
    pub missing: Vec<String>,
    /// Why, in the words of whoever asked.
    pub why: String,
}

/// What can happen to a connection. Some causes are wired by other parts of the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectionEvent {
    /// The host, or the meter, says the credits are used up.
    CreditsUsedUp,
    /// Credits were topped up.
    ToppedUp,
    /// The grant is dead or lacks a scope.
    GrantLost(ConnectionCause),
    /// `/connections` does not list the organisation.
    NotListed(ConnectionCause),
    /// `/connections` lists the organisation.
    Listed,
    /// A consent for this same organisation was given again.
    Reconnected,
    /// A person ended it.
    DisconnectedByPerson,
    /// The grace period is over.
    DeadlinePassed,
    /// The catch-up after a reconnection is committed.
    CaughtUp,
}

/// The rows a push of one invoice needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushContext {
    /// The invoice.
    pub invoice: Invoice,
    /// Whom it is for: as a rule the party it names.
    pub party: Party,
    /// That party, if it was resolved before.
    pub contact: Option<ContactRow>,
    /// Other local parties that were resolved under the same name.
    pub namesakes: Vec<ContactRow>,
    /// The mappings of its words, and of those an attempt sent.
    pub mappings: Vec<Mapping>,
    /// The party an attempt sent it for: since then the host may have written another one.
    pub sent_contact: Option<ContactRow>,
}

/// The rows that documents of a page concern.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Related {
    /// Invoices that payments pay, that credit notes take something off, or did.
    pub invoices: Vec<Invoice>,
    /// Parties that were resolved to contacts of the page.
    pub contacts: Vec<ContactRow>,
    /// Parties that a person mapped to contacts of the page.
    pub mappings: Vec<Mapping>,
}

/// An invoice about which something is to be done, and those of its work order if it was voided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// The invoice.
    pub invoice: Invoice,
    /// Every invoice of its work order, itself too.
    pub of_order: Vec<Invoice>,
}

/// A person's word about what came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// About its variance; otherwise about its alerts.
    pub is_about_variance: bool,
    /// The version of the row that was looked at; `None` = whichever there is.
    pub version: Option<u64>,
    /// Who looked.
    pub by: String,
    /// What they note.
    pub note: String,
}
