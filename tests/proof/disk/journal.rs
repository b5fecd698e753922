//! A bit flipped, the end cut off, the rest zeroed: at every byte of the journal.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use counterfoil::store::{Store, StoreError};
use tempfile::TempDir;

use super::scene::{End, HEADER, RECORDS, Scene, next_boot, open, options};

/// Sectors are written as a whole or not at all.
const SECTOR: usize = 512;

/// What is done to a segment, from a byte on. The last one is done at every seventh place only: what
/// it leaves differs little from byte to byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Harm {
    Flip,
    Cut,
    ZeroToEnd,
    ZeroToSector,
}

impl Harm {
    const ALL: [Self; 4] = [Self::Flip, Self::Cut, Self::ZeroToEnd, Self::ZeroToSector];

    fn done_to(self, whole: &[u8], at: usize) -> Vec<u8> {
        let mut bytes = whole.to_vec();
        match self {
            Self::Flip => bytes[at] ^= 1 << (at % 8),
            Self::Cut => bytes.truncate(at),
            Self::ZeroToEnd => bytes[at..].fill(0),
            Self::ZeroToSector => {
                let end = (at / SECTOR + 1) * SECTOR;
                let end = end.min(bytes.len());
                bytes[at..end].fill(0);
            }
        }
        bytes
    }
}

/// What came of opening a harmed folder.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Refused(String),
    Opened { records: Option<u64>, is_told: bool },
}

/// Whether every byte is taken.
fn every_byte() -> bool {
    std::env::var("PROOF_DISK").is_ok_and(|value| value == "all")
}

/// A copy of a scene that is harmed and opened again and again. A refusal leaves everything as it
/// is, so the harm is undone; an opening changes the folder, so a new copy is made.
struct Bench<'a> {
    scene: &'a Scene,
    is_next_boot: bool,
    copy: TempDir,
}

impl<'a> Bench<'a> {
    fn new(scene: &'a Scene, is_next_boot: bool) -> Self {
        Self {
            scene,
            is_next_boot,
            copy: scene.copy(),
        }
    }

    fn try_with(&mut self, harm: Harm, segment: &Path, whole: &[u8], at: usize) -> Outcome {
        let settings = options(self.copy.path());
        let path = settings.journal().join(segment.file_name().unwrap());
        let file = File::options().read(true).write(true).open(&path).unwrap();
        let harmed = harm.done_to(whole, at);
        put(&file, &harmed, whole);
        let settings = if self.is_next_boot {
            next_boot(settings)
        } else {
            settings
        };
        let found = match open(settings) {
            Ok((store, report)) => {
                let records = self.scene.ledger.records_in(&store);
                let is_told = report.cut.is_some();
                drop(store);
                self.copy = self.scene.copy();
                return Outcome::Opened { records, is_told };
            }
            Err(error) => {
                assert_eq!(error.code(), "journal_damaged", "{error}");
                assert!(error.way_out().is_some());
                Outcome::Refused(error.to_string())
            }
        };
        assert!(fs::read(&path).unwrap() == harmed, "the evidence was changed");
        put(&file, whole, &harmed);
        found
    }
}

/// Makes a file that holds `before` hold `after`.
fn put(file: &File, after: &[u8], before: &[u8]) {
    let same = after.iter().zip(before).take_while(|(new, old)| new == old).count();
    let end = if after.len() == before.len() {
        let same_behind = after.iter().rev().zip(before.iter().rev());
        let same_behind = same_behind.take_while(|(new, old)| new == old).count();
        after.len().saturating_sub(same_behind).max(same)
    } else {
        file.set_len(same as u64).unwrap();
        after.len()
    };
    file.write_all_at(&after[same..end], same as u64).unwrap();
}

/// Places in a segment: every `stride`-th byte of its records and what of its header means
/// anything; of the padding some.
fn places(len: usize, stride: usize) -> Vec<usize> {
    let meaning = (0..40).chain(4096..4109).chain(8192..8205);
    let padding = (41..HEADER).step_by(1433);
    let records = (HEADER..len).step_by(stride);
    let ends = [HEADER, len - 1];
    let all: BTreeSet<usize> = meaning
        .step_by(stride.min(13))
        .chain(padding)
        .chain(records)
        .chain(ends)
        .collect();
    all.into_iter().collect()
}

/// Harms every segment at every place and opens the folder. `unsaid` is the record of which nothing
/// on the disk says any more that it was acknowledged, if there is one: that one may be cut off,
/// but not without a word. Returns how many starts were refused, opened whole, and opened without
/// that record.
fn campaign(scene: &Scene, is_next_boot: bool, stride: usize, unsaid: Option<u64>) -> [u64; 3] {
    let segments = scene.segments();
    let counts = std::thread::scope(|scope| {
        let (even, odd): (Vec<_>, Vec<_>) = segments.iter().enumerate().partition(|(at, _)| at % 2 == 0);
        let halves = [even, odd].map(|half| {
            scope.spawn(move || {
                let mut bench = Bench::new(scene, is_next_boot);
                let mut counts = [0; 3];
                for (_, segment) in half {
                    harm_segment(&mut bench, segment, stride, unsaid, &mut counts);
                }
                counts
            })
        });
        halves.map(|half| half.join().unwrap())
    });
    let [one, other] = counts;
    std::array::from_fn(|which| one[which] + other[which])
}

fn harm_segment(bench: &mut Bench<'_>, segment: &Path, stride: usize, unsaid: Option<u64>, counts: &mut [u64; 3]) {
    let scene = bench.scene;
    let whole = fs::read(segment).unwrap();
    for (nth, at) in places(whole.len(), stride).into_iter().enumerate() {
        for harm in Harm::ALL {
            if harm == Harm::ZeroToSector && nth % 7 > 0 {
                continue;
            }
            let record = scene.record_at(segment, at as u64);
            let is_harmless = harm.done_to(&whole, at) == whole || (record.is_none() && !reaches_head(harm, at));
            let is_excused = record.is_some() && record == unsaid;
            let what = format!("{harm:?} at byte {at} of {}, in record {record:?}", segment.display());
            let which = match bench.try_with(harm, segment, &whole, at) {
                Outcome::Refused(told) => {
                    assert!(!is_harmless, "{what}: {told}");
                    0
                }
                Outcome::Opened {
                    records: Some(RECORDS), ..
                } => 1,
                Outcome::Opened { records, is_told } => {
                    assert!(
                        is_excused && records == Some(RECORDS - 1),
                        "{what}: opened with {records:?}"
                    );
                    let is_gone = harm == Harm::Cut && at as u64 == scene.begin_of_last();
                    assert!(is_told || is_gone, "{what}: not told");
                    2
                }
            };
            counts[which] += 1;
        }
    }
}

/// Whether a harm that begins in the header reaches what a start cannot do without.
fn reaches_head(harm: Harm, at: usize) -> bool {
    match harm {
        Harm::Flip | Harm::ZeroToSector => at < 40,
        Harm::Cut | Harm::ZeroToEnd => true,
    }
}

/// Every so-manieth place: in a debug build, in a release build, and when all are asked for.
pub fn stride(debug: usize, release: usize, all: usize) -> usize {
    if every_byte() {
        all
    } else if cfg!(debug_assertions) {
        debug
    } else {
        release
    }
}

#[test]
fn after_a_kill_no_damage_of_the_journal_costs_an_acknowledged_record() {
    for (in_index, snapshots, all) in [(150, [].as_slice(), 1), (60, &[90, 140], 29)] {
        let scene = Scene::new(End::Killed, in_index, snapshots);
        let [refused, whole, short] = campaign(&scene, false, stride(4801, 101, all), None);
        println!("killed, snapshots {snapshots:?}: {refused} refused by name, {whole} opened whole");
        assert!(refused > 100 && whole > 5 && short == 0);
    }
}

/// Only the last segment is read: sled has everything.
#[test]
fn after_a_clean_stop_no_damage_of_the_journal_costs_an_acknowledged_record() {
    let scene = Scene::new(End::Clean, 150, &[90, 140]);
    let last = scene.segments().pop().unwrap();
    let mut counts = [0; 3];
    let mut bench = Bench::new(&scene, false);
    harm_segment(&mut bench, &last, stride(1201, 101, 7), None, &mut counts);
    let [refused, whole, short] = counts;
    println!("clean stop: {refused} refused by name, {whole} opened whole");
    assert!(refused > 20 && whole > 5 && short == 0);
}

/// After a power cut the very last record can be one that nobody was told of: nothing on the disk
/// says otherwise until the next record, or the index, is synced. All others are safe.
#[test]
fn after_a_power_cut_only_the_last_record_can_be_taken_for_an_interrupted_write() {
    let scene = Scene::new(End::PowerCut, 150, &[]);
    let [refused, whole, short] = campaign(&scene, true, stride(4801, 101, 13), Some(RECORDS));
    println!("power cut: {refused} refused by name, {whole} opened whole, {short} without the last record");
    assert!(refused > 100 && whole > 5 && short > 0);
    // Once the index is synced, it says so.
    let scene = Scene::new(End::PowerCut, RECORDS, &[]);
    let [_, _, short] = campaign(&scene, true, stride(16_001, 503, 503), None);
    assert_eq!(short, 0);
}

#[test]
fn an_untouched_folder_opens_whole_in_every_scene() {
    for end in [End::Clean, End::Killed, End::PowerCut] {
        for snapshots in [[].as_slice(), &[90, 140]] {
            let scene = Scene::new(end, 150, snapshots);
            for is_next_boot in [false, true] {
                let copy = scene.copy();
                let options = options(copy.path());
                let options = if is_next_boot { next_boot(options) } else { options };
                let store: Arc<dyn Store> = Arc::new(open(options).unwrap().0);
                scene.ledger.assert_whole(&store, &format!("{end:?} {snapshots:?}"));
            }
        }
    }
}

#[test]
fn a_refusal_names_what_it_found() {
    let scene = Scene::new(End::Killed, 150, &[]);
    let last = scene.segments().pop().unwrap();
    let (_, start) = scene.ends[scene.ends.len() - 10].clone();
    let whole = fs::read(&last).unwrap();
    fs::write(&last, &whole[..usize::try_from(start).unwrap()]).unwrap();
    match open(scene.options()) {
        Err(StoreError::JournalDamaged {
            segment,
            offset,
            problem,
        }) => {
            assert_eq!((&segment, offset), (&last, start));
            assert_eq!(problem, "records 193 to 201 were acknowledged and cannot be read");
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it opened"),
    }
}
