//! The invoices that something is about: a Xero document, a credit, a work order.

use super::access::Reader;
use super::error::ReadError;
use crate::model::ids::{TenantId, XeroCreditId, XeroInvoiceId};
use crate::model::row::Invoice;
use crate::store::rows::keys;

impl Reader {
    /// The invoices linked to a Xero document, oldest first: one, or none.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn invoices_linked(&self, tenant: TenantId, xero: XeroInvoiceId) -> Result<Vec<Invoice>, ReadError> {
        let prefix = keys::invoices_by_xero(tenant, xero);
        self.listed_under(tenant, prefix, |row| {
            row.link.as_ref().is_some_and(|link| link.xero_id == xero)
        })
    }

    /// The invoices that a credit note, overpayment or prepayment takes something off, oldest first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn invoices_credited(&self, tenant: TenantId, credit: XeroCreditId) -> Result<Vec<Invoice>, ReadError> {
        let prefix = keys::invoices_by_credit(tenant, credit);
        self.listed_under(tenant, prefix, |row| {
            row.back.counted().any(|counted| counted.xero_id == credit)
        })
    }

    /// The invoices of a work order, oldest first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn invoices_of_order(&self, tenant: TenantId, order: &str) -> Result<Vec<Invoice>, ReadError> {
        let prefix = keys::invoices_by_order(tenant, order);
        self.listed_under(tenant, prefix, |row| row.draft.work_order_ref.as_deref() == Some(order))
    }
}
