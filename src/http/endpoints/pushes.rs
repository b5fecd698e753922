//! *Sync now*, and what it would send.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout, timeout_at};

use super::call::Call;
use super::refused;
use crate::engine::effect::Preview;
use crate::http::paths::{self, Query};
use crate::http::problem::{Problem, ProblemCode};
use crate::http::render;
use crate::http::reply::Reply;
use crate::http::routes::WAIT_MAX_S;
use crate::model::ids::OperationId;
use crate::model::row::Operation;
use crate::model::xero::WriteTarget;

/// What a person is told when a push was queued (S1's toast).
pub const QUEUED: &str = "Queued";

/// An operation is looked at again at the latest after this while somebody waits for it.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Queues a push whatever the toggles say.
pub async fn resync(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let name = paths::invoice_name(call.raw_param("invoice"))?;
    let tenant = call.tenant().await?;
    let control = &call.shared.state.control;
    let queued = control
        .resync(tenant.id, name, call.caller.name())
        .await
        .map_err(refused::problem)?;
    self::queued(call, queued).await
}

/// 202 with the operation, or 200 once it has ended if the caller waits for it.
pub async fn queued(call: &Call, queued: Operation) -> Result<Reply, Problem> {
    told(call, queued, QUEUED).await
}

/// The same, with another word for what was ordered.
pub async fn told(call: &Call, queued: Operation, word: &str) -> Result<Reply, Problem> {
    let wait_s = wanted_wait_s(call);
    let ended = match wait_s {
        Some(wait_s) => until_final(call, queued.clone(), wait_s).await?,
        None => None,
    };
    let location = format!("/v1/operations/{}", queued.id);
    let reply = match ended {
        Some(ended) => Reply::json(
            200,
            &json!({"operation": render::operation(&ended), "message": ended.message}),
        ),
        None => Reply::json(202, &json!({"operation": render::operation(&queued), "message": word})),
    };
    let reply = reply.with_header("location", location);
    Ok(match wait_s {
        Some(wait_s) => reply.with_header("preference-applied", format!("wait={wait_s}")),
        None => reply,
    })
}

/// `Prefer: wait=N`, clamped to what is offered.
fn wanted_wait_s(call: &Call) -> Option<u64> {
    let values = call.headers.get_all("prefer").iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']))
        .filter_map(|preference| preference.trim().split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("wait"))
        .find_map(|(_, seconds)| seconds.trim().trim_matches('"').parse::<u64>().ok())
        .map(|seconds| seconds.min(WAIT_MAX_S))
}

/// Waits until the operation has ended; `None` = it has not.
async fn until_final(call: &Call, first: Operation, wait_s: u64) -> Result<Option<Operation>, Problem> {
    let end = Instant::now() + Duration::from_secs(wait_s);
    let mut feed = call.shared.state.reads.feed_watch();
    let id: OperationId = first.id;
    let mut row = first;
    loop {
        if row.state.is_final() {
            return Ok(Some(row));
        }
        if Instant::now() >= end || call.shared.stopping.is_ordered() {
            return Ok(None);
        }
        let next_look = timeout_at(end, timeout(LOOK_AGAIN, feed.changed())).await;
        if matches!(next_look, Ok(Ok(Err(_)))) {
            // The feed is gone: the daemon ends.
            return Ok(None);
        }
        let seen = call.shared.read(move |reads| reads.operation(id)).await?;
        if let Some(seen) = seen {
            row = seen;
        }
    }
}

#[derive(Serialize)]
struct WouldSend<'a> {
    outcome: &'static str,
    method: &'static str,
    path: String,
    body: &'a RawValue,
    first: &'a [String],
}

/// The exact body a push would send now, or why it would send none.
pub async fn preview(call: &Call) -> Result<Reply, Problem> {
    Query::parse(&call.query, &[])?;
    let name = paths::invoice_name(call.raw_param("invoice"))?;
    let tenant = call.tenant().await?;
    let control = &call.shared.state.control;
    let preview = control.preview(tenant.id, name).await.map_err(refused::problem)?;
    match preview {
        Preview::Send { target, body, first } => would_send(target, &body, &first),
        Preview::Nothing => Ok(Reply::json(
            200,
            &json!({"outcome": "nothing", "message": "There is nothing to send: Xero already has it."}),
        )),
        Preview::Gone(status) => Ok(Reply::json(
            200,
            &json!({"outcome": "nothing", "message": format!("There is nothing to send: the document is {status} in Xero.")}),
        )),
        Preview::Refused(given) => Ok(Reply::json(
            200,
            &json!({"outcome": "refused", "message": given.detail, "reason": render::reason(&given)}),
        )),
    }
}

fn would_send(target: WriteTarget, body: &Bytes, first: &[String]) -> Result<Reply, Problem> {
    let (method, path) = match target {
        WriteTarget::CreateInvoices => ("PUT", "/Invoices".to_owned()),
        WriteTarget::ChangeInvoice(id) => ("POST", format!("/Invoices/{id}")),
        WriteTarget::CreateContacts => ("PUT", "/Contacts".to_owned()),
    };
    let text = serde_json::from_slice::<&RawValue>(body).and_then(|body| {
        serde_json::to_string(&WouldSend {
            outcome: "send",
            method,
            path,
            body,
            first,
        })
    });
    match text {
        Ok(text) => Ok(Reply::json_text(200, text)),
        Err(error) => {
            tracing::error!(%error, "a body that would be sent to Xero is not JSON");
            Err(Problem::new(
                ProblemCode::Internal,
                "The body that would be sent is not JSON.",
            ))
        }
    }
}
