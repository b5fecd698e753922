//! The connection's state machine.
//!
//! ```text
//!                 credits used up                    grant lost
//!        ┌──────────────────────────▶ pending_credits ─────────┐
//!        │ ◀── topped up ───────────                           ▼
//!   active ── grant lost ──────────────────────────▶ requires_reauth
//!    │  ▲ ▲ ◀───────────── reconnected (catching up) ──────────┘
//!    │  │ └──────────── listed / reconnected (catching up) ── grace_period ◀── not listed (any)
//!    │  └───────────── reconnected (catching up) ── disconnected ◀── deadline passed ──┘
//!    └── disconnected by a person (any) ─────────────────▲
//! ```

use super::event::ConnectionEvent;
use crate::model::connection::{Connection, ConnectionCause, ConnectionState, Gate};
use crate::model::mutation::{Rule, is_broken};
use crate::model::time::Timestamp;

/// What follows from a connection event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// A new state.
    To(Connection),
    /// Nothing changes.
    Same,
    /// The event cannot happen in this state: a defect of whoever sent it.
    Illegal,
}

/// What a connection allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Reading documents.
    pub reads: bool,
    /// Writing documents.
    pub writes: bool,
    /// Queueing new pushes; where it is `false`, a push is red at once.
    pub queues: bool,
}

/// What `connection` allows.
#[must_use]
pub fn access(connection: &Connection) -> Access {
    match connection.state {
        ConnectionState::Active => Access {
            reads: true,
            writes: matches!(connection.gate, Gate::Open) || is_broken(Rule::WritesGate),
            queues: true,
        },
        ConnectionState::PendingCredits => Access {
            reads: true,
            writes: is_broken(Rule::WritesGate),
            queues: true,
        },
        ConnectionState::RequiresReauth | ConnectionState::GracePeriod => Access {
            reads: is_broken(Rule::ReadsGate),
            writes: false,
            queues: true,
        },
        ConnectionState::Disconnected => Access {
            reads: false,
            writes: false,
            queues: false,
        },
    }
}

/// The table: state × event → state. `grace_ms` is how long a connection that is gone is kept.
#[must_use]
pub fn next(connection: &Connection, event: ConnectionEvent, now: Timestamp, grace_ms: i64) -> Transition {
    use ConnectionEvent as E;
    use ConnectionState as S;
    let enter = |state, cause| {
        Transition::To(Connection {
            state,
            since: now,
            cause,
            deadline: None,
            gate: Gate::Open,
        })
    };
    let with_gate = |state, cause| {
        Transition::To(Connection {
            state,
            since: now,
            cause,
            deadline: None,
            gate: connection.gate,
        })
    };
    let catch_up = Transition::To(Connection {
        gate: if is_broken(Rule::CatchesUp) {
            Gate::Open
        } else {
            Gate::CatchingUp
        },
        ..Connection::fresh(now)
    });
    let grace = |cause| {
        Transition::To(Connection {
            state: S::GracePeriod,
            since: now,
            cause: Some(cause),
            deadline: Some(now.plus_ms(grace_ms)),
            gate: Gate::Open,
        })
    };
    match (connection.state, event) {
        // A catch-up goes on meanwhile: it only reads.
        (S::Active, E::CreditsUsedUp) => with_gate(S::PendingCredits, Some(ConnectionCause::CreditsUsedUp)),
        (S::PendingCredits, E::ToppedUp) => with_gate(S::Active, None),
        (S::Active | S::PendingCredits, E::GrantLost(cause)) => enter(S::RequiresReauth, Some(cause)),
        (S::Active | S::PendingCredits | S::RequiresReauth, E::NotListed(cause)) => grace(cause),
        (S::Active | S::RequiresReauth | S::GracePeriod | S::Disconnected, E::Reconnected) => catch_up,
        (S::GracePeriod, E::Listed) => catch_up,
        (S::GracePeriod, E::DeadlinePassed) => enter(S::Disconnected, Some(ConnectionCause::DeadlinePassed)),
        (S::Active | S::PendingCredits | S::RequiresReauth | S::GracePeriod, E::DisconnectedByPerson) => {
            enter(S::Disconnected, Some(ConnectionCause::DisconnectedByPerson))
        }
        (S::Active | S::PendingCredits, E::CaughtUp) => match connection.gate {
            Gate::CatchingUp => Transition::To(Connection { gate: Gate::Open, ..*connection }),
            Gate::Open => Transition::Same,
        },
        // Credits are counted by the host; a reconnection does not fill them up.
        (S::PendingCredits, E::Reconnected | E::CreditsUsedUp | E::Listed)
        | (S::Active, E::ToppedUp | E::Listed)
        // Nothing can be called, so what is said about credits or the grant changes nothing.
        | (S::RequiresReauth, E::CreditsUsedUp | E::ToppedUp | E::GrantLost(_) | E::Listed)
        | (S::GracePeriod, E::CreditsUsedUp | E::ToppedUp | E::GrantLost(_) | E::NotListed(_))
        | (
            S::Disconnected,
            E::CreditsUsedUp | E::ToppedUp | E::GrantLost(_) | E::NotListed(_) | E::Listed | E::DisconnectedByPerson,
        ) => Transition::Same,
        (S::Active | S::PendingCredits | S::RequiresReauth | S::Disconnected, E::DeadlinePassed)
        | (S::RequiresReauth | S::GracePeriod | S::Disconnected, E::CaughtUp) => Transition::Illegal,
    }
}
