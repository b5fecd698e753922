//! What the streams other than the one of invoices list, as far as it concerns what we follow.

use rust_decimal::Decimal;

use super::seen::XeroContact;
use crate::model::ids::{XeroCreditId, XeroInvoiceId, XeroJournalId, XeroPaymentId};
use crate::model::time::Timestamp;

/// One document of a page of payments, credit notes, contacts or manual journals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A payment, also a deleted one.
    Payment(PaymentChange),
    /// A credit note.
    Credit(CreditChange),
    /// A contact.
    Contact(ContactChange),
    /// A manual journal.
    Journal(JournalChange),
}

/// A payment as the list of payments shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentChange {
    /// Xero's id.
    pub id: XeroPaymentId,
    /// The document it pays. Where it pays a credit note back, that note's id.
    pub invoice: Option<XeroInvoiceId>,
    /// In the document's currency.
    pub amount: Decimal,
    /// Whether it was deleted.
    pub is_deleted: bool,
    /// Xero's version stamp.
    pub updated: Timestamp,
}

/// A credit note as the list of credit notes shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditChange {
    /// Xero's id.
    pub id: XeroCreditId,
    /// What it takes off which invoice, one entry for each invoice; empty when it was voided.
    pub allocations: Vec<(XeroInvoiceId, Decimal)>,
    /// Xero's version stamp.
    pub updated: Timestamp,
}

/// A contact as the list of contacts shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactChange {
    /// The contact.
    pub contact: XeroContact,
    /// Xero's version stamp.
    pub updated: Timestamp,
}

/// A manual journal as the list of manual journals shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalChange {
    /// Xero's id.
    pub id: XeroJournalId,
    /// Xero's version stamp.
    pub updated: Timestamp,
}

impl Change {
    /// Xero's version stamp of the document.
    #[must_use]
    pub const fn updated(&self) -> Timestamp {
        match self {
            Self::Payment(payment) => payment.updated,
            Self::Credit(credit) => credit.updated,
            Self::Contact(contact) => contact.updated,
            Self::Journal(journal) => journal.updated,
        }
    }
}
