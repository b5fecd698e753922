//! Operations.

use serde_json::{Value, json};

use super::invoice::reason;
use crate::model::row::{Operation, OperationState};
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
        "label": label(&row.kind),
        "invoice_id": row.invoice,
        "state": row.state.label(),
        "progress": {"done": row.done, "total": row.total, "percent": percent},
        "counts": {"total": row.total, "succeeded": succeeded, "failed": failed},
        "message": row.message,
        "error": row.reason.as_ref().map(reason),
        "result": is_final.then(|| json!({"message": row.message})),
        "requested_by": row.requested_by,
        "created_at": row.created_at.to_rfc3339(),
        "finished_at": row.finished_at.map(Timestamp::to_rfc3339),
    })
}

fn label(kind: &str) -> &str {
    match kind {
        "resync" => "Sync now",
        other => other,
    }
}
