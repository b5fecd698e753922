//! Contacts.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::shelf::{Mark, Stamped};
use crate::sandbox::wire::Json;

/// Whether a contact can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactStatus {
    /// It can.
    Active,
    /// It cannot, and the API cannot bring it back.
    Archived,
}

/// A customer or supplier.
#[derive(Debug, Clone)]
pub struct Contact {
    /// `ContactID`.
    pub id: Uuid,
    /// Unique among active contacts, in any letter case.
    pub name: String,
    /// The caller's own key, unique, up to 50 characters.
    pub number: Option<String>,
    /// `AccountNumber`.
    pub account_number: Option<String>,
    /// `EmailAddress`.
    pub email: Option<String>,
    /// `FirstName`.
    pub first_name: Option<String>,
    /// `LastName`.
    pub last_name: Option<String>,
    /// Entered as a contact, and not only named in a document.
    pub is_entered: bool,
    /// Usable or not.
    pub status: ContactStatus,
    /// Addresses as sent, by `AddressType`.
    pub addresses: Vec<Json>,
    /// Phones as sent, by `PhoneType`.
    pub phones: Vec<Json>,
    /// People as sent, up to five.
    pub persons: Vec<Json>,
    /// Further fields as sent, by their key.
    pub settings: Vec<(&'static str, Json)>,
    /// CIS deduction of a subcontractor in percent.
    pub cis_rate: Option<Decimal>,
    /// The contact it was merged into inside Xero.
    pub merged_to: Option<Uuid>,
    /// Has had an approved sales invoice.
    pub is_customer: bool,
    /// Has had an approved bill.
    pub is_supplier: bool,
    /// Last change, in milliseconds of document time.
    pub updated_ms: i64,
    /// How often it was written.
    pub versions: u32,
}

impl Contact {
    /// A new active contact, entered with nothing but a name.
    pub fn named(id: Uuid, name: &str, now_ms: i64) -> Self {
        Self {
            id,
            name: name.to_owned(),
            number: None,
            account_number: None,
            email: None,
            first_name: None,
            last_name: None,
            is_entered: true,
            status: ContactStatus::Active,
            addresses: Vec::new(),
            phones: Vec::new(),
            persons: Vec::new(),
            settings: Vec::new(),
            cis_rate: None,
            merged_to: None,
            is_customer: false,
            is_supplier: false,
            updated_ms: now_ms,
            versions: 0,
        }
    }
}

impl ContactStatus {
    /// Xero's word.
    pub fn text(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Archived => "ARCHIVED",
        }
    }
}

impl Stamped for Contact {
    fn id(&self) -> Uuid {
        self.id
    }

    fn updated_ms(&self) -> i64 {
        self.updated_ms
    }

    fn marks(&self) -> Vec<Mark> {
        let mut marks = vec![Mark::name(&self.name), Mark::status(self.status.text())];
        marks.extend(self.number.as_deref().map(Mark::number));
        marks
    }
}
