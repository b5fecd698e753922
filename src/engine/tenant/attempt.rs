//! An open attempt: frozen bytes under one key, and what is known about their outcome.

use crate::model::row::Batch;
use crate::model::time::Mono;

/// An open attempt.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub batch: Batch,
    pub state: AttemptState,
    /// A newer version of the document it changes was read since it was decided.
    pub is_outdated: bool,
}

#[derive(Debug, Clone)]
pub(super) enum AttemptState {
    /// On its way.
    InFlight {
        /// Whether an earlier send of the same bytes has an unknown outcome.
        again: Option<Doubt>,
    },
    /// To be found out.
    Unknown(Doubt),
    /// A look-up is on its way.
    LookingUp(Doubt),
}

/// What is known about an unknown outcome.
#[derive(Debug, Clone)]
pub(super) struct Doubt {
    /// The next step goes at this moment.
    pub next_at: Mono,
    /// From this moment nothing of the attempt can happen any more.
    pub quiet_at: Mono,
    /// Status of the last answer that told nothing.
    pub last_status: Option<u16>,
    /// The key is of no use any more.
    pub no_replay: bool,
    /// First complete look-up after `quiet_at` that found nothing.
    pub absent_at: Option<Mono>,
    /// When the running look-up began.
    pub began_at: Mono,
    /// Members already looked for (sales), or pages already read (bills).
    pub cursor: usize,
    /// Whether the service failed (then a new attempt costs a retry) or an answer was lost.
    pub service_failed: bool,
    /// Look-ups that failed in a row.
    pub look_up_failures: u32,
    /// Xero refuses to look for the numbers: look through everything we made.
    pub by_marker: bool,
}

impl Attempt {
    pub(super) const fn in_flight(batch: Batch) -> Self {
        Self {
            batch,
            state: AttemptState::InFlight { again: None },
            is_outdated: false,
        }
    }

    /// When the next step towards its outcome goes; `None` while nothing is in doubt.
    pub(super) const fn next_step(&self) -> Option<Mono> {
        match &self.state {
            AttemptState::InFlight { again: None } => None,
            AttemptState::InFlight { again: Some(doubt) }
            | AttemptState::Unknown(doubt)
            | AttemptState::LookingUp(doubt) => Some(doubt.next_at),
        }
    }

    /// Somebody changed its document in Xero, and nothing of it can be there yet.
    pub(super) const fn would_overwrite(&self) -> bool {
        self.is_outdated && !self.is_unknown()
    }

    /// Status of the last answer that told nothing.
    pub(super) const fn last_status(&self) -> Option<u16> {
        match &self.state {
            AttemptState::InFlight { again: Some(doubt) }
            | AttemptState::Unknown(doubt)
            | AttemptState::LookingUp(doubt) => doubt.last_status,
            AttemptState::InFlight { again: None } => None,
        }
    }

    pub(super) const fn is_unknown(&self) -> bool {
        !matches!(self.state, AttemptState::InFlight { again: None })
    }
}
