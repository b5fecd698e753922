//! Operations, newest first.

use super::access::Reader;
use super::error::ReadError;
use crate::model::ids::{InvoiceId, OperationId, TenantId};
use crate::model::row::{Operation, OperationState};
use crate::store::rows::{decode, keys};
use crate::store::{Direction, Scan};

/// Most operations in one page.
pub const OPERATION_PAGE_MAX: usize = 500;
/// Most rows looked at for one page.
const EXAMINED_MAX: usize = 2_000;

/// Which operations to list; newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OperationQuery {
    /// Only this tenant's.
    pub tenant: Option<TenantId>,
    /// Only in this state.
    pub state: Option<OperationState>,
    /// Continue behind (with older ones than) this one.
    pub after: Option<OperationId>,
    /// At most so many, and never more than [`OPERATION_PAGE_MAX`].
    pub limit: usize,
}

/// A page of operations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OperationPage {
    /// The operations, newest first.
    pub operations: Vec<Operation>,
    /// Where to continue; `None` = this was the end.
    pub next: Option<OperationId>,
}

impl Reader {
    /// One operation.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn operation(&self, id: OperationId) -> Result<Option<Operation>, ReadError> {
        self.row(&keys::operation(id))
    }

    /// A page of the operations that match. At most 2,000 rows are looked at.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn operations(&self, query: &OperationQuery) -> Result<OperationPage, ReadError> {
        let limit = query.limit.clamp(1, OPERATION_PAGE_MAX);
        let prefix = match (query.tenant, query.state) {
            (Some(tenant), Some(state)) => keys::operations_in_state(tenant, state),
            (Some(tenant), None) => keys::of_tenant(keys::OPERATIONS_OF_TENANT, tenant),
            (None, _) => vec![keys::OPERATIONS],
        };
        let mut scan = Scan::backward(prefix, 0);
        if let Some(after) = query.after {
            let key = [scan.prefix.as_slice(), &after.to_bytes()].concat();
            scan = scan.beyond(key);
        }
        let mut page = OperationPage::default();
        let mut examined = 0;
        loop {
            scan.limit = limit.min(EXAMINED_MAX.saturating_sub(examined));
            let rows = self.store.scan(&scan)?;
            let at_end = rows.len() < scan.limit;
            let mut left = rows.len();
            for (key, value) in rows {
                page.operations.extend(self.listed_operation(&key, &value, query)?);
                left = left.saturating_sub(1);
                examined = examined.saturating_add(1);
                scan.after = Some(key);
                if page.operations.len() >= limit {
                    break;
                }
            }
            if at_end && left == 0 {
                return Ok(page);
            }
            if page.operations.len() >= limit || examined >= EXAMINED_MAX {
                let last = scan.after.as_deref().and_then(keys::last_id);
                page.next = last.map(OperationId::from_bytes);
                return Ok(page);
            }
        }
    }

    /// The newest operation about an invoice that has not ended.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn open_operation(&self, tenant: TenantId, invoice: InvoiceId) -> Result<Option<Operation>, ReadError> {
        Ok(self.open_operations(tenant, invoice)?.into_iter().next())
    }

    /// Every operation about an invoice that has not ended, newest first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn open_operations(&self, tenant: TenantId, invoice: InvoiceId) -> Result<Vec<Operation>, ReadError> {
        let prefix = keys::open_operations(tenant, invoice);
        let mut open = Vec::new();
        for index in self.all_keys(prefix, Direction::Backward)? {
            open.extend(self.follow(&index, &row_key(&index), |row: &Operation| {
                row.invoice == Some(invoice) && !row.state.is_final()
            })?);
        }
        Ok(open)
    }

    fn listed_operation(
        &self,
        key: &[u8],
        value: &[u8],
        query: &OperationQuery,
    ) -> Result<Option<Operation>, ReadError> {
        let belongs = |row: &Operation| {
            query.tenant.is_none_or(|tenant| tenant == row.tenant) && query.state.is_none_or(|state| state == row.state)
        };
        if query.tenant.is_some() {
            return self.follow(key, &row_key(key), belongs);
        }
        let row: Operation = decode(key, value)?;
        Ok(belongs(&row).then_some(row))
    }
}

/// Key of the operation an index row points to.
fn row_key(index: &[u8]) -> Vec<u8> {
    let id = keys::last_id(index).unwrap_or_default();
    keys::operation(OperationId::from_bytes(id))
}
