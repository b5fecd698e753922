//! The events that tell hosts what came back from Xero.

use serde_json::{Value, json};

use super::take::News;
use crate::model::ids::{EventId, IdSource};
use crate::model::row::{Difference, Event, Invoice, PAYMENT_PENDING, WorkOrderLink};
use crate::model::standing::Standing;
use crate::model::time::Now;
use crate::model::write::Write;

/// One event for each piece of news, and one for a change that is none of the others.
#[must_use]
pub fn events(ids: &mut IdSource, row: &Invoice, news: &[News], now: Now) -> Vec<Write> {
    let told = news.iter().filter_map(|piece| tell(row, piece));
    let told: Vec<(&'static str, Value)> = told.collect();
    told.into_iter()
        .map(|(kind, particulars)| {
            let mut data = json!({
                "id": row.id.to_string(),
                "host_ref": row.host_ref,
                "kind": row.draft.kind.label(),
                "number": row.draft.number,
                "status": Standing::of(row).label(),
                "xero_invoice_id": row.link.as_ref().map(|link| link.xero_id.to_string()),
                "xero_status": row.copy.as_ref().map(|copy| copy.status.as_str()),
            });
            if let (Value::Object(data), Value::Object(particulars)) = (&mut data, particulars) {
                data.extend(particulars);
            }
            let (at, random) = ids.parts(now.wall);
            Write::Event(Box::new(Event {
                id: EventId::from_parts(at, random),
                tenant: row.tenant,
                event_type: kind.to_owned(),
                timestamp: now.wall,
                data,
            }))
        })
        .collect()
}

fn tell(row: &Invoice, news: &News) -> Option<(&'static str, Value)> {
    Some(match news {
        News::Paid(id) | News::PaymentDeleted(id) => {
            let payment = row.back.payments.iter().find(|payment| payment.id == *id)?;
            let kind = match news {
                News::Paid(_) => "payment.recorded",
                _ => "payment.deleted",
            };
            let particulars = json!({
                "payment_id": payment.id.to_string(),
                "xero_payment_id": payment.xero_id.to_string(),
                "amount": payment.amount.to_string(),
                "date": payment.date.map(|date| date.to_string()),
            });
            (kind, particulars)
        }
        News::Credited(id) | News::CreditRemoved(id) => {
            let credit = row.back.credits.iter().find(|credit| credit.xero_id == *id)?;
            let kind = match news {
                News::Credited(_) => "credit_note.updated",
                _ => "allocation.removed",
            };
            let particulars = json!({
                "credit_kind": credit.kind.label(),
                "xero_credit_id": credit.xero_id.to_string(),
                "credit_number": credit.number,
                "amount": credit.amount.to_string(),
            });
            (kind, particulars)
        }
        News::Stands { from, to } => {
            let kind = match to {
                Standing::Unpaid => "invoice.unpaid",
                Standing::PartPaid => "invoice.part_paid",
                Standing::Paid => "invoice.paid",
                Standing::Void => "invoice.voided",
            };
            (kind, json!({ "was": from.label() }))
        }
        News::Changed => ("invoice.updated", json!({})),
        News::AutoApplied(applied) => {
            let applied: Vec<Value> = applied.iter().map(difference).collect();
            ("invoice.auto_applied", json!({ "changes": applied }))
        }
        News::Variance(level) => {
            let differences = row.back.variance.as_ref().map(|variance| &variance.differences);
            let changes: Vec<Value> = differences.into_iter().flatten().map(difference).collect();
            let particulars = json!({ "level": level.map(|level| level.code()), "changes": changes });
            ("invoice.variance_detected", particulars)
        }
        other => return later(row, other),
    })
}

/// What is told of decisions about a row, rather than of its document.
fn later(row: &Invoice, news: &News) -> Option<(&'static str, Value)> {
    Some(match news {
        News::Deferred(until) => {
            let particulars = json!({ "until": until.to_rfc3339(), "reason": PAYMENT_PENDING });
            ("invoice.refresh_deferred", particulars)
        }
        News::WorkOrder(link) => {
            let order = row.draft.work_order_ref.as_deref();
            match link {
                WorkOrderLink::Freed => ("invoice.work_order_freed", json!({ "work_order_ref": order })),
                WorkOrderLink::KeptBy(keeper) => {
                    let particulars = json!({
                        "conflict": "work_order",
                        "work_order_ref": order,
                        "kept_by": keeper.to_string(),
                    });
                    ("invoice.conflict", particulars)
                }
            }
        }
        News::DeleteUnmatched(payment) => {
            let particulars = json!({ "xero_payment_id": payment.to_string() });
            ("payment.delete_unmatched", particulars)
        }
        _told_of_the_document => return None,
    })
}

fn difference(difference: &Difference) -> Value {
    json!({
        "path": difference.path,
        "local": difference.local,
        "xero": difference.xero,
        "level": difference.level.code(),
        "disposition": difference.disposition.code(),
    })
}
