//! What people ask for many invoices at once. A job goes through them part by part; what becomes of
//! each is an item of its operation, durable in the commit that ends its push.

use std::collections::{BTreeMap, BTreeSet};

use super::host::is_void_and_unsent;
use super::job_steps::JobState;
use super::job_words::Item;
use super::machine::TenantMachine;
use super::queue::PushOrder;
use crate::engine::effect::{Effect, LoadId};
use crate::engine::event::{BulkOrder, JobPlan};
use crate::engine::{alert, badge};
use crate::model::connection::ConnectionState;
use crate::model::ids::{InvoiceId, OperationId};
use crate::model::limits::BATCH_SALES_MAX;
use crate::model::reason::ReasonCode;
use crate::model::row::{Acknowledged, Class, Intent, Invoice, JobKind, Operation, OperationState, ReasonGiven};
use crate::model::time::Now;
use crate::model::write::Write;

/// Invoices that are gone through at a time: no event may hold up the others.
const ROWS_MAX: usize = 100;
/// Most pushes of one job that are open at once: all the calls there may be at a time find work, and
/// what has not had its turn keeps its badge and its reason.
const OPEN_MAX: usize = 500;

/// How urgent the pushes of a selection are. What fits in one call goes like a click; more of them
/// must hold up neither clicks nor what hosts write meanwhile.
pub(super) const fn bulk_class(count: usize) -> Class {
    if count <= BATCH_SALES_MAX {
        Class::User
    } else {
        Class::Backfill
    }
}

/// What a plan does with chosen invoices, if it is such a plan.
pub(super) fn bulk_kind(plan: &JobPlan) -> Option<JobKind> {
    let kind = match plan {
        JobPlan::Bulk(bulk) => bulk.kind,
        JobPlan::Again { job, .. } => job.kind,
        _ => return None,
    };
    kind.is_bulk().then_some(kind)
}

/// What became of one invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Done,
    Failed,
    Skipped,
}

/// How a push ended, for those who wait for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PushEnd {
    how: How,
    code: &'static str,
    detail: String,
}

impl PushEnd {
    /// The document is in Xero.
    pub(super) fn synced() -> Self {
        Self {
            how: How::Done,
            code: "synced",
            detail: "Synced to Xero".to_owned(),
        }
    }

    /// Its badge turned red.
    pub(super) const fn red(code: ReasonCode, detail: String) -> Self {
        Self {
            how: How::Failed,
            code: code.code(),
            detail,
        }
    }

    /// It ended without a push.
    pub(super) fn dropped((state, words): (OperationState, &str)) -> Self {
        let (how, code) = match state {
            OperationState::Succeeded => (How::Done, "nothing_to_send"),
            OperationState::Cancelled => (How::Skipped, "cancelled"),
            _ => (How::Failed, "not_sent"),
        };
        Self {
            how,
            code,
            detail: words.to_owned(),
        }
    }

    fn skipped(code: &'static str, detail: &str) -> Self {
        Self {
            how: How::Skipped,
            code,
            detail: detail.to_owned(),
        }
    }
}

impl TenantMachine {
    /// Whether a job has anything to do before something else happens.
    pub(super) fn has_step(&self, state: &JobState) -> bool {
        if !state.job.kind.is_bulk() {
            return true;
        }
        if state.job.invoices.is_empty() {
            return state.open == 0;
        }
        self.may_go_through(state) && state.open.saturating_add(ROWS_MAX) <= OPEN_MAX
    }

    /// While nothing can be sent, red badges keep the reasons they have.
    fn may_go_through(&self, state: &JobState) -> bool {
        state.job.kind == JobKind::Acknowledge || self.setup.tenant.connection.state == ConnectionState::Active
    }

    /// Reads the next invoices, or ends once every push has ended.
    pub(super) fn step_bulk(&mut self, now: Now, id: OperationId, out: &mut Vec<Effect>) {
        let Some(state) = self.jobs.0.get(&id) else { return };
        if !state.job.invoices.is_empty() && !self.may_go_through(state) {
            self.wait_for_connection(now, id, out);
            return;
        }
        if !self.has_step(state) {
            return;
        }
        if state.job.invoices.is_empty() {
            self.finish_job(now, id, out);
            return;
        }
        let invoices: Vec<InvoiceId> = state.job.invoices.iter().take(ROWS_MAX).copied().collect();
        let load = self.next_load();
        if let Some(state) = self.jobs.0.get_mut(&id) {
            state.loading = Some(load);
        }
        out.push(Effect::LoadRows { load, invoices });
    }

    /// The operation says what it waits for, once.
    fn wait_for_connection(&mut self, now: Now, id: OperationId, out: &mut Vec<Effect>) {
        let obstacle = self.not_active();
        let reason = ReasonGiven {
            code: obstacle.code,
            detail: obstacle.detail,
            subject: obstacle.subject,
            since: now.wall,
        };
        let Some(operation) = self.operations.get_mut(&id) else {
            return;
        };
        let message = format!("Waiting: {}", reason.detail);
        if operation.message == message {
            return;
        }
        operation.state = OperationState::Waiting;
        operation.reason = Some(reason);
        operation.message = message;
        out.push(Effect::Persist(vec![Write::Operation(Box::new(operation.clone()))]));
    }

    /// Rows that were read: of chosen invoices, or of those whose badges must follow the connection.
    pub(super) fn rows_loaded(&mut self, now: Now, load: LoadId, rows: Vec<Invoice>, out: &mut Vec<Effect>) {
        let mut jobs = self.jobs.0.values_mut();
        let Some(state) = jobs.find(|state| state.loading == Some(load)) else {
            self.relabel(now, load, rows, out);
            return;
        };
        state.loading = None;
        let (id, kind) = (state.job.operation, state.job.kind);
        let chosen: Vec<InvoiceId> = state.job.invoices.iter().take(ROWS_MAX).copied().collect();
        if kind == JobKind::Resync && self.setup.tenant.connection.state != ConnectionState::Active {
            return;
        }
        let mut rows: BTreeMap<InvoiceId, Invoice> = rows.into_iter().map(|row| (row.id, row)).collect();
        let mut writes = self.note_running(id);
        let mut gone_through = BTreeSet::new();
        for invoice in chosen {
            match rows.remove(&invoice) {
                // It is read again.
                Some(row) if self.is_overtaken(&row) => continue,
                Some(row) if kind == JobKind::Resync => self.resync_one(now, id, row, &mut writes),
                Some(row) => self.acknowledge_one(now, id, row, &mut writes),
                None => {
                    let end = PushEnd::skipped("invoice_not_found", "There is no such invoice.");
                    self.tell_job(id, (None, Some(invoice)), end, &mut writes);
                }
            }
            gone_through.insert(invoice);
        }
        if let Some(state) = self.jobs.0.get_mut(&id) {
            state.job.invoices.retain(|invoice| !gone_through.contains(invoice));
            writes.push(Write::Job(Box::new(state.job.clone())));
        }
        out.push(Effect::Persist(writes));
    }

    /// Queues an invoice as a click on *Sync now* would.
    fn resync_one(&mut self, now: Now, id: OperationId, mut row: Invoice, writes: &mut Vec<Write>) {
        if is_void_and_unsent(&row) {
            let words = "The invoice is void and was never sent: nothing to do.";
            let end = PushEnd::skipped("nothing_to_send", words);
            self.tell_job(id, (Some(&row), None), end, writes);
            return;
        }
        let class = self.jobs.0.get(&id).map_or(Class::Backfill, |state| state.job.class);
        let order = PushOrder {
            class,
            jobs: vec![id],
            ..PushOrder::by_itself(0)
        };
        row.sync.asked = true;
        self.queue_push(now, &mut row, order, writes);
        writes.push(badge::write(&mut row, now));
        writes.push(badge::event(&mut self.ids, &row, now));
    }

    /// Somebody looked at the alerts of an invoice.
    fn acknowledge_one(&mut self, now: Now, id: OperationId, mut row: Invoice, writes: &mut Vec<Write>) {
        let Some(operation) = self.operations.get(&id) else {
            return;
        };
        let word = Acknowledged {
            by: operation.requested_by.clone(),
            at: now.wall,
            note: operation.why.clone(),
        };
        let before = row.sync.clone();
        if !alert::acknowledge(&mut row, &word) {
            let end = PushEnd::skipped("nothing_to_acknowledge", "Nothing of it waits to be acknowledged.");
            self.tell_job(id, (Some(&row), None), end, writes);
            return;
        }
        self.record.said("alerts.acknowledged", &row, &word.note);
        writes.push(badge::write(&mut row, now));
        if row.sync != before {
            writes.push(badge::event(&mut self.ids, &row, now));
        }
        let end = PushEnd {
            how: How::Done,
            code: "acknowledged",
            detail: "Acknowledged".to_owned(),
        };
        self.tell_job(id, (Some(&row), None), end, writes);
    }

    /// What was named and is not there, and why the job was asked for.
    pub(super) fn note_missing(&mut self, id: OperationId, bulk: BulkOrder, writes: &mut Vec<Write>) {
        if let Some(operation) = self.operations.get_mut(&id) {
            operation.why = bulk.why;
            let missing = u32::try_from(bulk.missing.len()).unwrap_or(u32::MAX);
            operation.total = operation.total.saturating_add(missing);
            operation.done = missing;
            let tally = operation.tally.get_or_insert_default();
            tally.skipped = tally.skipped.saturating_add(missing);
        }
        for host_ref in bulk.missing {
            let item = Item {
                host_ref: Some(host_ref),
                is_skipped: true,
                code: "invoice_not_found",
                detail: "There is no such invoice.".to_owned(),
                ..Item::default()
            };
            self.item(id, item, writes);
        }
    }

    /// Tells every operation over many invoices that waits for a push how it ended.
    pub(super) fn tell_jobs(&mut self, intent: &Intent, row: Option<&Invoice>, end: PushEnd, writes: &mut Vec<Write>) {
        for job in &intent.jobs {
            self.tell_job(*job, (row, Some(intent.invoice)), end.clone(), writes);
        }
    }

    fn tell_job(
        &mut self,
        id: OperationId,
        (row, invoice): (Option<&Invoice>, Option<InvoiceId>),
        end: PushEnd,
        writes: &mut Vec<Write>,
    ) {
        // It may have been cancelled meanwhile.
        if !self.jobs.0.contains_key(&id) {
            return;
        }
        let item = Item {
            row,
            invoice,
            xero_id: row.and_then(|row| row.link.as_ref()).map(|link| link.xero_id),
            is_done: end.how == How::Done,
            is_skipped: end.how == How::Skipped,
            code: end.code,
            detail: end.detail,
            ..Item::default()
        };
        self.item(id, item, writes);
        let Some(operation) = self.operations.get_mut(&id) else {
            return;
        };
        count(operation, end.how);
        writes.push(Write::Operation(Box::new(operation.clone())));
    }

    /// A job that ends early: what is queued for it goes on without it, and a retry asks for it again.
    pub(super) fn keep_open(&self, ended: &mut JobState) {
        if ended.open == 0 {
            return;
        }
        let id = ended.job.operation;
        let is_its = |intent: &&Intent| intent.jobs.contains(&id);
        let open = self.works.values().map(|work| &work.intent).filter(is_its);
        ended.job.invoices.extend(open.map(|intent| intent.invoice));
    }
}

fn count(operation: &mut Operation, how: How) {
    let tally = operation.tally.get_or_insert_default();
    let slot = match how {
        How::Done => &mut tally.changed,
        How::Failed => &mut tally.failed,
        How::Skipped => &mut tally.skipped,
    };
    *slot = slot.saturating_add(1);
    tally.checked = tally.changed.saturating_add(tally.failed);
    operation.done = operation.done.saturating_add(1);
}

/// An operation that changed several times in one commit is written as it is in the end.
pub(super) fn keep_last(effects: &mut [Effect]) {
    for effect in effects {
        let Effect::Persist(writes) = effect else { continue };
        let id_of = |write: &Write| match write {
            Write::Operation(operation) => Some(operation.id),
            _ => None,
        };
        let mut left: BTreeMap<OperationId, usize> = BTreeMap::new();
        for id in writes.iter().filter_map(id_of) {
            *left.entry(id).or_default() += 1;
        }
        if left.values().all(|count| *count == 1) {
            continue;
        }
        writes.retain(|write| {
            let Some(count) = id_of(write).and_then(|id| left.get_mut(&id)) else {
                return true;
            };
            *count -= 1;
            *count == 0
        });
    }
}
