//! Time as a value. Nothing in `model` or `engine` reads a clock: the shell passes [`Now`] in.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// A moment of the wall clock: milliseconds since 1970-01-01 UTC. Everything stored or compared
/// with Xero is one of these.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This moment moved by `span_ms` milliseconds, clamped to what can be represented.
    #[must_use]
    pub const fn plus_ms(self, span_ms: i64) -> Self {
        Self(self.0.saturating_add(span_ms))
    }

    /// Milliseconds from `earlier` to this moment; negative when `earlier` is later.
    #[must_use]
    pub const fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// As a chrono value; a moment chrono cannot hold becomes the epoch.
    #[must_use]
    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }

    /// RFC 3339 in UTC with milliseconds, as every API text shows it.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        self.to_utc().to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at.timestamp_millis())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A moment of the machine's boot-time clock, in milliseconds since boot. It never jumps and
/// counts through a suspend, so intervals and rate windows are measured on it; it means nothing
/// after a reboot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mono(pub u64);

impl Mono {
    /// This moment moved forward.
    #[must_use]
    pub const fn plus_ms(self, span_ms: u64) -> Self {
        Self(self.0.saturating_add(span_ms))
    }

    /// Milliseconds since `earlier`, 0 when `earlier` is later.
    #[must_use]
    pub const fn since_ms(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Both clocks at one moment, as the shell read them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Now {
    /// The wall clock.
    pub wall: Timestamp,
    /// The boot-time clock.
    pub mono: Mono,
}

impl Now {
    /// The boot-time moment that corresponds to the wall moment `at`. A moment in the future is
    /// clamped to `max_ahead_ms`, because a wall clock may have jumped since it was stored.
    #[must_use]
    pub fn mono_at(&self, at: Timestamp, max_ahead_ms: u64) -> Mono {
        let ahead_ms = at.since_ms(self.wall);
        match u64::try_from(ahead_ms) {
            Ok(ahead_ms) => self.mono.plus_ms(ahead_ms.min(max_ahead_ms)),
            Err(_in_the_past) => Mono(self.mono.0.saturating_sub(ahead_ms.unsigned_abs())),
        }
    }

    /// The wall moment that corresponds to the boot-time moment `at`.
    #[must_use]
    pub fn wall_at(&self, at: Mono) -> Timestamp {
        if at >= self.mono {
            self.wall
                .plus_ms(i64::try_from(at.since_ms(self.mono)).unwrap_or(i64::MAX))
        } else {
            self.wall
                .plus_ms(-i64::try_from(self.mono.since_ms(at)).unwrap_or(i64::MAX))
        }
    }
}

/// Reads the clocks. The only implementations are `app::clock` and the tests' own.
pub trait Clock: Send + Sync {
    /// Both clocks, now.
    fn now(&self) -> Now;
    /// Identifies the running boot of the machine: two equal values mean that [`Mono`] values
    /// can be compared.
    fn boot_id(&self) -> &str;
}

/// The one source of randomness (ids, jitter, nonces).
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with random bytes fit for secrets.
    fn fill(&self, bytes: &mut [u8]);

    /// 128 random bits.
    fn random_u128(&self) -> u128 {
        let mut bytes = [0_u8; 16];
        self.fill(&mut bytes);
        u128::from_be_bytes(bytes)
    }
}
