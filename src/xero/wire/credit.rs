//! What an invoice lists as paid and credited.

use serde::Deserialize;

use super::{Exact, day, guid};
use crate::model::ids::{XeroCreditId, XeroPaymentId};
use crate::model::xero::{CreditKind, XeroCredit, XeroPayment};

/// A payment inside an invoice: thin, without a version of its own.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Payment {
    #[serde(rename = "PaymentID")]
    id: Option<String>,
    amount: Option<Exact>,
    date_string: Option<String>,
    date: Option<String>,
    reference: Option<String>,
    status: Option<String>,
}

impl Payment {
    /// The payment; `None` when it was deleted, or has no id to be followed by. The sum Xero gives
    /// for the invoice counts it all the same.
    pub(super) fn payment(self) -> Option<XeroPayment> {
        let id = guid(self.id.as_deref())?;
        let is_deleted = self.status.is_some_and(|status| status.eq_ignore_ascii_case("deleted"));
        (!is_deleted).then(|| XeroPayment {
            id: XeroPaymentId(id),
            amount: self.amount.map(|amount| amount.0).unwrap_or_default(),
            date: day(self.date_string.as_deref(), self.date.as_deref()),
            reference: self.reference.unwrap_or_default(),
        })
    }
}

/// A credit note, overpayment or prepayment inside an invoice.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Credit {
    #[serde(rename = "CreditNoteID")]
    credit_note: Option<String>,
    #[serde(rename = "OverpaymentID")]
    overpayment: Option<String>,
    #[serde(rename = "PrepaymentID")]
    prepayment: Option<String>,
    #[serde(rename = "ID")]
    id: Option<String>,
    credit_note_number: Option<String>,
    applied_amount: Option<Exact>,
    total: Option<Exact>,
    date_string: Option<String>,
    date: Option<String>,
}

/// The three lists as one, one entry for each document: Xero lists one that was allocated twice
/// either once or twice, which nobody documents.
pub(super) fn credits(lists: [(CreditKind, Option<Vec<Credit>>); 3]) -> Vec<XeroCredit> {
    let mut all: Vec<XeroCredit> = Vec::new();
    for (kind, list) in lists {
        for credit in list.into_iter().flatten().filter_map(|credit| credit.credit(kind)) {
            match all.iter_mut().find(|known| known.id == credit.id) {
                Some(known) => known.amount += credit.amount,
                None => all.push(credit),
            }
        }
    }
    all
}

impl Credit {
    /// What was taken off is `AppliedAmount`; an answer without it names the document's own total.
    fn credit(self, kind: CreditKind) -> Option<XeroCredit> {
        let named = match kind {
            CreditKind::CreditNote => self.credit_note,
            CreditKind::Overpayment => self.overpayment,
            CreditKind::Prepayment => self.prepayment,
        };
        let id = guid(named.or(self.id).as_deref())?;
        let amount = self.applied_amount.or(self.total).map(|amount| amount.0);
        Some(XeroCredit {
            kind,
            id: XeroCreditId(id),
            number: self.credit_note_number.unwrap_or_default(),
            amount: amount.unwrap_or_default(),
            date: day(self.date_string.as_deref(), self.date.as_deref()),
        })
    }
}
