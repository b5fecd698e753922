//! What we send to Xero and ask of it, and how it answers.

use bytes::Bytes;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::change::Change;
use super::seen::{Account, Element, Organisation, TaxRate, XeroContact, XeroInvoice, XeroStatus};
use crate::model::document::{Currency, InvoiceKind, LineAmountTypes};
use crate::model::failure::Failure;
use crate::model::ids::{LineItemId, XeroContactId, XeroInvoiceId};
use crate::model::row::StreamKind;
use crate::model::time::Timestamp;

/// A line to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingLine {
    /// The existing line; `None` = a new one.
    pub id: Option<LineItemId>,
    /// Description.
    pub description: String,
    /// Quantity.
    pub quantity: Decimal,
    /// Unit price.
    pub unit_amount: Decimal,
    /// Account code.
    pub account_code: Option<String>,
    /// Tax type.
    pub tax_type: Option<String>,
    /// Tax, where the host fixes it.
    pub tax_amount: Option<Decimal>,
    /// Item code.
    pub item_code: Option<String>,
    /// Discount in percent.
    pub discount_rate: Option<Decimal>,
}

/// A document to create, complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingInvoice {
    /// Sales invoice or bill.
    pub kind: InvoiceKind,
    /// Number.
    pub number: String,
    /// Reference; sales only.
    pub reference: Option<String>,
    /// Contact: the id alone travels.
    pub contact: XeroContactId,
    /// Date.
    pub date: NaiveDate,
    /// Due date.
    pub due_date: Option<NaiveDate>,
    /// Currency.
    pub currency: Currency,
    /// How line amounts relate to tax.
    pub line_amount_types: LineAmountTypes,
    /// Status to create it with.
    pub status: XeroStatus,
    /// Lines.
    pub lines: Vec<OutgoingLine>,
    /// Link with our marker.
    pub url: String,
}

/// A change of an existing document: only what is `Some` is sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InvoiceChange {
    /// New number.
    pub number: Option<String>,
    /// New reference.
    pub reference: Option<String>,
    /// New contact.
    pub contact: Option<XeroContactId>,
    /// New date.
    pub date: Option<NaiveDate>,
    /// New due date.
    pub due_date: Option<NaiveDate>,
    /// New currency.
    pub currency: Option<Currency>,
    /// New relation of amounts to tax.
    pub line_amount_types: Option<LineAmountTypes>,
    /// New status.
    pub status: Option<XeroStatus>,
    /// All lines, with ids for those to keep: Xero deletes what is left out.
    pub lines: Option<Vec<OutgoingLine>>,
    /// New link.
    pub url: Option<String>,
}

impl InvoiceChange {
    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A contact to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingContact {
    /// Name.
    pub name: String,
    /// Our external key.
    pub number: String,
    /// E-mail; left out when absent.
    pub email: Option<String>,
}

/// Turns what is to be sent into the exact bytes. Pure: the same input gives the same bytes.
/// Implemented by `xero::encode`; the engine freezes the bytes before they are sent.
pub trait Encode: Send + Sync {
    /// The body that creates these documents in one call.
    fn create_invoices(&self, invoices: &[OutgoingInvoice]) -> Bytes;
    /// The body that changes one document.
    fn change_invoice(&self, id: XeroInvoiceId, change: &InvoiceChange) -> Bytes;
    /// The body that creates these contacts in one call.
    fn create_contacts(&self, contacts: &[OutgoingContact]) -> Bytes;
}

/// Where an invoice write goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteTarget {
    /// `PUT /Invoices`: creates, never updates.
    CreateInvoices,
    /// `POST /Invoices/{id}`.
    ChangeInvoice(XeroInvoiceId),
    /// `PUT /Contacts`.
    CreateContacts,
}

/// One call to Xero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// `GET /Organisation`.
    Organisation,
    /// `GET /Accounts`.
    Accounts,
    /// `GET /TaxRates`.
    TaxRates,
    /// Contacts by our numbers or by exact names, archived ones too. At most 20 of both together.
    FindContacts {
        /// External keys.
        numbers: Vec<String>,
        /// Exact names.
        names: Vec<String>,
    },
    /// Invoices by id, at most 40, with lines.
    InvoicesById(Vec<XeroInvoiceId>),
    /// Invoices by number, at most 40, with lines, archived ones too.
    InvoicesByNumber(Vec<String>),
    /// A page of the documents this app made or changed since a moment, of one kind, with lines.
    MadeByUs {
        /// Sales invoices or bills.
        kind: InvoiceKind,
        /// If-Modified-Since.
        since: Timestamp,
        /// From 1.
        page: u32,
    },
    /// A page of the documents that changed since a moment, oldest change first, with lines;
    /// archived ones too.
    Changes {
        /// Which documents.
        stream: StreamKind,
        /// If-Modified-Since.
        since: Timestamp,
        /// From 1.
        page: u32,
    },
    /// A page of the invoices that changed since a moment, oldest change first, without lines and
    /// payments; archived ones too.
    Summaries {
        /// If-Modified-Since.
        since: Timestamp,
        /// From 1.
        page: u32,
    },
    /// Any write, its bytes frozen.
    Write {
        /// Where it goes.
        target: WriteTarget,
        /// The body.
        body: Bytes,
        /// The `Idempotency-Key`.
        key: String,
    },
}

impl Request {
    /// Label for metrics: one of a closed set.
    #[must_use]
    pub const fn resource(&self) -> &'static str {
        match self {
            Self::Organisation => "organisation",
            Self::Accounts => "accounts",
            Self::TaxRates => "tax_rates",
            Self::FindContacts { .. }
            | Self::Write {
                target: WriteTarget::CreateContacts,
                ..
            } => "contacts",
            Self::Changes { stream, .. } => stream.label(),
            Self::InvoicesById(_)
            | Self::InvoicesByNumber(_)
            | Self::MadeByUs { .. }
            | Self::Summaries { .. }
            | Self::Write { .. } => "invoices",
        }
    }

    /// Whether it changes anything in Xero.
    #[must_use]
    pub const fn is_write(&self) -> bool {
        matches!(self, Self::Write { .. })
    }
}

/// A complete answer to a [`Request`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// To `Organisation`.
    Organisation(Organisation),
    /// To `Accounts`.
    Accounts(Vec<Account>),
    /// To `TaxRates`.
    TaxRates(Vec<TaxRate>),
    /// To `FindContacts` and to a write of contacts (then in the order of the request).
    Contacts(Vec<XeroContact>),
    /// To reads of invoices.
    Invoices {
        /// What was found.
        found: Vec<XeroInvoice>,
        /// Number of pages, where Xero said so.
        page_count: u32,
    },
    /// To reads of what changed in a stream other than the one of invoices.
    Changes {
        /// What was found.
        found: Vec<Change>,
        /// Number of pages.
        page_count: u32,
    },
    /// To a write of invoices, one element a member.
    Written(Vec<Element>),
}

/// What the headers of any answer told, also of a failed one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnswerMeta {
    /// `X-MinLimit-Remaining`.
    pub minute_remaining: Option<u32>,
    /// `X-DayLimit-Remaining`.
    pub day_remaining: Option<u32>,
    /// Xero's clock (`Date` header).
    pub xero_time: Option<Timestamp>,
    /// Decoded bytes of the body.
    pub bytes_count: u64,
    /// Xero's id of the answer, for its support.
    pub correlation_id: Option<String>,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The answer or the failure.
    pub result: Result<Reply, Failure>,
    /// What the headers told.
    pub meta: AnswerMeta,
}
