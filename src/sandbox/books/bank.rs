//! Money spent and received outside invoices, which is where overpayments and prepayments come
//! from; and payments made as one batch.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::credit::Family;
use super::invoice::{AmountsAre, Kind, Line};
use super::ledger::Books;
use super::payment::PaymentStatus;
use super::shelf::{Shelf, Stamped};

/// What a bank transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BankKind {
    /// Received from customers, or spent on suppliers.
    pub kind: Kind,
    /// What it leaves behind; `None` for plain income or expense.
    pub leaves: Option<Family>,
}

/// Whether a bank transaction counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BankStatus {
    /// It does.
    Authorised,
    /// It was taken back; it stays listed.
    Deleted,
}

/// Money spent or received.
#[derive(Debug, Clone)]
pub struct BankTransaction {
    /// `BankTransactionID`.
    pub id: Uuid,
    /// What it is.
    pub what: BankKind,
    /// `ContactID`.
    pub contact: Uuid,
    /// The bank account.
    pub account: Uuid,
    /// When it was made.
    pub date: NaiveDate,
    /// `Reference`.
    pub reference: String,
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
    /// ISO code.
    pub currency: String,
    /// To the base currency.
    pub currency_rate: Decimal,
    /// Link to the caller's own page.
    pub url: Option<String>,
    /// Whether it counts.
    pub status: BankStatus,
    /// Matched with a bank statement line.
    pub reconciled: bool,
    /// The overpayment or prepayment it left behind.
    pub credit: Option<Uuid>,
    /// Last change, in milliseconds of document time.
    pub updated_ms: i64,
    /// How often it was written.
    pub versions: u32,
}

/// Payments of one day and account, made as one.
#[derive(Debug, Clone)]
pub struct Batch {
    /// `BatchPaymentID`.
    pub id: Uuid,
    /// Payments of bills, or of sales invoices.
    pub kind: Kind,
    /// The bank account.
    pub account: Uuid,
    /// When it was made.
    pub date: NaiveDate,
    /// Free text.
    pub reference: Option<String>,
    /// Its payments.
    pub payments: Vec<Uuid>,
    /// Sum of its payments.
    pub total: Decimal,
    /// Matched with a bank statement line.
    pub reconciled: bool,
    /// Whether it counts.
    pub status: PaymentStatus,
    /// Last change, in milliseconds of document time.
    pub updated_ms: i64,
    /// How often it was written.
    pub versions: u32,
}

impl BankKind {
    const ALL: [(&'static str, Self); 6] = [
        ("RECEIVE", Self::of(Kind::AccRec, None)),
        ("SPEND", Self::of(Kind::AccPay, None)),
        ("RECEIVE-OVERPAYMENT", Self::of(Kind::AccRec, Some(Family::Overpayment))),
        ("SPEND-OVERPAYMENT", Self::of(Kind::AccPay, Some(Family::Overpayment))),
        ("RECEIVE-PREPAYMENT", Self::of(Kind::AccRec, Some(Family::Prepayment))),
        ("SPEND-PREPAYMENT", Self::of(Kind::AccPay, Some(Family::Prepayment))),
    ];

    const fn of(kind: Kind, leaves: Option<Family>) -> Self {
        Self { kind, leaves }
    }

    /// Reads Xero's word. Transfers are another resource.
    pub fn parse(text: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
        found.map(|(_, what)| *what)
    }

    /// Xero's word.
    pub fn text(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, what)| *what == self);
        found.map_or("RECEIVE", |(word, _)| word)
    }
}

impl BankStatus {
    /// Xero's word.
    pub fn text(self) -> &'static str {
        match self {
            Self::Authorised => "AUTHORISED",
            Self::Deleted => "DELETED",
        }
    }
}

impl Batch {
    /// Xero's word for its type.
    pub fn type_text(&self) -> &'static str {
        match self.kind {
            Kind::AccRec => "RECBATCH",
            Kind::AccPay => "PAYBATCH",
        }
    }
}

impl Books {
    /// How many documents there are; contacts are none.
    pub fn documents_count(&self) -> usize {
        let credits = [&self.credit_notes, &self.overpayments, &self.prepayments];
        let credits = credits
            .iter()
            .fold(0_usize, |sum, shelf| sum.saturating_add(shelf.len()));
        self.invoices()
            .len()
            .saturating_add(self.payments().len())
            .saturating_add(credits)
            .saturating_add(self.bank_transactions.len())
            .saturating_add(self.batches.len())
            .saturating_add(self.registers.journals.len())
    }

    /// All bank transactions.
    pub fn bank_transactions(&self) -> &Shelf<BankTransaction> {
        &self.bank_transactions
    }

    /// All batches of payments.
    pub fn batches(&self) -> &Shelf<Batch> {
        &self.batches
    }

    /// Stores a bank transaction. Xero sends no event for it.
    pub fn save_bank_transaction(&mut self, transaction: BankTransaction) {
        self.bank_transactions.put(transaction);
    }

    /// Stores a batch. Xero sends no event for it.
    pub fn save_batch(&mut self, batch: Batch) {
        self.batches.put(batch);
    }
}

impl Stamped for BankTransaction {
    fn id(&self) -> Uuid {
        self.id
    }

    fn updated_ms(&self) -> i64 {
        self.updated_ms
    }
}

impl Stamped for Batch {
    fn id(&self) -> Uuid {
        self.id
    }

    fn updated_ms(&self) -> i64 {
        self.updated_ms
    }
}
