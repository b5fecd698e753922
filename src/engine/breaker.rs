//! Stops calling a service that fails, and probes it now and then.

use crate::model::mutation::{Rule, is_broken};
use crate::model::time::Mono;

/// Counts failures of the service in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breaker {
    threshold: u32,
    probe_ms: u64,
    state: State,
    /// The first of the failures in a row.
    failing_since: Option<Mono>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { probe_at: Mono },
    Probing,
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It opened.
    Opened,
    /// It closed.
    Closed,
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub const fn new(threshold: u32, probe_ms: u64) -> Self {
        Self {
            threshold,
            probe_ms,
            state: State::Closed { failures: 0 },
            failing_since: None,
        }
    }

    /// Whether a call may go; if not, when the next one may (`None` while a probe is out).
    ///
    /// # Errors
    /// The moment of the next probe.
    pub fn may_start(&self, now: Mono) -> Result<(), Option<Mono>> {
        match self.state {
            State::Closed { .. } => Ok(()),
            State::Open { .. } if is_broken(Rule::HalfOpen) => Err(None),
            State::Open { probe_at } if probe_at <= now => Ok(()),
            State::Open { probe_at } => Err(Some(probe_at)),
            State::Probing => Err(None),
        }
    }

    /// A call goes out.
    pub fn started(&mut self) {
        if matches!(self.state, State::Open { .. }) {
            self.state = State::Probing;
        }
    }

    /// A call was answered by the service, well or not so well, but answered.
    pub fn succeeded(&mut self) -> Option<Change> {
        let was_closed = matches!(self.state, State::Closed { .. });
        self.state = State::Closed { failures: 0 };
        self.failing_since = None;
        (!was_closed).then_some(Change::Closed)
    }

    /// The service failed. `delay_ms` of jitter is added to the wait before the probe.
    pub fn failed(&mut self, now: Mono, jitter_ms: u64) -> Option<Change> {
        let probe_at = now.plus_ms(self.probe_ms).plus_ms(jitter_ms);
        self.failing_since.get_or_insert(now);
        match &mut self.state {
            State::Closed { failures } => {
                *failures = failures.saturating_add(1);
                if *failures < self.threshold {
                    return None;
                }
                self.state = State::Open { probe_at };
                Some(Change::Opened)
            }
            State::Probing | State::Open { .. } => {
                self.state = State::Open { probe_at };
                None
            }
        }
    }

    /// A call ended without telling anything about the service.
    pub fn ended_otherwise(&mut self, now: Mono) {
        if matches!(self.state, State::Probing) {
            self.state = State::Open { probe_at: now };
        }
    }

    /// Since when the service has failed each time; `None` while that is not often enough to open it.
    #[must_use]
    pub fn open_since(&self) -> Option<Mono> {
        self.failing_since.filter(|_| self.is_open())
    }

    /// Whether it is open or probing.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        !matches!(self.state, State::Closed { .. })
    }
}
