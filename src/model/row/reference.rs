//! What a push looks up: contacts, accounts, mappings.

use serde::{Deserialize, Serialize};

use crate::model::ids::{TenantId, XeroContactId};
use crate::model::time::Timestamp;
use crate::model::xero::{Account, Organisation, TaxRate};

/// A local party and its Xero contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactRow {
    /// Its tenant.
    pub tenant: TenantId,
    /// The host's key of the party.
    pub reference: String,
    /// The name it was resolved under.
    pub name: String,
    /// The Xero contact.
    pub xero_id: XeroContactId,
    /// How it was found.
    pub how: ContactMatch,
    /// When.
    pub resolved_at: Timestamp,
    /// Whether the Xero contact is archived, as far as it is known.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_archived: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// How a local party was matched to a Xero contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactMatch {
    /// A person mapped it.
    Mapped,
    /// By our external key.
    Number,
    /// By its exact name.
    Name,
    /// We made it.
    Created,
}

/// The organisation's reference data, as last read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chart {
    /// Its tenant.
    pub tenant: TenantId,
    /// When it was read.
    pub read_at: Timestamp,
    /// The organisation.
    pub organisation: Organisation,
    /// The accounts.
    pub accounts: Vec<Account>,
    /// The tax rates.
    pub tax_rates: Vec<TaxRate>,
}

/// A kind of mapping from the host's words to Xero's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MappingKind {
    /// Nominal code → account code.
    NominalCodes,
    /// Tax type of the host → tax type of Xero.
    TaxRates,
    /// The host's key of a party → Xero's `ContactID`.
    Contacts,
}

impl MappingKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::NominalCodes, Self::TaxRates, Self::Contacts];

    /// The word in paths.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::NominalCodes => "nominal_codes",
            Self::TaxRates => "tax_rates",
            Self::Contacts => "contacts",
        }
    }
}

/// One mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// Its tenant.
    pub tenant: TenantId,
    /// Its kind.
    pub kind: MappingKind,
    /// The host's word.
    pub key: String,
    /// Xero's word.
    pub value: String,
    /// When it was set.
    pub set_at: Timestamp,
}
