//! Jobs that are asked for: refreshes, comparisons, links, and checks out of their turn.

use super::bulk::{bulk_class, bulk_kind};
use super::job_steps::JobState;
use super::machine::TenantMachine;
use crate::engine::connection::access;
use crate::engine::effect::{AskId, Effect, Reply};
use crate::engine::event::{JobOrder, JobPlan};
use crate::model::ids::{InvoiceId, OperationId};
use crate::model::limits::{LOOKBACK_MAX_MS, SELECTION_MAX};
use crate::model::row::{Class, Job, JobKind, JobStep, Operation, OperationState, Tally};
use crate::model::time::{Now, Timestamp};
use crate::model::write::Write;

/// Most open jobs of a tenant.
const JOBS_MAX: usize = 100;
/// What a window by our clock looks back further: Xero's lists may lag so much, and our clock may
/// be ahead of Xero's.
const WINDOW_MARGIN_MS: i64 = 240_000;

impl TenantMachine {
    pub(super) fn begin(&mut self, now: Now, ask: AskId, order: JobOrder, requested_by: String, out: &mut Vec<Effect>) {
        let connection = &self.setup.tenant.connection;
        let access = access(connection);
        let may_begin = match bulk_kind(&order.plan) {
            Some(JobKind::Acknowledge) => true,
            Some(_resync) => access.queues,
            None => access.reads,
        };
        if !may_begin {
            out.push(Effect::Reply(ask, Reply::NotConnected(connection.state)));
            return;
        }
        let job = self.job_of(now, &order);
        if let Some(open) = self.same_job(&job, order.invoice) {
            out.push(Effect::Reply(ask, Reply::Operation(Box::new(open))));
            return;
        }
        if self.jobs.0.len() >= JOBS_MAX {
            out.push(Effect::Reply(ask, Reply::TooManyJobs));
            return;
        }
        let retry_of = match order.plan {
            JobPlan::Again { of, .. } => Some(of),
            _ => None,
        };
        let mut operation = self.open_job(now, job, (order.invoice, order.skipped, retry_of), requested_by);
        let mut writes = Vec::new();
        if let JobPlan::Bulk(bulk) = order.plan {
            self.note_missing(operation.id, bulk, &mut writes);
            operation = self.operations.get(&operation.id).cloned().unwrap_or(operation);
        }
        writes.extend(self.job_rows(&operation));
        out.push(Effect::Persist(writes));
        out.push(Effect::Reply(ask, Reply::Operation(Box::new(operation))));
    }

    /// The rows of a job that was just opened.
    pub(super) fn job_rows(&self, operation: &Operation) -> Vec<Write> {
        let job = self.jobs.0.get(&operation.id).map(|state| state.job.clone());
        let job = job.map(|job| Write::Job(Box::new(job)));
        std::iter::once(Write::Operation(Box::new(operation.clone())))
            .chain(job)
            .collect()
    }

    /// Opens a job and its operation; both must become durable.
    pub(super) fn open_job(
        &mut self,
        now: Now,
        job: Job,
        (invoice, skipped, retry_of): (Option<InvoiceId>, u32, Option<OperationId>),
        requested_by: String,
    ) -> Operation {
        let state = JobState::new(now, job);
        let operation = Operation {
            id: state.job.operation,
            tenant: state.job.tenant,
            kind: state.job.kind.label().to_owned(),
            invoice,
            state: OperationState::Queued,
            done: 0,
            total: state.steps_left(),
            message: "Queued".to_owned(),
            reason: None,
            requested_by,
            created_at: now.wall,
            finished_at: None,
            tally: Some(Tally {
                skipped,
                ..Tally::default()
            }),
            rest: None,
            retry_of,
            why: String::new(),
        };
        self.operations.insert(operation.id, operation.clone());
        self.jobs.0.insert(operation.id, state);
        operation
    }

    pub(super) fn job_of(&mut self, now: Now, order: &JobOrder) -> Job {
        let (at, random) = self.ids.parts(now.wall);
        let operation = OperationId::from_parts(at, random);
        if let JobPlan::Again { job, .. } = &order.plan {
            return again(job, operation);
        }
        let since = |at: Timestamp| JobStep::pages(at.plus_ms(-WINDOW_MARGIN_MS), false);
        let (kind, class, what, step) = match &order.plan {
            JobPlan::SinceWatermark => {
                let from = self.changes_from();
                let is_old = now.wall.since_ms(from) > LOOKBACK_MAX_MS;
                let step = JobStep::pages(if is_old { Timestamp(0) } else { from }, false);
                (JobKind::Refresh, Class::User, "last_watermark".to_owned(), step)
            }
            JobPlan::Since { at, window } => (JobKind::Refresh, Class::User, window.clone(), since(*at)),
            JobPlan::AllLinked => {
                let step = JobStep::pages(Timestamp(0), false);
                (JobKind::Refresh, Class::Backfill, "all_linked".to_owned(), step)
            }
            JobPlan::These(ids) => {
                // More than a person picks one by one must not hold up other people's clicks.
                let is_picked = ids.len() <= SELECTION_MAX;
                let class = if is_picked { Class::User } else { Class::Backfill };
                (JobKind::Refresh, class, "selection".to_owned(), JobStep::End)
            }
            JobPlan::Reconcile => {
                let night = self.setup.policy.pull.night.unwrap_or_default();
                let step = JobStep::pages(now.wall.plus_ms(-night.look_back_ms), true);
                (JobKind::Reconcile, Class::Reconcile, "reconcile".to_owned(), step)
            }
            JobPlan::Drift => (
                JobKind::Drift,
                Class::Reconcile,
                "drift".to_owned(),
                JobStep::whole_summary(),
            ),
            JobPlan::Bulk(bulk) => {
                let class = bulk_class(bulk.invoices.len());
                (bulk.kind, class, "selection".to_owned(), JobStep::End)
            }
            JobPlan::Links(_) | JobPlan::Again { .. } => (JobKind::Link, Class::User, "links".to_owned(), JobStep::End),
        };
        Job {
            tenant: self.setup.tenant.id,
            operation,
            kind,
            class,
            what,
            step,
            ids: match &order.plan {
                JobPlan::These(ids) => ids.clone(),
                _ => Vec::new(),
            },
            linked: order.linked,
            links: match &order.plan {
                JobPlan::Links(links) => links.clone(),
                _ => Vec::new(),
            },
            invoices: match &order.plan {
                JobPlan::Bulk(bulk) => bulk.invoices.clone(),
                _ => Vec::new(),
            },
            is_cancelled: false,
        }
    }

    /// A job that asks for the same and has not begun: what happens in Xero until it does is part
    /// of it.
    fn same_job(&self, job: &Job, invoice: Option<InvoiceId>) -> Option<Operation> {
        let mut open = self.jobs.0.values().filter(|state| {
            let other = &state.job;
            !state.is_asked
                && (other.kind, &other.what) == (job.kind, &job.what)
                && (&other.ids, &other.links, &other.invoices) == (&job.ids, &job.links, &job.invoices)
        });
        let operation = |state: &JobState| self.operations.get(&state.job.operation);
        open.find_map(|state| {
            operation(state).filter(|open| open.state == OperationState::Queued && open.invoice == invoice)
        })
        .cloned()
    }
}

/// What was left of a job, as another operation.
fn again(job: &Job, operation: OperationId) -> Job {
    let mut job = Job {
        operation,
        is_cancelled: false,
        ..job.clone()
    };
    if job.kind.is_bulk() {
        job.class = bulk_class(job.invoices.len());
    }
    job.begin_comparison_again();
    job
}
