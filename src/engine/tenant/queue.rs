//! The queue of open intents: by class, then by when they are due, then by age.

use super::machine::{Stage, TenantMachine, Work};
use crate::model::ids::IntentId;
use crate::model::row::Intent;
use crate::model::time::{Mono, Now};

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
            None => Stage::Queued(now.mono_at(intent.due, 86_400_000)),
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
                read_at: None,
                check_number: false,
                reads_alone: false,
                doomed: None,
                doomed_party: None,
                free_waits: 0,
            },
        );
        if let Stage::Queued(due) = stage {
            self.queue.insert((class, due, id));
        }
    }
}
