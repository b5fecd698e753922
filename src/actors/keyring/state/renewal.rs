//! From a token that ends to the next one.

use super::{
    Act, BACKOFF_FIRST_MS, BACKOFF_MAX_MS, Grant, Input, REFUSED_PAUSES_MS, STRAY_MAX_MS, Step, Which, backoff_ms,
};
use crate::actors::keyring::tokens::{Access, Durable, NewPair};
use crate::model::failure::{Failure, FailureKind, Received, Remedy};
use crate::model::mutation::{Rule, is_broken};
use crate::model::secret::SecretString;
use crate::model::time::{Mono, Now};

impl Input {
    /// Joins with what another grant holds. `None` when that has no token for calls.
    #[must_use]
    pub fn joined(now: Now, held: &Durable) -> Option<Self> {
        let access = held.access.as_ref()?;
        let lives_ms = u64::try_from(access.expires_at.since_ms(now.wall)).unwrap_or(0);
        Some(Self::Joined {
            pair: NewPair {
                access: access.token.clone(),
                refresh: held.current.clone(),
                expires_in_s: lives_ms / 1_000,
                user: held.user.clone(),
            },
            given: held.given.clone(),
        })
    }
}

impl Grant {
    /// The first step of every refresh. While the store takes nothing, nothing is asked for either:
    /// a pair that cannot be stored is worse than none.
    pub(super) fn mark(&mut self) -> Act {
        if self.durable.access.is_some() {
            // It came to its end, or nearly.
            self.rejections_count = 0;
        }
        self.step = Step::Marking;
        Act::Save(Durable {
            is_unsure: true,
            ..self.durable.clone()
        })
    }

    fn refresh(&mut self, now: Now, with: Which) -> Act {
        let token = match (with, &self.durable.previous) {
            (Which::Previous, Some(previous)) => previous.clone(),
            (Which::Previous, None) | (Which::Current, _) => self.durable.current.clone(),
        };
        let left_at = now.mono;
        self.step = Step::Refreshing { with, left_at };
        Act::Refresh(token)
    }

    /// Nothing of the new pair is used before it is durable.
    pub(super) fn rotated(&mut self, now: Now, pair: NewPair) -> Vec<Act> {
        let used = match self.step {
            Step::Refreshing {
                with: Which::Previous, ..
            } => self.durable.previous.clone(),
            Step::Refreshing {
                with: Which::Current, ..
            } => Some(self.durable.current.clone()),
            // An answer nobody asked for cannot come from the shell.
            _ => return Vec::new(),
        };
        let next = self.succeeded_by(now, pair, used.filter(|_| !is_broken(Rule::PreviousKept)));
        self.step = Step::Saving {
            next: next.clone(),
            is_under_way: true,
        };
        let mut acts = Vec::new();
        if let Some(access) = &next.access
            && is_broken(Rule::SavedBeforeUse)
        {
            acts.extend(self.answer_all(now, &Ok(access.clone())));
        }
        acts.push(Act::Save(next));
        acts
    }

    /// What is to be stored of a new pair, which ends all that went wrong before.
    fn succeeded_by(&mut self, now: Now, pair: NewPair, previous: Option<SecretString>) -> Durable {
        self.stray = self.stray.filter(|left_at| stray_left_ms(now, *left_at) > 0);
        let lives_ms = i64::try_from(pair.expires_in_s.saturating_mul(1_000)).unwrap_or(i64::MAX);
        (self.failures_count, self.refusals_count) = (0, 0);
        self.resting = None;
        Durable {
            current: pair.refresh,
            previous,
            access: Some(Access {
                token: pair.access,
                expires_at: now.wall.plus_ms(lives_ms),
            }),
            given: self.durable.given.clone(),
            refreshed_at: now.wall,
            user: pair.user.or_else(|| self.durable.user.clone()),
            is_unsure: self.stray.is_some(),
        }
    }

    /// The pair of a new consent is stored when nothing else of the grant is under way. The token in
    /// hand is kept as the previous one: it is not known which of the two Xero made last.
    pub(super) fn take_consented(&mut self, now: Now) -> Vec<Act> {
        if !matches!(self.step, Step::Idle | Step::Refused | Step::Dead(_)) {
            return Vec::new();
        }
        let Some(pair) = self.consented.take() else {
            return Vec::new();
        };
        let held = Some(self.durable.current.clone()).filter(|_| self.durable.has_worked());
        let mut next = self.succeeded_by(now, pair, held);
        // A repeated import is known by the last token that was handed over.
        next.given = self.joined.take().or(next.given);
        self.keeps_consent = true;
        self.step = Step::Saving {
            next: next.clone(),
            is_under_way: true,
        };
        vec![Act::Save(next)]
    }

    /// A code was redeemed, perhaps this user's, and its answer was lost. Xero takes the token in hand
    /// for 30 minutes more, so it is used at once.
    pub(super) fn doubted(&mut self, now: Now) -> Vec<Act> {
        if matches!(self.step, Step::Dead(_)) {
            return Vec::new();
        }
        (self.stray, self.repeat_at) = (Some(now.mono), Some(now.mono));
        vec![self.wake_after(now, 0)]
    }

    /// Tells whoever waits for the pair of a new consent, once.
    fn tell_kept(&mut self, is_kept: bool) -> Option<Act> {
        std::mem::take(&mut self.keeps_consent).then_some(Act::Kept(is_kept))
    }

    pub(super) fn not_rotated(&mut self, now: Now, failure: Failure) -> Vec<Act> {
        let Step::Refreshing { with, left_at } = self.step else {
            return Vec::new();
        };
        if failure.kind == FailureKind::GrantRejected {
            if with == Which::Current && self.durable.previous.is_some() && !is_broken(Rule::PreviousTried) {
                return vec![self.refresh(now, Which::Previous)];
            }
            return self.refused(now, failure);
        }
        match failure.received {
            Received::Unknown if is_broken(Rule::UnheardAskedAgain) => {}
            Received::Unknown if is_broken(Rule::StrayRenewed) => self.repeat_at = Some(now.mono),
            Received::Unknown => (self.stray, self.repeat_at) = (Some(left_at), Some(now.mono)),
            Received::UnknownAnswered => self.repeat_at = Some(now.mono),
            Received::No | Received::RefusedWhole => {}
        }
        self.put_off(now, failure)
    }

    /// Xero refused every token of the grant. One such answer may be a mistake of Xero's, and
    /// nobody can take back that a customer was asked to reconnect.
    fn refused(&mut self, now: Now, failure: Failure) -> Vec<Act> {
        let pause_ms = REFUSED_PAUSES_MS.get(self.refusals_count).copied();
        self.refusals_count = self.refusals_count.saturating_add(1);
        match pause_ms {
            Some(pause_ms) if self.durable.has_worked() && !is_broken(Rule::RefusalAskedAgain) => {
                self.step = Step::Refused;
                let mut acts = self.serve_from_hand(now);
                acts.push(self.wake_after(now, pause_ms));
                acts
            }
            _ => {
                self.step = Step::Dead(failure.clone());
                self.durable.access = None;
                self.answer_all(now, &Err(failure))
            }
        }
    }

    /// It failed, and is tried again when somebody asks, or by itself when Xero may have rotated.
    fn put_off(&mut self, now: Now, failure: Failure) -> Vec<Act> {
        let wait_ms = match failure.remedy {
            Remedy::WaitForLimit {
                retry_after_ms: Some(wait_ms),
                ..
            } => wait_ms.min(BACKOFF_MAX_MS),
            _ => self.next_backoff_ms(),
        };
        self.step = Step::Idle;
        self.resting = Some((failure.clone(), now.mono.plus_ms(wait_ms)));
        let mut acts = self.answer_all(now, &Err(failure));
        if self.repeat_at.is_some() {
            self.repeat_at = Some(now.mono.plus_ms(wait_ms));
            acts.push(self.wake_after(now, wait_ms));
        }
        acts
    }

    pub(super) fn saved(&mut self, now: Now) -> Vec<Act> {
        let next = match std::mem::replace(&mut self.step, Step::Idle) {
            Step::Marking => {
                self.durable.is_unsure = true;
                return vec![self.refresh(now, Which::Current)];
            }
            Step::Saving { next, .. } => next,
            other => {
                self.step = other;
                return Vec::new();
            }
        };
        self.durable = next;
        self.failures_count = 0;
        let Some(access) = self.durable.access.clone() else {
            // Just adopted.
            return if self.waiters.is_empty() {
                Vec::new()
            } else {
                vec![self.mark()]
            };
        };
        self.got_at = Some(now.mono);
        let mut acts = self.answer_all(now, &Ok(access));
        acts.extend(self.tell_kept(true));
        let left_ms = self.stray.map(|left_at| stray_left_ms(now, left_at));
        self.repeat_at = left_ms.map(|left_ms| now.mono.plus_ms(left_ms));
        acts.extend(left_ms.map(|left_ms| self.wake_after(now, left_ms)));
        acts
    }

    /// A pair is kept and saved again until that works: Xero has forgotten the older one but for
    /// its grace of 30 minutes.
    pub(super) fn not_saved(&mut self, now: Now) -> Vec<Act> {
        match &mut self.step {
            Step::Marking if is_broken(Rule::MarkedFirst) => vec![self.refresh(now, Which::Current)],
            Step::Marking => self.put_off(now, not_stored()),
            Step::Saving { .. } if is_broken(Rule::PairSavedAgain) => self.put_off(now, not_stored()),
            Step::Saving { is_under_way, .. } => {
                *is_under_way = false;
                let wait_ms = self.next_backoff_ms();
                let mut acts = vec![self.wake_after(now, wait_ms)];
                acts.extend(self.answer_all(now, &Err(not_stored())));
                acts.extend(self.tell_kept(false));
                acts
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn woken(&mut self, now: Now) -> Vec<Act> {
        let early_ms = self.wake_at.map_or(0, |at| at.since_ms(now.mono));
        let is_awaited = self.wake_at.is_some() && early_ms == 0;
        if is_awaited {
            self.wake_at = None;
        }
        let is_due = self.is_due(now);
        match &mut self.step {
            Step::Saving { next, is_under_way } if is_awaited && !*is_under_way => {
                *is_under_way = true;
                vec![Act::Save(next.clone())]
            }
            Step::Refused if is_awaited => vec![self.mark()],
            Step::Idle if is_due => vec![self.mark()],
            // It rests meanwhile for another reason.
            Step::Idle if is_awaited && self.repeat_at.is_some() => vec![self.wake_after(now, BACKOFF_FIRST_MS)],
            _ if early_ms > 0 => vec![Act::WakeAfter(early_ms)],
            _ => Vec::new(),
        }
    }

    /// Whether a refresh is to be asked for without anybody waiting: Xero may have rotated unheard,
    /// or the grant was not used for long. A last refresh in the future means that the clock was
    /// set back, and tells nothing.
    fn is_due(&self, now: Now) -> bool {
        let idle_ms = now.wall.since_ms(self.durable.refreshed_at);
        let is_idle_too_long = (idle_ms >= self.keep_alive_ms || idle_ms < 0) && !is_broken(Rule::KeptAlive);
        let is_unsure = self.repeat_at.is_some_and(|at| at <= now.mono);
        (is_unsure || is_idle_too_long) && self.resting_failure(now).is_none()
    }

    fn wake_after(&mut self, now: Now, delay_ms: u64) -> Act {
        self.wake_at = Some(now.mono.plus_ms(delay_ms));
        Act::WakeAfter(delay_ms)
    }

    fn next_backoff_ms(&mut self) -> u64 {
        let doublings = self.failures_count;
        self.failures_count = self.failures_count.saturating_add(1);
        backoff_ms(doublings)
    }
}

/// How long a request that left then may still be on its way.
fn stray_left_ms(now: Now, left_at: Mono) -> u64 {
    STRAY_MAX_MS.saturating_sub(now.mono.since_ms(left_at))
}

pub(super) fn not_stored() -> Failure {
    unavailable("the store takes nothing, and no token is asked for or used that cannot be stored")
}

pub(super) fn unavailable(message: &str) -> Failure {
    Failure {
        kind: FailureKind::Unavailable,
        remedy: Remedy::RetryWithBackoff,
        received: Received::No,
        status: None,
        message: message.to_owned(),
        validation: Vec::new(),
    }
}
