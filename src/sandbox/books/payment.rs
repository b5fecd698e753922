//! Payments against invoices.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::shelf::{Mark, Stamped};

/// Whether a payment counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentStatus {
    /// It does.
    Authorised,
    /// It was taken back; it stays listed.
    Deleted,
}

/// One payment of one invoice.
#[derive(Debug, Clone)]
pub struct Payment {
    /// `PaymentID`.
    pub id: Uuid,
    /// The invoice it pays.
    pub invoice: Uuid,
    /// The account it went to.
    pub account: Uuid,
    /// When it was made.
    pub date: NaiveDate,
    /// In the invoice's currency.
    pub amount: Decimal,
    /// Free text.
    pub reference: String,
    /// To the base currency.
    pub currency_rate: Decimal,
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
        vec![
            Mark::Invoice(self.invoice),
            Mark::reference(&self.reference),
            Mark::status(self.status.text()),
        ]
    }
}
