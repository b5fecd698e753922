//! Follows the event feed across all restarts, as a host does with its cursor.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use super::host::{Ledger, Work};
use super::stage::Address;
use crate::support::{Api, idle};

/// What the feed told so far.
#[derive(Debug, Default)]
pub struct Told {
    /// Place and id of every event, in order.
    pub events: Vec<(u64, String)>,
    /// Documents of which it was said that they are in Xero, by tenant and reference.
    pub green: BTreeMap<(String, String), String>,
    /// The badge that was told last, by tenant and reference.
    pub badges: BTreeMap<(String, String), Value>,
    cursor: Option<String>,
    ids: BTreeSet<String>,
}

impl Told {
    /// Reads one page; says whether there was anything. `None` when nobody answered.
    pub fn read(&mut self, api: &Api, wait_s: u64, mut each: impl FnMut(&Value)) -> Option<bool> {
        let mut path = format!("/v1/events?limit=1000&wait={wait_s}");
        if let Some(cursor) = &self.cursor {
            path.push_str(&format!("&cursor={cursor}"));
        }
        let answer = api.try_send("GET", &path, &[], "").ok()?;
        if answer.status == 503 {
            return None;
        }
        let page = answer.ok(200);
        let events = page["data"].as_array().unwrap();
        for event in events {
            self.take(event);
            each(event);
        }
        self.cursor = Some(page["next_cursor"].as_str().unwrap().to_owned());
        Some(!events.is_empty())
    }

    fn take(&mut self, event: &Value) {
        let (seq, id) = (event["seq"].as_u64().unwrap(), event["id"].as_str().unwrap().to_owned());
        let last = self.events.last().map_or(0, |(seq, _)| *seq);
        assert_eq!(seq, last + 1, "31: a gap in the feed before {event}");
        assert!(self.ids.insert(id.clone()), "31: an event's id comes again: {event}");
        self.events.push((seq, id));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let place = (text(&event["tenant_id"]), text(&event["data"]["host_ref"]));
        if text(&event["type"]).starts_with("invoice.") {
            self.badges.insert(place.clone(), event["data"]["sync_state"].clone());
        }
        if event["type"] == "invoice.synced" {
            let xero_id = text(&event["data"]["xero_invoice_id"]);
            assert!(!xero_id.is_empty(), "8: green and nowhere: {event}");
            let known = self.green.entry(place).or_insert_with(|| xero_id.clone());
            assert_eq!(*known, xero_id, "9: a link changed: {event}");
        }
    }
}

/// Follows the feed until the work is over, and tells the ledgers what is settled.
pub fn follow(address: &Address, work: &Work, ledgers: &BTreeMap<String, Arc<Mutex<Ledger>>>, told: &Mutex<Told>) {
    while !work.over.load(Ordering::Relaxed) {
        let read = address.get().and_then(|api| {
            told.lock().unwrap().read(&api, 1, |event| {
                let kind = event["type"].as_str().unwrap_or_default();
                if matches!(kind, "invoice.synced" | "invoice.sync_failed") {
                    let ledger = &ledgers[event["tenant_id"].as_str().unwrap()];
                    ledger
                        .lock()
                        .unwrap()
                        .told_settled(event["data"]["host_ref"].as_str().unwrap());
                }
            })
        });
        if read.is_none() {
            idle(Duration::from_millis(2));
        }
    }
}
