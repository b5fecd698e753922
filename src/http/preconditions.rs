//! `If-Match` and `If-None-Match`. Our tags are weak: they name a version, not bytes.

use hyper::HeaderMap;
use hyper::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};

use super::problem::{Problem, ProblemCode};

/// Refuses a change that was not made on the version `etag`.
pub fn require_match(headers: &HeaderMap, etag: &str) -> Result<(), Problem> {
    match lists(headers, IF_MATCH, etag) {
        None => Err(Problem::new(
            ProblemCode::PreconditionRequired,
            "The change needs the ETag of the version it is made on.",
        )),
        Some(true) => Ok(()),
        Some(false) => Err(mismatch(etag)),
    }
}

/// Whether the change names the version it is made on; it may name none.
///
/// # Errors
/// It names another one than `etag`.
pub fn names_version(headers: &HeaderMap, etag: &str) -> Result<bool, Problem> {
    match lists(headers, IF_MATCH, etag) {
        None => Ok(false),
        Some(true) => Ok(true),
        Some(false) => Err(mismatch(etag)),
    }
}

/// Whether the caller has the version `etag` already.
pub fn has_version(headers: &HeaderMap, etag: &str) -> bool {
    lists(headers, IF_NONE_MATCH, etag) == Some(true)
}

/// The refusal of a change that was not made on the version `etag`.
pub fn mismatch(etag: &str) -> Problem {
    Problem::new(ProblemCode::EtagMismatch, format!("The current version is {etag}.")).with("etag", etag)
}

/// Whether the header lists the tag; `None` = there is no such header.
fn lists(headers: &HeaderMap, name: HeaderName, etag: &str) -> Option<bool> {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let wanted = bare(etag);
    let mut values = headers.get_all(name).iter().peekable();
    values.peek()?;
    Some(values.any(|value| {
        value
            .to_str()
            .unwrap_or_default()
            .split(',')
            .any(|tag| tag.trim() == "*" || bare(tag) == wanted)
    }))
}
