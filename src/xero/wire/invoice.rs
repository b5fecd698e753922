//! Invoices and bills.

use rust_decimal::Decimal;
use serde::Deserialize;
use uuid::Uuid;

use super::contact::Contact;
use super::credit::{Credit, Payment, credits};
use super::verdict::{Flags, Note, Verdict, texts};
use super::{Exact, Misread, day, guid, moment};
use crate::model::document::{Currency, InvoiceKind, LineAmountTypes};
use crate::model::ids::{LineItemId, XeroContactId, XeroInvoiceId};
use crate::model::time::Timestamp;
use crate::model::xero::{CreditKind, Element, XeroInvoice, XeroLine, XeroStatus};

/// The envelope of a list of invoices.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Invoices {
    /// The list.
    pub invoices: Option<Vec<Invoice>>,
    /// Where refused members are listed when the answer has the shape of an error.
    pub elements: Option<Vec<Invoice>>,
    /// Present when a page was asked for.
    #[serde(rename = "pagination")]
    pub pagination: Option<Pagination>,
}

/// Where a page stands.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pagination {
    /// How many pages there are.
    pub page_count: Option<u32>,
}

/// One invoice, of a list, a single read or the answer to a write.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Invoice {
    #[serde(rename = "Type")]
    kind: Option<String>,
    #[serde(rename = "InvoiceID")]
    id: Option<String>,
    invoice_number: Option<String>,
    reference: Option<String>,
    status: Option<String>,
    contact: Option<Contact>,
    date_string: Option<String>,
    date: Option<String>,
    due_date_string: Option<String>,
    due_date: Option<String>,
    currency_code: Option<String>,
    line_amount_types: Option<String>,
    line_items: Option<Vec<LineItem>>,
    url: Option<String>,
    sub_total: Option<Exact>,
    total_tax: Option<Exact>,
    total: Option<Exact>,
    #[serde(rename = "CISDeduction")]
    cis_deduction: Option<Exact>,
    amount_due: Option<Exact>,
    amount_paid: Option<Exact>,
    amount_credited: Option<Exact>,
    payments: Option<Vec<Payment>>,
    credit_notes: Option<Vec<Credit>>,
    overpayments: Option<Vec<Credit>>,
    prepayments: Option<Vec<Credit>>,
    #[serde(rename = "UpdatedDateUTC")]
    updated: Option<String>,
    #[serde(rename = "UpdatedDateUTCString")]
    updated_readable: Option<String>,
    has_errors: Option<bool>,
    has_validation_errors: Option<bool>,
    status_attribute_string: Option<String>,
    validation_errors: Option<Vec<Note>>,
    warnings: Option<Vec<Note>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LineItem {
    #[serde(rename = "LineItemID")]
    id: Option<String>,
    description: Option<String>,
    quantity: Option<Exact>,
    unit_amount: Option<Exact>,
    account_code: Option<String>,
    tax_type: Option<String>,
    tax_amount: Option<Exact>,
    line_amount: Option<Exact>,
    item_code: Option<String>,
    discount_rate: Option<Exact>,
    validation_errors: Option<Vec<Note>>,
}

impl Invoice {
    /// A document that was read.
    ///
    /// # Errors
    /// When it has no id.
    pub fn read(self) -> Result<XeroInvoice, Misread> {
        let id = guid(self.id.as_deref()).ok_or(Misread::IdMissing)?;
        Ok(self.document(id))
    }

    /// One member of the answer to a write.
    ///
    /// # Errors
    /// When it says two things at once, or was saved without an id.
    pub fn written(self) -> Result<Element, Misread> {
        let verdict = self.verdict()?;
        let id = guid(self.id.as_deref());
        match verdict {
            Verdict::Saved { warnings } => Ok(Element {
                invoice: self.document(id.ok_or(Misread::IdMissing)?),
                errors: Vec::new(),
                warnings,
            }),
            Verdict::Refused { errors, warnings } => Ok(Element {
                invoice: self.document(id.unwrap_or_default()),
                errors,
                warnings,
            }),
        }
    }

    fn verdict(&self) -> Result<Verdict, Misread> {
        let lines = self.line_items.iter().flatten();
        let nested = self
            .contact
            .iter()
            .flat_map(|contact| contact.validation_errors.iter().flatten())
            .chain(lines.flat_map(|line| line.validation_errors.iter().flatten()));
        Flags {
            has_errors: self.has_errors,
            has_validation_errors: self.has_validation_errors,
            word: self.status_attribute_string.as_deref(),
            errors: texts(self.validation_errors.iter().flatten()),
            nested: texts(nested),
            warnings: texts(self.warnings.iter().flatten()),
        }
        .verdict()
    }

    fn document(self, id: Uuid) -> XeroInvoice {
        let updated = self.updated.as_deref().and_then(moment);
        let (contact_id, contact_name) = self.contact.map_or((None, None), |contact| {
            (guid(contact.id.as_deref()).map(XeroContactId), contact.name)
        });
        let credits = credits([
            (CreditKind::CreditNote, self.credit_notes),
            (CreditKind::Overpayment, self.overpayments),
            (CreditKind::Prepayment, self.prepayments),
        ]);
        XeroInvoice {
            id: XeroInvoiceId(id),
            kind: self.kind.as_deref().and_then(kind),
            number: self.invoice_number.unwrap_or_default(),
            reference: self.reference.unwrap_or_default(),
            status: XeroStatus::parse(self.status.as_deref().unwrap_or_default()),
            contact_id,
            contact_name: contact_name.unwrap_or_default(),
            date: day(self.date_string.as_deref(), self.date.as_deref()),
            due_date: day(self.due_date_string.as_deref(), self.due_date.as_deref()),
            currency: self.currency_code.as_deref().and_then(Currency::parse),
            line_amount_types: line_amount_types(self.line_amount_types.as_deref()),
            lines: self.line_items.into_iter().flatten().map(LineItem::line).collect(),
            url: self.url,
            sub_total: or_zero(self.sub_total),
            total_tax: or_zero(self.total_tax),
            total: or_zero(self.total),
            cis_deduction: or_zero(self.cis_deduction),
            amount_due: or_zero(self.amount_due),
            amount_paid: or_zero(self.amount_paid),
            amount_credited: or_zero(self.amount_credited),
            payments: self
                .payments
                .into_iter()
                .flatten()
                .filter_map(Payment::payment)
                .collect(),
            credits,
            updated: updated
                .or_else(|| self.updated_readable.as_deref().and_then(moment))
                .unwrap_or(Timestamp(0)),
        }
    }
}

impl LineItem {
    fn line(self) -> XeroLine {
        XeroLine {
            id: guid(self.id.as_deref()).map(LineItemId),
            description: self.description.unwrap_or_default(),
            quantity: or_zero(self.quantity),
            unit_amount: or_zero(self.unit_amount),
            account_code: self.account_code,
            tax_type: self.tax_type,
            tax_amount: or_zero(self.tax_amount),
            line_amount: or_zero(self.line_amount),
            item_code: self.item_code,
            discount_rate: self.discount_rate.map(|rate| rate.0),
        }
    }
}

fn kind(word: &str) -> Option<InvoiceKind> {
    match word {
        "ACCREC" => Some(InvoiceKind::Sales),
        "ACCPAY" => Some(InvoiceKind::Purchase),
        _overpayments_and_the_like => None,
    }
}

/// Xero's default is `Exclusive`.
fn line_amount_types(word: Option<&str>) -> LineAmountTypes {
    let word = word.unwrap_or_default();
    [LineAmountTypes::Inclusive, LineAmountTypes::NoTax]
        .into_iter()
        .find(|types| types.label().eq_ignore_ascii_case(word))
        .unwrap_or_default()
}

fn or_zero(amount: Option<Exact>) -> Decimal {
    amount.map_or(Decimal::ZERO, |amount| amount.0)
}
