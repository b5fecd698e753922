//! Payments of invoices, and refunds of documents with credit.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::credit::Family;
use super::shelf::{Mark, Stamped};

/// What a payment pays or pays back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// An invoice.
    Invoice(Uuid),
    /// A refund of a credit note, overpayment or prepayment.
    Credit(Family, Uuid),
}

/// Whether a payment counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentStatus {
    /// It does.
    Authorised,
    /// It was taken back; it stays listed.
    Deleted,
}

/// One payment of one document.
#[derive(Debug, Clone)]
pub struct Payment {
    /// `PaymentID`.
    pub id: Uuid,
    /// The document it pays, or pays back.
    pub target: Target,
    /// The account it went to.
    pub account: Uuid,
    /// When it was made.
    pub date: NaiveDate,
    /// In the document's currency.
    pub amount: Decimal,
    /// In the currency of the bank account.
    pub bank_amount: Decimal,
    /// Free text.
    pub reference: Option<String>,
    /// To the base currency.
    pub currency_rate: Decimal,
    /// The batch it was made in.
    pub batch: Option<Uuid>,
    /// Whether it counts.
    pub status: PaymentStatus,
    /// Matched with a bank statement line; cannot be deleted then.
    pub reconciled: bool,
    /// Last change, in milliseconds of document time.
    pub updated_ms: i64,
    /// How often it was written.
    pub versions: u32,
}

impl PaymentStatus {
    /// Xero's word.
    pub fn text(self) -> &'static str {
        match self {
            Self::Authorised => "AUTHORISED",
            Self::Deleted => "DELETED",
        }
    }
}

impl Stamped for Payment {
    fn id(&self) -> Uuid {
        self.id
    }

    fn updated_ms(&self) -> i64 {
        self.updated_ms
    }

    fn marks(&self) -> Vec<Mark> {
        let (Target::Invoice(document) | Target::Credit(_, document)) = self.target;
        vec![
            Mark::Invoice(document),
            Mark::reference(self.reference.as_deref().unwrap_or_default()),
            Mark::status(self.status.text()),
        ]
    }
}
