//! What must hold of webhooks, judged by what was delivered and by what is durable.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDateTime;
use counterfoil::model::ids::{InvoiceId, XeroInvoiceId};
use counterfoil::model::row::Invoice;
use serde_json::Value;
use uuid::Uuid;

use super::post::PATIENCE_MS;

/// What a webhook announced is here within this.
const HERE_WITHIN_MS: u64 = 60_000;
/// A number that is missing for so long is lost.
const NUMBER_MS: u64 = 10_000;
/// Lost numbers lead to a reading at most this often.
const GAP_EVERY_MS: u64 = 300_000;
/// More numbers at once are not followed one by one.
const NUMBERS_MAX: i64 = 5_000;

/// A change that must come here.
#[derive(Debug, Clone, Copy)]
struct Announced {
    changed_ms: i64,
    since: u64,
}

/// A delivery as we read it.
#[derive(Debug, Default)]
pub struct Told {
    changes: Vec<(Uuid, i64)>,
    first: i64,
    last: i64,
}

/// Judges what webhooks do.
#[derive(Debug, Default)]
pub struct Judge {
    /// From this moment on nothing fails, and calls are free.
    pub calm_since: Option<u64>,
    /// What a minute of calls makes longer.
    pub paced_ms: u64,
    announced: BTreeMap<Uuid, Announced>,
    /// Deliveries that were lost: their numbers and changes.
    lost: Vec<Told>,
    /// Documents that nobody follows and that forged webhooks named.
    strangers: BTreeSet<Uuid>,
    /// Since the process began.
    opened_at: u64,
    known: BTreeSet<Vec<u8>>,
    fresh_at: u64,
    was_silent: bool,
    highest: Option<i64>,
    missing: BTreeMap<i64, u64>,
    rung_for_gap: Option<u64>,
}

/// Reads a body that Xero sent.
pub fn read(body: &[u8]) -> Told {
    let Ok(json) = serde_json::from_slice::<Value>(body) else {
        return Told::default();
    };
    let number = |name: &str| json[name].as_i64().unwrap_or_default();
    let events = json["events"].as_array().cloned().unwrap_or_default();
    let change = |event: &Value| {
        let is_invoice = event["eventCategory"] == "INVOICE";
        let id = event["resourceId"].as_str().and_then(|id| Uuid::parse_str(id).ok())?;
        let at: NaiveDateTime = event["eventDateUtc"].as_str()?.parse().ok()?;
        is_invoice.then_some((id, at.and_utc().timestamp_millis()))
    };
    Told {
        changes: events.iter().filter_map(change).collect(),
        first: number("firstEventSequence"),
        last: number("lastEventSequence"),
    }
}

impl Told {
    /// The first document it names.
    pub fn first_document(&self) -> Option<Uuid> {
        self.changes.first().map(|(id, _)| *id)
    }
}

impl Judge {
    pub fn opened(&mut self, at: u64) {
        self.opened_at = at;
        self.known.clear();
        self.fresh_at = at;
        self.was_silent = false;
        self.highest = None;
        self.missing.clear();
        self.rung_for_gap = None;
    }

    /// Xero sent it, and it will never come.
    pub fn lost(&mut self, body: &[u8]) {
        self.lost.push(read(body));
    }

    /// A forged one names this document.
    pub fn names_stranger(&mut self, id: Uuid) {
        self.strangers.insert(id);
    }

    /// Whether the running process has not had these bytes before.
    pub fn is_fresh(&self, body: &[u8]) -> bool {
        !self.known.contains(body)
    }

    /// It was answered with 200: from here on it counts, whatever becomes of the process.
    pub fn answered(&mut self, body: &[u8], at: u64) {
        for (id, changed_ms) in read(body).changes {
            self.announce(id, changed_ms, at);
        }
    }

    /// The porter has it.
    pub fn heard(&mut self, body: &[u8], at: u64, is_readable: bool) {
        if !self.known.insert(body.to_vec()) {
            return;
        }
        self.fresh_at = at;
        self.was_silent = false;
        if !is_readable && self.may_ring(at) {
            self.rung_for_gap = Some(at);
        }
        let Told { first, last, .. } = read(body);
        if first < 1 || last < first {
            return;
        }
        match self.highest {
            Some(highest) if first == 1 && last < highest => {
                self.missing.clear();
                self.highest = Some(last);
            }
            Some(highest) => {
                self.missing.retain(|number, _| *number < first || *number > last);
                let gap = highest + 1..first;
                if gap.end - gap.start < NUMBERS_MAX {
                    self.missing.extend(gap.map(|number| (number, at)));
                }
                self.highest = Some(highest.max(last));
            }
            None => self.highest = Some(last),
        }
    }

    /// The porter looked.
    pub fn looked(&mut self, at: u64, is_silent: bool) {
        if is_silent && !self.was_silent {
            let quiet_ms = at - self.fresh_at;
            assert!(
                quiet_ms >= PATIENCE_MS,
                "57: webhooks are called silent {quiet_ms} ms after one came"
            );
        }
        self.was_silent = is_silent;
        let is_lost = |since: u64| at - since >= NUMBER_MS;
        let numbers: BTreeSet<i64> = self
            .missing
            .iter()
            .filter(|(_, since)| is_lost(**since))
            .map(|(n, _)| *n)
            .collect();
        self.missing.retain(|_, since| !is_lost(*since));
        if numbers.is_empty() || !self.may_ring(at) {
            return;
        }
        self.rung_for_gap = Some(at);
        let lost = std::mem::take(&mut self.lost);
        for told in lost {
            if numbers.range(told.first..=told.last).next().is_some() {
                for (id, changed_ms) in told.changes {
                    self.announce(id, changed_ms, at);
                }
            } else {
                self.lost.push(told);
            }
        }
    }

    fn may_ring(&self, at: u64) -> bool {
        self.rung_for_gap.is_none_or(|rung| at - rung >= GAP_EVERY_MS)
    }

    fn announce(&mut self, id: Uuid, changed_ms: i64, at: u64) {
        let announced = self.announced.entry(id).or_insert(Announced { changed_ms, since: at });
        if announced.changed_ms < changed_ms {
            *announced = Announced { changed_ms, since: at };
        }
    }

    /// Documents are asked for by their ids.
    pub fn asked(&self, ids: &[XeroInvoiceId]) {
        for id in ids {
            assert!(
                !self.strangers.contains(&id.0),
                "55: {id} is read, which nobody follows"
            );
        }
    }

    /// After each step; `started_at` is when the running actor began.
    pub fn check(&mut self, invoices: &BTreeMap<InvoiceId, Invoice>, at: u64, started_at: Option<u64>) {
        if self.announced.is_empty() {
            return;
        }
        let is_here = |id: &Uuid, changed_ms: i64| {
            let mut linked = invoices
                .values()
                .filter(|row| row.link.as_ref().is_some_and(|link| link.xero_id.0 == *id));
            linked.all(|row| row.copy.as_ref().is_some_and(|copy| copy.updated.0 >= changed_ms))
        };
        self.announced
            .retain(|id, announced| !is_here(id, announced.changed_ms));
        let (Some(calm_since), Some(started_at)) = (self.calm_since, started_at) else {
            return;
        };
        for (id, announced) in &self.announced {
            let waited_ms = at - announced.since.max(calm_since).max(started_at);
            assert!(
                waited_ms <= HERE_WITHIN_MS + self.paced_ms,
                "54: a webhook announced a change of {id} {waited_ms} ms ago, and it is not here"
            );
        }
    }

    pub fn assert_nothing_announced(&self) {
        assert!(
            self.announced.is_empty(),
            "54: announced and not here: {:?}",
            self.announced
        );
    }
}
