//! How far what changes in Xero has been read.

use serde_json::json;

use super::call::Call;
use crate::http::paths::Query;
use crate::http::problem::Problem;
use crate::http::reads::OperationQuery;
use crate::http::reply::Reply;
use crate::model::row::{JobKind, StreamKind};
use crate::model::time::Timestamp;

/// The last check is looked for among so many operations.
const RECENT_MAX: usize = 200;

/// Every stream with its watermark: the latest change seen in a complete reading (S2).
pub async fn list(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let id = call.tenant().await?.id;
    let streams = call.shared.read(move |reads| reads.streams(id)).await?;
    let now = call.shared.now();
    let data = StreamKind::ALL.into_iter().map(|kind| {
        let row = streams.iter().find(|row| row.kind == kind);
        let at = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339);
        let saved_at = row.and_then(|row| row.saved_at);
        json!({
            "stream": kind.label(),
            "watermark": at(row.and_then(|row| row.seen)),
            "read_from": at(row.map(|row| row.from)),
            "saved_at": at(saved_at),
            "lag_s": saved_at.map(|at| now.since_ms(at).max(0) / 1_000),
            "last_result": row.map(|row| json!({
                "checked": row.checked,
                "ignored_not_linked": row.not_linked,
            })),
        })
    });
    Ok(Reply::list(data, &json!({})))
}

/// The nightly check: when it runs, and what it found last.
pub async fn reconciler(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let tenant = call.tenant().await?;
    let id = tenant.id;
    let last = call
        .shared
        .read(move |reads| {
            let row = reads.reconciled(id)?;
            let operation = row.as_ref().map(|row| reads.operation(row.operation)).transpose()?;
            let nightly = row
                .zip(operation.flatten())
                .map(|(row, operation)| (Some(row.date), operation));
            // One that a person asked for since is the last one.
            let query = OperationQuery {
                tenant: Some(id),
                limit: RECENT_MAX,
                ..OperationQuery::default()
            };
            let recent = reads.operations(&query)?;
            let asked = recent.into_iter().find(|row| row.kind == JobKind::Reconcile.label());
            let asked = asked.filter(|asked| {
                nightly
                    .as_ref()
                    .is_none_or(|(_, nightly)| asked.id != nightly.id && asked.created_at >= nightly.created_at)
            });
            Ok(asked.map(|asked| (None, asked)).or(nightly))
        })
        .await?;
    let next = call.status(id).and_then(|status| status.next_check);
    let result = last.as_ref().map(|(date, operation)| {
        let tally = operation.tally.unwrap_or_default();
        json!({
            "date": date.map(|date| date.to_string()),
            "operation_id": operation.id.to_string(),
            "state": operation.state.label(),
            "message": operation.message,
            "checked": tally.checked,
            "repaired": tally.changed,
            "finished_at": operation.finished_at.map(Timestamp::to_rfc3339),
        })
    });
    Ok(Reply::json(
        200,
        &json!({
            "time_zone": tenant.time_zone,
            "last_run": last.as_ref().map(|(_, operation)| operation.created_at.to_rfc3339()),
            "next_run": next.map(Timestamp::to_rfc3339),
            "last_result": result,
        }),
    ))
}
