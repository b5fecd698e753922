//! The sandbox's clock: the machine's monotonic time plus two offsets that tests move.
//!
//! Documents and tokens live on *document time*; the idempotency cache and the rate windows
//! stay on *real time* unless both are moved together.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// One reading of both times, in milliseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Instants {
    /// What rate windows and the idempotency cache are measured with.
    pub real_ms: i64,
    /// What documents are stamped with and tokens expire by.
    pub document_ms: i64,
}

/// How far a moved clock reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Documents and tokens only.
    Documents,
    /// Rate windows and the idempotency cache too.
    All,
}

/// A step of the clock that a caller asked for through the control surface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockMove {
    /// How far forward, in milliseconds.
    pub advance_ms: i64,
    /// Which times move.
    pub reach: Reach,
}

/// A shared clock; clones read and move the same offsets, so a daemon given a clone moves along.
#[derive(Debug, Clone)]
pub struct Clock {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    started: Instant,
    started_ms: i64,
    document_offset_ms: AtomicI64,
    all_offset_ms: AtomicI64,
}

impl Clock {
    /// A clock that starts at the machine's wall time and then follows its monotonic time.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where the sandbox reads the machine's time"
    )]
    pub fn new() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            inner: Arc::new(Inner {
                started: Instant::now(),
                started_ms: i64::try_from(wall.as_millis()).unwrap_or(i64::MAX),
                document_offset_ms: AtomicI64::new(0),
                all_offset_ms: AtomicI64::new(0),
            }),
        }
    }

    /// Document time in milliseconds since 1970: what a daemon beside the sandbox should call now.
    pub fn now_ms(&self) -> i64 {
        self.instants().document_ms
    }

    /// Both times at once.
    pub fn instants(&self) -> Instants {
        let elapsed_ms = i64::try_from(self.inner.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        let real_ms = self
            .inner
            .started_ms
            .saturating_add(elapsed_ms)
            .saturating_add(self.inner.all_offset_ms.load(Ordering::SeqCst));
        let document_ms = real_ms.saturating_add(self.inner.document_offset_ms.load(Ordering::SeqCst));
        Instants { real_ms, document_ms }
    }

    /// How far it was moved in all, in milliseconds: a new value means that it was moved.
    pub fn moved_ms(&self) -> i64 {
        let documents = self.inner.document_offset_ms.load(Ordering::SeqCst);
        documents.saturating_add(self.inner.all_offset_ms.load(Ordering::SeqCst))
    }

    /// Moves the clock forward for everyone who shares it.
    pub fn apply(&self, step: ClockMove) {
        let offset = match step.reach {
            Reach::Documents => &self.inner.document_offset_ms,
            Reach::All => &self.inner.all_offset_ms,
        };
        offset.fetch_add(step.advance_ms, Ordering::SeqCst);
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}
