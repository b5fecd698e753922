//! One connection of a listener, whichever it is: let in, served, turned away.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::task::JoinSet;

use super::connections::Slot;
use super::stall::Impatient;
use super::state::Caps;
use super::stopping::Stopping;

/// After a failed accept (no more file descriptors), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Written to a connection there is no room for.
const NO_ROOM: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\
    retry-after: 1\r\ncontent-length: 0\r\n\r\n";

/// How a listener treats its connections.
pub struct Manners {
    /// Its name in the log.
    pub listener: &'static str,
    /// Bounds.
    pub caps: Caps,
    /// The order to stop.
    pub stopping: Stopping,
}

/// Serves one connection until it ends, has to go, or the listener stops.
pub async fn serve<S, A, F, B>(stream: S, slot: Slot, manners: Manners, answer: A)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Fn(Arc<Slot>, Request<Incoming>) -> F,
    F: Future<Output = Response<B>>,
    B: Body + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let Manners {
        listener,
        caps,
        stopping,
    } = manners;
    let slot = Arc::new(slot);
    let service = service_fn(|request| {
        let answered = answer(Arc::clone(&slot), request);
        async move { Ok::<_, Infallible>(answered.await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(caps.head_timeout)
        .max_buf_size(caps.head_max_bytes)
        .serve_connection(TokioIo::new(Impatient::new(stream, caps.write_timeout)), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = slot.evicted() => return,
        () = stopping.ordered() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, listener, "a connection broke off");
    }
}

/// Waits a little after a connection could not be accepted.
pub async fn pause(error: &io::Error) {
    tracing::warn!(%error, "a connection could not be accepted");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

/// Tells a connection that there is no room, without waiting for it.
pub fn turn_away<S: AsyncWrite + Unpin + Send + 'static>(tasks: &mut JoinSet<()>, mut stream: S) {
    tasks.spawn(async move {
        let told = tokio::time::timeout(Duration::from_secs(1), async {
            stream.write_all(NO_ROOM).await?;
            stream.shutdown().await
        });
        if !matches!(told.await, Ok(Ok(()))) {
            tracing::debug!("a connection there was no room for went away");
        }
    });
}
