//! The many ways Xero and its clients write dates and times.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Tz;

/// A calendar date in any form Xero accepts in a body: `2026-04-16`, `2026-04-16T00:00:00` (with
/// fraction or zone), `/Date(ms)/` and `/Date(ms+0000)/`.
pub fn parse_day(text: &str) -> Option<NaiveDate> {
    if let Some(ms) = parse_wrapped_ms(text) {
        return DateTime::<Utc>::from_timestamp_millis(ms).map(|moment| moment.date_naive());
    }
    let day = text.trim().split(['T', ' ']).next()?;
    NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()
}

/// The value of `If-Modified-Since` in milliseconds: ISO with or without zone and fraction, or
/// RFC 1123.
pub fn parse_modified_since(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Some(ms) = parse_wrapped_ms(text) {
        return Some(ms);
    }
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.timestamp_millis());
    }
    if let Ok(moment) = DateTime::parse_from_rfc2822(text) {
        return Some(moment.timestamp_millis());
    }
    if let Ok(moment) = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f") {
        return Some(moment.and_utc().timestamp_millis());
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(midnight_ms)
}

/// Midnight UTC of a calendar date, in milliseconds.
pub fn midnight_ms(day: NaiveDate) -> i64 {
    day.and_time(NaiveTime::MIN).and_utc().timestamp_millis()
}

/// The calendar date in a zone.
pub fn day_in(zone: Tz, at_ms: i64) -> NaiveDate {
    moment(at_ms).with_timezone(&zone).date_naive()
}

/// `2026-09-14T09:29:59Z`: the text twin of a stamp, in whole seconds.
pub fn seconds_text(at_ms: i64) -> String {
    moment(at_ms).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2026-04-20T11:47:10.3360000`: seven decimals and no zone, as `/connections` writes.
pub fn seven_decimals(at_ms: i64) -> String {
    format!("{}0000", moment(at_ms).format("%Y-%m-%dT%H:%M:%S%.3f"))
}

/// `2024-06-21T01:15:39.902`: milliseconds and no zone, as webhook events write.
pub fn event_text(at_ms: i64) -> String {
    moment(at_ms).format("%Y-%m-%dT%H:%M:%S%.3f").to_string()
}

/// `01/23/2020 18:21:16`, as the 401 of an expired token writes.
pub fn month_first(at_ms: i64) -> String {
    moment(at_ms).format("%m/%d/%Y %H:%M:%S").to_string()
}

fn parse_wrapped_ms(text: &str) -> Option<i64> {
    let inner = text.trim().strip_prefix("/Date(")?.strip_suffix(")/")?;
    let sign_at = inner.char_indices().skip(1).find(|(_, sign)| matches!(sign, '+' | '-'));
    let digits = match sign_at {
        Some((at, _)) => inner.get(..at)?,
        None => inner,
    };
    digits.parse().ok()
}

fn moment(at_ms: i64) -> DateTime<Utc> {
    DateTime::<Utc>::from_timestamp_millis(at_ms).unwrap_or_default()
}
