//! The decisions about one grant, without clock, store or network.
//!
//! ```text
//! Idle ──borrow, token about to expire──▶ Refreshing ──pair──▶ Saving ──durable──▶ Idle, waiters served
//!   ▲                                        │ failed              │ not durable: tried again, nothing used
//!   └────────────────────────────────────────┘                     │
//! Refreshing ──invalid_grant──▶ the previous token, once ──invalid_grant──▶ Dead
//! ```

use super::tokens::{Access, Durable, NewPair};
use crate::model::failure::{Failure, FailureKind, Received, Remedy};
use crate::model::secret::{ExposeSecret, SecretString};
use crate::model::time::Timestamp;

/// An access token is renewed this long before it expires, so that no call starts with a token
/// that dies under way. Xero's own command line does the same.
pub const RENEW_AHEAD_MS: i64 = 60_000;
/// While renewing fails, a token is still handed out until this long before it expires.
const LAST_USE_AHEAD_MS: i64 = 5_000;
/// Xero drops a refresh token that was not used for 60 days; a grant is renewed at the latest
/// after seven.
pub const KEEP_ALIVE_MS: i64 = 7 * 24 * 60 * 60 * 1_000;
/// First delay after a failure; doubles with each.
const BACKOFF_FIRST_MS: u64 = 1_000;
/// Longest delay after a failure. Well inside the 30 minutes in which Xero takes the previous
/// refresh token again.
pub const BACKOFF_MAX_MS: u64 = 60_000;

/// Names somebody who waits for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WaiterId(pub u64);

/// Something that happened to a grant.
#[derive(Debug)]
pub enum Input {
    /// Somebody needs a token.
    Borrow(WaiterId),
    /// Xero answered 401 to this token.
    Invalidate(SecretString),
    /// The refresh ended.
    Refreshed(Result<NewPair, Failure>),
    /// The save ended; an error says why, in words.
    Saved(Result<(), String>),
    /// Time passed.
    Woken,
}

/// Something to do for a grant.
#[derive(Debug)]
pub enum Act {
    /// Ask Xero for a new pair; exactly one is under way at a time.
    Refresh(SecretString),
    /// Make this durable; exactly one is under way at a time.
    Save(Durable),
    /// Answer somebody who waits.
    Answer(WaiterId, Result<Access, Failure>),
    /// Say [`Input::Woken`] after this many milliseconds.
    WakeAfter(u64),
}

/// One grant.
#[derive(Debug)]
pub struct Grant {
    durable: Durable,
    step: Step,
    waiters: Vec<WaiterId>,
    failures_count: u32,
    /// Why the last refresh failed, and when the next may be tried.
    resting: Option<(Failure, Timestamp)>,
    /// Xero may have rotated the token without our hearing of it. Then the refresh is repeated
    /// even if nobody asks, because Xero takes the old token for 30 minutes only.
    is_outcome_unknown: bool,
    keep_alive_ms: i64,
}

#[derive(Debug)]
enum Step {
    Idle,
    Refreshing { with: Which },
    Saving { next: Durable, is_under_way: bool },
    Dead(Failure),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Current,
    Previous,
}

impl Grant {
    /// A grant as the store has it. `keep_alive_ms` is how long it may go without a refresh, at
    /// most [`KEEP_ALIVE_MS`]; the shell spreads it.
    #[must_use]
    pub fn stored(durable: Durable, keep_alive_ms: i64) -> Self {
        Self {
            durable,
            step: Step::Idle,
            waiters: Vec::new(),
            failures_count: 0,
            resting: None,
            is_outcome_unknown: false,
            keep_alive_ms: keep_alive_ms.min(KEEP_ALIVE_MS),
        }
    }

    /// A grant somebody handed us. It is stored before its token is used: the token dies at its
    /// first use, so a crash right after must not leave the only trace of the chain at Xero.
    #[must_use]
    pub fn adopted(refresh_token: SecretString, keep_alive_ms: i64) -> (Self, Vec<Act>) {
        let durable = Durable {
            current: refresh_token,
            previous: None,
            access: None,
            refreshed_at: Timestamp::default(),
        };
        let mut grant = Self::stored(durable.clone(), keep_alive_ms);
        grant.step = Step::Saving {
            next: durable.clone(),
            is_under_way: true,
        };
        (grant, vec![Act::Save(durable)])
    }

    /// Whether this refresh token belongs to the grant.
    #[must_use]
    pub fn knows(&self, refresh_token: &SecretString) -> bool {
        let pending = match &self.step {
            Step::Saving { next, .. } => Some(next),
            Step::Idle | Step::Refreshing { .. } | Step::Dead(_) => None,
        };
        [Some(&self.durable), pending]
            .into_iter()
            .flatten()
            .flat_map(|durable| [Some(&durable.current), durable.previous.as_ref()])
            .flatten()
            .any(|token| is_same(token, refresh_token))
    }

    /// Whether Xero refused every token of the grant.
    #[must_use]
    pub const fn is_dead(&self) -> bool {
        matches!(self.step, Step::Dead(_))
    }

    /// Whether a refresh is under way, or a new pair is not durable yet.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        matches!(self.step, Step::Refreshing { .. } | Step::Saving { .. })
    }

    /// Those who wait, of a grant that is dropped.
    #[must_use]
    pub fn into_waiters(self) -> Vec<WaiterId> {
        self.waiters
    }

    /// Takes what happened and tells what to do.
    pub fn handle(&mut self, now: Timestamp, input: Input) -> Vec<Act> {
        match input {
            Input::Borrow(waiter) => self.borrowed(now, waiter),
            Input::Invalidate(token) => {
                self.invalidated(&token);
                Vec::new()
            }
            Input::Refreshed(Ok(pair)) => self.rotated(now, pair),
            Input::Refreshed(Err(failure)) => self.refused(now, failure),
            Input::Saved(Ok(())) => self.saved(now),
            Input::Saved(Err(_why)) => self.not_saved(now),
            Input::Woken => self.woken(now),
        }
    }

    fn borrowed(&mut self, now: Timestamp, waiter: WaiterId) -> Vec<Act> {
        if let Step::Dead(failure) = &self.step {
            return vec![Act::Answer(waiter, Err(failure.clone()))];
        }
        if let Some(access) = self.access_with(now, self.renew_ahead_ms()) {
            return vec![Act::Answer(waiter, Ok(access))];
        }
        self.waiters.push(waiter);
        match &self.step {
            Step::Refreshing { .. } | Step::Saving { is_under_way: true, .. } => Vec::new(),
            Step::Saving {
                is_under_way: false, ..
            } => self.answer_all(now, Err(not_saved())),
            Step::Idle | Step::Dead(_) => match self.resting_failure(now) {
                Some(failure) => self.answer_all(now, Err(failure)),
                None => vec![self.refresh(Which::Current)],
            },
        }
    }

    /// Only the token that is still current: a late 401 to an older one says nothing.
    fn invalidated(&mut self, token: &SecretString) {
        let is_current = |access: &Access| is_same(&access.token, token);
        if self.durable.access.as_ref().is_some_and(is_current) {
            self.durable.access = None;
        }
    }

    /// Nothing of the new pair is used before it is durable.
    fn rotated(&mut self, now: Timestamp, pair: NewPair) -> Vec<Act> {
        let used = match self.step {
            Step::Refreshing { with: Which::Previous } => self.durable.previous.clone(),
            Step::Refreshing { with: Which::Current } => Some(self.durable.current.clone()),
            // An answer nobody asked for cannot come from the shell.
            Step::Idle | Step::Saving { .. } | Step::Dead(_) => return Vec::new(),
        };
        let lives_ms = i64::try_from(pair.expires_in_s.saturating_mul(1_000)).unwrap_or(i64::MAX);
        let next = Durable {
            current: pair.refresh,
            previous: used,
            access: Some(Access {
                token: pair.access,
                expires_at: now.plus_ms(lives_ms),
            }),
            refreshed_at: now,
        };
        self.failures_count = 0;
        self.resting = None;
        self.is_outcome_unknown = false;
        self.step = Step::Saving {
            next: next.clone(),
            is_under_way: true,
        };
        vec![Act::Save(next)]
    }

    fn refused(&mut self, now: Timestamp, failure: Failure) -> Vec<Act> {
        let Step::Refreshing { with } = self.step else {
            return Vec::new();
        };
        if failure.kind == FailureKind::GrantRejected {
            if with == Which::Current && self.durable.previous.is_some() {
                return vec![self.refresh(Which::Previous)];
            }
            self.step = Step::Dead(failure.clone());
            self.durable.access = None;
            return self.answer_all(now, Err(failure));
        }
        let wait_ms = match failure.remedy {
            Remedy::WaitForLimit {
                retry_after_ms: Some(wait_ms),
                ..
            } => wait_ms.min(BACKOFF_MAX_MS),
            _ => self.next_backoff_ms(),
        };
        self.step = Step::Idle;
        self.resting = Some((failure.clone(), now.plus_ms(as_span(wait_ms))));
        let may_have_rotated = matches!(failure.received, Received::Unknown | Received::UnknownAnswered);
        self.is_outcome_unknown |= may_have_rotated;
        let mut acts = self.answer_all(now, Err(failure));
        if self.is_outcome_unknown {
            acts.push(Act::WakeAfter(wait_ms));
        }
        acts
    }

    fn saved(&mut self, now: Timestamp) -> Vec<Act> {
        let step = std::mem::replace(&mut self.step, Step::Idle);
        let Step::Saving { next, .. } = step else {
            self.step = step;
            return Vec::new();
        };
        self.durable = next;
        self.failures_count = 0;
        match self.durable.access.clone() {
            Some(access) => self.answer_all(now, Ok(access)),
            // Just adopted.
            None if self.waiters.is_empty() => Vec::new(),
            None => vec![self.refresh(Which::Current)],
        }
    }

    /// The pair is kept and saved again until that works: Xero has forgotten the older one but
    /// for its grace of 30 minutes.
    fn not_saved(&mut self, now: Timestamp) -> Vec<Act> {
        let Step::Saving { is_under_way, .. } = &mut self.step else {
            return Vec::new();
        };
        *is_under_way = false;
        let mut acts = vec![Act::WakeAfter(self.next_backoff_ms())];
        acts.extend(self.answer_all(now, Err(not_saved())));
        acts
    }

    fn woken(&mut self, now: Timestamp) -> Vec<Act> {
        let is_due = self.is_outcome_unknown || self.is_idle_too_long(now);
        match &mut self.step {
            Step::Saving { next, is_under_way } if !*is_under_way => {
                *is_under_way = true;
                vec![Act::Save(next.clone())]
            }
            Step::Idle if is_due => vec![self.refresh(Which::Current)],
            Step::Idle | Step::Refreshing { .. } | Step::Saving { .. } | Step::Dead(_) => Vec::new(),
        }
    }

    fn is_idle_too_long(&self, now: Timestamp) -> bool {
        now.since_ms(self.durable.refreshed_at) >= self.keep_alive_ms && self.resting_failure(now).is_none()
    }

    fn refresh(&mut self, with: Which) -> Act {
        let token = match (with, &self.durable.previous) {
            (Which::Previous, Some(previous)) => previous.clone(),
            (Which::Previous, None) | (Which::Current, _) => self.durable.current.clone(),
        };
        self.step = Step::Refreshing { with };
        Act::Refresh(token)
    }

    /// A failure is only passed on to those whom the token in hand does not help either.
    fn answer_all(&mut self, now: Timestamp, result: Result<Access, Failure>) -> Vec<Act> {
        let result = match self.access_with(now, LAST_USE_AHEAD_MS) {
            Some(access) if result.is_err() => Ok(access),
            _ => result,
        };
        let answer = |waiter| Act::Answer(waiter, result.clone());
        self.waiters.drain(..).map(answer).collect()
    }

    /// The durable access token, if it lives longer than `ahead_ms` from now.
    fn access_with(&self, now: Timestamp, ahead_ms: i64) -> Option<Access> {
        let lives = |access: &&Access| access.expires_at.since_ms(now) > ahead_ms;
        self.durable.access.as_ref().filter(lives).cloned()
    }

    /// A minute, but no more than half of a token's life.
    fn renew_ahead_ms(&self) -> i64 {
        let access = self.durable.access.as_ref();
        let lives_ms = access.map_or(0, |access| access.expires_at.since_ms(self.durable.refreshed_at));
        RENEW_AHEAD_MS.min(lives_ms / 2)
    }

    /// A moment further ahead than the longest delay means that the clock was set back.
    fn resting_failure(&self, now: Timestamp) -> Option<Failure> {
        let (failure, until) = self.resting.as_ref()?;
        let left_ms = until.since_ms(now);
        (left_ms > 0 && left_ms <= as_span(BACKOFF_MAX_MS)).then(|| failure.clone())
    }

    fn next_backoff_ms(&mut self) -> u64 {
        let doublings = self.failures_count.min(10);
        self.failures_count = self.failures_count.saturating_add(1);
        BACKOFF_FIRST_MS.saturating_mul(1 << doublings).min(BACKOFF_MAX_MS)
    }
}

fn not_saved() -> Failure {
    Failure {
        kind: FailureKind::Unavailable,
        remedy: Remedy::RetryWithBackoff,
        received: Received::No,
        status: None,
        message: "the renewed token could not be stored and is not used before it is".to_owned(),
        validation: Vec::new(),
    }
}

fn is_same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() == other.expose_secret()
}

fn as_span(span_ms: u64) -> i64 {
    i64::try_from(span_ms).unwrap_or(i64::MAX)
}
