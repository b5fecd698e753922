//! Asynchronous acts.

use serde_json::json;

use super::call::Call;
use crate::http::cursor;
use crate::http::paths::{Query, invalid_parameter};
use crate::http::problem::{Problem, ProblemCode};
use crate::http::reads::OperationQuery;
use crate::http::render;
use crate::http::reply::Reply;
use crate::model::ids::OperationId;
use crate::model::row::{Operation, OperationState};

/// Most operations of one page.
const PAGE_MAX: u64 = 500;
/// Most items of one page.
const ITEMS_MAX: u64 = 1_000;
/// A caller of some tenants only may have to skip others' rows: at most so many pages of them.
const PAGES_MAX: usize = 20;

/// One operation.
pub async fn show(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let operation = find(call).await?;
    Ok(Reply::json(200, &render::operation(&operation)))
}

/// The operation that the path names, if the caller may see it.
pub async fn find(call: &Call) -> Result<Operation, Problem> {
    let name = call.param("operation").unwrap_or_default();
    let found = match name.parse::<OperationId>() {
        Ok(id) => call.shared.read(move |reads| reads.operation(id)).await?,
        Err(_not_an_id) => None,
    };
    found
        .filter(|operation| call.caller.reaches(operation.tenant))
        .ok_or_else(|| Problem::new(ProblemCode::OperationNotFound, "There is no such operation."))
}

/// A page of operations, newest first.
pub async fn list(call: &Call) -> Result<Reply, Problem> {
    let query = Query::parse(&call.query, &["tenant", "state", "limit", "cursor"])?;
    let tenant = match query.get("tenant") {
        Some(name) => Some(call.tenant_named(name).await?.id),
        None => None,
    };
    let state = query.get("state").map(state_of).transpose()?;
    let list = format!("operations {tenant:?} {state:?}");
    let after = query
        .get("cursor")
        .map(|text| cursor::decode_list(text, &list))
        .transpose()?;
    let limit = query.number("limit", 50, 1, PAGE_MAX)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut asked = OperationQuery {
        tenant,
        state,
        after,
        limit: limit.saturating_add(1),
    };
    let mut shown = Vec::new();
    let mut has_more = true;
    for _page in 0..PAGES_MAX {
        let rows = call.shared.read(move |reads| reads.operations(&asked)).await?;
        has_more = rows.len() >= asked.limit;
        for row in rows {
            if shown.len() == limit {
                has_more = true;
                break;
            }
            asked.after = Some(row.id);
            if call.caller.reaches(row.tenant) {
                shown.push(row);
            }
        }
        if !has_more || shown.len() == limit {
            break;
        }
    }
    let next = asked
        .after
        .filter(|_| has_more)
        .map(|last| cursor::encode_list(&list, &last.to_string()));
    let data = shown.iter().map(render::operation);
    Ok(Reply::list(data, &json!({"next_cursor": next, "has_more": has_more})))
}

/// The items of an operation's result, in order.
pub async fn items(call: &Call) -> Result<Reply, Problem> {
    let query = Query::parse(&call.query, &["state", "limit", "cursor"])?;
    let wanted = match query.get("state") {
        None => None,
        Some("succeeded") => Some("succeeded"),
        Some("failed") => Some("failed"),
        Some("skipped") => Some("skipped"),
        Some(_other) => return Err(invalid_parameter("state", "it must be succeeded, failed or skipped")),
    };
    let operation = find(call).await?;
    let id = operation.id;
    let list = format!("items {id} {wanted:?}");
    let from: u32 = match query.get("cursor") {
        Some(text) => cursor::decode_list(text, &list)?,
        None => 0,
    };
    let limit = query.number("limit", 100, 1, ITEMS_MAX)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let end = operation.tally.map_or(0, |tally| tally.items);
    let mut rows = call.shared.read(move |reads| reads.items(id, from, limit)).await?;
    // Beyond the end there may be items of a comparison that began again.
    rows.retain(|row| row.index < end);
    let last = rows
        .last()
        .map(|row| row.index.saturating_add(1))
        .filter(|next| *next < end);
    let next = last.map(|next| cursor::encode_list(&list, &next.to_string()));
    let shown = rows
        .iter()
        .filter(|row| wanted.is_none_or(|state| render::state_of(row) == state));
    Ok(Reply::list(
        shown.map(render::item),
        &json!({"next_cursor": next, "has_more": next.is_some()}),
    ))
}

fn state_of(word: &str) -> Result<OperationState, Problem> {
    let states = [
        OperationState::Queued,
        OperationState::Running,
        OperationState::Waiting,
        OperationState::Succeeded,
        OperationState::PartiallyFailed,
        OperationState::Failed,
        OperationState::Cancelled,
    ];
    let found = states.into_iter().find(|state| state.label() == word);
    found.ok_or_else(|| {
        let known = states.map(OperationState::label).join(", ");
        invalid_parameter("state", &format!("it must be one of {known}"))
    })
}
