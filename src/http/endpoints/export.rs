//! The record of changes as one object a line, from its beginning to its end. It is pulled: a slow
//! reader costs one block of entries.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use serde_json::json;

use super::audit::{self, Which};
use super::call::{Call, Shared};
use crate::http::paths::Query;
use crate::http::problem::Problem;
use crate::http::render;
use crate::http::reply::{Content, Reply};
use crate::model::ids::{AuditId, TenantId};

/// Entries read at once.
const BLOCK: usize = 1_000;
/// Most entries of one part, where parts are asked for.
const PART_MAX: u64 = 10_000;
const LINES: &str = "application/x-ndjson";

/// All entries, of one tenant or of every one the caller reaches; with `limit` or `cursor` a part of
/// one tenant's.
pub async fn export(call: &Call) -> Result<Reply, Problem> {
    let known = ["tenant", "actor", "type", "since", "limit", "cursor"];
    let query = Query::parse(&call.query, &known)?;
    if query.get("limit").or(query.get("cursor")).is_some() {
        return part(call).await;
    }
    let which = Which::of(&query)?;
    let tenants = match query.get("tenant") {
        Some(name) => VecDeque::from([call.tenant_named(name).await?.id]),
        None => {
            let all = call.shared.read(|reads| reads.tenants()).await?.into_iter();
            all.map(|tenant| tenant.id)
                .filter(|id| call.caller.reaches(*id))
                .collect()
        }
    };
    let rest = Rest {
        shared: Arc::clone(&call.shared),
        after: which.before_first(),
        which,
        tenants,
    };
    let chunks = stream::unfold(rest, |mut rest| async move {
        let text = rest.next().await?;
        Some((Ok::<_, Infallible>(Frame::data(Bytes::from(text))), rest))
    });
    Ok(Reply {
        status: 200,
        headers: Vec::new(),
        content: Content::Stream(LINES, StreamBody::new(chunks).boxed_unsync()),
    })
}

/// A part; the place where the next one begins is in a header.
async fn part(call: &Call) -> Result<Reply, Problem> {
    let (found, next) = audit::read(call, PART_MAX, PART_MAX).await?;
    let text: String = found.iter().map(line).collect();
    let reply = Reply::text(200, LINES, text);
    Ok(match next {
        Some(next) => reply.with_header("next-cursor", next),
        None => reply,
    })
}

fn line(entry: &crate::model::row::Audit) -> String {
    format!("{}\n", render::audit(entry))
}

/// What is still to be written.
struct Rest {
    shared: Arc<Shared>,
    which: Which,
    tenants: VecDeque<TenantId>,
    after: Option<AuditId>,
}

impl Rest {
    /// The next piece of text; `None` ends the stream.
    async fn next(&mut self) -> Option<String> {
        while let Some(tenant) = self.tenants.front().copied() {
            let after = self.after;
            let read = self.shared.read(move |reads| reads.audit(tenant, after, BLOCK)).await;
            let rows = match read {
                Ok(rows) => rows,
                Err(problem) => {
                    // An export that is not whole must not look as if it were.
                    self.tenants.clear();
                    let broken = json!({"error": {"code": problem.code.code(), "detail": problem.detail}});
                    return Some(format!("{broken}\n"));
                }
            };
            self.after = rows.last().map(|row| row.id).or(after);
            if rows.len() < BLOCK {
                self.tenants.pop_front();
                self.after = self.which.before_first();
            }
            let text: String = rows.iter().filter(|row| self.which.wants(row)).map(line).collect();
            if !text.is_empty() {
                return Some(text);
            }
        }
        None
    }
}
