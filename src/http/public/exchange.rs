//! One request of the public listener: a webhook, or one for a page that is mounted here.

use std::sync::Arc;

use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::header::{CONNECTION, EXPECT};
use hyper::http::HeaderValue;
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use tokio::time::timeout;

use super::webhook::{self, PublicState, REQUEST_TIMEOUT};
use crate::http::body::{self, Discard};
use crate::http::connections::Slot;
use crate::http::problem::{Problem, ProblemCode};
use crate::http::reply::{Content, Reply, ResponseBody};
use crate::http::state::{Access, Mount, MountedRequest};

/// Answers a request; never fails, for every failure is an answer.
pub(super) async fn answer(state: PublicState, slot: Arc<Slot>, request: Request<Incoming>) -> Response<ResponseBody> {
    let (method, path) = (request.method().as_str(), request.uri().path());
    // What asks for more than reaching the listener is not for this one.
    let mounted = state
        .mounts
        .iter()
        .find_map(|mount| match mount.accepts(method, path)? {
            (Access::Open, max_bytes) => Some((Arc::clone(mount), max_bytes)),
            (Access::Needs(_), _) => None,
        });
    match mounted {
        Some((mount, max_bytes)) => through_mount(&state, mount.as_ref(), max_bytes, request).await,
        None => webhook::answer(state, slot, request).await,
    }
}

async fn through_mount(
    state: &PublicState,
    mount: &dyn Mount,
    max_bytes: usize,
    request: Request<Incoming>,
) -> Response<ResponseBody> {
    let (head, mut body) = request.into_parts();
    let outcome = mounted_reply(state, mount, max_bytes, &head, &mut body).await;
    let mut is_early = outcome.is_err() && !body.is_end_stream();
    // A client that waits for leave to send its body sends none.
    if is_early && !head.headers.contains_key(EXPECT) {
        body::discard(&mut body, Discard::STRANGER).await;
        is_early = !body.is_end_stream();
    }
    let mut response = match outcome {
        Ok(reply) => reply.into_public_response(),
        Err(status) => Reply::bare(status.as_u16()).into_public_response(),
    };
    if is_early {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    response
}

async fn mounted_reply(
    state: &PublicState,
    mount: &dyn Mount,
    max_bytes: usize,
    head: &Parts,
    body: &mut Incoming,
) -> Result<Reply, StatusCode> {
    let (body, _room) = if body.is_end_stream() {
        (Bytes::new(), None)
    } else {
        let max_bytes_wide = u64::try_from(max_bytes).unwrap_or(u64::MAX);
        let expected_bytes = body::announced_bytes(body).unwrap_or(max_bytes_wide);
        let room = state.room_for(expected_bytes.min(max_bytes_wide)).await;
        let room = room.map_err(|_refusal| StatusCode::SERVICE_UNAVAILABLE)?;
        let read = body::read(body, max_bytes, REQUEST_TIMEOUT).await;
        (read.map_err(|problem| status_of(&problem))?, Some(room))
    };
    let _page = state.page().await.ok_or(StatusCode::SERVICE_UNAVAILABLE)?;
    let headers = head.headers.iter();
    let headers = headers.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    let work = mount.answer(MountedRequest {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: headers.collect(),
        body,
        caller: "open".to_owned(),
    });
    match timeout(state.caps.answer_timeout, work).await {
        Ok(reply) => Ok(Reply {
            status: reply.status,
            headers: reply.headers,
            content: Content::Mounted(reply.body),
        }),
        Err(_elapsed) => Err(StatusCode::GATEWAY_TIMEOUT),
    }
}

const fn status_of(problem: &Problem) -> StatusCode {
    match problem.code {
        ProblemCode::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ProblemCode::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        _ => StatusCode::BAD_REQUEST,
    }
}
