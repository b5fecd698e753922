//! Joins the control endpoint's reads to the store.

use std::collections::BTreeSet;

use tokio::sync::watch;

use crate::http::reads::{
    BadgeCounts, ContactUses, Gaps, InvoiceQuery, OperationQuery, ReadFailed, Reads, ReasonCount, VARIANCES_COUNTED_MAX,
};
use crate::model::ids::{AuditId, InvoiceId, OperationId, TenantId, XeroTenantId};
use crate::model::reason::ReasonCode;
use crate::model::row::{
    Audit, Chart, ContactRow, Event, Invoice, Mapping, MappingKind, Operation, OperationItem, Receipt, Reconciled,
    Stream, Tenant,
};
use crate::store::Writer;
use crate::store::reader::{self, ReadError, Reader};

/// Committed rows of the store, and its writer's durable end of the feed.
pub struct StoredReads {
    reader: Reader,
    writer: Writer,
}

impl StoredReads {
    /// Reads of this store.
    #[must_use]
    pub const fn new(reader: Reader, writer: Writer) -> Self {
        Self { reader, writer }
    }
}

fn failed(error: ReadError) -> ReadFailed {
    ReadFailed(error.to_string())
}

impl Reads for StoredReads {
    /// One whose row cannot be read is parked, and was told of at the start.
    fn tenants(&self) -> Result<Vec<Tenant>, ReadFailed> {
        self.reader
            .tenants_to_run()
            .map(|(readable, _parked)| readable)
            .map_err(failed)
    }

    fn tenant(&self, id: TenantId) -> Result<Option<Tenant>, ReadFailed> {
        self.reader.tenant(id).map_err(failed)
    }

    fn tenant_by_xero(&self, id: XeroTenantId) -> Result<Option<Tenant>, ReadFailed> {
        self.reader.tenant_by_xero(id).map_err(failed)
    }

    fn invoice(&self, tenant: TenantId, id: InvoiceId) -> Result<Option<Invoice>, ReadFailed> {
        self.reader.invoice(tenant, id).map_err(failed)
    }

    fn invoice_by_ref(&self, tenant: TenantId, name: &str) -> Result<Option<Invoice>, ReadFailed> {
        self.reader.invoice_by_ref(tenant, name).map_err(failed)
    }

    fn invoices(&self, tenant: TenantId, query: &InvoiceQuery) -> Result<Vec<Invoice>, ReadFailed> {
        let mut wanted = reader::InvoiceQuery {
            badge: query.badge,
            reason: query.reason,
            variance: query.variance,
            kind: query.kind,
            due: query.due.zip(query.today),
            number: query.number.clone(),
            text: query.text.clone(),
            after: query.after,
            limit: query.limit,
            newest_first: query.newest_first,
        };
        // A page of the store may be short because it looks at a bounded number of rows; a page
        // of the endpoint is short only at the end of the list.
        let mut found: Vec<Invoice> = Vec::new();
        loop {
            let page = self.reader.invoices(tenant, &wanted).map_err(failed)?;
            found.extend(page.invoices);
            wanted.after = page.next;
            wanted.limit = query.limit.saturating_sub(found.len());
            if wanted.after.is_none() || wanted.limit == 0 {
                return Ok(found);
            }
        }
    }

    fn items(&self, operation: OperationId, from: u32, limit: usize) -> Result<Vec<OperationItem>, ReadFailed> {
        self.reader.items(operation, from, limit).map_err(failed)
    }

    fn streams(&self, tenant: TenantId) -> Result<Vec<Stream>, ReadFailed> {
        self.reader.streams(tenant).map_err(failed)
    }

    fn reconciled(&self, tenant: TenantId) -> Result<Option<Reconciled>, ReadFailed> {
        self.reader.reconciled(tenant).map_err(failed)
    }

    fn audit(&self, tenant: TenantId, after: Option<AuditId>, limit: usize) -> Result<Vec<Audit>, ReadFailed> {
        self.reader.audit(tenant, after, limit).map_err(failed)
    }

    fn latest_audit(&self, tenant: TenantId, before: Option<AuditId>, limit: usize) -> Result<Vec<Audit>, ReadFailed> {
        self.reader.latest_audit(tenant, before, limit).map_err(failed)
    }

    fn audit_of_invoice(
        &self,
        tenant: TenantId,
        invoice: InvoiceId,
        after: Option<AuditId>,
        limit: usize,
    ) -> Result<Vec<Audit>, ReadFailed> {
        self.reader
            .audit_of_invoice(tenant, invoice, after, limit)
            .map_err(failed)
    }

    fn linked_count(&self, tenant: TenantId) -> Result<u32, ReadFailed> {
        self.reader
            .linked_count(tenant, usize::MAX)
            .map_err(failed)
            .map(|count| count.unwrap_or(u32::MAX))
    }

    fn counts(&self, tenant: TenantId) -> Result<BadgeCounts, ReadFailed> {
        let counts = self.reader.counts(tenant).map_err(failed)?;
        let variances = self
            .reader
            .variance_count(tenant, VARIANCES_COUNTED_MAX)
            .map_err(failed)?;
        Ok(BadgeCounts {
            synced: counts.synced,
            pending: counts.pending,
            failed: counts.failed,
            none: counts.none,
            acknowledged: counts.acknowledged,
            variances: u64::try_from(variances).unwrap_or(u64::MAX),
        })
    }

    fn failed_by_reason(&self, tenant: TenantId) -> Result<Vec<ReasonCount>, ReadFailed> {
        self.reader.failed_by_reason(tenant).map_err(failed)
    }

    fn operation(&self, id: OperationId) -> Result<Option<Operation>, ReadFailed> {
        self.reader.operation(id).map_err(failed)
    }

    fn operations(&self, query: &OperationQuery) -> Result<Vec<Operation>, ReadFailed> {
        let mut wanted = reader::OperationQuery {
            tenant: query.tenant,
            state: query.state,
            after: query.after,
            limit: query.limit,
        };
        let mut found = Vec::new();
        loop {
            let page = self.reader.operations(&wanted).map_err(failed)?;
            found.extend(page.operations);
            wanted.after = page.next;
            wanted.limit = query.limit.saturating_sub(found.len());
            if wanted.after.is_none() || wanted.limit == 0 {
                return Ok(found);
            }
        }
    }

    fn events(&self, after_seq: u64, limit: usize, tenant: Option<TenantId>) -> Result<Vec<(u64, Event)>, ReadFailed> {
        let end = self.writer.feed_end();
        let mut after = after_seq;
        let mut found = Vec::new();
        while found.len() < limit && after < end {
            let page = self
                .reader
                .events(after, limit.saturating_sub(found.len()), tenant)
                .map_err(failed)?;
            found.extend(page.events.into_iter().filter(|(seq, _)| *seq <= end));
            if page.next <= after {
                break;
            }
            after = page.next;
        }
        Ok(found)
    }

    fn feed_oldest(&self) -> Result<u64, ReadFailed> {
        let oldest = self.reader.feed_oldest().map_err(failed)?;
        Ok(oldest.unwrap_or_else(|| self.writer.feed_end().saturating_add(1)))
    }

    fn feed_end(&self) -> u64 {
        self.writer.feed_end()
    }

    fn feed_epoch(&self) -> String {
        self.reader
            .feed_epoch()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    fn feed_watch(&self) -> watch::Receiver<u64> {
        self.writer.watch_feed()
    }

    fn receipt(&self, key: &str) -> Result<Option<Receipt>, ReadFailed> {
        self.reader.receipt(key).map_err(failed)
    }

    fn gaps(&self, tenant: TenantId, code: ReasonCode, limit: usize) -> Result<Gaps, ReadFailed> {
        self.reader.gaps(tenant, code, limit).map_err(failed)
    }

    fn contact(&self, tenant: TenantId, reference: &str) -> Result<Option<ContactRow>, ReadFailed> {
        self.reader.contact(tenant, reference).map_err(failed)
    }

    fn contacts_named(&self, tenant: TenantId, name: &str) -> Result<Vec<ContactRow>, ReadFailed> {
        self.reader.contacts_named(tenant, name).map_err(failed)
    }

    fn contact_uses(&self, tenant: TenantId, names: &BTreeSet<String>) -> Result<ContactUses, ReadFailed> {
        self.reader.contact_uses(tenant, names).map_err(failed)
    }

    fn chart(&self, tenant: TenantId) -> Result<Option<Chart>, ReadFailed> {
        self.reader.chart(tenant).map_err(failed)
    }

    fn mappings(&self, tenant: TenantId, kind: MappingKind) -> Result<Vec<Mapping>, ReadFailed> {
        self.reader.mappings(tenant, kind).map_err(failed)
    }
}
