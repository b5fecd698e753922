//! What the headers of an answer tell.

use chrono::DateTime;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::model::failure::Limit;
use crate::model::time::Timestamp;
use crate::model::xero::AnswerMeta;

/// No wait is shorter than this, whatever `Retry-After` says.
const WAIT_MIN_MS: u64 = 1_000;
/// No wait is longer than the longest of Xero's windows: a day.
const WAIT_MAX_MS: u64 = 24 * 60 * 60 * 1_000;
/// A wait that is longer than this cannot be for the minute's limit.
const MINUTE_WAIT_MAX_MS: u64 = 120_000;
/// Longest correlation id that is kept; Xero's are GUIDs.
const CORRELATION_ID_MAX: usize = 64;

/// Limits, clock and correlation id.
#[must_use]
pub fn meta(headers: &HeaderMap, bytes_count: u64) -> AnswerMeta {
    AnswerMeta {
        minute_remaining: number(headers, "x-minlimit-remaining"),
        day_remaining: number(headers, "x-daylimit-remaining"),
        xero_time: text(headers, DATE.as_str()).and_then(http_date),
        bytes_count,
        correlation_id: text(headers, "xero-correlation-id").map(|id| {
            id.chars()
                .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
                .take(CORRELATION_ID_MAX)
                .collect()
        }),
    }
}

/// Which limit a 429 is about, and how long to wait: 1 s to 24 h, `None` when Xero did not say.
#[must_use]
pub fn limit(headers: &HeaderMap) -> (Limit, Option<u64>) {
    let wait_ms = retry_after_ms(headers);
    let word = text(headers, "x-rate-limit-problem")
        .unwrap_or_default()
        .to_ascii_lowercase();
    // "app" comes first because the word for it may contain "minute" too.
    let limit = if word.contains("app") {
        Limit::AppMinute
    } else if word.contains("concurren") {
        Limit::Concurrent
    } else if word.contains("day") || word.contains("dai") {
        Limit::Day
    } else if word.contains("min") {
        Limit::Minute
    } else {
        unnamed_limit(headers, wait_ms)
    };
    (limit, wait_ms)
}

/// Only the limit of calls at once comes without a wait.
fn unnamed_limit(headers: &HeaderMap, wait_ms: Option<u64>) -> Limit {
    match wait_ms {
        Some(wait_ms) if wait_ms > MINUTE_WAIT_MAX_MS => Limit::Day,
        Some(_) => Limit::Minute,
        None if number(headers, "x-daylimit-remaining") == Some(0) => Limit::Day,
        None if number(headers, "x-minlimit-remaining") == Some(0) => Limit::Minute,
        None => Limit::Concurrent,
    }
}

fn retry_after_ms(headers: &HeaderMap) -> Option<u64> {
    let value = text(headers, RETRY_AFTER.as_str())?;
    if let Some(at) = http_date(value) {
        let now = text(headers, DATE.as_str()).and_then(http_date)?;
        let wait_ms = u64::try_from(at.since_ms(now)).unwrap_or(0);
        return Some(wait_ms.clamp(WAIT_MIN_MS, WAIT_MAX_MS));
    }
    if value.len() > 20 && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(WAIT_MAX_MS);
    }
    let seconds = Decimal::from_str_exact(value).ok()?.ceil();
    if seconds.is_sign_negative() {
        return Some(WAIT_MIN_MS);
    }
    let wait_ms = seconds.to_u64().unwrap_or(u64::MAX).saturating_mul(1_000);
    Some(wait_ms.clamp(WAIT_MIN_MS, WAIT_MAX_MS))
}

/// `Fri, 24 Apr 2026 11:59:36 GMT`
fn http_date(text: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc2822(text)
        .ok()
        .map(|at| Timestamp(at.timestamp_millis()))
}

fn number(headers: &HeaderMap, name: &str) -> Option<u32> {
    text(headers, name)?.parse().ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}
