//! Identifiers.

use uuid::Uuid;

/// A GUID that names something: the nil GUID, which Xero puts on refused members, does not.
#[must_use]
pub fn guid(text: Option<&str>) -> Option<Uuid> {
    Uuid::parse_str(text?).ok().filter(|id| !id.is_nil())
}
