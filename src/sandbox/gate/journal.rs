//! The log of every call, for `GET /_sandbox/requests`.

use std::collections::VecDeque;

use bytes::Bytes;
use uuid::Uuid;

/// Older rows are dropped beyond this many.
const ROWS_MAX: usize = 500_000;
/// Bodies of older rows are dropped beyond this many.
const BODIES_MAX: usize = 2_000;
/// Longer bodies are not kept.
pub const BODY_BYTES_MAX: usize = 262_144;

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Counts up from 1.
    pub seq: u64,
    /// In capitals.
    pub method: String,
    /// As sent.
    pub path: String,
    /// As sent.
    pub query: String,
    /// `None` when nothing was answered.
    pub status: Option<u16>,
    /// From the header.
    pub tenant: Option<Uuid>,
    /// Arrival, in milliseconds of real time.
    pub at_ms: i64,
    /// Calls of this organisation under way at its arrival, itself included.
    pub in_flight: usize,
    /// Body bytes of the answer that were sent.
    pub bytes: usize,
    /// The injected fault's name.
    pub fault: Option<&'static str>,
    /// What came and went; only of the newest rows.
    pub bodies: Option<Bodies>,
}

/// Both bodies of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bodies {
    /// As sent by the client; empty when it is too long to be kept.
    pub request: Bytes,
    /// As far as it was sent; empty when it is too long to be kept.
    pub answer: Bytes,
}

/// All calls, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    rows: VecDeque<Row>,
    last_seq: u64,
}

impl Journal {
    /// The number of the next call.
    pub fn next_seq(&mut self) -> u64 {
        self.last_seq = self.last_seq.saturating_add(1);
        self.last_seq
    }

    /// Adds a call.
    pub fn push(&mut self, row: Row) {
        if self.rows.len() >= ROWS_MAX {
            self.rows.pop_front();
        }
        let aged = self.rows.len().checked_sub(BODIES_MAX);
        if let Some(row) = aged.and_then(|at| self.rows.get_mut(at)) {
            row.bodies = None;
        }
        self.rows.push_back(row);
    }

    /// Calls after a sequence number.
    pub fn since(&self, seq: u64) -> impl Iterator<Item = &Row> {
        let from = self.rows.partition_point(|row| row.seq <= seq);
        self.rows.range(from..)
    }

    /// All of them.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Row> {
        self.rows.iter()
    }
}

impl Bodies {
    /// Those of one call.
    pub fn of(request: &Bytes, answer: Bytes) -> Self {
        let kept = |body: Bytes| {
            if body.len() > BODY_BYTES_MAX {
                Bytes::new()
            } else {
                body
            }
        };
        Self {
            request: kept(request.clone()),
            answer: kept(answer),
        }
    }
}
