//! What a world consists of and how it begins.

use std::collections::HashMap;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use uuid::Uuid;

use crate::sandbox::books::{Books, Lag};
use crate::sandbox::clock::Instants;
use crate::sandbox::control::keep::Snapshots;
use crate::sandbox::control::plan::Plans;
use crate::sandbox::gate::app::{App, AppId, AppKind, Apps};
use crate::sandbox::gate::consent::{Answers, Codes};
use crate::sandbox::gate::fault::Faults;
use crate::sandbox::gate::grant::{Holder, new_id};
use crate::sandbox::gate::grants::Grants;
use crate::sandbox::gate::idempotency::Replays;
use crate::sandbox::gate::journal::Journal;
use crate::sandbox::gate::limit::{Limits, Meter, Refusal, Window};
use crate::sandbox::gate::scope::{self, Scopes};
use crate::sandbox::gate::watch::Watch;
use crate::sandbox::outbox::{Delivery, Receipt};
use crate::sandbox::query::page::{SIZE_MAX, SinceIs};
use crate::sandbox::seed::{Founding, Seed, TenantName};
use crate::sandbox::webhooks::Webhooks;
use crate::sandbox::wire::CallId;

/// How a world is made.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Which organisations it starts with.
    pub seed: Seed,
    /// Where all its randomness comes from.
    pub rng_seed: u64,
    /// The app's limits.
    pub limits: Limits,
    /// A refresh token that was just replaced works again for 30 minutes.
    pub refresh_grace: bool,
    /// Whether `If-Modified-Since` lists documents of exactly that time.
    pub since_is: SinceIs,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            seed: Seed::Demo,
            rng_seed: 7,
            limits: Limits::default(),
            refresh_grace: true,
            since_is: SinceIs::default(),
        }
    }
}

/// One organisation behind the gate.
#[derive(Debug, Clone)]
pub(in crate::sandbox) struct Tenant {
    pub(in crate::sandbox) books: Books,
    pub(in crate::sandbox) founding: Founding,
    /// Its owner gave a consent of its own.
    pub(in crate::sandbox) isolated: bool,
    /// Each app has limits of its own.
    pub(in crate::sandbox) meters: HashMap<AppId, Meter>,
}

/// A call under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flight {
    pub(super) app: AppId,
    pub(super) tenant: Option<Uuid>,
    pub(super) told: Option<Refusal>,
}

/// An independent Xero.
#[derive(Debug)]
pub struct World {
    pub(in crate::sandbox) rng: StdRng,
    pub(in crate::sandbox) limits: Limits,
    pub(in crate::sandbox) tenants: HashMap<Uuid, Tenant>,
    pub(in crate::sandbox) tenant_order: Vec<Uuid>,
    pub(in crate::sandbox) grants: Grants,
    pub(in crate::sandbox) faults: Faults,
    pub(in crate::sandbox) journal: Journal,
    pub(in crate::sandbox) watch: Watch,
    pub(in crate::sandbox) webhooks: Webhooks,
    pub(in crate::sandbox) apps: Apps,
    pub(in crate::sandbox) answers: Answers,
    pub(in crate::sandbox) refresh_grace: bool,
    pub(in crate::sandbox) since_is: SinceIs,
    /// Most documents a page of what changed since a time holds, whatever size is asked for.
    pub(in crate::sandbox) page_most: usize,
    /// How long written documents are not yet in lists, in milliseconds of real time.
    pub(in crate::sandbox) lag_ms: i64,
    pub(super) app_minutes: HashMap<AppId, Window>,
    pub(super) flights: HashMap<CallId, Flight>,
    pub(super) replays: Replays,
    pub(super) codes: Codes,
    pub(in crate::sandbox) snapshots: Snapshots,
    pub(in crate::sandbox) plans: Plans,
}

impl World {
    /// A world at this time.
    pub fn new(setup: &Setup, now: Instants) -> Self {
        let mut rng = StdRng::seed_from_u64(setup.rng_seed);
        let app = App::register("Counterfoil", AppKind::Web, &mut rng);
        let webhooks = Webhooks::new(new_id(&mut rng).simple().to_string());
        let mut grants = Grants::default();
        let scopes = Scopes::parse(scope::ALL);
        grants.open(AppId::default(), Holder::Shared, scopes, &mut rng, now.document_ms);
        let mut world = Self {
            rng,
            limits: setup.limits,
            tenants: HashMap::new(),
            tenant_order: Vec::new(),
            grants,
            faults: Faults::default(),
            journal: Journal::default(),
            watch: Watch::default(),
            webhooks,
            apps: Apps::new(app),
            answers: Answers::default(),
            refresh_grace: setup.refresh_grace,
            since_is: setup.since_is,
            page_most: SIZE_MAX,
            lag_ms: 0,
            app_minutes: HashMap::new(),
            flights: HashMap::new(),
            replays: Replays::default(),
            codes: Codes::default(),
            snapshots: Snapshots::default(),
            plans: Plans::default(),
        };
        for founding in setup.seed.foundings() {
            world.found(founding, now);
        }
        world
    }

    /// Webhook deliveries that are due.
    pub fn take_deliveries(&mut self, now: Instants) -> Vec<Delivery> {
        self.webhooks.take_due(&mut self.rng, now.document_ms)
    }

    /// What came of a webhook delivery.
    pub fn delivered(&mut self, id: u64, receipt: Receipt, now: Instants) {
        self.webhooks.outbox.report(id, receipt, now.document_ms);
    }

    /// Deliveries whose result nobody can tell any more are made again.
    pub(in crate::sandbox) fn recall_deliveries(&mut self) {
        self.webhooks.outbox.recall();
    }

    /// When the next webhook delivery is due, in milliseconds of document time.
    pub fn next_delivery_ms(&self) -> Option<i64> {
        self.webhooks.next_due_ms()
    }

    /// The app's `client_id`.
    pub fn client_id(&self) -> &str {
        &self.apps.first().id
    }

    /// The app's `client_secret`.
    pub fn client_secret(&self) -> &str {
        self.apps.first().secret.as_deref().unwrap_or_default()
    }

    /// A refresh token that works now; empty when there is no consent.
    pub fn refresh_token(&self) -> &str {
        self.grants.current_refresh().unwrap_or_default()
    }

    /// The key webhooks are signed with.
    pub fn webhook_key(&self) -> &str {
        self.webhooks.key()
    }

    /// The organisations, oldest first.
    pub fn tenants(&self) -> Vec<TenantName> {
        let named = |id: &Uuid| {
            let tenant = self.tenants.get(id)?;
            let name = tenant.books.organisation.name.clone();
            Some(TenantName { tenant_id: *id, name })
        };
        self.tenant_order.iter().filter_map(named).collect()
    }

    /// One organisation's books, to look at.
    pub fn books(&self, tenant: Uuid) -> Option<&Books> {
        self.tenants.get(&tenant).map(|tenant| &tenant.books)
    }

    /// Sets how long written documents are not yet in lists, in milliseconds; nothing shows at
    /// once what is still held back.
    pub fn set_lag(&mut self, lag_ms: i64, now: Instants) {
        self.lag_ms = lag_ms.max(0);
        self.tick(now);
    }

    /// Tells the lists what time it is.
    pub(super) fn tick(&mut self, now: Instants) {
        let lag = Lag {
            now_ms: now.real_ms,
            behind_ms: self.lag_ms,
        };
        for tenant in self.tenants.values_mut() {
            tenant.books.tick(lag);
        }
    }

    /// Opens an organisation and connects it to the newest consent.
    pub(in crate::sandbox) fn found(&mut self, founding: Founding, now: Instants) -> Uuid {
        let id = self.open_tenant(founding, now, false);
        self.grants.connect(id, &mut self.rng, now.document_ms);
        id
    }

    /// Opens an organisation whose owner gives a consent of their own to the first app; its
    /// refresh token comes with the organisation.
    pub(in crate::sandbox) fn found_apart(
        &mut self,
        founding: Founding,
        scopes: Option<Scopes>,
        now: Instants,
    ) -> (Uuid, String) {
        let id = self.open_tenant(founding, now, true);
        let mut scopes = scopes.unwrap_or_else(|| Scopes::parse(scope::ALL));
        // Without it there would be no refresh token to give away.
        scopes.join(&Scopes::parse(scope::OFFLINE));
        let holder = Holder::Own(id);
        let refresh = self
            .grants
            .open(AppId::default(), holder, scopes, &mut self.rng, now.document_ms);
        self.grants.connect(id, &mut self.rng, now.document_ms);
        (id, refresh)
    }

    fn open_tenant(&mut self, founding: Founding, now: Instants, isolated: bool) -> Uuid {
        let books = founding.open_books(&mut self.rng, now.document_ms);
        let id = books.organisation.id;
        let tenant = Tenant {
            books,
            founding,
            isolated,
            meters: HashMap::new(),
        };
        self.tenants.insert(id, tenant);
        self.tenant_order.push(id);
        id
    }
}
