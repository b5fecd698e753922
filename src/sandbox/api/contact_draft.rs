//! The contact inside a document as sent.

use uuid::Uuid;

use super::contacts;
use super::drafting::Drafting;
use crate::sandbox::books::{Contact, ContactStatus};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::wire::Json;

const CONTACT_ARCHIVED: &str = "The contact with the specified contact details has been archived. \
The contact must be un-archived before creating new invoices or credit notes";
const CONTACT_MISSING: &str = "A Contact must be specified for this type of transaction";

impl Drafting<'_> {
    /// By id, number or name; a name nobody has makes a contact, further fields change it. `old`
    /// is the contact the document has already. `None` only with errors.
    pub fn contact(&mut self, element: &Json, old: Option<Uuid>) -> Option<(Uuid, Option<Contact>)> {
        let sent = element.get("Contact").filter(|contact| contact.is_map());
        let Some(sent) = sent else {
            if let Some(old) = old {
                return Some((old, None));
            }
            return self.refuse(CONTACT_MISSING);
        };
        let id = sent.text("ContactID").and_then(|id| Uuid::parse_str(id).ok());
        let number = sent.text("ContactNumber");
        let name = sent.text("Name").map(str::trim).filter(|name| !name.is_empty());
        let found = match (id.filter(|id| !id.is_nil()), number, name) {
            (Some(id), ..) => match self.books.contacts().get(id) {
                Some(contact) => Some(contact),
                None => return self.refuse("The Contact could not be found"),
            },
            (None, Some(number), _) if self.books.contact_numbered(number).is_some() => {
                self.books.contact_numbered(number)
            }
            (None, _, Some(name)) => self.books.contact_named(name),
            (None, _, None) => return self.refuse(CONTACT_MISSING),
        };
        let unchanged = old.is_some() && found.map(|found| found.id) == old;
        if found.is_some_and(|contact| contact.status == ContactStatus::Archived) && !unchanged {
            return self.refuse(CONTACT_ARCHIVED);
        }
        let mut contact = match found {
            Some(contact) => contact.clone(),
            None => Contact {
                is_entered: false,
                ..Contact::named(new_id(self.rng), "", self.now_ms)
            },
        };
        let wrong = contacts::fill(&mut contact, sent);
        self.errors.extend(wrong);
        let same = found.is_some_and(|found| {
            found.name == contact.name
                && found.email == contact.email
                && found.number == contact.number
                && found.account_number == contact.account_number
                && found.first_name == contact.first_name
                && found.last_name == contact.last_name
        });
        if same || contact.status == ContactStatus::Archived {
            return Some((contact.id, None));
        }
        self.errors.extend(contacts::refusals(self.books, &contact));
        contact.updated_ms = self.now_ms;
        contact.versions = contact.versions.saturating_add(1);
        Some((contact.id, Some(contact)))
    }
}
