//! What tenants reply, as the door's answers.

use futures_util::FutureExt;

use super::control::{Answer, Refused};
use crate::engine::effect::Reply;
use crate::model::row::Invoice;
use crate::store::reader::ReadError;

/// The invoice as it stands after something was said about it.
pub(super) fn noted(asked: Answer<Reply>) -> Answer<Invoice> {
    async move {
        match asked.await? {
            Reply::Noted(invoice) => Ok(*invoice),
            Reply::Changed(invoice) => Err(Refused::Changed(invoice.version)),
            other => Err(unexpected(&other)),
        }
    }
    .boxed()
}

/// A reply holds documents, so the log is told its kind only.
pub(super) fn unexpected(reply: &Reply) -> Refused {
    let kind = match reply {
        Reply::Accepted { .. } => "accepted",
        Reply::KindChanged { .. } => "kind_changed",
        Reply::Operation(_) => "operation",
        Reply::NotConnected(_) => "not_connected",
        Reply::HasEnded => "has_ended",
        Reply::IsPush => "is_push",
        Reply::TooManyJobs => "too_many_jobs",
        Reply::Preview(_) => "preview",
        Reply::Noted(_) => "noted",
        Reply::Changed(_) => "changed",
        Reply::Unmappable(_) => "unmappable",
        Reply::Done { .. } => "done",
    };
    tracing::error!(kind, "a tenant gave a reply of another kind");
    Refused::Store("the tenant gave a reply of another kind".to_owned())
}

/// What the store says, for the log.
pub(super) fn in_words(error: &ReadError) -> Refused {
    Refused::Store(error.to_string())
}
