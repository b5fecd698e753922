//! One world under virtual time: what happens next, and the life of the process.

use std::sync::Arc;

use counterfoil::engine::event::Event;
use counterfoil::model::connection::Connection;
use counterfoil::model::ids::{GrantId, TenantId};
use counterfoil::model::row::{Settings, Tenant};
use counterfoil::model::write::Write;
use counterfoil::model::xero::Request;
use counterfoil::store::reader::Reader;
use counterfoil::store::rows::{Rows, batch};
use counterfoil::store::{MemStore, Store, Urgency};
use rand::RngExt as _;

use super::clock::SimClock;
use super::draw::{Draw, draw};
use super::fault::Fault;
use super::flight::word;
use super::grid::Grid;
use super::hooks::Post;
use super::nth::course::Course;
use super::nth::mode::Side;
use super::nth::point::Point;
use super::promise::Promises;
use super::shell::{Flying, Shell, Way, setup_of};
use super::story::{Faults, Knobs, Plan, Story};
use super::wire::Wire;

pub struct Simulation {
    pub seed: u64,
    pub knobs: Knobs,
    pub(super) faults: Faults,
    /// Whether faults strike at all.
    pub faults_strike: bool,
    /// Those that did strike.
    pub struck: Plan,
    pub clock: SimClock,
    pub wire: Wire,
    pub store: MemStore,
    pub reader: Reader,
    pub tenant: TenantId,
    pub shell: Option<Shell>,
    pub promises: Promises,
    pub script: Vec<String>,
    /// Whether nobody wants to read the script.
    pub is_silent: bool,
    pub grid: Grid,
    pub steps: u64,
    /// Webhooks, if any are sent.
    pub post: Option<Box<Post>>,
    /// When the running actor began.
    pub started_at: u64,
    /// What goes wrong at which effect point, where that is decided one by one.
    pub course: Option<Course>,
    /// Effects until the process dies.
    pub dies_in: Option<u32>,
    pub(super) restart_at: u64,
    /// Requests of dead processes that are still under way.
    pub(super) ghosts: Vec<(u64, Request)>,
    pub(super) wake_at: Option<u64>,
    /// How many of each there were.
    pub(super) nth: Numbers,
}

/// How many of each there were: they name what is drawn for the next one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Numbers {
    pub calls: u64,
    pub commits: u64,
    pub listings: u64,
    pub deaths: u64,
    pub starts: u64,
    pub pages: u64,
}

impl Simulation {
    pub fn new(story: &Story) -> Self {
        let (seed, knobs) = (story.seed, story.knobs);
        let clock = SimClock::new();
        let mut wire = Wire::new(seed, clock.xero());
        let (minute, day, concurrent) = (knobs.minute, knobs.day, knobs.concurrent);
        let limits = format!(r#"{{"minute":{minute},"day":{day},"concurrent":{concurrent}}}"#);
        wire.control(clock.xero(), "POST", "limits", &limits);
        wire.page_rows = knobs.page_rows;
        let lag = format!(r#"{{"ms":{}}}"#, knobs.lag_ms);
        wire.control(clock.xero(), "POST", "lag", &lag);
        let post = knobs.hooks.sent.then(|| {
            let batch_ms = knobs.hooks.batch_ms;
            let body = format!(r#"{{"url":"http://host.example/xero/webhook","batch_ms":{batch_ms}}}"#);
            wire.control(clock.xero(), "POST", "webhooks", &body);
            Box::new(Post::new(knobs.hooks, wire.world.webhook_key(), clock.now()))
        });
        let store = MemStore::new(Arc::new(Rows), [7; 16], 1);
        let now = clock.now();
        let tenant = Tenant {
            credits: None,
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
            fixed: Vec::new(),
        };
        let writes = [Write::Tenant(Box::new(tenant.clone()))];
        store.commit(&[batch(&writes, Urgency::Result).unwrap()]).unwrap();
        let reader = Reader::new(Arc::new(store.clone()));
        let mut simulation = Self {
            seed,
            knobs,
            faults: story.faults.clone(),
            faults_strike: true,
            struck: Plan::default(),
            clock,
            wire,
            store,
            reader,
            tenant: tenant.id,
            shell: None,
            promises: Promises::new(tenant),
            script: Vec::new(),
            is_silent: false,
            grid: Grid::default(),
            steps: 0,
            post,
            started_at: 0,
            course: None,
            dies_in: None,
            restart_at: 0,
            ghosts: Vec::new(),
            wake_at: None,
            nth: Numbers::default(),
        };
        simulation.start();
        simulation
    }

    pub fn say(&mut self, words: impl FnOnce() -> String) {
        if self.is_silent {
            return;
        }
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
        self.clock.at = self.clock.at.max(end);
    }

    fn next_at(&self) -> Option<u64> {
        let ghosts = self.ghosts.iter().map(|(at, _)| *at);
        let Some(shell) = &self.shell else {
            return ghosts.chain([self.restart_at]).chain(self.post_at()).min();
        };
        let commit = shell.commits.front().map(|commit| commit.due);
        let calls = shell.calls.iter().map(Flying::next_at);
        let listings = shell.listings.iter().map(|(at, _)| *at);
        ghosts
            .chain(commit)
            .chain(calls)
            .chain(listings)
            .chain(self.wake_at)
            .chain(self.post_at())
            .min()
    }

    /// The one thing that is due.
    fn step(&mut self) {
        let at = self.clock.at;
        let posted = self.step_post();
        // The porter looks every second, and mostly sees nothing.
        if posted == Some(false) {
            return;
        }
        self.steps += 1;
        if posted.is_some() {
            // That was it.
        } else if let Some(index) = self.ghosts.iter().position(|(due, _)| *due <= at) {
            self.haunt(index);
        } else if self.shell.is_none() {
            self.start();
        } else {
            self.step_alive(at);
        }
        let now = self.clock.xero();
        self.promises.check_xero(&mut self.wire, now, at);
        self.watch_waiting();
        if let Some(post) = self.post.as_mut() {
            let started_at = self.shell.is_some().then_some(self.started_at);
            post.judge.check(&self.promises.invoices, at, started_at);
        }
    }

    fn step_alive(&mut self, at: u64) {
        let Some(shell) = self.shell.as_mut() else { return };
        if shell.commits.front().is_some_and(|commit| commit.due <= at) {
            let passing = self.pass(Point::Commit);
            if !self.dies(passing, Side::Before) {
                self.commit(passing);
            }
        } else if let Some(index) = shell.calls.iter().position(|flying| flying.next_at() <= at) {
            let passing = self.pass_call(index);
            if !self.dies(passing, Side::Before) {
                self.fly(index);
                self.dies(passing, Side::After);
            }
        } else if let Some(index) = shell.listings.iter().position(|(due, _)| *due <= at) {
            let (_, event) = shell.listings.remove(index);
            self.say(|| format!("connections: {event:?}"));
            self.happens(Point::Listing, Event::Connection(event));
        } else {
            self.wake_at = None;
            self.happens(Point::Wake, Event::Woken);
        }
    }

    fn happens(&mut self, point: Point, event: Event) {
        let passing = self.pass(point);
        if let Some(ms) = passing.slow_ms() {
            self.wake_at = Some(self.clock.at + ms);
        } else if !self.dies(passing, Side::Before) {
            self.feed(event, Urgency::Result);
            self.dies(passing, Side::After);
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
        self.nth.starts += 1;
        let seed = draw(self.seed, Draw::Machine, self.nth.starts).random();
        let (boot_id, knobs) = (self.clock.boot_id(), self.knobs);
        self.shell = Some(Shell::load(&self.reader, self.tenant, now, || {
            setup_of(tenant, boot_id, seed, &knobs)
        }));
        self.started_at = self.clock.at;
        let (at, organisation) = (self.clock.at, self.wire.tenant_id());
        if let Some(post) = self.post.as_mut() {
            post.open((self.tenant, organisation), at, now);
        }
        self.say(|| "started".to_owned());
        self.feed(Event::Woken, Urgency::Result);
    }

    /// The process, or its actor, ends; some of what it had under way still arrives.
    pub fn die(&mut self, down_ms: u64, fault: Fault) {
        let Some(mut shell) = self.shell.take() else { return };
        self.note_fault(fault, &shell);
        self.nth.deaths += 1;
        let mut rng = draw(self.seed, Draw::Death, self.nth.deaths);
        self.dies_in = None;
        self.wake_at = None;
        // A change that is not stored ends the actor alone.
        if let Some(post) = self.post.as_mut().filter(|_| !fault.is_of_a_commit()) {
            post.desk = None;
        }
        self.say(|| format!("{fault:?}, down for {down_ms} ms"));
        let pending = shell.commits.len();
        let (spares, down_ms) = self.mourn(down_ms);
        // Unacknowledged commits may be durable or not, each as a whole, in order.
        let kept = match fault {
            _ if spares.is_some() => pending * usize::from(spares == Some(true)),
            Fault::Crash | Fault::Reboot => rng.random_range(0..=pending),
            Fault::Drain => pending,
            _ => 0,
        };
        for commit in shell.commits.drain(..).take(kept) {
            self.store.commit(&[commit.batch]).unwrap();
            self.promises.committed(&commit.writes, &self.wire, self.clock.at);
        }
        let now = self.clock.xero();
        for flying in shell.calls {
            match flying.way {
                Way::Out { arrives }
                    if flying.call.request.is_write() && spares.unwrap_or_else(|| rng.random_bool(0.7)) =>
                {
                    self.ghosts.push((arrives, flying.call.request));
                }
                Way::Leaving { .. } | Way::Out { .. } => {}
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
}
