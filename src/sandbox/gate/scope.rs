//! Scopes: which there are, and which one a call needs.

/// The scopes of a consent that asks for everything the sandbox answers.
pub const ALL: &str = "offline_access accounting.invoices accounting.payments accounting.contacts \
accounting.settings accounting.banktransactions accounting.manualjournals accounting.attachments";

/// Needed for a refresh token.
pub const OFFLINE: &str = "offline_access";
/// Needed for an identity token.
pub const OPENID: &str = "openid";

/// Scopes that stand for themselves.
const PLAIN: [&str; 16] = [
    OFFLINE,
    OPENID,
    "profile",
    "email",
    "accounting.journals.read",
    "accounting.budgets.read",
    "accounting.reports.read",
    "accounting.reports.aged.read",
    "accounting.reports.balancesheet.read",
    "accounting.reports.banksummary.read",
    "accounting.reports.budgetsummary.read",
    "accounting.reports.executivesummary.read",
    "accounting.reports.profitandloss.read",
    "accounting.reports.taxreports.read",
    "accounting.reports.tenninetynine.read",
    "accounting.reports.trialbalance.read",
];

/// Scopes that exist with and without `.read`.
const READ_OR_WRITE: [&str; 11] = [
    TRANSACTIONS,
    INVOICES,
    PAYMENTS,
    BANK,
    JOURNALS,
    SETTINGS,
    CONTACTS,
    ATTACHMENTS,
    "files",
    "assets",
    "projects",
];

/// The broad scope that four granular ones replace.
const TRANSACTIONS: &str = "accounting.transactions";
const INVOICES: &str = "accounting.invoices";
const PAYMENTS: &str = "accounting.payments";
const BANK: &str = "accounting.banktransactions";
const JOURNALS: &str = "accounting.manualjournals";
const SETTINGS: &str = "accounting.settings";
const CONTACTS: &str = "accounting.contacts";
const ATTACHMENTS: &str = "accounting.attachments";

/// What a consent or a token covers, in the order in which it was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// The scopes of a text, separated by spaces; each once.
    pub fn parse(text: &str) -> Self {
        let mut scopes = Self::default();
        for name in text.split_ascii_whitespace() {
            scopes.add(name);
        }
        scopes
    }

    /// Adds what is not there yet: consents add up.
    pub fn join(&mut self, more: &Self) {
        for name in &more.0 {
            self.add(name);
        }
    }

    /// Whether this very scope is among them.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|scope| scope == name)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Separated by spaces.
    pub fn text(&self) -> String {
        self.0.join(" ")
    }

    /// Whether an accounting call may be made; the path is the part behind `/api.xro/2.0/`. Paths
    /// that Xero does not have need nothing.
    pub fn allow(&self, method: &str, resource_path: &str) -> bool {
        let accepted = needed(resource_path);
        let reads = matches!(method, "GET" | "HEAD");
        accepted.is_empty()
            || accepted
                .iter()
                .any(|scope| self.has(scope) || (reads && self.has(&format!("{scope}.read"))))
    }

    fn add(&mut self, name: &str) {
        if !self.has(name) {
            self.0.push(name.to_owned());
        }
    }
}

/// Whether Xero has a scope of this name.
pub fn is_known(name: &str) -> bool {
    let stem = name.strip_suffix(".read").unwrap_or(name);
    PLAIN.contains(&name) || READ_OR_WRITE.contains(&stem)
}

/// What it lets an app do, in the words of the consent page.
pub fn meaning(name: &str) -> String {
    let (stem, verb) = match name.strip_suffix(".read") {
        Some(stem) => (stem, "View"),
        None => (name, "View and change"),
    };
    let what = match stem {
        OFFLINE => return "Keep access while you are away".to_owned(),
        OPENID => return "Know who you are".to_owned(),
        "profile" => return "View your name".to_owned(),
        "email" => return "View your e-mail address".to_owned(),
        TRANSACTIONS => "invoices, payments, credit notes and journals",
        INVOICES => "invoices, credit notes and items",
        PAYMENTS => "payments, overpayments and prepayments",
        BANK => "bank transactions",
        JOURNALS => "manual journals",
        SETTINGS => "accounts, tax rates and the organisation's settings",
        CONTACTS => "contacts",
        ATTACHMENTS => "attached files",
        other => other,
    };
    format!("{verb} {what}")
}

/// Any of these is enough to write; with `.read` behind it, to read.
fn needed(resource_path: &str) -> &'static [&'static str] {
    let lower = resource_path.to_ascii_lowercase();
    let mut parts = lower.split('/').filter(|part| !part.is_empty());
    let resource = parts.next().unwrap_or_default();
    if parts.nth(1) == Some("attachments") {
        return &[ATTACHMENTS];
    }
    match resource {
        "invoices" | "creditnotes" | "linkedtransactions" | "quotes" | "purchaseorders" | "repeatinginvoices" => {
            &[INVOICES, TRANSACTIONS]
        }
        // Broad scopes had items among the settings; granular ones have them among the invoices too.
        "items" => &[INVOICES, SETTINGS],
        "payments" | "batchpayments" | "prepayments" | "overpayments" => &[PAYMENTS, TRANSACTIONS],
        "banktransactions" | "banktransfers" => &[BANK, TRANSACTIONS],
        "manualjournals" => &[JOURNALS, TRANSACTIONS],
        "accounts" | "brandingthemes" | "currencies" | "organisation" | "organisations" | "taxrates"
        | "trackingcategories" | "users" | "invoicereminders" => &[SETTINGS],
        "contacts" | "contactgroups" => &[CONTACTS],
        _ => &[],
    }
}
