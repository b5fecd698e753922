//! The feed of events, page by page.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::call::Call;
use crate::http::cursor::FeedCursor;
use crate::http::paths::{Query, invalid_parameter};
use crate::http::problem::{Problem, ProblemCode};
use crate::http::reply::Reply;
use crate::http::routes::WAIT_MAX_S;
use crate::model::ids::TenantId;
use crate::model::row::Event;

/// Most events of one page.
pub const PAGE_MAX: u64 = 1_000;
/// Entries read at once.
const CHUNK: usize = 1_000;
/// Most entries looked through for one page, when a filter passes few of them.
const SCAN_MAX: usize = 20_000;

/// Which events are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Only this tenant's.
    pub tenant: Option<TenantId>,
    /// Only these types; an entry may end in `*`. Empty = all.
    pub types: Vec<String>,
}

impl Wanted {
    /// Reads `tenant` and `types`.
    pub async fn read(call: &Call, query: &Query) -> Result<Self, Problem> {
        let tenant = match query.get("tenant") {
            Some(name) => Some(call.tenant_named(name).await?.id),
            None => None,
        };
        let types: Vec<String> = query
            .get("types")
            .map(|types| types.split(',').map(str::trim).map(str::to_owned).collect())
            .unwrap_or_default();
        if types.len() > 50 || types.iter().any(String::is_empty) {
            return Err(invalid_parameter(
                "types",
                "it must be up to 50 types, separated by commas",
            ));
        }
        Ok(Self { tenant, types })
    }

    fn passes(&self, call: &Call, event: &Event) -> bool {
        let is_type = |wanted: &String| match wanted.strip_suffix('*') {
            Some(start) => event.event_type.starts_with(start),
            None => event.event_type == *wanted,
        };
        call.caller.reaches(event.tenant) && (self.types.is_empty() || self.types.iter().any(is_type))
    }
}

/// A page of the feed, waiting for it if the caller wants to.
pub async fn list(call: &Call) -> Result<Reply, Problem> {
    let known = ["cursor", "limit", "wait", "tenant", "types"];
    let query = Query::parse(&call.query, &known)?;
    let limit = query.number("limit", 100, 1, PAGE_MAX)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let wait_s = query.number("wait", 0, 0, WAIT_MAX_S)?;
    let wanted = Wanted::read(call, &query).await?;
    let mut position = match query.get("cursor") {
        Some(text) => position_of(call, text).await?,
        None => oldest(call).await?,
    };
    let end = Instant::now() + Duration::from_secs(wait_s);
    let mut feed = call.shared.state.reads.feed_watch();
    loop {
        // Marked as seen before reading, so that an entry that comes meanwhile wakes us.
        feed.borrow_and_update();
        let (events, reached) = page(call, &wanted, position, limit).await?;
        position = reached;
        let is_over = Instant::now() >= end || call.shared.stopping.is_ordered();
        if !events.is_empty() || is_over {
            let data = events.iter().map(|(seq, event)| shown(*seq, event));
            let next_cursor = cursor_at(call, position);
            return Ok(Reply::list(data, &json!({"next_cursor": next_cursor})));
        }
        if position < call.shared.state.reads.feed_end() {
            continue;
        }
        tokio::select! {
            changed = timeout_at(end, feed.changed()) => {
                if matches!(changed, Ok(Err(_))) {
                    // The store is gone: nothing more will come, so wait out the stop.
                    call.shared.stopping.ordered().await;
                }
            }
            () = call.shared.stopping.ordered() => {}
        }
    }
}

/// The events behind `position` that are wanted, and how far was looked.
pub async fn page(
    call: &Call,
    wanted: &Wanted,
    position: u64,
    limit: usize,
) -> Result<(Vec<(u64, Event)>, u64), Problem> {
    let mut found = Vec::new();
    let mut position = position;
    let mut looked = 0;
    while looked < SCAN_MAX {
        // Everything up to here is durable before the read, so a short read has seen all of it.
        let end = call.shared.state.reads.feed_end();
        if position >= end {
            break;
        }
        let (after, tenant) = (position, wanted.tenant);
        let rows = call
            .shared
            .read(move |reads| reads.events(after, CHUNK, tenant))
            .await?;
        let mut saw_all = rows.len() < CHUNK;
        looked += CHUNK;
        for (seq, event) in rows {
            if seq > end {
                saw_all = true;
                break;
            }
            position = seq;
            if wanted.passes(call, &event) {
                found.push((seq, event));
                if found.len() >= limit {
                    return Ok((found, position));
                }
            }
        }
        if saw_all {
            position = position.max(end);
        }
    }
    Ok((found, position))
}

/// The position a cursor names, if the feed still has what follows it.
pub async fn position_of(call: &Call, text: &str) -> Result<u64, Problem> {
    let cursor = FeedCursor::decode(text)?;
    let oldest = oldest(call).await?;
    let reads = &call.shared.state.reads;
    let is_same_feed = cursor.epoch == reads.feed_epoch() && cursor.seq <= reads.feed_end();
    if is_same_feed && cursor.seq >= oldest {
        return Ok(cursor.seq);
    }
    let detail = if is_same_feed {
        "Events behind this cursor are not kept any more."
    } else {
        "The cursor belongs to another feed: the store was replaced or restored."
    };
    Err(Problem::new(ProblemCode::CursorExpired, detail).with("oldest_cursor", cursor_at(call, oldest)))
}

/// The position before the oldest entry that is kept.
pub async fn oldest(call: &Call) -> Result<u64, Problem> {
    let first = call.shared.read(|reads| reads.feed_oldest()).await?;
    Ok(first.saturating_sub(1))
}

/// The cursor of a position.
pub fn cursor_at(call: &Call, position: u64) -> String {
    FeedCursor {
        epoch: call.shared.state.reads.feed_epoch(),
        seq: position,
    }
    .encode()
}

/// An event as hosts see it.
pub fn shown(seq: u64, event: &Event) -> Value {
    json!({
        "id": event.id,
        "seq": seq,
        "type": event.event_type,
        "timestamp": event.timestamp.to_rfc3339(),
        "tenant_id": event.tenant,
        "data": event.data,
    })
}
