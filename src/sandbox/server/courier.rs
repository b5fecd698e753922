//! Sends webhooks.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::listen::Shared;
use crate::sandbox::outbox::{Delivery, Receipt};

/// Subscribers have this long to answer a webhook.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(5);
/// More of an answer is not read.
const ANSWER_BYTES_MAX: usize = 1_024;

/// Sends webhooks when they are due, and tells the world what came of each.
pub(super) async fn deliver(shared: Arc<Shared>) {
    loop {
        let (now, due, next_ms) = shared.take_deliveries();
        for delivery in due {
            let shared = Arc::clone(&shared);
            tokio::spawn(async move {
                let receipt = post(&delivery).await;
                shared.delivered(delivery.id, receipt);
            });
        }
        let wait_ms = next_ms.map(|at| at.saturating_sub(now.document_ms).max(1));
        let wait = wait_ms.and_then(|wait| u64::try_from(wait).ok()).unwrap_or(60_000);
        tokio::select! {
            () = shared.deliveries.notified() => {}
            () = tokio::time::sleep(Duration::from_millis(wait)) => {}
        }
    }
}

async fn post(delivery: &Delivery) -> Receipt {
    let sent = tokio::time::timeout(DELIVERY_TIMEOUT, post_once(delivery)).await;
    let sent = sent.map_err(io::Error::other).and_then(|sent| sent);
    match sent {
        Ok(receipt) => receipt,
        Err(error) => {
            tracing::debug!(%error, "sandbox webhook was not delivered");
            Receipt {
                status: None,
                is_empty: true,
            }
        }
    }
}

async fn post_once(delivery: &Delivery) -> io::Result<Receipt> {
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
        .body(Full::new(Bytes::from(delivery.body.clone())))
        .map_err(io::Error::other)?;
    let receipt = async {
        let answer = sender.send_request(request).await.map_err(io::Error::other)?;
        let status = Some(answer.status().as_u16());
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        // A body that is too long or breaks off is not empty.
        let is_empty = body.is_ok_and(|body| body.to_bytes().is_empty());
        Ok(Receipt { status, is_empty })
    };
    let receipt = receipt.await;
    driver.abort();
    receipt
}
