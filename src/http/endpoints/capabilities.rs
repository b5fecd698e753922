//! What is synced, in which direction, and what is not.

use serde_json::{Value, json};

use super::call::Call;
use crate::http::paths::Query;
use crate::http::problem::Problem;
use crate::http::render::RETRIES_MAX;
use crate::http::reply::Reply;
use crate::model::capability::CAPABILITIES;
use crate::model::limits::{LOOKBACK_MAX_MS, LOOKUP_MAX};
use crate::model::row::MappingKind;

/// Everything there is to know.
pub fn show(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let data = CAPABILITIES.iter().map(|capability| {
        json!({
            "key": capability.key,
            "title": capability.title,
            "direction": capability.way.word(),
            "detail": capability.detail,
        })
    });
    let statuses: Value = json!({"draft": "DRAFT", "pending": "SUBMITTED", "approved": "AUTHORISED", "void": "VOIDED"});
    Ok(Reply::list(
        data,
        &json!({
            "has_more": false,
            "host_statuses": statuses,
            "mapping_kinds": MappingKind::ALL.map(MappingKind::label),
            "max_retries": RETRIES_MAX,
            "invoice_ids_per_call": LOOKUP_MAX,
            "lookback_max_days": LOOKBACK_MAX_MS / 86_400_000,
        }),
    ))
}
