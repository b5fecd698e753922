//! Jobs: operations that read Xero step by step. Each has at most one call under way, and its rest
//! is durable with what the last answer changed, so a restart goes on where it was.

use super::job_steps::{JobState, Next};
use super::job_words::{Item, is_open, words};
use super::machine::{Direction, TenantMachine};
use crate::engine::connection::access;
use crate::engine::effect::{Effect, LoadId, Notice};
use crate::model::failure::{Failure, Remedy};
use crate::model::ids::OperationId;
use crate::model::row::{Class, Invoice, JobKind, JobStep, Operation, OperationItem, OperationState, Tally, WaitCause};
use crate::model::time::{Mono, Now, Timestamp};
use crate::model::write::Write;

/// First delay before a call that failed is made again; doubles up to [`AGAIN_MAX_MS`].
const AGAIN_MS: u64 = 1_000;
const AGAIN_MAX_MS: u64 = 300_000;
/// Most items of one operation; what is beyond them is only counted.
const ITEMS_MAX: u32 = 10_000;
/// A document linked this recently may not be in Xero's lists yet.
const LINK_LAG_MS: i64 = 180_000;

impl TenantMachine {
    /// What a comparison had seen is lost, so its counts begin anew.
    pub(super) fn begin_comparisons_again(&mut self) {
        for state in self.jobs.0.values().filter(|state| state.job.kind == JobKind::Drift) {
            if let Some(operation) = self.operations.get_mut(&state.job.operation) {
                operation.tally = None;
                operation.done = 0;
            }
        }
    }

    /// Does what is due, as far as calls are free.
    pub(super) fn run_jobs(&mut self, now: Now, out: &mut Vec<Effect>) {
        if self.jobs.0.is_empty() {
            return;
        }
        if !access(&self.setup.tenant.connection).queues {
            self.end_jobs(now, out);
        }
        let is_due = |state: &JobState| !state.is_asked && state.loading.is_none() && state.due <= now.mono;
        let mut due: Vec<(Class, OperationId)> = self
            .jobs
            .0
            .values()
            .filter(|state| is_due(state))
            .map(|state| (state.job.class, state.job.operation))
            .collect();
        due.sort_unstable();
        for (class, id) in due {
            self.step_job(now, class, id, out);
        }
    }

    /// When a job wants to go on, how urgent that is, and about how many calls it still needs.
    pub(super) fn jobs_due(&self) -> Vec<(Mono, Class, usize)> {
        let waiting = self
            .jobs
            .0
            .values()
            .filter(|state| !state.is_asked && state.loading.is_none() && self.has_step(state));
        waiting
            .map(|state| {
                let calls = usize::try_from(state.calls_left()).unwrap_or(usize::MAX).max(1);
                (state.due, state.job.class, calls)
            })
            .collect()
    }

    fn step_job(&mut self, now: Now, class: Class, id: OperationId, out: &mut Vec<Effect>) {
        let Some(state) = self.jobs.0.get(&id) else { return };
        if state.job.is_cancelled {
            self.end_cancelled(now, id, out);
            return;
        }
        if state.job.kind.is_bulk() {
            self.step_bulk(now, id, out);
            return;
        }
        let calls = usize::try_from(state.calls_left()).unwrap_or(usize::MAX).max(1);
        match state.next() {
            Next::Ask(purpose, request, rows) => {
                if self.may_start(now, class, Direction::Read, calls).is_err() {
                    return;
                }
                if let Some(state) = self.jobs.0.get_mut(&id) {
                    state.is_asked = true;
                    state.page = Tally::default();
                }
                let writes = self.note_running(id);
                self.call_with(now, class, (purpose, request), rows, writes, out);
            }
            Next::Load(after) => {
                let load = self.next_load();
                if let Some(state) = self.jobs.0.get_mut(&id) {
                    state.loading = Some(load);
                }
                out.push(Effect::LoadLinked { load, after });
            }
            Next::Finish => self.finish_job(now, id, out),
        }
    }

    /// The operation runs, as its row says once it does.
    pub(super) fn note_running(&mut self, id: OperationId) -> Vec<Write> {
        let Some(operation) = self.operations.get_mut(&id) else {
            return Vec::new();
        };
        if operation.state == OperationState::Running {
            return Vec::new();
        }
        operation.state = OperationState::Running;
        operation.reason = None;
        "Running".clone_into(&mut operation.message);
        vec![Write::Operation(Box::new(operation.clone()))]
    }

    /// The next linked invoices of a walk.
    pub(super) fn linked_loaded(&mut self, now: Now, load: LoadId, rows: &[Invoice], out: &mut Vec<Effect>) {
        let Some(state) = self.jobs.0.values_mut().find(|state| state.loading == Some(load)) else {
            return;
        };
        state.loading = None;
        state.due = now.mono;
        let last = rows.last().and_then(|row| row.link.as_ref()).map(|link| link.xero_id);
        let JobStep::Walk { after, open_only } = &mut state.job.step else {
            return;
        };
        let only_open = *open_only;
        match last {
            Some(last) => *after = Some(last),
            None => {
                state.job.step = JobStep::End;
                return;
            }
        }
        let (seen, is_drift) = (&state.seen, state.job.kind == JobKind::Drift);
        let is_wanted = |row: &&Invoice| !only_open || row.copy.as_ref().is_none_or(|copy| is_open(&copy.status));
        let linked = rows.iter().filter(is_wanted).filter_map(|row| row.link.as_ref());
        // A document that was just made may not be shown yet.
        let young = |at: Timestamp| (0..LINK_LAG_MS).contains(&now.wall.since_ms(at));
        let ids = linked.filter(|link| !is_drift || !(seen.contains(&link.xero_id) || young(link.linked_at)));
        state.job.ids.extend(ids.map(|link| link.xero_id));
        out.push(Effect::Persist(vec![Write::Job(Box::new(state.job.clone()))]));
    }

    /// A call of a job failed: it is made again, unless Xero will never answer it.
    pub(super) fn job_failed(&mut self, now: Now, id: OperationId, failure: &Failure, out: &mut Vec<Effect>) {
        let Some(state) = self.jobs.0.get_mut(&id) else { return };
        state.is_asked = false;
        if state.job.is_cancelled {
            self.end_cancelled(now, id, out);
            return;
        }
        let delay_ms = match failure.remedy {
            Remedy::GiveUpItem => {
                let words = format!("Xero refused to answer: {}.", failure.message);
                self.end_job(now, id, (OperationState::Failed, &words), out);
                return;
            }
            // The budget, the keyring or the connection say when.
            Remedy::WaitForLimit { .. } | Remedy::RefreshToken | Remedy::Reconnect => 0,
            Remedy::CheckConnection | Remedy::RetryWithBackoff => {
                state.failures = state.failures.saturating_add(1);
                (AGAIN_MS << state.failures.min(9).saturating_sub(1)).min(AGAIN_MAX_MS)
            }
        };
        let jitter_ms = self.ids.below(delay_ms / 4 + 1);
        if let Some(state) = self.jobs.0.get_mut(&id) {
            state.due = now.mono.plus_ms(delay_ms.saturating_add(jitter_ms));
        }
        if let Some(operation) = self.operations.get_mut(&id)
            && operation.state != OperationState::Waiting
        {
            operation.state = OperationState::Waiting;
            let cause = match failure.remedy {
                Remedy::WaitForLimit { .. } => WaitCause::XeroRateLimit,
                _ => WaitCause::Transient,
            };
            cause.in_words().clone_into(&mut operation.message);
            out.push(Effect::Persist(vec![Write::Operation(Box::new(operation.clone()))]));
        }
    }

    /// What one answer brought becomes durable with the place from which the job goes on.
    pub(super) fn keep_job(&mut self, now: Now, id: OperationId, mut writes: Vec<Write>, out: &mut Vec<Effect>) {
        let Some(state) = self.jobs.0.get_mut(&id) else { return };
        state.is_asked = false;
        state.failures = 0;
        state.due = now.mono;
        writes.push(Write::Job(Box::new(state.job.clone())));
        let (page, left) = (std::mem::take(&mut state.page), state.calls_left());
        if let Some(operation) = self.operations.get_mut(&id) {
            operation.tally.get_or_insert_default().add(page);
            operation.state = OperationState::Running;
            operation.done = operation.done.saturating_add(1);
            operation.total = operation.done.saturating_add(left);
            "Running".clone_into(&mut operation.message);
            writes.push(Write::Operation(Box::new(operation.clone())));
        }
        out.push(Effect::Persist(writes));
    }

    /// Adds an item to the result of an operation.
    pub(super) fn item(&mut self, id: OperationId, item: Item<'_>, writes: &mut Vec<Write>) {
        let Some(operation) = self.operations.get_mut(&id) else {
            return;
        };
        let tally = operation.tally.get_or_insert_default();
        if tally.items >= ITEMS_MAX {
            return;
        }
        writes.push(Write::Item(Box::new(OperationItem {
            operation: id,
            index: tally.items,
            invoice: item.row.map(|row| row.id).or(item.invoice),
            host_ref: item.row.map(|row| row.host_ref.clone()).or(item.host_ref),
            xero_id: item.xero_id,
            document: item.document,
            is_done: item.is_done,
            is_skipped: item.is_skipped,
            code: item.code.to_owned(),
            detail: item.detail,
            changes: item.changes,
        })));
        tally.items = tally.items.saturating_add(1);
    }

    /// Ends every job that needs the connection which was ended.
    fn end_jobs(&mut self, now: Now, out: &mut Vec<Effect>) {
        let needs_it = |state: &&JobState| state.job.kind != JobKind::Acknowledge;
        let open = self.jobs.0.values().filter(needs_it);
        let open: Vec<OperationId> = open.map(|state| state.job.operation).collect();
        for id in open {
            let words = "Company does not have Xero configured.";
            self.end_job(now, id, (OperationState::Failed, words), out);
        }
    }

    pub(super) fn finish_job(&mut self, now: Now, id: OperationId, out: &mut Vec<Effect>) {
        let Some(state) = self.jobs.0.get(&id) else { return };
        let tally = self
            .operations
            .get(&id)
            .and_then(|operation| operation.tally)
            .unwrap_or_default();
        out.push(Effect::Announce(Notice::JobEnded {
            kind: state.job.kind,
            checked_count: tally.checked,
            changed_count: tally.changed,
        }));
        let words = words(state.job.kind, tally);
        let done = match (tally.failed, state.job.kind) {
            (0, _) => OperationState::Succeeded,
            (failed, _) if failed >= tally.checked => OperationState::Failed,
            _ => OperationState::PartiallyFailed,
        };
        self.end_job(now, id, (done, &words), out);
    }

    /// Ends a job with its operation; what is left of it stays with that.
    pub(super) fn end_job(
        &mut self,
        now: Now,
        id: OperationId,
        (state, words): (OperationState, &str),
        out: &mut Vec<Effect>,
    ) -> Option<Operation> {
        let mut ended = self.jobs.0.remove(&id)?;
        self.keep_open(&mut ended);
        if let Some(operation) = self.operations.get_mut(&id) {
            operation.rest = ended.job.has_rest().then(|| Box::new(ended.job));
        }
        let mut writes = vec![Write::DropJob(self.setup.tenant.id, id)];
        let shown = self.finish_operation(now, id, (state, words), None, &mut writes);
        out.push(Effect::Persist(writes));
        shown
    }
}
