//! What a call that never left tells the machine.

use super::outcall::not_sent;
use crate::model::failure::{Failure, FailureKind, Received, Remedy};

#[test]
fn a_token_that_is_not_to_be_had_never_speaks_of_the_document() {
    // What the token endpoint failed with, and what the machine hears.
    let table = [
        (FailureKind::Refused, FailureKind::Unavailable),
        (FailureKind::NotFound, FailureKind::Unavailable),
        (FailureKind::KeyMismatch, FailureKind::Unavailable),
        (FailureKind::Garbled, FailureKind::Unavailable),
        (FailureKind::GrantRejected, FailureKind::GrantRejected),
        (FailureKind::TimedOut, FailureKind::TimedOut),
    ];
    for (kind, heard) in table {
        let answer = not_sent(Failure {
            kind,
            remedy: Remedy::RetryWithBackoff,
            received: Received::RefusedWhole,
            status: Some(400),
            message: "xero does not accept the app's client id and secret".to_owned(),
            validation: Vec::new(),
        });
        let failure = answer.result.unwrap_err();
        assert_eq!((failure.kind, failure.received), (heard, Received::No), "{kind:?}");
    }
}
