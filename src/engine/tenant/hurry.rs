//! What a webhook makes earlier, and whether webhooks announce what scans find.

use super::machine::TenantMachine;
use crate::engine::effect::{Effect, Notice};
use crate::engine::event::Ring;
use crate::model::ids::XeroInvoiceId;
use crate::model::row::StreamKind;
use crate::model::time::{Mono, Now, Timestamp};

/// Scans that webhooks ask for begin at least this far apart. Each costs a call, and a busy
/// organisation rings every second: while it does, the gap doubles up to [`GAP_MAX_MS`].
const GAP_MIN_MS: u64 = 2_000;
const GAP_MAX_MS: u64 = 30_000;
/// After so long without one they begin at once again.
const CALM_MS: u64 = 60_000;
/// A webhook may be older than the change by this much without being about another one: Xero's
/// clock is not ours.
const CLOCKS_MS: i64 = 60_000;

/// The scan that webhooks ask for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hurry {
    wanted: Option<Mono>,
    last: Option<Mono>,
    gap_ms: u64,
}

impl Default for Hurry {
    fn default() -> Self {
        Self {
            wanted: None,
            last: None,
            gap_ms: GAP_MIN_MS,
        }
    }
}

impl Hurry {
    /// It is asked for. Returns when it may begin.
    pub(super) fn rung(&mut self, now: Mono) -> Mono {
        let free = self.last.map_or(now, |last| last.plus_ms(self.gap_ms).max(now));
        *self.wanted.get_or_insert(free)
    }

    /// A scan begins: whatever was asked for before is part of it.
    pub(super) fn begun(&mut self, now: Mono) {
        let is_rung = self.wanted.take().is_some();
        let is_calm = self.last.is_none_or(|last| now.since_ms(last) >= CALM_MS);
        if is_calm {
            self.gap_ms = GAP_MIN_MS;
        } else if is_rung {
            self.gap_ms = self.gap_ms.saturating_mul(2).min(GAP_MAX_MS);
        }
        self.last = Some(now);
    }

    /// When the last scan began.
    pub(super) const fn last(&self) -> Option<Mono> {
        self.last
    }

    /// When the one that is asked for may begin.
    pub(super) const fn due(&self) -> Option<Mono> {
        self.wanted
    }
}

/// What is known of webhooks, and what is to be told of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Heard {
    /// When the last one was received, by our clock.
    last: Option<Timestamp>,
    /// How long changes took that are not told yet.
    taken_ms: Vec<u64>,
    unannounced: Option<(u32, Timestamp)>,
}

impl TenantMachine {
    /// Makes the scans it is about earlier, as long as the day has calls for what cannot wait. What is
    /// paid or credited may come with any webhook.
    pub(super) fn hurry(&mut self, now: Now, ring: &Ring) {
        if ring.is_webhook {
            self.pulls.heard.last = Some(now.wall);
        }
        if self.budget.day_used(now) >= self.budget.limits().day / 2 {
            return;
        }
        for kind in StreamKind::ALL {
            let is_named = ring.streams.contains(&kind);
            let stream = self.pulls.of_mut(kind);
            match kind {
                StreamKind::Invoices if is_named || !ring.invoices.is_empty() => stream.hurry(now),
                StreamKind::Contacts if is_named => stream.hurry(now),
                StreamKind::Payments | StreamKind::CreditNotes if is_named || ring.is_webhook => stream.ring(now),
                _ => {}
            }
        }
    }

    /// A change was taken: announced by a webhook, or found without one.
    pub(super) fn heard_of(&mut self, now: Now, document: XeroInvoiceId, changed_at: Timestamp) {
        let rung_at = self
            .pulls
            .named
            .get_mut(&document)
            .and_then(|named| named.rung_at.take());
        let heard = &mut self.pulls.heard;
        if let Some(rung_at) = rung_at {
            heard.taken_ms.push(now.mono.since_ms(rung_at));
        } else if heard.last.is_none_or(|last| last.plus_ms(CLOCKS_MS) < changed_at) {
            let (count, latest) = heard.unannounced.unwrap_or((0, changed_at));
            heard.unannounced = Some((count.saturating_add(1), latest.max(changed_at)));
        }
    }

    /// Tells what was heard, behind the changes it is about.
    pub(super) fn announce_heard(&mut self, out: &mut Vec<Effect>) {
        let heard = &mut self.pulls.heard;
        let taken = heard.taken_ms.drain(..);
        out.extend(taken.map(|took_ms| Effect::Announce(Notice::HookTaken { took_ms })));
        if let Some((count, latest)) = heard.unannounced.take() {
            out.push(Effect::Announce(Notice::Unannounced { count, latest }));
        }
    }
}
