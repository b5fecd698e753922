//! The tenant's own budget: calls in a rolling minute, in a rolling day, and at once.
//!
//! A minute's slot is counted from the moment its answer arrived, and calls in flight always
//! count: Xero counts arrivals, and stamping at the send let it see 64 of 60 (measured).

use std::collections::VecDeque;

use super::day::{DayCalls, signed};
use super::policy::Limits;
use crate::model::failure::Limit;
use crate::model::ids::TenantId;
use crate::model::mutation::{Rule, is_broken};
use crate::model::row::{CallMinute, Class};
use crate::model::time::{Mono, Now, Timestamp};
use crate::model::write::Write;
use crate::model::xero::AnswerMeta;

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 86_400_000;
/// What others use of a day is learnt anew this often: their day ends at a time of its own.
const OTHERS_DAY_MS: u64 = 1_800_000;
/// A wait longer than this is the day limit's (Xero names it, but a restart forgets the name).
const DAY_LIMIT_FROM_MS: u64 = 120_000;
/// Long after this no call of a process that ended can be under way.
const CALL_ENDS_MS: i64 = 600_000;
/// Calls of a minute that only people's clicks may use.
const RESERVED_FOR_USER: u32 = 2;
/// A class with more calls waiting than this goes at an even pace.
const SATURATED_CALLS: usize = 10;
/// This part of the minute is left by what goes at once: a more urgent class finds room.
const ROOM_PART: u32 = 6;

/// Why no call may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// The minute is used up, or the class is paced.
    Minute {
        /// When the next call may go.
        until: Mono,
    },
    /// The class's share of the day is used up.
    Day {
        /// When the next call may go.
        until: Mono,
    },
    /// Too many calls at once.
    Concurrent,
    /// Xero said so.
    RetryAfter {
        /// Which limit it named.
        limit: Limit,
        /// When calls may go again.
        until: Mono,
    },
}

/// What was spent, and what may still be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    limits: Limits,
    answered: VecDeque<Mono>,
    in_flight: u32,
    day: DayCalls,
    current: Option<CallMinute>,
    others_minute: Others,
    others_day: Others,
    not_before: Option<(Limit, Mono)>,
    last_start: [Mono; 6],
    /// Whether the current minute tells of calls that ended with their process, and is not stored.
    tells_of_lost: bool,
    xero_time: Option<Timestamp>,
}

/// Calls of a limit that others seem to use, as a call told us; soon another call finds out again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Others {
    calls: u32,
    until: Mono,
}

impl Others {
    const NONE: Self = Self {
        calls: 0,
        until: Mono(0),
    };

    fn at(self, now: Mono) -> u32 {
        if now < self.until { self.calls } else { 0 }
    }
}

impl Budget {
    /// An unspent budget.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            answered: VecDeque::new(),
            in_flight: 0,
            day: DayCalls::new(),
            current: None,
            others_minute: Others::NONE,
            others_day: Others::NONE,
            not_before: None,
            last_start: [Mono(0); 6],
            tells_of_lost: false,
            xero_time: None,
        }
    }

    /// The budget as the store knows it. Calls without a stored answer were in flight when the
    /// process ended; they count from `now`.
    #[must_use]
    pub fn restore(limits: Limits, now: Now, mut rows: Vec<CallMinute>) -> Self {
        let mut budget = Self::new(limits);
        rows.sort_by_key(|row| row.minute);
        let (mut open, mut recent) = (0_u32, 0_u32);
        for row in rows {
            let starts = Timestamp(row.minute.saturating_mul(60_000));
            let age_ms = now.wall.since_ms(starts).max(0);
            budget
                .day
                .push(signed(now.mono).saturating_sub(age_ms), row.minute, row.sent);
            if age_ms < CALL_ENDS_MS {
                recent = recent.saturating_add(row.sent);
            }
            // An answer may be noted many minutes after its call.
            open = open.saturating_add(row.sent).saturating_sub(count(row.answered.len()));
            budget
                .answered
                .extend(row.answered.iter().map(|at| now.mono_at(Timestamp(*at), 0)));
            if let Some(at) = row
                .not_before
                .filter(|at| *at > now.wall && !is_broken(Rule::RetryAfterKept))
            {
                // A wall clock that was set back since must not make the wait longer than it was.
                let longest_ms = u64::try_from(at.since_ms(starts)).unwrap_or(0).min(DAY_MS);
                let until = now.mono_at(at, longest_ms);
                let limit = if until.since_ms(now.mono) > DAY_LIMIT_FROM_MS {
                    Limit::Day
                } else {
                    Limit::Minute
                };
                if budget.not_before.is_none_or(|(_, before)| before < until) {
                    budget.not_before = Some((limit, until));
                }
            }
            budget.current = Some(row);
        }
        // Calls of older crashes were never answered either: what is under way was sent lately.
        let recent = if is_broken(Rule::CallsOfTheDead) { 0 } else { recent };
        let lost = open.min(recent);
        for _ in 0..lost {
            budget.answered.push_back(now.mono);
        }
        budget.answered.make_contiguous().sort_unstable();
        budget.expire(now);
        budget.end_lost(now, lost, open.saturating_sub(lost));
        budget
    }

    /// Notes when calls that were never answered ended: now, with their process, or long ago.
    fn end_lost(&mut self, now: Now, lost: u32, long_over: u32) {
        let tenant = self.current.as_ref().map(|row| row.tenant);
        let Some(tenant) = tenant.filter(|_| lost > 0 || long_over > 0) else {
            return;
        };
        let row = self.row_of(tenant, now.wall.0.div_euclid(60_000));
        row.answered.extend((0..lost).map(|_| now.wall.0));
        let ended = now.wall.plus_ms(-CALL_ENDS_MS);
        row.answered.extend((0..long_over).map(|_| ended.0));
        self.tells_of_lost = true;
    }

    /// The change that tells, once, of calls that ended with their process. Unstored, each start
    /// would count them anew, and a daemon that is killed often would be left without calls.
    pub fn note_lost(&mut self) -> Option<Write> {
        let tells = std::mem::take(&mut self.tells_of_lost);
        self.current.clone().filter(|_| tells).map(Write::Calls)
    }

    /// Changes the limits, as a reload does.
    pub const fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Whether a call of this class may go now; `waiting_calls` is how many it would like to make.
    ///
    /// # Errors
    /// What is spent, and until when.
    pub fn may_start(&self, now: Now, class: Class, waiting_calls: usize) -> Result<(), Spent> {
        let is_day_spent = self.day_used(now) >= self.day_share(class) && !is_broken(Rule::DayLimit);
        let now = now.mono;
        if let Some((limit, until)) = self
            .not_before
            .filter(|(_, until)| *until > now && !is_broken(Rule::RetryAfter))
        {
            return Err(Spent::RetryAfter { limit, until });
        }
        let more = u32::from(is_broken(Rule::ConcurrentLimit));
        if self.in_flight >= self.limits.concurrent.saturating_add(more) {
            return Err(Spent::Concurrent);
        }
        if is_day_spent {
            let oldest = self.day.oldest_ends_at(now);
            let oldest = oldest.and_then(|at| u64::try_from(at).ok()).map(Mono);
            let others = (self.others_day.calls > 0).then_some(self.others_day.until);
            let first = [oldest, others].into_iter().flatten().filter(|at| *at > now).min();
            return Err(Spent::Day {
                until: first.unwrap_or(now).max(now.plus_ms(1_000)),
            });
        }
        let used = self.minute_used(now);
        let more = u32::from(is_broken(Rule::MinuteLimit));
        if used >= self.minute_share(class).saturating_add(more) {
            let oldest = self.answered.iter().find(|at| now.since_ms(**at) < MINUTE_MS);
            let until = oldest.map_or(now.plus_ms(1_000), |at| at.plus_ms(MINUTE_MS));
            return Err(Spent::Minute { until });
        }
        if class != Class::User && self.is_saturated(class, used, waiting_calls) {
            let next = self
                .last_started(class)
                .plus_ms(MINUTE_MS / u64::from(self.limits.minute.max(1)));
            if next > now {
                return Err(Spent::Minute { until: next });
            }
        }
        Ok(())
    }

    /// Whether a class goes at an even pace. A reading of known length that the minute has room for
    /// goes at once. Pushes and webhooks keep coming: paced, they find company for fewer calls.
    fn is_saturated(&self, class: Class, used: u32, waiting_calls: usize) -> bool {
        let room = self.limits.minute.saturating_sub(self.limits.minute / ROOM_PART);
        let fits = count(waiting_calls).saturating_add(used) <= room;
        let fits = fits && matches!(class, Class::Pull | Class::Reconcile | Class::Backfill);
        !fits && (waiting_calls > SATURATED_CALLS || used.saturating_mul(2) >= self.limits.minute)
    }

    /// A call goes out. The returned change must be durable before it does.
    pub fn start(&mut self, now: Now, tenant: TenantId, class: Class) -> Vec<Write> {
        self.expire(now);
        self.in_flight = self.in_flight.saturating_add(1);
        if is_broken(Rule::CountedAtAnswer) {
            self.answered.push_back(now.mono);
        }
        if let Some(slot) = self.last_start.get_mut(class_index(class)) {
            *slot = now.mono;
        }
        let minute = now.wall.0.div_euclid(60_000);
        self.day.push(signed(now.mono), minute, 1);
        let row = self.row_of(tenant, minute);
        row.sent = row.sent.saturating_add(1);
        let mut writes = vec![Write::Calls(row.clone())];
        writes.extend(self.day.take_dropped().map(|minute| Write::DropCalls(tenant, minute)));
        writes
    }

    /// Xero's clock as last heard; ours may be wrong by days.
    #[must_use]
    pub const fn xero_time(&self) -> Option<Timestamp> {
        self.xero_time
    }

    /// A call was answered, or given up. The returned change may be committed with its result.
    pub fn finish(&mut self, now: Now, tenant: TenantId, meta: &AnswerMeta) -> Write {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.xero_time = self.xero_time.max(meta.xero_time);
        if !is_broken(Rule::CountedAtAnswer) {
            self.answered.push_back(now.mono);
        }
        self.expire(now);
        if let Some(remaining) = meta.minute_remaining {
            let theirs = self.limits.minute.saturating_sub(remaining);
            let ours = count(self.answered.len()).saturating_add(self.in_flight);
            self.others_minute = Others {
                calls: theirs.saturating_sub(ours),
                until: now.mono.plus_ms(MINUTE_MS),
            };
        }
        if let Some(remaining) = meta.day_remaining {
            let theirs = self.limits.day.saturating_sub(remaining);
            self.others_day = Others {
                calls: theirs.saturating_sub(self.day.counted()),
                until: now.mono.plus_ms(OTHERS_DAY_MS),
            };
        }
        let row = self.row_of(tenant, now.wall.0.div_euclid(60_000));
        row.answered.push(now.wall.0);
        Write::Calls(row.clone())
    }

    /// Xero said 429. Returns the wait in milliseconds and the change to commit.
    pub fn throttled(&mut self, now: Now, tenant: TenantId, limit: Limit, retry_after_ms: Option<u64>) -> (u64, Write) {
        let wait_ms = retry_after_ms.unwrap_or(1_000).clamp(1_000, DAY_MS);
        let until = now.mono.plus_ms(wait_ms);
        if self.not_before.is_none_or(|(_, at)| at < until) {
            self.not_before = Some((limit, until));
        }
        // Xero knows better than we do how long what others used still counts.
        match limit {
            _ if retry_after_ms.is_none() => {}
            Limit::Minute => self.others_minute.until = self.others_minute.until.min(until),
            Limit::Day => self.others_day.until = self.others_day.until.min(until),
            Limit::Concurrent | Limit::AppMinute => {}
        }
        let not_before = now.wall_at(until);
        let row = self.row_of(tenant, now.wall.0.div_euclid(60_000));
        row.not_before = row.not_before.max(Some(not_before));
        (wait_ms, Write::Calls(row.clone()))
    }

    /// Calls of the last rolling minute, calls in flight and what others seem to use.
    #[must_use]
    pub fn minute_used(&self, now: Mono) -> u32 {
        let recent = self.answered.iter().filter(|at| now.since_ms(**at) < MINUTE_MS).count();
        let in_flight = if is_broken(Rule::InFlightCounts) {
            0
        } else {
            self.in_flight
        };
        count(recent)
            .saturating_add(in_flight)
            .saturating_add(self.others_minute.at(now))
    }

    /// Calls of the last rolling day, and what others seem to use.
    #[must_use]
    pub fn day_used(&self, now: Now) -> u32 {
        self.day.used(now.mono).saturating_add(self.others_day.at(now.mono))
    }

    /// Calls in flight.
    #[must_use]
    pub const fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// The limits in force.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    fn minute_share(&self, class: Class) -> u32 {
        match class {
            Class::User => self.limits.minute,
            Class::Webhook | Class::Push | Class::Pull | Class::Reconcile | Class::Backfill => {
                self.limits.minute.saturating_sub(RESERVED_FOR_USER).max(1)
            }
        }
    }

    fn day_share(&self, class: Class) -> u32 {
        let percent = match class {
            Class::User => 100,
            Class::Webhook | Class::Push | Class::Pull => 95,
            Class::Reconcile | Class::Backfill => 80,
        };
        u32::try_from(u64::from(self.limits.day) * percent / 100).unwrap_or(self.limits.day)
    }

    fn last_started(&self, class: Class) -> Mono {
        self.last_start.get(class_index(class)).copied().unwrap_or_default()
    }

    fn row_of(&mut self, tenant: TenantId, minute: i64) -> &mut CallMinute {
        let fresh = || CallMinute {
            tenant,
            minute,
            sent: 0,
            answered: Vec::new(),
            not_before: None,
        };
        let row = self.current.get_or_insert_with(fresh);
        if row.minute != minute {
            *row = fresh();
        }
        row
    }

    fn expire(&mut self, now: Now) {
        while self
            .answered
            .front()
            .is_some_and(|at| now.mono.since_ms(*at) >= MINUTE_MS)
        {
            self.answered.pop_front();
        }
        self.day.expire(now.mono);
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn class_index(class: Class) -> usize {
    Class::ALL.iter().position(|other| *other == class).unwrap_or(0)
}
