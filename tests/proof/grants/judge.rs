//! What must be true of a grant, judged by what Xero answered and by the rows that are durable.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil::actors::keyring::state::{KEEP_ALIVE_MS, RENEW_AHEAD_MS};
use counterfoil::actors::keyring::tokens::Durable;
use counterfoil::model::secret::{ExposeSecret, SecretString};
use counterfoil::model::time::Timestamp;

/// Xero takes the refresh token before the last one for so long after it was replaced.
const GRACE_MS: u64 = 30 * 60_000;
/// An access token lives so long.
const LIFE_MS: u64 = 30 * 60_000;
const DAY_MS: i64 = 86_400_000;
/// So much time without any fault is enough to find a way back to a pair that Xero takes, while it
/// takes one of ours at all.
const MENDED_WITHIN_MS: u64 = 7 * 60_000;
/// So soon after one organisation all of a grant know that it is dead.
const TOLD_WITHIN_MS: u64 = 2_000;
/// Requests to the token endpoint in a minute, and in an hour, that need no excuse: tries after 1,
/// 2, 4 … 60 s, each perhaps with both tokens.
const MINUTE_MAX: usize = 12;
const HOUR_MAX: usize = 130;

/// The end of Xero's chain.
#[derive(Debug, Clone, Default)]
struct Chain {
    current: String,
    /// With the moment it was replaced.
    previous: Option<(String, u64)>,
}

/// Xero is further than the store.
#[derive(Debug, Clone, Copy)]
struct Risk {
    since: u64,
    /// Xero takes one of ours until then.
    until: u64,
    /// The store was set back: nobody can know of it before the token in it has expired.
    noticed: u64,
}

/// Why a consent ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// A person did it.
    Revoked,
    /// Xero refused for so long that it had to be believed.
    RefusedLong,
    /// Xero took no token any more, and there was no time to prevent it.
    Lost,
}

/// What calls for another pair, as the daemon can know it.
#[derive(Debug, Clone, Copy)]
struct Held {
    expires_at: Timestamp,
    made_at: Timestamp,
    is_unsure: bool,
    is_rejected: bool,
}

impl Held {
    fn needs_another(self, wall: Timestamp) -> bool {
        let age_ms = wall.since_ms(self.made_at);
        let is_ending = self.expires_at.since_ms(wall) <= RENEW_AHEAD_MS;
        let is_old = !(0..KEEP_ALIVE_MS - DAY_MS).contains(&age_ms);
        is_ending || is_old || self.is_unsure || self.is_rejected
    }
}

#[derive(Debug, Default)]
pub struct Judge {
    pair: Option<Held>,
    xero: Chain,
    /// The refresh token in the store.
    held: Option<String>,
    /// All that were there before it.
    ever_held: BTreeSet<String>,
    newest: String,
    /// When Xero ends each access token.
    expiries: BTreeMap<String, u64>,
    committed: BTreeSet<String>,
    pub secrets: BTreeSet<String>,
    risk: Option<Risk>,
    /// Xero takes none of ours any more, and nobody is to blame.
    pub lost: bool,
    pub revoked: bool,
    /// Until when Xero refuses for longer than anybody can take for a passing fault; `None` once a
    /// pair was made after that.
    pub refused_until: Option<u64>,
    /// Since when some know of a dead grant, and others may not.
    partly_told: Option<u64>,
    losses: Vec<Risk>,
    troubles: Vec<(u64, u64)>,
    asked: Vec<u64>,
    excuses: Vec<u64>,
    in_flight: u32,
    pub violations: Vec<String>,
}

impl Judge {
    pub fn new(first: &str) -> Self {
        let mut judge = Self::default();
        judge.consented(first);
        judge
    }

    /// A new chain begins with a person's consent.
    pub fn consented(&mut self, first: &str) {
        self.xero = Chain {
            current: first.to_owned(),
            previous: None,
        };
        self.secrets.insert(first.to_owned());
        (self.held, self.risk, self.pair) = (None, None, None);
        (self.lost, self.revoked, self.refused_until) = (false, false, None);
    }

    /// An invariant is broken, by its number in `docs/INVARIANTS.md`.
    pub fn fail(&mut self, number: u32, words: impl AsRef<str>) {
        self.violations.push(format!("{number}: {}", words.as_ref()));
    }

    // What Xero did.

    pub fn rotated(&mut self, at: u64, used: &str, access: &str, new: &str) {
        if used == self.xero.current {
            self.xero.previous = Some((used.to_owned(), at));
        }
        new.clone_into(&mut self.xero.current);
        self.expiries.insert(access.to_owned(), at + LIFE_MS);
        self.secrets.extend([access.to_owned(), new.to_owned()]);
        self.assess(at);
    }

    // What the daemon did.

    pub fn refresh_begins(&mut self, at: u64, wall: Timestamp, is_marked: bool) {
        self.in_flight += 1;
        self.asked.push(at);
        if !is_marked {
            self.fail(24, "a refresh is asked for before that is committed");
        }
        if !self.pair.is_none_or(|pair| pair.needs_another(wall)) {
            self.fail(53, "a refresh that nothing calls for");
        }
        if self.in_flight > 1 {
            self.fail(24, "two refreshes of one grant are under way at once");
        }
    }

    /// With whether Xero may have rotated without our hearing of it.
    pub fn refresh_ended(&mut self, is_unheard: bool) {
        self.in_flight -= 1;
        if let Some(pair) = &mut self.pair {
            pair.is_unsure |= is_unheard;
        }
    }

    /// Whatever was under way is not heard of any more.
    pub fn process_ended(&mut self, was_marked: bool) {
        (self.in_flight, self.partly_told) = (0, None);
        if let Some(pair) = &mut self.pair {
            pair.is_unsure |= was_marked;
        }
    }

    /// Xero answered 401 to an access token.
    pub fn rejected(&mut self, token: &SecretString) {
        if self.is_newest(token)
            && let Some(pair) = &mut self.pair
        {
            pair.is_rejected = true;
        }
    }

    /// A new pair is durable.
    pub fn paired(&mut self, at: u64, durable: &Durable) {
        self.refused_until = self.refused_until.filter(|until| at < *until);
        self.pair = durable.access.as_ref().map(|access| Held {
            expires_at: access.expires_at,
            made_at: durable.refreshed_at,
            is_unsure: durable.is_unsure,
            is_rejected: false,
        });
    }

    /// A row is durable.
    pub fn committed(&mut self, at: u64, durable: &Durable) {
        let plain = |token: &SecretString| token.expose_secret().to_owned();
        if let Some(access) = &durable.access {
            self.newest = plain(&access.token);
        }
        self.committed
            .extend(durable.access.as_ref().map(|access| plain(&access.token)));
        self.held = Some(plain(&durable.current));
        self.ever_held.insert(plain(&durable.current));
        self.assess(at);
    }

    /// Whether this is the refresh token in the store.
    pub fn holds(&self, refresh_token: &SecretString) -> bool {
        self.held.as_deref() == Some(refresh_token.expose_secret())
    }

    /// The store was set back to this row.
    pub fn restored(&mut self, at: u64, durable: &Durable) {
        self.ever_held = durable
            .previous
            .iter()
            .map(|token| token.expose_secret().to_owned())
            .collect();
        self.committed(at, durable);
        let expires = self.expiries.get(&self.newest).copied().unwrap_or(at);
        if let Some(risk) = &mut self.risk {
            risk.noticed = expires;
        }
        self.paired(at, durable);
    }

    pub fn forgotten(&mut self) {
        (self.held, self.risk, self.pair) = (None, None, None);
    }

    /// A call leaves with this access token.
    pub fn used(&mut self, token: &str) {
        if !self.committed.contains(token) {
            self.fail(24, "a call was made with a token that is not committed");
        }
    }

    // What is forgiven.

    /// Something was wrong from then to then.
    pub fn trouble(&mut self, from: u64, to: u64) {
        self.troubles.push((from, to));
    }

    /// Something happened that one more refresh is the right answer to.
    pub fn excuse(&mut self, at: u64) {
        self.excuses.push(at);
    }

    /// Why nothing but a person can help.
    pub fn end(&self) -> Option<End> {
        let ends = [
            (self.revoked, End::Revoked),
            (self.refused_until.is_some(), End::RefusedLong),
            (self.lost, End::Lost),
        ];
        ends.into_iter().find_map(|(is_so, end)| is_so.then_some(end))
    }

    pub fn is_over(&self) -> bool {
        self.end().is_some()
    }

    /// Somebody was told to reconnect.
    pub fn told_to_reconnect(&mut self, at: u64, words: &str) {
        self.assess(at);
        if !self.is_over() {
            self.fail(52, "somebody is told to reconnect for a passing fault");
        }
        if words.is_empty() {
            self.fail(53, "nobody says why to reconnect");
        }
    }

    pub fn somebody_was_told(&mut self, at: u64) {
        self.partly_told.get_or_insert(at);
    }

    pub fn everybody_was_told(&mut self) {
        self.partly_told = None;
    }

    /// How much of a span was without any fault, at a stretch.
    fn healthy_ms(&self, from: u64, to: u64) -> u64 {
        let mut troubles = self.troubles_in(from, to);
        troubles.sort_unstable();
        let (mut longest, mut free_from) = (0, from);
        for (a, b) in troubles {
            longest = longest.max(a.saturating_sub(free_from));
            free_from = free_from.max(b);
        }
        longest.max(to.saturating_sub(free_from))
    }

    /// How much of a span something was wrong.
    pub fn trouble_ms(&self, from: u64, to: u64) -> u64 {
        let mut troubles = self.troubles_in(from, to);
        troubles.sort_unstable();
        let (mut sum_ms, mut counted_to) = (0, from);
        for (a, b) in troubles {
            sum_ms += b.min(to).saturating_sub(a.max(counted_to));
            counted_to = counted_to.max(b);
        }
        sum_ms
    }

    fn troubles_in(&self, from: u64, to: u64) -> Vec<(u64, u64)> {
        let meets = |(a, b): &&(u64, u64)| *b >= from && *a <= to;
        self.troubles.iter().filter(meets).copied().collect()
    }

    pub fn is_newest(&self, access: &SecretString) -> bool {
        self.newest == access.expose_secret()
    }

    /// Compares the two ends of the chain.
    pub fn assess(&mut self, at: u64) {
        if self.partly_told.take_if(|since| at > *since + TOLD_WITHIN_MS).is_some() {
            self.fail(53, "not every organisation of a dead grant is told");
        }
        if let Some(risk) = self.risk.take_if(|risk| at >= risk.until) {
            self.lose(risk);
        }
        let Some(current) = &self.held else {
            return;
        };
        if self.lost || self.revoked || *current == self.xero.current {
            self.risk = None;
            return;
        }
        let until = match &self.xero.previous {
            Some((taken, replaced)) if self.ever_held.contains(taken) => replaced + GRACE_MS,
            _ => at,
        };
        let since = self.risk.map_or(at, |risk| risk.since);
        let noticed = self.risk.map_or(0, |risk| risk.noticed);
        let risk = Risk { since, until, noticed };
        if until <= at {
            self.lose(risk);
        } else {
            self.risk = Some(risk);
        }
    }

    /// Xero takes none of ours any more.
    fn lose(&mut self, risk: Risk) {
        self.risk = None;
        self.lost = true;
        // Who is told that it is over does not go on asking.
        if self.refused_until.is_none() {
            self.losses.push(risk);
        }
    }

    /// Whatever was lost: was there no time to do something about it?
    pub fn explain_losses(&mut self) {
        for risk in std::mem::take(&mut self.losses) {
            let had_ms = self.healthy_ms(risk.since.max(risk.noticed), risk.until);
            if had_ms >= MENDED_WITHIN_MS {
                let [since, until, had] = [risk.since, risk.until, had_ms].map(|ms| ms / 1_000);
                self.fail(
                    52,
                    format!(
                        "the grant is lost: Xero was ahead since {since} s, took one of our tokens until {until} s, \
                         and for {had} s of that nothing was wrong"
                    ),
                );
            }
        }
    }

    /// No storm: however it goes wrong, requests grow rarer.
    pub fn count_requests(&mut self) {
        self.asked.sort_unstable();
        self.excuses.sort_unstable();
        let within = |moments: &[u64], from: u64, to: u64| {
            let before = |end: u64| moments.partition_point(|at| *at < end);
            before(to) - before(from)
        };
        for (span_ms, most) in [(60_000, MINUTE_MAX), (3_600_000, HOUR_MAX)] {
            let worst = self.asked.iter().map(|from| {
                let to = from + span_ms;
                let requests = within(&self.asked, *from, to);
                // What happened shortly before has its answer in the span too.
                let excused = within(&self.excuses, from.saturating_sub(60_000), to);
                (requests.saturating_sub(excused), requests, *from)
            });
            if let Some((unexcused, requests, from)) = worst.max()
                && unexcused > most
            {
                self.fail(
                    53,
                    format!("{requests} refreshes within {} s from {from}", span_ms / 1_000),
                );
            }
        }
    }
}
