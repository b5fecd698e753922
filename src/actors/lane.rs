//! Generations of the writer's lanes.

use std::sync::atomic::{AtomicU64, Ordering};

/// A failed commit refuses what follows it in its lane up to its own generation, so whoever opens a
/// lane takes a number that is higher than all before it in this process.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// A generation above every other one given so far.
#[must_use]
pub fn fresh_generation() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}
