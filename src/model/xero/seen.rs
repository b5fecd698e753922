//! What Xero has, as we read it.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::model::document::{Currency, InvoiceKind, LineAmountTypes};
use crate::model::ids::{LineItemId, Marker, XeroContactId, XeroCreditId, XeroInvoiceId, XeroPaymentId, XeroTenantId};
use crate::model::time::Timestamp;

/// Status of an invoice in Xero.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum XeroStatus {
    /// A draft.
    Draft,
    /// Awaiting approval.
    Submitted,
    /// Approved, awaiting payment.
    Authorised,
    /// Paid in full.
    Paid,
    /// Voided after approval.
    Voided,
    /// Deleted before approval.
    Deleted,
    /// A status this version does not know; kept as Xero wrote it.
    #[serde(untagged)]
    Other(String),
}

impl XeroStatus {
    /// Parses Xero's word; never fails.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "DRAFT" => Self::Draft,
            "SUBMITTED" => Self::Submitted,
            "AUTHORISED" => Self::Authorised,
            "PAID" => Self::Paid,
            "VOIDED" => Self::Voided,
            "DELETED" => Self::Deleted,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Xero's word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Draft => "DRAFT",
            Self::Submitted => "SUBMITTED",
            Self::Authorised => "AUTHORISED",
            Self::Paid => "PAID",
            Self::Voided => "VOIDED",
            Self::Deleted => "DELETED",
            Self::Other(word) => word,
        }
    }

    /// Whether the document has ended: voided or deleted.
    #[must_use]
    pub const fn is_gone(&self) -> bool {
        matches!(self, Self::Voided | Self::Deleted)
    }
}

/// One line as Xero has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct XeroLine {
    /// Xero's id of the line.
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
    /// Tax of the line.
    pub tax_amount: Decimal,
    /// Amount of the line after discount.
    pub line_amount: Decimal,
    /// Item code.
    pub item_code: Option<String>,
    /// Discount in percent.
    pub discount_rate: Option<Decimal>,
}

/// An invoice or bill as Xero has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct XeroInvoice {
    /// Xero's id.
    pub id: XeroInvoiceId,
    /// `None` for the types we do not handle (overpayments and the like).
    pub kind: Option<InvoiceKind>,
    /// Number; bills may have none.
    pub number: String,
    /// Reference (sales only).
    pub reference: String,
    /// Status.
    pub status: XeroStatus,
    /// Contact.
    pub contact_id: Option<XeroContactId>,
    /// The contact's name.
    pub contact_name: String,
    /// Date.
    pub date: Option<NaiveDate>,
    /// Due date.
    pub due_date: Option<NaiveDate>,
    /// Currency.
    pub currency: Option<Currency>,
    /// How line amounts relate to tax.
    pub line_amount_types: LineAmountTypes,
    /// Lines; empty in answers that carry none.
    pub lines: Vec<XeroLine>,
    /// Link to the source document; carries our marker.
    pub url: Option<String>,
    /// Before tax.
    pub sub_total: Decimal,
    /// Tax.
    pub total_tax: Decimal,
    /// With tax.
    pub total: Decimal,
    /// CIS deduction (UK construction), zero where there is none.
    pub cis_deduction: Decimal,
    /// Still to pay.
    pub amount_due: Decimal,
    /// Paid.
    pub amount_paid: Decimal,
    /// Credited.
    pub amount_credited: Decimal,
    /// The payments that are not deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payments: Vec<XeroPayment>,
    /// What credit notes, overpayments and prepayments took off, one entry for each of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credits: Vec<XeroCredit>,
    /// Xero's version stamp, in milliseconds.
    pub updated: Timestamp,
}

/// A payment as an invoice lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct XeroPayment {
    /// Xero's id.
    pub id: XeroPaymentId,
    /// In the document's currency.
    pub amount: Decimal,
    /// When it was paid.
    #[serde(default)]
    pub date: Option<NaiveDate>,
    /// Free text.
    #[serde(default)]
    pub reference: String,
}

/// The kind of document that takes something off an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreditKind {
    /// A credit note.
    CreditNote,
    /// Money that was paid beyond what was due.
    Overpayment,
    /// Money that was paid in advance.
    Prepayment,
}

impl CreditKind {
    /// The word in the API.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::CreditNote => "credit_note",
            Self::Overpayment => "overpayment",
            Self::Prepayment => "prepayment",
        }
    }
}

/// What one credit note, overpayment or prepayment took off an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct XeroCredit {
    /// Which kind of document.
    pub kind: CreditKind,
    /// Xero's id of that document.
    pub id: XeroCreditId,
    /// Its number; purchase credits may have none.
    #[serde(default)]
    pub number: String,
    /// What it took off, in the invoice's currency; several allocations together.
    pub amount: Decimal,
    /// Its date.
    #[serde(default)]
    pub date: Option<NaiveDate>,
}

impl XeroInvoice {
    /// Our marker, if the document carries one.
    #[must_use]
    pub fn marker(&self) -> Option<Marker> {
        self.url.as_deref().and_then(Marker::find)
    }
}

/// Xero's answer about one member of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// The document. Of a refused member it only echoes the request: never stored.
    pub invoice: XeroInvoice,
    /// Validation messages; not empty = refused, nothing was written.
    pub errors: Vec<String>,
    /// Warnings; the member was written all the same.
    pub warnings: Vec<String>,
}

/// A contact as Xero has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct XeroContact {
    /// Xero's id; the nil GUID on a refused element.
    pub id: XeroContactId,
    /// Name.
    pub name: String,
    /// The external key.
    pub number: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The number people give it in Xero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_number: Option<String>,
    /// Whether it is archived.
    pub is_archived: bool,
    /// The contact this one was merged into.
    pub merged_into: Option<XeroContactId>,
    /// Validation messages; not empty = refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
}

/// A ledger account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Code; some bank accounts have none.
    pub code: Option<String>,
    /// Name.
    pub name: String,
    /// Xero's account type (`REVENUE`, `DIRECTCOSTS`, …).
    pub account_type: String,
    /// The tax type used when a line names none.
    pub tax_type: Option<String>,
    /// Whether documents can use it.
    pub is_active: bool,
    /// Xero's name of an account it keeps by itself (`DEBTORS`, …).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_account: Option<String>,
}

impl Account {
    /// Why no line of an invoice can be coded to it; `None` = it can.
    #[must_use]
    pub fn unusable(&self) -> Option<&'static str> {
        match (self.account_type.as_str(), self.system_account.as_deref()) {
            _ if !self.is_active => Some("archived"),
            ("BANK", _) => Some("a bank account, to which no invoice can be coded"),
            (_, Some("DEBTORS" | "CREDITORS")) => Some("a control account, to which no invoice can be coded"),
            _ => None,
        }
    }
}

/// A tax rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxRate {
    /// The key used on lines.
    pub tax_type: String,
    /// Name.
    pub name: String,
    /// Percent.
    pub effective_rate: Decimal,
    /// Whether documents can use it.
    pub is_active: bool,
}

/// The organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// Name.
    pub name: String,
    /// Base currency.
    pub base_currency: Currency,
    /// Xero's name of the time zone, such as `GMTSTANDARDTIME`.
    pub time_zone: String,
    /// Used in deep links.
    pub short_code: Option<String>,
    /// Documents up to this date are locked.
    pub period_lock_date: Option<NaiveDate>,
    /// Documents up to this date are locked for everybody.
    pub end_of_year_lock_date: Option<NaiveDate>,
}

impl Organisation {
    /// The last date that is locked, by either lock.
    #[must_use]
    pub fn locked_until(&self) -> Option<NaiveDate> {
        self.period_lock_date.max(self.end_of_year_lock_date)
    }
}

/// What `/connections` lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XeroConnection {
    /// Id of the connection (not of the organisation).
    pub connection_id: String,
    /// The organisation.
    pub tenant: XeroTenantId,
    /// `ORGANISATION` or another kind, which we do not serve.
    pub tenant_type: String,
    /// Name, where given.
    pub name: Option<String>,
}
