//! Invoices in the order of the Xero documents they are linked to, and what operations did.

use super::access::Reader;
use super::error::ReadError;
use super::view::View;
use crate::model::ids::{InvoiceId, OperationId, TenantId, XeroInvoiceId};
use crate::model::row::{Invoice, OperationItem};
use crate::store::Scan;
use crate::store::rows::{decode, keys};

/// Most linked invoices in one page.
pub const LINKED_PAGE_MAX: usize = 500;
/// Index rows counted in one go.
const COUNT_BLOCK: usize = 1_000;
/// Most items of an operation in one page.
pub const ITEM_PAGE_MAX: usize = 1_000;

impl Reader {
    /// The linked invoices behind a Xero document, in the order of Xero's ids, at most `limit` and
    /// never more than [`LINKED_PAGE_MAX`]. An empty list is the end.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn linked_after(
        &self,
        tenant: TenantId,
        after: Option<XeroInvoiceId>,
        limit: usize,
    ) -> Result<Vec<Invoice>, ReadError> {
        let limit = limit.clamp(1, LINKED_PAGE_MAX);
        let mut scan = Scan::forward(keys::of_tenant(keys::INVOICES_BY_XERO, tenant), limit);
        if let Some(after) = after {
            // Behind every invoice of that document.
            let last = [keys::invoices_by_xero(tenant, after).as_slice(), &[0xFF; 16]].concat();
            scan = scan.beyond(last);
        }
        let mut linked = Vec::new();
        while linked.is_empty() {
            let rows = self.store.scan(&scan)?;
            let Some((last, _)) = rows.last() else { break };
            scan.after = Some(last.clone());
            for (index, _) in rows {
                let id = InvoiceId::from_bytes(keys::last_id(&index).unwrap_or_default());
                linked.extend(self.follow(&index, &keys::invoice(tenant, id), |row: &Invoice| row.link.is_some())?);
            }
        }
        Ok(linked)
    }

    /// How many invoices of a tenant are linked; `None` = more than `most`. Reads one small index row
    /// for each.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn linked_count(&self, tenant: TenantId, most: usize) -> Result<Option<u32>, ReadError> {
        let mut scan = Scan::forward(keys::of_tenant(keys::INVOICES_BY_XERO, tenant), COUNT_BLOCK);
        let mut count = 0_usize;
        loop {
            let rows = self.store.scan(&scan)?;
            count = count.saturating_add(rows.len());
            if count > most {
                return Ok(None);
            }
            if rows.len() < COUNT_BLOCK {
                return Ok(u32::try_from(count).ok());
            }
            scan.after = rows.into_iter().next_back().map(|(last, _)| last);
        }
    }

    /// How many invoices of a tenant differ in Xero and nobody acknowledged it; no more than `most` are
    /// counted. Reads one small index row for each.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn variance_count(&self, tenant: TenantId, most: usize) -> Result<usize, ReadError> {
        let scan = Scan::forward(keys::of_tenant(keys::INVOICES_BY_VARIANCE, tenant), most);
        Ok(self.store.scan(&scan)?.len())
    }

    /// The items of an operation's result from a place on, at most `limit` and never more than
    /// [`ITEM_PAGE_MAX`].
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn items(&self, operation: OperationId, from: u32, limit: usize) -> Result<Vec<OperationItem>, ReadError> {
        let limit = limit.clamp(1, ITEM_PAGE_MAX);
        let mut scan = Scan::forward(keys::items(operation), limit);
        if let Some(before) = from.checked_sub(1) {
            scan = scan.beyond(keys::item(operation, before));
        }
        let rows = self.store.scan(&scan)?;
        rows.iter().map(|(key, value)| Ok(decode(key, value)?)).collect()
    }
}

impl View<'_> {
    /// The linked invoices behind a Xero document, in the order of Xero's ids. An empty list is the
    /// end.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn linked_after(&self, after: Option<XeroInvoiceId>, limit: usize) -> Result<Vec<Invoice>, ReadError> {
        let xero_id = |row: &Invoice| row.link.as_ref().map(|link| link.xero_id);
        let committed = self.reader.linked_after(self.tenant, after, limit)?;
        // Beyond the last row that was read there may be more of both.
        let end = committed.last().and_then(xero_id);
        let mut linked: Vec<Invoice> = committed
            .into_iter()
            .filter(|row| !self.overlay.invoices.has(&row.id))
            .collect();
        let submitted = self.overlay.invoices.rows().filter(|row| {
            xero_id(row).is_some_and(|id| after.is_none_or(|after| id > after) && end.is_none_or(|end| id <= end))
        });
        linked.extend(submitted.cloned());
        linked.sort_by_key(xero_id);
        Ok(linked)
    }
}
