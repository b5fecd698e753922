//! What can go wrong with a grant, by name, and what the keyring was doing when it did.

use std::collections::BTreeMap;

use rand::RngExt as _;
use rand::rngs::StdRng;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// No connection to the token endpoint.
    Refused,
    /// The request to the token endpoint is lost.
    LostBefore,
    /// Xero rotated; the answer is lost.
    LostAfter,
    Cut,
    Garbage,
    Error500,
    /// Xero rotated, and answered 500.
    ErrorAfter,
    Busy503,
    Throttled,
    /// The answer comes after the client has given up.
    TooLate,
    /// The request itself arrives after the client has given up.
    SlowRequest,
    /// `invalid_grant` for a token that is good.
    Spurious,
    /// `invalid_grant` for everything, longer than anybody waits for a change of mind.
    LongSpurious,
    /// One 401 to a good token.
    ExpiredEarly,
    /// Every organisation gets one at the same moment.
    AllRejected,
    /// A 401 whose answer is slow, so that a newer token may be there before it.
    LateRejection,
    SaveFails,
    /// Written, and reported as failed.
    SaveLostAfter,
    SaveHangs,
    Crash,
    Reboot,
    /// Down for longer than Xero takes the previous token.
    LongDown,
    ClockForward,
    ClockBack,
    /// The machine sleeps for more than a token's life.
    Suspend,
    /// A person ends the consent at Xero.
    Revoked,
    /// The store is set back to the pair before the last one.
    Restored,
}

impl Fault {
    pub const ALL: [Self; 27] = [
        Self::Refused,
        Self::LostBefore,
        Self::LostAfter,
        Self::Cut,
        Self::Garbage,
        Self::Error500,
        Self::ErrorAfter,
        Self::Busy503,
        Self::Throttled,
        Self::TooLate,
        Self::SlowRequest,
        Self::Spurious,
        Self::LongSpurious,
        Self::ExpiredEarly,
        Self::AllRejected,
        Self::LateRejection,
        Self::SaveFails,
        Self::SaveLostAfter,
        Self::SaveHangs,
        Self::Crash,
        Self::Reboot,
        Self::LongDown,
        Self::ClockForward,
        Self::ClockBack,
        Self::Suspend,
        Self::Revoked,
        Self::Restored,
    ];

    /// One of the faults of a call to the token endpoint.
    pub fn of_a_refresh(rng: &mut StdRng) -> Self {
        [
            Self::Refused,
            Self::LostBefore,
            Self::LostAfter,
            Self::LostAfter,
            Self::Cut,
            Self::Garbage,
            Self::Error500,
            Self::ErrorAfter,
            Self::Busy503,
            Self::Throttled,
            Self::TooLate,
            Self::SlowRequest,
            Self::SlowRequest,
            Self::Spurious,
        ][rng.random_range(0..14)]
    }

    pub fn of_a_save(rng: &mut StdRng) -> Self {
        [Self::SaveFails, Self::SaveLostAfter, Self::SaveHangs][rng.random_range(0..3)]
    }

    /// The sandbox's rule for it; `None` = it is played on the way.
    pub fn rule(self, rng: &mut StdRng) -> Option<String> {
        let named = |name: &str, more: &str| Some(format!(r#"{{"fault":"{name}"{more}}}"#));
        match self {
            Self::Refused => named("refuse_connection", ""),
            Self::LostBefore => named("drop_reply_before_write", ""),
            Self::LostAfter => named("drop_reply_after_write", ""),
            Self::Cut => named("cut_body", ""),
            Self::Garbage => named("garbage_200", ""),
            Self::Error500 => named("status", r#","code":500"#),
            Self::Busy503 => named("status", r#","code":503"#),
            Self::Throttled => {
                let wait = rng.random_range(1..600);
                named("rate_limit", &format!(r#","problem":"app","retry_after":{wait}"#))
            }
            Self::TooLate => named("delay", r#","ms":45000"#),
            Self::Spurious | Self::LongSpurious => named("status", r#","code":400,"body":{"error":"invalid_grant"}"#),
            Self::ExpiredEarly | Self::AllRejected | Self::LateRejection => named("token_expired", ""),
            _ => None,
        }
    }
}

/// Where a grant is between two tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Nothing is under way.
    Idle,
    /// It is about to be written that a refresh is asked for.
    Marking,
    /// That is written, and not heard yet.
    Marked,
    /// The request is about to leave.
    Leaving,
    /// It is on its way.
    Asking,
    /// Xero has answered; the answer is on its way.
    Answering,
    /// The new pair is about to be written.
    Saving,
    /// It is written, and not heard yet.
    Saved,
    /// A token was lent and is about to be used.
    Using,
}

impl Phase {
    pub const ALL: [Self; 9] = [
        Self::Idle,
        Self::Marking,
        Self::Marked,
        Self::Leaving,
        Self::Asking,
        Self::Answering,
        Self::Saving,
        Self::Saved,
        Self::Using,
    ];
}

/// Which faults struck in which phase, and how often.
#[derive(Debug, Clone, Default)]
pub struct Grid(BTreeMap<(Fault, Phase), u64>);

impl Grid {
    pub fn hit(&mut self, fault: Fault, phase: Phase) {
        *self.0.entry((fault, phase)).or_default() += 1;
    }

    pub fn join(&mut self, other: &Self) {
        for (cell, count) in &other.0 {
            *self.0.entry(*cell).or_default() += count;
        }
    }

    pub fn cells(&self) -> usize {
        self.0.len()
    }

    pub fn of(&self, fault: Fault) -> u64 {
        Phase::ALL.iter().map(|phase| self.at(fault, *phase)).sum()
    }

    pub fn at(&self, fault: Fault, phase: Phase) -> u64 {
        self.0.get(&(fault, phase)).copied().unwrap_or(0)
    }

    /// A line for each fault.
    pub fn lines(&self) -> Vec<String> {
        let line = |fault: Fault| {
            let met = Phase::ALL.iter().filter(|phase| self.at(fault, **phase) > 0);
            let cells: Vec<String> = met
                .map(|phase| format!("{phase:?} {}", self.at(fault, *phase)))
                .collect();
            format!("  {fault:?}: {}", cells.join(", "))
        };
        let met = Fault::ALL.into_iter().filter(|fault| self.of(*fault) > 0);
        met.map(line).collect()
    }
}
