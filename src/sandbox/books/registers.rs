//! What an organisation keeps besides contacts, invoices and money.

use std::collections::HashMap;

use uuid::Uuid;

use super::group::ContactGroup;
use super::item::Item;
use super::journal::ManualJournal;
use super::shelf::{Lag, Shelf};
use super::tracking::TrackingCategory;

/// One note in the history of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// `Details`
    pub details: String,
    /// When, in milliseconds of document time.
    pub at_ms: i64,
}

/// Journals, items, tracking categories, contact groups and notes.
#[derive(Debug, Clone, Default)]
pub struct Registers {
    /// Manual journals.
    pub journals: Shelf<ManualJournal>,
    /// Items in the order of their codes.
    pub items: Vec<Item>,
    /// Tracking categories in the order they were made.
    pub tracking: Vec<TrackingCategory>,
    /// Contact groups in the order they were made.
    pub groups: Vec<ContactGroup>,
    /// Notes by the document they are about, oldest first.
    pub notes: HashMap<Uuid, Vec<Note>>,
}

impl Registers {
    /// The item with this id or code.
    pub fn item(&self, id_or_code: &str) -> Option<&Item> {
        let by_code = |item: &&Item| item.code.eq_ignore_ascii_case(id_or_code);
        match Uuid::parse_str(id_or_code) {
            Ok(id) => self.items.iter().find(|item| item.id == id),
            Err(_) => self.items.iter().find(by_code),
        }
    }

    /// Stores an item where its code belongs.
    pub fn save_item(&mut self, item: Item) {
        self.items.retain(|old| old.id != item.id);
        let key = item.code.to_lowercase();
        let at = self.items.partition_point(|other| other.code.to_lowercase() <= key);
        self.items.insert(at, item);
    }

    /// What stays when documents and contacts are forgotten: items and tracking belong to the
    /// organisation as its chart does.
    pub fn emptied(&self) -> Self {
        let mut groups = self.groups.clone();
        groups.iter_mut().for_each(|group| group.contacts.clear());
        Self {
            items: self.items.clone(),
            tracking: self.tracking.clone(),
            groups,
            ..Self::default()
        }
    }

    /// Sets how far lists lag, and the time for them.
    pub fn tick(&mut self, lag: Lag) {
        self.journals.tick(lag);
    }
}
