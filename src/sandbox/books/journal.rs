//! Manual journals.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::invoice::AmountsAre;
use super::money;
use super::shelf::{Mark, Stamped};
use super::tracking::Tracked;

/// Where a manual journal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalStatus {
    /// Not in the ledger.
    Draft,
    /// In the ledger.
    Posted,
    /// Taken out of the ledger.
    Voided,
    /// A draft that was thrown away.
    Deleted,
    /// Put away inside Xero.
    Archived,
}

/// One line; debits are positive, credits negative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalLine {
    /// Free text.
    pub description: Option<String>,
    /// `LineAmount`
    pub amount: Decimal,
    /// `TaxType`
    pub tax_type: Option<String>,
    /// `TaxAmount`
    pub tax: Decimal,
    /// `AccountCode`
    pub account_code: Option<String>,
    /// At most two.
    pub tracking: Vec<Tracked>,
}

/// A manual journal. Xero sends no events about them.
#[derive(Debug, Clone)]
pub struct ManualJournal {
    /// `ManualJournalID`
    pub id: Uuid,
    /// What it is about.
    pub narration: String,
    /// Posting date.
    pub date: NaiveDate,
    /// Where it stands.
    pub status: JournalStatus,
    /// Whether line amounts contain tax.
    pub amounts_are: AmountsAre,
    /// Its lines in order.
    pub lines: Vec<JournalLine>,
    /// Link to the caller's own page.
    pub url: Option<String>,
    /// `ShowOnCashBasisReports`
    pub cash_basis: bool,
    /// Last change, in milliseconds of document time.
    pub updated_ms: i64,
    /// How often it was written.
    pub versions: u32,
}

impl JournalStatus {
    const ALL: [Self; 5] = [Self::Draft, Self::Posted, Self::Voided, Self::Deleted, Self::Archived];

    /// Xero's word.
    pub fn text(self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::Posted => "POSTED",
            Self::Voided => "VOIDED",
            Self::Deleted => "DELETED",
            Self::Archived => "ARCHIVED",
        }
    }

    /// Reads Xero's word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|status| status.text().eq_ignore_ascii_case(text))
    }
}

impl ManualJournal {
    /// Sums of debits and of credits, tax included.
    pub fn sides(&self) -> (Decimal, Decimal) {
        let with_tax = |line: &JournalLine| match self.amounts_are {
            AmountsAre::Exclusive => line.amount.saturating_add(line.tax),
            AmountsAre::Inclusive | AmountsAre::NoTax => line.amount,
        };
        let amounts: Vec<Decimal> = self.lines.iter().map(with_tax).collect();
        let side = |debit: bool| {
            let mine = |amount: &&Decimal| amount.is_sign_positive() == debit;
            money::sum(amounts.iter().filter(mine).copied())
        };
        (side(true), side(false))
    }
}

impl Stamped for ManualJournal {
    fn id(&self) -> Uuid {
        self.id
    }

    fn updated_ms(&self) -> i64 {
        self.updated_ms
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::status(self.status.text())]
    }
}
