//! The socket of the public listener, its thread and its end.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use super::exchange::answer;
use super::webhook::PublicState;
use crate::http::connections::{Connections, Slot};
use crate::http::server::StartError;
use crate::http::serving::{self, Manners, pause, turn_away};
use crate::http::stopping::Stopping;

/// How long answers under way may take when it stops: each takes milliseconds.
const DRAIN: Duration = Duration::from_secs(1);

/// A running listener. Dropping it stops it without waiting for anybody.
pub struct PublicServer {
    /// Where it listens, with the port that was found.
    pub addr: SocketAddr,
    order: watch::Sender<bool>,
    deadline: watch::Sender<Duration>,
    ended: Option<oneshot::Receiver<()>>,
    thread: Option<JoinHandle<()>>,
}

impl PublicServer {
    /// Stops listening and waits for the answers under way: a second for webhooks, until the deadline
    /// for pages.
    pub async fn stop(mut self, deadline: Duration) {
        self.deadline.send_replace(deadline);
        self.order.send_replace(true);
        if let Some(ended) = self.ended.take()
            && ended.await.is_err()
        {
            tracing::error!("the thread of the public listener ended early");
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the public listener panicked");
        }
    }
}

impl Drop for PublicServer {
    fn drop(&mut self) {
        self.order.send_replace(true);
    }
}

/// Starts listening, on a thread and a runtime of its own.
///
/// # Errors
/// It cannot listen there.
pub fn start(state: PublicState, addr: SocketAddr) -> Result<PublicServer, StartError> {
    let place = addr.to_string();
    let bound = TcpListener::bind(addr).and_then(|listener| {
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        Ok((listener, addr))
    });
    let (listener, addr) = bound.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::InUse(place.clone()),
        _ => StartError::Listen { place, source },
    })?;
    let (order, ordered) = watch::channel(false);
    let (deadline, deadline_given) = watch::channel(Duration::ZERO);
    let (end, ended) = oneshot::channel();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(StartError::Runtime)?;
    let thread = std::thread::Builder::new()
        .name("public".to_owned())
        .spawn(move || {
            runtime.block_on(run(state, listener, Stopping::new(ordered), &deadline_given));
            if end.send(()).is_err() {
                // Nobody waits for the end: the server was dropped.
            }
        })
        .map_err(StartError::Runtime)?;
    Ok(PublicServer {
        addr,
        order,
        deadline,
        ended: Some(ended),
        thread: Some(thread),
    })
}

/// Serves until the order to stop, then drains.
async fn run(state: PublicState, listener: TcpListener, stopping: Stopping, deadline: &watch::Receiver<Duration>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, "the public listener cannot use its socket");
            return;
        }
    };
    let connections = Connections::new(&state.caps);
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            () = stopping.ordered() => break,
            Some(_ended) = tasks.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => match connections.admit(Some(from.ip())) {
                    Some(slot) => {
                        tasks.spawn(serve(state.clone(), stopping.clone(), slot, stream));
                    }
                    None => turn_away(&mut tasks, stream),
                },
                Err(error) => pause(&error).await,
            },
        }
    }
    if drain(&mut tasks).await {
        return;
    }
    // Somebody came back from Xero, which is being asked. That takes as long as Xero does.
    let deadline = *deadline.borrow();
    let pages_ended = tokio::time::timeout(deadline, state.pages_ended()).await.is_ok();
    if !pages_ended || !drain(&mut tasks).await {
        tracing::debug!(
            open_count = tasks.len(),
            "connections of the public listener were cut off"
        );
        tasks.abort_all();
    }
}

/// Waits a moment for the connections to end. `false` when some have not.
async fn drain(tasks: &mut JoinSet<()>) -> bool {
    let ended = tokio::time::timeout(DRAIN, async { while tasks.join_next().await.is_some() {} });
    ended.await.is_ok()
}

async fn serve(state: PublicState, stopping: Stopping, slot: Slot, stream: TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection ended at once");
    }
    let manners = Manners {
        listener: "public",
        caps: state.caps,
        stopping,
    };
    serving::serve(stream, slot, manners, move |slot, request| {
        answer(state.clone(), slot, request)
    })
    .await;
}
