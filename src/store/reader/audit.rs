//! The record of who changed what, and why.

use super::access::Reader;
use super::error::ReadError;
use crate::model::ids::{AuditId, InvoiceId, TenantId};
use crate::model::row::Audit;
use crate::model::time::Timestamp;
use crate::store::rows::{decode, keys};
use crate::store::{Batch, Direction, Op, Scan, Urgency};

/// Most entries of one page.
pub const AUDIT_PAGE_MAX: usize = 1_000;

impl Reader {
    /// The entries of a tenant, oldest first, behind one of them; at most `limit` and never more
    /// than [`AUDIT_PAGE_MAX`].
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn audit(&self, tenant: TenantId, after: Option<AuditId>, limit: usize) -> Result<Vec<Audit>, ReadError> {
        let mut scan = Scan::forward(keys::of_tenant(keys::AUDIT, tenant), limit.clamp(1, AUDIT_PAGE_MAX));
        if let Some(after) = after {
            scan = scan.beyond(keys::audit(tenant, after));
        }
        let rows = self.store.scan(&scan)?;
        rows.iter().map(|(key, value)| Ok(decode(key, value)?)).collect()
    }

    /// The entries of a tenant, newest first, before one of them; as many as [`Self::audit`].
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn latest_audit(
        &self,
        tenant: TenantId,
        before: Option<AuditId>,
        limit: usize,
    ) -> Result<Vec<Audit>, ReadError> {
        let mut scan = Scan::backward(keys::of_tenant(keys::AUDIT, tenant), limit.clamp(1, AUDIT_PAGE_MAX));
        if let Some(before) = before {
            scan = scan.beyond(keys::audit(tenant, before));
        }
        let rows = self.store.scan(&scan)?;
        rows.iter().map(|(key, value)| Ok(decode(key, value)?)).collect()
    }

    /// The entries about one invoice, newest first, behind one of them.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn audit_of_invoice(
        &self,
        tenant: TenantId,
        invoice: InvoiceId,
        after: Option<AuditId>,
        limit: usize,
    ) -> Result<Vec<Audit>, ReadError> {
        let prefix = keys::audit_of_invoice(tenant, invoice);
        let mut scan = Scan {
            prefix: prefix.clone(),
            after: None,
            limit: limit.clamp(1, AUDIT_PAGE_MAX),
            direction: Direction::Backward,
        };
        if let Some(after) = after {
            scan = scan.beyond([prefix.as_slice(), &after.to_bytes()].concat());
        }
        let mut entries = Vec::new();
        for (index, _) in self.store.scan(&scan)? {
            let id = AuditId::from_bytes(keys::last_id(&index).unwrap_or_default());
            entries.extend(self.follow(&index, &keys::audit(tenant, id), |row: &Audit| {
                row.invoice == Some(invoice)
            })?);
        }
        Ok(entries)
    }

    /// A batch that removes a tenant's entries older than a moment, at most `limit`; `None` when
    /// there are none.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn audit_sweep(&self, tenant: TenantId, before: Timestamp, limit: usize) -> Result<Option<Batch>, ReadError> {
        let scan = Scan::forward(keys::of_tenant(keys::AUDIT, tenant), limit);
        let mut ops = Vec::new();
        for (key, value) in self.store.scan(&scan)? {
            if decode::<Audit>(&key, &value)?.at >= before {
                break;
            }
            ops.push(Op::Delete { key });
        }
        Ok((!ops.is_empty()).then(|| Batch {
            ops,
            urgency: Urgency::Result,
            ..Batch::default()
        }))
    }
}
