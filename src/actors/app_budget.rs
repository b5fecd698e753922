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
    /// Percent of both that reading by itself may use: what webhooks name and what the host wrote
    /// does not wait behind thousands of organisations that are all read after a start.
    pub reading_percent: u32,
}

impl Default for AppLimits {
    fn default() -> Self {
        Self {
            per_minute: NonZeroU32::MIN.saturating_add(9_799),
            burst: NonZeroU32::MIN.saturating_add(159),
            background_percent: 95,
            reading_percent: 80,
        }
    }
}

/// Shared by all tenants; cheap to clone.
#[derive(Clone)]
pub struct AppBudget<C: Clock = DefaultClock> {
    inner: Arc<Inner<C>>,
}

struct Inner<C: Clock> {
    reading: Gate<C>,
    background: Gate<C>,
    all: Gate<C>,
    clock: C,
    waits_count: AtomicU64,
}

/// A limiter and those who wait for it.
struct Gate<C: Clock> {
    limiter: Limiter<C>,
    period: Duration,
    waiting_count: AtomicU64,
}

/// Which of the limiters a call has to pass next; those behind it follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ticket {
    /// All three: a call that reads by itself.
    Reading,
    /// Two: a call that is no click.
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
        let gate = |percent: u32| {
            let share = |whole: NonZeroU32| {
                let part = u64::from(whole.get()) * u64::from(percent.min(100)) / 100;
                let part = u32::try_from(part).unwrap_or(u32::MAX);
                NonZeroU32::new(part).unwrap_or(NonZeroU32::MIN)
            };
            let per_minute = share(limits.per_minute);
            let quota = Quota::per_minute(per_minute).allow_burst(share(limits.burst));
            Gate {
                limiter: RateLimiter::direct_with_clock(quota, clock.clone()),
                period: Duration::from_secs(60) / per_minute.get(),
                waiting_count: AtomicU64::new(0),
            }
        };
        Self {
            inner: Arc::new(Inner {
                reading: gate(limits.reading_percent),
                background: gate(limits.background_percent),
                all: gate(100),
                clock,
                waits_count: AtomicU64::new(0),
            }),
        }
    }

    /// Waits until a call of this class may go. Dropping the future gives the place up.
    pub async fn acquire(&self, class: Class) {
        let mut ticket = Ticket::of(class);
        let mut waiting: Option<(Ticket, Waiting<'_>)> = None;
        while let Err(wait) = self.check(&mut ticket) {
            let gate = self.gate(ticket);
            let (_, place) = match waiting.take() {
                Some(place) if place.0 == ticket => waiting.insert(place),
                _ => waiting.insert((ticket, Waiting::enter(&gate.waiting_count))),
            };
            tokio::time::sleep(wait + self.jitter(gate.period, place.ahead_count)).await;
        }
    }

    /// Whether the call may go now, else how long to wait at least. A limiter that was passed is
    /// struck off the ticket, so that waiting for the next one does not spend it twice.
    ///
    /// # Errors
    /// With the wait.
    pub fn check(&self, ticket: &mut Ticket) -> Result<(), Duration> {
        loop {
            let passed = self.gate(*ticket).limiter.check();
            passed.map_err(|not_until| not_until.wait_time_from(self.inner.clock.now()))?;
            *ticket = match ticket {
                Ticket::Reading => Ticket::Background,
                Ticket::Background => Ticket::All,
                Ticket::All => return Ok(()),
            };
        }
    }

    fn gate(&self, ticket: Ticket) -> &Gate<C> {
        match ticket {
            Ticket::Reading => &self.inner.reading,
            Ticket::Background => &self.inner.background,
            Ticket::All => &self.inner.all,
        }
    }

    /// Spreads those who wait over as many slots as there are of them, so that they do not all
    /// wake for one slot.
    fn jitter(&self, period: Duration, ahead_count: u64) -> Duration {
        let nth = self.inner.waits_count.fetch_add(1, Ordering::Relaxed);
        let ahead_count = u32::try_from(ahead_count).unwrap_or(u32::MAX);
        let span = period.saturating_mul(ahead_count);
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
            Class::Webhook | Class::Push => Self::Background,
            Class::Pull | Class::Reconcile | Class::Backfill => Self::Reading,
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
