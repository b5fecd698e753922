//! Sends webhooks.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::listen::Shared;
use crate::sandbox::webhooks::Delivery;

/// Subscribers have this long to answer a webhook.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(5);

/// Sends webhooks when they are due; each failure is tried once more at once, as Xero does.
pub(super) async fn deliver(shared: Arc<Shared>) {
    loop {
        let (now, due, next_ms) = shared.take_deliveries();
        for delivery in due {
            tokio::spawn(async move {
                if post(&delivery).await.is_err()
                    && let Err(error) = post(&delivery).await
                {
                    tracing::debug!(%error, "sandbox webhook was not delivered");
                }
            });
        }
        let wait_ms = next_ms.map(|at| at.saturating_sub(now.real_ms).max(1));
        let wait = wait_ms.and_then(|wait| u64::try_from(wait).ok()).unwrap_or(60_000);
        tokio::select! {
            () = shared.deliveries.notified() => {}
            () = tokio::time::sleep(Duration::from_millis(wait)) => {}
        }
    }
}

async fn post(delivery: &Delivery) -> io::Result<()> {
    tokio::time::timeout(DELIVERY_TIMEOUT, post_once(delivery))
        .await
        .map_err(io::Error::other)?
}

async fn post_once(delivery: &Delivery) -> io::Result<()> {
    let uri: hyper::Uri = delivery.url.parse().map_err(io::Error::other)?;
    let host = uri.host().unwrap_or("127.0.0.1");
    let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80))).await?;
    let io = TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io)
        .await
        .map_err(io::Error::other)?;
    let driver = tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = hyper::Request::post(path)
        .header("host", uri.authority().map_or(host, |authority| authority.as_str()))
        .header("content-type", "application/json; charset=utf-8")
        .header("x-xero-signature", &delivery.signature)
        .body(http_body_util::Full::new(Bytes::from(delivery.body.clone())))
        .map_err(io::Error::other)?;
    let sent = sender.send_request(request).await;
    driver.abort();
    let status = sent.map_err(io::Error::other)?.status();
    if status.is_success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("subscriber answered {status}")))
    }
}
