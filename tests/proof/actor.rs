//! The actor's part of the simulation: effects are carried out in order, behind what they wait for.

use counterfoil::actors::tenant::rows::follows;
use counterfoil::engine::effect::{Effect, Notice, Reply};
use counterfoil::engine::event::Event;
use counterfoil::store::memory::Repeat;
use counterfoil::store::{Store, Urgency};
use rand::RngExt as _;

use super::draw::{Draw, draw};
use super::fault::Fault;
use super::hooks::resync::Before;
use super::nth::course::Passing;
use super::nth::mode::{Mode, Side};
use super::nth::point::Point;
use super::shell::Shell;
use super::simulation::Simulation;

/// Longest sleep of the actor's timer.
const NAP_MAX_MS: u64 = 30_000;

impl Simulation {
    pub fn feed(&mut self, event: Event, urgency: Urgency) {
        let now = self.clock.now();
        let Some(shell) = self.shell.as_mut() else { return };
        let before = Before::of(&event, &shell.machine.tenant().settings, &mut shell.ordered);
        let effects = shell.machine.handle(now, event);
        before.judge(&effects, &shell.view());
        self.perform(effects, urgency);
        let Some(shell) = self.shell.as_ref() else { return };
        let now = self.clock.now();
        let wake = shell.machine.next_wake(now);
        assert!(wake.is_none_or(|wake| wake > now.mono), "the next wake lies ahead");
        self.wake_at = wake.map(|wake| {
            let nap_ms = wake.since_ms(now.mono).clamp(1, NAP_MAX_MS);
            self.clock.at + nap_ms
        });
        // Also when the message about it was lost.
        self.answer_bell();
    }

    fn perform(&mut self, effects: Vec<Effect>, urgency: Urgency) {
        for effect in effects {
            match effect {
                Effect::Persist(writes) if writes.is_empty() => {}
                Effect::Persist(writes) => {
                    let passing = self.pass(Point::Submit);
                    if self.dies_now() || self.dies(passing, Side::Before) {
                        return;
                    }
                    self.nth.commits += 1;
                    let nth = self.nth.commits;
                    let fault = match passing.mode {
                        Some(Mode::Store(fault)) => Some(fault),
                        _ => self.fault_of_commit(nth),
                    };
                    let mut rng = draw(self.seed, Draw::Commit, nth);
                    let is_slow = self.faults_strike && rng.random_bool(0.02);
                    let took_ms = match fault {
                        Some(Fault::StoreHang) => rng.random_range(5_000..900_000),
                        _ if is_slow => 3_000,
                        _ => rng.random_range(0..8),
                    };
                    let due = self.clock.at + passing.slow_ms().unwrap_or(took_ms);
                    let Some(shell) = self.shell.as_mut() else { return };
                    shell.submit(writes, urgency, due, fault);
                    if self.dies(passing, Side::After) {
                        return;
                    }
                }
                effect => {
                    let Some(shell) = self.shell.as_mut() else { return };
                    shell.waiting.push_back((shell.submitted_seq, effect));
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
        while let Some(effect) = self.shell.as_mut().and_then(Shell::ready) {
            let passing = Point::of(&effect).map_or_else(Passing::default, |point| self.pass(point));
            if self.dies_now() || self.dies(passing, Side::Before) {
                return;
            }
            self.run(effect, passing);
            if self.dies(passing, Side::After) {
                return;
            }
        }
        if let Some(shell) = self.shell.as_mut() {
            shell.is_running = false;
        }
    }

    fn dies_now(&mut self) -> bool {
        match self.dies_in {
            Some(0) => {
                let mut rng = draw(self.seed, Draw::Ghost, self.nth.deaths + 1);
                let down_ms = [1, 500, 20_000, 90_000, 400_000][rng.random_range(0..5)];
                let fault = if rng.random_bool(0.25) {
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

    fn run(&mut self, effect: Effect, passing: Passing) {
        let Some(shell) = self.shell.as_mut() else { return };
        match effect {
            Effect::Load { .. }
            | Effect::LoadRows { .. }
            | Effect::LoadFollowUps { .. }
            | Effect::LoadFailed { .. }
                if passing.slow_ms().is_some() =>
            {
                self.hold_up(passing.slow_ms().unwrap_or_default());
                self.run(effect, Passing::default());
            }
            Effect::Persist(_) => unreachable!("persists do not wait"),
            Effect::Load { load, invoices } => {
                let loaded = shell.loaded(load, &invoices);
                self.feed(loaded, Urgency::Result);
            }
            Effect::LoadRows { load, invoices } => {
                let rows = shell.rows(&invoices);
                self.feed(Event::RowsLoaded { load, rows }, Urgency::Result);
            }
            Effect::LoadFollowUps { load, invoices } => {
                let rows = follows(&shell.view(), &invoices).unwrap();
                self.feed(Event::FollowUpsLoaded { load, rows }, Urgency::Result);
            }
            Effect::LoadLinked { load, after } => {
                let rows = shell.view().linked_after(after, 500).unwrap();
                self.feed(Event::LinkedLoaded { load, rows }, Urgency::Result);
            }
            Effect::LoadFailed { code, subject, after } => {
                let rows = shell.view().failed(code, subject.as_deref(), after, 500).unwrap();
                self.feed(Event::FailedLoaded { code, subject, rows }, Urgency::Result);
            }
            // Its attempt is durable: after the restart it is found out what became of it.
            Effect::Call(_) if shell.is_draining => {}
            Effect::Call(call) => self.call(call, passing.call_fault()),
            Effect::CheckConnection => {
                let event = match passing.mode {
                    Some(Mode::Listing(event)) => event,
                    _ => self.listing(),
                };
                let at = self.clock.at + passing.slow_ms().unwrap_or(150);
                let Some(shell) = self.shell.as_mut() else { return };
                shell.listings.push((at, event));
            }
            Effect::Reply(ask, reply) => {
                let host_ref = shell.asks.remove(&ask);
                if let Some((course, Mode::Unheard)) = self.course.as_mut().zip(passing.mode) {
                    course.unheard += 1;
                    return;
                }
                if let (Some(host_ref), Reply::Accepted { invoice, .. }) = (host_ref, reply) {
                    self.promises.told_accepted(&self.reader, &host_ref, &invoice);
                }
            }
            Effect::Announce(notice) => {
                assert!(!matches!(notice, Notice::IllegalEvent { .. }), "{notice:?}");
                if let Some(desk) = self.post.as_ref().and_then(|post| post.desk.as_ref()) {
                    desk.porter.noticed(&desk.bell, &notice);
                }
            }
        }
    }

    pub(super) fn commit(&mut self, passing: Passing) {
        let Some(shell) = self.shell.as_mut() else { return };
        let Some(commit) = shell.commits.pop_front() else {
            return;
        };
        if let Some(fault) = commit.fault {
            self.note(fault);
        }
        if let Some(fault) = commit.fault.and_then(Fault::in_store) {
            self.store.inject(1, Repeat::Once, fault);
        }
        let before = self.store.stats().last_seq;
        let result = self.store.commit(&[commit.batch]);
        if self.store.stats().last_seq > before {
            self.promises.committed(&commit.writes, &self.wire, self.clock.at);
        }
        self.store.heal();
        if result.is_ok() && self.dies(passing, Side::After) {
            return;
        }
        match (result, commit.fault) {
            (Ok(_), _) => {
                let Some(shell) = self.shell.as_mut() else { return };
                shell.acknowledged(commit.seq);
                self.run_ready();
            }
            (Err(_), Some(fault)) => self.die(1_000, fault),
            (Err(error), None) => panic!("a commit failed by itself: {error}"),
        }
    }

    /// Told to stop: what is under way is waited for, for a while, and nothing new begins.
    pub fn drain(&mut self) {
        self.say(|| "told to stop".to_owned());
        let Some(shell) = self.shell.as_mut() else { return };
        shell.is_draining = true;
        for _ in 0..200 {
            let is_idle = self
                .shell
                .as_ref()
                .is_none_or(|shell| shell.calls.is_empty() && shell.commits.is_empty());
            if is_idle {
                break;
            }
            self.run_ms(100);
        }
        self.die(1_000, Fault::Drain);
    }
}
