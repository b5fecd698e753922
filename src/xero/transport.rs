//! Sends one request and reads its whole answer, bounded in time and size.

use std::error::Error;

use bytes::{Bytes, BytesMut};
use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, Response};

use super::outcome::Lost;

/// An answer that was read to its end.
#[derive(Debug)]
pub struct Whole {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Decoded body.
    pub body: Bytes,
}

/// An answer of which only the head arrived.
#[derive(Debug)]
pub struct Part {
    /// Status and headers, if any.
    pub head: Option<(u16, HeaderMap)>,
    /// What went wrong.
    pub lost: Lost,
}

/// Sends a request and reads the answer up to `body_max_bytes` of decoded body.
///
/// # Errors
/// When there is no complete answer.
pub async fn exchange(request: RequestBuilder, body_max_bytes: usize) -> Result<Whole, Part> {
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) => {
            return Err(Part {
                head: None,
                lost: lost(&error),
            });
        }
    };
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    match read_body(response, body_max_bytes).await {
        Ok(body) => Ok(Whole { status, headers, body }),
        Err(lost) => Err(Part {
            head: Some((status, headers)),
            lost,
        }),
    }
}

async fn read_body(mut response: Response, body_max_bytes: usize) -> Result<Bytes, Lost> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| lost(&error))? {
        if body.len().saturating_add(chunk.len()) > body_max_bytes {
            return Err(Lost::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Sorts an error of the client by what it tells about the request. Its own text is never used:
/// it holds the address with the query, which may hold names.
fn lost(error: &reqwest::Error) -> Lost {
    if error.is_builder() {
        Lost::Unsendable
    } else if error.is_dns() {
        Lost::NoAddress
    } else if error.is_connect() {
        if is_tls(error) {
            Lost::NoTrust
        } else {
            Lost::NoConnection
        }
    } else if error.is_timeout() {
        Lost::TimedOut
    } else {
        Lost::Broken
    }
}

/// A failed handshake travels inside an `io::Error`, or inside several: the value an `io::Error`
/// wraps is not its source, so it is looked into as well.
fn is_tls(error: &(dyn Error + 'static)) -> bool {
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error.is::<rustls::Error>() || wrapped.is_some_and(|inner| is_tls(inner)) || error.source().is_some_and(is_tls)
}
