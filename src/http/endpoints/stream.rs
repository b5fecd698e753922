//! The feed of events as a stream (server-sent events). It is pulled: nothing is read ahead of
//! what the connection takes, so a slow reader costs one page and no event.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use serde_json::json;
use tokio::time::timeout;

use super::call::Call;
use super::events::{self, Wanted};
use crate::http::paths::Query;
use crate::http::problem::{Problem, ProblemCode};
use crate::http::reply::{Content, Reply};

/// Events read at once.
const CHUNK: usize = 100;

/// Opens the stream: from `Last-Event-ID` or `cursor`, else from now on.
pub async fn open(call: &Call) -> Result<Reply, Problem> {
    let query = Query::parse(&call.query, &["cursor", "tenant", "types"])?;
    let wanted = Wanted::read(call, &query).await?;
    let last_event_id = call.headers.get("last-event-id");
    let resume = last_event_id
        .and_then(|value| value.to_str().ok())
        .or_else(|| query.get("cursor"));
    let mut waiting = VecDeque::from(["retry: 3000\n\n".to_owned()]);
    let position = match resume {
        None => call.shared.state.reads.feed_end(),
        Some(text) => match events::position_of(call, text).await {
            Ok(position) => position,
            Err(problem) if problem.code == ProblemCode::CursorExpired => {
                let oldest = events::oldest(call).await?;
                let gap = json!({
                    "detail": problem.detail,
                    "oldest_cursor": events::cursor_at(call, oldest),
                });
                waiting.push_back(format!("event: gap\ndata: {gap}\n\n"));
                oldest
            }
            Err(problem) => return Err(problem),
        },
    };
    let feed = Feed {
        call: Arc::new(Call {
            shared: Arc::clone(&call.shared),
            caller: call.caller.clone(),
            params: call.params.clone(),
            query: call.query.clone(),
            headers: call.headers.clone(),
            body: Bytes::new(),
        }),
        wanted,
        position,
        waiting,
    };
    let chunks = stream::unfold(feed, |mut feed| async move {
        let text = feed.next().await?;
        Some((Ok::<_, Infallible>(Frame::data(Bytes::from(text))), feed))
    });
    let body = StreamBody::new(chunks).boxed_unsync();
    Ok(Reply {
        status: 200,
        headers: vec![("x-accel-buffering".to_owned(), "no".to_owned())],
        content: Content::Stream("text/event-stream", body),
    })
}

struct Feed {
    call: Arc<Call>,
    wanted: Wanted,
    position: u64,
    waiting: VecDeque<String>,
}

impl Feed {
    /// The next piece of text; `None` ends the stream.
    async fn next(&mut self) -> Option<String> {
        let mut feed = self.call.shared.state.reads.feed_watch();
        loop {
            if let Some(text) = self.waiting.pop_front() {
                return Some(text);
            }
            if self.call.shared.stopping.is_ordered() {
                return None;
            }
            feed.borrow_and_update();
            // A store that cannot be read ends the stream; the reader resumes by cursor.
            let read = events::page(&self.call, &self.wanted, self.position, CHUNK).await;
            let (events, reached) = read.ok()?;
            self.position = reached;
            for (seq, event) in &events {
                let id = events::cursor_at(&self.call, *seq);
                let data = events::shown(*seq, event);
                let name: String = event.event_type.chars().filter(|letter| !letter.is_control()).collect();
                self.waiting
                    .push_back(format!("id: {id}\nevent: {name}\ndata: {data}\n\n"));
            }
            if !events.is_empty() || reached < self.call.shared.state.reads.feed_end() {
                continue;
            }
            let heartbeat = self.call.shared.caps().heartbeat;
            tokio::select! {
                changed = timeout(heartbeat, feed.changed()) => match changed {
                    Ok(Ok(())) => {}
                    Ok(Err(_gone)) => return None,
                    Err(_quiet) => return Some(": keep-alive\n\n".to_owned()),
                },
                () = self.call.shared.stopping.ordered() => return None,
            }
        }
    }
}
