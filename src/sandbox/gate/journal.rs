//! The log of every call, for `GET /_sandbox/requests`.

use std::collections::VecDeque;

use uuid::Uuid;

/// Older rows are dropped beyond this many.
const ROWS_MAX: usize = 500_000;

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
        self.rows.push_back(row);
    }

    /// Calls after a sequence number.
    pub fn since(&self, seq: u64) -> impl Iterator<Item = &Row> {
        let from = self.rows.partition_point(|row| row.seq <= seq);
        self.rows.range(from..)
    }
}
