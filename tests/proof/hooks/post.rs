//! What carries webhooks from the sandbox to the process, and the part of the process that takes
//! them: the daemon's own porter, behind a clock that tests move.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use counterfoil::actors::doorbell::{Bell, Porter, PorterParts};
use counterfoil::actors::registry::Registry;
use counterfoil::engine::status::HookState;
use counterfoil::model::ids::{TenantId, XeroTenantId};
use counterfoil::model::secret::SecretString;
use counterfoil::model::time::{Clock, Now};
use counterfoil::observe::{Board, Metrics};
use counterfoil::xero::webhook::{Key, Keys};

use super::forge::Forgery;
use super::judge::Judge;
use super::knobs::HookKnobs;

/// A silence may last so long, as the daemon's default has it.
pub const PATIENCE_MS: u64 = 1_800_000;
/// How often the porter looks, as the daemon's supervisor makes it.
const LOOK_EVERY_MS: u64 = 1_000;

/// One delivery under way.
pub struct Parcel {
    pub at: u64,
    pub body: Vec<u8>,
    pub signature: String,
    /// Xero waits for the answer to this delivery.
    pub id: Option<u64>,
    pub forgery: Option<Forgery>,
    /// The process dies of it.
    pub dies: Option<Dies>,
}

/// When the process dies of a delivery that it answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dies {
    /// Before the porter has it.
    Unread,
    /// Once it rang.
    Rung,
    /// Among the effects of it, the nth from then on.
    Within(u32),
}

/// Time as the porter sees it.
#[derive(Debug)]
struct Dial(Mutex<Now>);

impl Clock for Dial {
    fn now(&self) -> Now {
        *self.0.lock().expect("nobody panics with it")
    }

    fn boot_id(&self) -> &str {
        "proof"
    }
}

/// The porter of a running process.
pub struct Desk {
    pub porter: Porter,
    pub bell: Arc<Bell>,
    pub look_at: u64,
    /// Its actor is told by then that its bell rang.
    pub told_at: Option<u64>,
}

/// Everything about webhooks.
pub struct Post {
    pub knobs: HookKnobs,
    pub key: String,
    dial: Arc<Dial>,
    metrics: Metrics,
    pub desk: Option<Desk>,
    pub under_way: Vec<Parcel>,
    pub count: u64,
    pub judge: Judge,
    /// From now on all come, once and soon.
    pub is_well: bool,
    /// From now on none comes.
    pub is_cut: bool,
    /// The next so many are lost.
    pub lose_next: u32,
    /// The process dies of the next one.
    pub dies_next: Option<Dies>,
}

impl Post {
    pub fn new(knobs: HookKnobs, key: &str, now: Now) -> Self {
        Self {
            knobs,
            key: key.to_owned(),
            dial: Arc::new(Dial(Mutex::new(now))),
            metrics: Metrics::new(Board::default(), now.wall, &[]),
            desk: None,
            under_way: Vec::new(),
            count: 0,
            judge: Judge::default(),
            is_well: false,
            is_cut: false,
            lose_next: 0,
            dies_next: None,
        }
    }

    /// A process starts: it listens, and its actor has a bell.
    pub fn open(&mut self, (tenant, organisation): (TenantId, XeroTenantId), at: u64, now: Now) {
        self.set(now);
        if self.desk.is_some() {
            return;
        }
        let dial = Arc::clone(&self.dial);
        let porter = Porter::new(PorterParts {
            registry: Registry::default(),
            clock: dial,
            metrics: self.metrics.clone(),
        });
        let key = Key::new("proof".to_owned(), SecretString::from(self.key.as_str()));
        porter.set(Keys::new(vec![key]), Duration::from_millis(PATIENCE_MS));
        porter.listen();
        let bell = porter.bell(tenant, organisation);
        self.desk = Some(Desk {
            porter,
            bell,
            look_at: at + LOOK_EVERY_MS,
            told_at: None,
        });
        self.judge.opened(at);
    }

    /// What the clocks show now.
    pub fn set(&self, now: Now) {
        *self.dial.0.lock().expect("nobody panics with it") = now;
    }

    /// When something of it happens next. `sends_at` is when Xero sends the next one.
    pub fn next_at(&self, sends_at: Option<u64>, is_alive: bool) -> Option<u64> {
        let parcels = self.under_way.iter().map(|parcel| parcel.at);
        let desk = self.desk.as_ref();
        let told = desk.and_then(|desk| desk.told_at).filter(|_| is_alive);
        parcels
            .chain(sends_at)
            .chain(desk.map(|desk| desk.look_at))
            .chain(told)
            .min()
    }

    /// The process dies of none that is under way.
    pub fn spare(&mut self) {
        for parcel in &mut self.under_way {
            parcel.dies = None;
        }
    }

    /// The porter looks whether webhooks are missing.
    pub fn look(&mut self, at: u64, now: Now) {
        self.set(now);
        let Some(desk) = &mut self.desk else { return };
        desk.look_at = at + LOOK_EVERY_MS;
        desk.porter.look();
        let is_silent = self.is_silent();
        self.judge.looked(at, is_silent);
    }

    pub fn is_silent(&self) -> bool {
        let state = self.desk.as_ref().map(|desk| desk.porter.status().state);
        state == Some(HookState::Silent)
    }
}
