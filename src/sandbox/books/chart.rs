//! Accounts and tax rates.

use rust_decimal::Decimal;
use uuid::Uuid;

/// The class Xero derives from an account's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountClass {
    /// What is owned.
    Asset,
    /// What is owed.
    Liability,
    /// The owners' share.
    Equity,
    /// Money coming in.
    Revenue,
    /// Money going out.
    Expense,
}

/// Whether an account takes postings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountStatus {
    /// It does.
    Active,
    /// It no longer does.
    Archived,
}

/// One account of the chart.
#[derive(Debug, Clone)]
pub struct Account {
    /// `AccountID`.
    pub id: Uuid,
    /// Unique, up to ten characters.
    pub code: String,
    /// Unique.
    pub name: String,
    /// Xero's type, `REVENUE`, `BANK`, `DIRECTCOSTS`…
    pub account_type: String,
    /// The tax type lines get that name none.
    pub tax_type: String,
    /// Takes postings or not.
    pub status: AccountStatus,
    /// Xero's name of a system account, `DEBTORS`, `CREDITORS`…
    pub system: Option<String>,
    /// Payments may be made to it although it is no bank account.
    pub payments: bool,
    /// Last change, in milliseconds of document time.
    pub updated_ms: i64,
}

/// One tax rate.
#[derive(Debug, Clone)]
pub struct TaxRate {
    /// The key, `OUTPUT2`.
    pub tax_type: String,
    /// Shown to people.
    pub name: String,
    /// Effective rate in percent.
    pub rate: Decimal,
    /// Which classes of account it may be used with.
    pub applies_to: Vec<AccountClass>,
}

impl AccountClass {
    /// Xero's word.
    pub fn text(self) -> &'static str {
        match self {
            Self::Asset => "ASSET",
            Self::Liability => "LIABILITY",
            Self::Equity => "EQUITY",
            Self::Revenue => "REVENUE",
            Self::Expense => "EXPENSE",
        }
    }

    /// The class of an account type; `None` for a type Xero does not have.
    pub fn of_type(account_type: &str) -> Option<Self> {
        Some(match account_type {
            "BANK" | "CURRENT" | "FIXED" | "INVENTORY" | "NONCURRENT" | "PREPAYMENT" => Self::Asset,
            "CURRLIAB" | "LIABILITY" | "TERMLIAB" | "PAYGLIABILITY" => Self::Liability,
            "EQUITY" => Self::Equity,
            "REVENUE" | "SALES" | "OTHERINCOME" => Self::Revenue,
            "DIRECTCOSTS" | "EXPENSE" | "OVERHEADS" | "DEPRECIATN" => Self::Expense,
            _ => return None,
        })
    }
}

impl AccountStatus {
    /// Xero's word.
    pub fn text(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Archived => "ARCHIVED",
        }
    }
}

impl Account {
    /// The class of its type.
    pub fn class(&self) -> AccountClass {
        AccountClass::of_type(&self.account_type).unwrap_or(AccountClass::Expense)
    }

    /// Whether lines of invoices may be coded to it.
    pub fn takes_lines(&self) -> bool {
        let control = matches!(self.system.as_deref(), Some("DEBTORS" | "CREDITORS"));
        self.account_type != "BANK" && !control
    }

    /// Whether payments may be made to it.
    pub fn takes_payments(&self) -> bool {
        self.account_type == "BANK" || self.payments
    }
}

impl TaxRate {
    /// Whether lines on accounts of this class may use it.
    pub fn applies(&self, class: AccountClass) -> bool {
        self.applies_to.contains(&class)
    }
}
