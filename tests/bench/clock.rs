//! Time, read in one place.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The monotonic clock.
#[expect(clippy::disallowed_methods, reason = "measurements in real time")]
pub fn now() -> Instant {
    Instant::now()
}

/// The wall clock since 1970.
#[expect(clippy::disallowed_methods, reason = "compared with the sandbox's log")]
pub fn wall() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

/// Waits until a moment: a load that keeps its pace whatever the answers take.
pub fn wait_until(at: Instant) {
    std::thread::sleep(at.saturating_duration_since(now()));
}

/// How long some work took.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = now();
    let done = work();
    (done, began.elapsed())
}
