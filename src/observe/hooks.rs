//! The meters of webhooks.

use std::time::Duration;

use super::labels::{HookEvent, HookResult};
use super::metrics::Metrics;
use crate::model::time::Timestamp;

impl Metrics {
    /// What became of a request to the public listener.
    pub fn webhook_received(&self, result: HookResult) {
        self.families().xero_webhooks_received.inc([result.label()]);
    }

    /// What became of an event.
    pub fn webhook_event(&self, outcome: HookEvent) {
        self.families().xero_webhook_events.inc([outcome.label()]);
    }

    /// A request to the public listener was answered.
    pub fn webhook_answered(&self, took: Duration) {
        self.families().xero_webhook_ack.observe([], took);
    }

    /// A rightly signed webhook came.
    pub fn webhook_heard(&self, at: Timestamp) {
        let seconds = u64::try_from(at.0.div_euclid(1_000)).unwrap_or(0);
        self.families().xero_webhook_last_received.set([], seconds);
    }

    /// Numbers of events are missing.
    pub fn webhook_gap(&self, lost_count: u64) {
        self.families().xero_webhook_gaps.inc([]);
        self.families().xero_webhook_events_lost.add([], lost_count);
    }

    /// Whether webhooks are silent.
    pub fn set_webhooks_silent(&self, is_silent: bool) {
        self.families().xero_webhooks_silent.set([], u64::from(is_silent));
    }
}
