//! The real clocks and the real source of chance: the only places that read them.

use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rand::TryRng;
use rand::rngs::SysRng;
use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::model::time::{Clock, Entropy, Mono, Now, Timestamp};

/// A new value each time the machine starts.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The machine's wall clock and boot-time clock, moved by an offset that `demo` shares with its
/// sandbox.
#[derive(Debug, Clone)]
pub struct RealClock {
    boot_id: Arc<str>,
    offset_ms: Arc<AtomicI64>,
}

impl RealClock {
    /// The machine's clocks as they are.
    ///
    /// # Errors
    /// When the kernel does not tell its boot id: then boot-time moments could not be told from
    /// those of another boot.
    pub fn new() -> io::Result<Self> {
        Self::with_offset(Arc::default())
    }

    /// Both clocks moved by `offset_ms`, which others may change at any time. It must never shrink:
    /// the boot-time clock would go back.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_offset(offset_ms: Arc<AtomicI64>) -> io::Result<Self> {
        let boot_id = fs::read_to_string(BOOT_ID)?;
        let boot_id = boot_id.trim();
        if boot_id.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{BOOT_ID} is empty"),
            ));
        }
        Ok(Self {
            boot_id: boot_id.into(),
            offset_ms,
        })
    }
}

impl Clock for RealClock {
    fn now(&self) -> Now {
        let offset_ms = self.offset_ms.load(Ordering::Relaxed);
        let wall_ms = millis(clock_gettime(ClockId::Realtime)).saturating_add(offset_ms);
        let mono_ms = millis(clock_gettime(ClockId::Boottime)).saturating_add(offset_ms);
        Now {
            wall: Timestamp(wall_ms),
            mono: Mono(u64::try_from(mono_ms).unwrap_or(0)),
        }
    }

    fn boot_id(&self) -> &str {
        &self.boot_id
    }
}

fn millis(at: Timespec) -> i64 {
    at.tv_sec
        .saturating_mul(1_000)
        .saturating_add(at.tv_nsec.div_euclid(1_000_000))
}

/// The operating system's random numbers, fit for secrets.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealEntropy;

impl Entropy for RealEntropy {
    /// Ends the process when the system has no random numbers: ids and keys made without them would
    /// not be what they promise.
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = SysRng.try_fill_bytes(bytes) {
            tracing::error!(%error, "the system gives no random numbers");
            std::process::abort();
        }
    }
}
