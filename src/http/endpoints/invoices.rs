//! Invoices: the host's writes, and what became of them.

use serde_json::{Value, json};

use super::call::Call;
use super::refused;
use crate::actors::control::InvoiceName;
use crate::http::json as strict;
use crate::http::paths::{self, Query, invalid_parameter};
use crate::http::preconditions;
use crate::http::problem::{Fault, Problem, ProblemCode};
use crate::http::reads::{BadgeCounts, InvoiceQuery};
use crate::http::render::{self, Detail, Lists, Surroundings};
use crate::http::reply::Reply;
use crate::http::{cursor, filter};
use crate::model::row::{Badge, Invoice, Tenant};

/// Most invoices of one page.
pub const PAGE_MAX: u64 = 500;

/// Takes the host's document: 201 when it is new, else 200.
pub async fn put(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let name = paths::invoice_name(call.raw_param("invoice"))?;
    let tenant = call.tenant().await?;
    let host_ref = match name {
        InvoiceName::HostRef(host_ref) => host_ref,
        InvoiceName::Id(id) => find(call, &tenant, &InvoiceName::Id(id)).await?.host_ref,
    };
    let draft = strict::read_draft(&strict::parse(&call.body)?)?;
    let control = &call.shared.state.control;
    let accepted = control
        .put_invoice(tenant.id, host_ref, draft, call.caller.name())
        .await
        .map_err(refused::problem)?;
    let (status, outcome) = match (accepted.created, accepted.changed) {
        (true, _) => (201, "created"),
        (false, true) => (200, "updated"),
        (false, false) => (200, "unchanged"),
    };
    let mut value = render::invoice(&accepted.invoice, surroundings(call, &tenant), Detail::FULL);
    if let Value::Object(object) = &mut value {
        object.insert("outcome".to_owned(), outcome.into());
    }
    let reply = Reply::json(status, &value).with_header("etag", render::etag(&accepted.invoice));
    Ok(if accepted.created {
        reply.with_header(
            "location",
            format!("/v1/tenants/{}/invoices/{}", tenant.id, accepted.invoice.id),
        )
    } else {
        reply
    })
}

/// One invoice.
pub async fn show(call: &Call) -> Result<Reply, Problem> {
    let query = Query::parse(&call.query, &["expand[]"])?;
    query.check_expansions(&["payments", "credit_notes", "variance"])?;
    let name = paths::invoice_name(call.raw_param("invoice"))?;
    let tenant = call.tenant().await?;
    let row = find(call, &tenant, &name).await?;
    // What a grey badge waits for is not part of the version.
    // Nor is when a payment lets the comparison go on.
    let is_settled = row.sync.badge != Some(Badge::Pending) && row.back.quiet(call.shared.now()).is_none();
    if is_settled && preconditions::has_version(&call.headers, &render::etag(&row)) {
        return Ok(Reply::not_modified().with_header("etag", render::etag(&row)));
    }
    let lists = Lists {
        payments: query.expands("payments"),
        credit_notes: query.expands("credit_notes"),
        variance: query.expands("variance"),
    };
    Ok(shown(call, &tenant, &row, Detail::Full(lists), 200))
}

/// A page of invoices.
pub async fn list(call: &Call) -> Result<Reply, Problem> {
    let known = [
        "limit", "cursor", "filter", "sort", "state", "reason", "variance", "kind", "number", "q",
    ];
    let query = Query::parse(&call.query, &known).map_err(as_filter)?;
    let tenant = call.tenant().await?;
    let mut wanted = wanted(&query)?;
    let list = format!("{} {wanted:?}", tenant.id);
    if let Some(text) = query.get("cursor") {
        wanted.after = Some(cursor::decode_list(text, &list)?);
    }
    let limit = query.number("limit", 50, 1, PAGE_MAX)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    wanted.limit = limit.saturating_add(1);
    let id = tenant.id;
    let asked = wanted.clone();
    let (mut rows, counts) = call
        .shared
        .read(move |reads| Ok((reads.invoices(id, &asked)?, reads.counts(id)?)))
        .await?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows
        .last()
        .filter(|_| has_more)
        .map(|row| cursor::encode_list(&list, &row.id.to_string()));
    let around = surroundings(call, &tenant);
    let data = rows.iter().map(|row| render::invoice(row, around, Detail::Summary));
    let total = total(&wanted, &counts);
    Ok(Reply::list(
        data,
        &json!({
            "next_cursor": next,
            "has_more": has_more,
            "total": total.map(|value| json!({"value": value, "exact": true})),
        }),
    ))
}

/// What a list asks for: the filter, the single keys beside it, the order.
fn wanted(query: &Query) -> Result<InvoiceQuery, Problem> {
    let mut wanted = InvoiceQuery {
        newest_first: true,
        ..InvoiceQuery::default()
    };
    if let Some(text) = query.get("filter") {
        filter::apply(text, &mut wanted)?;
    }
    for key in filter::KEYS {
        if let Some(value) = query.get(key) {
            filter::apply_one(key, value, &mut wanted)?;
        }
    }
    match query.get("sort") {
        None | Some("-created_at") => {}
        Some("created_at") => wanted.newest_first = false,
        Some(_other) => {
            let detail = "it must be created_at or -created_at";
            return Err(invalid_parameter("sort", detail));
        }
    }
    Ok(wanted)
}

/// How many there are in all, where the counts tell.
fn total(wanted: &InvoiceQuery, counts: &BadgeCounts) -> Option<u64> {
    let is_counted = wanted.variance.is_none()
        && wanted.reason.is_none()
        && wanted.kind.is_none()
        && wanted.number.is_none()
        && wanted.text.is_none();
    is_counted.then(|| match wanted.badge {
        None => counts.total(),
        Some(None) => counts.none,
        Some(Some(Badge::Synced)) => counts.synced,
        Some(Some(Badge::Pending)) => counts.pending,
        Some(Some(Badge::Failed)) => counts.failed,
    })
}

/// How many invoices have each badge.
pub async fn counts(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let id = call.tenant().await?.id;
    let counts = call.shared.read(move |reads| reads.counts(id)).await?;
    Ok(Reply::json(
        200,
        &json!({
            "synced": counts.synced,
            "pending": counts.pending,
            "failed": counts.failed,
            "none": counts.none,
            "acknowledged": counts.acknowledged,
            "variances": counts.variances,
            "total": counts.total(),
        }),
    ))
}

/// The row of an invoice.
pub async fn find(call: &Call, tenant: &Tenant, name: &InvoiceName) -> Result<Invoice, Problem> {
    let (id, name) = (tenant.id, name.clone());
    let found = call
        .shared
        .read(move |reads| match name {
            InvoiceName::Id(invoice) => reads.invoice(id, invoice),
            InvoiceName::HostRef(host_ref) => reads.invoice_by_ref(id, &host_ref),
        })
        .await?;
    found.ok_or_else(|| Problem::new(ProblemCode::InvoiceNotFound, "There is no such invoice in this tenant."))
}

fn surroundings<'a>(call: &Call, tenant: &'a Tenant) -> Surroundings<'a> {
    Surroundings {
        tenant,
        blocked: call.blocked(tenant.id),
        now: call.shared.now(),
    }
}

/// An invoice as it is answered, with its version.
pub fn shown(call: &Call, tenant: &Tenant, row: &Invoice, detail: Detail, status: u16) -> Reply {
    let value = render::invoice(row, surroundings(call, tenant), detail);
    Reply::json(status, &value).with_header("etag", render::etag(row))
}

/// A parameter of this list that is not known is a filter key that is not known.
fn as_filter(problem: Problem) -> Problem {
    Problem {
        code: ProblemCode::UnknownFilter,
        faults: Vec::<Fault>::new(),
        ..problem
    }
}
