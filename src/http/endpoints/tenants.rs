//! The connected organisations.

use serde_json::json;

use super::call::Call;
use crate::http::cursor;
use crate::http::paths::Query;
use crate::http::problem::Problem;
use crate::http::reply::Reply;
use crate::model::ids::TenantId;

/// Most tenants of one page: as many as one daemon serves.
const PAGE_MAX: u64 = 10_000;
/// What a cursor of this list is bound to.
const LIST: &str = "tenants";

/// The tenants the caller may see, by id.
pub async fn list(call: &Call) -> Result<Reply, Problem> {
    let query = Query::parse(&call.query, &["limit", "cursor"])?;
    let limit = query.number("limit", 1_000, 1, PAGE_MAX)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let after: Option<TenantId> = query
        .get("cursor")
        .map(|text| cursor::decode_list(text, LIST))
        .transpose()?;
    let mut all = call.shared.read(|reads| reads.tenants()).await?;
    all.retain(|tenant| call.caller.reaches(tenant.id));
    all.sort_by_key(|tenant| tenant.id);
    let total = all.len();
    all.retain(|tenant| after.is_none_or(|after| tenant.id > after));
    let has_more = all.len() > limit;
    all.truncate(limit);
    let rows = call
        .shared
        .read(move |reads| {
            all.into_iter()
                .map(|tenant| {
                    let counts = reads.counts(tenant.id)?;
                    Ok((tenant, counts))
                })
                .collect::<Result<Vec<_>, _>>()
        })
        .await?;
    let next = rows
        .last()
        .filter(|_| has_more)
        .map(|(tenant, _)| cursor::encode_list(LIST, &tenant.id.to_string()));
    let data = rows.iter().map(|(tenant, counts)| call.render(tenant, counts));
    Ok(Reply::list(
        data,
        &json!({
            "next_cursor": next,
            "has_more": has_more,
            "total": {"value": total, "exact": true},
        }),
    ))
}

/// One tenant.
pub async fn show(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let tenant = call.tenant().await?;
    let id = tenant.id;
    let counts = call.shared.read(move |reads| reads.counts(id)).await?;
    let shown = call.render(&tenant, &counts);
    Ok(Reply::json(200, &shown))
}
