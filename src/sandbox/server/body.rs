//! Answers that break off.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection breaks on purpose")]
pub(super) struct Broken;

/// A body that may end before its announced length.
pub(super) struct Cuttable {
    /// `Content-Length`
    pub(super) announced: u64,
    /// What does arrive.
    pub(super) rest: Option<Bytes>,
    /// How it ends.
    pub(super) end: End,
}

/// How a body ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// At its announced length.
    Whole,
    /// Early; the connection first sends what it has.
    CutAfterFlush,
    /// Early, now.
    Cut,
}

impl Body for Cuttable {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match (self.rest.take(), self.end) {
            (Some(bytes), _) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            (None, End::Whole) => Poll::Ready(None),
            (None, End::CutAfterFlush) => {
                self.end = End::Cut;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            (None, End::Cut) => Poll::Ready(Some(Err(Broken))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && self.end == End::Whole
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}
