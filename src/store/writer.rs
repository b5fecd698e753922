//! The storage thread: takes batches in order and commits what is waiting together.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

use super::error::StoreError;
use super::keys::batch_bytes;
use super::kv::{Batch, Receipt, Store, Urgency};
use super::storage_thread::Worker;

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
    /// Bytes of batches that may wait; results may wait up to twice as much.
    pub queue_bytes: usize,
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
            queue_bytes: 64 << 20,
            group_batches: 1_000,
            group_bytes: 4 << 20,
            idle_after: Duration::from_millis(200),
            reopen_every: Duration::from_secs(2),
        }
    }
}

/// The handle of the storage thread. Clones share it; the thread runs until [`Writer::stop`].
#[derive(Clone)]
pub struct Writer {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub store: Arc<dyn Store>,
    pub options: WriterOptions,
    pub queue: Mutex<Queue>,
    pub arrived: Condvar,
    pub feed_end: AtomicU64,
    pub feed: watch::Sender<u64>,
    pub thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
pub(super) struct Queue {
    pub waiting: VecDeque<Job>,
    /// Bytes of the batches waiting.
    pub bytes: usize,
    pub nudged: bool,
    pub stopping: bool,
    pub ended: bool,
}

pub(super) struct Job {
    pub lane: Lane,
    pub batch: Batch,
    pub ack: Ack,
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
        let worker = Worker::new(store, Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name("storage".to_owned())
            .spawn(move || worker.run())
            .map_err(|error| StoreError::io("start", std::path::Path::new("the storage thread"), error))?;
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
        let share = match batch.urgency {
            Urgency::NewWork => 1,
            Urgency::Result => 2,
        };
        let options = &self.shared.options;
        let waiting = queue.waiting.len();
        if waiting >= options.queue_batches.saturating_mul(share)
            || queue.bytes >= options.queue_bytes.saturating_mul(share)
        {
            return Err(StoreError::Busy { waiting });
        }
        queue.bytes = queue.bytes.saturating_add(batch_bytes(&batch));
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

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
