//! What the actors hold of the rest of the daemon.

use std::sync::{Arc, PoisonError, RwLock};

use actix::ArbiterHandle;

use super::app_budget::AppBudget;
use super::doorbell::Porter;
use super::intake::Intake;
use super::keyring::Keyring;
use super::registry::Registry;
use crate::engine::policy::Policy;
use crate::model::time::{Clock, Entropy};
use crate::model::xero::Encode;
use crate::observe::board::Board;
use crate::observe::notices::Reporter;
use crate::store::Writer;
use crate::store::reader::Reader;
use crate::xero::api::XeroApi;

/// The numbers tenants decide by, replaced as a whole by a reload.
#[derive(Debug, Default)]
pub struct SharedPolicy(RwLock<Arc<Policy>>);

impl SharedPolicy {
    /// With these numbers.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self(RwLock::new(Arc::new(policy)))
    }

    /// The numbers in force.
    #[must_use]
    pub fn get(&self) -> Arc<Policy> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts other numbers into force: every tenant takes them at its next event.
    pub fn set(&self, policy: Policy) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
    }
}

/// The ports of a tenant's actor.
pub struct Ports {
    /// Xero's accounting API.
    pub api: Arc<dyn XeroApi>,
    /// Makes request bodies.
    pub encode: Arc<dyn Encode>,
    /// Reads committed rows.
    pub reader: Reader,
    /// Commits.
    pub writer: Writer,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Lends tokens.
    pub keyring: Keyring,
    /// The whole app's calls.
    pub app_budget: AppBudget,
    /// Where each tenant shows how it stands.
    pub board: Board,
    /// Turns notices into lines and metrics.
    pub reporter: Reporter,
    /// The numbers tenants decide by.
    pub policy: SharedPolicy,
    /// Whether new work is taken.
    pub intake: Intake,
    /// Base of the link that carries our marker, for documents without an address of their own.
    pub link_base: Arc<str>,
    /// Where tenants' actors are found.
    pub registry: Registry,
    /// Who rings when webhooks come.
    pub porter: Arc<Porter>,
    /// The threads tenants live on.
    pub arbiters: Vec<ArbiterHandle>,
}
