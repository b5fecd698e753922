//! Operations.

use serde_json::{Value, json};

use super::invoice::reason;
use crate::model::labels;
use crate::model::row::{Change, JobKind, Operation, OperationItem, OperationState, Tally};
use crate::model::time::Timestamp;

/// An operation as the API shows it.
pub fn operation(row: &Operation) -> Value {
    let is_final = row.state.is_final();
    let succeeded = match row.state {
        OperationState::Succeeded => row.total,
        OperationState::PartiallyFailed => row.done,
        _ => 0,
    };
    let failed = match row.state {
        OperationState::Failed | OperationState::PartiallyFailed => row.total.saturating_sub(succeeded),
        _ => 0,
    };
    let percent = match row.total {
        0 if is_final => 100,
        0 => 0,
        total => u64::from(row.done).saturating_mul(100) / u64::from(total),
    };
    json!({
        "id": row.id,
        "tenant_id": row.tenant,
        "kind": row.kind,
        "label": label(row),
        "invoice_id": row.invoice,
        "state": row.state.label(),
        "progress": {"done": row.done, "total": row.total, "percent": percent},
        "counts": row.tally.as_ref().map_or_else(
            || json!({"total": row.total, "succeeded": succeeded, "failed": failed}),
            |tally| counted(row, tally),
        ),
        "message": row.message,
        "error": row.reason.as_ref().map(reason),
        "result": is_final.then(|| json!({"message": row.message})),
        "retry_of": row.retry_of,
        "requested_by": row.requested_by,
        "reason": Some(&row.why).filter(|why| !why.is_empty()),
        "created_at": row.created_at.to_rfc3339(),
        "finished_at": row.finished_at.map(Timestamp::to_rfc3339),
    })
}

/// What an operation over many documents counted.
fn counted(row: &Operation, tally: &Tally) -> Value {
    if is_bulk(row) {
        return json!({
            "total": row.total,
            "succeeded": tally.changed,
            "failed": tally.failed,
            "skipped": tally.skipped,
            "items": tally.items,
        });
    }
    json!({
        "total": tally.checked.saturating_add(tally.skipped),
        "succeeded": tally.checked.saturating_sub(tally.failed),
        "failed": tally.failed,
        "checked": tally.checked,
        "changed": tally.changed,
        "ignored_not_linked": tally.not_linked,
        "skipped_not_linked": tally.skipped,
        "items": tally.items,
    })
}

/// One document in the result of an operation.
pub fn item(item: &OperationItem) -> Value {
    let changes = item.changes.iter().map(change);
    json!({
        "index": item.index,
        "state": state_of(item),
        "code": item.code,
        "detail": item.detail,
        "invoice_id": item.invoice.map(|id| id.to_string()),
        "host_ref": item.host_ref,
        "xero_invoice_id": item.xero_id.map(|id| id.to_string()),
        "changes": changes.collect::<Value>(),
    })
}

/// What became of a document.
pub const fn state_of(item: &OperationItem) -> &'static str {
    match (item.is_done, item.is_skipped) {
        (true, _) => "succeeded",
        (false, true) => "skipped",
        (false, false) => "failed",
    }
}

/// One field before and after.
pub fn change(change: &Change) -> Value {
    json!({"field": change.field, "before": change.before, "after": change.after})
}

fn is_bulk(row: &Operation) -> bool {
    let kind = JobKind::ALL.into_iter().find(|kind| kind.label() == row.kind);
    kind.is_some_and(JobKind::is_bulk)
}

fn label(row: &Operation) -> &str {
    match row.kind.as_str() {
        "resync" if row.tally.is_some() => labels::RESYNC,
        "resync" => "Sync now",
        "acknowledge" => "Acknowledge",
        "refresh" => "Refresh Xero Status",
        "reconcile" => "Reconciler",
        "drift" => "Drift report",
        "link" => "Link to Xero",
        other => other,
    }
}
