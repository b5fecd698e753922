//! Whether webhooks are missing: Xero numbers the events it sends to an app, and a number that never
//! comes is an event that was lost. It is asked for again by reading, never by waiting for it.

use crate::model::time::Mono;

/// A number that is out of order comes within this time; later it counts as lost. Xero promises no
/// order, and sends what failed at once a second time.
const PATIENCE_MS: u64 = 10_000;
/// Most gaps that are waited for. More at once are one large loss.
const GAPS_MAX: usize = 64;

/// Numbers that have not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The first one.
    pub first: i64,
    /// The last one.
    pub last: i64,
    since: Mono,
}

/// The numbers of one signing key: each app counts for itself.
#[derive(Debug, Clone, Default)]
pub struct Sequence {
    highest: Option<i64>,
    gaps: Vec<Gap>,
}

impl Sequence {
    /// The numbers from `first` to `last` came. Intents to receive carry 0 and tell nothing; so does
    /// anything that cannot be a number of events.
    pub fn came(&mut self, now: Mono, first: i64, last: i64) {
        if first < 1 || last < first {
            return;
        }
        match self.highest {
            // Counting began anew: the webhook was made again in the developer portal.
            Some(highest) if first == 1 && last < highest => {
                self.gaps.clear();
                self.highest = Some(last);
            }
            Some(highest) => {
                self.fill(first, last);
                if first > highest.saturating_add(1) && self.gaps.len() < GAPS_MAX {
                    self.gaps.push(Gap {
                        first: highest.saturating_add(1),
                        last: first.saturating_sub(1),
                        since: now,
                    });
                }
                self.highest = Some(highest.max(last));
            }
            None => self.highest = Some(last),
        }
    }

    /// Takes out the gaps that have been open for too long.
    pub fn lost(&mut self, now: Mono) -> Vec<Gap> {
        let is_lost = |gap: &Gap| now.since_ms(gap.since) >= PATIENCE_MS;
        let lost = self.gaps.iter().copied().filter(is_lost).collect();
        self.gaps.retain(|gap| !is_lost(gap));
        lost
    }

    /// What came late leaves its gap smaller, in two, or closed.
    fn fill(&mut self, first: i64, last: i64) {
        let mut left = Vec::with_capacity(self.gaps.len().saturating_add(1));
        for gap in self.gaps.drain(..) {
            let before = Gap {
                last: gap.last.min(first.saturating_sub(1)),
                ..gap
            };
            let behind = Gap {
                first: gap.first.max(last.saturating_add(1)),
                ..gap
            };
            left.extend([before, behind].into_iter().filter(|part| part.first <= part.last));
        }
        left.dedup();
        left.truncate(GAPS_MAX);
        self.gaps = left;
    }
}
