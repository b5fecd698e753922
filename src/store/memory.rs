//! The store's twin in memory: the same rules, no disk, and faults on demand.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::changes::Changes;
use super::error::StoreError;
use super::import::{Import, import_rows};
use super::keys::{EPOCH, SCHEMA};
use super::kv::{Batch, Committed, Derive, Pace, Rows, Scan, Stats, Store, Upkeep, Urgency};
use super::marker::Stop;
use super::overlay::{Layers, merge};
use super::plan::plan;
use super::report::{OpenReport, StateReport};
use super::snapshot::ExportWriter;

/// Rows per record of an export.
const SLICE_ROWS: usize = 256;

/// A store in memory. Clones share their rows.
#[derive(Clone)]
pub struct MemStore {
    inner: Arc<Inner>,
}

struct Inner {
    derive: Arc<dyn Derive>,
    schema: u32,
    state: Mutex<State>,
    released: Condvar,
}

struct State {
    rows: Layers,
    seq: u64,
    last_event: u64,
    /// Commits tried so far.
    commits: u64,
    faults: BTreeMap<u64, (Fault, Repeat)>,
    broken: Option<String>,
    closed: bool,
    hanging: bool,
}

/// What goes wrong at a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The disk is full; nothing is written, and a reopen is needed.
    Full,
    /// New work is refused for the free-space reserve; results pass.
    Reserve,
    /// The disk fails; nothing is written, and a reopen is needed.
    LostBefore,
    /// The commit is written but nobody is told; a reopen is needed and then shows it.
    LostAfter,
    /// The commit waits until [`MemStore::release`].
    Hang,
}

/// How often a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// At one commit.
    Once,
    /// At that commit and all after it, until [`MemStore::heal`].
    Forever,
}

impl MemStore {
    /// An empty store with this identity and schema.
    #[must_use]
    pub fn new(derive: Arc<dyn Derive>, fresh_id: [u8; 16], schema: u32) -> Self {
        let recent = Changes::from([
            (EPOCH.to_vec(), Some(fresh_id.to_vec())),
            (SCHEMA.to_vec(), Some(schema.to_be_bytes().to_vec())),
        ]);
        let rows = Layers {
            recent,
            ..Layers::default()
        };
        let (faults, broken) = (BTreeMap::new(), None);
        let state = State {
            rows,
            seq: 1,
            last_event: 0,
            commits: 0,
            faults,
            broken,
            closed: false,
            hanging: false,
        };
        let inner = Inner {
            derive,
            schema,
            state: Mutex::new(state),
            released: Condvar::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Lets the `ahead`-th commit from now fail (1 = the next one).
    pub fn inject(&self, ahead: u64, repeat: Repeat, fault: Fault) {
        let mut state = self.state();
        let at = state.commits.saturating_add(ahead);
        state.faults.insert(at, (fault, repeat));
    }

    /// Takes all faults back.
    pub fn heal(&self) {
        self.state().faults.clear();
        self.release();
    }

    /// Lets a hanging commit go on.
    pub fn release(&self) {
        self.state().hanging = false;
        self.inner.released.notify_all();
    }

    /// Whether a commit hangs at the moment.
    #[must_use]
    pub fn is_hanging(&self) -> bool {
        self.state().hanging
    }

    /// Commits tried so far, failed ones included.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.state().commits
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn commit_changes(&self, changes: Changes) -> Result<(), StoreError> {
        let mut state = self.state();
        state.usable()?;
        state.write(changes);
        Ok(())
    }

    fn strike(&self, batches: &[Batch]) -> Result<Option<Fault>, StoreError> {
        let mut state = self.state();
        state.usable()?;
        state.commits = state.commits.saturating_add(1);
        let Some(fault) = state.due() else {
            return Ok(None);
        };
        let path = Path::new("memory");
        match fault {
            Fault::Full => Err(state.break_with(StoreError::Full {
                path: path.to_path_buf(),
            })),
            Fault::LostBefore => Err(state.break_with(lost())),
            Fault::Reserve if batches.iter().any(|batch| batch.urgency == Urgency::NewWork) => {
                Err(StoreError::DiskReserve {
                    free_bytes: 0,
                    reserve_bytes: 1,
                })
            }
            Fault::Hang => {
                state.hanging = true;
                while state.hanging {
                    state = self.inner.released.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                Ok(None)
            }
            Fault::Reserve | Fault::LostAfter => Ok(Some(fault)),
        }
    }
}

impl Store for MemStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let state = self.state();
        state.open()?;
        Ok(state.rows.get(key).cloned().flatten())
    }

    fn scan(&self, scan: &Scan) -> Result<Rows, StoreError> {
        let state = self.state();
        state.open()?;
        merge(std::iter::empty(), &state.rows, scan)
    }

    fn commit(&self, batches: &[Batch]) -> Result<Committed, StoreError> {
        let fault = self.strike(batches)?;
        let mut state = self.state();
        state.usable()?;
        let planned = plan(
            &|key| Ok(state.rows.get(key).cloned().flatten()),
            &*self.inner.derive,
            state.last_event,
            batches,
        )?;
        if !planned.changes.is_empty() {
            state.write(planned.changes);
        }
        state.last_event = planned.last_event;
        if fault == Some(Fault::LostAfter) {
            return Err(state.break_with(lost()));
        }
        Ok(Committed {
            seq: state.seq,
            last_event: state.last_event,
            events: planned.events,
        })
    }

    fn maintain(&self, _pace: Pace) -> Result<Upkeep, StoreError> {
        Ok(Upkeep::Done)
    }

    fn request_snapshot(&self) -> Result<(), StoreError> {
        self.state().usable()
    }

    fn reopen(&self) -> Result<OpenReport, StoreError> {
        let mut state = self.state();
        state.open()?;
        state.broken = None;
        Ok(OpenReport {
            stop: Stop::SameBoot,
            state: StateReport::Trusted,
            cut: None,
            last_seq: state.seq,
            named_seq: state.seq,
            damage: None,
            quarantined: None,
            concerns: Vec::new(),
        })
    }

    fn epoch(&self) -> [u8; 16] {
        self.state().number(&EPOCH).unwrap_or_default()
    }

    fn raise_schema(&self, schema: u32) -> Result<(), StoreError> {
        self.commit_changes(Changes::from([(SCHEMA.to_vec(), Some(schema.to_be_bytes().to_vec()))]))
    }

    fn stats(&self) -> Stats {
        let state = self.state();
        Stats {
            last_seq: state.seq,
            last_event: state.last_event,
            schema: state.number(&SCHEMA).map_or(0, u32::from_be_bytes),
            refusing: state.usable().err().map(|error| error.to_string()),
            free_bytes: u64::MAX,
            ballast: true,
            ..Stats::default()
        }
    }

    fn export(&self, out: &mut dyn Write) -> Result<u64, StoreError> {
        let state = self.state();
        state.open()?;
        let failed = |error| StoreError::io("write", Path::new("the export"), error);
        let lineage = state.number(&EPOCH).unwrap_or_default();
        let mut export = ExportWriter::begin(out, lineage, state.seq).map_err(failed)?;
        let mut scan = Scan::forward(Vec::new(), SLICE_ROWS);
        loop {
            let rows = merge(std::iter::empty(), &state.rows, &scan)?;
            let Some((last, _)) = rows.last() else { break };
            scan.after = Some(last.clone());
            export.rows(rows).map_err(failed)?;
        }
        export.end().map_err(failed)?;
        Ok(state.seq)
    }

    fn import(&self, from: &mut dyn Read, new_epoch: [u8; 16]) -> Result<(), StoreError> {
        let commit = |changes| self.commit_changes(changes);
        let derive = &*self.inner.derive;
        let import = Import {
            store: self,
            commit: &commit,
            derive,
            schema: self.inner.schema,
        };
        let facts = import_rows(&import, from, new_epoch)?;
        self.state().last_event = facts.last_event;
        Ok(())
    }

    fn close(&self) -> Result<(), StoreError> {
        self.state().closed = true;
        Ok(())
    }
}

impl State {
    fn open(&self) -> Result<(), StoreError> {
        if self.closed { Err(StoreError::Closed) } else { Ok(()) }
    }

    fn usable(&self) -> Result<(), StoreError> {
        self.open()?;
        match &self.broken {
            Some(because) => Err(StoreError::NeedsReopen {
                because: because.clone(),
            }),
            None => Ok(()),
        }
    }

    fn due(&mut self) -> Option<Fault> {
        let (at, (fault, repeat)) = self
            .faults
            .range(..=self.commits)
            .next_back()
            .map(|(at, fault)| (*at, *fault))?;
        match repeat {
            Repeat::Forever => Some(fault),
            Repeat::Once => {
                self.faults.remove(&at);
                Some(fault)
            }
        }
    }

    fn write(&mut self, changes: Changes) {
        self.seq = self.seq.saturating_add(1);
        for (key, value) in changes {
            match value {
                Some(value) => self.rows.recent.insert(key, Some(value)),
                None => self.rows.recent.remove(&key),
            };
        }
    }

    fn break_with(&mut self, error: StoreError) -> StoreError {
        self.broken = Some(error.to_string());
        error
    }

    fn number<const N: usize>(&self, key: &[u8]) -> Option<[u8; N]> {
        self.rows.get(key)?.as_ref()?.as_slice().try_into().ok()
    }
}

fn lost() -> StoreError {
    StoreError::io("write", Path::new("memory"), std::io::Error::other("injected fault"))
}
