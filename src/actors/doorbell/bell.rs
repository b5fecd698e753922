//! What webhooks told about one tenant since its actor last looked.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::engine::event::{RING_INVOICES_MAX, Ring};
use crate::model::ids::XeroInvoiceId;
use crate::model::row::StreamKind;
use crate::model::time::{Now, Timestamp};

/// So many of the latest delays are kept for the status.
const LAGS_MAX: usize = 20;

/// One tenant's bell.
#[derive(Debug, Default)]
pub struct Bell {
    /// Read by the actor after every event, without a lock.
    is_rung: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    ring: Option<Ring>,
    last_received: Option<Timestamp>,
    lags_ms: VecDeque<u64>,
}

impl Bell {
    /// Rings: these streams may have news, and this invoice, as of this moment. Returns whether the
    /// bell was still, so that its actor has to be told.
    pub fn ring(
        &self,
        now: Now,
        streams: &[StreamKind],
        invoice: Option<(XeroInvoiceId, Option<Timestamp>)>,
        is_webhook: bool,
    ) -> bool {
        let mut state = self.state();
        if is_webhook {
            state.last_received = Some(now.wall);
        }
        let was_still = state.ring.is_none();
        let ring = state.ring.get_or_insert_with(|| Ring {
            received_at: now.mono,
            ..Ring::default()
        });
        ring.is_webhook |= is_webhook;
        ring.streams.extend(streams);
        if let Some((id, changed_at)) = invoice {
            let has_room = ring.invoices.len() < RING_INVOICES_MAX;
            match ring.invoices.get_mut(&id) {
                // Of two moments the later one counts; an unknown one may be any.
                Some(known) => *known = known.zip(changed_at).map(|(one, other)| one.max(other)),
                None if has_room => {
                    ring.invoices.insert(id, changed_at);
                }
                // The scan that it makes earlier finds it.
                None => {
                    ring.streams.insert(StreamKind::Invoices);
                }
            }
        }
        drop(state);
        self.is_rung.store(true, Ordering::Release);
        was_still
    }

    /// Takes everything that was told.
    pub fn take(&self) -> Option<Ring> {
        if !self.is_rung.swap(false, Ordering::AcqRel) {
            return None;
        }
        self.state().ring.take()
    }

    /// A change that a webhook announced was taken over after so long.
    pub fn taken(&self, took_ms: u64) {
        let lags_ms = &mut self.state().lags_ms;
        if lags_ms.len() >= LAGS_MAX {
            lags_ms.pop_front();
        }
        lags_ms.push_back(took_ms);
    }

    /// When a webhook last came, and the 95th percentile of the latest delays.
    pub fn shown(&self) -> (Option<Timestamp>, Option<u64>) {
        let state = self.state();
        let mut lags_ms: Vec<u64> = state.lags_ms.iter().copied().collect();
        lags_ms.sort_unstable();
        let at = lags_ms.len().saturating_mul(95).div_ceil(100).saturating_sub(1);
        (state.last_received, lags_ms.get(at).copied())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
