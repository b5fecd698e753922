//! What a process stands on and what outlives it: time, Xero, the store, and who watches.

use std::collections::BTreeSet;
use std::sync::Mutex;

use counterfoil::actors::keyring::seal::Sealer;
use counterfoil::model::connection::Connection;
use counterfoil::model::ids::GrantId;
use counterfoil::model::time::Timestamp;
use counterfoil::sandbox::{self, Seed, Setup, World};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::Notify;
use tokio::time::Instant;
use uuid::Uuid;

use super::fault::{Fault, Grid, Phase};
use super::judge::{End, Judge};
use super::rows::Shelf;
use super::three::Ordeal;
use crate::clock::SimClock;

/// What a seed tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tale {
    /// Two organisations and three ordeals, none of which may cost them their consent.
    Three,
    /// Up to five organisations, and whatever can go wrong.
    Everything,
}

/// Something that is to happen once a phase is reached.
#[derive(Debug, Clone, Copy)]
pub enum Deed {
    /// With how long it is down, in milliseconds.
    Die(Fault, u64),
    Jump(i64),
    Sleep(u64),
    RejectAll,
    Revoke,
}

impl Deed {
    pub fn fault(self) -> Fault {
        match self {
            Self::Die(fault, _) => fault,
            Self::Jump(skew_ms) if skew_ms > 0 => Fault::ClockForward,
            Self::Jump(_) => Fault::ClockBack,
            Self::Sleep(_) => Fault::Suspend,
            Self::RejectAll => Fault::AllRejected,
            Self::Revoke => Fault::Revoked,
        }
    }
}

/// One organisation of the grant.
pub struct Tenant {
    pub xero_id: Uuid,
    pub connection: Connection,
    /// Between two calls, in milliseconds.
    pub pace_ms: u64,
    /// When a call last succeeded.
    pub served_at: Option<u64>,
    /// 401s in a row.
    pub rejections: u32,
    pub rejected_since: u64,
    /// Its last try failed.
    pub has_failed: bool,
}

pub struct Stage {
    inner: Mutex<Inner>,
    /// The process is to end.
    pub died: Notify,
    /// Every tenant wants something now.
    pub bell: Notify,
}

pub struct Inner {
    pub tale: Tale,
    pub rng: StdRng,
    pub clock: SimClock,
    started: Option<(Instant, u64)>,
    slept_ms: u64,
    pub sleeps: u32,
    pub world: World,
    pub shelf: Shelf,
    pub sealer: Sealer,
    pub judge: Judge,
    pub grid: Grid,
    pub script: Vec<String>,
    pub said: BTreeSet<String>,
    pub phase: Phase,
    pub plan: Option<(Phase, Deed)>,
    /// How the process is to end, and how long it is down.
    pub dying: Option<(Fault, u64)>,
    /// Chance of a fault in percent.
    pub fault_percent: u32,
    /// Everything of this kind goes wrong until then.
    pub outage: Option<(Fault, u64)>,
    /// Calls that are to be refused with a 401.
    pub reject_next: u32,
    /// Requests nobody waits for any more, by their arrival.
    pub ghosts: Vec<(u64, sandbox::Request)>,
    pub last_spurious: u64,
    pub tenants: Vec<Tenant>,
    pub idle_until: u64,
    pub grant: Option<GrantId>,
    /// What a person has to hand over.
    pub first_token: String,
    /// Why somebody had to reconnect, each time.
    pub ends: Vec<Option<End>>,
    /// Who waits for the keyring, since when.
    pub waits: Vec<(u64, u64)>,
    pub next_wait: u64,
    pub refreshes: u64,
    /// 401s that came after a newer token.
    pub late_rejections: u64,
    pub acts_left: u32,
    /// What is still to be gone through.
    pub ordeals: Vec<Ordeal>,
    pub was_set_back: bool,
    /// The store says that a refresh is asked for.
    pub is_marked: bool,
    /// By the daemon's clock, when it last wanted something stored.
    pub decided_at: Timestamp,
}

impl Stage {
    pub fn new(tale: Tale, seed: u64, shelf: Shelf) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let clock = SimClock::new();
        let setup = Setup {
            seed: Seed::Demo,
            rng_seed: seed,
            ..Setup::default()
        };
        let world = World::new(&setup, clock.xero());
        let first_token = world.refresh_token().to_owned();
        let judge = Judge::new(&first_token);
        let acts_left = rng.random_range(8..24);
        let mut inner = Inner {
            tale,
            rng,
            clock,
            started: None,
            slept_ms: 0,
            sleeps: 0,
            world,
            shelf,
            sealer: super::rows::sealer(seed),
            judge,
            grid: Grid::default(),
            script: Vec::new(),
            said: BTreeSet::new(),
            phase: Phase::Idle,
            plan: None,
            dying: None,
            fault_percent: 0,
            outage: None,
            reject_next: 0,
            ghosts: Vec::new(),
            last_spurious: 0,
            tenants: Vec::new(),
            idle_until: 0,
            grant: None,
            first_token,
            ends: Vec::new(),
            waits: Vec::new(),
            next_wait: 0,
            refreshes: 0,
            late_rejections: 0,
            acts_left,
            ordeals: Vec::new(),
            was_set_back: false,
            is_marked: false,
            decided_at: Timestamp::default(),
        };
        match tale {
            Tale::Three => inner.ordeals = Ordeal::drawn(&mut inner.rng),
            Tale::Everything => inner.found_more(),
        }
        inner.settle_down();
        Self {
            inner: Mutex::new(inner),
            died: Notify::new(),
            bell: Notify::new(),
        }
    }

    /// Looks at the stage at this moment.
    pub fn with<T>(&self, look: impl FnOnce(&mut Inner) -> T) -> T {
        let mut inner = self.inner.lock().unwrap();
        inner.tick();
        look(&mut inner)
    }

    /// A phase is reached; whatever was planned for it happens. A process that dies here goes no
    /// further.
    pub async fn reach(&self, phase: Phase) {
        self.with(|stage| {
            stage.phase = phase;
            let planned = stage.plan.take_if(|(at, _)| *at == phase);
            if let Some((_, deed)) = planned {
                stage.perform(deed);
            }
        });
        self.go_on().await;
    }

    /// Nothing more happens in a process that is dying.
    pub async fn go_on(&self) {
        if self.with(|stage| stage.dying.is_some()) {
            self.died.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

impl Inner {
    /// Two organisations there are; sometimes up to five.
    fn found_more(&mut self) {
        let more = self.rng.random_range(0..4_u32).saturating_sub(1) * self.rng.random_range(0..2);
        for nth in 0..more {
            self.control("POST", "tenants", &format!(r#"{{"name":"Organisation {nth}"}}"#));
        }
    }

    fn settle_down(&mut self) {
        let now = self.clock.now().wall;
        for named in self.world.tenants() {
            let pace_s = [30, 240, 900, 3_000][self.rng.random_range(0..4)];
            self.tenants.push(Tenant {
                xero_id: named.tenant_id,
                connection: Connection::fresh(now),
                pace_ms: pace_s * 1_000,
                served_at: None,
                rejections: 0,
                rejected_since: 0,
                has_failed: false,
            });
        }
    }

    pub fn at(&self) -> u64 {
        self.clock.at
    }

    pub fn say(&mut self, words: impl AsRef<str>) {
        let (s, ms) = (self.clock.at / 1_000, self.clock.at % 1_000);
        self.script.push(format!(
            "{:>3}:{:02}:{:02}.{ms:03} {}",
            s / 3_600,
            s / 60 % 60,
            s % 60,
            words.as_ref()
        ));
    }

    /// Somebody reads this.
    pub fn hear(&mut self, text: String) {
        self.said.insert(text);
    }

    fn tick(&mut self) {
        if let Some((started, from)) = self.started {
            let ran_ms = u64::try_from(started.elapsed().as_millis()).unwrap();
            self.clock.at = from + ran_ms + self.slept_ms;
        }
        let now = self.clock.at;
        while let Some(due) = self.ghosts.iter().position(|(at, _)| *at <= now) {
            let (at, request) = self.ghosts.remove(due);
            self.clock.at = at;
            self.say("a request nobody waits for arrives");
            self.serve(&request, None);
            self.clock.at = now;
        }
        self.judge.assess(now);
    }

    pub fn begin_life(&mut self) {
        self.started = Some((Instant::now(), self.clock.at));
        self.slept_ms = 0;
        self.dying = None;
        self.phase = Phase::Idle;
        self.say("started");
        // A new process asks by itself whether a dead grant is dead.
        if self.judge.is_over() {
            (0..6).for_each(|_| self.judge.excuse(self.clock.at));
        }
    }

    pub fn end_life(&mut self) {
        self.started = None;
        self.judge.process_ended(self.is_marked);
        self.waits.clear();
    }

    /// Time in which no process runs.
    pub fn between_lives(&mut self) {
        let (fault, down_ms) = self.dying.take().expect("it died of something");
        let from = self.at();
        let at = from + down_ms;
        self.judge.trouble(from, at);
        self.clock.at = at;
        self.tick();
        self.plan = None;
        if fault == Fault::Reboot {
            self.clock.reboot();
        }
        self.shelf.reopen();
        if fault == Fault::Restored {
            self.set_back(at);
        }
    }

    fn set_back(&mut self, at: u64) {
        let Some(row) = self.grant.and_then(|grant| self.shelf.set_back(grant)) else {
            return;
        };
        let durable = self.sealer.open(&row).expect("our own seal");
        self.judge.restored(at, &durable);
        self.was_set_back = true;
        self.say("the store is set back");
    }

    pub fn note(&mut self, fault: Fault) {
        self.grid.hit(fault, self.phase);
        let phase = self.phase;
        self.say(format!("{fault:?} while {phase:?}"));
    }

    pub fn perform(&mut self, deed: Deed) {
        self.note(deed.fault());
        let at = self.at();
        match deed {
            Deed::Die(fault, down_ms) => self.dying = Some((fault, down_ms)),
            Deed::Jump(skew_ms) => {
                self.clock.skew_ms = skew_ms;
                // What looks expired is renewed, once on the way there and once on the way back.
                self.judge.excuse(at);
            }
            Deed::Sleep(span_ms) => {
                self.slept_ms += span_ms;
                self.sleeps += 1;
                self.judge.trouble(at, at + span_ms);
            }
            Deed::RejectAll => self.reject_next = u32::try_from(self.tenants.len()).unwrap(),
            Deed::Revoke => {
                self.control("POST", "trigger", r#"{"scenario":"grant.revoke"}"#);
                self.judge.revoked = true;
            }
        }
    }

    pub fn wall(&self) -> Timestamp {
        self.clock.now().wall
    }

    /// No token is in anything that was said or stored.
    pub fn search_for_secrets(&mut self) {
        let mut leaks = Vec::new();
        for secret in &self.judge.secrets {
            if let Some(said) = self.said.iter().find(|said| said.contains(secret.as_str())) {
                leaks.push(said.replace(secret.as_str(), "<the token>"));
            }
            if self.shelf.holds(secret.as_bytes()) {
                leaks.push("the store".to_owned());
            }
        }
        for leak in leaks {
            self.judge.fail(25, format!("a token is said in the open: {leak}"));
        }
    }
}
