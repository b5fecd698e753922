//! Entries of the feed. The store gives them their number and key, and keeps the tenant in front.

use super::codec::{from_json, open, to_json};
use super::error::RowError;
use crate::model::ids::TenantId;
use crate::model::row::Event;
use crate::store::EventDraft;
use crate::store::keys::event_parts;

const VERSION: u8 = 1;

/// An event for the feed.
///
/// # Errors
/// [`RowError::Unwritable`].
pub fn to_draft(event: &Event) -> Result<EventDraft, RowError> {
    let json = to_json(event).map_err(|problem| RowError::Unwritable {
        row: format!("event {}", event.id),
        problem,
    })?;
    let mut payload = vec![VERSION, 0];
    payload.extend_from_slice(&json);
    Ok(EventDraft {
        tenant: event.tenant.to_bytes(),
        payload,
    })
}

/// The tenant of an entry, without reading the rest.
///
/// # Errors
/// [`RowError::Damaged`].
pub fn tenant_of(key: &[u8], value: &[u8]) -> Result<TenantId, RowError> {
    event_parts(value)
        .map(|(tenant, _)| TenantId::from_bytes(tenant))
        .ok_or_else(|| RowError::damaged(key, "it is shorter than a tenant"))
}

/// The event of an entry.
///
/// # Errors
/// [`RowError::Newer`] and [`RowError::Damaged`].
pub fn from_entry(key: &[u8], value: &[u8]) -> Result<Event, RowError> {
    let tenant = tenant_of(key, value)?;
    let payload = event_parts(value).map_or(&[][..], |(_, payload)| payload);
    let (_no_flags, json) = open(key, payload, VERSION, 0)?;
    let event: Event = from_json(json).map_err(|problem| RowError::damaged(key, problem))?;
    if event.tenant != tenant {
        let problem = format!("it holds an event of {}", event.tenant);
        return Err(RowError::damaged(key, problem));
    }
    Ok(event)
}
