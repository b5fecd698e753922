//! One webhook and its answer: 200 when it is rightly signed, 401 when not.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Incoming};
use hyper::header::{ALLOW, CONNECTION, EXPECT};
use hyper::http::HeaderValue;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::http::body::{self, Discard};
use crate::http::connections::Slot;
use crate::http::problem::{Problem, ProblemCode};
use crate::http::reply::ResponseBody;
use crate::http::state::{Access, Caps, Mount, MountedReply, MountedRequest};
use crate::model::time::{Clock, Now};
use crate::observe::labels::HookResult;
use crate::xero::webhook::{Keys, SIGNATURE, Signed};

/// Where webhooks are posted.
pub const WEBHOOK_PATH: &str = "/xero/webhook";
/// Largest body. Xero's have a few kilobytes; it documents no bound.
const BODY_MAX_BYTES: usize = 1 << 20;
/// All bodies together, in KiB: 16 MiB, whatever the number of connections.
const BODIES_MAX_KIB: usize = 16 * 1_024;
/// Pages that are being made at once.
const PAGES_MAX: usize = 32;
/// For a whole request: Xero waits five seconds for an answer.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Takes a body that is rightly signed, with the moment it was complete.
pub type Taken = Arc<dyn Fn(Signed, &[u8], Now) + Send + Sync>;

/// What the listener is given.
#[derive(Clone)]
pub struct PublicState {
    /// The keys that are taken now.
    pub keys: Arc<dyn Fn() -> Arc<Keys> + Send + Sync>,
    /// Takes what was verified. Called after its answer.
    pub taken: Taken,
    /// Told of every request that was not taken.
    pub refused: Arc<dyn Fn(HookResult) + Send + Sync>,
    /// Told how long each answer took.
    pub answered: Arc<dyn Fn(Duration) + Send + Sync>,
    /// The clocks.
    pub clock: Arc<dyn Clock>,
    /// Bounds.
    pub caps: Caps,
    /// Pages for anybody who reaches the listener.
    pub mounts: Vec<Arc<dyn Mount>>,
    /// Room for bodies.
    room: Arc<Semaphore>,
    /// Room for pages that are being made.
    pages: Arc<Semaphore>,
}

/// Why a request was not taken.
pub(super) struct Refusal {
    status: StatusCode,
    result: HookResult,
}

impl PublicState {
    /// From its parts.
    #[must_use]
    pub fn new(
        keys: Arc<dyn Fn() -> Arc<Keys> + Send + Sync>,
        taken: Taken,
        refused: Arc<dyn Fn(HookResult) + Send + Sync>,
        answered: Arc<dyn Fn(Duration) + Send + Sync>,
        clock: Arc<dyn Clock>,
        caps: Caps,
    ) -> Self {
        Self {
            keys,
            taken,
            refused,
            answered,
            clock,
            caps,
            mounts: Vec::new(),
            room: Arc::new(Semaphore::new(BODIES_MAX_KIB)),
            pages: Arc::new(Semaphore::new(PAGES_MAX)),
        }
    }

    /// Judges a body. What is rightly signed is dealt with later, while its room stays taken.
    fn judge(&self, signature: [u8; 32], body: Bytes, room: OwnedSemaphorePermit) -> Result<(), Refusal> {
        let Some(signed) = (self.keys)().verify(&body, signature) else {
            return Err(Refusal::unsigned());
        };
        let (taken, received) = (Arc::clone(&self.taken), self.clock.now());
        tokio::spawn(async move {
            taken(signed, &body, received);
            drop(room);
        });
        Ok(())
    }

    fn note(&self, began: Now, outcome: &Result<(), Refusal>) {
        if let Err(refusal) = outcome {
            (self.refused)(refusal.result);
        }
        let took_ms = self.clock.now().mono.since_ms(began.mono);
        (self.answered)(Duration::from_millis(took_ms));
    }

    /// Room for a page, until this is dropped. `None` when there is none for long.
    pub(super) async fn page(&self) -> Option<OwnedSemaphorePermit> {
        let page = Arc::clone(&self.pages).acquire_owned();
        timeout(REQUEST_TIMEOUT, page).await.ok()?.ok()
    }

    /// Waits until no page is being made.
    pub(super) async fn pages_ended(&self) {
        let all = u32::try_from(PAGES_MAX).unwrap_or(u32::MAX);
        // It is never closed.
        let _all_free = self.pages.acquire_many(all).await;
    }

    pub(super) async fn room_for(&self, body_bytes: u64) -> Result<OwnedSemaphorePermit, Refusal> {
        let kib = u32::try_from(body_bytes / 1_024 + 1).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(kib);
        match timeout(REQUEST_TIMEOUT, room).await {
            Ok(Ok(room)) => Ok(room),
            Ok(Err(_)) | Err(_) => Err(Refusal {
                status: StatusCode::SERVICE_UNAVAILABLE,
                result: HookResult::NoRoom,
            }),
        }
    }
}

impl Refusal {
    const fn unsigned() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            result: HookResult::BadSignature,
        }
    }

    const fn elsewhere(status: StatusCode) -> Self {
        Self {
            status,
            result: HookResult::WrongPlace,
        }
    }

    const fn of_body(problem: &Problem) -> Self {
        let (status, result) = match problem.code {
            ProblemCode::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, HookResult::TooLarge),
            ProblemCode::RequestTimeout => (StatusCode::REQUEST_TIMEOUT, HookResult::TooSlow),
            _ => (StatusCode::BAD_REQUEST, HookResult::TooSlow),
        };
        Self { status, result }
    }
}

/// Answers a request; never fails, for every failure is an answer.
pub(super) async fn answer(state: PublicState, slot: Arc<Slot>, request: Request<Incoming>) -> Response<ResponseBody> {
    let began = state.clock.now();
    let (head, mut body) = request.into_parts();
    let outcome = take(&state, &head.method, head.uri.path(), &head.headers, &mut body).await;
    if outcome.is_ok() {
        slot.prove();
    }
    let mut is_early = outcome.is_err() && !body.is_end_stream();
    // A client that waits for leave to send its body sends none.
    if is_early && !head.headers.contains_key(EXPECT) {
        body::discard(&mut body, Discard::STRANGER).await;
        is_early = !body.is_end_stream();
    }
    state.note(began, &outcome);
    let status = outcome.map_or_else(|refusal| refusal.status, |()| StatusCode::OK);
    let mut response = Response::new(Empty::new().boxed_unsync());
    *response.status_mut() = status;
    if is_early {
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

/// A request without a signature costs nothing; one with any costs its body and one computation
/// for each key.
async fn take(
    state: &PublicState,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: &mut Incoming,
) -> Result<(), Refusal> {
    if path != WEBHOOK_PATH {
        return Err(Refusal::elsewhere(StatusCode::NOT_FOUND));
    }
    if method != Method::POST {
        return Err(Refusal::elsewhere(StatusCode::METHOD_NOT_ALLOWED));
    }
    let mut given = headers.get_all(SIGNATURE).iter();
    let signature = match (given.next(), given.next()) {
        (Some(one), None) => Keys::signature(one.as_bytes()).ok_or_else(Refusal::unsigned)?,
        _ => return Err(Refusal::unsigned()),
    };
    let max_bytes = u64::try_from(BODY_MAX_BYTES).unwrap_or(u64::MAX);
    let expected_bytes = body::announced_bytes(body).unwrap_or(max_bytes).min(max_bytes);
    let room = state.room_for(expected_bytes).await?;
    let bytes = body::read(body, BODY_MAX_BYTES, REQUEST_TIMEOUT).await;
    let bytes = bytes.map_err(|problem| Refusal::of_body(&problem))?;
    state.judge(signature, bytes, room)
}

/// The same on the control listener, for a demo that has one address only.
pub struct Mounted(pub PublicState);

impl Mount for Mounted {
    fn accepts(&self, method: &str, path: &str) -> Option<(Access, usize)> {
        (method == "POST" && path == WEBHOOK_PATH).then_some((Access::Open, BODY_MAX_BYTES))
    }

    fn answer(&self, request: MountedRequest) -> BoxFuture<'static, MountedReply> {
        let state = self.0.clone();
        async move {
            let began = state.clock.now();
            let given = request.headers.iter().find(|(name, _)| name == SIGNATURE);
            let signature = given.and_then(|(_, text)| Keys::signature(text.as_bytes()));
            let length = u64::try_from(request.body.len()).unwrap_or(u64::MAX);
            let outcome = match (signature, state.room_for(length).await) {
                (Some(signature), Ok(room)) => state.judge(signature, request.body, room),
                (None, _) => Err(Refusal::unsigned()),
                (_, Err(refusal)) => Err(refusal),
            };
            state.note(began, &outcome);
            let status = outcome.map_or_else(|refusal| refusal.status, |()| StatusCode::OK);
            MountedReply {
                status: status.as_u16(),
                headers: Vec::new(),
                body: Bytes::new(),
            }
        }
        .boxed()
    }
}
