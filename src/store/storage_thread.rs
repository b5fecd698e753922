//! What the storage thread does: groups, commits, acknowledges, keeps up, mends.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::error::StoreError;
use super::keys::{batch_bytes, check_batch};
use super::kv::{Batch, Committed, Pace, Receipt, Store, Upkeep, Urgency};
use super::writer::{Ack, Job, Lane, Shared, locked};
use crate::model::mutation::{Rule, is_broken};

/// Commits between two slices of upkeep while more commits wait.
const GROUPS_PER_UPKEEP: u64 = 8;
/// Quiet time between two rounds of upkeep when nothing happens at all.
const LONG: Duration = Duration::from_secs(60);

pub(super) struct Worker {
    store: Arc<dyn Store>,
    shared: Arc<Shared>,
    /// Lanes with a failed batch, by the generation that failed.
    failed: BTreeMap<[u8; 16], u64>,
    broken: bool,
    /// Groups committed, to pace upkeep.
    groups: u64,
}

enum Turn {
    Group(Vec<Job>),
    Quiet,
    Stop,
}

impl Worker {
    pub(super) fn new(store: Arc<dyn Store>, shared: Arc<Shared>) -> Self {
        Self {
            store,
            shared,
            failed: BTreeMap::new(),
            broken: false,
            groups: 0,
        }
    }

    pub(super) fn run(mut self) {
        let mut patience = self.shared.options.idle_after;
        let mut last_reopen = None;
        loop {
            let turn = self.next_turn(if self.broken {
                self.shared.options.reopen_every
            } else {
                patience
            });
            match turn {
                Turn::Group(jobs) => {
                    self.commit(jobs);
                    patience = self.after_group();
                }
                Turn::Quiet => patience = self.maintain(Pace::Idle, LONG),
                Turn::Stop => break,
            }
            if self.broken
                && last_reopen.is_none_or(|then| now().duration_since(then) >= self.shared.options.reopen_every)
            {
                last_reopen = Some(now());
                self.reopen();
                patience = self.shared.options.idle_after;
            }
        }
        self.maintain(Pace::Idle, LONG);
        locked(&self.shared.queue).ended = true;
    }

    /// Waits for batches; a quiet turn comes when nothing arrives for as long as `patience`.
    fn next_turn(&self, patience: Duration) -> Turn {
        let options = &self.shared.options;
        let mut queue = locked(&self.shared.queue);
        while queue.waiting.is_empty() {
            if queue.stopping {
                return Turn::Stop;
            }
            if std::mem::take(&mut queue.nudged) {
                return Turn::Quiet;
            }
            let (guard, waited) = self
                .shared
                .arrived
                .wait_timeout(queue, patience)
                .unwrap_or_else(PoisonError::into_inner);
            queue = guard;
            if waited.timed_out() && queue.waiting.is_empty() && !queue.stopping {
                return Turn::Quiet;
            }
        }
        let (mut jobs, mut bytes) = (Vec::new(), 0_usize);
        while jobs.len() < options.group_batches
            && bytes < options.group_bytes
            && let Some(job) = queue.waiting.pop_front()
        {
            bytes = bytes.saturating_add(batch_bytes(&job.batch));
            jobs.push(job);
        }
        queue.bytes = queue.bytes.saturating_sub(bytes);
        Turn::Group(jobs)
    }

    fn commit(&mut self, jobs: Vec<Job>) {
        let mut good = Vec::with_capacity(jobs.len());
        for job in jobs {
            match check_batch(&job.batch) {
                _ if self.lane_failed(job.lane) => self.refuse(job, StoreError::EarlierFailed),
                Err(error) => self.refuse(job, error),
                Ok(()) => good.push(job),
            }
        }
        self.commit_together(good);
    }

    fn commit_together(&mut self, jobs: Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        let (batches, jobs): (Vec<Batch>, Vec<(Lane, Ack)>) =
            jobs.into_iter().map(|job| (job.batch, (job.lane, job.ack))).unzip();
        match self.try_commit(&batches) {
            Ok(committed) => self.acknowledge(&committed, jobs),
            Err(error) => {
                let again = batches
                    .into_iter()
                    .zip(jobs)
                    .map(|(batch, (lane, ack))| Job { lane, batch, ack })
                    .collect();
                self.after_failure(again, &error);
            }
        }
    }

    /// A failure that belongs to some batches must not take the others with it.
    fn after_failure(&mut self, jobs: Vec<Job>, error: &StoreError) {
        let alone = jobs.len() == 1;
        match error {
            StoreError::DiskReserve { .. } => {
                let mut results = Vec::new();
                for job in jobs {
                    match job.batch.urgency {
                        Urgency::NewWork => self.refuse(job, error.clone()),
                        Urgency::Result if self.lane_failed(job.lane) => self.refuse(job, StoreError::EarlierFailed),
                        Urgency::Result => results.push(job),
                    }
                }
                self.commit_together(results);
            }
            error if error.is_about_one_batch() && !alone => {
                for job in jobs {
                    if self.lane_failed(job.lane) {
                        self.refuse(job, StoreError::EarlierFailed);
                    } else {
                        self.commit_together(vec![job]);
                    }
                }
            }
            error => {
                self.broken |= error.needs_reopen();
                for job in jobs {
                    self.refuse(job, error.clone());
                }
            }
        }
    }

    fn try_commit(&self, batches: &[Batch]) -> Result<Committed, StoreError> {
        catch_unwind(AssertUnwindSafe(|| self.store.commit(batches)))
            .unwrap_or_else(|_| Err(StoreError::state("a commit panicked")))
    }

    fn acknowledge(&self, committed: &Committed, jobs: Vec<(Lane, Ack)>) {
        let Committed { seq, last_event, .. } = *committed;
        self.shared.feed_end.store(last_event, Ordering::Release);
        self.shared
            .feed
            .send_if_modified(|end| std::mem::replace(end, last_event) != last_event);
        for ((_, ack), events) in jobs.into_iter().zip(&committed.events) {
            tell(
                ack,
                Ok(Receipt {
                    seq,
                    last_event,
                    events: *events,
                }),
            );
        }
    }

    fn refuse(&mut self, job: Job, error: StoreError) {
        let failed = self.failed.entry(job.lane.id).or_insert(job.lane.generation);
        *failed = (*failed).max(job.lane.generation);
        tell(job.ack, Err(error));
    }

    fn lane_failed(&mut self, lane: Lane) -> bool {
        if is_broken(Rule::LaneEnds) {
            return false;
        }
        match self.failed.get(&lane.id) {
            Some(failed) if lane.generation <= *failed => true,
            Some(_) => {
                self.failed.remove(&lane.id);
                false
            }
            None => false,
        }
    }

    /// While commits wait, upkeep comes only now and then, so that a burst is taken at the
    /// journal's speed and a snapshot goes on all the same.
    fn after_group(&mut self) -> Duration {
        self.groups = self.groups.wrapping_add(1);
        let pressed = !locked(&self.shared.queue).waiting.is_empty();
        if pressed && !self.groups.is_multiple_of(GROUPS_PER_UPKEEP) {
            return Duration::ZERO;
        }
        self.maintain(Pace::Busy, self.shared.options.idle_after)
    }

    /// Does upkeep and answers how long to wait for batches before the next: not at all while a
    /// snapshot is being written, else `rest`.
    fn maintain(&mut self, pace: Pace, rest: Duration) -> Duration {
        let outcome = catch_unwind(AssertUnwindSafe(|| self.store.maintain(pace)));
        match outcome.unwrap_or_else(|_| Err(StoreError::state("upkeep panicked"))) {
            Ok(Upkeep::More) => Duration::ZERO,
            Ok(Upkeep::Done) => rest,
            Err(error) => {
                tracing::error!(%error, "upkeep of the store failed");
                self.broken |= error.needs_reopen();
                rest
            }
        }
    }

    fn reopen(&mut self) {
        match self.store.reopen() {
            Ok(report) => {
                tracing::info!(state = ?report.state, last_seq = report.last_seq, "the store was reopened");
                // A store that had to open read-only says so to every commit.
                self.broken = false;
                let end = self.store.stats().last_event;
                self.shared.feed_end.store(end, Ordering::Release);
                self.shared
                    .feed
                    .send_if_modified(|known| std::mem::replace(known, end) != end);
            }
            Err(error) => tracing::error!(%error, "reopening the store failed; trying again later"),
        }
    }
}

/// A panicking caller must not take the storage thread with it.
fn tell(ack: Ack, outcome: Result<Receipt, StoreError>) {
    if catch_unwind(AssertUnwindSafe(|| ack(outcome))).is_err() {
        tracing::error!("a receiver of a commit's outcome panicked");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "paces tries to reopen a real disk; decides nothing that is stored"
)]
fn now() -> Instant {
    Instant::now()
}
