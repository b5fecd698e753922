//! The decisions about one grant, without clock, store or network.
//!
//! ```text
//!                         durable                        pair            durable
//! Idle ──token ends──▶ Marking ──▶ Refreshing (current) ──▶ Saving ───────────▶ Idle, waiters served
//!  ▲                      │            │           │          │ not durable: tried again, nothing used
//!  └──────── failed ──────┴────────────┘      invalid_grant
//!                                                  ▼
//!             Refused, a pause ◀──invalid_grant── Refreshing (previous)
//!                │   └──────────────▶ Marking, the next round
//!                └──third round──▶ Dead
//! ```
//!
//! Xero rotates the refresh token at each use and takes the one before it for 30 minutes more. So
//! that no crash and no lost answer lets these pass unnoticed, it is durable that a refresh is
//! asked for before it is, and whatever ended unheard is asked for again without anybody waiting.

mod renewal;

use super::tokens::{Access, Durable, NewPair};
use crate::model::failure::Failure;
use crate::model::mutation::{Rule, is_broken};
use crate::model::secret::{ExposeSecret, SecretString};
use crate::model::time::{Mono, Now, Timestamp};
use crate::xero::consent::user_of;

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
/// A request whose answer nobody waits for any more may still arrive at Xero, and rotate, for so
/// long after it was sent: no proxy holds one longer. After that a refresh tells which pair counts.
pub const STRAY_MAX_MS: u64 = 5 * 60_000;
/// Pauses between the rounds in which a refused grant is asked for again. A grant is dead when Xero
/// has refused all its tokens once more than there are pauses; together they are shorter than a
/// call waits for its token.
pub const REFUSED_PAUSES_MS: [u64; 2] = [2_000, 6_000];
/// A token that is rejected sooner after it was made is no token that has expired.
const YOUNG_MS: u64 = 5 * 60_000;

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
    /// The user consented anew, and Xero's chain goes on with this pair.
    Consented(NewPair),
    /// Somebody handed over a token of the user, and Xero's chain goes on with what came of it.
    Joined {
        /// The pair.
        pair: NewPair,
        /// The token that was handed over.
        given: Option<SecretString>,
    },
    /// Perhaps the user consented anew, and nobody got the pair.
    Doubted,
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
    /// The pair of a new consent is durable, or could not be stored and is still being tried.
    Kept(bool),
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
    /// Rounds in a row in which Xero refused every token of the grant.
    refusals_count: usize,
    /// Young tokens in a row that Xero rejected.
    rejections_count: u32,
    /// When the access token in hand was got, if in this process.
    got_at: Option<Mono>,
    /// Why the last refresh failed, and when the next may be tried.
    resting: Option<(Failure, Mono)>,
    /// When a refresh is due even if nobody asks, because Xero may have rotated unheard.
    repeat_at: Option<Mono>,
    /// When the last request left that was given up, and may still be on its way to Xero.
    stray: Option<Mono>,
    /// The moment it waits for; other wakes are not its own.
    wake_at: Option<Mono>,
    keep_alive_ms: i64,
    /// The pair of a new consent, until nothing else of the grant is under way.
    consented: Option<NewPair>,
    /// The token that somebody handed over for it.
    joined: Option<SecretString>,
    /// Whether what is being saved is the pair of a new consent.
    keeps_consent: bool,
}

#[derive(Debug)]
enum Step {
    Idle,
    /// It is being made durable that a refresh is asked for.
    Marking,
    Refreshing {
        with: Which,
        left_at: Mono,
    },
    Saving {
        next: Durable,
        is_under_way: bool,
    },
    /// Xero refused every token; it is asked once more after a pause.
    Refused,
    Dead(Failure),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Current,
    Previous,
}

impl Grant {
    /// A grant as the store has it; it wants to be woken at once. `keep_alive_ms` is how long it
    /// may go without a refresh, at most [`KEEP_ALIVE_MS`]; the shell spreads it.
    #[must_use]
    pub fn stored(now: Now, durable: Durable, keep_alive_ms: i64) -> Self {
        // The process before this one may have asked in its last moment.
        let is_unsure = durable.is_unsure && !is_broken(Rule::UnheardAtStart);
        let unsure_since = is_unsure.then_some(now.mono);
        Self {
            durable,
            step: Step::Idle,
            waiters: Vec::new(),
            failures_count: 0,
            refusals_count: 0,
            rejections_count: 0,
            got_at: None,
            resting: None,
            repeat_at: unsure_since,
            stray: unsure_since,
            wake_at: unsure_since,
            keep_alive_ms: keep_alive_ms.min(KEEP_ALIVE_MS),
            consented: None,
            joined: None,
            keeps_consent: false,
        }
    }

    /// A grant of a user nobody consented for before: it begins with a whole pair.
    #[must_use]
    pub fn consented(now: Now, pair: NewPair, keep_alive_ms: i64) -> (Self, Vec<Act>) {
        let mut grant = Self::stored(now, Durable::redeeming(), keep_alive_ms);
        (grant.repeat_at, grant.stray, grant.wake_at) = (None, None, None);
        let acts = grant.handle(now, Input::Consented(pair));
        (grant, acts)
    }

    /// Whose consent it is, where Xero said so.
    #[must_use]
    pub fn user(&self) -> Option<String> {
        let said = self.durable.user.clone();
        said.or_else(|| user_of(self.durable.access.as_ref()?.token.expose_secret()))
    }

    /// Whether somebody handed over the token it began with; else a consent was given here.
    #[must_use]
    pub const fn was_handed_over(&self) -> bool {
        self.durable.given.is_some()
    }

    /// Its refresh token, to end it with.
    #[must_use]
    pub fn refresh_token(&self) -> SecretString {
        self.durable.current.clone()
    }

    /// What is stored of it.
    #[must_use]
    pub const fn held(&self) -> &Durable {
        &self.durable
    }

    /// A grant somebody handed us. It is stored before its token is used: the token dies at its
    /// first use, so a crash right after must not leave the only trace of the chain at Xero.
    #[must_use]
    pub fn adopted(now: Now, refresh_token: SecretString, keep_alive_ms: i64) -> (Self, Vec<Act>) {
        let durable = Durable {
            current: refresh_token.clone(),
            previous: None,
            given: Some(refresh_token),
            access: None,
            refreshed_at: Timestamp::default(),
            user: None,
            is_unsure: false,
        };
        let mut grant = Self::stored(now, durable.clone(), keep_alive_ms);
        grant.step = Step::Saving {
            next: durable.clone(),
            is_under_way: true,
        };
        (grant, vec![Act::Save(durable)])
    }

    /// Whether this refresh token belongs to the grant. The one it began with does for ever, so
    /// that an import that failed half way can be repeated whenever somebody gets to it.
    #[must_use]
    pub fn knows(&self, refresh_token: &SecretString) -> bool {
        let pending = match &self.step {
            Step::Saving { next, .. } => Some(next),
            _ => None,
        };
        [Some(&self.durable), pending]
            .into_iter()
            .flatten()
            .flat_map(|held| [Some(&held.current), held.previous.as_ref(), held.given.as_ref()])
            .flatten()
            .chain(&self.joined)
            .any(|token| is_same(token, refresh_token))
    }

    /// Whether Xero refused every token of the grant.
    #[must_use]
    pub const fn is_dead(&self) -> bool {
        matches!(self.step, Step::Dead(_))
    }

    /// Whether it ever gave a token. One that did not is nobody's.
    #[must_use]
    pub fn has_worked(&self) -> bool {
        self.durable.has_worked()
    }

    /// Whether a refresh is under way, or a new pair is not durable yet.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        matches!(self.step, Step::Marking | Step::Refreshing { .. } | Step::Saving { .. })
    }

    /// Those who wait, of a grant that is dropped.
    #[must_use]
    pub fn into_waiters(self) -> Vec<WaiterId> {
        self.waiters
    }

    /// Takes what happened and tells what to do.
    pub fn handle(&mut self, now: Now, input: Input) -> Vec<Act> {
        let mut acts = match input {
            Input::Borrow(waiter) => self.borrowed(now, waiter),
            Input::Invalidate(token) => {
                self.invalidated(now, &token);
                Vec::new()
            }
            Input::Refreshed(Ok(pair)) => self.rotated(now, pair),
            Input::Refreshed(Err(failure)) => self.not_rotated(now, failure),
            Input::Saved(Ok(())) => self.saved(now),
            Input::Saved(Err(_why)) => self.not_saved(now),
            Input::Consented(pair) => {
                self.consented = Some(pair);
                Vec::new()
            }
            Input::Joined { pair, given } => {
                (self.consented, self.joined) = (Some(pair), given);
                Vec::new()
            }
            Input::Doubted => self.doubted(now),
            Input::Woken => self.woken(now),
        };
        acts.extend(self.take_consented(now));
        acts
    }

    fn borrowed(&mut self, now: Now, waiter: WaiterId) -> Vec<Act> {
        if let Step::Dead(failure) = &self.step {
            return vec![Act::Answer(waiter, Err(failure.clone()))];
        }
        if let Some(access) = self.access_with(now, self.renew_ahead_ms()) {
            return vec![Act::Answer(waiter, Ok(access))];
        }
        self.waiters.push(waiter);
        match &self.step {
            Step::Saving {
                is_under_way: false, ..
            } => self.answer_all(now, &Err(renewal::not_stored())),
            Step::Refreshing { .. } if is_broken(Rule::OneRefresh) => vec![Act::Refresh(self.durable.current.clone())],
            Step::Marking | Step::Refreshing { .. } | Step::Saving { .. } => Vec::new(),
            Step::Refused => self.serve_from_hand(now),
            Step::Idle | Step::Dead(_) => match self.resting_failure(now) {
                Some(failure) => self.answer_all(now, &Err(failure)),
                None => vec![self.mark()],
            },
        }
    }

    /// Only the token that is still current: a late 401 to an older one says nothing. When tokens
    /// are rejected that have just been made, the next ones are asked for ever more slowly.
    fn invalidated(&mut self, now: Now, token: &SecretString) {
        let is_current = |access: &mut Access| is_same(&access.token, token) || is_broken(Rule::LateRejection);
        if self.durable.access.take_if(is_current).is_none() {
            return;
        }
        let is_young = self.got_at.is_some_and(|at| now.mono.since_ms(at) < YOUNG_MS);
        self.rejections_count = if is_young {
            self.rejections_count.saturating_add(1)
        } else {
            0
        };
        if let Some(doublings) = self.rejections_count.checked_sub(2) {
            self.resting = Some((rejected_again(), now.mono.plus_ms(backoff_ms(doublings))));
        }
    }

    /// A failure is only passed on to those whom the token in hand does not help either.
    fn answer_all(&mut self, now: Now, result: &Result<Access, Failure>) -> Vec<Act> {
        let mut acts = match result {
            Ok(_) => Vec::new(),
            Err(_) => self.serve_from_hand(now),
        };
        if result.is_err() && is_broken(Rule::WaitersTold) {
            return acts;
        }
        let answer = |waiter| Act::Answer(waiter, result.clone());
        acts.extend(self.waiters.drain(..).map(answer));
        acts
    }

    /// Those who wait get the old token as long as it lives.
    fn serve_from_hand(&mut self, now: Now) -> Vec<Act> {
        let Some(access) = self.access_with(now, LAST_USE_AHEAD_MS) else {
            return Vec::new();
        };
        let answer = |waiter| Act::Answer(waiter, Ok(access.clone()));
        self.waiters.drain(..).map(answer).collect()
    }

    /// The durable access token, if it lives longer than `ahead_ms` from now.
    fn access_with(&self, now: Now, ahead_ms: i64) -> Option<Access> {
        let lives = |access: &&Access| access.expires_at.since_ms(now.wall) > ahead_ms;
        self.durable.access.as_ref().filter(lives).cloned()
    }

    /// A minute, but no more than half of a token's life.
    fn renew_ahead_ms(&self) -> i64 {
        let access = self.durable.access.as_ref();
        let lives_ms = access.map_or(0, |access| access.expires_at.since_ms(self.durable.refreshed_at));
        RENEW_AHEAD_MS.min(lives_ms / 2)
    }

    fn resting_failure(&self, now: Now) -> Option<Failure> {
        let (failure, until) = self.resting.as_ref()?;
        (*until > now.mono).then(|| failure.clone())
    }
}

fn backoff_ms(doublings: u32) -> u64 {
    let doublings = if is_broken(Rule::BackoffGrows) { 0 } else { doublings };
    BACKOFF_FIRST_MS
        .saturating_mul(1 << doublings.min(10))
        .min(BACKOFF_MAX_MS)
}

fn rejected_again() -> Failure {
    renewal::unavailable("xero rejects access tokens that it has just handed out")
}

/// Whether two tokens are one.
pub fn is_same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() == other.expose_secret()
}
