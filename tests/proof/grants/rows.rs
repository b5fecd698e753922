//! Grants in a real store: in memory, or on the disk.

use std::sync::Arc;

use counterfoil::actors::keyring::port::GrantStore;
use counterfoil::actors::keyring::seal::Sealer;
use counterfoil::actors::keyring::tokens::Durable;
use counterfoil::model::ids::GrantId;
use counterfoil::model::row::GrantRow;
use counterfoil::model::time::Entropy;
use counterfoil::model::write::Write;
use counterfoil::store::disk::DiskStore;
use counterfoil::store::reader::Reader;
use counterfoil::store::rows::{Rows, batch};
use counterfoil::store::{MemStore, OpenOptions, Store, Urgency};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use tempfile::TempDir;

use super::fault::{Fault, Phase};
use super::stage::{Inner, Stage};

/// The storage thread tries a broken store again after so long.
const REOPEN_MS: u64 = 2_000;

/// Chance from a seed.
pub struct Dice(std::sync::Mutex<StdRng>);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(std::sync::Mutex::new(StdRng::seed_from_u64(seed)))
    }
}

impl Entropy for Dice {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap().fill_bytes(bytes);
    }
}

pub fn sealer(seed: u64) -> Sealer {
    Sealer::new(&[5; 32], Arc::new(Dice::new(seed)))
}

/// The store, and what it had before.
pub struct Shelf {
    store: Arc<dyn Store>,
    folder: Option<TempDir>,
    reader: Reader,
    broken_until: u64,
    /// Pairs in the order in which they were stored.
    pairs: Vec<GrantRow>,
}

impl Shelf {
    pub fn in_memory() -> Self {
        Self::over(Arc::new(MemStore::new(Arc::new(Rows), [7; 16], 1)), None)
    }

    pub fn on_disk() -> Self {
        let folder = TempDir::new().unwrap();
        Self::over(open(&folder), Some(folder))
    }

    fn over(store: Arc<dyn Store>, folder: Option<TempDir>) -> Self {
        Self {
            reader: Reader::new(Arc::clone(&store)),
            store,
            folder,
            broken_until: 0,
            pairs: Vec::new(),
        }
    }

    /// The process has ended: nothing but what is on the disk is left.
    pub fn reopen(&mut self) {
        let Some(folder) = self.folder.take() else { return };
        // The old one lets go of its lock first.
        self.store = Arc::new(MemStore::new(Arc::new(Rows), [7; 16], 1));
        self.reader = Reader::new(Arc::clone(&self.store));
        self.store = open(&folder);
        self.reader = Reader::new(Arc::clone(&self.store));
        self.folder = Some(folder);
    }

    /// Every grant there is.
    pub fn grants(&self) -> Vec<GrantId> {
        self.reader.grants().unwrap().iter().map(|row| row.id).collect()
    }

    /// Whether the bytes of a row hold this.
    pub fn holds(&self, bytes: &[u8]) -> bool {
        let rows = self.reader.grants().unwrap();
        rows.iter()
            .any(|row| row.sealed.windows(bytes.len()).any(|window| window == bytes))
    }

    fn write(&self, write: Write) {
        let batch = batch(&[write], Urgency::Result).unwrap();
        self.store.commit(&[batch]).unwrap();
    }

    /// Sets the store back to the pair before the last one.
    pub fn set_back(&mut self, grant: GrantId) -> Option<GrantRow> {
        let ours: Vec<&GrantRow> = self.pairs.iter().filter(|row| row.id == grant).collect();
        let row = (*ours.get(ours.len().checked_sub(2)?)?).clone();
        self.write(Write::Grant(Box::new(row.clone())));
        Some(row)
    }
}

fn open(folder: &TempDir) -> Arc<dyn Store> {
    let mut options = OpenOptions::new(folder.path(), [7; 16], 1, "boot");
    (options.segment_bytes, options.reserve_bytes, options.ballast_bytes) = (1 << 20, 0, 0);
    let (store, _report) = DiskStore::open(options, Arc::new(Rows)).unwrap();
    Arc::new(store)
}

/// The keyring's way to the store.
pub struct Grants(pub Arc<Stage>);

impl GrantStore for Grants {
    fn save(&self, row: GrantRow) -> BoxFuture<'static, Result<(), String>> {
        let stage = Arc::clone(&self.0);
        async move { save(&stage, row).await }.boxed()
    }

    fn replace(&self, row: GrantRow, gone: GrantId) -> BoxFuture<'static, Result<(), String>> {
        let (saved, removed) = (self.save(row), self.remove(gone));
        async move {
            saved.await?;
            removed.await
        }
        .boxed()
    }

    fn load_all(&self) -> BoxFuture<'static, Result<Vec<GrantRow>, String>> {
        let rows = self.0.with(|stage| stage.shelf.reader.grants());
        async move { rows.map_err(|error| error.to_string()) }.boxed()
    }

    fn remove(&self, grant: GrantId) -> BoxFuture<'static, Result<(), String>> {
        let stage = Arc::clone(&self.0);
        async move {
            stage.go_on().await;
            stage.with(|stage| {
                stage.shelf.write(Write::DropGrant(grant));
                stage.judge.forgotten();
            });
            Ok(())
        }
        .boxed()
    }
}

async fn save(stage: &Stage, row: GrantRow) -> Result<(), String> {
    let tokens = stage.with(|stage| stage.sealer.open(&row).expect("our own seal"));
    let is_mark = stage.with(|stage| {
        stage.decided_at = stage.wall();
        stage.judge.holds(&tokens.current)
    });
    let (before, after) = if is_mark {
        (Phase::Marking, Phase::Marked)
    } else {
        (Phase::Saving, Phase::Saved)
    };
    stage.reach(before).await;
    let (fault, took_ms) = stage.with(Inner::choose_for_save);
    let from = stage.with(|stage| stage.at());
    tokio::time::sleep(std::time::Duration::from_millis(took_ms)).await;
    stage.go_on().await;
    if fault == Some(Fault::SaveHangs) {
        // Longer than it was meant to, when the machine slept meanwhile.
        stage.with(|stage| stage.judge.trouble(from, stage.clock.at));
    }
    let ended = stage.with(|stage| stage.store_row(row, &tokens, is_mark, fault));
    if ended.is_ok() {
        stage.reach(after).await;
    }
    ended
}

impl Inner {
    fn choose_for_save(&mut self) -> (Option<Fault>, u64) {
        let at = self.at();
        let usual_ms = self.rng.random_range(0..8);
        if at < self.shelf.broken_until {
            return (Some(Fault::SaveFails), usual_ms);
        }
        let fault = match self.outage {
            Some((fault @ (Fault::SaveFails | Fault::SaveLostAfter), until)) if at < until => Some(fault),
            _ if self.rng.random_range(0..100) < self.fault_percent => Some(Fault::of_a_save(&mut self.rng)),
            _ => None,
        };
        if let Some(fault) = fault {
            self.note(fault);
        }
        let took_ms = match fault {
            Some(Fault::SaveHangs) => self.rng.random_range(5_000..600_000),
            _ => usual_ms,
        };
        if fault.is_some() {
            self.judge.trouble(at, at + took_ms + REOPEN_MS);
        }
        (fault, took_ms)
    }

    fn store_row(
        &mut self,
        row: GrantRow,
        tokens: &Durable,
        is_mark: bool,
        fault: Option<Fault>,
    ) -> Result<(), String> {
        let at = self.at();
        if fault == Some(Fault::SaveFails) {
            self.shelf.broken_until = self.shelf.broken_until.max(at + REOPEN_MS);
            return Err("the disk fails".to_owned());
        }
        if !is_mark {
            self.judge.paired(at, tokens);
            self.shelf.pairs.extend(tokens.access.is_some().then(|| row.clone()));
        }
        self.is_marked = tokens.is_unsure;
        self.shelf.write(Write::Grant(Box::new(row)));
        self.judge.committed(at, tokens);
        self.say(if is_mark {
            "committed: a refresh is asked for"
        } else {
            "committed: a pair"
        });
        if fault == Some(Fault::SaveLostAfter) {
            self.shelf.broken_until = at + REOPEN_MS;
            return Err("the disk fails".to_owned());
        }
        Ok(())
    }
}
