//! What the actors refuse, as problems.

use serde_json::json;

use crate::actors::control::{ConnectFault, Refused, Unmappable};
use crate::http::preconditions;
use crate::http::problem::{Fault, Problem, ProblemCode};
use crate::model::failure::{Failure, FailureKind};
use crate::model::row::MappingKind;

/// The problem for a refusal. What the store and Xero say inside goes to the log only.
pub fn problem(refused: Refused) -> Problem {
    match refused {
        Refused::TenantNotFound => Problem::new(ProblemCode::TenantNotFound, "There is no such tenant."),
        Refused::InvoiceNotFound => {
            Problem::new(ProblemCode::InvoiceNotFound, "There is no such invoice in this tenant.")
        }
        Refused::OperationNotFound(id) => {
            Problem::new(ProblemCode::OperationNotFound, format!("There is no operation {id}."))
        }
        Refused::Busy => Problem::new(ProblemCode::Busy, "The tenant has more requests waiting than it takes."),
        Refused::Parked(_why) => Problem::new(
            ProblemCode::TenantParked,
            "The tenant was stopped after repeated faults.",
        ),
        Refused::Draining => Problem::new(ProblemCode::Draining, "The daemon is stopping and takes no new work."),
        Refused::DiskReserve(_why) => Problem::new(
            ProblemCode::DiskFull,
            "Nothing was stored: the space left on the disk is kept for what was accepted before.",
        ),
        Refused::Store(why) => {
            tracing::warn!(error = %why, "the store refused a write of the control endpoint");
            Problem::new(
                ProblemCode::StoreUnavailable,
                "The store does not take writes now. Repeat the request: what was stored all the same is not stored twice.",
            )
        }
        Refused::KindChanged { was, wanted } => Problem::new(
            ProblemCode::KindChanged,
            format!("The document is a {was} document; it cannot become a {wanted} document."),
        ),
        Refused::Changed(version) => preconditions::mismatch(&format!("W/\"{version}\"")),
        Refused::NotConnected(state) => Problem::new(
            ProblemCode::CompanyNotConfigured,
            format!(
                "The connection is in the state {}. {}.",
                state.label(),
                state.resolving_action().map_or("", |(_, words)| words)
            ),
        )
        .with("connection_state", state.label()),
        Refused::HasEnded => Problem::new(ProblemCode::OperationEnded, "The operation has ended in the meantime."),
        Refused::IsPush => Problem::new(
            ProblemCode::NotCancellable,
            "The operation sends one invoice to Xero: that cannot be called back.",
        ),
        Refused::TooManyJobs => Problem::new(
            ProblemCode::OperationInProgress,
            "The organisation has as many open operations as it takes.",
        ),
        Refused::Unmappable(wrong) => unmappable(&wrong),
        Refused::NotReached(id) => Problem::new(
            ProblemCode::TenantNotReached,
            format!("The grant does not reach the organisation {id}."),
        )
        .with("xero_tenant_id", id.to_string()),
        Refused::NoConnectAttempt(id) => {
            Problem::new(ProblemCode::ConnectNotFound, format!("There is no attempt {id}."))
        }
        Refused::Connect(fault) => connecting(fault),
        Refused::Xero(failure) => from_xero(&failure),
    }
}

fn unmappable(wrong: &[Unmappable]) -> Problem {
    let kind = wrong.first().map(|wrong| wrong.kind);
    let code = match kind {
        Some(MappingKind::NominalCodes) => ProblemCode::AccountMappingIncorrect,
        Some(MappingKind::TaxRates) => ProblemCode::PrerequisiteUnmapped,
        _ => ProblemCode::ValidationFailed,
    };
    let detail = match wrong {
        [only] => only.why.clone(),
        several => format!("{} of the mappings cannot be; nothing was set.", several.len()),
    };
    let faults = wrong.iter().map(|wrong| Fault {
        pointer: format!("/{}", wrong.key.replace('~', "~0").replace('/', "~1")),
        code: "not_in_xero",
        detail: wrong.why.clone(),
    });
    let candidates = wrong.iter().flat_map(|wrong| {
        wrong.candidates.iter().map(|candidate| {
            json!({
                "key": wrong.key, "value": candidate.value, "name": candidate.name,
                "type": candidate.sort, "why": candidate.why,
            })
        })
    });
    Problem {
        faults: faults.collect(),
        ..Problem::new(code, detail).with("candidates", candidates.collect::<Vec<_>>())
    }
}

fn connecting(fault: ConnectFault) -> Problem {
    match fault {
        ConnectFault::NoRedirect => {
            Problem::new(ProblemCode::NoRedirectUri, "Xero has nowhere to send people back to.")
        }
        ConnectFault::UnknownState => Problem::new(
            ProblemCode::ConnectStateUnknown,
            "The address that was opened belongs to no sign-in of this daemon.",
        ),
        ConnectFault::Expired => Problem::new(
            ProblemCode::ConnectExpired,
            "More than ten minutes passed, so nothing was connected.",
        ),
        ConnectFault::Used => Problem::new(
            ProblemCode::ConnectStateUsed,
            "Each address that Xero sends you back to works once.",
        ),
        ConnectFault::Refused { what, fix } => Problem::new(ProblemCode::ConsentRefused, what).with_fix(fix),
        ConnectFault::CodeRejected => Problem::new(
            ProblemCode::CodeRejected,
            "Xero says that the code was used before, is too old, or was given to another app.",
        ),
        ConnectFault::NoOrganisation => Problem::new(
            ProblemCode::NoOrganisation,
            "Xero took the consent, but lists no organisation for it.",
        ),
        ConnectFault::OtherOrganisation { wanted, reached } => Problem::new(
            ProblemCode::OtherOrganisation,
            format!(
                "{wanted} was to be connected again, and the consent reaches {} instead. Invoices are linked to documents in {wanted}, so nothing was changed.",
                reached.join(", ")
            ),
        ),
        ConnectFault::Xero(failure) => from_xero(&failure),
    }
}

fn from_xero(failure: &Failure) -> Problem {
    let code = match failure.kind {
        FailureKind::Throttled | FailureKind::Unavailable => ProblemCode::XeroUnavailable,
        FailureKind::TimedOut => ProblemCode::XeroTimeout,
        FailureKind::TokenRejected | FailureKind::GrantRejected => ProblemCode::GrantRejected,
        FailureKind::Refused
        | FailureKind::TenantRejected
        | FailureKind::NotFound
        | FailureKind::KeyMismatch
        | FailureKind::Garbled => ProblemCode::XeroRefused,
    };
    tracing::info!(kind = failure.kind.label(), error = %failure, "Xero refused a request of the control endpoint");
    let problem = Problem::new(
        code,
        format!("Xero answered: {}.", failure.kind.label().replace('_', " ")),
    )
    .with("xero_status", failure.status);
    if failure.validation.is_empty() {
        problem
    } else {
        problem.with("xero_messages", failure.validation.clone())
    }
}
