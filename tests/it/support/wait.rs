//! Waiting for something to become true.

use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Between two looks at something that tells nothing by itself.
const PAUSE: Duration = Duration::from_millis(20);

/// A moment after which waiting is over.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    /// So many seconds from now.
    pub fn after_s(seconds: u64) -> Self {
        Self(now() + Duration::from_secs(seconds))
    }

    /// What is left.
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(now())
    }

    /// Whether it has passed.
    pub fn is_over(self) -> bool {
        self.left().is_zero()
    }

    /// A short pause between two looks.
    pub fn pause(self) {
        thread::sleep(PAUSE.min(self.left()));
    }
}

/// Looks until there is something, at most so many seconds.
pub fn until<T>(seconds: u64, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Deadline::after_s(seconds);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(!deadline.is_over(), "waited {seconds} s in vain for {what}");
        deadline.pause();
    }
}

/// Looks every millisecond until there is something, at most this long.
pub fn look_for<T>(span: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let began = now();
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if began.elapsed() >= span {
            return None;
        }
        idle(Duration::from_millis(1));
    }
}

/// Lets this much time pass: to hit a moment drawn by lot, never to wait for something.
pub fn idle(span: Duration) {
    thread::sleep(span);
}

/// The machine's monotonic clock.
#[expect(clippy::disallowed_methods, reason = "deadlines of tests in real time")]
pub fn now() -> Instant {
    Instant::now()
}

/// The machine's wall clock in milliseconds since 1970, to compare with what the sandbox noted.
#[expect(clippy::disallowed_methods, reason = "the sandbox's log has wall times")]
pub fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}
