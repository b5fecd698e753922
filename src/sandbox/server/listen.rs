//! The sandbox behind a socket: HTTP/1.1 on 127.0.0.1, with connections that really break.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::body::{Broken, Cuttable, End};
use super::courier::deliver;
use super::history::History;
use crate::sandbox::clock::{Clock, Instants};
use crate::sandbox::gate::limit::Limits;
use crate::sandbox::outbox::{Delivery, Receipt};
use crate::sandbox::query::page::SinceIs;
use crate::sandbox::seed::{Seed, TenantName};
use crate::sandbox::wire::{Answer, CallId, Outcome, Request, Transport};
use crate::sandbox::world::{Setup, World};

/// Xero refuses larger bodies.
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;

/// How a sandbox is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// On 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// Which organisations it starts with.
    pub seed: Seed,
    /// Where all its randomness comes from; give real entropy outside tests.
    pub rng_seed: u64,
    /// Shared with whoever should move when tests move it.
    pub clock: Clock,
    /// The app's limits.
    pub limits: Limits,
    /// Every answer of the API takes at least this long, in milliseconds, as the real Xero's do.
    pub latency_ms: u64,
    /// A refresh token that was just replaced works again for 30 minutes.
    pub refresh_grace: bool,
    /// Whether `If-Modified-Since` lists documents of exactly that time.
    pub since_is: SinceIs,
    /// A file that the sandbox remembers itself by; without one it begins anew each time.
    pub history: Option<PathBuf>,
}

/// A running sandbox.
#[derive(Debug)]
pub struct Handle {
    /// Where it listens.
    pub address: SocketAddr,
    /// The app's `client_id`.
    pub client_id: String,
    /// The app's `client_secret`.
    pub client_secret: String,
    /// A refresh token that works once.
    pub refresh_token: String,
    /// The key webhooks are signed with.
    pub webhook_key: String,
    /// The organisations it started with.
    pub tenants: Vec<TenantName>,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    running: tokio::task::JoinHandle<()>,
}

impl Default for Options {
    fn default() -> Self {
        let setup = Setup::default();
        Self {
            port: 0,
            seed: setup.seed,
            rng_seed: setup.rng_seed,
            clock: Clock::new(),
            limits: setup.limits,
            latency_ms: 0,
            refresh_grace: setup.refresh_grace,
            since_is: setup.since_is,
            history: None,
        }
    }
}

impl Handle {
    /// `http://127.0.0.1:port`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its clock.
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Asks the control surface (`/_sandbox/…`) without a socket.
    pub fn control(&self, method: &str, path: &str, body: &serde_json::Value) -> Answer {
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            body: body.to_string().into(),
            ..Request::default()
        };
        let outcome = self.shared.respond(&request);
        if let Some(step) = outcome.clock {
            self.shared.clock.apply(step);
        }
        // What was far off may be due now.
        self.shared.deliveries.notify_one();
        outcome.answer
    }

    /// Looks at or changes the world between requests; a history does not know of it.
    pub fn with_world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.shared.world())
    }

    /// Closes the listener and every connection.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.running.await {
            tracing::warn!(%error, "sandbox did not stop cleanly");
        }
    }
}

/// Starts a sandbox on the current tokio runtime.
///
/// # Errors
/// When the port cannot be bound.
pub async fn start(options: Options) -> io::Result<Handle> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
    let address = listener.local_addr()?;
    let setup = Setup {
        seed: options.seed,
        rng_seed: options.rng_seed,
        limits: options.limits,
        refresh_grace: options.refresh_grace,
        since_is: options.since_is,
    };
    let (world, history) = match &options.history {
        None => (World::new(&setup, options.clock.instants()), None),
        Some(path) => {
            let (world, history) = History::open(path, &setup, &options.clock)?;
            (world, Some(Mutex::new(history)))
        }
    };
    let (stop, stopped) = watch::channel(false);
    let (client_id, client_secret) = (world.client_id().to_owned(), world.client_secret().to_owned());
    let (refresh_token, webhook_key) = (world.refresh_token().to_owned(), world.webhook_key().to_owned());
    let tenants = world.tenants();
    let shared = Arc::new(Shared {
        world: Mutex::new(world),
        history,
        clock: options.clock,
        latency_ms: options.latency_ms,
        deliveries: Notify::new(),
    });
    let running = tokio::spawn(run(listener, Arc::clone(&shared), stopped));
    Ok(Handle {
        address,
        client_id,
        client_secret,
        refresh_token,
        webhook_key,
        tenants,
        shared,
        stop,
        running,
    })
}

#[derive(Debug)]
pub(super) struct Shared {
    world: Mutex<World>,
    history: Option<Mutex<History>>,
    pub(super) clock: Clock,
    latency_ms: u64,
    pub(super) deliveries: Notify,
}

impl Shared {
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the world something; what it was told is written down in the same order.
    fn tell<T>(
        &self,
        note: impl FnOnce(&mut History, Instants) -> io::Result<()>,
        tell: impl FnOnce(&mut World, Instants) -> T,
    ) -> T {
        let mut world = self.world();
        let now = self.clock.instants();
        if let Some(history) = &self.history {
            let mut history = history.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = note(&mut history, now) {
                tracing::error!(%error, "the sandbox's history could not be written: its next start will not know this");
            }
        }
        tell(&mut world, now)
    }

    fn respond(&self, request: &Request) -> Outcome {
        self.tell(
            |history, now| history.asked(now, request),
            |world, now| world.respond(now, request),
        )
    }

    pub(super) fn take_deliveries(&self) -> (Instants, Vec<Delivery>, Option<i64>) {
        let next_ms = self.world().next_delivery_ms();
        let now = self.clock.instants();
        if next_ms.is_none_or(|at| at > now.document_ms) {
            return (now, Vec::new(), next_ms);
        }
        self.tell(
            |history, now| history.took_deliveries(now),
            |world, now| (now, world.take_deliveries(now), world.next_delivery_ms()),
        )
    }

    pub(super) fn delivered(&self, id: u64, receipt: Receipt) {
        self.tell(
            |history, now| history.delivered(now, id, receipt),
            |world, now| world.delivered(id, receipt, now),
        );
        self.deliveries.notify_one();
    }
}

/// A call that counts as under way until it is answered or abandoned.
struct Flight {
    shared: Arc<Shared>,
    call: CallId,
}

impl Drop for Flight {
    fn drop(&mut self) {
        let call = self.call;
        self.shared.tell(
            |history, now| history.answered(now, call),
            |world, now| world.answered(call, now),
        );
    }
}

async fn run(listener: TcpListener, shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let mut tasks = JoinSet::new();
    tasks.spawn(deliver(Arc::clone(&shared)));
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tasks.spawn(serve(stream, Arc::clone(&shared)));
                }
                Err(error) => {
                    tracing::warn!(%error, "sandbox could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = tasks.join_next(), if tasks.len() > 1 => {}
        }
    }
    tasks.shutdown().await;
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "sandbox could not set TCP_NODELAY");
    }
    let service = service_fn(move |request| answer(Arc::clone(&shared), request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "sandbox connection ended");
    }
}

async fn answer(shared: Arc<Shared>, request: hyper::Request<Incoming>) -> Result<Response<Cuttable>, Broken> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
        let whole = Cuttable {
            announced: 0,
            rest: None,
            end: End::Whole,
        };
        let mut response = Response::new(whole);
        *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(response);
    };
    let request = Request {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: headers(&parts.headers),
        body: body.to_bytes(),
    };
    let outcome = shared.respond(&request);
    let flight = outcome.call.map(|call| Flight {
        shared: Arc::clone(&shared),
        call,
    });
    if let Some(step) = outcome.clock {
        shared.clock.apply(step);
    }
    shared.deliveries.notify_one();
    let latency_ms = if flight.is_some() { shared.latency_ms } else { 0 };
    let delay_ms = outcome.delay_ms.max(latency_ms);
    if delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
    }
    // From here on the answer is on its way, so the call no longer counts as under way.
    drop(flight);
    response(outcome)
}

fn response(outcome: Outcome) -> Result<Response<Cuttable>, Broken> {
    let Outcome { answer, transport, .. } = outcome;
    let announced = u64::try_from(answer.body.len()).map_err(|_| Broken)?;
    let (rest, end) = match transport {
        Transport::DropBeforeWrite | Transport::DropAfterWrite => return Err(Broken),
        Transport::Deliver => (answer.body, End::Whole),
        Transport::Cut { after_bytes } => (answer.body.slice(..after_bytes), End::CutAfterFlush),
    };
    let rest = Some(rest).filter(|bytes| !bytes.is_empty());
    let mut builder = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        builder = builder.header(*name, value);
    }
    builder.body(Cuttable { announced, rest, end }).map_err(|_| Broken)
}

fn headers(map: &HeaderMap) -> Vec<(String, String)> {
    map.iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect()
}
