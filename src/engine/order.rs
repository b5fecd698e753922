//! The work order of an invoice that was voided in Xero: free, or invoiced again already (S1).

use super::desired::Obstacle;
use crate::model::document::HostStatus;
use crate::model::reason::ReasonCode;
use crate::model::row::{Invoice, WorkOrderLink};
use crate::model::standing::Standing;

/// Whether the order of this invoice is to be freed or kept: it was voided in Xero, not by the host,
/// and that was not decided yet.
#[must_use]
pub fn is_open(row: &Invoice) -> bool {
    row.draft.work_order_ref.is_some()
        && row.draft.host_status != HostStatus::Void
        && row.back.work_order.is_none()
        && Standing::of(row) == Standing::Void
}

/// What becomes of the order. `of_order` are the invoices that name it; the newest live one keeps it.
#[must_use]
pub fn decide(row: &Invoice, of_order: &[Invoice]) -> WorkOrderLink {
    let is_live = |other: &&Invoice| {
        other.id != row.id
            && other.draft.work_order_ref == row.draft.work_order_ref
            && other.draft.host_status != HostStatus::Void
            && Standing::of(other) != Standing::Void
    };
    let newest = of_order.iter().filter(is_live).map(|other| other.id).max();
    newest.map_or(WorkOrderLink::Freed, WorkOrderLink::KeptBy)
}

/// The conflict in words.
#[must_use]
pub fn conflict(row: &Invoice, of_order: &[Invoice], keeper: crate::model::ids::InvoiceId) -> Obstacle {
    let order = row.draft.work_order_ref.clone().unwrap_or_default();
    let live = of_order.iter().find(|other| other.id == keeper);
    let number = live.map_or_else(|| keeper.to_string(), |live| live.draft.number.clone());
    Obstacle {
        code: ReasonCode::WorkOrderAlreadyReinvoiced,
        detail: format!(
            "The work order {order} was invoiced again with {number} before this invoice was voided in Xero."
        ),
        subject: Some(order),
    }
}
