//! What came back from Xero about an invoice: payments, credits, differences, alerts.

use serde_json::{Value, json};

use super::invoice::reason;
use super::money;
use crate::model::row::{
    Acknowledged, Alert, Audit, Credit, Difference, Invoice, PAYMENT_METHOD, PAYMENT_PENDING, Payment, Variance,
    WorkOrderLink,
};
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

/// A credit as the API shows it.
pub fn credit(credit: &Credit) -> Value {
    json!({
        "kind": credit.kind.label(),
        "xero_credit_id": credit.xero_id.to_string(),
        "number": credit.number,
        "amount": money::amount(credit.amount),
        "date": credit.date.map(|date| date.to_string()),
        "recorded_at": credit.recorded_at.to_rfc3339(),
        "removed_at": credit.removed_at.map(Timestamp::to_rfc3339),
        "counted": credit.removed_at.is_none(),
    })
}

/// A variance in a list: its level and how many differences it has.
pub fn variance(variance: &Variance) -> Value {
    json!({
        "level": variance.level.code(),
        "label": variance.level.label(),
        "count": variance.differences.len(),
        "since": variance.since.to_rfc3339(),
        "acknowledged": variance.acknowledged.as_ref().map(acknowledged),
    })
}

/// A variance with its differences; without one the list is empty.
pub fn differences(row: &Invoice) -> Value {
    let open = row.back.variance.as_ref();
    let changes = open.into_iter().flat_map(|variance| &variance.differences);
    json!({
        "level": open.map(|variance| variance.level.code()),
        "label": open.map(|variance| variance.level.label()),
        "since": open.map(|variance| variance.since.to_rfc3339()),
        "acknowledged": open.and_then(|variance| variance.acknowledged.as_ref()).map(acknowledged),
        "host_status": row.draft.host_status.label(),
        "changes": changes.map(difference).collect::<Vec<Value>>(),
    })
}

fn difference(difference: &Difference) -> Value {
    json!({
        "path": difference.path,
        "local": difference.local,
        "xero": difference.xero,
        "level": difference.level.code(),
        "disposition": difference.disposition.code(),
        "disposition_label": difference.disposition.label(),
    })
}

/// Until when the comparison with Xero's version waits, and why; null when it does not.
pub fn suppression(row: &Invoice, now: Timestamp) -> Value {
    row.back.quiet(now).map_or(Value::Null, |until| {
        json!({
            "until": until.to_rfc3339(),
            "reason": PAYMENT_PENDING,
            "deferred": row.back.deferred.is_some(),
        })
    })
}

/// The work order and what became of it when the invoice was voided in Xero; null without one.
pub fn work_order(row: &Invoice) -> Value {
    let Some(order) = &row.draft.work_order_ref else {
        return Value::Null;
    };
    let link = row.back.work_order.map(|link| match link {
        WorkOrderLink::Freed => "freed".to_owned(),
        WorkOrderLink::KeptBy(keeper) => format!("kept_by:{keeper}"),
    });
    json!({ "ref": order, "link": link })
}

/// What somebody must know of, acknowledged or not.
pub fn alerts(row: &Invoice) -> Vec<Value> {
    let alert = |alert: &Alert| {
        json!({
            "reason": reason(&alert.reason),
            "acknowledged": alert.acknowledged.as_ref().map(acknowledged),
        })
    };
    row.back.alerts.iter().map(alert).collect()
}

fn acknowledged(word: &Acknowledged) -> Value {
    json!({ "by": word.by, "at": word.at.to_rfc3339(), "note": word.note })
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
