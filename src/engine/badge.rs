//! How an invoice's badge moves, and the event that tells hosts. One place, so that row and feed
//! never disagree.

use serde_json::json;

use super::alert;
use super::desired::Obstacle;
use crate::model::ids::{EventId, IdSource};
use crate::model::mutation::{Rule, is_broken};
use crate::model::row::{Badge, Event, Invoice, Operation, ReasonGiven, WaitCause, Waiting};
use crate::model::time::{Now, Timestamp};
use crate::model::write::Write;

/// Grey: queued.
pub fn pending(row: &mut Invoice, now: Now) {
    row.sync.badge = Some(Badge::Pending);
    row.sync.reason = None;
    row.sync.waiting = None;
    row.sync.auto_retry = true;
    row.sync.queued_at.get_or_insert(now.wall);
}

/// Grey, and why it takes longer.
pub fn waiting(row: &mut Invoice, cause: WaitCause, until: Timestamp) {
    row.sync.badge = Some(Badge::Pending);
    row.sync.waiting = Some(Waiting { cause, until });
}

/// As [`waiting`], if it is grey: what is held is red, and stays it.
pub fn still_waiting(row: &mut Invoice, cause: WaitCause, until: Timestamp) {
    if row.sync.badge == Some(Badge::Pending) {
        waiting(row, cause, until);
    }
}

/// Green, unless somebody must know of something.
pub fn synced(row: &mut Invoice, now: Now) {
    row.sync.badge = Some(Badge::Synced);
    row.sync.reason = None;
    row.sync.waiting = None;
    row.sync.queued_at = None;
    row.sync.retries = 0;
    row.sync.auto_retry = false;
    row.sync.asked = false;
    row.sync.last_synced_at = Some(now.wall);
    row.sent = None;
    alert::show(row);
}

/// Red. What an open attempt sent is kept: only its outcome ends it.
pub fn failed(row: &mut Invoice, obstacle: Obstacle, now: Now) -> ReasonGiven {
    let reason = reason(row, obstacle, now);
    turn_red(row, reason.clone());
    reason
}

/// The obstacle as a reason: it holds since the badge first said so.
#[must_use]
pub fn reason(row: &Invoice, obstacle: Obstacle, now: Now) -> ReasonGiven {
    let since = row
        .sync
        .reason
        .as_ref()
        .filter(|reason| reason.code == obstacle.code)
        .map_or(now.wall, |reason| reason.since);
    ReasonGiven {
        code: obstacle.code,
        detail: obstacle.detail,
        subject: obstacle.subject,
        since,
    }
}

/// Red for this reason.
pub fn turn_red(row: &mut Invoice, reason: ReasonGiven) {
    row.sync.badge = Some(Badge::Failed);
    row.sync.reason = Some(reason).filter(|_| !is_broken(Rule::RedSaysWhy));
    row.sync.waiting = None;
    row.sync.auto_retry = false;
}

/// No badge.
pub fn none(row: &mut Invoice) {
    row.sync.badge = None;
    row.sync.reason = None;
    row.sync.waiting = None;
    row.sync.queued_at = None;
    row.sync.auto_retry = false;
    row.sent = None;
}

/// The row's change, stamped.
#[must_use]
pub fn write(row: &mut Invoice, now: Now) -> Write {
    stamp(row, now);
    Write::Invoice(Box::new(row.clone()))
}

/// Its next version is of this moment.
pub fn stamp(row: &mut Invoice, now: Now) {
    row.version = row.version.saturating_add(1);
    row.updated_at = now.wall;
}

/// The event that tells hosts how the badge stands.
#[must_use]
pub fn event(ids: &mut IdSource, row: &Invoice, now: Now) -> Write {
    let kind = match row.sync.badge {
        Some(Badge::Synced) => "invoice.synced",
        Some(Badge::Failed) => "invoice.sync_failed",
        Some(Badge::Pending) => "invoice.pending",
        None => "invoice.updated",
    };
    let (at, random) = ids.parts(now.wall);
    let reason = row.sync.reason.as_ref().map(|reason| {
        json!({
            "code": reason.code.code(),
            "title": reason.code.title(),
            "detail": reason.detail,
            "fix": reason.code.fix(),
        })
    });
    let data = json!({
        "id": row.id.to_string(),
        "host_ref": row.host_ref,
        "kind": row.draft.kind.label(),
        "number": row.draft.number,
        "sync_state": row.sync.badge.map(Badge::state),
        "reason": reason,
        "xero_invoice_id": row.link.as_ref().map(|link| link.xero_id.to_string()),
        "xero_status": row.copy.as_ref().map(|copy| copy.status.as_str()),
    });
    Write::Event(Box::new(Event {
        id: EventId::from_parts(at, random),
        tenant: row.tenant,
        event_type: kind.to_owned(),
        timestamp: now.wall,
        data,
    }))
}

/// The event that tells hosts that an operation ended.
#[must_use]
pub fn operation_event(ids: &mut IdSource, operation: &Operation, now: Now) -> Write {
    let (at, random) = ids.parts(now.wall);
    Write::Event(Box::new(Event {
        id: EventId::from_parts(at, random),
        tenant: operation.tenant,
        event_type: "operation.finished".to_owned(),
        timestamp: now.wall,
        data: json!({
            "operation_id": operation.id.to_string(),
            "kind": operation.kind,
            "state": operation.state.label(),
            "message": operation.message,
            "counts": operation.tally.map(|tally| json!({
                "checked": tally.checked,
                "changed": tally.changed,
                "failed": tally.failed,
                "skipped": tally.skipped,
            })),
        }),
    }))
}

/// The event that tells hosts that the connection changed.
#[must_use]
pub fn connection_event(
    ids: &mut IdSource,
    tenant: crate::model::ids::TenantId,
    connection: &crate::model::connection::Connection,
    now: Now,
) -> Write {
    let (at, random) = ids.parts(now.wall);
    Write::Event(Box::new(Event {
        id: EventId::from_parts(at, random),
        tenant,
        event_type: "connection.state_changed".to_owned(),
        timestamp: now.wall,
        data: json!({
            "state": connection.state.label(),
            "reason": connection.cause.map(crate::model::connection::ConnectionCause::label),
            "actions": connection.state.resolving_action().map(|(code, _)| code),
        }),
    }))
}
