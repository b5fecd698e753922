//! What a push looks up: contacts, accounts, mappings.

use serde::{Deserialize, Serialize};

use crate::model::document::Draft;
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
    /// The Xero contact's e-mail address, as last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The Xero contact's account number, as last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_number: Option<String>,
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
    /// Item code of the host → item code of Xero.
    Items,
    /// Channel of the host → one contact for all of its documents, or whose they are ([`Channel`]).
    Channels,
    /// Location of the host → the contact of what is sold there.
    Locations,
}

impl MappingKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::NominalCodes,
        Self::TaxRates,
        Self::Items,
        Self::Contacts,
        Self::Channels,
        Self::Locations,
    ];

    /// The word in paths.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::NominalCodes => "nominal_codes",
            Self::TaxRates => "tax_rates",
            Self::Contacts => "contacts",
            Self::Items => "items",
            Self::Channels => "channels",
            Self::Locations => "locations",
        }
    }

    /// What a person has to give as the value.
    #[must_use]
    pub const fn wants(self) -> &'static str {
        match self {
            Self::NominalCodes => "ACCOUNT_CODE",
            Self::TaxRates => "TAX_TYPE",
            Self::Items => "ITEM_CODE",
            Self::Contacts | Self::Locations => "CONTACT_ID",
            Self::Channels => "online|b2b|pos|CONTACT_ID",
        }
    }

    /// The words of a document that a mapping of this kind may be about.
    pub fn words_of(self, draft: &Draft) -> impl Iterator<Item = &str> {
        let of_document = match self {
            Self::Contacts => Some(draft.contact.reference.as_str()),
            Self::Channels => draft.channel.as_deref(),
            Self::Locations => draft.location.as_deref(),
            Self::NominalCodes | Self::TaxRates | Self::Items => None,
        };
        let of_lines = draft.lines.iter().filter_map(move |line| match self {
            Self::NominalCodes => line.nominal_code.as_deref(),
            Self::TaxRates => line.tax_type.as_deref(),
            Self::Items => line.item_code.as_deref(),
            Self::Contacts | Self::Channels | Self::Locations => None,
        });
        of_document.into_iter().chain(of_lines)
    }
}

/// Whose the documents of a channel are, as its mapping says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// The customer's: `online` and `b2b`.
    Customers,
    /// The location's, where nobody asks for a name: `pos`.
    Locations,
    /// One contact's, whoever buys.
    Contact(XeroContactId),
}

impl Channel {
    /// Reads the value of a mapping.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        match value {
            "online" | "b2b" => Some(Self::Customers),
            "pos" => Some(Self::Locations),
            other => other.parse().ok().map(Self::Contact),
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
