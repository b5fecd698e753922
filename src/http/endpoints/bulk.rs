//! What is asked for many invoices at once: to send them again, and to acknowledge them.

use serde_json::{Value, json};

use super::call::Call;
use super::selection::{self, Chosen};
use super::{jobs, refused};
use crate::actors::control::{BulkOrder, InvoiceName, JobWanted};
use crate::http::json as strict;
use crate::http::json::Selection;
use crate::http::problem::{Fault, Problem, ProblemCode};
use crate::http::render;
use crate::http::reply::Reply;
use crate::model::document::InvoiceKind;
use crate::model::limits::{BATCH_PURCHASE_MAX, BATCH_SALES_MAX, LOOKUP_MAX};
use crate::model::row::{JobKind, Tenant};

/// Most invoices that are sent again by one request over several organisations.
const EVERYWHERE_MAX: usize = 100_000;

/// What a selection came to.
struct Frozen {
    rows: Vec<Chosen>,
    missing: Vec<String>,
}

/// Sends chosen invoices of one organisation again.
pub async fn resyncs(call: &Call) -> Result<Reply, Problem> {
    let is_dry = selection::is_dry_run(call)?;
    let (selection, why) = strict::read_bulk(&strict::parse(&call.body)?, "reason")?;
    of_one(call, JobKind::Resync, selection, (why, is_dry)).await
}

/// Acknowledges the alerts of chosen invoices.
pub async fn acknowledge(call: &Call) -> Result<Reply, Problem> {
    let is_dry = selection::is_dry_run(call)?;
    let (selection, why) = strict::read_bulk(&strict::parse(&call.body)?, "note")?;
    of_one(call, JobKind::Acknowledge, selection, (why, is_dry)).await
}

async fn of_one(
    call: &Call,
    kind: JobKind,
    selection: Selection,
    (why, is_dry): (String, bool),
) -> Result<Reply, Problem> {
    let tenant = call.tenant().await?;
    let frozen = frozen(call, &tenant, selection).await?;
    if is_dry {
        let calls = calls_for(kind, &frozen.rows);
        let body = json!({
            "plan": {
                "kind": kind.label(),
                "invoices": frozen.rows.len(),
                "not_found": frozen.missing,
                "organisations": 1,
            },
            "estimate": estimate(calls, selection::day(call, tenant.id)),
        });
        return Ok(Reply::json(200, &body));
    }
    let order = order(kind, &frozen.rows, frozen.missing, why);
    jobs::begin(call, &tenant, JobWanted::Bulk(order)).await
}

fn order(kind: JobKind, rows: &[Chosen], missing: Vec<String>, why: String) -> BulkOrder {
    BulkOrder {
        kind,
        invoices: rows.iter().map(|row| row.id).collect(),
        missing,
        why,
    }
}

async fn frozen(call: &Call, tenant: &Tenant, selection: Selection) -> Result<Frozen, Problem> {
    match selection {
        Selection::These(names) => named(call, tenant, names).await,
        Selection::Filter { filter, expected } => {
            let rows = selection::shown_by(call, tenant, &filter, |_row| true).await?;
            selection::check_count(rows.len(), expected)?;
            let missing = Vec::new();
            Ok(Frozen { rows, missing })
        }
        Selection::From(operation) => {
            let mut items = selection::items_of(call, tenant, operation).await?;
            items.retain(|item| !item.is_done && !item.is_skipped);
            let ids = items.into_iter().filter_map(|item| item.invoice);
            named(call, tenant, ids.map(InvoiceName::Id).collect()).await
        }
    }
}

/// The invoices with these names. Those that are not there become items of the result; when none is,
/// the request is refused.
async fn named(call: &Call, tenant: &Tenant, names: Vec<InvoiceName>) -> Result<Frozen, Problem> {
    let id = tenant.id;
    let frozen = call
        .shared
        .read(move |reads| {
            let (mut rows, mut missing) = (Vec::<Chosen>::new(), Vec::new());
            for name in names {
                let (found, word) = match name {
                    InvoiceName::Id(invoice) => (reads.invoice(id, invoice)?, invoice.to_string()),
                    InvoiceName::HostRef(host_ref) => (reads.invoice_by_ref(id, &host_ref)?, host_ref),
                };
                match found {
                    Some(row) if rows.iter().any(|other| other.id == row.id) => {}
                    Some(row) => rows.push(Chosen::of(&row)),
                    None => missing.push(word),
                }
            }
            Ok(Frozen { rows, missing })
        })
        .await?;
    if frozen.rows.is_empty() && !frozen.missing.is_empty() {
        let detail = "There is no such invoice in this tenant.";
        return Err(Problem::new(ProblemCode::InvoiceNotFound, detail));
    }
    Ok(frozen)
}

/// About how many calls it takes: new documents go many at a time, linked ones are read together and
/// changed one by one. Contacts and reference data are not counted.
fn calls_for(kind: JobKind, rows: &[Chosen]) -> usize {
    if kind == JobKind::Acknowledge {
        return 0;
    }
    let new = |kind: InvoiceKind| {
        let is_new = |row: &&Chosen| row.xero_id.is_none() && row.kind == kind;
        rows.iter().filter(is_new).count()
    };
    let linked = rows.iter().filter(|row| row.xero_id.is_some()).count();
    let together = [
        new(InvoiceKind::Sales).div_ceil(BATCH_SALES_MAX),
        new(InvoiceKind::Purchase).div_ceil(BATCH_PURCHASE_MAX),
        linked.div_ceil(LOOKUP_MAX),
    ];
    together.iter().sum::<usize>().saturating_add(linked)
}

fn estimate(calls: usize, day: Option<Value>) -> Value {
    let word = if calls == 1 { "call" } else { "calls" };
    json!({"calls": calls, "message": format!("About {calls} {word}."), "day": day})
}

/// Sends what a filter shows again, in every organisation the caller may see: one operation for each.
pub async fn everywhere(call: &Call) -> Result<Reply, Problem> {
    let is_dry = selection::is_dry_run(call)?;
    let (wanted, why) = strict::read_bulk(&strict::parse(&call.body)?, "reason")?;
    let Selection::Filter { filter, expected } = wanted else {
        return Err(Problem::invalid(vec![Fault {
            pointer: "/selection".to_owned(),
            code: "needs_tenant",
            detail: "over several organisations only a filter can choose".to_owned(),
        }]));
    };
    let mut tenants = call.shared.read(|reads| reads.tenants()).await?;
    tenants.retain(|tenant| call.caller.reaches(tenant.id));
    tenants.sort_by_key(|tenant| tenant.id);
    let mut chosen = Vec::new();
    let mut count = 0_usize;
    for tenant in tenants {
        let rows = selection::shown_by(call, &tenant, &filter, |_row| true).await?;
        count = count.saturating_add(rows.len());
        if count > EVERYWHERE_MAX {
            return Err(Problem::invalid(vec![Fault {
                pointer: "/selection/filter".to_owned(),
                code: "too_many",
                detail: format!("it shows more than {EVERYWHERE_MAX} invoices: narrow it"),
            }]));
        }
        if !rows.is_empty() {
            chosen.push((tenant, rows));
        }
    }
    selection::check_count(count, expected)?;
    if is_dry {
        return Ok(Reply::json(200, &plan(&chosen, count)));
    }
    let (mut operations, mut refusals) = (Vec::new(), Vec::new());
    for (tenant, rows) in chosen {
        let order = order(JobKind::Resync, &rows, Vec::new(), why.clone());
        let control = &call.shared.state.control;
        let begun = control.begin(tenant.id, JobWanted::Bulk(order), call.caller.name());
        match begun.await.map_err(refused::problem) {
            Ok(operation) => operations.push(render::operation(&operation)),
            Err(problem) => refusals.push(json!({
                "tenant_id": tenant.id,
                "tenant": tenant.name,
                "invoices": rows.len(),
                "code": problem.code.code(),
                "title": problem.code.title(),
                "detail": problem.detail,
            })),
        }
    }
    let message = match (operations.is_empty(), refusals.is_empty()) {
        (false, _) => super::pushes::QUEUED,
        (true, true) => "No invoice was selected",
        (true, false) => "Nothing was queued",
    };
    let body = json!({"operations": operations, "refused": refusals, "invoices": count, "message": message});
    Ok(Reply::json(202, &body))
}

fn plan(chosen: &[(Tenant, Vec<Chosen>)], count: usize) -> Value {
    let of = |(tenant, rows): &(Tenant, Vec<Chosen>)| {
        let calls = calls_for(JobKind::Resync, rows);
        json!({"tenant_id": tenant.id, "tenant": tenant.name, "invoices": rows.len(), "calls": calls})
    };
    let calls = chosen.iter().map(|(_, rows)| calls_for(JobKind::Resync, rows)).sum();
    json!({
        "plan": {
            "kind": JobKind::Resync.label(),
            "invoices": count,
            "organisations": chosen.len(),
            "by_tenant": chosen.iter().map(of).collect::<Value>(),
        },
        "estimate": estimate(calls, None),
    })
}
