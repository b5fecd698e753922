//! Calls of a rolling day, counted by the minute.

use std::collections::VecDeque;

use crate::model::time::Mono;

const DAY_AND_MINUTE_MS: i64 = 86_460_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Minute {
    /// On the boot-time clock in milliseconds: then even its last moment is a day old. May lie
    /// before the boot.
    ends_at: i64,
    wall_minute: i64,
    calls: u32,
}

/// What was called in each minute of the last day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DayCalls {
    minutes: VecDeque<Minute>,
    calls: u32,
    dropped: Vec<i64>,
}

impl DayCalls {
    /// Nothing was called.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            minutes: VecDeque::new(),
            calls: 0,
            dropped: Vec::new(),
        }
    }

    /// Adds calls that were made at `at_ms` of the boot-time clock, in this minute of the wall clock.
    pub fn push(&mut self, at_ms: i64, wall_minute: i64, calls: u32) {
        self.calls = self.calls.saturating_add(calls);
        let ends_at = at_ms.saturating_add(DAY_AND_MINUTE_MS);
        match self.minutes.back_mut() {
            Some(last) if last.wall_minute == wall_minute => {
                last.calls = last.calls.saturating_add(calls);
                last.ends_at = last.ends_at.max(ends_at);
            }
            _ => self.minutes.push_back(Minute {
                ends_at,
                wall_minute,
                calls,
            }),
        }
    }

    /// Forgets the minutes that are a day old.
    pub fn expire(&mut self, now: Mono) {
        while let Some(minute) = self.minutes.pop_front_if(|minute| minute.ends_at <= signed(now)) {
            self.calls = self.calls.saturating_sub(minute.calls);
            self.dropped.push(minute.wall_minute);
        }
    }

    /// The minutes forgotten since this was last asked, as minutes of the wall clock.
    pub fn take_dropped(&mut self) -> impl Iterator<Item = i64> + '_ {
        self.dropped.drain(..)
    }

    /// Calls that were counted and not forgotten yet.
    #[must_use]
    pub const fn counted(&self) -> u32 {
        self.calls
    }

    /// Calls of the last day.
    #[must_use]
    pub fn used(&self, now: Mono) -> u32 {
        let is_over = |minute: &&Minute| minute.ends_at <= signed(now);
        let over: u32 = self.minutes.iter().take_while(is_over).map(|minute| minute.calls).sum();
        self.calls.saturating_sub(over)
    }

    /// When the oldest minute that still counts is a day old, on the boot-time clock.
    #[must_use]
    pub fn oldest_ends_at(&self, now: Mono) -> Option<i64> {
        let mut ends = self.minutes.iter().map(|minute| minute.ends_at);
        ends.find(|at| *at > signed(now))
    }
}

/// A moment of the boot-time clock in milliseconds, to reckon with moments before the boot.
#[must_use]
pub fn signed(at: Mono) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}
