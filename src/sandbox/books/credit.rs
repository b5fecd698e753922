//! Credit notes, overpayments and prepayments: documents whose credit is applied to invoices or
//! paid back.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::invoice::{AmountsAre, InvoiceStatus, Kind, Line};
use super::money;
use super::shelf::{Mark, Stamped};

/// Which of the three documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// A credit note.
    CreditNote,
    /// Money beyond what was owed.
    Overpayment,
    /// Money before anything was owed.
    Prepayment,
}

/// Credit applied to one invoice, as the crediting document keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allocation {
    /// `AllocationID`.
    pub id: Uuid,
    /// The invoice it is applied to.
    pub invoice: Uuid,
    /// In the currency of both documents.
    pub amount: Decimal,
    /// When it was applied.
    pub date: NaiveDate,
}

/// Credit applied to one invoice, as the invoice keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// What kind of document it comes from.
    pub family: Family,
    /// That document.
    pub credit: Uuid,
    /// `AllocationID`.
    pub allocation: Uuid,
    /// In the currency of both documents.
    pub amount: Decimal,
    /// When it was applied.
    pub date: NaiveDate,
}

/// A credit note, overpayment or prepayment.
#[derive(Debug, Clone)]
pub struct Credit {
    /// `CreditNoteID`, `OverpaymentID` or `PrepaymentID`.
    pub id: Uuid,
    /// Which of the three.
    pub family: Family,
    /// Whether it credits sales invoices or bills.
    pub kind: Kind,
    /// `CreditNoteNumber`, unique among sales credit notes; the invoice number of a received
    /// prepayment.
    pub number: Option<String>,
    /// `Reference`.
    pub reference: String,
    /// `ContactID`.
    pub contact: Uuid,
    /// Document date.
    pub date: NaiveDate,
    /// Due date, where one was sent.
    pub due_date: Option<NaiveDate>,
    /// Where it stands; overpayments and prepayments begin approved.
    pub status: InvoiceStatus,
    /// Whether line amounts contain tax.
    pub amounts_are: AmountsAre,
    /// Its lines in order.
    pub lines: Vec<Line>,
    /// Sum without tax.
    pub sub_total: Decimal,
    /// Sum of tax.
    pub total_tax: Decimal,
    /// Sum of all.
    pub total: Decimal,
    /// Paid back so far.
    pub refunded: Decimal,
    /// ISO code.
    pub currency: String,
    /// To the base currency.
    pub currency_rate: Decimal,
    /// `BrandingThemeID` as sent.
    pub branding_theme: Option<String>,
    /// Marked as sent.
    pub sent_to_contact: bool,
    /// Date of the last allocation or refund; stays when that is taken back.
    pub fully_paid_on: Option<NaiveDate>,
    /// What was applied, oldest first.
    pub allocations: Vec<Allocation>,
    /// Refunds that are not deleted, oldest first.
    pub payments: Vec<Uuid>,
    /// Last change, in milliseconds of document time.
    pub updated_ms: i64,
    /// How often its own fields were written (allocations and refunds do not count).
    pub versions: u32,
}

impl Family {
    /// How Xero's sentences name it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::CreditNote => "Credit Note",
            Self::Overpayment => "Overpayment",
            Self::Prepayment => "Prepayment",
        }
    }

    /// The key of its list and the folder of its addresses.
    pub fn collection(self) -> &'static str {
        match self {
            Self::CreditNote => "CreditNotes",
            Self::Overpayment => "Overpayments",
            Self::Prepayment => "Prepayments",
        }
    }

    /// The key of its id.
    pub fn id_key(self) -> &'static str {
        match self {
            Self::CreditNote => "CreditNoteID",
            Self::Overpayment => "OverpaymentID",
            Self::Prepayment => "PrepaymentID",
        }
    }

    /// The key under which another document names it.
    pub fn key(self) -> &'static str {
        match self {
            Self::CreditNote => "CreditNote",
            Self::Overpayment => "Overpayment",
            Self::Prepayment => "Prepayment",
        }
    }
}

impl Credit {
    /// What was applied to invoices.
    pub fn allocated(&self) -> Decimal {
        money::sum(self.allocations.iter().map(|allocation| allocation.amount))
    }

    /// What is left to apply; nothing on cancelled documents.
    pub fn remaining(&self) -> Decimal {
        if self.status.is_cancelled() {
            return Decimal::ZERO;
        }
        self.total
            .saturating_sub(self.allocated())
            .saturating_sub(self.refunded)
    }

    /// Whether something was applied or paid back, which locks most fields.
    pub fn has_money(&self) -> bool {
        !self.allocations.is_empty() || !self.payments.is_empty()
    }

    /// Recomputes the sums from the lines.
    pub fn sum_up(&mut self) {
        let totals = money::totals(&self.lines, self.amounts_are);
        self.sub_total = totals.sub_total;
        self.total_tax = totals.total_tax;
        self.total = totals.total;
    }

    /// Xero's word for its type.
    pub fn type_text(&self) -> &'static str {
        match (self.family, self.kind) {
            (Family::CreditNote, Kind::AccRec) => "ACCRECCREDIT",
            (Family::CreditNote, Kind::AccPay) => "ACCPAYCREDIT",
            (Family::Overpayment, Kind::AccRec) => "RECEIVE-OVERPAYMENT",
            (Family::Overpayment, Kind::AccPay) => "SPEND-OVERPAYMENT",
            (Family::Prepayment, Kind::AccRec) => "RECEIVE-PREPAYMENT",
            (Family::Prepayment, Kind::AccPay) => "SPEND-PREPAYMENT",
        }
    }

    /// Xero's word for its type where a payment shows it as if it were an invoice.
    pub fn invoice_type_text(&self) -> &'static str {
        match (self.family, self.kind) {
            (Family::CreditNote, Kind::AccRec) => "ACCRECCREDIT",
            (Family::CreditNote, Kind::AccPay) => "ACCPAYCREDIT",
            (Family::Overpayment, Kind::AccRec) => "AROVERPAYMENT",
            (Family::Overpayment, Kind::AccPay) => "APOVERPAYMENT",
            (Family::Prepayment, Kind::AccRec) => "ARPREPAYMENT",
            (Family::Prepayment, Kind::AccPay) => "APPREPAYMENT",
        }
    }

    /// The `PaymentType` of a refund of it.
    pub fn refund_type(&self) -> &'static str {
        match (self.family, self.kind) {
            (Family::CreditNote, Kind::AccRec) => "ARCREDITPAYMENT",
            (Family::CreditNote, Kind::AccPay) => "APCREDITPAYMENT",
            (Family::Overpayment, Kind::AccRec) => "AROVERPAYMENTPAYMENT",
            (Family::Overpayment, Kind::AccPay) => "APOVERPAYMENTPAYMENT",
            (Family::Prepayment, Kind::AccRec) => "ARPREPAYMENTPAYMENT",
            (Family::Prepayment, Kind::AccPay) => "APPREPAYMENTPAYMENT",
        }
    }
}

impl Stamped for Credit {
    fn id(&self) -> Uuid {
        self.id
    }

    fn updated_ms(&self) -> i64 {
        self.updated_ms
    }

    fn marks(&self) -> Vec<Mark> {
        vec![
            Mark::number(self.number.as_deref().unwrap_or_default()),
            Mark::reference(&self.reference),
            Mark::Contact(self.contact),
            Mark::status(self.status.text()),
            Mark::kind(self.type_text()),
        ]
    }
}
