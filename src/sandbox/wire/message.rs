//! A request as it arrives and an outcome as it leaves; no sockets.

use bytes::Bytes;

use crate::sandbox::clock::ClockMove;

/// One HTTP request.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// In capitals.
    pub method: String,
    /// Without the query string, still percent-encoded.
    pub path: String,
    /// The raw query string without `?`; empty when there is none.
    pub query: String,
    /// Names in any letter case.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Bytes,
}

impl Request {
    /// The first header of this name, in any letter case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// Names one call from its arrival to its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// What happens to the answer on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// It arrives whole.
    Deliver,
    /// The connection is closed without an answer; nothing was done.
    DropBeforeWrite,
    /// The connection is closed without an answer; whatever was asked has been done.
    DropAfterWrite,
    /// The headers announce the whole body; the connection is closed after this many bytes of it.
    Cut {
        /// Body bytes that still arrive.
        after_bytes: usize,
    },
}

/// What Xero would say, before anything happens to it on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Header names as Xero writes them.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty bodies carry no content type.
    pub body: Bytes,
}

/// The answer to one request and its fate.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What is written if anything is.
    pub answer: Answer,
    /// Whether and how much of it arrives.
    pub transport: Transport,
    /// How long after the work was done the answer starts, in milliseconds.
    pub delay_ms: u64,
    /// Give this to `World::answered` just before the first byte; `None` for control calls.
    pub call: Option<CallId>,
    /// The caller moved the clock; whoever owns it must apply this.
    pub clock: Option<ClockMove>,
}

impl Answer {
    /// A JSON answer of the accounting API.
    pub fn json(status: u16, body: Vec<u8>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type", "application/json; charset=utf-8".to_owned())],
            body: Bytes::from(body),
        }
    }

    /// A plain text answer.
    pub fn plain(status: u16, body: &'static str) -> Self {
        Self {
            status,
            headers: vec![("Content-Type", "text/plain; charset=utf-8".to_owned())],
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    /// An HTML answer.
    pub fn html(status: u16, body: &'static str) -> Self {
        Self {
            status,
            headers: vec![("Content-Type", "text/html; charset=utf-8".to_owned())],
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    /// A page that was written for this answer.
    pub fn page(status: u16, body: String) -> Self {
        Self {
            status,
            headers: vec![("Content-Type", "text/html; charset=utf-8".to_owned())],
            body: Bytes::from(body),
        }
    }

    /// A status without a body.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

impl Outcome {
    /// An answer that simply arrives, for calls that are not tracked.
    pub fn untracked(answer: Answer) -> Self {
        Self {
            answer,
            transport: Transport::Deliver,
            delay_ms: 0,
            call: None,
            clock: None,
        }
    }
}
