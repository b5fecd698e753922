//! One request and its answer, from the head to the last header.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_TYPE, EXPECT};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Request, Response};
use tokio::sync::SemaphorePermit;
use tokio::time::timeout;

use super::body::{self, Discard};
use super::connections::Slot;
use super::endpoints::{Call, Shared, dispatch};
use super::guard::{self, Caller, Peer};
use super::idempotency::{self, Keyed, Turn};
use super::problem::{Problem, ProblemCode};
use super::reply::{Content, Reply, ResponseBody};
use super::routes::{Deadline, Found, Route, WAIT_MAX_S};
use super::state::{Access, Mount, MountedRequest, Served};
use crate::model::ids::RequestId;

/// Longest `X-Request-Id` that is taken over.
const REQUEST_ID_MAX_CHARS: usize = 128;

/// Names an answer that was kept from an earlier request.
pub const REPLAYED: &str = "idempotency-replayed";
/// Names a request, so that repeating it is safe.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// What is known of a request when its answer is recorded.
struct Trace {
    route: &'static str,
    discard: Discard,
}

/// Answers a request; never fails, for every failure is an answer.
pub async fn answer(
    shared: Arc<Shared>,
    peer: Peer,
    slot: Arc<Slot>,
    request: Request<Incoming>,
) -> Response<ResponseBody> {
    let began = shared.state.clock.now();
    let (head, mut body) = request.into_parts();
    let request_id = request_id(&shared, &head.headers);
    let mut trace = Trace {
        route: "none",
        discard: Discard::STRANGER,
    };
    let outcome = handle(&shared, peer, &slot, &head, &mut body, &mut trace).await;
    let mut is_early = outcome.is_err() && !body.is_end_stream();
    // A client that waits for leave to send its body sends none.
    if is_early && !head.headers.contains_key(EXPECT) {
        body::discard(&mut body, trace.discard).await;
        is_early = !body.is_end_stream();
    }
    let problem = outcome.as_ref().err().map(|problem| problem.code);
    let reply = match outcome {
        Ok(reply) => reply,
        Err(problem) => Reply::problem(&problem, &request_id),
    };
    let is_replayed = reply.headers.iter().any(|(name, _)| name == REPLAYED);
    let reply = if is_early {
        reply.with_header("connection", "close")
    } else {
        reply
    };
    (shared.state.served)(&Served {
        route: trace.route,
        method: method_label(&head),
        status: reply.status,
        took_ms: shared.state.clock.now().mono.since_ms(began.mono),
        request_id: request_id.clone(),
        problem,
        has_idempotency_key: head.headers.contains_key(IDEMPOTENCY_KEY),
        is_replayed,
    });
    reply.into_response(&request_id)
}

/// The caller's id for the request if it can be used, else one of ours.
fn request_id(shared: &Shared, headers: &HeaderMap) -> String {
    let given = headers
        .get("x-request-id")
        .and_then(|value| value.to_str().ok())
        .filter(|id| {
            (1..=REQUEST_ID_MAX_CHARS).contains(&id.len())
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte))
        });
    match given {
        Some(id) => id.to_owned(),
        None => {
            let at_ms = u64::try_from(shared.now().0).unwrap_or(0);
            RequestId::from_parts(at_ms, shared.state.entropy.random_u128()).to_string()
        }
    }
}

fn method_label(head: &Parts) -> &'static str {
    match head.method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "PUT" => "PUT",
        "POST" => "POST",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// Guards first, then the route, then its endpoint.
async fn handle(
    shared: &Arc<Shared>,
    peer: Peer,
    slot: &Slot,
    head: &Parts,
    body: &mut Incoming,
    trace: &mut Trace,
) -> Result<Reply, Problem> {
    guard::check_host(head, peer, &shared.hosts)?;
    let (method, path) = (head.method.as_str(), head.uri.path());
    let found = shared.table.find(method, path);
    let mounted = match found {
        Found::Nothing => shared.state.mounts.iter().find_map(|mount| {
            let (access, max_bytes) = mount.accepts(method, path)?;
            Some((Arc::clone(mount), access, max_bytes))
        }),
        _ => None,
    };
    let access = match (&found, &mounted) {
        (Found::Route(route, _), _) => Some(route.access),
        (_, Some((_, access, _))) => Some(*access),
        _ => None,
    };
    let caller = if access == Some(Access::Open) {
        Caller::Open
    } else {
        guard::check_origin(&head.headers, peer, &shared.hosts)?;
        let caller = guard::authenticate(&head.headers, peer, &shared.tokens, shared.now())?;
        slot.prove();
        trace.discard = Discard::KNOWN;
        caller
    };
    if let Some(Access::Needs(scope)) = access {
        caller.require(scope)?;
    }
    if let Some((mount, _, max_bytes)) = mounted {
        trace.route = "mounted";
        return through_mount(shared, mount.as_ref(), caller, head, body, max_bytes).await;
    }
    match found {
        Found::Route(route, params) => {
            trace.route = route.pattern;
            let total = total_of(shared, route);
            let work = through_route(shared, route, params, caller, head, body);
            match timeout(total, work).await {
                Ok(result) => result,
                Err(_elapsed) => Err(Problem::new(
                    ProblemCode::DeadlineExceeded,
                    format!("There was no answer within {} s.", total.as_secs()),
                )),
            }
        }
        Found::OtherMethods(methods) => {
            let methods = methods.join(", ");
            Err(
                Problem::new(ProblemCode::MethodNotAllowed, format!("This path takes {methods}."))
                    .with_header("allow", methods),
            )
        }
        Found::Nothing => Err(Problem::new(
            ProblemCode::RouteNotFound,
            "There is nothing at this path.",
        )),
    }
}

fn total_of(shared: &Shared, route: &Route) -> Duration {
    let total = shared.caps().answer_timeout;
    match route.deadline {
        Deadline::Total => total,
        Deadline::TotalAndWait => total + Duration::from_secs(WAIT_MAX_S),
    }
}

async fn through_mount(
    shared: &Shared,
    mount: &dyn Mount,
    caller: Caller,
    head: &Parts,
    body: &mut Incoming,
    max_bytes: usize,
) -> Result<Reply, Problem> {
    refuse_while_stopping(shared)?;
    let (body, _room) = bounded_body(shared, body, max_bytes).await?;
    let headers = head
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let work = mount.answer(MountedRequest {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers,
        body,
        caller: caller.name(),
    });
    match timeout(shared.caps().answer_timeout, work).await {
        Ok(reply) => Ok(Reply {
            status: reply.status,
            headers: reply.headers,
            content: Content::Mounted(reply.body),
        }),
        Err(_elapsed) => Err(Problem::new(
            ProblemCode::DeadlineExceeded,
            "There was no answer in time.",
        )),
    }
}

async fn through_route(
    shared: &Arc<Shared>,
    route: &'static Route,
    params: std::collections::HashMap<&'static str, String>,
    caller: Caller,
    head: &Parts,
    body: &mut Incoming,
) -> Result<Reply, Problem> {
    if route.access != Access::Open {
        refuse_while_stopping(shared)?;
    }
    let key = if route.verb.is_read() {
        None
    } else {
        if !body.is_end_stream() {
            check_is_json(&head.headers)?;
        }
        idempotency::key_of(&head.headers)?
    };
    let (body, room) = bounded_body(shared, body, route.body_max_bytes).await?;
    let target = head
        .uri
        .path_and_query()
        .map_or_else(|| head.uri.path(), |target| target.as_str());
    let keyed = key.map(|key| Keyed::new(&caller, &key, route.verb.name(), target, &body));
    let call = Arc::new(Call {
        shared: Arc::clone(shared),
        caller,
        params,
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers.clone(),
        body,
    });
    if route.verb.is_read() {
        let shown = AssertUnwindSafe(dispatch(route.endpoint, call)).catch_unwind();
        return shown.await.unwrap_or_else(|_panic| Err(defect(route)));
    }
    let turn = match &keyed {
        Some(keyed) => Some(shared.in_flight.take(keyed)?),
        None => None,
    };
    // A write is carried through even if its caller goes away: half a write would be lost work,
    // and a grant that is being exchanged would be lost for good.
    let work = tokio::spawn(write(route, call, keyed, turn));
    let result = work.await;
    drop(room);
    result.unwrap_or_else(|_panicked| Err(defect(route)))
}

fn defect(route: &Route) -> Problem {
    tracing::error!(route = route.pattern, "a request of the control endpoint panicked");
    Problem::new(
        ProblemCode::Internal,
        "The request met a defect; whatever it had stored stays.",
    )
}

/// Carries out a write; the answer to one with a key is kept before it is given.
async fn write(
    route: &'static Route,
    call: Arc<Call>,
    keyed: Option<Keyed>,
    turn: Option<Turn>,
) -> Result<Reply, Problem> {
    let _turn = turn;
    let shared = Arc::clone(&call.shared);
    let Some(keyed) = keyed else {
        return dispatch(route.endpoint, call).await;
    };
    let key = keyed.key.clone();
    let kept = shared.read(move |reads| reads.receipt(&key)).await?;
    if let Some(reply) = keyed.replay(kept, shared.now())? {
        return Ok(reply);
    }
    let reply = dispatch(route.endpoint, call).await?;
    if let Some(receipt) = keyed.receipt(&reply, shared.now()) {
        let kept = shared.state.control.keep_receipt(receipt).await;
        kept.map_err(super::endpoints::refusal)?;
    }
    Ok(reply)
}

fn refuse_while_stopping(shared: &Shared) -> Result<(), Problem> {
    if shared.stopping.is_ordered() {
        return Err(Problem::new(
            ProblemCode::Draining,
            "The daemon is stopping and takes no new work.",
        ));
    }
    Ok(())
}

fn check_is_json(headers: &HeaderMap) -> Result<(), Problem> {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Problem::new(
        ProblemCode::UnsupportedMediaType,
        "The body is not declared as application/json.",
    ))
}

/// Reads a body once there is room for it beside the bodies of other requests.
async fn bounded_body<'a>(
    shared: &'a Shared,
    incoming: &mut Incoming,
    max_bytes: usize,
) -> Result<(Bytes, Option<SemaphorePermit<'a>>), Problem> {
    if incoming.is_end_stream() {
        return Ok((Bytes::new(), None));
    }
    let max_bytes_wide = u64::try_from(max_bytes).unwrap_or(u64::MAX);
    let expected = body::announced_bytes(incoming)
        .unwrap_or(max_bytes_wide)
        .min(max_bytes_wide);
    let kib = u32::try_from(expected / 1_024 + 1).unwrap_or(u32::MAX);
    let within = shared.caps().body_timeout;
    let Ok(Ok(room)) = timeout(within, shared.body_kib.acquire_many(kib)).await else {
        return Err(Problem::new(
            ProblemCode::Busy,
            "Too many large bodies are being read at once.",
        ));
    };
    let bytes = body::read(incoming, max_bytes, within).await?;
    Ok((bytes, Some(room)))
}
