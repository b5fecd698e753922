//! Xero's two ways to write a moment.

use chrono::{DateTime, NaiveDate};

use crate::model::time::Timestamp;

/// A moment: `/Date(1518685950940+0000)/`, with or without offset (which does not move it), or
/// RFC 3339.
#[must_use]
pub fn moment(text: &str) -> Option<Timestamp> {
    if let Some((at_ms, _offset_minutes)) = ticks(text) {
        return Some(Timestamp(at_ms));
    }
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|at| Timestamp(at.timestamp_millis()))
}

/// A business date: from the readable form if there is one (`2026-04-24T00:00:00`), else the
/// calendar day of the tick form at the offset it names. Never converted to a local zone.
#[must_use]
pub fn day(readable: Option<&str>, tick_form: Option<&str>) -> Option<NaiveDate> {
    readable
        .and_then(leading_day)
        .or_else(|| tick_form.and_then(day_of_ticks))
        .or_else(|| tick_form.and_then(leading_day))
}

fn leading_day(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text.get(..10)?, "%Y-%m-%d").ok()
}

fn day_of_ticks(text: &str) -> Option<NaiveDate> {
    let (at_ms, offset_minutes) = ticks(text)?;
    let local_ms = at_ms.checked_add(offset_minutes.checked_mul(60_000)?)?;
    DateTime::from_timestamp_millis(local_ms).map(|at| at.date_naive())
}

/// Milliseconds and offset in minutes of `/Date(…)/`.
fn ticks(text: &str) -> Option<(i64, i64)> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    // A sign in front belongs to the milliseconds.
    let split = inner
        .char_indices()
        .skip(1)
        .find(|(_, c)| matches!(c, '+' | '-'))
        .map_or(inner.len(), |(at, _)| at);
    let (at_ms, offset) = inner.split_at_checked(split)?;
    Some((at_ms.parse().ok()?, offset_minutes(offset)?))
}

/// `+1200` → 720.
fn offset_minutes(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    let (sign, digits) = text.split_at_checked(1)?;
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
    Some(if sign == "-" { -minutes } else { minutes })
}
