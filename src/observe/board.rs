//! How every tenant stands, as the actors last said. Read by the control endpoint and the metrics
//! without asking an actor.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use crate::engine::status::TenantStatus;
use crate::model::connection::ConnectionState;
use crate::model::ids::TenantId;
use crate::model::time::Timestamp;

/// Shared by cloning.
#[derive(Debug, Clone, Default)]
pub struct Board {
    tenants: Arc<RwLock<HashMap<TenantId, TenantStatus>>>,
    unreadable: Arc<RwLock<BTreeSet<TenantId>>>,
}

impl Board {
    /// Puts up how a tenant stands now.
    pub fn set(&self, tenant: TenantId, status: TenantStatus) {
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        tenants.insert(tenant, status);
    }

    /// Notes a tenant of which not even the row can be read: it is parked, and that is all that is known.
    pub fn note_unreadable(&self, tenant: TenantId) {
        let mut unreadable = self.unreadable.write().unwrap_or_else(PoisonError::into_inner);
        unreadable.insert(tenant);
    }

    /// Takes a tenant down that is served no longer.
    pub fn remove(&self, tenant: TenantId) {
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        tenants.remove(&tenant);
    }

    /// How a tenant stands; `None` when no actor has said yet.
    #[must_use]
    pub fn get(&self, tenant: TenantId) -> Option<TenantStatus> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.get(&tenant).cloned()
    }

    /// Every tenant, by age of its id.
    #[must_use]
    pub fn all(&self) -> Vec<(TenantId, TenantStatus)> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = tenants
            .iter()
            .map(|(tenant, status)| (*tenant, status.clone()))
            .collect();
        all.sort_by_key(|(tenant, _)| *tenant);
        all
    }

    /// Everything that can be said of all tenants together.
    #[must_use]
    pub fn sums(&self) -> Sums {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        let mut sums = Sums::default();
        for status in tenants.values() {
            sums.add(status);
        }
        let unreadable = self.unreadable.read().unwrap_or_else(PoisonError::into_inner);
        let unseen = unreadable.iter().filter(|tenant| !tenants.contains_key(tenant));
        sums.parked_count += count(unseen.count());
        sums
    }
}

/// All tenants together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sums {
    /// Tenants in each state, in the order of [`ConnectionState::ALL`].
    pub states: [u64; ConnectionState::ALL.len()],
    /// Tenants whose actor takes no more work.
    pub parked_count: u64,
    /// Intents that wait.
    pub queued_count: u64,
    /// When the oldest of them was queued.
    pub oldest_queued: Option<Timestamp>,
    /// Attempts whose outcome is not known.
    pub unknown_count: u64,
    /// Calls in flight.
    pub in_flight_count: u64,
    /// Calls of the last minute.
    pub minute_used: u64,
    /// Calls of the last day.
    pub day_used: u64,
    /// Tenants that used 80 % of their day or more.
    pub day_low_count: u64,
    /// Tenants that used their whole day.
    pub day_exhausted_count: u64,
}

impl Sums {
    fn add(&mut self, status: &TenantStatus) {
        for (count, state) in self.states.iter_mut().zip(ConnectionState::ALL) {
            *count += u64::from(state == status.connection);
        }
        self.parked_count += u64::from(status.parked.is_some());
        self.queued_count += count(status.queued_count);
        self.oldest_queued = match (self.oldest_queued, status.oldest_queued) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        self.unknown_count += count(status.unknown_count);
        self.in_flight_count += count(status.in_flight_count);
        self.minute_used += u64::from(status.minute_used);
        self.day_used += u64::from(status.day_used);
        let (used, limit) = (u64::from(status.day_used), u64::from(status.day_limit));
        self.day_low_count += u64::from(used * 100 >= limit * 80);
        self.day_exhausted_count += u64::from(used >= limit);
    }
}

fn count(items_count: usize) -> u64 {
    u64::try_from(items_count).unwrap_or(u64::MAX)
}
