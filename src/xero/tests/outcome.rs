//! Every row of the outcome table, for writes and for reads.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::model::failure::FailureKind as Kind;
use crate::model::failure::{Limit, Received, Remedy};
use crate::xero::headers;
use crate::xero::outcome::{Asked, Lost, of_answer, of_lost, of_misread};
use crate::xero::wire::Misread;

const EXPIRED: &str = r#"{"Type":null,"Title":"Unauthorized","Status":401,"Detail":"TokenExpired: token expired at 01/01/2001 00:00:00"}"#;
const BAD_TOKEN: &str = r#"{"title":"Unauthorized","status":401,"detail":"AuthenticationUnsuccessful"}"#;
const NO_SCOPE: &str =
    r#"{"Type":null,"Title":"Unauthorized","Status":401,"Detail":"AuthorizationUnsuccessful","Extensions":{}}"#;
const NOT_CONNECTED: &str = r#"{"TITLE":"Forbidden","status":403,"dEtAiL":"AuthenticationUnsuccessful"}"#;
const VALIDATION: &str = r#"{"ErrorNumber":10,"Type":"ValidationException","Message":"A validation exception occurred","Elements":[
  {"InvoiceID":"00000000-0000-0000-0000-000000000000","Contact":{"ValidationErrors":[{"Message":"nested"}]},
   "ValidationErrors":[{"Message":"Invoice # must be unique."},{"Message":"Invoice # must be unique."}]},
  {"validationerrors":[{"Description":"described"}]}]}"#;
const QUERY: &str = r#"{"ErrorNumber":16,"Type":"QueryParseException","Message":"Unterminated string literal"}"#;
const KEY: &str = r#"{"Type":null,"Message":null,"Detail":"Idempotency Key: k1 is used with a different request."}"#;
const KEY_ELSEWHERE: &str = r#"{"Type":"ValidationException","Elements":[{"ValidationErrors":[{"Message":"Idempotency Key: k1 is used with a different request."}]}]}"#;
const SILENT: &str = r#"{"Type":null,"Message":null}"#;
const HTML: &str = "<html><body>nope</body></html>";

fn headers_of(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        let name: HeaderName = name.parse().unwrap();
        map.insert(name, HeaderValue::from_str(value).unwrap());
    }
    map
}

struct Row {
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    kind: Kind,
    remedy: Remedy,
    /// For a write, and for a read.
    received: (Received, Received),
}

const fn row(status: u16, body: &'static str, kind: Kind, remedy: Remedy, write: Received) -> Row {
    let read = match write {
        Received::Unknown | Received::UnknownAnswered => Received::No,
        certain => certain,
    };
    Row {
        status,
        headers: &[],
        body,
        kind,
        remedy,
        received: (write, read),
    }
}

const RETRY: Remedy = Remedy::RetryWithBackoff;
const GIVE_UP: Remedy = Remedy::GiveUpItem;

const ROWS: &[Row] = &[
    row(400, VALIDATION, Kind::Refused, GIVE_UP, Received::RefusedWhole),
    row(400, QUERY, Kind::Refused, GIVE_UP, Received::RefusedWhole),
    row(
        400,
        r#"{"Type":"PostDataInvalidException","Message":null}"#,
        Kind::Refused,
        GIVE_UP,
        Received::RefusedWhole,
    ),
    row(
        400,
        r#"{"type":"HighVolumeException","message":"Your request is not filtering"}"#,
        Kind::Refused,
        GIVE_UP,
        Received::RefusedWhole,
    ),
    row(400, KEY, Kind::KeyMismatch, GIVE_UP, Received::UnknownAnswered),
    row(
        400,
        KEY_ELSEWHERE,
        Kind::KeyMismatch,
        GIVE_UP,
        Received::UnknownAnswered,
    ),
    row(
        400,
        "Idempotency Key: k1 is used with a different request.",
        Kind::KeyMismatch,
        GIVE_UP,
        Received::UnknownAnswered,
    ),
    row(400, SILENT, Kind::Refused, GIVE_UP, Received::UnknownAnswered),
    row(400, "", Kind::Refused, GIVE_UP, Received::UnknownAnswered),
    row(400, HTML, Kind::Refused, GIVE_UP, Received::UnknownAnswered),
    row(
        400,
        r#"{"error":"invalid_grant"}"#,
        Kind::GrantRejected,
        Remedy::Reconnect,
        Received::No,
    ),
    row(401, EXPIRED, Kind::TokenRejected, Remedy::RefreshToken, Received::No),
    row(401, BAD_TOKEN, Kind::TokenRejected, Remedy::RefreshToken, Received::No),
    row(401, "", Kind::TokenRejected, Remedy::RefreshToken, Received::No),
    row(401, NO_SCOPE, Kind::GrantRejected, Remedy::Reconnect, Received::No),
    Row {
        headers: &[("www-authenticate", "insufficient_scope")],
        ..row(401, "", Kind::GrantRejected, Remedy::Reconnect, Received::No)
    },
    row(
        403,
        NOT_CONNECTED,
        Kind::TenantRejected,
        Remedy::CheckConnection,
        Received::No,
    ),
    row(403, HTML, Kind::TenantRejected, Remedy::CheckConnection, Received::No),
    row(404, HTML, Kind::NotFound, RETRY, Received::UnknownAnswered),
    row(405, "", Kind::Refused, GIVE_UP, Received::RefusedWhole),
    row(408, "", Kind::TimedOut, RETRY, Received::Unknown),
    row(409, "", Kind::Unavailable, RETRY, Received::Unknown),
    row(412, "", Kind::Refused, GIVE_UP, Received::RefusedWhole),
    row(413, "", Kind::Refused, GIVE_UP, Received::RefusedWhole),
    row(414, "", Kind::Refused, GIVE_UP, Received::RefusedWhole),
    row(418, "", Kind::Refused, GIVE_UP, Received::UnknownAnswered),
    row(422, VALIDATION, Kind::Refused, GIVE_UP, Received::UnknownAnswered),
    row(
        500,
        r#"{"Title":"An error occurred","Status":500}"#,
        Kind::Unavailable,
        RETRY,
        Received::UnknownAnswered,
    ),
    row(501, "<Error/>", Kind::Refused, GIVE_UP, Received::RefusedWhole),
    row(502, HTML, Kind::TimedOut, RETRY, Received::Unknown),
    row(
        503,
        "The Organisation is offline",
        Kind::Unavailable,
        RETRY,
        Received::UnknownAnswered,
    ),
    row(
        503,
        "The Xero API is currently offline for maintenance",
        Kind::Unavailable,
        RETRY,
        Received::UnknownAnswered,
    ),
    row(
        503,
        "The Xero API is temporarily unavailable",
        Kind::Unavailable,
        RETRY,
        Received::UnknownAnswered,
    ),
    row(504, "", Kind::TimedOut, RETRY, Received::Unknown),
    row(599, "", Kind::Unavailable, RETRY, Received::UnknownAnswered),
    row(301, "", Kind::Garbled, RETRY, Received::UnknownAnswered),
    row(302, "", Kind::Garbled, RETRY, Received::UnknownAnswered),
    row(304, "", Kind::Garbled, RETRY, Received::UnknownAnswered),
    row(307, "", Kind::Garbled, RETRY, Received::UnknownAnswered),
    row(700, "", Kind::Garbled, RETRY, Received::UnknownAnswered),
];

#[test]
fn every_answer_has_its_row() {
    for row in ROWS {
        let headers = headers_of(row.headers);
        for (asked, received) in [(Asked::Write, row.received.0), (Asked::Read, row.received.1)] {
            let failure = of_answer(asked, row.status, &headers, row.body.as_bytes());
            let context = format!("{asked:?} {} {}", row.status, row.body);
            assert_eq!(failure.kind, row.kind, "{context}");
            assert_eq!(failure.remedy, row.remedy, "{context}");
            assert_eq!(failure.received, received, "{context}");
            assert_eq!(failure.status, Some(row.status), "{context}");
            assert!(!failure.message.is_empty(), "{context}");
            assert!(!failure.message.contains("k1"), "{context}");
        }
    }
}

#[test]
fn validation_messages_come_from_every_depth_once() {
    let failure = of_answer(Asked::Write, 400, &HeaderMap::new(), VALIDATION.as_bytes());
    let mut messages = failure.validation;
    messages.sort();
    assert_eq!(messages, ["Invoice # must be unique.", "described", "nested"]);
}

#[test]
fn outages_are_told_apart_in_words() {
    for (body, message) in [
        ("The Organisation is offline", "the organisation is offline in xero"),
        (
            "The Xero API is currently offline for maintenance",
            "xero is offline for maintenance",
        ),
        (
            "The Xero API is temporarily unavailable",
            "xero is temporarily unavailable",
        ),
        (HTML, "xero failed (503)"),
    ] {
        let failure = of_answer(Asked::Read, 503, &HeaderMap::new(), body.as_bytes());
        assert_eq!(failure.message, message);
    }
}

#[test]
fn lost_calls_have_their_rows() {
    let rows = [
        (Lost::Unsendable, Kind::Unavailable, Received::No),
        (Lost::NoAddress, Kind::Unavailable, Received::No),
        (Lost::NoConnection, Kind::Unavailable, Received::No),
        (Lost::NoTrust, Kind::Unavailable, Received::No),
        (Lost::TimedOut, Kind::TimedOut, Received::Unknown),
        (Lost::Broken, Kind::TimedOut, Received::Unknown),
        (Lost::TooLarge, Kind::Garbled, Received::Unknown),
    ];
    for (lost, kind, received) in rows {
        let write = of_lost(Asked::Write, lost);
        assert_eq!(
            (write.kind, write.received, write.remedy, write.status),
            (kind, received, RETRY, None)
        );
        assert_eq!(of_lost(Asked::Token, lost).received, received);
        assert_eq!(of_lost(Asked::Read, lost).received, Received::No);
    }
}

#[test]
fn a_garbled_success_was_read_completely() {
    for misread in [
        Misread::Shape,
        Misread::ListMissing,
        Misread::IdMissing,
        Misread::Contradiction,
        Misread::NotWhatWasSent,
    ] {
        let failure = of_misread(Asked::Write, 200, misread);
        assert_eq!(failure.kind, Kind::Garbled);
        assert_eq!(failure.remedy, RETRY);
        assert_eq!(failure.received, Received::UnknownAnswered);
        assert_eq!(failure.status, Some(200));
        assert_eq!(of_misread(Asked::Read, 200, misread).received, Received::No);
    }
}

#[test]
fn the_token_endpoint_kills_a_grant_with_one_word_only() {
    let refused = |status, body: &str| of_answer(Asked::Token, status, &HeaderMap::new(), body.as_bytes());
    let dead = refused(400, r#"{"error":"invalid_grant","error_description":"x"}"#);
    assert_eq!((dead.kind, dead.remedy), (Kind::GrantRejected, Remedy::Reconnect));
    for (status, body) in [
        (400, r#"{"error":"invalid_client"}"#),
        (401, r#"{"error":"invalid_client"}"#),
        (400, r#"{"error":"unauthorized_client"}"#),
        (400, r#"{"error":"invalid_scope"}"#),
        (400, HTML),
        (401, ""),
        (403, ""),
        (404, HTML),
    ] {
        let failure = refused(status, body);
        assert_eq!(
            (failure.kind, failure.remedy),
            (Kind::Refused, RETRY),
            "{status} {body}"
        );
    }
    assert_eq!(refused(503, "").kind, Kind::Unavailable);
    assert_eq!(refused(429, "").kind, Kind::Throttled);
}

/// Headers of a 429, the limit they tell of, the wait in milliseconds.
type LimitRow = (&'static [(&'static str, &'static str)], Limit, Option<u64>);

const DAY_MS: u64 = 86_400_000;

const LIMIT_ROWS: &[LimitRow] = &[
    (
        &[("x-rate-limit-problem", "minute"), ("retry-after", "26")],
        Limit::Minute,
        Some(26_000),
    ),
    (
        &[("x-rate-limit-problem", "Minute"), ("retry-after", "500")],
        Limit::Minute,
        Some(500_000),
    ),
    (
        &[("x-rate-limit-problem", "day"), ("retry-after", "66183")],
        Limit::Day,
        Some(66_183_000),
    ),
    (&[("x-rate-limit-problem", "DayLimit")], Limit::Day, None),
    (&[("x-rate-limit-problem", "daily")], Limit::Day, None),
    (&[("x-rate-limit-problem", "concurrent")], Limit::Concurrent, None),
    (&[("x-rate-limit-problem", "app")], Limit::AppMinute, None),
    (
        &[("x-rate-limit-problem", "appminute"), ("retry-after", "3")],
        Limit::AppMinute,
        Some(3_000),
    ),
    (
        &[("x-rate-limit-problem", "???"), ("retry-after", "121")],
        Limit::Day,
        Some(121_000),
    ),
    (
        &[("x-rate-limit-problem", "???"), ("retry-after", "120")],
        Limit::Minute,
        Some(120_000),
    ),
    (&[("retry-after", "77000")], Limit::Day, Some(77_000_000)),
    (&[("x-daylimit-remaining", "0")], Limit::Day, None),
    (&[("x-minlimit-remaining", "0")], Limit::Minute, None),
    (&[], Limit::Concurrent, None),
    (
        &[("x-rate-limit-problem", "minute"), ("retry-after", "-7")],
        Limit::Minute,
        Some(1_000),
    ),
    (
        &[("x-rate-limit-problem", "minute"), ("retry-after", "0")],
        Limit::Minute,
        Some(1_000),
    ),
    (
        &[("x-rate-limit-problem", "minute"), ("retry-after", "2.2")],
        Limit::Minute,
        Some(3_000),
    ),
    (
        &[("x-rate-limit-problem", "minute"), ("retry-after", "soon")],
        Limit::Minute,
        None,
    ),
    (
        &[("x-rate-limit-problem", "minute"), ("retry-after", "")],
        Limit::Minute,
        None,
    ),
    (
        &[("x-rate-limit-problem", "day"), ("retry-after", "315360000")],
        Limit::Day,
        Some(DAY_MS),
    ),
    (
        &[("x-rate-limit-problem", "day"), ("retry-after", "18446744073709551616")],
        Limit::Day,
        Some(DAY_MS),
    ),
    (
        &[
            ("x-rate-limit-problem", "day"),
            ("retry-after", "99999999999999999999999999999999"),
        ],
        Limit::Day,
        Some(DAY_MS),
    ),
    (
        &[
            ("x-rate-limit-problem", "minute"),
            ("date", "Fri, 24 Apr 2026 11:59:36 GMT"),
            ("retry-after", "Fri, 24 Apr 2026 12:00:06 GMT"),
        ],
        Limit::Minute,
        Some(30_000),
    ),
];

#[test]
fn every_limit_is_told_from_the_headers() {
    for (pairs, limit, wait_ms) in LIMIT_ROWS {
        let failure = of_answer(Asked::Write, 429, &headers_of(pairs), b"");
        let remedy = Remedy::WaitForLimit {
            limit: *limit,
            retry_after_ms: *wait_ms,
        };
        assert_eq!(failure.remedy, remedy, "{pairs:?}");
        assert_eq!((failure.kind, failure.received), (Kind::Throttled, Received::No));
    }
}

#[test]
fn headers_tell_limits_clock_and_correlation_id() {
    let meta = headers::meta(
        &headers_of(&[
            ("X-MinLimit-Remaining", "59"),
            ("X-DayLimit-Remaining", "4984"),
            ("Date", "Mon, 04 May 2020 23:03:18 GMT"),
            ("Xero-Correlation-Id", "12b9c7bc-4c28-4920-a54c-136e7014eaa2"),
        ]),
        164_213,
    );
    assert_eq!((meta.minute_remaining, meta.day_remaining), (Some(59), Some(4984)));
    assert_eq!(meta.xero_time.unwrap().to_rfc3339(), "2020-05-04T23:03:18.000Z");
    assert_eq!(meta.correlation_id.unwrap(), "12b9c7bc-4c28-4920-a54c-136e7014eaa2");
    assert_eq!(meta.bytes_count, 164_213);
    let odd = headers::meta(&headers_of(&[("X-MinLimit-Remaining", "-1"), ("Date", "yesterday")]), 0);
    assert_eq!((odd.minute_remaining, odd.xero_time), (None, None));
}
