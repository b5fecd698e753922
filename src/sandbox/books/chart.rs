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
    /// It is gone; its code and name are free again.
    Deleted,
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
    /// Free text.
    pub description: Option<String>,
    /// `ShowInExpenseClaims`
    pub in_claims: bool,
    /// `AddToWatchlist`
    pub is_watched: bool,
    /// Of bank accounts.
    pub bank: Option<BankAccount>,
    /// Last change, in milliseconds of document time.
    pub updated_ms: i64,
}

/// What only bank accounts have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankAccount {
    /// `BankAccountNumber`
    pub number: String,
    /// `BANK`, `CREDITCARD` or `PAYPAL`
    pub kind: String,
    /// ISO code.
    pub currency: String,
}

/// Whether lines may use a tax rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaxStatus {
    /// They may.
    Active,
    /// They may not any more.
    Deleted,
}

/// One part of a tax rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxComponent {
    /// `Name`
    pub name: String,
    /// Percent, up to four decimals.
    pub rate: Decimal,
    /// Charged on the amount and the other components.
    pub is_compound: bool,
    /// `IsNonRecoverable`
    pub is_non_recoverable: bool,
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
    /// `ReportTaxType`
    pub report: String,
    /// What it consists of.
    pub components: Vec<TaxComponent>,
    /// Usable or not.
    pub status: TaxStatus,
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
            Self::Deleted => "DELETED",
        }
    }

    /// Reads Xero's word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Archived, Self::Deleted]
            .into_iter()
            .find(|status| status.text().eq_ignore_ascii_case(text))
    }
}

impl Account {
    /// The class of its type.
    pub fn class(&self) -> AccountClass {
        AccountClass::of_type(&self.account_type).unwrap_or(AccountClass::Expense)
    }

    /// Whether it is one of Xero's own.
    pub fn is_system(&self) -> bool {
        self.system.as_deref().is_some_and(|system| !system.is_empty())
    }

    /// The reporting code of its class, and its name.
    pub fn reporting(&self) -> (&'static str, &'static str) {
        match (self.account_type.as_str(), self.class()) {
            ("CURRLIAB", _) => ("LIA.CUR", "Current liabilities"),
            ("DIRECTCOSTS", _) => ("EXP.COS", "Cost of goods sold"),
            ("INVENTORY", _) => ("ASS.CUR.INY", "Inventories"),
            (_, AccountClass::Asset) => ("ASS", "Asset"),
            (_, AccountClass::Liability) => ("LIA", "Liability"),
            (_, AccountClass::Equity) => ("EQU", "Equity"),
            (_, AccountClass::Revenue) => ("REV", "Revenue"),
            (_, AccountClass::Expense) => ("EXP", "Expense"),
        }
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

impl TaxStatus {
    /// Xero's word.
    pub fn text(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Deleted => "DELETED",
        }
    }
}

impl TaxRate {
    /// A rate of one component, as Xero's own are.
    pub fn simple(tax_type: &str, name: &str, rate: Decimal, applies_to: Vec<AccountClass>) -> Self {
        let report = match (tax_type.contains("OUTPUT"), tax_type.contains("INPUT")) {
            (true, _) => "OUTPUT",
            (_, true) => "INPUT",
            _ => "NONE",
        };
        let component = if rate == Decimal::ZERO { "No VAT" } else { "VAT" };
        Self {
            tax_type: tax_type.to_owned(),
            name: name.to_owned(),
            rate,
            applies_to,
            report: report.to_owned(),
            components: vec![TaxComponent {
                name: component.to_owned(),
                rate,
                is_compound: false,
                is_non_recoverable: false,
            }],
            status: TaxStatus::Active,
        }
    }

    /// The effective rate of components in percent: compound ones are charged on the rest too.
    pub fn effective(components: &[TaxComponent]) -> Decimal {
        let sum = |compound: bool| {
            let mine = components.iter().filter(|part| part.is_compound == compound);
            mine.fold(Decimal::ZERO, |total, part| total.saturating_add(part.rate))
        };
        let (plain, compound) = (sum(false), sum(true));
        let on_tax = compound
            .saturating_mul(plain)
            .checked_div(Decimal::ONE_HUNDRED)
            .unwrap_or_default();
        plain.saturating_add(compound).saturating_add(on_tax)
    }

    /// Whether lines on accounts of this class may use it.
    pub fn applies(&self, class: AccountClass) -> bool {
        self.applies_to.contains(&class)
    }
}
