//! Contacts that changed in Xero: who was resolved to one that was merged follows it to the one that
//! is left, and one that is archived holds up what would be made for it.

use serde_json::{Value, json};

use super::machine::TenantMachine;
use crate::engine::desired::Obstacle;
use crate::model::ids::{EventId, XeroContactId};
use crate::model::reason::ReasonCode;
use crate::model::row::{ContactRow, Event, Mapping, MappingKind};
use crate::model::time::Now;
use crate::model::write::Write;
use crate::model::xero::{Change, XeroContact};

/// Most merges that are followed from one contact to the next.
const MERGES_MAX: usize = 8;

impl TenantMachine {
    /// A contact of a page, with the parties that were resolved or mapped to it. Returns whether any
    /// was, and whether anything changed here.
    pub(super) fn contact_listed(
        &mut self,
        now: Now,
        contact: &XeroContact,
        page: &[Change],
        (rows, mappings): (&mut [ContactRow], &mut [Mapping]),
        writes: &mut Vec<Write>,
    ) -> (bool, bool) {
        let (xero_id, is_archived) = survivor(contact, page);
        let before = writes.len();
        let mut is_followed = false;
        for row in rows.iter_mut().filter(|row| row.xero_id == contact.id) {
            is_followed = true;
            if (row.xero_id, row.is_archived) == (xero_id, is_archived) {
                continue;
            }
            let kind = match (row.xero_id == xero_id, is_archived) {
                (false, _) => "contact.merged",
                (true, true) => "contact.archived",
                (true, false) => "contact.restored",
            };
            let data = json!({
                "contact_ref": row.reference,
                "xero_contact_id": xero_id.to_string(),
                "was": row.xero_id.to_string(),
            });
            (row.xero_id, row.is_archived) = (xero_id, is_archived);
            writes.push(Write::Contact(Box::new(row.clone())));
            writes.push(self.contact_event(now, kind, data));
            if !is_archived {
                self.party_is_usable(&row.reference);
            }
        }
        let id = contact.id.to_string();
        for mapping in mappings
            .iter_mut()
            .filter(|mapping| mapping.value.eq_ignore_ascii_case(&id))
        {
            is_followed = true;
            if xero_id != contact.id {
                mapping.value = xero_id.to_string();
                mapping.set_at = now.wall;
                writes.push(Write::Mapping(Box::new(mapping.clone())));
            }
            if !is_archived {
                self.party_is_usable(&mapping.key);
            }
        }
        (is_followed, writes.len() > before)
    }

    /// Xero's own refusal names no party, so all documents of this one are meant.
    fn party_is_usable(&mut self, reference: &str) {
        let words = vec![(MappingKind::Contacts, reference.to_owned())];
        self.releases.want_words(ReasonCode::ContactArchived, words);
    }

    fn contact_event(&mut self, now: Now, kind: &str, data: Value) -> Write {
        let (at, random) = self.ids.parts(now.wall);
        Write::Event(Box::new(Event {
            id: EventId::from_parts(at, random),
            tenant: self.setup.tenant.id,
            event_type: kind.to_owned(),
            timestamp: now.wall,
            data,
        }))
    }
}

/// The contact that is left of this one, and whether that is archived, as far as the page tells.
fn survivor(contact: &XeroContact, page: &[Change]) -> (XeroContactId, bool) {
    let on_page = |id: XeroContactId| {
        page.iter().find_map(|change| match change {
            Change::Contact(change) if change.contact.id == id => Some(&change.contact),
            _ => None,
        })
    };
    let mut last = contact;
    for _ in 0..MERGES_MAX {
        let Some(next) = last.merged_into else {
            return (last.id, last.is_archived);
        };
        match on_page(next) {
            Some(found) => last = found,
            None => return (next, false),
        }
    }
    // Merged in a circle: that cannot be, and nothing is known.
    (contact.id, contact.is_archived)
}

/// What a document says that would be made for an archived contact.
pub(super) fn archived(row: &ContactRow) -> Obstacle {
    Obstacle {
        code: ReasonCode::ContactArchived,
        detail: format!("The Xero contact of \"{}\" is archived.", row.name),
        subject: Some(row.reference.clone()),
    }
}
