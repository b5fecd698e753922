//! Where each tenant's actor is found. An address is looked up for every message, never kept:
//! it dies with its actor.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use actix::Addr;

use super::tenant::TenantActor;
use crate::model::ids::TenantId;

/// How a tenant can be reached.
#[derive(Clone)]
pub enum Door {
    /// Its actor runs.
    Open(Addr<TenantActor>),
    /// Its actor is being restarted.
    Restarting,
    /// It was given up until the daemon restarts, for this reason.
    Parked(String),
}

/// The doors of all tenants. Shared by cloning.
#[derive(Clone, Default)]
pub struct Registry(Arc<RwLock<HashMap<TenantId, Door>>>);

impl Registry {
    /// The tenant's door; `None` = no such tenant.
    #[must_use]
    pub fn door(&self, tenant: TenantId) -> Option<Door> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&tenant).cloned()
    }

    /// Every tenant, however it can be reached.
    #[must_use]
    pub fn tenants(&self) -> Vec<TenantId> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    /// Every running actor.
    #[must_use]
    pub fn running(&self) -> Vec<(TenantId, Addr<TenantActor>)> {
        let doors = self.0.read().unwrap_or_else(PoisonError::into_inner);
        doors
            .iter()
            .filter_map(|(tenant, door)| match door {
                Door::Open(addr) => Some((*tenant, addr.clone())),
                Door::Restarting | Door::Parked(_) => None,
            })
            .collect()
    }

    /// Sets the tenant's door.
    pub fn set(&self, tenant: TenantId, door: Door) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(tenant, door);
    }
}
