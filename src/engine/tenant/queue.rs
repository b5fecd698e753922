//! The queue of open intents: by class, then by when they are due, then by age.

use super::machine::{Stage, TenantMachine, Work};
use crate::engine::effect::Effect;
use crate::model::ids::IntentId;
use crate::model::row::{Intent, Invoice};
use crate::model::time::{Mono, Now};
use crate::model::write::Write;

impl TenantMachine {
    /// Puts an intent (back) into the queue.
    pub(super) fn enqueue(&mut self, id: IntentId, due: Mono) {
        if let Some(work) = self.works.get_mut(&id) {
            if let Stage::Queued(old) = work.stage {
                self.queue.remove(&(work.intent.class, old, id));
            }
            work.stage = Stage::Queued(due);
            self.queue.insert((work.intent.class, due, id));
        }
    }

    /// Takes an intent out of the queue for the next step.
    pub(super) fn dequeue(&mut self, id: IntentId, stage: Stage) {
        if let Some(work) = self.works.get_mut(&id) {
            if let Stage::Queued(old) = work.stage {
                self.queue.remove(&(work.intent.class, old, id));
            }
            work.stage = stage;
        }
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
        let work = self.works.remove(&id)?;
        if let Stage::Queued(due) = work.stage {
            self.queue.remove(&(work.intent.class, due, id));
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
        self.by_invoice.insert(intent.invoice, id);
        let class = intent.class;
        self.works.insert(
            id,
            Work {
                intent,
                stage,
                batch_cap: usize::MAX,
                doubted_chart: None,
                read_at: None,
                check_number: false,
                reads_alone: false,
                doomed: None,
                doomed_party: None,
                row_version: 0,
                free_waits: 0,
            },
        );
        if let Stage::Queued(due) = stage {
            self.queue.insert((class, due, id));
        }
    }

    /// No saved push waits longer than its longest delay: a later moment comes from a wall clock
    /// that was set back since. What Xero's limits demand is kept by the budget.
    fn longest_wait_ms(&self) -> u64 {
        let longest_ms = self.setup.policy.retry_delays_ms.iter().copied().max();
        longest_ms.unwrap_or(0).saturating_mul(2)
    }
}
