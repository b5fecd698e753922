//! Contacts.

use serde::Deserialize;
use uuid::Uuid;

use super::verdict::{Flags, Note, Verdict, texts};
use super::{Misread, guid};
use crate::model::ids::XeroContactId;
use crate::model::xero::XeroContact;

/// The envelope of a list of contacts.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Contacts {
    /// The list.
    pub contacts: Option<Vec<Contact>>,
    /// Where refused members are listed when the answer has the shape of an error.
    pub elements: Option<Vec<Contact>>,
}

/// A contact, whole or as a stub inside an invoice.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Contact {
    #[serde(rename = "ContactID")]
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    contact_number: Option<String>,
    contact_status: Option<String>,
    email_address: Option<String>,
    account_number: Option<String>,
    #[serde(rename = "MergedToContactID")]
    merged_into: Option<String>,
    #[serde(rename = "UpdatedDateUTC")]
    pub(super) updated: Option<String>,
    has_errors: Option<bool>,
    has_validation_errors: Option<bool>,
    status_attribute_string: Option<String>,
    pub(super) validation_errors: Option<Vec<Note>>,
    warnings: Option<Vec<Note>>,
}

impl Contact {
    /// A contact that was read.
    ///
    /// # Errors
    /// When it has no id.
    pub fn read(self) -> Result<XeroContact, Misread> {
        let id = guid(self.id.as_deref()).ok_or(Misread::IdMissing)?;
        Ok(self.contact(id, Vec::new()))
    }

    /// One member of the answer to a write.
    ///
    /// # Errors
    /// When it says two things at once, or was saved without an id.
    pub fn written(self) -> Result<XeroContact, Misread> {
        let flags = Flags {
            has_errors: self.has_errors,
            has_validation_errors: self.has_validation_errors,
            word: self.status_attribute_string.as_deref(),
            errors: texts(self.validation_errors.iter().flatten()),
            nested: Vec::new(),
            warnings: texts(self.warnings.iter().flatten()),
        };
        let verdict = flags.verdict()?;
        let id = guid(self.id.as_deref());
        match verdict {
            Verdict::Saved { .. } => Ok(self.contact(id.ok_or(Misread::IdMissing)?, Vec::new())),
            Verdict::Refused { errors, .. } => Ok(self.contact(Uuid::nil(), errors)),
        }
    }

    fn contact(self, id: Uuid, errors: Vec<String>) -> XeroContact {
        XeroContact {
            id: XeroContactId(id),
            name: self.name.unwrap_or_default(),
            number: self.contact_number.filter(|number| !number.is_empty()),
            email: self.email_address.filter(|email| !email.is_empty()),
            account_number: self.account_number.filter(|number| !number.is_empty()),
            is_archived: self.contact_status.as_deref() == Some("ARCHIVED"),
            merged_into: guid(self.merged_into.as_deref()).map(XeroContactId),
            errors,
        }
    }
}

/// What we sent to create contacts, read back to bring the answer into its order.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SentContacts {
    /// In the order of the request.
    pub contacts: Vec<SentContact>,
}

/// The keys of one contact we sent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SentContact {
    /// Our external key.
    pub contact_number: String,
    /// Name.
    pub name: String,
}
