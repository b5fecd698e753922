//! The power fails while a record is being written: of what was not synced, any part may be on the
//! disk, in any order, and anything may stand where nothing was written yet.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use counterfoil::store::files::{Disk, RealDisk};
use counterfoil::store::{DiskStore, OpenOptions, OpenReport, Store, StoreError};
use tempfile::TempDir;

use super::journal::stride;
use super::ledger::Ledger;
use super::scene::{HEADER, copy_tree, folder, next_boot, open, options, settle};

/// Sectors are written as a whole or not at all, or so they say.
const SECTOR: usize = 512;

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// The journal at a moment at which the power can fail: right before a sync.
struct Moment {
    /// What earlier syncs made durable.
    durable: Files,
    /// What was written.
    written: Files,
    /// The index, where it is watched.
    index: Option<TempDir>,
}

/// A disk that knows what of the journal is durable.
struct PoweredDisk {
    journal: PathBuf,
    index: Option<PathBuf>,
    state: Mutex<(Files, Vec<Moment>)>,
}

impl PoweredDisk {
    /// Everything that is there now is durable, except where `durable` says otherwise.
    fn new(journal: PathBuf, durable: Files) -> Arc<Self> {
        Arc::new(Self {
            journal,
            index: None,
            state: Mutex::new((durable, Vec::new())),
        })
    }

    /// The same, which also keeps what the index was like at each moment.
    fn watching(options: &OpenOptions, durable: Files) -> Arc<Self> {
        Arc::new(Self {
            journal: options.journal(),
            index: Some(options.sled()),
            state: Mutex::new((durable, Vec::new())),
        })
    }

    /// What a power cut now would leave.
    fn durable(&self) -> Files {
        self.state.lock().unwrap().0.clone()
    }

    fn moments(&self) -> Vec<Moment> {
        std::mem::take(&mut self.state.lock().unwrap().1)
    }
}

impl Disk for PoweredDisk {
    fn before_write(&self, _bytes: usize) -> io::Result<()> {
        Ok(())
    }

    fn before_sync(&self) -> io::Result<()> {
        let written = read_all(&self.journal);
        let mut state = self.state.lock().unwrap();
        let (durable, moments) = &mut *state;
        // A segment appears with its header, durably.
        for (path, bytes) in &written {
            durable.entry(path.clone()).or_insert_with(|| bytes[..HEADER].to_vec());
        }
        let index = self.index.as_ref().map(|index| {
            let copy = folder();
            copy_tree(index, &options(copy.path()).sled());
            copy
        });
        moments.push(Moment {
            durable: durable.clone(),
            written: written.clone(),
            index,
        });
        *durable = written;
        Ok(())
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        RealDisk.free_bytes(path)
    }
}

fn read_all(journal: &Path) -> Files {
    let entries = fs::read_dir(journal).unwrap().map(|entry| entry.unwrap().path());
    let segments = entries.filter(|path| path.extension().is_some_and(|ending| ending == "journal"));
    segments
        .map(|path| (path.file_name().unwrap().into(), fs::read(&path).unwrap()))
        .collect()
}

/// Chance that is the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// What stands where a write was lost beyond the old end of the file.
#[derive(Debug, Clone, Copy)]
enum Ground {
    Zeros,
    Ones,
    /// Bytes of an older file, here of the journal's own beginning.
    OldJournal,
}

impl Ground {
    const ALL: [Self; 3] = [Self::Zeros, Self::Ones, Self::OldJournal];

    fn fill(self, bytes: &mut [u8], oldest: &[u8]) {
        match self {
            Self::Zeros => bytes.fill(0),
            Self::Ones => bytes.fill(0xFF),
            Self::OldJournal => bytes
                .iter_mut()
                .zip(oldest[HEADER..].iter().cycle())
                .for_each(|(byte, old)| *byte = *old),
        }
    }
}

/// What is on the disk when of each sector that was written only what chance takes has arrived.
fn torn(moment: &Moment, ground: Ground, chance: &mut Chance) -> Files {
    let oldest = moment.written.values().next().unwrap();
    let mut image = moment.durable.clone();
    for (path, written) in &moment.written {
        let durable = &moment.durable[path];
        let mut bytes = durable.clone();
        // The new length arrives or not, or the file ends anywhere in between.
        let grown = written.len() - durable.len();
        let len = match chance.below(3) {
            0 => durable.len() + usize::try_from(chance.below(grown as u64 + 1)).unwrap(),
            _ => written.len(),
        };
        bytes.resize(len, 0);
        ground.fill(&mut bytes[durable.len()..], oldest);
        for (at, sector) in written.chunks(SECTOR).enumerate() {
            let from = at * SECTOR;
            let to = (from + sector.len()).min(len);
            let arrived = match chance.below(5) {
                0 | 1 => 0,
                2 => usize::try_from(chance.below(SECTOR as u64)).unwrap(),
                _ => SECTOR,
            };
            let to = to.min(from + arrived);
            if from < to {
                bytes[from..to].copy_from_slice(&sector[..to - from]);
            }
        }
        image.insert(path.clone(), bytes);
    }
    image
}

/// A data folder with this journal, and everything else as it lies in `like`.
fn folder_with(journal: &Files, like: &Path, with_index: bool) -> TempDir {
    let copy = folder();
    let target = options(copy.path());
    fs::create_dir_all(target.journal()).unwrap();
    for (name, bytes) in journal {
        fs::write(target.journal().join(name), bytes).unwrap();
    }
    let source = options(like);
    fs::copy(source.path.join("last-run"), target.path.join("last-run")).unwrap();
    if with_index {
        copy_tree(&source.sled(), &target.sled());
    }
    copy
}

fn with_disk(mut options: OpenOptions, disk: &Arc<PoweredDisk>) -> OpenOptions {
    options.disk = Arc::clone(disk) as Arc<dyn Disk>;
    options
}

/// A store on a disk that keeps count of what is durable; its first record is.
fn powered(work: &Path, segment_bytes: u64) -> (DiskStore, Arc<PoweredDisk>) {
    let mut settings = options(work);
    settings.segment_bytes = segment_bytes;
    let disk = PoweredDisk::new(settings.journal(), Files::new());
    let (store, _) = open(with_disk(settings.clone(), &disk)).unwrap();
    disk.state.lock().unwrap().0 = read_all(&settings.journal());
    (store, disk)
}

/// Opens after the restart that follows a power cut, which must succeed; tells how many records are
/// there.
#[track_caller]
fn records_after_cut(folder: &Path, ledger: &Ledger, what: &str) -> u64 {
    let (store, _) = open_again(folder).unwrap_or_else(|error| panic!("{what}: {error}"));
    let records = ledger.records_in(&store);
    let records = records.unwrap_or_else(|| panic!("{what}: it holds what never was"));
    // It can be written to.
    store.commit(&[ledger.batch(1)]).unwrap();
    records
}

fn open_again(folder: &Path) -> Result<(DiskStore, OpenReport), StoreError> {
    open(next_boot(options(folder)))
}

/// Lost, torn and reordered sectors at each of 120 commits, over zeros, ones and old journal.
#[test]
fn an_acknowledged_record_survives_every_power_cut() {
    let work = folder();
    let (store, disk) = powered(work.path(), 12_000);
    let (mut ledger, mut moments) = (Ledger::new(), Vec::new());
    for n in 2..=120 {
        store.commit(&[ledger.batch(n)]).unwrap();
        // Before record `n` is synced, the one before it is the last that was acknowledged.
        moments.extend(disk.moments().into_iter().map(|moment| (n - 1, moment)));
        ledger.acknowledge(n);
        if n == 70 {
            settle(&store);
        }
    }
    let mut chance = Chance(5);
    let (mut cuts, mut survived) = (0, 0);
    for (at, (acknowledged, moment)) in moments.iter().enumerate().step_by(stride(5, 1, 1)) {
        for ground in Ground::ALL.into_iter().skip(at % 3).step_by(stride(3, 2, 1)) {
            let image = torn(moment, ground, &mut chance);
            let left = folder_with(&image, work.path(), at % 8 == 0 && *acknowledged >= 70);
            let what = format!("{ground:?} after record {acknowledged}");
            let records = records_after_cut(left.path(), &ledger, &what);
            assert!(
                records == *acknowledged || records == acknowledged + 1,
                "{what}: {records} records"
            );
            cuts += 1;
            survived += u64::from(records > *acknowledged);
        }
    }
    println!("{cuts} power cuts; in {survived} the record that nobody was told of survived");
    assert!(survived > 0 && survived < cuts);
}

/// The unsynced record ends at any byte, with nothing, zeros, ones or old journal behind it.
#[test]
fn an_unacknowledged_record_cut_at_any_byte_is_no_damage() {
    let work = folder();
    let (store, disk) = powered(work.path(), 1 << 20);
    let mut ledger = Ledger::new();
    let mut last = None;
    for n in 2..=10 {
        store.commit(&[ledger.batch(n)]).unwrap();
        last = disk.moments().pop();
        ledger.acknowledge(n);
    }
    let moment = last.unwrap();
    let (path, durable) = moment.durable.iter().next_back().unwrap();
    let written = &moment.written[path];
    let mut starts = 0;
    for end in (durable.len()..written.len()).step_by(stride(211, 7, 1)) {
        for ground in [None, Some(Ground::Zeros), Some(Ground::Ones), Some(Ground::OldJournal)] {
            let mut bytes = written[..end].to_vec();
            bytes[..durable.len()].copy_from_slice(durable);
            if let Some(ground) = ground {
                bytes.resize(written.len(), 0);
                ground.fill(&mut bytes[end..], durable);
            }
            let image = Files::from([(path.clone(), bytes)]);
            let left = folder_with(&image, work.path(), false);
            let what = format!("the last record ends at byte {end}, then {ground:?}");
            let records = records_after_cut(left.path(), &ledger, &what);
            assert!(
                records == 9 || (records == 10 && end + 4 > written.len()),
                "{what}: {records} records"
            );
            starts += 1;
        }
    }
    println!("{starts} starts");
}

/// A killed process leaves a record that was written and not synced. The next one shows it, so it
/// must be durable from then on, also when the power fails before anything else is written.
#[test]
fn what_a_start_shows_is_durable() {
    let work = folder();
    let (store, disk) = powered(work.path(), 12_000);
    let mut ledger = Ledger::new();
    let mut killed = Vec::new();
    for n in 2..=30 {
        store.commit(&[ledger.batch(n)]).unwrap();
        let moment = disk.moments().pop().unwrap();
        killed.push((n, folder_with(&moment.written, work.path(), true), moment));
        ledger.acknowledge(n);
    }
    let mut chance = Chance(11);
    for (n, left, moment) in killed.into_iter().step_by(stride(4, 1, 1)) {
        let settings = options(left.path());
        let again = PoweredDisk::watching(&settings, moment.durable);
        let (store, _) = open(with_disk(settings, &again)).unwrap();
        assert_eq!(ledger.records_in(&store), Some(n), "the record is there after a kill");
        let after = folder_with(&again.durable(), left.path(), false);
        assert_eq!(records_after_cut(after.path(), &ledger, "shown, then cut"), n);
        // The power fails during that start: nobody was told of the record, so it may be there or not.
        for (moment, ground) in again.moments().iter().zip(Ground::ALL.into_iter().cycle()) {
            let cut = folder_with(&torn(moment, ground, &mut chance), work.path(), false);
            let index = moment.index.as_ref().unwrap();
            copy_tree(&options(index.path()).sled(), &options(cut.path()).sled());
            let what = format!("{ground:?} at a start that shows record {n}");
            let records = records_after_cut(cut.path(), &ledger, &what);
            assert!(records == n - 1 || records == n, "{what}: {records} records");
        }
    }
}
