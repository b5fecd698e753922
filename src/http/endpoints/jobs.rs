//! Refreshes, links, comparisons and the check out of its turn.

use serde_json::{Value, json};

use super::call::Call;
use super::{pushes, refused, selection};
use crate::actors::control::{InvoiceName, JobWanted};
use crate::http::json as strict;
use crate::http::json::{RefreshWanted, Selection};
use crate::http::paths::{self, Query};
use crate::http::problem::Problem;
use crate::http::reply::Reply;
use crate::model::ids::XeroInvoiceId;
use crate::model::limits::LOOKUP_MAX;
use crate::model::row::Tenant;

/// Changed documents of one call.
const PAGE_DOCUMENTS: u32 = 1_000;

/// Queues a refresh: of what changed since a moment, of all linked invoices, or of these.
pub async fn refreshes(call: &Call) -> Result<Reply, Problem> {
    let is_dry = selection::is_dry_run(call)?;
    let body = if call.body.is_empty() {
        strict::parse(b"{}")?
    } else {
        strict::parse(&call.body)?
    };
    let wanted = strict::read_refresh(&body, call.shared.now())?;
    let tenant = call.tenant().await?;
    let wanted = match wanted {
        RefreshWanted::Job(wanted) => wanted,
        RefreshWanted::Chosen(selection) => chosen(call, &tenant, selection).await?,
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

/// Queues a job, and tells of it.
pub async fn begin(call: &Call, tenant: &Tenant, wanted: JobWanted) -> Result<Reply, Problem> {
    let control = &call.shared.state.control;
    let queued = control
        .begin(tenant.id, wanted, call.caller.name())
        .await
        .map_err(refused::problem)?;
    pushes::queued(call, queued).await
}

/// The invoices of a selection, with what they are linked to where a filter chose them.
async fn chosen(call: &Call, tenant: &Tenant, selection: Selection) -> Result<JobWanted, Problem> {
    Ok(match selection {
        Selection::These(names) => JobWanted::These(names),
        Selection::From(operation) => {
            let items = selection::items_of(call, tenant, operation).await?;
            let named = items.into_iter().filter_map(|item| item.invoice);
            JobWanted::These(named.map(InvoiceName::Id).collect())
        }
        Selection::Filter { filter, expected } => {
            let rows = selection::shown_by(call, tenant, &filter, |row| row.link.is_some()).await?;
            selection::check_count(rows.len(), expected)?;
            let ids: Vec<XeroInvoiceId> = rows.iter().filter_map(|row| row.xero_id).collect();
            let skipped = u32::try_from(rows.len().saturating_sub(ids.len())).unwrap_or(u32::MAX);
            JobWanted::Frozen { ids, skipped }
        }
    })
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
    let day = selection::day(call, id);
    Ok(Reply::json(
        200,
        &json!({
            "plan": {"kind": "refresh", "mode": mode, "since": since, "invoices": invoices},
            "estimate": {"calls": calls, "is_most": is_most, "message": words, "day": day},
        }),
    ))
}
