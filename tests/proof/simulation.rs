//! One world under virtual time: what happens next, and what follows from it.

use std::sync::Arc;

use counterfoil::engine::effect::{Call, Effect, Notice, Reply};
use counterfoil::engine::event::{ConnectionEvent, Event};
use counterfoil::model::connection::{Connection, ConnectionCause};
use counterfoil::model::failure::{Failure, FailureKind, Received, Remedy};
use counterfoil::model::ids::{GrantId, TenantId};
use counterfoil::model::row::{Settings, Tenant};
use counterfoil::model::write::Write;
use counterfoil::model::xero::{Answer, AnswerMeta, Request};
use counterfoil::store::memory::Repeat;
use counterfoil::store::reader::Reader;
use counterfoil::store::rows::{Rows, batch};
use counterfoil::store::{MemStore, Store, Urgency};
use counterfoil::xero::outcome::{Asked, Lost, of_lost};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::clock::SimClock;
use super::fault::Fault;
use super::grid::{Grid, Work};
use super::promise::Promises;
use super::shell::{Flying, Shell, Way, setup_of};
use super::wire::Wire;

/// Longest sleep of the actor's timer.
const NAP_MAX_MS: u64 = 30_000;

pub struct Simulation {
    pub rng: StdRng,
    pub clock: SimClock,
    pub wire: Wire,
    pub store: MemStore,
    pub reader: Reader,
    pub tenant: TenantId,
    pub shell: Option<Shell>,
    pub promises: Promises,
    pub script: Vec<String>,
    pub grid: Grid,
    pub steps: u64,
    /// Chance of a fault at each call, in percent; commits have a tenth of it.
    pub fault_percent: u32,
    /// Effects until the process dies.
    pub dies_in: Option<u32>,
    restart_at: u64,
    /// Requests of dead processes that are still under way.
    ghosts: Vec<(u64, Request)>,
    wake_at: Option<u64>,
    seed: u64,
}

impl Simulation {
    pub fn new(seed: u64) -> Self {
        let clock = SimClock::new();
        let wire = Wire::new(seed, clock.xero());
        let store = MemStore::new(Arc::new(Rows), [7; 16], 1);
        let now = clock.now();
        let tenant = Tenant {
            id: TenantId::from_parts(1, 1),
            xero_id: wire.tenant_id(),
            name: "Demo".to_owned(),
            grant: GrantId::from_parts(1, 1),
            time_zone: String::new(),
            base_currency: None,
            short_code: None,
            connected_at: now.wall,
            connection: Connection::fresh(now.wall),
            settings: Settings::default(),
        };
        let writes = [Write::Tenant(Box::new(tenant.clone()))];
        store.commit(&[batch(&writes, Urgency::Result).unwrap()]).unwrap();
        let reader = Reader::new(Arc::new(store.clone()));
        let mut simulation = Self {
            rng: StdRng::seed_from_u64(seed),
            clock,
            wire,
            store,
            reader,
            tenant: tenant.id,
            shell: None,
            promises: Promises::new(tenant),
            script: Vec::new(),
            grid: Grid::default(),
            steps: 0,
            fault_percent: 0,
            dies_in: None,
            restart_at: 0,
            ghosts: Vec::new(),
            wake_at: None,
            seed,
        };
        simulation.start();
        simulation
    }

    pub fn say(&mut self, words: impl FnOnce() -> String) {
        let at = self.clock.at;
        self.script.push(format!("{at:>9} {}", words()));
    }

    /// Lets this much time pass, with all that happens in it.
    pub fn run_ms(&mut self, span_ms: u64) {
        let end = self.clock.at + span_ms;
        let mut steps_at_once = 0;
        while let Some(next) = self.next_at().filter(|next| *next <= end) {
            steps_at_once = if next > self.clock.at { 0 } else { steps_at_once + 1 };
            assert!(steps_at_once < 5_000, "it spins at one moment");
            self.clock.at = self.clock.at.max(next);
            self.step();
        }
        self.clock.at = end;
    }

    fn next_at(&self) -> Option<u64> {
        let ghosts = self.ghosts.iter().map(|(at, _)| *at);
        let Some(shell) = &self.shell else {
            return ghosts.chain([self.restart_at]).min();
        };
        let commit = shell.commits.front().map(|commit| commit.due);
        let calls = shell.calls.iter().map(Flying::next_at);
        let listings = shell.listings.iter().map(|(at, _)| *at);
        ghosts
            .chain(commit)
            .chain(calls)
            .chain(listings)
            .chain(self.wake_at)
            .min()
    }

    /// The one thing that is due.
    fn step(&mut self) {
        self.steps += 1;
        let at = self.clock.at;
        if let Some(index) = self.ghosts.iter().position(|(due, _)| *due <= at) {
            self.haunt(index);
        } else if self.shell.is_none() {
            self.start();
        } else {
            self.step_alive(at);
        }
        let now = self.clock.xero();
        self.promises.check_xero(&mut self.wire, now, at);
    }

    fn step_alive(&mut self, at: u64) {
        let Some(shell) = self.shell.as_mut() else { return };
        if shell.commits.front().is_some_and(|commit| commit.due <= at) {
            self.commit();
        } else if let Some(index) = shell.calls.iter().position(|flying| flying.next_at() <= at) {
            self.fly(index);
        } else if let Some(index) = shell.listings.iter().position(|(due, _)| *due <= at) {
            let (_, event) = shell.listings.remove(index);
            self.say(|| format!("connections: {event:?}"));
            self.feed(Event::Connection(event), Urgency::Result);
        } else {
            self.wake_at = None;
            self.feed(Event::Woken, Urgency::Result);
        }
    }

    // The process.

    pub fn start(&mut self) {
        if self.shell.is_some() {
            return;
        }
        self.store.heal();
        self.store.reopen().unwrap();
        self.promises.compare(&self.reader);
        let now = self.clock.now();
        let tenant = self.reader.tenant(self.tenant).unwrap().expect("the tenant is there");
        let (boot_id, seed) = (self.clock.boot_id(), self.rng.random());
        self.shell = Some(Shell::load(&self.reader, self.tenant, now, || {
            setup_of(tenant, boot_id, seed)
        }));
        self.say(|| "started".to_owned());
        self.feed(Event::Woken, Urgency::Result);
    }

    /// The process, or its actor, ends; some of what it had under way still arrives.
    pub fn die(&mut self, down_ms: u64, fault: Fault) {
        let Some(mut shell) = self.shell.take() else { return };
        self.note_fault(fault, &shell);
        self.dies_in = None;
        self.wake_at = None;
        self.say(|| format!("{fault:?}, down for {down_ms} ms"));
        if matches!(fault, Fault::Crash | Fault::Reboot) {
            // Unacknowledged commits may be durable or not, each as a whole, in order.
            let kept = self.rng.random_range(0..=shell.commits.len());
            for commit in shell.commits.drain(..).take(kept) {
                self.store.commit(&[commit.batch]).unwrap();
                self.promises.committed(&commit.writes, &self.wire, self.clock.at);
            }
        }
        let now = self.clock.xero();
        for flying in shell.calls {
            match flying.way {
                Way::Out { arrives } if flying.call.request.is_write() && self.rng.random_bool(0.7) => {
                    self.ghosts.push((arrives, flying.call.request));
                }
                Way::Out { .. } => {}
                Way::Back { open, .. } => {
                    if let Some(call) = open {
                        self.wire.world.answered(call, now);
                    }
                }
            }
        }
        if fault == Fault::Reboot {
            self.clock.reboot();
        }
        self.promises.died();
        self.restart_at = self.clock.at + down_ms;
    }

    /// A request nobody waits for any more arrives.
    fn haunt(&mut self, index: usize) {
        let (_, request) = self.ghosts.remove(index);
        self.say(|| format!("arrives late, of a dead process: {}", word(&request)));
        let now = self.clock.xero();
        self.wire.borrow(now);
        self.promises.haunted(self.clock.at);
        let served = self.wire.serve(now, &request, None);
        if let Some(call) = served.call {
            self.wire.world.answered(call, now);
        }
    }

    // The actor.

    pub fn feed(&mut self, event: Event, urgency: Urgency) {
        let now = self.clock.now();
        let Some(shell) = self.shell.as_mut() else { return };
        let effects = shell.machine.handle(now, event);
        self.perform(effects, urgency);
        let Some(shell) = self.shell.as_ref() else { return };
        let now = self.clock.now();
        let wake = shell.machine.next_wake(now);
        assert!(wake.is_none_or(|wake| wake > now.mono), "the next wake lies ahead");
        self.wake_at = wake.map(|wake| {
            let nap_ms = wake.since_ms(now.mono).clamp(1, NAP_MAX_MS);
            self.clock.at + nap_ms
        });
    }

    fn perform(&mut self, effects: Vec<Effect>, urgency: Urgency) {
        for effect in effects {
            match effect {
                Effect::Persist(writes) if writes.is_empty() => {}
                Effect::Persist(writes) => {
                    if self.dies_now() {
                        return;
                    }
                    let slow = self.fault_percent > 0 && self.rng.random_bool(0.02);
                    let took_ms = if slow { 3_000 } else { self.rng.random_range(0..8) };
                    let due = self.clock.at + took_ms;
                    let Some(shell) = self.shell.as_mut() else { return };
                    shell.submit(writes, urgency, due);
                }
                effect => {
                    let Some(shell) = self.shell.as_mut() else { return };
                    shell.waiting.push_back((shell.submitted_seq, self.steps, effect));
                }
            }
        }
        self.run_ready();
    }

    fn run_ready(&mut self) {
        match self.shell.as_mut() {
            Some(shell) if !shell.is_running => shell.is_running = true,
            _ => return,
        }
        while let Some((decided, effect)) = self.shell.as_mut().and_then(Shell::ready) {
            if self.dies_now() {
                return;
            }
            self.run(decided, effect);
        }
        if let Some(shell) = self.shell.as_mut() {
            shell.is_running = false;
        }
    }

    fn dies_now(&mut self) -> bool {
        match self.dies_in {
            Some(0) => {
                let down_ms = [1, 500, 20_000, 90_000, 400_000][self.rng.random_range(0..5)];
                let fault = if self.rng.random_bool(0.25) {
                    Fault::Reboot
                } else {
                    Fault::Crash
                };
                self.die(down_ms, fault);
                true
            }
            Some(left) => {
                self.dies_in = Some(left - 1);
                false
            }
            None => false,
        }
    }

    fn run(&mut self, decided: u64, effect: Effect) {
        let Some(shell) = self.shell.as_mut() else { return };
        match effect {
            Effect::Persist(_) => unreachable!("persists do not wait"),
            Effect::Load { load, invoices } => {
                let loaded = shell.loaded(load, &invoices);
                self.feed(loaded, Urgency::Result);
            }
            Effect::LoadRows { load, invoices } => {
                let rows = shell.rows(&invoices);
                self.feed(Event::RowsLoaded { load, rows }, Urgency::Result);
            }
            Effect::LoadFailed { code, subject, after } => {
                let rows = shell.view().failed(code, subject.as_deref(), after, 500).unwrap();
                self.feed(Event::FailedLoaded { code, subject, rows }, Urgency::Result);
            }
            Effect::Call(call) => self.call(decided, call),
            Effect::CheckConnection => {
                let is_gone = self.fault_percent > 0 && self.rng.random_bool(0.1);
                let event = if is_gone {
                    ConnectionEvent::NotListed(ConnectionCause::AppRevoked)
                } else {
                    ConnectionEvent::Listed
                };
                shell.listings.push((self.clock.at + 150, event));
            }
            Effect::Reply(ask, reply) => {
                let host_ref = shell.asks.remove(&ask);
                if let (Some(host_ref), Reply::Accepted { invoice, .. }) = (host_ref, reply) {
                    self.promises.told_accepted(&self.reader, &host_ref, &invoice);
                }
            }
            Effect::Announce(notice) => {
                assert!(!matches!(notice, Notice::IllegalEvent { .. }), "{notice:?}");
            }
        }
    }

    // Commits.

    fn commit(&mut self) {
        let fault = self.draws_fault(10).then(|| Fault::of_a_commit(&mut self.rng));
        let Some(shell) = self.shell.as_mut() else { return };
        let Some(commit) = shell.commits.pop_front() else {
            return;
        };
        if let Some(fault) = fault.and_then(Fault::in_store) {
            self.store.inject(1, Repeat::Once, fault);
        }
        let before = self.store.stats().last_seq;
        let result = self.store.commit(&[commit.batch]);
        if self.store.stats().last_seq > before {
            self.promises.committed(&commit.writes, &self.wire, self.clock.at);
        }
        self.store.heal();
        match (result, fault) {
            (Ok(_), _) => {
                let Some(shell) = self.shell.as_mut() else { return };
                shell.acknowledged(commit.seq);
                self.run_ready();
            }
            (Err(_), Some(fault)) => self.die(1_000, fault),
            (Err(error), None) => panic!("a commit failed by itself: {error}"),
        }
    }

    // Calls.

    fn call(&mut self, decided: u64, call: Call) {
        let at = self.clock.at;
        let Some(shell) = self.shell.as_ref() else { return };
        self.promises.may_leave(decided, at, shell.calls.len());
        self.promises.departs(&self.reader, &call.request, at);
        let fault = self.draws_fault(1).then(|| Fault::of_a_call(&mut self.rng));
        self.say(|| {
            format!(
                "calls {} {}",
                word(&call.request),
                fault.map_or(String::new(), |fault| format!("{fault:?}"))
            )
        });
        if let Some(fault) = fault {
            let Some(shell) = self.shell.take() else { return };
            self.note_fault(fault, &shell);
            self.shell = Some(shell);
        }
        let is_write = call.request.is_write();
        let at_once = |hears, answer| Way::Back {
            leaves: hears,
            hears,
            answer: Box::new(answer),
            open: None,
        };
        let way = match (Wire::unasked(&call.request), fault) {
            (Some(answer), _) => at_once(at, answer),
            (None, Some(Fault::NoPlace)) => {
                at_once(at + 20_000, not_sent(FailureKind::Throttled, Remedy::RetryWithBackoff))
            }
            (None, Some(Fault::GrantDead)) => {
                at_once(at + 200, not_sent(FailureKind::GrantRejected, Remedy::Reconnect))
            }
            (None, Some(Fault::SlowRequest)) => Way::Out {
                arrives: at + self.rng.random_range(1_000..55_000),
            },
            (None, _) => Way::Out {
                arrives: at + self.rng.random_range(5..80),
            },
        };
        let flying = Flying {
            call,
            departed: at,
            gives_up: at + if is_write { 60_000 } else { 30_000 },
            fault,
            way,
        };
        if let Some(shell) = self.shell.as_mut() {
            shell.calls.push(flying);
        }
    }

    /// The call's next moment: it arrives, its answer leaves, is heard, or nobody waits any more.
    fn fly(&mut self, index: usize) {
        let (at, now) = (self.clock.at, self.clock.xero());
        let down_ms = self.rng.random_range(5..80);
        let Some(shell) = self.shell.as_mut() else { return };
        let mut flying = shell.calls.swap_remove(index);
        let is_write = flying.call.request.is_write();
        match &mut flying.way {
            Way::Out { arrives } if *arrives <= at && at < flying.gives_up => {
                self.wire.borrow(now);
                let rule = flying.fault.and_then(|fault| fault.rule(&mut self.rng));
                let served = self.wire.serve(now, &flying.call.request, rule.as_deref());
                flying.way = Way::Back {
                    leaves: at + served.delay_ms,
                    hears: at + served.delay_ms + down_ms,
                    answer: Box::new(served.answer),
                    open: served.call,
                };
                shell.calls.push(flying);
            }
            Way::Back { leaves, open, .. } if *leaves <= at && open.is_some() => {
                if let Some(call) = open.take() {
                    self.wire.world.answered(call, now);
                }
                shell.calls.push(flying);
            }
            Way::Back { hears, answer, .. } if *hears <= at => {
                let answer = (**answer).clone();
                self.hears(flying, answer);
            }
            Way::Out { arrives } => {
                // The caller hangs up; what is on its way may arrive all the same.
                if is_write && self.rng.random_bool(0.5) {
                    self.ghosts.push((*arrives, flying.call.request.clone()));
                }
                self.hears(flying, timed_out(is_write));
            }
            Way::Back { open, .. } => {
                if let Some(call) = open.take() {
                    self.wire.world.answered(call, now);
                }
                self.hears(flying, timed_out(is_write));
            }
        }
    }

    fn hears(&mut self, flying: Flying, answer: Answer) {
        if matches!(&answer.result, Err(failure) if failure.kind == FailureKind::TokenRejected) {
            self.wire.invalidate();
        }
        self.say(|| match &answer.result {
            Ok(_) => format!("hears {}: well", word(&flying.call.request)),
            Err(failure) => format!(
                "hears {}: {:?} {:?} {}",
                word(&flying.call.request),
                failure.kind,
                failure.received,
                failure.message
            ),
        });
        self.promises.heard(&flying, &answer, self.clock.at, self.steps);
        let Some(shell) = self.shell.as_ref() else { return };
        let rows = shell.rows(&flying.call.rows);
        let call = flying.call.id;
        self.feed(Event::Answered { call, answer, rows }, Urgency::Result);
    }

    // Faults.

    fn draws_fault(&mut self, rarer: u32) -> bool {
        self.rng.random_ratio(self.fault_percent, 100 * rarer)
    }

    pub fn note_fault(&mut self, fault: Fault, shell: &Shell) {
        let now = self.clock.now();
        let status = shell.machine.status(now);
        let connection = shell.machine.tenant().connection;
        let work = [
            (status.unknown_count > 0, Work::Unknown),
            (self.promises.has_attempt(), Work::Attempted),
            (status.queued_count > 0, Work::Queued),
            (shell.machine.open_count() == 0, Work::None),
        ];
        for (_, work) in work.into_iter().filter(|(holds, _)| *holds) {
            self.grid.hit(work, fault, &connection);
        }
    }

    pub const fn seed(&self) -> u64 {
        self.seed
    }
}

impl Flying {
    fn next_at(&self) -> u64 {
        let next = match &self.way {
            Way::Out { arrives } => *arrives,
            Way::Back {
                leaves, open: Some(_), ..
            } => *leaves,
            Way::Back { hears, .. } => *hears,
        };
        next.min(self.gives_up)
    }
}

fn timed_out(is_write: bool) -> Answer {
    let asked = if is_write { Asked::Write } else { Asked::Read };
    Answer {
        result: Err(of_lost(asked, Lost::TimedOut)),
        meta: AnswerMeta::default(),
    }
}

fn not_sent(kind: FailureKind, remedy: Remedy) -> Answer {
    Answer {
        result: Err(Failure {
            kind,
            remedy,
            received: Received::No,
            status: None,
            message: "it did not leave".to_owned(),
            validation: Vec::new(),
        }),
        meta: AnswerMeta::default(),
    }
}

/// A request in a few words.
pub fn word(request: &Request) -> String {
    match request {
        Request::Write { target, key, .. } => format!(
            "{target:?} key …{}",
            key.get(key.len().saturating_sub(6)..).unwrap_or(key)
        ),
        Request::InvoicesByNumber(numbers) => format!("by number {numbers:?}"),
        Request::MadeByUs { kind, since, page } => format!("made by us {} since {since} page {page}", kind.label()),
        Request::InvoicesById(ids) => format!("by id {ids:?}"),
        other => other.resource().to_owned(),
    }
}
