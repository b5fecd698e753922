//! A connected organisation and its settings.

use serde::{Deserialize, Serialize};

use super::MappingKind;
use crate::model::connection::Connection;
use crate::model::document::{Currency, Draft, InvoiceKind};
use crate::model::ids::{GrantId, TenantId, XeroTenantId};
use crate::model::reason::ReasonCode;
use crate::model::time::Timestamp;

/// The automatic-push toggles (S1's three).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoSync {
    /// "Automatically sync new invoices to Xero".
    pub enabled: bool,
    /// "Sync sales invoices".
    pub sales: bool,
    /// "Sync purchase invoices".
    pub purchases: bool,
}

impl Default for AutoSync {
    fn default() -> Self {
        Self {
            enabled: true,
            sales: true,
            purchases: true,
        }
    }
}

impl AutoSync {
    /// Whether documents of this kind are pushed by themselves.
    #[must_use]
    pub const fn allows(&self, kind: InvoiceKind) -> bool {
        self.enabled
            && match kind {
                InvoiceKind::Sales => self.sales,
                InvoiceKind::Purchase => self.purchases,
            }
    }
}

/// What an operator or owner can set per tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The toggles.
    #[serde(default)]
    pub auto_sync: AutoSync,
    /// A nominal code equal to an existing account code needs no mapping.
    #[serde(default = "yes")]
    pub same_code_default: bool,
    /// Currencies allowed besides the organisation's base currency.
    #[serde(default)]
    pub currencies: Vec<Currency>,
    /// Parties, by the host's keys, whose documents are not pushed by themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts_opt_out: Vec<String>,
}

impl Settings {
    /// Whether this document may be pushed by itself: its toggle is on, and its party is not left out.
    #[must_use]
    pub fn push_by_itself(&self, draft: &Draft) -> bool {
        self.auto_sync.allows(draft.kind) && !self.contacts_opt_out.contains(&draft.contact.reference)
    }
}

/// A cause that was fixed: what was red for it is queued again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixedCause {
    /// The reason.
    pub code: ReasonCode,
    /// The words of the host it was fixed for; `None` = for all.
    #[serde(default)]
    pub words: Option<Vec<(MappingKind, String)>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            auto_sync: AutoSync::default(),
            same_code_default: true,
            currencies: Vec::new(),
            contacts_opt_out: Vec::new(),
        }
    }
}

const fn yes() -> bool {
    true
}

/// One connected organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// Our id.
    pub id: TenantId,
    /// Xero's id.
    pub xero_id: XeroTenantId,
    /// The organisation's name.
    pub name: String,
    /// The consent that reaches it.
    pub grant: GrantId,
    /// Xero's name of its time zone; empty until the organisation was read.
    #[serde(default)]
    pub time_zone: String,
    /// Base currency, once read.
    #[serde(default)]
    pub base_currency: Option<Currency>,
    /// For deep links, once read.
    #[serde(default)]
    pub short_code: Option<String>,
    /// When it was first connected: older documents are history and not pushed by themselves.
    pub connected_at: Timestamp,
    /// State of the connection.
    pub connection: Connection,
    /// Settings.
    #[serde(default)]
    pub settings: Settings,
    /// What the host still allows; `None` = it does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credits: Option<Credits>,
    /// Causes a person fixed, whose documents are not all queued again yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixed: Vec<FixedCause>,
}

/// Sync credits: each document that comes to Xero for the first time costs one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credits {
    /// How many are left. Below 0 by those that were on their way when they ran out.
    pub left: i64,
    /// Where a person gets more.
    #[serde(default)]
    pub top_up_url: Option<String>,
}

impl Tenant {
    /// Whether the host's sync credits are used up.
    #[must_use]
    pub fn is_out_of_credits(&self) -> bool {
        self.credits.as_ref().is_some_and(|credits| credits.left <= 0)
    }
}
