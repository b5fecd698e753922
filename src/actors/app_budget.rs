//! The budget of calls that all tenants share: Xero allows one app 10,000 calls a minute.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::model::ids::IdSource;
use crate::model::row::Class;

type Limiter<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// How much of Xero's limit is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppLimits {
    /// Calls a minute. With the burst it must stay below Xero's 10,000: a limiter of this kind
    /// lets rate plus burst into its fullest minute.
    pub per_minute: NonZeroU32,
    /// Calls that may go at once after a pause.
    pub burst: NonZeroU32,
    /// Percent of both that everything but a person's click may use.
    pub background_percent: u32,
}

impl Default for AppLimits {
    fn default() -> Self {
        Self {
            per_minute: NonZeroU32::MIN.saturating_add(9_799),
            burst: NonZeroU32::MIN.saturating_add(159),
            background_percent: 95,
        }
    }
}

/// Shared by all tenants; cheap to clone.
#[derive(Clone)]
pub struct AppBudget<C: Clock = DefaultClock> {
    inner: Arc<Inner<C>>,
}

struct Inner<C: Clock> {
    all: Limiter<C>,
    background: Limiter<C>,
    clock: C,
    period: Duration,
    waiting_count: AtomicU64,
    waits_count: AtomicU64,
}

/// Which of the limiters a call has still to pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ticket {
    /// Both: a call that is no click.
    Background,
    /// The one for all.
    All,
}

impl AppBudget<DefaultClock> {
    /// A budget on the machine's own clock.
    #[must_use]
    pub fn new(limits: AppLimits) -> Self {
        Self::with_clock(limits, DefaultClock::default())
    }
}

impl<C: Clock + Clone> AppBudget<C> {
    /// A budget on another clock.
    #[must_use]
    pub fn with_clock(limits: AppLimits, clock: C) -> Self {
        let share = |whole: NonZeroU32| {
            let part = u64::from(whole.get()) * u64::from(limits.background_percent.min(100)) / 100;
            let part = u32::try_from(part).unwrap_or(u32::MAX);
            NonZeroU32::new(part).unwrap_or(NonZeroU32::MIN)
        };
        let limiter = |per_minute, burst| {
            let quota = Quota::per_minute(per_minute).allow_burst(burst);
            RateLimiter::direct_with_clock(quota, clock.clone())
        };
        Self {
            inner: Arc::new(Inner {
                all: limiter(limits.per_minute, limits.burst),
                background: limiter(share(limits.per_minute), share(limits.burst)),
                period: Duration::from_secs(60) / limits.per_minute.get(),
                clock,
                waiting_count: AtomicU64::new(0),
                waits_count: AtomicU64::new(0),
            }),
        }
    }

    /// Waits until a call of this class may go. Dropping the future gives the place up.
    pub async fn acquire(&self, class: Class) {
        let mut ticket = Ticket::of(class);
        let mut waiting = None;
        while let Err(wait) = self.check(&mut ticket) {
            let place = waiting.get_or_insert_with(|| Waiting::enter(&self.inner.waiting_count));
            tokio::time::sleep(wait + self.jitter(place.ahead_count)).await;
        }
    }

    /// Whether the call may go now, else how long to wait at least. A limiter that was passed is
    /// struck off the ticket, so that waiting for the other one does not spend it twice.
    ///
    /// # Errors
    /// With the wait.
    pub fn check(&self, ticket: &mut Ticket) -> Result<(), Duration> {
        if *ticket == Ticket::Background {
            self.pass(&self.inner.background)?;
            *ticket = Ticket::All;
        }
        self.pass(&self.inner.all)
    }

    fn pass(&self, limiter: &Limiter<C>) -> Result<(), Duration> {
        limiter
            .check()
            .map_err(|not_until| not_until.wait_time_from(self.inner.clock.now()))
    }

    /// Spreads those who wait over as many slots as there are of them, so that they do not all
    /// wake for one slot.
    fn jitter(&self, ahead_count: u64) -> Duration {
        let nth = self.inner.waits_count.fetch_add(1, Ordering::Relaxed);
        let ahead_count = u32::try_from(ahead_count).unwrap_or(u32::MAX);
        let span = self.inner.period.saturating_mul(ahead_count);
        let span_us = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(IdSource::new(nth).below(span_us.saturating_add(1)))
    }
}

impl Ticket {
    /// What a call of this class has to pass.
    #[must_use]
    pub const fn of(class: Class) -> Self {
        match class {
            Class::User => Self::All,
            Class::Webhook | Class::Push | Class::Pull | Class::Reconcile | Class::Backfill => Self::Background,
        }
    }
}

/// Counts somebody who waits, for as long as they do.
struct Waiting<'a> {
    counter: &'a AtomicU64,
    ahead_count: u64,
}

impl<'a> Waiting<'a> {
    fn enter(counter: &'a AtomicU64) -> Self {
        let ahead_count = counter.fetch_add(1, Ordering::Relaxed);
        Self { counter, ahead_count }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.counter.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
