//! From the settings to the numbers that are decided by.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::actors::app_budget::AppLimits;
use crate::config::Config;
use crate::engine::policy::{Limits, NightPolicy, Policy, PullPolicy};

/// The numbers tenants decide by, from the settings.
#[must_use]
pub fn policy(config: &Config) -> Policy {
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let defaults = Policy::default();
    let batch_max = usize::try_from(config.sync.batch_max.get()).unwrap_or(1);
    Policy {
        limits: Limits {
            minute: config.limits.minute.get(),
            day: config.limits.day.get(),
            concurrent: config.limits.concurrent.get(),
        },
        batch_sales: batch_max.min(defaults.batch_sales),
        batch_purchase: batch_max.min(defaults.batch_purchase),
        batch_wait_ms: millis(config.sync.batch_wait),
        max_retries: u8::try_from(config.sync.max_retries.get()).unwrap_or(u8::MAX),
        retry_delays_ms: config.sync.retry_delays.map(millis),
        grace_ms: i64::try_from(config.sync.grace_period.as_millis()).unwrap_or(i64::MAX),
        pull: PullPolicy {
            invoices_ms: Some(millis(config.pull.invoices_every)),
            quiet_ms: millis(config.sync.payment_suppression),
            others_ms: Some(millis(config.pull.others_every)),
            night: Some(NightPolicy {
                at: config.reconcile.at.get(),
                spread_ms: millis(config.reconcile.spread),
                look_back_ms: i64::from(config.reconcile.days.get()).saturating_mul(86_400_000),
            }),
            ..defaults.pull
        },
        ..defaults
    }
}

/// A limiter of this kind lets its rate plus its burst into its fullest minute.
#[must_use]
pub(super) fn app_limits(per_minute: u32) -> AppLimits {
    let defaults = AppLimits::default();
    match NonZeroU32::new(per_minute.saturating_sub(defaults.burst.get())) {
        _ if per_minute >= defaults.per_minute.get() => defaults,
        Some(rest) => AppLimits {
            per_minute: rest,
            ..defaults
        },
        None => AppLimits {
            per_minute: NonZeroU32::MIN,
            burst: NonZeroU32::MIN,
            ..defaults
        },
    }
}
