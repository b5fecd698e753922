//! Sales invoices and bills.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::credit::Applied;
use super::money;
use super::shelf::{Mark, Stamped};
use super::tracking::Tracked;

/// Sale or purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A sales invoice.
    AccRec,
    /// A bill.
    AccPay,
}

/// Where an invoice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum InvoiceStatus {
    /// Not yet sent for approval.
    Draft,
    /// Waits for approval.
    Submitted,
    /// Approved.
    Authorised,
    /// Nothing is due any more.
    Paid,
    /// Cancelled after approval.
    Voided,
    /// Cancelled before approval.
    Deleted,
}

/// Whether line amounts contain tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AmountsAre {
    /// Tax comes on top.
    Exclusive,
    /// Tax is inside.
    Inclusive,
    /// There is no tax.
    NoTax,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// `LineItemID`.
    pub id: Uuid,
    /// Free text.
    pub description: Option<String>,
    /// Absent on lines of text only.
    pub quantity: Option<Decimal>,
    /// Absent on lines of text only; two decimals, or four with `unitdp=4`.
    pub unit_amount: Option<Decimal>,
    /// `ItemCode`.
    pub item_code: Option<String>,
    /// `AccountCode`.
    pub account_code: Option<String>,
    /// `TaxType`.
    pub tax_type: Option<String>,
    /// Rounded to cents, or what the caller said.
    pub tax_amount: Decimal,
    /// What the tax amount was computed under.
    pub taxed_as: AmountsAre,
    /// After discount, in cents.
    pub line_amount: Decimal,
    /// Percent.
    pub discount_rate: Option<Decimal>,
    /// Money.
    pub discount_amount: Option<Decimal>,
    /// At most two.
    pub tracking: Vec<Tracked>,
}

/// A sales invoice or bill.
#[derive(Debug, Clone)]
pub struct Invoice {
    /// `InvoiceID`.
    pub id: Uuid,
    /// Sale or purchase.
    pub kind: Kind,
    /// `InvoiceNumber`; unique among sales invoices.
    pub number: String,
    /// `Reference`; sales invoices only.
    pub reference: String,
    /// `ContactID`.
    pub contact: Uuid,
    /// Document date.
    pub date: NaiveDate,
    /// Due date.
    pub due_date: Option<NaiveDate>,
    /// Where it stands.
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
    /// Paid so far.
    pub amount_paid: Decimal,
    /// Credit applied to it, oldest first.
    pub credits: Vec<Applied>,
    /// Percent that a contractor keeps back for the tax office; `None` outside that scheme.
    pub cis_rate: Option<Decimal>,
    /// What that amounts to.
    pub cis_deduction: Decimal,
    /// ISO code.
    pub currency: String,
    /// To the base currency.
    pub currency_rate: Decimal,
    /// Link to the caller's own page.
    pub url: Option<String>,
    /// `BrandingThemeID` as sent.
    pub branding_theme: Option<String>,
    /// `ExpectedPaymentDate`.
    pub expected_payment: Option<NaiveDate>,
    /// `PlannedPaymentDate`.
    pub planned_payment: Option<NaiveDate>,
    /// Marked as sent.
    pub sent_to_contact: bool,
    /// Date of the last payment or allocation; stays when that is taken back.
    pub fully_paid_on: Option<NaiveDate>,
    /// Payments that are not deleted, oldest first.
    pub payments: Vec<Uuid>,
    /// Created through the API.
    pub by_app: bool,
    /// Last change, in milliseconds of document time.
    pub updated_ms: i64,
    /// How often its own fields were written (payments do not count).
    pub versions: u32,
}

impl Invoice {
    /// What is still owed; nothing on cancelled documents.
    pub fn amount_due(&self) -> Decimal {
        if self.status.is_cancelled() {
            return Decimal::ZERO;
        }
        self.open_amount()
    }

    /// Total less deduction, payments and credits, whatever the status.
    pub fn open_amount(&self) -> Decimal {
        self.total
            .saturating_sub(self.cis_deduction)
            .saturating_sub(self.amount_paid)
            .saturating_sub(self.amount_credited())
    }

    /// Credited so far, by documents of every kind.
    pub fn amount_credited(&self) -> Decimal {
        money::sum(self.credits.iter().map(|applied| applied.amount))
    }

    /// Whether payments or credits are applied, which locks most fields.
    pub fn has_money(&self) -> bool {
        !self.payments.is_empty() || !self.credits.is_empty()
    }

    /// Recomputes the sums from the lines.
    pub fn sum_up(&mut self) {
        let totals = money::totals(&self.lines, self.amounts_are);
        self.sub_total = totals.sub_total;
        self.total_tax = totals.total_tax;
        self.total = totals.total;
    }

    /// Sum of all discounts.
    pub fn total_discount(&self) -> Decimal {
        money::sum(self.lines.iter().map(|line| {
            let gross = line
                .quantity
                .zip(line.unit_amount)
                .and_then(|(quantity, unit)| quantity.checked_mul(unit));
            match (gross, line.discount_rate.or(line.discount_amount)) {
                (Some(gross), Some(_)) => money::cents(gross).saturating_sub(line.line_amount),
                _ => Decimal::ZERO,
            }
        }))
    }
}

impl Kind {
    /// Xero's word.
    pub fn text(self) -> &'static str {
        match self {
            Self::AccRec => "ACCREC",
            Self::AccPay => "ACCPAY",
        }
    }

    /// Reads Xero's word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::AccRec, Self::AccPay]
            .into_iter()
            .find(|kind| kind.text().eq_ignore_ascii_case(text))
    }
}

impl InvoiceStatus {
    const ALL: [Self; 6] = [
        Self::Draft,
        Self::Submitted,
        Self::Authorised,
        Self::Paid,
        Self::Voided,
        Self::Deleted,
    ];

    /// Xero's word.
    pub fn text(self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::Submitted => "SUBMITTED",
            Self::Authorised => "AUTHORISED",
            Self::Paid => "PAID",
            Self::Voided => "VOIDED",
            Self::Deleted => "DELETED",
        }
    }

    /// Reads Xero's word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|status| status.text().eq_ignore_ascii_case(text))
    }

    /// Voided or deleted.
    pub fn is_cancelled(self) -> bool {
        matches!(self, Self::Voided | Self::Deleted)
    }

    /// Approved, paid or not.
    pub fn is_approved(self) -> bool {
        matches!(self, Self::Authorised | Self::Paid)
    }
}

impl AmountsAre {
    /// Xero's word.
    pub fn text(self) -> &'static str {
        match self {
            Self::Exclusive => "Exclusive",
            Self::Inclusive => "Inclusive",
            Self::NoTax => "NoTax",
        }
    }

    /// Reads Xero's word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Exclusive, Self::Inclusive, Self::NoTax]
            .into_iter()
            .find(|word| word.text().eq_ignore_ascii_case(text))
    }
}

impl Stamped for Invoice {
    fn id(&self) -> Uuid {
        self.id
    }

    fn updated_ms(&self) -> i64 {
        self.updated_ms
    }

    fn marks(&self) -> Vec<Mark> {
        vec![
            Mark::number(&self.number),
            Mark::reference(&self.reference),
            Mark::Contact(self.contact),
            Mark::status(self.status.text()),
            Mark::kind(self.kind.text()),
        ]
    }
}
