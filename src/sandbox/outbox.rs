//! The queue of webhook posts, and what becomes of a subscription whose receiver fails: one retry
//! at once, then one every 15 minutes, and after a day none until the intent to receive is shown.

use std::collections::{HashMap, VecDeque};

/// Between two retries after the first one.
const RETRY_MS: i64 = 900_000;
/// A subscription that failed for so long is disabled.
const PATIENCE_MS: i64 = 86_400_000;
/// Events that could not be sent are forgotten after so long: 31 days.
const KEPT_MS: i64 = 31 * 86_400_000;
/// How many finished posts are remembered.
const SENT_MAX: usize = 1_000;

/// What a post is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Events of these sequence numbers.
    Events {
        /// The first.
        first: i64,
        /// The last.
        last: i64,
    },
    /// No events: the receiver must tell right signatures from wrong ones.
    Intent {
        /// Whether the signature is right.
        is_right: bool,
    },
}

/// One POST to the subscriber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Names it in [`Outbox::report`].
    pub id: u64,
    /// Where to.
    pub url: String,
    /// The exact bytes that were signed.
    pub body: Vec<u8>,
    /// `x-xero-signature`
    pub signature: String,
    /// Not before this, in milliseconds of document time.
    pub due_ms: i64,
    /// What it is for.
    pub purpose: Purpose,
    /// How often it was sent before.
    pub attempts: u32,
    is_probe: bool,
}

/// What the receiver answered within five seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// HTTP status; `None` when there was no answer.
    pub status: Option<u16>,
    /// Whether the answer had no body.
    pub is_empty: bool,
}

/// How a subscription stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Health {
    /// Events are sent as they happen.
    #[default]
    Ok,
    /// The last post failed; only the oldest one is tried, the others wait.
    Retry {
        /// Since when, in milliseconds of document time.
        since_ms: i64,
        /// When the next try is, in milliseconds of document time.
        next_ms: i64,
    },
    /// Failed for a day: nothing is sent until the intent to receive is shown.
    Disabled {
        /// Since when, in milliseconds of document time.
        since_ms: i64,
    },
    /// The intent to receive is being asked for.
    IntentAsked,
    /// It was not shown.
    IntentFailed,
}

/// A post that was answered, or was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Its delivery.
    pub id: u64,
    /// When the result was known, in milliseconds of document time.
    pub at_ms: i64,
    /// What it was for.
    pub purpose: Purpose,
    /// Counts from 1.
    pub attempt: u32,
    /// What came back.
    pub receipt: Receipt,
    /// Whether that was right.
    pub is_right: bool,
}

/// The posts of one subscription.
#[derive(Debug, Clone, Default)]
pub struct Outbox {
    health: Health,
    queue: Vec<Delivery>,
    flying: HashMap<u64, Delivery>,
    sent: VecDeque<Sent>,
    /// Posts of the running or last intent to receive that are not answered yet, and whether all
    /// answers so far were right.
    intent_open: usize,
    intent_right: bool,
    last_id: u64,
}

impl Purpose {
    /// Whether an answer is what Xero wants.
    pub fn accepts(self, receipt: Receipt) -> bool {
        match self {
            Self::Events { .. } => receipt.status == Some(200),
            Self::Intent { is_right } => {
                let wanted = if is_right { 200 } else { 401 };
                receipt.status == Some(wanted) && receipt.is_empty
            }
        }
    }

    /// Whether it carries events.
    pub fn is_events(self) -> bool {
        matches!(self, Self::Events { .. })
    }
}

impl Outbox {
    /// How the subscription stands.
    pub fn health(&self) -> Health {
        self.health
    }

    /// How many posts wait, those under way included.
    pub fn waiting(&self) -> usize {
        self.queue.len().saturating_add(self.flying.len())
    }

    /// What was sent, oldest first.
    pub fn sent(&self) -> impl Iterator<Item = &Sent> {
        self.sent.iter()
    }

    /// Puts a post in.
    pub fn put(&mut self, body: Vec<u8>, signature: String, purpose: Purpose, due_ms: i64) {
        self.last_id = self.last_id.saturating_add(1);
        self.queue.push(Delivery {
            id: self.last_id,
            url: String::new(),
            body,
            signature,
            due_ms,
            purpose,
            attempts: 0,
            is_probe: false,
        });
    }

    /// Forgets everything: there is no subscriber any more, or another one.
    pub fn clear(&mut self) {
        let last_id = self.last_id;
        *self = Self {
            last_id,
            ..Self::default()
        };
    }

    /// From now on this many posts must be answered rightly before events are sent again.
    pub fn expect_intent(&mut self, posts: usize) {
        let is_intent = |delivery: &Delivery| !delivery.purpose.is_events();
        self.queue.retain(|delivery| !is_intent(delivery));
        self.flying.retain(|_, delivery| !is_intent(delivery));
        self.health = Health::IntentAsked;
        self.intent_open = posts;
        self.intent_right = true;
    }

    /// The posts to send now, oldest first. Each must be reported.
    pub fn take_due(&mut self, url: &str, now_ms: i64) -> Vec<Delivery> {
        let is_kept = |post: &Delivery| !post.purpose.is_events() || post.due_ms.saturating_add(KEPT_MS) > now_ms;
        self.queue.retain(is_kept);
        self.queue.sort_by_key(|delivery| (delivery.due_ms, delivery.id));
        let probes = matches!(self.health, Health::Retry { .. });
        let flying_events = self.flying.values().any(|delivery| delivery.purpose.is_events());
        let mut events_max = match self.health {
            Health::Ok => usize::MAX,
            Health::Retry { next_ms, .. } if next_ms <= now_ms && !flying_events => 1,
            _ => 0,
        };
        let mut due = Vec::new();
        let mut left = Vec::new();
        for mut delivery in std::mem::take(&mut self.queue) {
            let is_events = delivery.purpose.is_events();
            if delivery.due_ms > now_ms || (is_events && events_max == 0) {
                left.push(delivery);
                continue;
            }
            if is_events {
                events_max = events_max.saturating_sub(1);
            }
            url.clone_into(&mut delivery.url);
            delivery.is_probe = probes && is_events;
            self.flying.insert(delivery.id, delivery.clone());
            due.push(delivery);
        }
        self.queue = left;
        due
    }

    /// When there is something to send next, in milliseconds of document time.
    pub fn next_due_ms(&self) -> Option<i64> {
        let earliest = |is_events: bool| {
            let of_kind = self
                .queue
                .iter()
                .filter(|delivery| delivery.purpose.is_events() == is_events);
            of_kind.map(|delivery| delivery.due_ms).min()
        };
        let events = match self.health {
            Health::Ok => earliest(true),
            Health::Retry { next_ms, .. } if self.flying.is_empty() => earliest(true).map(|due| due.max(next_ms)),
            _ => None,
        };
        events.into_iter().chain(earliest(false)).min()
    }

    /// What came of a post. Unknown ids are of an earlier subscription.
    pub fn report(&mut self, id: u64, receipt: Receipt, now_ms: i64) {
        let Some(mut delivery) = self.flying.remove(&id) else {
            return;
        };
        let is_right = delivery.purpose.accepts(receipt);
        delivery.attempts = delivery.attempts.saturating_add(1);
        self.note(Sent {
            id,
            at_ms: now_ms,
            purpose: delivery.purpose,
            attempt: delivery.attempts,
            receipt,
            is_right,
        });
        if !delivery.purpose.is_events() {
            self.judge_intent(is_right);
        } else if is_right {
            if matches!(self.health, Health::Retry { .. }) {
                self.health = Health::Ok;
            }
        } else {
            self.failed(delivery, now_ms);
        }
    }

    /// Posts whose result nobody can tell any more are sent again.
    pub fn recall(&mut self) {
        self.queue.extend(self.flying.drain().map(|(_, delivery)| delivery));
    }

    fn failed(&mut self, delivery: Delivery, now_ms: i64) {
        let is_probe = delivery.is_probe;
        self.queue.push(delivery);
        self.health = match self.health {
            // The first retry is at once.
            Health::Ok => Health::Retry {
                since_ms: now_ms,
                next_ms: now_ms,
            },
            Health::Retry { since_ms, .. } if is_probe => {
                if now_ms.saturating_sub(since_ms) >= PATIENCE_MS {
                    Health::Disabled { since_ms: now_ms }
                } else {
                    let next_ms = now_ms.saturating_add(RETRY_MS);
                    Health::Retry { since_ms, next_ms }
                }
            }
            other => other,
        };
    }

    fn judge_intent(&mut self, is_right: bool) {
        self.intent_open = self.intent_open.saturating_sub(1);
        self.intent_right &= is_right;
        if self.intent_open == 0 {
            self.health = if self.intent_right {
                Health::Ok
            } else {
                Health::IntentFailed
            };
        }
    }

    fn note(&mut self, sent: Sent) {
        if self.sent.len() >= SENT_MAX {
            self.sent.pop_front();
        }
        self.sent.push_back(sent);
    }
}
