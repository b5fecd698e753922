//! Which faults strike, and what they strike.

use counterfoil::engine::event::ConnectionEvent;
use counterfoil::model::connection::{ConnectionCause, ConnectionState};
use rand::RngExt as _;

use super::draw::{Draw, draw};
use super::fault::Fault;
use super::grid::Work;
use super::shell::Shell;
use super::simulation::Simulation;
use super::story::Faults;

impl Simulation {
    /// The fault that strikes this call, if one does.
    pub(super) fn fault_of_call(&mut self, nth: u64) -> Option<Fault> {
        let mut rng = draw(self.seed, Draw::CallFault, nth);
        let fault = match &self.faults {
            _ if !self.faults_strike => None,
            Faults::Drawn(percent) => rng
                .random_ratio(*percent, 100)
                .then(|| self.knobs.favoured(&mut rng, Fault::is_of_a_call, Fault::of_a_call)),
            Faults::Planned(plan) => plan.calls.get(&nth).copied(),
        };
        self.struck.calls.extend(fault.map(|fault| (nth, fault)));
        fault
    }

    /// The fault that strikes this commit, if one does.
    pub(super) fn fault_of_commit(&mut self, nth: u64) -> Option<Fault> {
        let mut rng = draw(self.seed, Draw::CommitFault, nth);
        let fault = match &self.faults {
            _ if !self.faults_strike => None,
            Faults::Drawn(percent) => rng
                .random_ratio(*percent, 1_000)
                .then(|| self.knobs.favoured(&mut rng, Fault::is_of_a_commit, Fault::of_a_commit)),
            Faults::Planned(plan) => plan.commits.get(&nth).copied(),
        };
        self.struck.commits.extend(fault.map(|fault| (nth, fault)));
        fault
    }

    /// What `/connections` will say.
    pub(super) fn listing(&mut self) -> ConnectionEvent {
        self.nth.listings += 1;
        let nth = self.nth.listings;
        let mut rng = draw(self.seed, Draw::Listing, nth);
        let is_gone = match &self.faults {
            _ if !self.faults_strike => false,
            Faults::Drawn(percent) => *percent > 0 && rng.random_bool(0.3),
            Faults::Planned(plan) => plan.listings.contains_key(&nth),
        };
        if !is_gone {
            return ConnectionEvent::Listed;
        }
        self.struck.listings.insert(nth, Fault::Unlisted);
        // A question held by the disk may be asked when it is of no use any more.
        let state = self.shell.as_ref().map(|shell| shell.machine.tenant().connection.state);
        if !matches!(
            state,
            Some(ConnectionState::RequiresReauth | ConnectionState::Disconnected)
        ) {
            self.note(Fault::Unlisted);
        }
        ConnectionEvent::NotListed(ConnectionCause::AppRevoked)
    }

    /// Counts a fault against the work of the running process.
    pub fn note(&mut self, fault: Fault) {
        if let Some(shell) = self.shell.take() {
            self.note_fault(fault, &shell);
            self.shell = Some(shell);
        }
    }

    pub(super) fn note_fault(&mut self, fault: Fault, shell: &Shell) {
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
}
