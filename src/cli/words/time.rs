//! Moments and spans as people read them.

use chrono::SecondsFormat;

use crate::model::time::Timestamp;

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How long something has lasted that began then, such as `for 2 h (12:05:11Z)`.
#[must_use]
pub fn lasting(at: Timestamp, now: Timestamp) -> String {
    let ago = ago(at, now);
    match ago.split_once(" ago") {
        Some((span, rest)) => format!("for {span}{rest}"),
        None => format!("since {ago}"),
    }
}

/// How long ago a moment was, and the moment: `2 min ago (14:03:11Z)`.
#[must_use]
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    format!("{} ({})", distance(at, now), clock(at, now))
}

/// How long ago a moment was: `2 min ago`, or `in 2 min`.
#[must_use]
pub fn distance(at: Timestamp, now: Timestamp) -> String {
    let past_ms = now.since_ms(at);
    if past_ms.abs() < SECOND_MS {
        return "just now".to_owned();
    }
    let span = coarse(past_ms.abs());
    if past_ms > 0 {
        format!("{span} ago")
    } else {
        format!("in {span}")
    }
}

/// The time of day, with its date when that is another day: `14:03:11Z`.
#[must_use]
pub fn clock(at: Timestamp, now: Timestamp) -> String {
    let text = at.to_utc().to_rfc3339_opts(SecondsFormat::Secs, true);
    match text.split_once('T') {
        Some((_, time)) if at.to_utc().date_naive() == now.to_utc().date_naive() => time.to_owned(),
        _ => text.replacen('T', " ", 1),
    }
}

/// A span in its two largest units: `3 d 4 h`.
#[must_use]
pub fn span(span_s: u64) -> String {
    let span_s = i64::try_from(span_s).unwrap_or(i64::MAX / SECOND_MS);
    let span_ms = span_s.saturating_mul(SECOND_MS);
    let (unit_ms, smaller_ms) = match span_ms {
        DAY_MS.. => (DAY_MS, HOUR_MS),
        HOUR_MS.. => (HOUR_MS, MINUTE_MS),
        _ => return coarse(span_ms),
    };
    let rest_ms = span_ms % unit_ms;
    if rest_ms < smaller_ms {
        coarse(span_ms)
    } else {
        format!("{} {}", coarse(span_ms), coarse(rest_ms))
    }
}

/// A span in its largest unit.
fn coarse(span_ms: i64) -> String {
    match span_ms {
        DAY_MS.. => format!("{} d", span_ms / DAY_MS),
        HOUR_MS.. => format!("{} h", span_ms / HOUR_MS),
        MINUTE_MS.. => format!("{} min", span_ms / MINUTE_MS),
        _ => format!("{} s", span_ms / SECOND_MS),
    }
}
