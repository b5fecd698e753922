//! The host's view of an invoice or bill, as it was written to us.

use std::fmt;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// Which side of the ledger a document is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InvoiceKind {
    /// A sales invoice: Xero's ACCREC. Its number is unique in Xero.
    Sales,
    /// A bill: Xero's ACCPAY. Its number is the supplier's and need not be unique.
    Purchase,
}

impl InvoiceKind {
    /// The word used in API, CLI and metric labels.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Sales => "sales",
            Self::Purchase => "purchase",
        }
    }
}

/// Where the document stands in the host. It decides what is pushed by itself and as what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HostStatus {
    /// Not pushed by itself; *Sync now* sends a draft.
    Draft,
    /// Awaiting approval.
    Pending,
    /// Approved: the state in which documents are exported.
    Approved,
    /// Cancelled: voided (or deleted) in Xero.
    Void,
}

impl HostStatus {
    /// The word used in API and CLI.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Void => "void",
        }
    }
}

/// How line amounts relate to tax. Xero's `LineAmountTypes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum LineAmountTypes {
    /// Tax comes on top.
    #[default]
    Exclusive,
    /// Tax is inside.
    Inclusive,
    /// No tax at all.
    NoTax,
}

impl LineAmountTypes {
    /// Xero's word.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Exclusive => "Exclusive",
            Self::Inclusive => "Inclusive",
            Self::NoTax => "NoTax",
        }
    }
}

/// An ISO 4217 code of three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Pounds sterling.
    pub const GBP: Self = Self(*b"GBP");

    /// Parses a code; letters may be of either case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 3] = text.as_bytes().try_into().ok()?;
        let upper = bytes.map(|byte| byte.to_ascii_uppercase());
        upper.iter().all(u8::is_ascii_uppercase).then_some(Self(upper))
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a currency code of three letters"))
    }
}

/// The customer or supplier as the host knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The host's own key of the party; stable over renames.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The name, at most 255 characters (Xero's limit).
    pub name: String,
    /// An e-mail address; left out of what we send when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// One line of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The host's key of the line, unique in the document. Lets a line be followed when it moves.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// At most 4,000 characters (Xero's limit).
    pub description: String,
    /// At most four decimals.
    pub quantity: Decimal,
    /// In the document's currency, at most four decimals; negative for a deduction.
    pub unit_price: Decimal,
    /// The host's nominal code; mapped to a Xero account code when pushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nominal_code: Option<String>,
    /// Xero's tax type (`OUTPUT2`, …); absent = the account's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_type: Option<String>,
    /// The tax of this line where the host fixes it; absent = computed by Xero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_amount: Option<Decimal>,
    /// Xero's item code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_code: Option<String>,
    /// 0 to 100; sales only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount_percent: Option<Decimal>,
}

/// A document as the host last wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Sales invoice or bill.
    pub kind: InvoiceKind,
    /// The document number, at most 255 characters.
    pub number: String,
    /// Customer or supplier.
    pub contact: Party,
    /// Currency of every amount.
    pub currency: Currency,
    /// Date of issue, in the organisation's zone.
    pub issue_date: NaiveDate,
    /// Date it falls due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date: Option<NaiveDate>,
    /// The workspace rule that set the due date, if one did: then it is protected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date_rule: Option<String>,
    /// Status in the host.
    pub host_status: HostStatus,
    /// How line amounts relate to tax.
    pub line_amount_types: LineAmountTypes,
    /// The lines, in order.
    pub lines: Vec<Line>,
    /// Free reference; sent for sales invoices only, as Xero has none on bills.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Address of the document in the host; carries our marker in Xero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_url: Option<String>,
    /// When the host made it: before the connection means history, not pushed by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// Sales channel, for manual syncs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Location, for manual syncs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The work order this document invoices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_order_ref: Option<String>,
}
