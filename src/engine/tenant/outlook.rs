//! What the machine waits for, and how it stands.

use super::desk::ContactStage;
use super::machine::{Direction, Stage, TenantMachine};
use crate::engine::status::{Blocked, TenantStatus};
use crate::model::ids::IntentId;
use crate::model::row::Class;
use crate::model::time::{Mono, Now};

impl TenantMachine {
    /// When `handle` wants to be called with `Woken`; `None` while there is nothing to wait for.
    #[must_use]
    pub fn next_wake(&self, now: Now) -> Option<Mono> {
        let mut wake: Vec<Mono> = Vec::new();
        let floor = now.mono.plus_ms(1);
        if let Some(at) = self.connection_wake(now) {
            wake.push(at);
        }
        wake.extend(self.follow_up_wake());
        let opens_at = |class, direction, waiting_calls| match self.may_start(now, class, direction, waiting_calls) {
            Ok(()) => Some(now.mono),
            // Whatever ends these waits is an event of its own.
            Err(Blocked::TooManyInFlight | Blocked::NotActive(_) | Blocked::CatchingUp) => None,
            Err(blocked) => blocked.until().map(|until| now.mono_at(until, 86_400_000)),
        };
        if self.loading.is_none() && !self.chart.is_fetching() {
            for class in Class::ALL {
                let due = self
                    .queue
                    .range((class, Mono(0), IntentId::from_bytes([0; 16]))..)
                    .next();
                if let Some((found, due, _)) = due
                    && *found == class
                    && let Some(open_at) = opens_at(class, Direction::Write, self.calls_waiting(class))
                {
                    wake.push((*due).max(open_at));
                }
            }
        }
        for attempt in self.attempts.values() {
            if let Some((due, direction)) = self.attempt_wake(now, attempt)
                && let Some(open_at) = opens_at(self.attempt_class(attempt), direction, 1)
            {
                wake.push(due.max(open_at));
            }
        }
        let reference_data = [
            (self.chart.due(), self.chart_class(), Direction::Read),
            (
                self.contacts.due(ContactStage::Wanted),
                self.contacts_class(),
                Direction::Read,
            ),
            (
                self.contacts.due(ContactStage::ToCreate),
                self.contacts_class(),
                Direction::Write,
            ),
        ];
        for (due, class, direction) in reference_data {
            if let Some(due) = due
                && let Some(open_at) = opens_at(class, direction, 1)
            {
                wake.push(due.max(open_at));
            }
        }
        wake.extend(self.night_wake(now));
        for (due, class, calls) in self.pulls_due(now).into_iter().chain(self.jobs_due()) {
            if let Some(open_at) = opens_at(class, Direction::Read, calls) {
                wake.push(due.max(open_at));
            }
        }
        wake.into_iter().min().map(|at| at.max(floor))
    }

    /// How the tenant stands.
    #[must_use]
    pub fn status(&self, now: Now) -> TenantStatus {
        let oldest = self.works.values().map(|work| work.intent.queued_at).min();
        let limits = self.budget.limits();
        TenantStatus {
            connection: self.setup.tenant.connection.state,
            gate: self.setup.tenant.connection.gate,
            blocked: self.may_start(now, Class::Push, Direction::Write, 1).err(),
            unavailable_since: self.breaker.open_since().map(|since| now.wall_at(since)),
            queued_count: self
                .works
                .values()
                .filter(|work| !matches!(work.stage, Stage::InBatch(_)))
                .count(),
            in_flight_count: self.calls.len(),
            unknown_count: self.attempts.values().filter(|attempt| attempt.is_unknown()).count(),
            oldest_queued: oldest,
            minute_used: self.budget.minute_used(now.mono),
            minute_limit: limits.minute,
            day_used: self.budget.day_used(now),
            day_limit: limits.day,
            next_check: self.next_night(now).map(|(_, at)| at),
            illegal_events_count: self.illegal_events,
            parked: None,
        }
    }
}
