//! Whether new work is taken. When the store refuses a commit of new work (a nearly full disk), the
//! tenant that made it starts again and its calls are cut off; so the refusal is remembered, and
//! what comes next is turned away before any machine has seen it.

use std::sync::{Mutex, PoisonError};

use super::control::Refused;
use crate::model::time::Mono;

/// How long a refusal is believed without being renewed: longer than the upkeep takes between two
/// looks at the disk.
const HOLD_MS: u64 = 10_000;

/// Shared by all tenants.
#[derive(Debug, Default)]
pub struct Intake(Mutex<Option<(Refused, Mono)>>);

impl Intake {
    /// Whether new work is taken now.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, now: Mono) -> Result<(), Refused> {
        let closed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*closed {
            Some((refusal, until)) if now < *until => Err(refusal.clone()),
            Some(_) | None => Ok(()),
        }
    }

    /// Remembers a refusal that the next piece of new work would meet as well; others are nobody
    /// else's concern.
    pub fn close(&self, refusal: &Refused, now: Mono) {
        if matches!(refusal, Refused::DiskReserve(_)) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((refusal.clone(), now.plus_ms(HOLD_MS)));
        }
    }

    /// The store takes new work again.
    pub fn open(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
