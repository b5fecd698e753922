//! The queue of open intents: by class, then by when they are due, then by age. How a push comes
//! into it, and how it leaves it without having been sent.

use std::collections::BTreeSet;

use super::bulk::PushEnd;
use super::machine::{Stage, TenantMachine, Work};
use crate::engine::badge;
use crate::engine::effect::Effect;
use crate::model::ids::{IntentId, OperationId};
use crate::model::mutation::{Rule, is_broken};
use crate::model::reason::ReasonCode;
use crate::model::row::{Class, Intent, Invoice, OperationState};
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

/// For whom a push is queued, and how urgent it is.
#[derive(Debug, Clone)]
pub(super) struct PushOrder {
    pub class: Class,
    pub wait_ms: u64,
    /// The operation of a click.
    pub operation: Option<OperationId>,
    /// Operations over many invoices.
    pub jobs: Vec<OperationId>,
}

impl PushOrder {
    /// Nobody asked for it.
    pub(super) const fn by_itself(wait_ms: u64) -> Self {
        Self {
            class: Class::Push,
            wait_ms,
            operation: None,
            jobs: Vec::new(),
        }
    }

    const fn is_asked(&self) -> bool {
        self.operation.is_some() || !self.jobs.is_empty()
    }
}

impl TenantMachine {
    /// Queues a push of `invoice`, or lets the open one carry the newer version. The badge follows
    /// the connection.
    pub(super) fn queue_push(&mut self, now: Now, invoice: &mut Invoice, order: PushOrder, writes: &mut Vec<Write>) {
        if !order.is_asked()
            && let Some(obstacle) = self.refused_at_once(invoice)
        {
            if let Some(id) = self.queued_intent(invoice.id) {
                let refused = (OperationState::Failed, obstacle.code.title());
                self.drop_intent(now, id, refused, Some(invoice), writes);
            }
            if self.by_invoice.contains_key(&invoice.id) {
                // An open attempt keeps its badge until its outcome is known.
                self.badge_of_queued(now, invoice);
            } else {
                badge::failed(invoice, obstacle, now);
            }
            return;
        }
        let force = order.is_asked()
            && invoice
                .sync
                .reason
                .as_ref()
                .is_some_and(|reason| reason.code == ReasonCode::ChangedInXero);
        let open = self.by_invoice.get(&invoice.id).copied();
        match open.filter(|_| !is_broken(Rule::OneOpenPush)) {
            Some(id) => {
                if let Some(work) = self.works.get_mut(&id) {
                    work.intent.force |= force;
                    work.intent.kind = invoice.draft.kind;
                }
                self.renew_intent(now, id, order, writes);
            }
            None => {
                let (at, random) = self.ids.parts(now.wall);
                let intent = Intent {
                    id: IntentId::from_parts(at, random),
                    tenant: invoice.tenant,
                    invoice: invoice.id,
                    kind: invoice.draft.kind,
                    class: order.class,
                    force,
                    queued_at: now.wall,
                    due: now.wall.plus_ms(i64::try_from(order.wait_ms).unwrap_or(0)),
                    retries: 0,
                    operation: order.operation,
                    jobs: order.jobs,
                    batch: None,
                    attempts: 0,
                };
                if !is_broken(Rule::QueuedIsDurable) {
                    writes.push(Write::Intent(Box::new(intent.clone())));
                }
                self.adopt_intent(now, intent);
                invoice.sync.queued_at = Some(now.wall);
            }
        }
        invoice.sync.retries = 0;
        self.badge_of_queued(now, invoice);
    }

    fn renew_intent(&mut self, now: Now, id: IntentId, order: PushOrder, writes: &mut Vec<Write>) {
        self.unlist(id);
        let Some(work) = self.works.get_mut(&id) else {
            return;
        };
        work.intent.class = work.intent.class.min(order.class);
        work.intent.retries = 0;
        work.intent.operation = order.operation.or(work.intent.operation);
        for job in order.jobs {
            if !work.intent.jobs.contains(&job) {
                work.intent.jobs.push(job);
                self.jobs.waits_for(job);
            }
        }
        work.batch_cap = usize::MAX;
        work.free_waits = 0;
        work.doomed = None;
        work.reads_alone = false;
        if let Stage::Queued(old_due) = work.stage {
            // Never later than before: a document that is edited all the time is sent all the same.
            let due = old_due.min(now.mono.plus_ms(order.wait_ms));
            work.intent.due = now.wall_at(due);
            work.stage = Stage::Queued(due);
        }
        writes.push(Write::Intent(Box::new(work.intent.clone())));
        self.list(id);
    }

    /// Ends an intent without a push, and tells whoever waits for it.
    pub(super) fn drop_intent(
        &mut self,
        now: Now,
        id: IntentId,
        result: (OperationState, &str),
        row: Option<&Invoice>,
        writes: &mut Vec<Write>,
    ) {
        let Some(intent) = self.forget(id) else {
            return;
        };
        writes.push(Write::DropIntent(intent.tenant, id));
        if let Some(operation) = intent.operation {
            self.finish_operation(now, operation, result, None, writes);
        }
        self.tell_jobs(&intent, row, PushEnd::dropped(result), writes);
    }

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
