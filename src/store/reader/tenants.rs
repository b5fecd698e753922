//! Tenants, grants, and the open work of a tenant.

use super::access::Reader;
use super::error::ReadError;
use crate::model::ids::{GrantId, TenantId, XeroTenantId};
use crate::model::row::{Batch, CallMinute, FollowUp, GrantRow, Intent, Job, Reconciled, Scan, Stream, Tenant};
use crate::store::Direction;
use crate::store::rows::{RowError, decode, keys};

/// A tenant whose own row cannot be read, and why.
pub type Unreadable = (TenantId, RowError);

impl Reader {
    /// Every tenant, oldest first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn tenants(&self) -> Result<Vec<Tenant>, ReadError> {
        self.all(vec![keys::TENANTS])
    }

    /// Every tenant that can be read, and those that cannot, with the reason: one bad row must not
    /// keep the others from running.
    ///
    /// # Errors
    /// [`ReadError::Store`].
    pub fn tenants_to_run(&self) -> Result<(Vec<Tenant>, Vec<Unreadable>), ReadError> {
        let (mut readable, mut unreadable) = (Vec::new(), Vec::new());
        self.each(vec![keys::TENANTS], Direction::Forward, |key, value| {
            match (decode(key, value), keys::last_id(key)) {
                (Ok(tenant), _) => readable.push(tenant),
                (Err(error), Some(id)) => unreadable.push((TenantId::from_bytes(id), error)),
                (Err(error), None) => return Err(error),
            }
            Ok(())
        })?;
        Ok((readable, unreadable))
    }

    /// One tenant.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn tenant(&self, id: TenantId) -> Result<Option<Tenant>, ReadError> {
        self.row(&keys::tenant(id))
    }

    /// The newest tenant of an organisation.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn tenant_by_xero(&self, xero: XeroTenantId) -> Result<Option<Tenant>, ReadError> {
        let prefix = keys::tenants_by_xero(xero);
        for index in self.all_keys(prefix, Direction::Backward)? {
            let Some(id) = keys::last_id(&index) else {
                continue;
            };
            let key = keys::tenant(TenantId::from_bytes(id));
            let tenant = self.follow(&index, &key, |row: &Tenant| row.xero_id == xero)?;
            if tenant.is_some() {
                return Ok(tenant);
            }
        }
        Ok(None)
    }

    /// Every grant.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn grants(&self) -> Result<Vec<GrantRow>, ReadError> {
        self.all(vec![keys::GRANTS])
    }

    /// One grant.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn grant(&self, id: GrantId) -> Result<Option<GrantRow>, ReadError> {
        self.row(&keys::grant(id))
    }

    /// Every open intent of a tenant, oldest first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn intents(&self, tenant: TenantId) -> Result<Vec<Intent>, ReadError> {
        self.all(keys::of_tenant(keys::INTENTS, tenant))
    }

    /// Every open attempt of a tenant, oldest first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn batches(&self, tenant: TenantId) -> Result<Vec<Batch>, ReadError> {
        self.all(keys::of_tenant(keys::BATCHES, tenant))
    }

    /// What is known of a tenant's streams.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn streams(&self, tenant: TenantId) -> Result<Vec<Stream>, ReadError> {
        self.all(keys::of_tenant(keys::STREAMS, tenant))
    }

    /// A tenant's scans under way.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn scans(&self, tenant: TenantId) -> Result<Vec<Scan>, ReadError> {
        self.all(keys::of_tenant(keys::SCANS, tenant))
    }

    /// What is to be done about invoices later.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn follow_ups(&self, tenant: TenantId) -> Result<Vec<FollowUp>, ReadError> {
        self.all(keys::of_tenant(keys::FOLLOW_UPS, tenant))
    }

    /// The latest date of a tenant that was checked.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn reconciled(&self, tenant: TenantId) -> Result<Option<Reconciled>, ReadError> {
        self.row(&keys::reconciled(tenant))
    }

    /// A tenant's open jobs, oldest first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn jobs(&self, tenant: TenantId) -> Result<Vec<Job>, ReadError> {
        self.all(keys::of_tenant(keys::JOBS, tenant))
    }

    /// The kept calls of a tenant, oldest minute first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn calls(&self, tenant: TenantId) -> Result<Vec<CallMinute>, ReadError> {
        self.all(keys::of_tenant(keys::CALLS, tenant))
    }
}
