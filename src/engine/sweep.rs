//! How often what changed in Xero is read, under a limit of the day that leaves room for little else.

use super::policy::PullPolicy;
use crate::model::row::StreamKind;

const DAY_MS: u64 = 86_400_000;
/// Readings are spaced out once this part of the day's calls is used, in percent. Before, the usual
/// interval costs nobody anything.
const SPACED_FROM_PERCENT: u64 = 45;
/// Spaced out, all readings together take so much of a day's calls, in percent. The nightly check may
/// use the first 80 %: what is between is for it, for webhooks and for pushes.
const SPACED_TO_PERCENT: u64 = 60;

/// Between two readings of a stream, in milliseconds; `None` = never. `day` = calls of a day that are
/// allowed, and how many of the last day were made.
#[must_use]
pub fn every_ms(policy: &PullPolicy, kind: StreamKind, (limit, used): (u32, u32)) -> Option<u64> {
    let every_ms = policy.every_ms(kind)?;
    let percent = |percent: u64| (u64::from(limit) * percent / 100).max(1);
    let intervals = StreamKind::ALL.into_iter().filter_map(|kind| policy.every_ms(kind));
    let planned: u64 = intervals.map(|every_ms| DAY_MS / every_ms.max(1)).sum();
    let share = percent(SPACED_TO_PERCENT);
    if planned <= share || u64::from(used) < percent(SPACED_FROM_PERCENT) {
        return Some(every_ms);
    }
    Some(every_ms.saturating_mul(planned) / share)
}
