//! Refreshes, links, comparisons and the check out of its turn.

use serde_json::{Value, json};

use super::call::Call;
use super::{pushes, refused};
use crate::actors::control::{InvoiceName, JobWanted};
use crate::http::filter;
use crate::http::json as strict;
use crate::http::json::RefreshWanted;
use crate::http::paths::{self, Query, invalid_parameter};
use crate::http::problem::{Fault, Problem, ProblemCode};
use crate::http::reads::InvoiceQuery;
use crate::http::reply::Reply;
use crate::model::ids::OperationId;
use crate::model::limits::{LOOKUP_MAX, SELECTION_MAX};
use crate::model::row::{OperationItem, Tenant};

/// Changed documents of one call.
const PAGE_DOCUMENTS: u32 = 1_000;

/// Invoices read at a time to find out what a filter shows.
const PAGE_INVOICES: usize = 500;
/// Most linked invoices of a filter: 250 calls.
const FILTERED_MAX: usize = 10_000;
/// A filter may show this part more or less than the caller saw: a twentieth.
const DRIFT_PARTS: u64 = 20;

/// Queues a refresh: of what changed since a moment, of all linked invoices, or of these.
pub async fn refreshes(call: &Call) -> Result<Reply, Problem> {
    let query = Query::parse(&call.query, &["dry_run"])?;
    let is_dry = match query.get("dry_run") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_other) => return Err(invalid_parameter("dry_run", "it must be true or false")),
    };
    let body = if call.body.is_empty() {
        strict::parse(b"{}")?
    } else {
        strict::parse(&call.body)?
    };
    let wanted = strict::read_refresh(&body, call.shared.now())?;
    let tenant = call.tenant().await?;
    let wanted = match wanted {
        RefreshWanted::Job(wanted) => wanted,
        RefreshWanted::From(operation) => JobWanted::These(of_operation(call, &tenant, operation).await?),
        RefreshWanted::Filtered { filter, expected } => frozen(call, &tenant, &filter, expected).await?,
    };
    if is_dry {
        return estimate(call, &tenant, &wanted).await;
    }
    begin(call, &tenant, wanted).await
}

/// Refreshes one invoice.
pub async fn refresh(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let name = paths::invoice_name(call.raw_param("invoice"))?;
    let tenant = call.tenant().await?;
    begin(call, &tenant, JobWanted::These(vec![name])).await
}

/// Links documents that are in Xero already.
pub async fn link(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let links = strict::read_links(&strict::parse(&call.body)?)?;
    let tenant = call.tenant().await?;
    begin(call, &tenant, JobWanted::Links(links)).await
}

/// Compares both sides.
pub async fn drift(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let tenant = call.tenant().await?;
    begin(call, &tenant, JobWanted::Drift).await
}

/// Runs the nightly check now.
pub async fn reconcile(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let tenant = call.tenant().await?;
    begin(call, &tenant, JobWanted::Reconcile).await
}

async fn begin(call: &Call, tenant: &Tenant, wanted: JobWanted) -> Result<Reply, Problem> {
    let control = &call.shared.state.control;
    let queued = control
        .begin(tenant.id, wanted, call.caller.name())
        .await
        .map_err(refused::problem)?;
    pushes::queued(call, queued).await
}

/// The invoices in the result of an operation that were not done.
async fn of_operation(call: &Call, tenant: &Tenant, id: OperationId) -> Result<Vec<InvoiceName>, Problem> {
    let items: Option<Vec<OperationItem>> = call
        .shared
        .read(move |reads| {
            let operation = reads.operation(id)?;
            let items = reads.items(id, 0, SELECTION_MAX)?;
            Ok(operation.map(|operation| (operation, items)))
        })
        .await?
        .filter(|(operation, _)| operation.tenant == tenant.id)
        .map(|(_, items)| items);
    let Some(items) = items else {
        let detail = "There is no such operation of this tenant.";
        return Err(Problem::new(ProblemCode::OperationNotFound, detail));
    };
    Ok(items
        .into_iter()
        .filter_map(|item| item.invoice)
        .map(InvoiceName::Id)
        .collect())
}

/// The invoices a filter shows now, with what they are linked to.
async fn frozen(call: &Call, tenant: &Tenant, filter: &str, expected: Option<u32>) -> Result<JobWanted, Problem> {
    let mut query = InvoiceQuery {
        limit: PAGE_INVOICES,
        ..InvoiceQuery::default()
    };
    filter::apply(filter, &mut query)?;
    let id = tenant.id;
    let (ids, skipped) = call
        .shared
        .read(move |reads| {
            let (mut ids, mut skipped) = (Vec::new(), 0_u32);
            loop {
                let rows = reads.invoices(id, &query)?;
                query.after = rows.last().map(|row| row.id);
                for row in &rows {
                    match &row.link {
                        Some(link) => ids.push(link.xero_id),
                        None => skipped = skipped.saturating_add(1),
                    }
                }
                if rows.len() < PAGE_INVOICES || ids.len() > FILTERED_MAX {
                    return Ok((ids, skipped));
                }
            }
        })
        .await?;
    if ids.len() > FILTERED_MAX {
        return Err(Problem::invalid(vec![Fault {
            pointer: "/selection/filter".to_owned(),
            code: "too_many",
            detail: format!(
                "it shows more than {FILTERED_MAX} linked invoices: narrow it, or refresh all linked invoices"
            ),
        }]));
    }
    let count = u32::try_from(ids.len()).unwrap_or(u32::MAX).saturating_add(skipped);
    if let Some(expected) = expected
        && u64::from(count.abs_diff(expected)).saturating_mul(DRIFT_PARTS) > u64::from(expected)
    {
        let detail = format!("The filter shows {count} invoices now, not {expected}.");
        return Err(Problem::new(ProblemCode::SelectionChanged, detail).with("count", count));
    }
    Ok(JobWanted::Frozen { ids, skipped })
}

/// What a refresh would cost. Nothing is called and nothing is queued.
async fn estimate(call: &Call, tenant: &Tenant, wanted: &JobWanted) -> Result<Reply, Problem> {
    let id = tenant.id;
    let by_ids = |count: u32| count.div_ceil(u32::try_from(LOOKUP_MAX).unwrap_or(1));
    let (mode, since, invoices, calls, is_most): (_, Value, Value, _, _) = match wanted {
        JobWanted::AllLinked => {
            let linked = call.shared.read(move |reads| reads.linked_count(id)).await?;
            ("all_linked", Value::Null, json!(linked), by_ids(linked).max(1), true)
        }
        JobWanted::These(names) => {
            let count = u32::try_from(names.len()).unwrap_or(u32::MAX);
            ("selection", Value::Null, json!(count), by_ids(count), true)
        }
        JobWanted::Frozen { ids, .. } => {
            let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
            ("selection", Value::Null, json!(count), by_ids(count), true)
        }
        JobWanted::Since { at, .. } => ("since", json!(at.to_rfc3339()), Value::Null, 1, false),
        _ => {
            let streams = call.shared.read(move |reads| reads.streams(id)).await?;
            let from = streams.first().map(|row| row.from.to_rfc3339());
            ("since", json!(from), Value::Null, 1, false)
        }
    };
    let words = if is_most {
        let word = if calls == 1 { "call" } else { "calls" };
        format!("At most {calls} {word}.")
    } else {
        format!(
            "{calls} call for up to {PAGE_DOCUMENTS} changed documents; one more for each further {PAGE_DOCUMENTS}."
        )
    };
    let day = call
        .status(id)
        .map(|status| json!({"used": status.day_used, "limit": status.day_limit}));
    Ok(Reply::json(
        200,
        &json!({
            "plan": {"kind": "refresh", "mode": mode, "since": since, "invoices": invoices},
            "estimate": {"calls": calls, "is_most": is_most, "message": words, "day": day},
        }),
    ))
}
