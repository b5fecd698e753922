//! The storage thread: takes batches in order and commits what is waiting together.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::error::StoreError;
use super::keys::{batch_bytes, check_batch};
use super::kv::{Batch, Committed, Pace, Receipt, Store, Upkeep, Urgency};

/// Told the outcome of one batch, on the storage thread: it must be quick and not block.
pub type Ack = Box<dyn FnOnce(Result<Receipt, StoreError>) + Send>;

/// A sequence of batches of which each builds on the one before.
///
/// When a batch of a lane fails, the batches behind it in the same lane and generation are
/// refused with [`StoreError::EarlierFailed`]: they were made from a state that never came to be.
/// Who has rebuilt its state from the store goes on with the next generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lane {
    /// Whose lane it is: a tenant, or any other fixed bytes.
    pub id: [u8; 16],
    /// Raised by its owner after a failure.
    pub generation: u64,
}

/// Sizes of the storage thread.
#[derive(Debug, Clone, Copy)]
pub struct WriterOptions {
    /// Batches that may wait; results may wait up to twice as many.
    pub queue_batches: usize,
    /// Most batches of one commit.
    pub group_batches: usize,
    /// Bytes of batches after which a commit takes no more.
    pub group_bytes: usize,
    /// Quiet time after the last commit before everything is moved into the indexed state.
    pub idle_after: Duration,
    /// Pause between two tries to reopen a broken store.
    pub reopen_every: Duration,
}

impl Default for WriterOptions {
    /// 1,000 batches or 4 MiB a commit measured near the best rate on a two-core machine.
    fn default() -> Self {
        Self {
            queue_batches: 10_000,
            group_batches: 1_000,
            group_bytes: 4 << 20,
            idle_after: Duration::from_millis(200),
            reopen_every: Duration::from_secs(2),
        }
    }
}

/// Quiet time between two rounds of upkeep when nothing happens at all.
const LONG: Duration = Duration::from_secs(60);

/// The handle of the storage thread. Clones share it; the thread runs until [`Writer::stop`].
#[derive(Clone)]
pub struct Writer {
    shared: Arc<Shared>,
}

struct Shared {
    store: Arc<dyn Store>,
    options: WriterOptions,
    queue: Mutex<Queue>,
    arrived: Condvar,
    feed_end: AtomicU64,
    feed: watch::Sender<u64>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Job>,
    nudged: bool,
    stopping: bool,
    ended: bool,
}

struct Job {
    lane: Lane,
    batch: Batch,
    ack: Ack,
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the system has no thread left.
    pub fn start(store: Arc<dyn Store>, options: WriterOptions) -> Result<Self, StoreError> {
        let end = store.stats().last_event;
        let shared = Arc::new(Shared {
            store: Arc::clone(&store),
            options,
            queue: Mutex::new(Queue::default()),
            arrived: Condvar::new(),
            feed_end: AtomicU64::new(end),
            feed: watch::Sender::new(end),
            thread: Mutex::new(None),
        });
        let worker = Worker {
            store,
            shared: Arc::clone(&shared),
            failed: BTreeMap::new(),
            broken: false,
        };
        let thread = std::thread::Builder::new()
            .name("storage".to_owned())
            .spawn(move || worker.run())
            .map_err(|error| {
                StoreError::io("start", std::path::Path::new("the storage thread"), error)
            })?;
        *locked(&shared.thread) = Some(thread);
        Ok(Self { shared })
    }

    /// Queues a batch; batches are committed in the order of these calls. `ack` is called once
    /// when, and only when, the answer is `Ok`.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when too many wait, [`StoreError::Closed`] after [`Writer::stop`].
    pub fn submit(
        &self,
        lane: Lane,
        batch: Batch,
        ack: impl FnOnce(Result<Receipt, StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        let mut queue = locked(&self.shared.queue);
        if queue.stopping || queue.ended {
            return Err(StoreError::Closed);
        }
        let limit = match batch.urgency {
            Urgency::NewWork => self.shared.options.queue_batches,
            Urgency::Result => self.shared.options.queue_batches.saturating_mul(2),
        };
        let waiting = queue.waiting.len();
        if waiting >= limit {
            return Err(StoreError::Busy { waiting });
        }
        queue.waiting.push_back(Job {
            lane,
            batch,
            ack: Box::new(ack),
        });
        self.shared.arrived.notify_one();
        Ok(())
    }

    /// Newest event that is durable; readers of the feed stop there.
    #[must_use]
    pub fn feed_end(&self) -> u64 {
        self.shared.feed_end.load(Ordering::Acquire)
    }

    /// The same, with a wake-up whenever it grows.
    #[must_use]
    pub fn watch_feed(&self) -> watch::Receiver<u64> {
        self.shared.feed.subscribe()
    }

    /// Batches waiting.
    #[must_use]
    pub fn waiting(&self) -> usize {
        locked(&self.shared.queue).waiting.len()
    }

    /// Asks for a snapshot now.
    ///
    /// # Errors
    /// As [`Store::request_snapshot`].
    pub fn request_snapshot(&self) -> Result<(), StoreError> {
        self.shared.store.request_snapshot()?;
        locked(&self.shared.queue).nudged = true;
        self.shared.arrived.notify_all();
        Ok(())
    }

    /// Commits what is waiting, refuses anything further, and ends the thread. The store stays open.
    pub fn stop(&self) {
        locked(&self.shared.queue).stopping = true;
        self.shared.arrived.notify_all();
        let thread = locked(&self.shared.thread).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the storage thread panicked");
        }
    }
}

struct Worker {
    store: Arc<dyn Store>,
    shared: Arc<Shared>,
    /// Lanes with a failed batch, by the generation that failed.
    failed: BTreeMap<[u8; 16], u64>,
    broken: bool,
}

enum Turn {
    Group(Vec<Job>),
    Quiet,
    Stop,
}

impl Worker {
    fn run(mut self) {
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
                    patience = self.maintain(Pace::Busy, self.shared.options.idle_after);
                }
                Turn::Quiet => patience = self.maintain(Pace::Idle, LONG),
                Turn::Stop => break,
            }
            if self.broken
                && last_reopen.is_none_or(|then| {
                    now().duration_since(then) >= self.shared.options.reopen_every
                })
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
        let (batches, jobs): (Vec<Batch>, Vec<(Lane, Ack)>) = jobs
            .into_iter()
            .map(|job| (job.batch, (job.lane, job.ack)))
            .unzip();
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
                        Urgency::Result if self.lane_failed(job.lane) => {
                            self.refuse(job, StoreError::EarlierFailed)
                        }
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
        let Committed {
            seq, last_event, ..
        } = *committed;
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
        let failed = self
            .failed
            .entry(job.lane.id)
            .or_insert(job.lane.generation);
        *failed = (*failed).max(job.lane.generation);
        tell(job.ack, Err(error));
    }

    fn lane_failed(&mut self, lane: Lane) -> bool {
        match self.failed.get(&lane.id) {
            Some(failed) if lane.generation <= *failed => true,
            Some(_) => {
                self.failed.remove(&lane.id);
                false
            }
            None => false,
        }
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
                self.broken = report.damage.is_some();
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

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
