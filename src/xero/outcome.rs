//! What a failed call means: the one table from transport errors, statuses and bodies to
//! [`Failure`]. Everything that decides about sending again rests on [`Received`], so where Xero
//! documents nothing the answer here is "it may have acted", which costs a look-up and nothing
//! else.

use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

use super::headers;
use super::refusal::Refusal;
use super::wire::Misread;
use crate::model::failure::{Failure, FailureKind, Received, Remedy};
use crate::model::mutation::{Rule, is_broken};

/// What kind of call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A read of the accounting API: it changes nothing, so Xero never "may have acted".
    Read,
    /// A write to the accounting API.
    Write,
    /// `/connect/token`: rotates the token.
    Token,
    /// `/connections`.
    Connections,
}

/// A call that brought no complete answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// The request could not be built.
    Unsendable,
    /// The host's name could not be resolved.
    NoAddress,
    /// The connection was refused or not made in time.
    NoConnection,
    /// The server could not prove who it is.
    NoTrust,
    /// No complete answer in time.
    TimedOut,
    /// The connection broke after the request may have left.
    Broken,
    /// The answer is larger than we read.
    TooLarge,
}

/// The failure of a call that brought no complete answer.
#[must_use]
pub fn of_lost(asked: Asked, lost: Lost) -> Failure {
    let (kind, received, message) = match lost {
        Lost::Unsendable => (FailureKind::Unavailable, Received::No, "the request could not be built"),
        Lost::NoAddress => (
            FailureKind::Unavailable,
            Received::No,
            "xero's address could not be resolved",
        ),
        Lost::NoConnection => (FailureKind::Unavailable, Received::No, "no connection to xero"),
        Lost::NoTrust => (
            FailureKind::Unavailable,
            Received::No,
            "xero's certificate could not be verified",
        ),
        Lost::TimedOut => (FailureKind::TimedOut, Received::Unknown, "no answer from xero in time"),
        Lost::Broken => (FailureKind::TimedOut, Received::Unknown, "the connection to xero broke"),
        Lost::TooLarge => (FailureKind::Garbled, Received::Unknown, "xero's answer is too large"),
    };
    Verdict {
        kind,
        remedy: Remedy::RetryWithBackoff,
        received,
    }
    .failure(asked, None, message.to_owned())
}

/// The failure of a call whose 2xx could not be understood. It was read to its end, so nothing
/// of it can happen later.
#[must_use]
pub fn of_misread(asked: Asked, status: u16, misread: Misread) -> Failure {
    GARBLED.failure(asked, Some(status), misread.to_string())
}

/// The failure a complete answer with any other status than 2xx tells of.
#[must_use]
pub fn of_answer(asked: Asked, status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
    let refusal = Refusal::read(body);
    let (verdict, message) = match (asked, status) {
        (_, 429) => throttled(headers),
        (Asked::Token, 400..=499) => token_refused(&refusal, status),
        (_, 400) => bad_request(&refusal),
        (_, 401) => unauthorised(headers, &refusal),
        (_, 403) => (FORBIDDEN, "xero says this organisation is not connected".to_owned()),
        (_, 404) => (NOT_FOUND, "xero does not know what was asked for".to_owned()),
        (_, 408 | 502 | 504) => (GATEWAY, format!("a gateway gave up on xero ({status})")),
        (_, 409) => (CONFLICT, "xero is still working on the same request (409)".to_owned()),
        (_, 405 | 406 | 411..=415 | 431 | 501) => (REFUSED, format!("xero does not take this request ({status})")),
        (_, 400..=499) => (OTHER_REFUSAL, format!("xero refused the request ({status})")),
        (_, 500..=599) => (UNAVAILABLE, outage(&refusal, status)),
        (_, 300..=399) => (
            GARBLED,
            format!("xero answered with a redirect ({status}), which is never followed"),
        ),
        (_, _) => (GARBLED, format!("xero answered with an unknown status ({status})")),
    };
    let mut failure = verdict.failure(asked, Some(status), message);
    failure.validation = refusal.validation;
    failure
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
struct Verdict {
    kind: FailureKind,
    remedy: Remedy,
    /// Said of a write.
    received: Received,
}

impl Verdict {
    fn failure(self, asked: Asked, status: Option<u16>, message: String) -> Failure {
        let received = match (asked, self.received) {
            (Asked::Read, Received::UnknownAnswered | Received::Unknown) => Received::No,
            (_, Received::Unknown) if is_broken(Rule::LostAnswer) => Received::No,
            (_, Received::UnknownAnswered) if is_broken(Rule::FailedAnswer) => Received::No,
            (_, received) => received,
        };
        Failure {
            kind: self.kind,
            remedy: self.remedy,
            received,
            status,
            message,
            validation: Vec::new(),
        }
    }
}

const REFUSED: Verdict = Verdict {
    kind: FailureKind::Refused,
    remedy: Remedy::GiveUpItem,
    received: Received::RefusedWhole,
};
/// A refusal Xero documents nowhere: perhaps of the key, which an earlier write may have used.
const OTHER_REFUSAL: Verdict = Verdict {
    received: Received::UnknownAnswered,
    ..REFUSED
};
/// Something was sent under this key before and may be in Xero.
const KEY_MISMATCH: Verdict = Verdict {
    kind: FailureKind::KeyMismatch,
    ..OTHER_REFUSAL
};
/// Xero may have acted before it failed, and repeats the failure under the same key.
const UNAVAILABLE: Verdict = Verdict {
    kind: FailureKind::Unavailable,
    remedy: Remedy::RetryWithBackoff,
    received: Received::UnknownAnswered,
};
/// The answer is not Xero's: Xero may still be working.
const GATEWAY: Verdict = Verdict {
    kind: FailureKind::TimedOut,
    received: Received::Unknown,
    ..UNAVAILABLE
};
/// An earlier send of the same attempt is still running.
const CONFLICT: Verdict = Verdict {
    received: Received::Unknown,
    ..UNAVAILABLE
};
const GARBLED: Verdict = Verdict {
    kind: FailureKind::Garbled,
    ..UNAVAILABLE
};
/// Lists and addresses of ours always exist, so this is said by something in between, or about a
/// document that is gone, which reading it tells for certain.
const NOT_FOUND: Verdict = Verdict {
    kind: FailureKind::NotFound,
    ..UNAVAILABLE
};
const FORBIDDEN: Verdict = Verdict {
    kind: FailureKind::TenantRejected,
    remedy: Remedy::CheckConnection,
    received: Received::No,
};
const TOKEN_EXPIRED: Verdict = Verdict {
    kind: FailureKind::TokenRejected,
    remedy: Remedy::RefreshToken,
    received: Received::No,
};
const GRANT_REJECTED: Verdict = Verdict {
    kind: FailureKind::GrantRejected,
    remedy: Remedy::Reconnect,
    received: Received::No,
};

/// Limits are checked before anything else, so nothing was carried out.
fn throttled(headers: &HeaderMap) -> (Verdict, String) {
    let (limit, retry_after_ms) = headers::limit(headers);
    let verdict = Verdict {
        kind: FailureKind::Throttled,
        remedy: Remedy::WaitForLimit { limit, retry_after_ms },
        received: Received::No,
    };
    (verdict, format!("xero's {} limit is met", limit.label()))
}

fn bad_request(refusal: &Refusal) -> (Verdict, String) {
    if refusal.mentions("idempotency") && refusal.mentions("different request") {
        let message = "the idempotency key was used with a different request";
        return (KEY_MISMATCH, message.to_owned());
    }
    if refusal.oauth.eq_ignore_ascii_case("invalid_grant") {
        return (GRANT_REJECTED, "the grant is dead".to_owned());
    }
    // A mismatch of the key has been seen without any message at all.
    if refusal.kind.is_empty() && refusal.message.is_empty() && refusal.validation.is_empty() {
        return (OTHER_REFUSAL, "xero refused the request without saying why".to_owned());
    }
    let message = match refusal.kind.to_ascii_lowercase().as_str() {
        "validationexception" => "xero's validation refused the request",
        "queryparseexception" => "xero could not read the query",
        "highvolumeexception" => "xero refused a query over too many documents",
        "postdatainvalidexception" => "xero could not read the body",
        _ => "xero refused the request",
    };
    (REFUSED, message.to_owned())
}

/// Three sorts of 401, which need three different acts.
fn unauthorised(headers: &HeaderMap, refusal: &Refusal) -> (Verdict, String) {
    let challenge = headers
        .get(WWW_AUTHENTICATE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_ascii_lowercase();
    if challenge.contains("insufficient_scope") || refusal.mentions("authorizationunsuccessful") {
        return (GRANT_REJECTED, "the grant lacks a scope".to_owned());
    }
    let message = if refusal.mentions("tokenexpired") {
        "the access token has expired"
    } else {
        "xero did not accept the access token"
    };
    (TOKEN_EXPIRED, message.to_owned())
}

/// `invalid_grant` alone speaks of the grant. Anything else is about the app's own credentials
/// or the request: reconnecting an organisation would not help, correcting the configuration
/// does, so it is tried again.
fn token_refused(refusal: &Refusal, status: u16) -> (Verdict, String) {
    let is_about = |word: &str| refusal.oauth.eq_ignore_ascii_case(word);
    if is_about("invalid_grant") {
        return (GRANT_REJECTED, "the grant is dead".to_owned());
    }
    let verdict = Verdict {
        remedy: Remedy::RetryWithBackoff,
        ..REFUSED
    };
    let message = if is_about("invalid_client") || is_about("unauthorized_client") {
        "xero does not accept the app's client id and secret".to_owned()
    } else {
        format!("xero's token endpoint refused the request ({status})")
    };
    (verdict, message)
}

fn outage(refusal: &Refusal, status: u16) -> String {
    if refusal.mentions("organisation is offline") {
        "the organisation is offline in xero".to_owned()
    } else if refusal.mentions("offline for maintenance") {
        "xero is offline for maintenance".to_owned()
    } else if refusal.mentions("temporarily unavailable") {
        "xero is temporarily unavailable".to_owned()
    } else {
        format!("xero failed ({status})")
    }
}
