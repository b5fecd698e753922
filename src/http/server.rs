//! The listeners, their runtime and their end.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Runtime;
use tokio::sync::{Mutex, Semaphore, oneshot, watch};
use tokio::task::JoinSet;

use super::connections::{Connections, Slot};
use super::endpoints::Shared;
use super::exchange;
use super::guard::{self, Peer};
use super::idempotency::InFlight;
use super::routes::Table;
use super::serving::{self, Manners, pause, turn_away};
use super::state::State;
use super::stopping::Stopping;

/// All bodies together, in KiB: 64 MiB, whatever the number of connections.
const BODIES_MAX_KIB: usize = 64 * 1_024;

/// Where to listen.
#[derive(Debug, Clone, Default)]
pub struct Listen {
    /// A loopback address; port 0 = any free one.
    pub tcp: Option<SocketAddr>,
    /// The path of the Unix socket.
    pub socket: Option<PathBuf>,
}

/// Why the endpoint did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is nothing to listen on.
    #[error("neither an address nor a socket to listen on is given")]
    Nowhere,
    /// Others than this machine could reach the endpoint in the clear.
    #[error("{0} is not a loopback address; without TLS the control endpoint serves this machine only")]
    NotLoopback(SocketAddr),
    /// Another process listens there.
    #[error("another process listens on {0}")]
    InUse(String),
    /// The system refuses.
    #[error("cannot listen on {place}: {source}")]
    Listen {
        /// Where.
        place: String,
        /// Why.
        source: io::Error,
    },
    /// The runtime or its thread cannot be made.
    #[error("cannot make the runtime of the control endpoint: {0}")]
    Runtime(io::Error),
    /// The table of routes contradicts itself.
    #[error("the table of routes contradicts itself: {0}")]
    Routes(String),
}

/// A running endpoint. Dropping it stops it without waiting for anybody.
pub struct Server {
    /// The TCP address, with the port that was found.
    pub addr: Option<SocketAddr>,
    /// The Unix socket.
    pub socket: Option<PathBuf>,
    order: watch::Sender<bool>,
    deadline: watch::Sender<Duration>,
    ended: Option<oneshot::Receiver<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Takes no new work, lets open requests finish until the deadline, then ends. Long polls and
    /// streams end at once. Can be awaited on any runtime.
    pub async fn stop(mut self, deadline: Duration) {
        self.deadline.send_replace(deadline);
        self.order.send_replace(true);
        if let Some(ended) = self.ended.take()
            && ended.await.is_err()
        {
            tracing::error!("the thread of the control endpoint ended early");
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the control endpoint panicked");
        }
        if let Some(path) = &self.socket
            && let Err(error) = std::fs::remove_file(path)
        {
            tracing::debug!(%error, "the socket was already gone");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.order.send_replace(true);
    }
}

/// Starts the endpoint on a thread and a runtime of its own.
///
/// # Errors
/// It cannot listen, or must not where it was told to.
pub fn start(state: State, listen: Listen) -> Result<Server, StartError> {
    let tcp = listen.tcp.map(bind_tcp).transpose()?;
    let unix = listen.socket.as_deref().map(bind_unix).transpose()?;
    if tcp.is_none() && unix.is_none() {
        return Err(StartError::Nowhere);
    }
    let addr = tcp
        .as_ref()
        .map(|listener| {
            listener.local_addr().map_err(|source| StartError::Listen {
                place: "the given address".to_owned(),
                source,
            })
        })
        .transpose()?;
    let (order, ordered) = watch::channel(false);
    let (deadline, deadline_given) = watch::channel(Duration::ZERO);
    let (end, ended) = oneshot::channel();
    let shared = Arc::new(Shared {
        hosts: addr.map_or_else(Vec::new, |addr| guard::hosts_of(addr, &state.allowed_hosts)),
        tokens: state.tokens.iter().cloned().map(Arc::new).collect(),
        table: Table::build().map_err(|error| StartError::Routes(error.to_string()))?,
        in_flight: Arc::new(InFlight::default()),
        body_kib: Semaphore::new(BODIES_MAX_KIB),
        settings: Mutex::new(()),
        stopping: Stopping::new(ordered),
        started: state.clock.now().mono,
        state,
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(16)
        .thread_name("http-worker")
        .enable_all()
        .build()
        .map_err(StartError::Runtime)?;
    let socket = listen.socket.clone();
    let thread = std::thread::Builder::new()
        .name("http".to_owned())
        .spawn(move || run(&runtime, shared, (tcp, unix), &deadline_given, end))
        .map_err(StartError::Runtime)?;
    Ok(Server {
        addr,
        socket,
        order,
        deadline,
        ended: Some(ended),
        thread: Some(thread),
    })
}

fn bind_tcp(addr: SocketAddr) -> Result<TcpListener, StartError> {
    if !addr.ip().is_loopback() {
        return Err(StartError::NotLoopback(addr));
    }
    let listener = TcpListener::bind(addr).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    listener.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::InUse(addr.to_string()),
        _ => StartError::Listen {
            place: addr.to_string(),
            source,
        },
    })
}

/// Binds a socket of mode 0660, in the place of one whose process has died.
fn bind_unix(path: &Path) -> Result<UnixListener, StartError> {
    let place = path.display().to_string();
    if path.exists() {
        if UnixStream::connect(path).is_ok() {
            return Err(StartError::InUse(place));
        }
        std::fs::remove_file(path).map_err(|source| StartError::Listen {
            place: place.clone(),
            source,
        })?;
    }
    let listener = UnixListener::bind(path).and_then(|listener| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    listener.map_err(|source| StartError::Listen { place, source })
}

type Listeners = (Option<TcpListener>, Option<UnixListener>);

/// The thread: serves until the order to stop, then drains.
fn run(
    runtime: &Runtime,
    shared: Arc<Shared>,
    listeners: Listeners,
    deadline: &watch::Receiver<Duration>,
    end: oneshot::Sender<()>,
) {
    runtime.block_on(async {
        let connections = Connections::new(shared.caps());
        let mut tasks = JoinSet::new();
        if let Err(error) = accept(&shared, listeners, &connections, &mut tasks).await {
            tracing::error!(%error, "the control endpoint cannot use its listeners");
        }
        let deadline = *deadline.borrow();
        let drained = tokio::time::timeout(deadline, async { while tasks.join_next().await.is_some() {} });
        if drained.await.is_err() {
            tracing::warn!(
                open_count = tasks.len(),
                "requests were cut off at the end of the drain"
            );
            tasks.abort_all();
        }
    });
    if end.send(()).is_err() {
        // Nobody waits for the end: the server was dropped.
    }
}

/// Accepts until the order to stop.
async fn accept(
    shared: &Arc<Shared>,
    (tcp, unix): Listeners,
    connections: &Arc<Connections>,
    tasks: &mut JoinSet<()>,
) -> io::Result<()> {
    let tcp = tcp.map(tokio::net::TcpListener::from_std).transpose()?;
    let unix = unix.map(tokio::net::UnixListener::from_std).transpose()?;
    let own_uid = rustix::process::geteuid().as_raw();
    let stopping = shared.stopping.clone();
    loop {
        tokio::select! {
            () = stopping.ordered() => return Ok(()),
            Some(_ended) = tasks.join_next() => {}
            accepted = accept_tcp(tcp.as_ref()) => match accepted {
                Ok((stream, from)) => match connections.admit(Some(from.ip())) {
                    Some(slot) => {
                        if let Err(error) = stream.set_nodelay(true) {
                            tracing::debug!(%error, "a connection ended at once");
                        }
                        tasks.spawn(serve(Arc::clone(shared), Peer::Tcp, slot, stream));
                    }
                    None => turn_away(tasks, stream),
                },
                Err(error) => pause(&error).await,
            },
            accepted = accept_unix(unix.as_ref()) => match accepted {
                Ok((stream, uid)) => match connections.admit(None) {
                    Some(slot) => {
                        let is_trusted = uid == 0 || uid == own_uid;
                        let peer = Peer::Socket { uid, is_trusted };
                        tasks.spawn(serve(Arc::clone(shared), peer, slot, stream));
                    }
                    None => turn_away(tasks, stream),
                },
                Err(error) => pause(&error).await,
            },
        }
    }
}

async fn accept_tcp(listener: Option<&tokio::net::TcpListener>) -> io::Result<(tokio::net::TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

async fn accept_unix(listener: Option<&tokio::net::UnixListener>) -> io::Result<(tokio::net::UnixStream, u32)> {
    match listener {
        Some(listener) => {
            let (stream, _) = listener.accept().await?;
            let uid = stream.peer_cred()?.uid();
            Ok((stream, uid))
        }
        None => std::future::pending().await,
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    shared: Arc<Shared>,
    peer: Peer,
    slot: Slot,
    stream: S,
) {
    let manners = Manners {
        listener: "control",
        caps: *shared.caps(),
        stopping: shared.stopping.clone(),
    };
    serving::serve(stream, slot, manners, move |slot, request| {
        exchange::answer(Arc::clone(&shared), peer, slot, request)
    })
    .await;
}
