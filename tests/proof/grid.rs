//! Which faults met which work under which connection.

use std::collections::BTreeSet;

use counterfoil::model::connection::{Connection, ConnectionState, Gate};

use super::fault::Fault;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    None,
    Queued,
    Attempted,
    Unknown,
}

#[derive(Debug, Clone, Default)]
pub struct Grid(BTreeSet<(Work, Fault, &'static str)>);

impl Grid {
    pub fn hit(&mut self, work: Work, fault: Fault, connection: &Connection) {
        self.0.insert((work, fault, connection_word(connection)));
    }

    pub fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub fn hits(&self) -> usize {
        self.0.len()
    }

    /// Cells that were hit with this fault.
    pub fn hits_of(&self, fault: Fault) -> usize {
        self.0.iter().filter(|(_, hit, _)| *hit == fault).count()
    }

    /// Work × fault × connection, reachable or not.
    pub const fn cells() -> usize {
        4 * Fault::ALL.len() * 6
    }
}

fn connection_word(connection: &Connection) -> &'static str {
    match (connection.state, connection.gate) {
        (ConnectionState::Active, Gate::CatchingUp) => "catching_up",
        (state, _) => state.label(),
    }
}
