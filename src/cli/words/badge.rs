//! Badges in the words of the product, and what stands behind them.

use serde_json::Value;

use super::field::{self, NOTHING};
use super::screen::Style;
use super::time;
use crate::model::row::{Badge, WaitCause};
use crate::model::time::Timestamp;

const BADGES: [Badge; 3] = [Badge::Synced, Badge::Pending, Badge::Failed];

/// The word of a badge and how it looks; a dash for none.
#[must_use]
pub fn label(sync: &Value) -> (String, Style) {
    let state = field::text(sync, "/state");
    let known = BADGES.into_iter().find(|badge| state.as_deref() == Some(badge.state()));
    match known {
        Some(Badge::Synced) => (Badge::Synced.label().to_owned(), Style::Good),
        Some(Badge::Pending) => (Badge::Pending.label().to_owned(), Style::Quiet),
        Some(Badge::Failed) => (Badge::Failed.label().to_owned(), Style::Bad),
        None => (field::shown(sync, "/label"), Style::Plain),
    }
}

/// The badge with its moment, in one line: `Synced to Xero · 2 min ago (14:03:11Z)`.
#[must_use]
pub fn line(sync: &Value, now: Timestamp) -> (String, Style) {
    let (mut text, style) = label(sync);
    let behind = match field::text(sync, "/state").as_deref() {
        Some("synced") => field::moment(sync, "/last_synced_at").map(|at| time::ago(at, now)),
        Some("pending") => Some(waiting(sync, now)),
        Some("failed") => field::moment(sync, "/reason/since").map(|at| time::lasting(at, now).to_string()),
        _ => None,
    };
    if let Some(behind) = behind.filter(|behind| !behind.is_empty()) {
        text.push_str(" · ");
        text.push_str(&behind);
    }
    (text, style)
}

/// The badge in a narrow place: the reason of a red one beside it.
#[must_use]
pub fn brief(sync: &Value) -> (String, Style) {
    let (text, style) = label(sync);
    match field::text(sync, "/reason/title") {
        Some(title) => (format!("{text}: {title}"), style),
        None => (text, style),
    }
}

/// What else there is to know: earlier success, a newer version that waits, retries.
#[must_use]
pub fn remarks(sync: &Value, now: Timestamp) -> Vec<String> {
    let mut remarks = Vec::new();
    let is_synced = field::text(sync, "/state").as_deref() == Some("synced");
    if let Some(at) = field::moment(sync, "/last_synced_at").filter(|_| !is_synced) {
        remarks.push(format!("last synced {}", time::ago(at, now)));
    }
    if field::is_true(sync, "/pending_change") {
        remarks.push("the latest change is not in Xero yet".to_owned());
    }
    remarks.extend(retries(sync));
    if field::text(sync, "/state").as_deref() == Some("pending") && sync.pointer("/waiting/cause").is_some() {
        remarks.push("The system retries automatically.".to_owned());
    }
    remarks
}

/// `retry 3 of 3, retries stopped`.
fn retries(sync: &Value) -> Option<String> {
    let used = field::count(sync, "/retries");
    if used == 0 {
        return None;
    }
    let max = field::count(sync, "/max_retries");
    let is_stopped = used >= max && !field::is_true(sync, "/auto_retry");
    let end = if is_stopped { ", retries stopped" } else { "" };
    Some(format!("retry {used} of {max}{end}"))
}

fn waiting(sync: &Value, now: Timestamp) -> String {
    let Some(cause) = field::text(sync, "/waiting/cause") else {
        return field::moment(sync, "/queued_at")
            .map(|at| format!("queued {}", time::ago(at, now)))
            .unwrap_or_default();
    };
    let words = cause_in_words(&cause);
    match field::moment(sync, "/waiting/until").filter(|until| *until > now) {
        Some(until) if cause == WaitCause::OutcomeUnknown.label() => {
            format!("{words}, until {}", time::clock(until, now))
        }
        Some(until) => format!("{words} until {}", time::clock(until, now)),
        None => words.to_owned(),
    }
}

fn cause_in_words(cause: &str) -> &str {
    let causes = [
        (WaitCause::XeroRateLimit, "waiting for Xero's rate limit"),
        (WaitCause::Transient, "Xero failed, waiting to try again"),
        (WaitCause::OutcomeUnknown, "finding out whether Xero has it"),
        (WaitCause::CatchingUp, "waiting for the connection to catch up"),
    ];
    causes
        .into_iter()
        .find(|(known, _)| known.label() == cause)
        .map_or(cause, |(_, words)| words)
}

/// What may be meant, one line each: its value, its name, and what speaks for it.
#[must_use]
pub fn candidates(of: &Value) -> Vec<String> {
    let line = |candidate: &Value| {
        let known = [
            field::text(candidate, "/type"),
            field::text(candidate, "/email"),
            field::text(candidate, "/account_number"),
            field::text(candidate, "/status"),
            documents(candidate),
            field::text(candidate, "/why"),
        ];
        let known: Vec<String> = known.into_iter().flatten().collect();
        let value = field::shown(candidate, "/value");
        format!("{value}  {} ({})", field::shown(candidate, "/name"), known.join(", "))
    };
    field::items(of, "/candidates").iter().map(line).collect()
}

/// How many of our documents a contact has.
fn documents(candidate: &Value) -> Option<String> {
    candidate.pointer("/documents")?;
    let count = field::count(candidate, "/documents/value");
    let more = if field::is_true(candidate, "/documents/exact") {
        ""
    } else {
        "at least "
    };
    let noun = if count == 1 { "document" } else { "documents" };
    Some(format!("{more}{count} {noun}"))
}

/// A reason with its detail, its fix, what may be meant, and where to read more.
#[must_use]
pub fn reason(reason: &Value) -> Vec<String> {
    let code = field::text(reason, "/code").unwrap_or_default();
    let mut lines = vec![field::shown(reason, "/title")];
    lines.extend(field::text(reason, "/detail"));
    lines.extend(field::text(reason, "/fix").map(|fix| format!("Fix: {fix}")));
    lines.extend(
        candidates(reason)
            .into_iter()
            .map(|candidate| format!("Meant? {candidate}")),
    );
    if let Some(url) = field::text(reason, "/existing/url") {
        lines.push(format!("In Xero: {url}"));
        lines.push(format!("Link: {}", field::shown(reason, "/existing/link/command")));
    }
    lines.push(format!("More: counterfoil explain {code}"));
    lines.retain(|line| line != NOTHING);
    lines
}
