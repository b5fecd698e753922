//! What can be ordered about an operation: to end, or to do again what it left undone.

use serde_json::json;

use super::call::Call;
use super::{operations, pushes, refused};
use crate::actors::control::{InvoiceName, JobWanted};
use crate::http::paths::Query;
use crate::http::problem::{Problem, ProblemCode};
use crate::http::render;
use crate::http::reply::Reply;
use crate::model::row::{Class, Job, JobKind, JobStep, LinkOrder, Operation, OperationItem, OperationState};

/// What is said while the last call of a cancelled operation is under way.
const CANCELLING: &str = "Cancelling";
/// Most items an operation has.
const ITEMS_MAX: usize = 10_000;

/// Ends an operation: 200 once it has ended, 202 while its call under way is finished.
pub async fn cancel(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let operation = operations::find(call).await?;
    let shown = if operation.state == OperationState::Cancelled {
        operation
    } else if operation.state.is_final() {
        let detail = format!("It ended before: {}", operation.message);
        return Err(Problem::new(ProblemCode::OperationEnded, detail));
    } else {
        let control = &call.shared.state.control;
        let order = control.cancel(operation.tenant, operation.id, call.caller.name());
        order.await.map_err(refused::problem)?
    };
    if shown.state.is_final() {
        let body = json!({"operation": render::operation(&shown), "message": shown.message});
        return Ok(Reply::json(200, &body));
    }
    pushes::told(call, shown, CANCELLING).await
}

/// Queues what an operation left undone, and what failed in it, as a new operation.
pub async fn retry(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let operation = operations::find(call).await?;
    if !operation.state.is_final() {
        return Err(Problem::new(
            ProblemCode::OperationOpen,
            "Only what has ended can be tried again.",
        ));
    }
    let control = &call.shared.state.control;
    let (tenant, by) = (operation.tenant, call.caller.name());
    let queued = match (job_kind(&operation), operation.invoice) {
        (Some(kind), _) => {
            let job = Box::new(undone(call, &operation, kind).await?);
            let of = operation.id;
            control.begin(tenant, JobWanted::Again { job, of }, by).await
        }
        (None, Some(invoice)) if operation.state != OperationState::Succeeded => {
            control.resync(tenant, InvoiceName::Id(invoice), by).await
        }
        (None, _) => return Err(nothing()),
    };
    pushes::queued(call, queued.map_err(refused::problem)?).await
}

fn job_kind(operation: &Operation) -> Option<JobKind> {
    let kind = JobKind::ALL.into_iter().find(|kind| kind.label() == operation.kind);
    // A click on one invoice has the same word, and counts nothing.
    kind.filter(|kind| *kind != JobKind::Resync || operation.tally.is_some())
}

/// What is left of an operation, and what failed in it.
async fn undone(call: &Call, operation: &Operation, kind: JobKind) -> Result<Job, Problem> {
    let (id, end) = (operation.id, operation.tally.map_or(0, |tally| tally.items));
    let mut failed: Vec<OperationItem> = Vec::new();
    // What a comparison found is no failure.
    if kind != JobKind::Drift {
        failed = call.shared.read(move |reads| reads.items(id, 0, ITEMS_MAX)).await?;
        failed.retain(|item| item.index < end && !item.is_done && !item.is_skipped);
    }
    let rest = operation.rest.as_deref().cloned();
    let mut job = rest.unwrap_or_else(|| Job {
        tenant: operation.tenant,
        operation: id,
        kind,
        class: Class::User,
        what: "retry".to_owned(),
        step: JobStep::End,
        ids: Vec::new(),
        linked: None,
        links: Vec::new(),
        invoices: Vec::new(),
        is_cancelled: false,
    });
    for item in failed {
        if let Some(invoice) = item.invoice.filter(|_| kind.is_bulk()) {
            job.invoices.push(invoice);
            continue;
        }
        match (kind, item.host_ref, item.document, item.xero_id) {
            (JobKind::Link, Some(host_ref), Some(document), _) => job.links.push(LinkOrder { host_ref, document }),
            (JobKind::Refresh | JobKind::Reconcile, _, _, Some(document)) if !job.ids.contains(&document) => {
                job.ids.push(document);
            }
            _ => {}
        }
    }
    if job.has_rest() { Ok(job) } else { Err(nothing()) }
}

fn nothing() -> Problem {
    let detail = "The operation left nothing undone, and nothing failed in it.";
    Problem::new(ProblemCode::NothingToRetry, detail)
}
