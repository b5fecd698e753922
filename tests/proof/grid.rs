//! Which faults met which work under which connection.

use std::collections::BTreeSet;

use counterfoil::model::connection::{Connection, ConnectionState, Gate};

use super::fault::Fault;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// No push is open.
    None,
    /// A push waits.
    Queued,
    /// An attempt is durable and may be on its way.
    Attempted,
    /// An attempt's outcome is not known.
    Unknown,
}

/// How a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    Active,
    CatchingUp,
    PendingCredits,
    RequiresReauth,
    GracePeriod,
    Disconnected,
}

/// Work × fault × connection.
pub type Cell = (Work, Fault, Access);

/// The cells that were met.
#[derive(Debug, Clone, Default)]
pub struct Grid(BTreeSet<Cell>);

impl Grid {
    pub fn hit(&mut self, work: Work, fault: Fault, connection: &Connection) {
        self.0.insert((work, fault, Access::of(connection)));
    }

    pub fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Cells that can be met and were not.
    pub fn missed(&self) -> Vec<Cell> {
        reachable().filter(|cell| !self.0.contains(cell)).collect()
    }

    /// Cells that were met although they cannot be.
    pub fn surprises(&self) -> Vec<Cell> {
        self.0.iter().filter(|cell| !is_reachable(cell)).copied().collect()
    }

    pub fn hits(&self) -> usize {
        self.0.len()
    }

    /// Cells that were hit with this fault.
    pub fn hits_of(&self, fault: Fault) -> usize {
        self.0.iter().filter(|(_, hit, _)| *hit == fault).count()
    }
}

/// All cells that can be met.
pub fn reachable() -> impl Iterator<Item = Cell> {
    all().filter(is_reachable)
}

/// All cells.
pub fn all() -> impl Iterator<Item = Cell> {
    let works = [Work::None, Work::Queued, Work::Attempted, Work::Unknown];
    works.into_iter().flat_map(|work| {
        let with = move |fault| Access::ALL.into_iter().map(move |access| (work, fault, access));
        Fault::ALL.into_iter().flat_map(with)
    })
}

/// Where no call may leave, none can fail.
fn is_reachable((_, fault, access): &Cell) -> bool {
    let may_call = matches!(access, Access::Active | Access::CatchingUp | Access::PendingCredits);
    match fault {
        fault if fault.is_of_a_call() => may_call,
        // Only a call that was refused, or a connection that is gone, makes us ask.
        Fault::Unlisted => !matches!(access, Access::RequiresReauth | Access::Disconnected),
        _ => true,
    }
}

impl Access {
    const ALL: [Self; 6] = [
        Self::Active,
        Self::CatchingUp,
        Self::PendingCredits,
        Self::RequiresReauth,
        Self::GracePeriod,
        Self::Disconnected,
    ];

    const fn of(connection: &Connection) -> Self {
        match (connection.state, connection.gate) {
            (ConnectionState::Active, Gate::CatchingUp) => Self::CatchingUp,
            (ConnectionState::Active, Gate::Open) => Self::Active,
            (ConnectionState::PendingCredits, _) => Self::PendingCredits,
            (ConnectionState::RequiresReauth, _) => Self::RequiresReauth,
            (ConnectionState::GracePeriod, _) => Self::GracePeriod,
            (ConnectionState::Disconnected, _) => Self::Disconnected,
        }
    }
}
