//! Xero's four limits as rolling windows.

use std::collections::VecDeque;

use crate::sandbox::wire::Answer;

/// One minute, in milliseconds.
pub const MINUTE_MS: i64 = 60_000;
/// One day, in milliseconds.
pub const DAY_MS: i64 = 86_400_000;

/// How much is allowed. The defaults are Xero's documented ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls a minute for one organisation.
    pub minute: usize,
    /// Calls a day for one organisation.
    pub day: usize,
    /// Calls at once for one organisation.
    pub concurrent: usize,
    /// Calls a minute for the whole app.
    pub app_minute: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            minute: 60,
            day: 5_000,
            concurrent: 5,
            app_minute: 10_000,
        }
    }
}

/// Which limit a call ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The organisation's minute.
    Minute,
    /// The organisation's day.
    Day,
    /// Too many at once.
    Concurrent,
    /// The app's minute.
    App,
}

/// What is left, for the three meters in every answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remaining {
    /// `X-MinLimit-Remaining`
    pub minute: usize,
    /// `X-DayLimit-Remaining`
    pub day: usize,
    /// `X-AppMinLimit-Remaining`
    pub app_minute: usize,
}

/// A 429.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub problem: Problem,
    /// When to come back; a concurrency refusal does not say.
    pub retry_after_s: Option<i64>,
    /// Without what other users of the app spent it would not have come to this.
    pub is_others: bool,
}

/// Times of calls within a rolling span.
#[derive(Debug, Clone)]
pub struct Window {
    span_ms: i64,
    times: VecDeque<i64>,
}

/// The calls of one organisation that were let through.
#[derive(Debug, Clone)]
pub struct Meter {
    minute: Window,
    day: Window,
    elsewhere: Elsewhere,
}

/// Calls of the day that were not made here.
#[derive(Debug, Clone, Copy, Default)]
struct Elsewhere {
    calls: usize,
    until_ms: i64,
}

impl Window {
    /// An empty window.
    pub fn new(span_ms: i64) -> Self {
        Self {
            span_ms,
            times: VecDeque::new(),
        }
    }

    /// Calls in the span that ends now.
    pub fn count(&mut self, now_ms: i64) -> usize {
        while self
            .times
            .front()
            .is_some_and(|at| at.saturating_add(self.span_ms) <= now_ms)
        {
            self.times.pop_front();
        }
        self.times.len()
    }

    /// Counts a call.
    pub fn push(&mut self, now_ms: i64) {
        self.times.push_back(now_ms);
    }

    /// Whole seconds until fewer than `limit` calls are in the span.
    pub fn free_in_s(&self, now_ms: i64, limit: usize) -> i64 {
        let blocking = self.times.len().saturating_sub(limit);
        let free_at = self
            .times
            .get(blocking)
            .map_or(now_ms, |at| at.saturating_add(self.span_ms));
        seconds_until(free_at, now_ms)
    }
}

impl Default for Window {
    /// An empty minute.
    fn default() -> Self {
        Self::new(MINUTE_MS)
    }
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            minute: Window::new(MINUTE_MS),
            day: Window::new(DAY_MS),
            elsewhere: Elsewhere::default(),
        }
    }
}

impl Meter {
    /// Lets a call through all windows and counts it, or counts nothing and says why not.
    ///
    /// # Errors
    /// The refusal to answer with.
    pub fn admit(&mut self, app: &mut Window, limits: Limits, now_ms: i64) -> Result<(), Refusal> {
        let refuse = |problem, window: &Window, limit| {
            Err(Refusal {
                problem,
                retry_after_s: Some(window.free_in_s(now_ms, limit)),
                is_others: false,
            })
        };
        if self.day.count(now_ms) >= limits.day {
            return refuse(Problem::Day, &self.day, limits.day);
        }
        if self.day_used(now_ms) >= limits.day {
            return Err(Refusal {
                problem: Problem::Day,
                retry_after_s: Some(seconds_until(self.elsewhere.until_ms, now_ms)),
                is_others: true,
            });
        }
        if self.minute.count(now_ms) >= limits.minute {
            return refuse(Problem::Minute, &self.minute, limits.minute);
        }
        if app.count(now_ms) >= limits.app_minute {
            return refuse(Problem::App, app, limits.app_minute);
        }
        self.minute.push(now_ms);
        self.day.push(now_ms);
        app.push(now_ms);
        Ok(())
    }

    /// What is left now.
    pub fn remaining(&mut self, app: &mut Window, limits: Limits, now_ms: i64) -> Remaining {
        Remaining {
            minute: limits.minute.saturating_sub(self.minute.count(now_ms)),
            day: limits.day.saturating_sub(self.day_used(now_ms)),
            app_minute: limits.app_minute.saturating_sub(app.count(now_ms)),
        }
    }

    /// Other users of the app have used the day up to this many calls, and their calls are
    /// forgotten then.
    pub fn spend_elsewhere(&mut self, calls: usize, until_ms: i64, now_ms: i64) {
        self.elsewhere = Elsewhere {
            calls: calls.saturating_sub(self.day.count(now_ms)),
            until_ms,
        };
    }

    fn day_used(&mut self, now_ms: i64) -> usize {
        let elsewhere = Some(self.elsewhere.calls).filter(|_| self.elsewhere.until_ms > now_ms);
        self.day.count(now_ms).saturating_add(elsewhere.unwrap_or(0))
    }
}

impl Remaining {
    /// The same answer with the three meters.
    pub fn write(self, answer: Answer) -> Answer {
        answer
            .with("X-DayLimit-Remaining", self.day)
            .with("X-MinLimit-Remaining", self.minute)
            .with("X-AppMinLimit-Remaining", self.app_minute)
    }
}

/// Whole seconds, at least one.
fn seconds_until(at_ms: i64, now_ms: i64) -> i64 {
    let wait_ms = at_ms.saturating_sub(now_ms).max(0);
    wait_ms.saturating_add(999).checked_div(1000).unwrap_or(1).max(1)
}

impl Problem {
    /// The value of `X-Rate-Limit-Problem`.
    pub fn text(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Day => "day",
            Self::Concurrent => "concurrent",
            Self::App => "app",
        }
    }
}

impl Refusal {
    /// A 429 with an empty body and no content type.
    pub fn answer(self) -> Answer {
        let answer = Answer::empty(429).with("X-Rate-Limit-Problem", self.problem.text());
        match self.retry_after_s {
            Some(seconds) => answer.with("Retry-After", seconds),
            None => answer,
        }
    }
}
