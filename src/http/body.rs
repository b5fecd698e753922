//! Reading a request's body within bounds, and getting rid of one that is refused.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::timeout;

use super::problem::{Problem, ProblemCode};

/// How much of a refused body is read, so that a client that writes before it reads gets its
/// answer instead of a broken connection.
#[derive(Debug, Clone, Copy)]
pub struct Discard {
    /// At most so many bytes.
    pub max_bytes: u64,
    /// At most so long.
    pub timeout: Duration,
}

impl Discard {
    /// For callers nobody knows.
    pub const STRANGER: Self = Self {
        max_bytes: 1 << 20,
        timeout: Duration::from_secs(1),
    };
    /// For callers with a valid token.
    pub const KNOWN: Self = Self {
        max_bytes: 1 << 30,
        timeout: Duration::from_secs(5),
    };
}

/// The length the caller announced, if it did.
pub fn announced_bytes(body: &Incoming) -> Option<u64> {
    body.size_hint().exact()
}

/// Reads a body of at most `max_bytes`.
///
/// # Errors
/// It is larger, too slow or breaks off.
pub async fn read(body: &mut Incoming, max_bytes: usize, within: Duration) -> Result<Bytes, Problem> {
    let announced_bytes = announced_bytes(body);
    let too_large = || {
        let measured = announced_bytes.map_or_else(
            || format!("The body has more than {max_bytes} bytes"),
            |bytes| format!("The body has {bytes} bytes"),
        );
        Problem::new(
            ProblemCode::BodyTooLarge,
            format!("{measured}; at most {max_bytes} are accepted here."),
        )
        .with("max_bytes", max_bytes)
    };
    let max_bytes_wide = u64::try_from(max_bytes).unwrap_or(u64::MAX);
    if announced_bytes.is_some_and(|bytes| bytes > max_bytes_wide) {
        return Err(too_large());
    }
    let collect = async {
        let mut bytes = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else {
                return Err(Problem::new(
                    ProblemCode::BodyBroken,
                    "The body broke off, or its framing is wrong.",
                ));
            };
            if let Some(data) = frame.data_ref() {
                if bytes.len().saturating_add(data.len()) > max_bytes {
                    return Err(too_large());
                }
                bytes.extend_from_slice(data);
            }
        }
        Ok(bytes.freeze())
    };
    match timeout(within, collect).await {
        Ok(result) => result,
        Err(_elapsed) => Err(Problem::new(
            ProblemCode::RequestTimeout,
            format!("The body did not arrive within {} s.", within.as_secs()),
        )),
    }
}

/// Reads on without keeping anything.
pub async fn discard(body: &mut Incoming, bounds: Discard) {
    let drain = async {
        let mut left = bounds.max_bytes;
        while let Some(Ok(frame)) = body.frame().await {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(u64::try_from(bytes).unwrap_or(u64::MAX)) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    if timeout(bounds.timeout, drain).await.is_err() {
        // Enough was done for this client; the connection closes with the answer.
    }
}
