//! What came back from Xero about an invoice: payments and differences.

use serde_json::{Value, json};

use super::money;
use crate::model::row::{Audit, Difference, Disposition, PAYMENT_METHOD, Payment, Variance};
use crate::model::time::Timestamp;

/// A payment as the API shows it. The method is a system method, so nobody can delete the row.
pub fn payment(payment: &Payment) -> Value {
    json!({
        "id": payment.id.to_string(),
        "xero_payment_id": payment.xero_id.to_string(),
        "method": PAYMENT_METHOD,
        "system": true,
        "amount": money::amount(payment.amount),
        "date": payment.date.map(|date| date.to_string()),
        "reference": payment.reference,
        "recorded_at": payment.recorded_at.to_rfc3339(),
        "deleted_at": payment.deleted_at.map(Timestamp::to_rfc3339),
    })
}

/// A variance in a list: its level and how many differences it has.
pub fn variance(variance: &Variance) -> Value {
    json!({
        "level": variance.level.code(),
        "label": variance.level.label(),
        "count": variance.differences.len(),
        "since": variance.since.to_rfc3339(),
    })
}

/// One difference between the host's document and Xero's.
pub fn difference(difference: &Difference) -> Value {
    let words = match difference.disposition {
        Disposition::AutoApplied => "Auto-applied",
        Disposition::Protected => "Protected",
        Disposition::ReviewRequired => "Review required",
    };
    json!({
        "path": difference.path,
        "local": difference.local,
        "xero": difference.xero,
        "class": difference.level.code(),
        "disposition": difference.disposition.code(),
        "label": words,
    })
}

/// One entry of the record of changes.
pub fn audit(row: &Audit) -> Value {
    let changes: Value = row.changes.iter().map(super::operation::change).collect();
    json!({
        "id": row.id.to_string(),
        "tenant_id": row.tenant.to_string(),
        "at": row.at.to_rfc3339(),
        "actor": row.actor,
        "cause": row.cause.label(),
        "type": row.action,
        "invoice_id": row.invoice.map(|id| id.to_string()),
        "host_ref": row.host_ref,
        "operation_id": row.operation.map(|id| id.to_string()),
        "reason": row.reason,
        "changes": changes,
    })
}
