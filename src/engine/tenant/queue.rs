//! The queue of open intents: by class, then by when they are due, then by age.

use std::collections::BTreeSet;

use super::machine::{Stage, TenantMachine, Work};
use crate::engine::effect::Effect;
use crate::model::ids::IntentId;
use crate::model::row::{Class, Intent, Invoice};
use crate::model::time::{Mono, Now};
use crate::model::write::Write;

/// Those that wait for reference data, the most urgent first: looked at after every event, so that
/// a long queue must not be walked for them.
#[derive(Debug, Clone, Default)]
pub(super) struct Waiting {
    pub chart: BTreeSet<(Class, IntentId)>,
    pub contact: BTreeSet<(Class, IntentId)>,
}

impl Waiting {
    /// Reference data is as urgent as the most urgent push that waits for it, and no less than a push.
    pub(super) fn class(waiting: &BTreeSet<(Class, IntentId)>) -> Class {
        let first = waiting.first();
        first.map_or(Class::Push, |(class, _)| (*class).min(Class::Push))
    }
}

impl TenantMachine {
    /// Puts an intent (back) into the queue.
    pub(super) fn enqueue(&mut self, id: IntentId, due: Mono) {
        self.dequeue(id, Stage::Queued(due));
    }

    /// Takes an intent out of the queue for the next step.
    pub(super) fn dequeue(&mut self, id: IntentId, stage: Stage) {
        self.unlist(id);
        if let Some(work) = self.works.get_mut(&id) {
            work.stage = stage;
        }
        self.list(id);
    }

    /// Takes an intent off the lists of its stage and class, before either changes.
    pub(super) fn unlist(&mut self, id: IntentId) {
        let Some(work) = self.works.get(&id) else { return };
        let class = work.intent.class;
        match work.stage {
            Stage::Queued(due) => self.queue.remove(&(class, due, id)),
            Stage::Chart => self.waiting.chart.remove(&(class, id)),
            Stage::Contact => self.waiting.contact.remove(&(class, id)),
            Stage::Loading | Stage::Reading | Stage::InBatch(_) => false,
        };
    }

    /// Puts an intent on the lists of its stage and class.
    pub(super) fn list(&mut self, id: IntentId) {
        let Some(work) = self.works.get(&id) else { return };
        let class = work.intent.class;
        match work.stage {
            Stage::Queued(due) => self.queue.insert((class, due, id)),
            Stage::Chart => self.waiting.chart.insert((class, id)),
            Stage::Contact => self.waiting.contact.insert((class, id)),
            Stage::Loading | Stage::Reading | Stage::InBatch(_) => false,
        };
    }

    /// Remembers the version of each row that is written while its work is open.
    pub(super) fn note_versions(&mut self, effects: &[Effect]) {
        let persisted = effects.iter().filter_map(|effect| match effect {
            Effect::Persist(writes) => Some(writes),
            _ => None,
        });
        for write in persisted.flatten() {
            if let Write::Invoice(row) = write
                && let Some(work) = self.by_invoice.get(&row.id).and_then(|id| self.works.get_mut(id))
            {
                work.row_version = row.version;
            }
        }
    }

    /// Whether a row was read before the last change of it was decided.
    pub(super) fn is_overtaken(&self, row: &Invoice) -> bool {
        let work = self.by_invoice.get(&row.id).and_then(|id| self.works.get(id));
        work.is_some_and(|work| row.version < work.row_version)
    }

    /// The intent has ended.
    pub(super) fn forget(&mut self, id: IntentId) -> Option<Intent> {
        self.unlist(id);
        let work = self.works.remove(&id)?;
        for job in &work.intent.jobs {
            self.jobs.waits_no_more(*job);
        }
        if self.by_invoice.get(&work.intent.invoice) == Some(&id) {
            self.by_invoice.remove(&work.intent.invoice);
        }
        Some(work.intent)
    }

    /// Work that is new, or was saved.
    pub(super) fn adopt_intent(&mut self, now: Now, intent: Intent) {
        let stage = match intent.batch.filter(|batch| self.attempts.contains_key(batch)) {
            Some(batch) => Stage::InBatch(batch),
            None => Stage::Queued(now.mono_at(intent.due, self.longest_wait_ms())),
        };
        let id = intent.id;
        for job in &intent.jobs {
            self.jobs.waits_for(*job);
        }
        self.by_invoice.insert(intent.invoice, id);
        self.works.insert(
            id,
            Work {
                intent,
                stage,
                batch_cap: usize::MAX,
                doubted_chart: None,
                read_at: None,
                missed_at: None,
                check_number: false,
                reads_alone: false,
                doomed: None,
                doomed_party: None,
                row_version: 0,
                free_waits: 0,
            },
        );
        self.list(id);
    }

    /// No saved push waits longer than its longest delay: a later moment comes from a wall clock
    /// that was set back since. What Xero's limits demand is kept by the budget.
    fn longest_wait_ms(&self) -> u64 {
        let longest_ms = self.setup.policy.retry_delays_ms.iter().copied().max();
        longest_ms.unwrap_or(0).saturating_mul(2)
    }
}
