//! A job and what it does next.

use std::collections::{BTreeMap, BTreeSet};

use super::machine::Purpose;
use crate::engine::effect::{LoadId, RowsWanted};
use crate::model::ids::{OperationId, XeroInvoiceId};
use crate::model::limits::LOOKUP_MAX;
use crate::model::row::{Job, JobKind, JobStep, LinkTo, StreamKind, Tally};
use crate::model::time::{Mono, Now, Timestamp};
use crate::model::xero::Request;

/// A job and how far its present step is.
#[derive(Debug, Clone)]
pub(super) struct JobState {
    pub job: Job,
    pub is_asked: bool,
    pub due: Mono,
    pub failures: u32,
    /// The linked invoices that are being read from the store.
    pub loading: Option<LoadId>,
    /// What the page under way brought so far.
    pub page: Tally,
    /// Numbers are looked for one by one.
    pub looks_alone: bool,
    /// Open pushes whose end it waits for.
    pub open: usize,
    /// Linked documents that were looked at. Lost with the process: a comparison begins again then.
    pub seen: BTreeSet<XeroInvoiceId>,
}

/// Every open job.
#[derive(Debug, Clone, Default)]
pub(super) struct Jobs(pub BTreeMap<OperationId, JobState>);

/// What is done next.
pub(super) enum Next {
    Ask(Purpose, Request, RowsWanted),
    Load(Option<XeroInvoiceId>),
    Finish,
}

impl Jobs {
    pub(super) fn restore(now: Now, jobs: Vec<Job>) -> Self {
        let states = jobs.into_iter().map(|mut job| {
            job.begin_comparison_again();
            (job.operation, JobState::new(now, job))
        });
        Self(states.collect())
    }

    /// One more push is open that a job waits for; a job that has ended waits for none.
    pub(super) fn waits_for(&mut self, job: OperationId) {
        if let Some(state) = self.0.get_mut(&job) {
            state.open = state.open.saturating_add(1);
        }
    }

    /// One of them has ended.
    pub(super) fn waits_no_more(&mut self, job: OperationId) {
        if let Some(state) = self.0.get_mut(&job) {
            state.open = state.open.saturating_sub(1);
        }
    }
}

impl Job {
    /// What a comparison had looked at is known in memory only: it begins anew.
    pub(super) fn begin_comparison_again(&mut self) {
        if self.kind == JobKind::Drift {
            self.ids = Vec::new();
            self.step = JobStep::whole_summary();
        }
    }
}

impl JobStep {
    /// Everything, without lines.
    pub(super) const fn whole_summary() -> Self {
        Self::pages(Timestamp(0), true)
    }

    /// What changed since a moment.
    pub(super) const fn pages(since: Timestamp, summary: bool) -> Self {
        Self::Pages {
            since,
            began_at: None,
            page: 1,
            summary,
            seen: None,
        }
    }
}

impl JobState {
    pub(super) fn new(now: Now, job: Job) -> Self {
        Self {
            job,
            is_asked: false,
            due: now.mono,
            failures: 0,
            loading: None,
            page: Tally::default(),
            looks_alone: false,
            open: 0,
            seen: BTreeSet::new(),
        }
    }

    /// Calls that are still to be made, as far as is known.
    pub(super) fn calls_left(&self) -> u32 {
        let job = &self.job;
        let chunks = |count: usize| u32::try_from(count.div_ceil(LOOKUP_MAX)).unwrap_or(u32::MAX);
        let step = match job.step {
            JobStep::Pages { page, .. } => page,
            JobStep::Walk { .. } => chunks(usize::try_from(job.linked.unwrap_or(0)).unwrap_or(usize::MAX)),
            JobStep::End => 0,
        };
        step.saturating_add(chunks(job.ids.len()))
            .saturating_add(chunks(job.links.len()))
    }

    /// Steps that are still to be done, as far as is known.
    pub(super) fn steps_left(&self) -> u32 {
        if self.job.kind.is_bulk() {
            u32::try_from(self.job.invoices.len()).unwrap_or(u32::MAX)
        } else {
            self.calls_left()
        }
    }

    pub(super) fn next(&self) -> Next {
        let job = &self.job;
        if !job.ids.is_empty() {
            let ids: Vec<XeroInvoiceId> = job.ids.iter().copied().take(LOOKUP_MAX).collect();
            let purpose = Purpose::JobIds(job.operation, ids.clone());
            return Next::Ask(purpose, Request::InvoicesById(ids.clone()), RowsWanted::LinkedTo(ids));
        }
        if let Some(first) = job.links.first() {
            return self.next_links(&first.document);
        }
        match job.step {
            JobStep::Pages {
                since, page, summary, ..
            } => {
                let request = if summary {
                    Request::Summaries { since, page }
                } else {
                    Request::Changes {
                        stream: StreamKind::Invoices,
                        since,
                        page,
                    }
                };
                Next::Ask(Purpose::JobPage(job.operation), request, RowsWanted::Linked)
            }
            JobStep::Walk { after, .. } => Next::Load(after),
            JobStep::End => Next::Finish,
        }
    }

    /// Documents named in one way are asked for together; by number fewer of them, and one by one
    /// once a number was not alone.
    fn next_links(&self, first: &LinkTo) -> Next {
        let job = &self.job;
        let is_alike = |other: &LinkTo| {
            matches!(
                (first, other),
                (LinkTo::Id(_), LinkTo::Id(_)) | (LinkTo::Number(_), LinkTo::Number(_))
            )
        };
        let most = match first {
            LinkTo::Id(_) => LOOKUP_MAX,
            LinkTo::Number(_) if !self.looks_alone => LOOKUP_MAX / 2,
            LinkTo::Number(_) => 1,
        };
        let orders = job
            .links
            .iter()
            .take(most)
            .take_while(|order| is_alike(&order.document));
        let (mut ids, mut numbers, mut refs) = (Vec::new(), Vec::new(), Vec::new());
        for order in orders {
            refs.push(order.host_ref.clone());
            match &order.document {
                LinkTo::Id(id) => ids.push(*id),
                LinkTo::Number(number) => numbers.push(number.clone()),
            }
        }
        let purpose = Purpose::JobLinks(job.operation, refs.len());
        let request = if numbers.is_empty() {
            Request::InvoicesById(ids)
        } else {
            Request::InvoicesByNumber(numbers)
        };
        Next::Ask(purpose, request, RowsWanted::RefsAndLinked(refs))
    }
}
