//! Contact groups.

use uuid::Uuid;

/// A named set of contacts.
#[derive(Debug, Clone)]
pub struct ContactGroup {
    /// `ContactGroupID`
    pub id: Uuid,
    /// Unique among groups that are not deleted.
    pub name: String,
    /// Deleted groups are no longer shown.
    pub is_deleted: bool,
    /// Its contacts in the order they were added.
    pub contacts: Vec<Uuid>,
}
