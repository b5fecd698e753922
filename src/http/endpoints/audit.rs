//! The record of who changed what, and why; and how an invoice differs from Xero's document.

use chrono::DateTime;
use serde_json::json;

use super::call::Call;
use super::invoices;
use crate::http::cursor;
use crate::http::paths::{self, Query, invalid_parameter};
use crate::http::problem::Problem;
use crate::http::render;
use crate::http::reply::Reply;
use crate::model::ids::{AuditId, TenantId};
use crate::model::row::{Audit, Cause};
use crate::model::time::Timestamp;

/// Most entries of one page of the list.
const PAGE_MAX: u64 = 1_000;
/// Entries read in one go, and how often for one answer.
const BLOCK: usize = 1_000;
const BLOCKS_MAX: usize = 20;

/// Which entries are asked for.
#[derive(Debug, Clone)]
pub struct Which {
    actor: Option<String>,
    action: Option<String>,
    since: Option<Timestamp>,
}

/// What is asked for.
#[derive(Debug, Clone)]
struct Wanted {
    tenant: TenantId,
    which: Which,
    after: Option<AuditId>,
    newest_first: bool,
    limit: usize,
}

/// A page of the record, oldest first unless it is asked for otherwise.
pub async fn list(call: &Call) -> Result<Reply, Problem> {
    let (found, next) = read(call, 100, PAGE_MAX).await?;
    Ok(Reply::list(
        found.iter().map(render::audit),
        &json!({"next_cursor": next, "has_more": next.is_some()}),
    ))
}

/// A page of what one tenant's entries are asked for, and where the next one begins.
pub async fn read(call: &Call, usual: u64, most: u64) -> Result<(Vec<Audit>, Option<String>), Problem> {
    let known = ["tenant", "actor", "type", "since", "limit", "cursor", "sort"];
    let query = Query::parse(&call.query, &known)?;
    let newest_first = match query.get("sort") {
        None | Some("at") => false,
        Some("-at") => true,
        Some(_other) => return Err(invalid_parameter("sort", "it must be at or -at")),
    };
    let name = query
        .get("tenant")
        .ok_or_else(|| invalid_parameter("tenant", "it must name the organisation"))?;
    let tenant = call.tenant_named(name).await?.id;
    let which = Which::of(&query)?;
    let limit = query.number("limit", usual, 1, most)?;
    let mut wanted = Wanted {
        tenant,
        after: which.before_first().filter(|_| !newest_first),
        which,
        newest_first,
        limit: usize::try_from(limit).unwrap_or(usize::MAX),
    };
    let order = if newest_first { "latest" } else { "audit" };
    let list = format!("{order} {tenant} {:?} {:?}", wanted.which.actor, wanted.which.action);
    if let Some(text) = query.get("cursor") {
        wanted.after = Some(cursor::decode_list(text, &list)?);
    }
    let (found, next) = call
        .shared
        .read(move |reads| {
            let mut found: Vec<Audit> = Vec::new();
            for _block in 0..BLOCKS_MAX {
                let rows = if wanted.newest_first {
                    reads.latest_audit(wanted.tenant, wanted.after, BLOCK)?
                } else {
                    reads.audit(wanted.tenant, wanted.after, BLOCK)?
                };
                let at_end = rows.len() < BLOCK;
                for row in rows {
                    // From the newest on: nothing that follows is young enough either.
                    if wanted.which.since.is_some_and(|since| row.at < since) {
                        return Ok((found, None));
                    }
                    if found.len() >= wanted.limit {
                        return Ok((found, wanted.after));
                    }
                    wanted.after = Some(row.id);
                    if wanted.which.wants(&row) {
                        found.push(row);
                    }
                }
                if at_end {
                    return Ok((found, None));
                }
            }
            Ok((found, wanted.after))
        })
        .await?;
    Ok((found, next.map(|last| cursor::encode_list(&list, &last.to_string()))))
}

impl Which {
    /// What the parameters `actor`, `type` and `since` say.
    pub fn of(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            actor: query.get("actor").map(str::to_owned),
            action: query.get("type").map(str::to_owned),
            since: query.get("since").map(moment).transpose()?,
        })
    }

    /// The place behind which the entries begin: those of that very moment sort behind it.
    pub fn before_first(&self) -> Option<AuditId> {
        let at = self.since?;
        Some(AuditId::from_parts(u64::try_from(at.0).unwrap_or(0), 0))
    }

    /// A type or an actor that ends in `*` stands for all that begin so; the actor `host` for whatever
    /// hosts wrote.
    pub fn wants(&self, row: &Audit) -> bool {
        let is_action = |wanted: &str| match wanted.strip_suffix('*') {
            Some(head) => row.action.starts_with(head),
            None => row.action == wanted,
        };
        let is_actor = |wanted: &str| match wanted.strip_suffix('*') {
            Some(head) => row.actor.starts_with(head),
            // Hosts write with a token, which is then the actor.
            None => row.actor == wanted || (wanted == "host" && row.cause == Cause::Host),
        };
        self.actor.as_deref().is_none_or(is_actor) && self.action.as_deref().is_none_or(is_action)
    }
}

fn moment(text: &str) -> Result<Timestamp, Problem> {
    DateTime::parse_from_rfc3339(text)
        .map(|at| Timestamp(at.timestamp_millis()))
        .map_err(|_not_a_moment| invalid_parameter("since", "it must be a moment such as 2026-03-12T14:00:00Z"))
}

/// What happened to one invoice, newest first, each with its cause.
pub async fn timeline(call: &Call) -> Result<Reply, Problem> {
    let query = Query::parse(&call.query, &["limit", "cursor"])?;
    let name = paths::invoice_name(call.raw_param("invoice"))?;
    let tenant = call.tenant().await?;
    let row = invoices::find(call, &tenant, &name).await?;
    let list = format!("timeline {}", row.id);
    let after: Option<AuditId> = query
        .get("cursor")
        .map(|text| cursor::decode_list(text, &list))
        .transpose()?;
    let limit = query.number("limit", 100, 1, PAGE_MAX)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (tenant, invoice) = (tenant.id, row.id);
    let mut found = call
        .shared
        .read(move |reads| reads.audit_of_invoice(tenant, invoice, after, limit.saturating_add(1)))
        .await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found
        .last()
        .filter(|_| has_more)
        .map(|last| cursor::encode_list(&list, &last.id.to_string()));
    Ok(Reply::list(
        found.iter().map(render::audit),
        &json!({"next_cursor": next, "has_more": has_more}),
    ))
}
