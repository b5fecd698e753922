//! Keys of jobs, of what they did, and of the record of changes.

use super::keys::{AUDIT, AUDIT_OF_INVOICE, JOBS, OPERATION_ITEMS, RECONCILED, join};
use crate::model::ids::{AuditId, InvoiceId, OperationId, TenantId};

/// Key of the rest of a job.
#[must_use]
pub fn job(tenant: TenantId, operation: OperationId) -> Vec<u8> {
    join(JOBS, &[&tenant.to_bytes(), &operation.to_bytes()])
}

/// Key of the latest date that was checked.
#[must_use]
pub fn reconciled(tenant: TenantId) -> Vec<u8> {
    join(RECONCILED, &[&tenant.to_bytes()])
}

/// Prefix of the items of an operation's result.
#[must_use]
pub fn items(operation: OperationId) -> Vec<u8> {
    join(OPERATION_ITEMS, &[&operation.to_bytes()])
}

/// Key of one item of an operation's result.
#[must_use]
pub fn item(operation: OperationId, index: u32) -> Vec<u8> {
    join(OPERATION_ITEMS, &[&operation.to_bytes(), &index.to_be_bytes()])
}

/// Key of an entry of the record of changes.
#[must_use]
pub fn audit(tenant: TenantId, id: AuditId) -> Vec<u8> {
    join(AUDIT, &[&tenant.to_bytes(), &id.to_bytes()])
}

/// Prefix of the entries about one invoice.
#[must_use]
pub fn audit_of_invoice(tenant: TenantId, invoice: InvoiceId) -> Vec<u8> {
    join(AUDIT_OF_INVOICE, &[&tenant.to_bytes(), &invoice.to_bytes()])
}
