//! True time, and the two clocks the daemon sees: a wall clock that can be wrong, and a boot-time
//! clock that starts again with the machine.

use counterfoil::model::time::{Mono, Now, Timestamp};
use counterfoil::sandbox::Instants;

const START_MS: i64 = 1_795_000_000_000;
const FIRST_BOOT_MS: u64 = 50_000_000;
const LATER_BOOT_MS: u64 = 20_000;

pub struct SimClock {
    /// Milliseconds since the simulation began; only ever grows.
    pub at: u64,
    pub skew_ms: i64,
    /// Whether it was ever wrong.
    pub was_moved: bool,
    boots: u32,
    booted_at: u64,
}

impl SimClock {
    pub fn new() -> Self {
        Self {
            at: 0,
            skew_ms: 0,
            was_moved: false,
            boots: 1,
            booted_at: 0,
        }
    }

    pub fn now(&self) -> Now {
        let ran_before = if self.boots == 1 { FIRST_BOOT_MS } else { LATER_BOOT_MS };
        Now {
            wall: Timestamp(START_MS + i64::try_from(self.at).unwrap() + self.skew_ms),
            mono: Mono(ran_before + self.at - self.booted_at),
        }
    }

    /// The true moment of a wall clock that is right.
    pub fn true_ms(wall: Timestamp) -> u64 {
        u64::try_from(wall.0 - START_MS).unwrap_or(0)
    }

    /// Xero's clock is right.
    pub fn xero(&self) -> Instants {
        let now_ms = START_MS + i64::try_from(self.at).unwrap();
        Instants {
            real_ms: now_ms,
            document_ms: now_ms,
        }
    }

    pub fn reboot(&mut self) {
        self.boots += 1;
        self.booted_at = self.at;
    }

    pub fn boot_id(&self) -> String {
        format!("boot-{}", self.boots)
    }
}
