//! What came back from Xero about an invoice: payments and differences.

use serde_json::{Value, json};

use super::money;
use crate::model::row::{PAYMENT_METHOD, Payment, Variance};
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
