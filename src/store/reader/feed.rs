//! The event feed, and kept answers.

use super::access::Reader;
use super::error::ReadError;
use crate::model::ids::TenantId;
use crate::model::row::{Event, Receipt};
use crate::model::time::Timestamp;
use crate::store::keys::{EVENTS, LAST_EVENT, event_key, event_seq};
use crate::store::rows::{RowError, event, keys};
use crate::store::{Batch, Op, Scan, Urgency};

/// Most events in one page.
pub const EVENT_PAGE_MAX: usize = 1_000;
/// Most entries looked at for one page of one tenant's events.
const EXAMINED_MAX: usize = 5_000;

/// A page of the feed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventPage {
    /// Number and event, in order.
    pub events: Vec<(u64, Event)>,
    /// Continue behind this number: the last one that was looked at, also when nothing matched.
    pub next: u64,
}

impl Reader {
    /// The events behind a number (0 = from the oldest that is kept), at most `limit` and never
    /// more than [`EVENT_PAGE_MAX`]; of one tenant, at most 5,000 entries are looked at. The feed
    /// is read to its end when `next` is [`Reader::feed_end`].
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn events(&self, after_seq: u64, limit: usize, tenant: Option<TenantId>) -> Result<EventPage, ReadError> {
        let limit = limit.clamp(1, EVENT_PAGE_MAX);
        let mut page = EventPage {
            events: Vec::new(),
            next: after_seq,
        };
        let mut examined = 0_usize;
        while page.events.len() < limit && examined < EXAMINED_MAX {
            let scan = Scan::forward(vec![EVENTS], limit).beyond(event_key(page.next));
            let rows = self.store.scan(&scan)?;
            if rows.is_empty() {
                break;
            }
            for (key, value) in rows {
                let seq = number(&key)?;
                let wanted = match tenant {
                    Some(tenant) => event::tenant_of(&key, &value)? == tenant,
                    None => true,
                };
                if wanted {
                    page.events.push((seq, event::from_entry(&key, &value)?));
                }
                page.next = seq;
                examined = examined.saturating_add(1);
                if page.events.len() >= limit {
                    break;
                }
            }
        }
        Ok(page)
    }

    /// Number of the newest durable event ever given; 0 when there was none.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn feed_end(&self) -> Result<u64, ReadError> {
        let Some(value) = self.store.get(&LAST_EVENT)? else {
            return Ok(0);
        };
        let bytes = <[u8; 8]>::try_from(value.as_slice())
            .map_err(|_not_eight| RowError::damaged(&LAST_EVENT, "it is not a number"))?;
        Ok(u64::from_be_bytes(bytes))
    }

    /// Number of the oldest event that is still kept; `None` when none is.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn feed_oldest(&self) -> Result<Option<u64>, ReadError> {
        let rows = self.store.scan(&Scan::forward(vec![EVENTS], 1))?;
        rows.first().map(|(key, _)| number(key)).transpose()
    }

    /// The identity of the feed's history: a cursor of another one is refused.
    #[must_use]
    pub fn feed_epoch(&self) -> [u8; 16] {
        self.store.epoch()
    }

    /// A batch that removes events older than a moment from the old end of the feed, at most
    /// `limit`; `None` when there are none.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn events_sweep(&self, before: Timestamp, limit: usize) -> Result<Option<Batch>, ReadError> {
        let mut ops = Vec::new();
        for (key, value) in self.store.scan(&Scan::forward(vec![EVENTS], limit))? {
            if event::from_entry(&key, &value)?.timestamp >= before {
                break;
            }
            ops.push(Op::Delete { key });
        }
        Ok((!ops.is_empty()).then(|| Batch {
            ops,
            urgency: Urgency::Result,
            ..Batch::default()
        }))
    }

    /// The kept answer to a request, by its key.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn receipt(&self, key: &str) -> Result<Option<Receipt>, ReadError> {
        self.row(&keys::receipt(key))
    }

    /// Keys of the answers that were kept before a moment, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn receipts_older_than(&self, before: Timestamp, limit: usize) -> Result<Vec<String>, ReadError> {
        let end = keys::receipts_from(before);
        let rows = self.store.scan(&Scan::forward(vec![keys::RECEIPTS_BY_AGE], limit))?;
        rows.into_iter()
            .take_while(|(index, _)| *index < end)
            .map(|(index, key)| {
                String::from_utf8(key).map_err(|_not_text| RowError::damaged(&index, "it is not text").into())
            })
            .collect()
    }
}

fn number(key: &[u8]) -> Result<u64, ReadError> {
    Ok(event_seq(key).ok_or_else(|| RowError::damaged(key, "it is no entry of the feed"))?)
}
