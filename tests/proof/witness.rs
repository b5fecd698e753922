//! What is told must be what is stored: each commit against the one before it, and what departs
//! against what was read.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil::model::document::HostStatus;
use counterfoil::model::failure::Received;
use counterfoil::model::ids::{IntentId, InvoiceId, XeroInvoiceId};
use counterfoil::model::row::{Badge, Batch, Event, Intent, Invoice, Member};
use counterfoil::model::time::Timestamp;
use counterfoil::model::write::Write;
use counterfoil::model::xero::{Answer, Reply, WriteTarget, XeroInvoice};
use serde_json::Value;

use super::simulation::Simulation;

/// What a person writes into a line in Xero begins so.
const IN_XERO: &str = "in Xero";
/// Once nothing fails, a push that nothing blocks is attempted within this.
const ATTEMPTED_WITHIN_MS: u64 = 120_000;

#[derive(Default)]
pub struct Witness {
    /// Answers that may cost a push a retry.
    costly: BTreeMap<IntentId, u32>,
    /// What people wrote into a document, in the newest version that was read.
    seen: BTreeMap<XeroInvoiceId, (Timestamp, BTreeSet<String>)>,
    /// The newest version of a document that a push was queued for while pushes go by themselves.
    owed: BTreeMap<InvoiceId, u64>,
    is_off: bool,
    /// How long each push waited although nothing blocked it, and until when this was counted.
    waited: BTreeMap<IntentId, u64>,
    counted_at: u64,
}

impl Witness {
    /// These changes become durable now; `rows` and `intents` are as they were before.
    pub fn commit(
        &mut self,
        writes: &[Write],
        rows: &BTreeMap<InvoiceId, Invoice>,
        intents: &BTreeMap<IntentId, Intent>,
    ) {
        let mut after: BTreeMap<InvoiceId, &Invoice> = BTreeMap::new();
        let mut told: BTreeMap<String, &Event> = BTreeMap::new();
        let mut pushed: BTreeSet<InvoiceId> = BTreeSet::new();
        for write in writes {
            match write {
                Write::Invoice(row) => drop(after.insert(row.id, row)),
                // Events about what came back say nothing of the badge.
                Write::Event(event)
                    if event.event_type.starts_with("invoice.") && event.data.get("sync_state").is_some() =>
                {
                    let id = event.data["id"].as_str().expect("31: an event without its invoice");
                    told.insert(id.to_owned(), event);
                }
                Write::Intent(intent) => {
                    pushed.insert(intent.invoice);
                    let costly = self.costly.get(&intent.id).copied().unwrap_or_default();
                    assert!(
                        u32::from(intent.retries) <= costly,
                        "49: {} retries after {costly} failures",
                        intent.retries
                    );
                }
                Write::Tenant(tenant) => {
                    self.is_off |= !tenant.settings.auto_sync.enabled;
                }
                _ => {}
            }
        }
        for (id, row) in after {
            self.changed(rows.get(&id), row, told.get(&id.to_string()).copied());
            let was_queued = intents.values().any(|intent| intent.invoice == id);
            kept(rows.get(&id), row, was_queued);
            if pushed.contains(&id) {
                self.owed.insert(id, row.rev);
            } else if rows.get(&id).is_some_and(|before| before.rev < row.rev) {
                // A draft, say: nothing of it goes by itself.
                self.owed.remove(&id);
            }
        }
    }

    fn changed(&self, before: Option<&Invoice>, row: &Invoice, event: Option<&Event>) {
        let name = &row.host_ref;
        let state = row.sync.badge.map(Badge::state);
        if let Some(event) = event {
            assert_eq!(
                event.data["sync_state"].as_str(),
                state,
                "31: the feed and the row of {name} disagree"
            );
            let link = row.link.as_ref().map(|link| link.xero_id.to_string());
            assert_eq!(
                event.data["xero_invoice_id"].as_str(),
                link.as_deref(),
                "8: {name} is told with a link it has not"
            );
        } else {
            let was = before.and_then(|before| before.sync.badge);
            assert_eq!(
                was, row.sync.badge,
                "31: {name} changed its badge and no event tells it"
            );
        }
    }

    /// A write leaves for the first time.
    pub fn departs(&self, batch: &Batch, intents: &BTreeMap<IntentId, Intent>) {
        let WriteTarget::ChangeInvoice(id) = batch.target else {
            return;
        };
        let is_forced = batch
            .members
            .iter()
            .filter_map(|member| intents.get(&member.intent))
            .any(|intent| intent.force);
        let body: Value = serde_json::from_slice(&batch.body).expect("a body is JSON");
        let Some(lines) = body["Invoices"][0]["LineItems"].as_array() else {
            return;
        };
        let seen = self.seen.get(&id).filter(|_| !is_forced);
        for words in seen.into_iter().flat_map(|(_, words)| words) {
            let is_kept = lines.iter().any(|line| line["Description"].as_str() == Some(words));
            assert!(is_kept, "12: a person's \"{words}\" is overwritten");
        }
    }

    /// A write was answered, or failed.
    pub fn heard(&mut self, members: &[Member], answer: &Answer) {
        if matches!(&answer.result, Err(failure) if failure.received == Received::No) {
            return;
        }
        // What was written is a version like any other: lists may lag behind it.
        if let Ok(Reply::Written(elements)) = &answer.result {
            let written = elements.iter().filter(|element| element.errors.is_empty());
            self.read(&written.map(|element| element.invoice.clone()).collect::<Vec<_>>());
        }
        for member in members {
            *self.costly.entry(member.intent).or_default() += 1;
        }
    }

    /// Documents were read.
    pub fn read(&mut self, found: &[XeroInvoice]) {
        for document in found {
            let words = document.lines.iter().map(|line| line.description.clone());
            let words = words.filter(|words| words.starts_with(IN_XERO)).collect();
            // A list that was asked for earlier may come later.
            let seen = self.seen.get(&document.id);
            if seen.is_none_or(|(at, _)| *at <= document.updated) {
                self.seen.insert(document.id, (document.updated, words));
            }
        }
    }

    /// Everything has settled: what is green is the newest that was queued.
    pub fn assert_nothing_owed(&self, rows: &BTreeMap<InvoiceId, Invoice>) {
        for row in rows.values().filter(|_| !self.is_off) {
            let has = row.common.as_ref().map_or(0, |common| common.rev);
            let owed = self.owed.get(&row.id).copied().unwrap_or_default();
            let is_green = row.sync.badge == Some(Badge::Synced);
            assert!(
                !is_green || has >= owed,
                "33: {} is green and older than what the host wrote",
                row.host_ref
            );
        }
    }
}

/// What is red stays red until somebody acts; only a void ends what is grey without a result.
fn kept(before: Option<&Invoice>, row: &Invoice, was_queued: bool) {
    let Some(before) = before.filter(|_| row.sync.badge.is_none()) else {
        return;
    };
    let status = row.draft.host_status;
    let is_taken_back = before.rev < row.rev && status == HostStatus::Draft && was_queued;
    let was_red = before.sync.badge == Some(Badge::Failed);
    // Nothing more can be sent of what was voided in Xero: somebody acknowledged that.
    let vanished = was_red && status != HostStatus::Void && !is_taken_back && !row.is_gone();
    assert!(!vanished, "40: {} was red and has no badge now", row.host_ref);
}

impl Simulation {
    /// No push waits behind another one.
    pub fn watch_waiting(&mut self) {
        let (at, now) = (self.clock.at, self.clock.now());
        let witness = &mut self.promises.witness;
        let span_ms = at - witness.counted_at;
        witness.counted_at = at;
        let may_fail = self.faults_strike || self.course.as_ref().is_some_and(|course| course.counts);
        let Some(shell) = self.shell.as_ref().filter(|_| !may_fail) else {
            return witness.waited.clear();
        };
        // A disk that hangs holds up everything.
        if shell.machine.status(now).blocked.is_some() || !shell.commits.is_empty() {
            return;
        }
        // One that waits for its own moment, as between two look-ups, waits for no other.
        let wall = now.wall;
        let waiting = self.promises.intents.values();
        let waiting = waiting.filter(|intent| intent.batch.is_none() && intent.due <= wall);
        // The span before its first step was not its own.
        let longer = |id: IntentId| witness.waited.get(&id).map_or(0, |waited_ms| waited_ms + span_ms);
        let waiting: BTreeMap<IntentId, u64> = waiting.map(|intent| (intent.id, longer(intent.id))).collect();
        let paced_ms = u64::from(self.knobs.documents) * 4 * 60_000 / u64::from(self.knobs.minute);
        for (id, waited_ms) in &waiting {
            assert!(
                *waited_ms <= ATTEMPTED_WITHIN_MS + paced_ms,
                "32: {id} waits behind others for {waited_ms} ms"
            );
        }
        witness.waited = waiting;
    }
}
