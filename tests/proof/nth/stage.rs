//! A stage for one run: hosts and people who do not give up, and time that passes.

use counterfoil::engine::event::{ConnectionEvent, Event};
use counterfoil::model::connection::ConnectionState;
use counterfoil::model::document::{Draft, HostStatus};
use counterfoil::model::row::Badge;
use counterfoil::store::Urgency;

use super::course::Course;
use crate::ending;
use crate::hooks::HookKnobs;
use crate::play;
use crate::simulation::Simulation;
use crate::story::{Faults, Knobs, Plan, Story};

/// A host that hears nothing asks again after this.
const PATIENCE_MS: u64 = 30_000;
/// A host that was turned away asks again after this; later each time, up to a minute.
const AGAIN_MS: u64 = 1_000;
/// How often it does.
const TRIES: u32 = 2_000;
/// How often it looks whether it was answered.
const GLANCE_MS: u64 = 5;
/// Everything has settled so long after a fault: one lasts up to ten minutes, an unknown outcome takes
/// up to 35, what follows from it ten more.
const SETTLES_WITHIN_MS: u64 = 55 * 60_000;
/// So long after everything is quiet, requests of the dead may still arrive.
const ECHO_MS: u64 = 300_000;
const MINUTE_MS: u64 = 60_000;
/// No process is down for longer.
const DOWN_MAX_MS: u64 = 600_000;
/// Of all latencies and identifiers.
const SEED: u64 = 7;

pub struct Stage {
    pub simulation: Simulation,
}

impl Stage {
    /// A stage; a silent one keeps no script.
    pub fn new(is_silent: bool) -> Self {
        let story = Story {
            seed: SEED,
            knobs: Knobs {
                documents: 0,
                minute: 60,
                day: 5_000,
                concurrent: 5,
                batch_max: 0,
                ends_right: true,
                favourite: None,
                lag_ms: 0,
                pulls: false,
                page_rows: 0,
                hooks: HookKnobs::NONE,
            },
            acts: Vec::new(),
            faults: Faults::Planned(Plan::default()),
        };
        let mut simulation = Simulation::new(&story);
        simulation.is_silent = is_silent;
        simulation.faults_strike = false;
        simulation.course = Some(Course::default());
        Self { simulation }
    }

    pub fn course(&mut self) -> &mut Course {
        self.simulation.course.as_mut().expect("every stage has a course")
    }

    /// Lets time pass. What an outage leads to is looked at just before it ends.
    pub fn pass_ms(&mut self, span_ms: u64) {
        let end = self.simulation.clock.at + span_ms;
        if let Some((outage, until)) = self.course().outage
            && until <= end
        {
            let left_ms = until.saturating_sub(self.simulation.clock.at);
            self.simulation.run_ms(left_ms);
            self.simulation.say(|| format!("{outage:?} ends"));
            self.assert_held();
            self.course().outage = None;
        }
        let left_ms = end.saturating_sub(self.simulation.clock.at);
        self.simulation.run_ms(left_ms);
    }

    /// Whatever the outage, a document that was accepted is there, and grey, red for a reason or in
    /// Xero.
    fn assert_held(&self) {
        let promises = &self.simulation.promises;
        promises.compare(&self.simulation.reader);
        for row in promises.invoices.values() {
            let is_named = match row.sync.badge {
                Some(Badge::Failed) => row.sync.reason.is_some(),
                Some(Badge::Pending) => true,
                Some(Badge::Synced) => row.link.is_some(),
                None => row.draft.host_status == HostStatus::Void,
            };
            assert!(is_named, "40: {} is neither grey nor red: {:?}", row.host_ref, row.sync);
        }
    }

    // Hosts and people.

    /// The host writes these documents at once, each until it is told that it was accepted.
    pub fn host_writes(&mut self, documents: &[(&str, Draft)]) {
        self.until_answered(documents.len(), |stage, index| {
            let (host_ref, draft) = &documents[index];
            play::put(&mut stage.simulation, host_ref, draft.clone());
            host_ref
        });
    }

    /// A person presses *Sync now* until it is answered.
    pub fn sync_now(&mut self, host_ref: &str) {
        self.until_answered(1, |stage, _| {
            play::sync_now(&mut stage.simulation, host_ref);
            host_ref
        });
    }

    /// A person has all documents sent again until that is answered.
    pub fn resync_all(&mut self) {
        self.until_answered(1, |stage, _| {
            play::resync(&mut stage.simulation);
            "all"
        });
    }

    /// A person changes the connection until it is so.
    pub fn connection(&mut self, event: ConnectionEvent, wanted: ConnectionState) {
        for tries in 0..TRIES {
            if self.simulation.promises.tenant.connection.state == wanted {
                return;
            }
            self.simulation.say(|| format!("a person: {event:?}"));
            self.simulation.feed(Event::Connection(event), Urgency::Result);
            self.pass_ms(again_ms(tries));
        }
        panic!("7: a person is never heard");
    }

    /// Waits until a write is under way, if one leaves soon.
    pub fn until_a_write_flies(&mut self) {
        for _ in 0..5_000 {
            let shell = self.simulation.shell.as_ref();
            if shell.is_some_and(|shell| shell.calls.iter().any(|flying| flying.call.request.is_write())) {
                return;
            }
            self.pass_ms(1);
        }
    }

    fn until_answered<'a>(&mut self, count: usize, ask: impl Fn(&mut Self, usize) -> &'a str) {
        let mut open: Vec<usize> = (0..count).collect();
        for tries in 0..TRIES {
            if open.is_empty() {
                return;
            }
            let before = self.silence();
            let names: Vec<(usize, &str)> = open.iter().map(|index| (*index, ask(self, *index))).collect();
            if self.simulation.shell.is_some() {
                for _ in 0..PATIENCE_MS / GLANCE_MS {
                    if self.silence() != before || !names.iter().any(|(_, name)| self.waits(name)) {
                        break;
                    }
                    self.pass_ms(GLANCE_MS);
                }
                // Of several, nobody knows which reply was lost: all are asked for again.
                if self.silence() == before {
                    open = names
                        .iter()
                        .filter(|(_, name)| self.waits(name))
                        .map(|(index, _)| *index)
                        .collect();
                }
            }
            if !open.is_empty() {
                self.pass_ms(again_ms(tries));
            }
        }
        panic!("7: a host is never answered");
    }

    /// Changes whenever a reply may be lost.
    fn silence(&mut self) -> (u32, u32) {
        let course = self.course();
        (course.deaths, course.unheard)
    }

    fn waits(&self, name: &str) -> bool {
        let shell = self.simulation.shell.as_ref();
        shell.is_some_and(|shell| shell.asks.values().any(|asked| asked == name))
    }

    // The end.

    /// Lets everything come to rest; whatever needs a person to reconnect waits for that.
    pub fn come_to_rest(&mut self) {
        let mut deadline = self.simulation.clock.at + SETTLES_WITHIN_MS;
        while self.simulation.clock.at < deadline {
            if let Some((_, until)) = self.course().outage {
                let left_ms = until.saturating_sub(self.simulation.clock.at);
                self.pass_ms(left_ms);
                deadline = self.simulation.clock.at + SETTLES_WITHIN_MS;
            } else if self.is_at_rest() {
                break;
            }
            self.pass_ms(MINUTE_MS);
        }
        self.pass_ms(ECHO_MS);
    }

    /// Faults stop; a person reconnects where that is asked for; then everything has settled.
    pub fn settle(&mut self) {
        self.course().counts = false;
        self.simulation.say(|| "faults stop".to_owned());
        if self.simulation.shell.is_none() {
            self.pass_ms(DOWN_MAX_MS);
        }
        if self.simulation.promises.tenant.connection.state != ConnectionState::Active {
            ending::resolve_connection(&mut self.simulation);
        }
        self.come_to_rest();
        ending::assert_settled(&self.simulation);
    }

    fn is_at_rest(&self) -> bool {
        let promises = &self.simulation.promises;
        let is_idle = self.simulation.shell.as_ref().is_some_and(|shell| {
            shell.calls.is_empty() && shell.commits.is_empty() && shell.waiting.is_empty() && shell.listings.is_empty()
        });
        let is_held = promises.tenant.connection.state != ConnectionState::Active;
        is_idle && (is_held || (promises.intents.is_empty() && promises.batches.is_empty()))
    }
}

fn again_ms(tries: u32) -> u64 {
    (AGAIN_MS << tries.min(6)).min(MINUTE_MS)
}
