//! What an organisation starts with: the UK chart, tax rates and a few contacts.

use chrono_tz::Tz;
use rand::RngExt as _;
use rand::rngs::StdRng;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::books::chart::BankAccount;
use super::books::{Account, AccountClass, AccountStatus, Books, Contact, Organisation, TaxRate};
use super::gate::grant::new_id;
use super::seed_credits::{DEMO_CREDITS, SeedCredit, add_credits};

/// Which organisations the sandbox starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Seed {
    /// One organisation, "Demo Company", with a chart and nothing else.
    Empty,
    /// "Acme Ltd" and "Bluebird Foods", with a few contacts.
    #[default]
    Demo,
}

/// What a new organisation is called and where it is.
#[derive(Debug, Clone)]
pub struct Founding {
    /// Its name.
    pub name: String,
    /// ISO code.
    pub base_currency: String,
    /// ISO code of two letters.
    pub country: String,
    /// Its zone.
    pub zone: Tz,
    /// Contacts it starts with: name and e-mail.
    pub contacts: Vec<(String, String)>,
    /// Credit it starts with.
    pub credits: &'static [SeedCredit],
}

/// Code, name, type, default tax type, system account.
type AccountRow = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
);

const ACCOUNTS: [AccountRow; 55] = [
    ("090", "Business Bank Account", "BANK", "NONE", None),
    ("091", "Business Savings Account", "BANK", "NONE", None),
    ("200", "Sales", "REVENUE", "OUTPUT2", None),
    ("260", "Other Revenue", "REVENUE", "OUTPUT2", None),
    ("270", "Interest Income", "REVENUE", "NONE", None),
    ("300", "Purchases", "DIRECTCOSTS", "INPUT2", None),
    ("310", "Cost of Goods Sold", "DIRECTCOSTS", "INPUT2", None),
    ("320", "Direct Wages", "DIRECTCOSTS", "NONE", None),
    ("325", "Direct Expenses", "DIRECTCOSTS", "INPUT2", None),
    ("400", "Advertising & Marketing", "OVERHEADS", "INPUT2", None),
    ("401", "Audit & Accountancy fees", "OVERHEADS", "INPUT2", None),
    ("404", "Bank Fees", "OVERHEADS", "NONE", None),
    ("408", "Cleaning", "OVERHEADS", "INPUT2", None),
    ("412", "Consulting", "OVERHEADS", "INPUT2", None),
    ("416", "Depreciation Expense", "OVERHEADS", "NONE", None),
    ("418", "Charitable and Political Donations", "OVERHEADS", "NONE", None),
    ("420", "Entertainment-100% business", "OVERHEADS", "INPUT2", None),
    ("425", "Postage, Freight & Courier", "OVERHEADS", "INPUT2", None),
    ("429", "General Expenses", "OVERHEADS", "INPUT2", None),
    ("433", "Insurance", "OVERHEADS", "NONE", None),
    ("437", "Interest Paid", "OVERHEADS", "NONE", None),
    ("441", "Legal Expenses", "OVERHEADS", "INPUT2", None),
    ("445", "Light, Power, Heating", "OVERHEADS", "RRINPUT", None),
    ("449", "Motor Vehicle Expenses", "OVERHEADS", "INPUT2", None),
    ("453", "Office Expenses", "OVERHEADS", "INPUT2", None),
    ("457", "Operating Lease Payments", "OVERHEADS", "INPUT2", None),
    ("461", "Printing & Stationery", "OVERHEADS", "INPUT2", None),
    ("463", "IT Software and Consumables", "OVERHEADS", "INPUT2", None),
    ("465", "Rates", "OVERHEADS", "NONE", None),
    ("469", "Rent", "OVERHEADS", "INPUT2", None),
    ("473", "Repairs & Maintenance", "OVERHEADS", "INPUT2", None),
    ("477", "Salaries", "OVERHEADS", "NONE", None),
    ("485", "Subscriptions", "OVERHEADS", "INPUT2", None),
    ("489", "Telephone & Internet", "OVERHEADS", "INPUT2", None),
    ("493", "Travel - National", "OVERHEADS", "INPUT2", None),
    ("494", "Travel - International", "OVERHEADS", "ZERORATEDINPUT", None),
    (
        "498",
        "Foreign Currency Gains and Losses",
        "EXPENSE",
        "NONE",
        Some("REALISEDCURRENCYGAIN"),
    ),
    ("610", "Accounts Receivable", "CURRENT", "NONE", Some("DEBTORS")),
    ("611", "Retention Debtors", "CURRENT", "NONE", None),
    ("620", "Prepayments", "CURRENT", "NONE", None),
    ("630", "Inventory", "INVENTORY", "NONE", None),
    ("710", "Office Equipment", "FIXED", "INPUT2", None),
    ("720", "Computer Equipment", "FIXED", "INPUT2", None),
    ("764", "Plant and Machinery", "FIXED", "INPUT2", None),
    ("800", "Accounts Payable", "CURRLIAB", "NONE", Some("CREDITORS")),
    ("805", "Accruals", "CURRLIAB", "NONE", None),
    ("820", "VAT", "CURRLIAB", "NONE", Some("GST")),
    ("825", "PAYE Payable", "CURRLIAB", "NONE", None),
    ("835", "Directors' Loan Account", "CURRLIAB", "NONE", None),
    ("850", "Suspense", "CURRLIAB", "NONE", None),
    ("858", "Pensions Payable", "CURRLIAB", "NONE", None),
    ("860", "Rounding", "CURRLIAB", "NONE", Some("ROUNDING")),
    (
        "877",
        "Tracking Transfers",
        "CURRLIAB",
        "NONE",
        Some("TRACKINGTRANSFERS"),
    ),
    ("880", "Drawings", "CURRLIAB", "NONE", None),
    ("960", "Retained Earnings", "EQUITY", "NONE", Some("RETAINEDEARNINGS")),
];

/// Which side of the business a rate belongs to.
#[derive(Clone, Copy)]
enum Side {
    Sales,
    Purchases,
    Both,
}

/// Tax type, name, rate in hundredths of a percent, side.
const TAX_RATES: [(&str, &str, i64, Side); 12] = [
    ("OUTPUT2", "20% (VAT on Income)", 2000, Side::Sales),
    ("INPUT2", "20% (VAT on Expenses)", 2000, Side::Purchases),
    ("RROUTPUT", "5% (VAT on Income)", 500, Side::Sales),
    ("RRINPUT", "5% (VAT on Expenses)", 500, Side::Purchases),
    ("ZERORATEDOUTPUT", "Zero Rated Income", 0, Side::Sales),
    ("ZERORATEDINPUT", "Zero Rated Expenses", 0, Side::Purchases),
    ("EXEMPTOUTPUT", "Exempt Income", 0, Side::Sales),
    ("EXEMPTINPUT", "Exempt Expenses", 0, Side::Purchases),
    ("NONE", "No VAT", 0, Side::Both),
    ("OUTPUT", "Tax on Sales", 825, Side::Sales),
    ("INPUT", "Tax on Purchases", 825, Side::Purchases),
    ("TAX001", "Sales Tax on Imports", 0, Side::Both),
];

impl Founding {
    /// A UK organisation.
    pub fn uk(name: &str, contacts: &[(&str, &str)]) -> Self {
        Self {
            name: name.to_owned(),
            base_currency: "GBP".to_owned(),
            country: "GB".to_owned(),
            zone: Tz::Europe__London,
            contacts: contacts
                .iter()
                .map(|(name, email)| ((*name).to_owned(), (*email).to_owned()))
                .collect(),
            credits: &[],
        }
    }

    /// Books with the standard chart and rates and the contacts named here.
    pub fn open_books(&self, rng: &mut StdRng, now_ms: i64) -> Books {
        let organisation = Organisation {
            id: new_id(rng),
            name: self.name.clone(),
            base_currency: self.base_currency.clone(),
            country: self.country.clone(),
            zone: self.zone,
            period_lock: None,
            year_end_lock: None,
            cis_rate: None,
            currencies: Vec::new(),
            created_ms: now_ms,
            short_code: short_code(rng),
        };
        let accounts = {
            let currency = &self.base_currency;
            ACCOUNTS.iter().map(|row| account(row, currency, rng, now_ms)).collect()
        };
        let mut books = Books::new(organisation, accounts, TAX_RATES.iter().map(rate).collect());
        self.add_contacts(&mut books, rng, now_ms);
        books
    }

    /// The contacts an organisation starts with.
    pub fn add_contacts(&self, books: &mut Books, rng: &mut StdRng, now_ms: i64) {
        for (name, email) in &self.contacts {
            let mut contact = Contact::named(new_id(rng), name, now_ms);
            contact.email = Some(email.clone());
            contact.versions = 1;
            books.save_contact(contact);
        }
        add_credits(self.credits, books, now_ms);
        // Nobody is told of what was there from the start.
        books.take_changes();
    }
}

impl Seed {
    /// The organisations of this seed.
    pub fn foundings(self) -> Vec<Founding> {
        match self {
            Self::Empty => vec![Founding::uk("Demo Company", &[])],
            Self::Demo => vec![
                Founding {
                    credits: &DEMO_CREDITS,
                    ..Founding::uk(
                        "Acme Ltd",
                        &[
                            ("Basket Case", "accounts@basketcase.example"),
                            ("City Limousines", "billing@citylimousines.example"),
                            ("Marine Systems", "finance@marinesystems.example"),
                            ("Ridgeway University", "payables@ridgeway.example"),
                            ("Net Connect", "sales@netconnect.example"),
                        ],
                    )
                },
                Founding::uk(
                    "Bluebird Foods",
                    &[
                        ("Corner Deli", "orders@cornerdeli.example"),
                        ("Harbour Hotel", "kitchen@harbourhotel.example"),
                        ("Mill Lane Bakery", "hello@milllane.example"),
                    ],
                ),
            ],
        }
    }
}

/// Classes a tax type may be used with, by its name: output rates not with expenses, input rates
/// not with revenue, others with everything.
pub fn classes_of(tax_type: &str) -> Vec<AccountClass> {
    let upper = tax_type.to_ascii_uppercase();
    let side = match (upper.contains("OUTPUT"), upper.contains("INPUT")) {
        (true, false) => Side::Sales,
        (false, true) => Side::Purchases,
        _ => Side::Both,
    };
    side.classes()
}

impl Side {
    fn classes(self) -> Vec<AccountClass> {
        let mut classes = vec![AccountClass::Asset, AccountClass::Liability, AccountClass::Equity];
        if !matches!(self, Side::Purchases) {
            classes.push(AccountClass::Revenue);
        }
        if !matches!(self, Side::Sales) {
            classes.push(AccountClass::Expense);
        }
        classes
    }
}

fn account(row: &AccountRow, currency: &str, rng: &mut StdRng, now_ms: i64) -> Account {
    let (code, name, account_type, tax_type, system) = *row;
    Account {
        id: new_id(rng),
        code: code.to_owned(),
        name: name.to_owned(),
        account_type: account_type.to_owned(),
        tax_type: tax_type.to_owned(),
        status: AccountStatus::Active,
        // Xero shows an empty word on its own accounts that are none, but for these types.
        system: match system {
            None if matches!(account_type, "BANK" | "DIRECTCOSTS" | "INVENTORY") => None,
            known => Some(known.unwrap_or_default().to_owned()),
        },
        payments: matches!(code, "880" | "835"),
        description: None,
        in_claims: false,
        is_watched: false,
        bank: (account_type == "BANK").then(|| BankAccount {
            number: format!("20000012345{code}"),
            kind: "BANK".to_owned(),
            currency: currency.to_owned(),
        }),
        updated_ms: now_ms,
    }
}

fn rate(row: &(&str, &str, i64, Side)) -> TaxRate {
    let (tax_type, name, hundredths, side) = *row;
    TaxRate::simple(tax_type, name, Decimal::new(hundredths, 2), side.classes())
}

fn short_code(rng: &mut StdRng) -> String {
    let letters = (0..5).map(|_| char::from(rng.random_range(b'A'..=b'Z')));
    std::iter::once('!').chain(letters).collect()
}

/// A tenant's id and name, as handles and the control surface show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantName {
    /// `tenantId`
    pub tenant_id: Uuid,
    /// `tenantName`
    pub name: String,
}
