//! The index (`sled/`) harmed in every way: the store starts with everything and says what it did,
//! or notices while reading and mends itself.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use counterfoil::store::{DiskStore, OpenReport, StateReport, Store, StoreError};
use tempfile::TempDir;

use super::journal::stride;
use super::ledger::Ledger;
use super::scene::{End, Scene, copy_tree, next_boot, open, options};

/// What is done to one file of the index.
#[derive(Debug, Clone)]
enum Harm {
    /// One bit, at this many thousandths of the file.
    Flip(u64),
    /// Cut to this many thousandths.
    Cut(u64),
    /// Zeros from this many thousandths on.
    Zero(u64),
    Remove,
    /// The same file of this other index.
    Replace(PathBuf),
}

impl Harm {
    fn do_to(&self, file: &Path) {
        let mut bytes = fs::read(file).unwrap();
        let len = bytes.len() as u64;
        let place = |thousandths: u64| usize::try_from(len * thousandths / 1000).unwrap();
        match self {
            Self::Flip(at) => match bytes.get_mut(place(*at)) {
                Some(byte) => *byte ^= 0x10,
                None => return,
            },
            Self::Cut(at) => bytes.truncate(place(*at)),
            Self::Zero(at) => bytes[place(*at)..].fill(0),
            Self::Remove => return fs::remove_file(file).unwrap(),
            Self::Replace(other) => bytes = fs::read(other).unwrap(),
        }
        fs::write(file, bytes).unwrap();
    }
}

/// The files of an index, apart from folders.
fn files_of(index: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(index).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.is_file()).collect();
    files.sort();
    files
}

/// How a start with a harmed index went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// The harm touched nothing that is used.
    Nothing,
    /// The difference to the journal was replayed.
    Behind,
    /// The index was made again at the start.
    AtTheStart,
    /// A reader met it; the index was then made again.
    WhileReading,
}

/// Opens the folder and reads everything, mending as the storage thread does.
#[track_caller]
fn start(scene: &Scene, folder: &TempDir, is_next_boot: bool, what: &str) -> Found {
    let settings = options(folder.path());
    let settings = if is_next_boot { next_boot(settings) } else { settings };
    let (store, report) = open(settings).unwrap_or_else(|error| panic!("{what}: {error}"));
    let found = judge(&report, what);
    let found = if let Err(error) = read_all(&store) {
        assert_eq!(error.code(), "index_damaged", "{what}: {error}");
        assert_ne!(found, Found::AtTheStart, "{what}: the new index is damaged: {error}");
        let report = store.reopen().unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(judge(&report, what), Found::AtTheStart, "{what}");
        Found::WhileReading
    } else {
        found
    };
    let store: Arc<dyn Store> = Arc::new(store);
    scene.ledger.assert_whole(&store, what);
    store.close().unwrap();
    found
}

fn judge(report: &OpenReport, what: &str) -> Found {
    assert!(report.damage.is_none() && report.cut.is_none(), "{what}: {report:?}");
    match &report.state {
        StateReport::Created => panic!("{what}: begun from nothing"),
        StateReport::Trusted => Found::Nothing,
        StateReport::Replayed { records: 0 } => Found::Nothing,
        StateReport::Replayed { .. } => Found::Behind,
        StateReport::Rebuilt { because, .. } => {
            assert!(!because.is_empty(), "{what}");
            Found::AtTheStart
        }
    }
}

fn read_all(store: &DiskStore) -> Result<(), StoreError> {
    let mut scan = counterfoil::store::Scan::forward(Vec::new(), 64);
    loop {
        let rows = store.scan(&scan)?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        scan.after = Some(last.clone());
    }
}

/// An index that lags behind the journal and one that has everything, after stops of both kinds;
/// and whether the machine restarts.
fn scenes() -> Vec<(&'static str, Scene, bool)> {
    let scene = |end, snapshots| Scene::with(Ledger::with_charts(), end, 150, snapshots);
    vec![
        ("clean stop", scene(End::Clean, &[90, 140]), false),
        (
            "clean stop, then a restart of the machine",
            scene(End::Clean, &[]),
            true,
        ),
        ("kill", scene(End::Killed, &[90]), false),
        (
            "kill, then a restart of the machine",
            scene(End::Killed, &[90, 140]),
            true,
        ),
    ]
}

#[test]
fn a_harmed_index_loses_nothing() {
    let older = Scene::with(Ledger::with_charts(), End::Killed, 60, &[]);
    let mut counts = [0; 4];
    let mut nth = 0;
    for (name, scene, is_next_boot) in scenes() {
        let step = u64::try_from(stride(490, 120, 30)).unwrap();
        let places = || (1..1000_u64).step_by(usize::try_from(step).unwrap());
        let mut harms: Vec<Harm> = places().map(Harm::Flip).collect();
        harms.extend(places().step_by(2).map(Harm::Cut));
        harms.extend(places().step_by(2).map(Harm::Zero));
        harms.extend([Harm::Cut(0), Harm::Cut(999), Harm::Remove]);
        for file in files_of(&scene.options().sled()) {
            let mut harms = harms.clone();
            let same_name = older.options().sled().join(file.file_name().unwrap());
            harms.extend(same_name.exists().then_some(Harm::Replace(same_name)));
            for harm in harms {
                nth += 1;
                if nth % stride(3, 1, 1) > 0 {
                    continue;
                }
                let copy = scene.copy();
                let target = options(copy.path()).sled().join(file.file_name().unwrap());
                harm.do_to(&target);
                let what = format!("{name}: {harm:?} in {}", file.file_name().unwrap().display());
                let found = catch_unwind(AssertUnwindSafe(|| start(&scene, &copy, is_next_boot, &what)));
                let found = found.unwrap_or_else(|_| panic!("{what}"));
                println!("{what}: {found:?}");
                counts[found as usize] += 1;
            }
        }
    }
    let [nothing, behind, at_the_start, while_reading] = counts;
    println!(
        "{nothing} without effect, {behind} replayed, {at_the_start} made again at the start, {while_reading} while reading"
    );
    assert!(at_the_start > 10);
}

/// The whole index emptied, missing, of another time, of another store.
#[test]
fn an_index_of_another_time_or_place_loses_nothing() {
    let earlier = Scene::with(Ledger::with_charts(), End::Killed, 60, &[]);
    let other = super::scene::folder();
    let mut strange = options(other.path());
    strange.fresh_id = [8; 16];
    let (store, _) = open(strange.clone()).unwrap();
    store.close().unwrap();
    for (name, scene, is_next_boot) in scenes() {
        for (kind, source) in [
            ("missing", None),
            ("emptied", Some(None)),
            ("of an earlier time", Some(Some(earlier.options().sled()))),
            ("of another store", Some(Some(strange.sled()))),
        ] {
            let copy = scene.copy();
            let index = options(copy.path()).sled();
            fs::remove_dir_all(&index).unwrap();
            if let Some(source) = source {
                fs::create_dir(&index).unwrap();
                if let Some(source) = source {
                    copy_tree(&source, &index);
                }
            }
            let what = format!("{name}: an index {kind}");
            let found = start(&scene, &copy, is_next_boot, &what);
            let expected = if kind == "of an earlier time" && !is_next_boot && name == "kill" {
                Found::Behind
            } else {
                found
            };
            assert_eq!(found, expected, "{what}");
            assert_ne!(found, Found::Nothing, "{what} was taken for good");
            // The next start finds the mended one good.
            let (store, report) = open(options(copy.path())).unwrap();
            assert_eq!(report.state, StateReport::Trusted, "{what}");
            drop(store);
        }
    }
}
