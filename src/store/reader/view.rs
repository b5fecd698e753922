//! A tenant's rows as its actor sees them: what is unacknowledged over what is committed.

use super::access::Reader;
use super::error::ReadError;
use super::failed::{FAILED_PAGE_MAX, is_red_for};
use super::overlay::Overlay;
use crate::model::ids::{InvoiceId, TenantId, XeroContactId, XeroCreditId, XeroInvoiceId};
use crate::model::reason::ReasonCode;
use crate::model::row::{Chart, ContactRow, Invoice, Mapping, MappingKind, Operation};
use crate::store::rows::keys::fold_name;

/// The rows of one tenant, its own unacknowledged writes included. Every read answers what it
/// would if all submitted batches were already committed.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    pub(super) overlay: &'a Overlay,
    pub(super) reader: &'a Reader,
    pub(super) tenant: TenantId,
}

impl<'a> View<'a> {
    /// The rows of `tenant`, whose overlay this is.
    #[must_use]
    pub const fn new(overlay: &'a Overlay, reader: &'a Reader, tenant: TenantId) -> Self {
        Self {
            overlay,
            reader,
            tenant,
        }
    }

    /// One invoice.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn invoice(&self, id: InvoiceId) -> Result<Option<Invoice>, ReadError> {
        match self.overlay.invoices.get(&id) {
            Some(row) => Ok(Some(row.clone())),
            None => self.reader.invoice(self.tenant, id),
        }
    }

    /// One invoice by the host's reference.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn invoice_by_ref(&self, host_ref: &str) -> Result<Option<Invoice>, ReadError> {
        let mut submitted = self.overlay.invoices.rows();
        if let Some(row) = submitted.find(|row| row.host_ref == host_ref) {
            return Ok(Some(row.clone()));
        }
        let committed = self.reader.invoice_by_ref(self.tenant, host_ref)?;
        Ok(committed.filter(|row| !self.overlay.invoices.has(&row.id)))
    }

    /// The invoice that is linked to a Xero document.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn invoice_linked(&self, xero: XeroInvoiceId) -> Result<Option<Invoice>, ReadError> {
        let submitted = self.overlay.links.get(&xero);
        if let Some(row) = submitted.and_then(|id| self.overlay.invoices.get(id)) {
            return Ok(Some(row.clone()));
        }
        // A link, once set, never changes: a row that is in the overlay would have been found there.
        let committed = self.reader.invoices_linked(self.tenant, xero)?;
        Ok(committed.into_iter().next())
    }

    /// The invoices that a credit note, overpayment or prepayment takes something off.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn invoices_credited(&self, credit: XeroCreditId) -> Result<Vec<Invoice>, ReadError> {
        let is_credited = |row: &&Invoice| row.back.counted().any(|counted| counted.xero_id == credit);
        let mut rows = self.reader.invoices_credited(self.tenant, credit)?;
        rows.retain(|row| !self.overlay.invoices.has(&row.id));
        rows.extend(self.overlay.invoices.rows().filter(is_credited).cloned());
        rows.sort_by_key(|row| row.id);
        Ok(rows)
    }

    /// The invoices of a work order, oldest first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn invoices_of_order(&self, order: &str) -> Result<Vec<Invoice>, ReadError> {
        let mut rows = self.reader.invoices_of_order(self.tenant, order)?;
        rows.retain(|row| !self.overlay.invoices.has(&row.id));
        let submitted = self.overlay.invoices.rows();
        let is_of = |row: &&Invoice| row.draft.work_order_ref.as_deref() == Some(order);
        rows.extend(submitted.filter(is_of).cloned());
        rows.sort_by_key(|row| row.id);
        Ok(rows)
    }

    /// A resolved party by the host's key.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn contact(&self, reference: &str) -> Result<Option<ContactRow>, ReadError> {
        match self.overlay.contacts.get(&reference.to_owned()) {
            Some(row) => Ok(Some(row.clone())),
            None => self.reader.contact(self.tenant, reference),
        }
    }

    /// The parties that were resolved under a name, whatever its case; by reference.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn contacts_named(&self, name: &str) -> Result<Vec<ContactRow>, ReadError> {
        let folded = fold_name(name);
        let mut contacts = self.reader.contacts_named(self.tenant, name)?;
        contacts.retain(|row| !self.overlay.contacts.has(&row.reference));
        let submitted = self.overlay.contacts.rows();
        contacts.extend(submitted.filter(|row| fold_name(&row.name) == folded).cloned());
        contacts.sort_by(|a, b| a.reference.cmp(&b.reference));
        Ok(contacts)
    }

    /// The parties that were resolved to a Xero contact, by reference.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn contacts_of(&self, xero: XeroContactId) -> Result<Vec<ContactRow>, ReadError> {
        let mut contacts = self.reader.contacts_of(self.tenant, xero)?;
        contacts.retain(|row| !self.overlay.contacts.has(&row.reference));
        let submitted = self.overlay.contacts.rows();
        contacts.extend(submitted.filter(|row| row.xero_id == xero).cloned());
        contacts.sort_by(|a, b| a.reference.cmp(&b.reference));
        Ok(contacts)
    }

    /// Every mapping of a kind, by key.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn mappings(&self, kind: MappingKind) -> Result<Vec<Mapping>, ReadError> {
        let mut mappings = self.reader.mappings(self.tenant, kind)?;
        mappings.retain(|row| !self.overlay.mappings.has(&(kind, row.key.clone())));
        let submitted = self.overlay.mappings.rows();
        mappings.extend(submitted.flatten().filter(|row| row.kind == kind).cloned());
        mappings.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(mappings)
    }

    /// The organisation's reference data, if it was ever read.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn chart(&self) -> Result<Option<Chart>, ReadError> {
        match self.overlay.charts.get(&()) {
            Some(row) => Ok(Some(row.clone())),
            None => self.reader.chart(self.tenant),
        }
    }

    /// One mapping.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn mapping(&self, kind: MappingKind, key: &str) -> Result<Option<Mapping>, ReadError> {
        match self.overlay.mappings.get(&(kind, key.to_owned())) {
            Some(row) => Ok(row.clone()),
            None => self.reader.mapping(self.tenant, kind, key),
        }
    }

    /// The newest operation about an invoice that has not ended.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn open_operation(&self, invoice: InvoiceId) -> Result<Option<Operation>, ReadError> {
        let mut open = self.reader.open_operations(self.tenant, invoice)?;
        open.retain(|row| !self.overlay.operations.has(&row.id));
        let submitted = self.overlay.operations.rows();
        open.extend(
            submitted
                .filter(|row| row.invoice == Some(invoice) && !row.state.is_final())
                .cloned(),
        );
        Ok(open.into_iter().max_by_key(|row| row.id))
    }

    /// Invoices that are red for a reason and, if given, a subject, in order of their ids, at most
    /// `limit` (and never more than [`FAILED_PAGE_MAX`]). An empty list is the end.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn failed(
        &self,
        code: ReasonCode,
        subject: Option<&str>,
        after: Option<InvoiceId>,
        limit: usize,
    ) -> Result<Vec<Invoice>, ReadError> {
        let limit = limit.min(FAILED_PAGE_MAX);
        let submitted = self.overlay.invoices.rows();
        let mut failed: Vec<Invoice> = submitted
            .filter(|row| after.is_none_or(|after| row.id > after))
            .filter(|row| is_red_for(row, code, subject))
            .cloned()
            .collect();
        // What is committed is read until there is enough of it, because the overlay may hide any
        // part: then no unread row can come before the end of the page.
        let mut behind = after;
        let mut committed = 0_usize;
        while committed < limit {
            let page = self.reader.failed(self.tenant, code, subject, behind, limit)?;
            let Some(last) = page.last() else { break };
            behind = Some(last.id);
            for row in page {
                if !self.overlay.invoices.has(&row.id) {
                    committed = committed.saturating_add(1);
                    failed.push(row);
                }
            }
        }
        failed.sort_by_key(|row| row.id);
        failed.truncate(limit);
        Ok(failed)
    }
}
