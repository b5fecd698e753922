//! Payments, credit notes, contacts and manual journals as their own lists show them.

use rust_decimal::Decimal;
use serde::Deserialize;

use super::contact::Contact;
use super::invoice::Pagination;
use super::{Exact, Misread, guid, moment};
use crate::model::ids::{XeroCreditId, XeroInvoiceId, XeroJournalId, XeroPaymentId};
use crate::model::time::Timestamp;
use crate::model::xero::{Change, ContactChange, CreditChange, JournalChange, PaymentChange};

/// The envelope of a page of one of them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Changed {
    /// The list of payments.
    pub payments: Option<Vec<Payment>>,
    /// The list of credit notes.
    pub credit_notes: Option<Vec<CreditNote>>,
    /// The list of contacts.
    pub contacts: Option<Vec<Contact>>,
    /// The list of manual journals.
    pub manual_journals: Option<Vec<Journal>>,
    /// Where the page stands.
    #[serde(rename = "pagination")]
    pub pagination: Option<Pagination>,
}

/// A payment in its own list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Payment {
    #[serde(rename = "PaymentID")]
    id: Option<String>,
    amount: Option<Exact>,
    status: Option<String>,
    invoice: Option<Stub>,
    #[serde(rename = "UpdatedDateUTC")]
    updated: Option<String>,
    #[serde(rename = "UpdatedDateUTCString")]
    updated_readable: Option<String>,
}

/// A credit note in its own list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreditNote {
    #[serde(rename = "CreditNoteID")]
    id: Option<String>,
    status: Option<String>,
    allocations: Option<Vec<Allocation>>,
    #[serde(rename = "UpdatedDateUTC")]
    updated: Option<String>,
    #[serde(rename = "UpdatedDateUTCString")]
    updated_readable: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Allocation {
    amount: Option<Exact>,
    invoice: Option<Stub>,
    is_deleted: Option<bool>,
}

/// A manual journal in its own list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Journal {
    #[serde(rename = "ManualJournalID")]
    id: Option<String>,
    #[serde(rename = "UpdatedDateUTC")]
    updated: Option<String>,
    #[serde(rename = "UpdatedDateUTCString")]
    updated_readable: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Stub {
    #[serde(rename = "InvoiceID")]
    id: Option<String>,
}

/// Xero's version stamp, from whichever of its two forms can be read.
fn stamp(ticks: Option<&str>, readable: Option<&str>) -> Timestamp {
    let read = ticks.and_then(moment).or_else(|| readable.and_then(moment));
    read.unwrap_or(Timestamp(0))
}

impl Stub {
    fn invoice(&self) -> Option<XeroInvoiceId> {
        guid(self.id.as_deref()).map(XeroInvoiceId)
    }
}

impl Payment {
    /// The payment in our words.
    ///
    /// # Errors
    /// When it has no id.
    pub fn change(self) -> Result<Change, Misread> {
        Ok(Change::Payment(PaymentChange {
            id: XeroPaymentId(guid(self.id.as_deref()).ok_or(Misread::IdMissing)?),
            invoice: self.invoice.as_ref().and_then(Stub::invoice),
            amount: self.amount.map(|amount| amount.0).unwrap_or_default(),
            is_deleted: self.status.is_some_and(|status| status.eq_ignore_ascii_case("deleted")),
            updated: stamp(self.updated.as_deref(), self.updated_readable.as_deref()),
        }))
    }
}

impl CreditNote {
    /// The credit note in our words.
    ///
    /// # Errors
    /// When it has no id.
    pub fn change(self) -> Result<Change, Misread> {
        let is_gone = self
            .status
            .is_some_and(|status| matches!(status.as_str(), "VOIDED" | "DELETED"));
        let mut allocations: Vec<(XeroInvoiceId, Decimal)> = Vec::new();
        let living = self.allocations.into_iter().flatten();
        for allocation in living.filter(|allocation| !is_gone && allocation.is_deleted != Some(true)) {
            let amount = allocation.amount.map(|amount| amount.0).unwrap_or_default();
            let Some(invoice) = allocation.invoice.as_ref().and_then(Stub::invoice) else {
                continue;
            };
            match allocations.iter_mut().find(|(known, _)| *known == invoice) {
                Some((_, sum)) => *sum = sum.saturating_add(amount),
                None => allocations.push((invoice, amount)),
            }
        }
        Ok(Change::Credit(CreditChange {
            id: XeroCreditId(guid(self.id.as_deref()).ok_or(Misread::IdMissing)?),
            allocations,
            updated: stamp(self.updated.as_deref(), self.updated_readable.as_deref()),
        }))
    }
}

impl Contact {
    /// The contact as a change.
    ///
    /// # Errors
    /// When it has no id.
    pub fn change(self) -> Result<Change, Misread> {
        Ok(Change::Contact(ContactChange {
            updated: stamp(self.updated.as_deref(), None),
            contact: self.read()?,
        }))
    }
}

impl Journal {
    /// The journal in our words.
    ///
    /// # Errors
    /// When it has no id.
    pub fn change(self) -> Result<Change, Misread> {
        Ok(Change::Journal(JournalChange {
            id: XeroJournalId(guid(self.id.as_deref()).ok_or(Misread::IdMissing)?),
            updated: stamp(self.updated.as_deref(), self.updated_readable.as_deref()),
        }))
    }
}
