//! Snapshots and segments that are missing or damaged: the store starts with everything as long as
//! one way to it is left, and names what it cannot do without.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use counterfoil::store::snapshot::list_snapshots;
use counterfoil::store::{NoDerive, OpenReport, StateReport, Store, StoreError};
use tempfile::TempDir;

use super::ledger::Ledger;
use super::scene::{End, Scene, next_boot, open, options, settle};

/// Two snapshots, and journal from the older one on.
fn scene() -> Scene {
    Scene::new(End::Killed, 150, &[90, 140])
}

fn snapshots(folder: &TempDir) -> Vec<PathBuf> {
    let found = list_snapshots(&options(folder.path()).snapshots()).unwrap();
    found.into_iter().map(|snapshot| snapshot.path).collect()
}

type Harm = fn(&Path);

const HARMS: [(&str, Harm); 4] = [
    ("flipped", |path| {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    }),
    ("cut", |path| {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() - 7]).unwrap();
    }),
    ("emptied", |path| fs::write(path, "").unwrap()),
    ("lost", |path| fs::remove_file(path).unwrap()),
];

#[track_caller]
fn opens_whole(scene: &Scene, folder: &TempDir, is_next_boot: bool, what: &str) -> OpenReport {
    let settings = options(folder.path());
    let settings = if is_next_boot { next_boot(settings) } else { settings };
    let (store, report) = open(settings).unwrap_or_else(|error| panic!("{what}: {error}"));
    let store: Arc<dyn Store> = Arc::new(store);
    scene.ledger.assert_whole(&store, what);
    // What is wanted after some damage is a new snapshot.
    settle(&*store);
    report
}

/// The error, which must come a second time just the same.
#[track_caller]
fn refused(folder: &TempDir, is_next_boot: bool, code: &str) -> StoreError {
    let settings = options(folder.path());
    let settings = if is_next_boot { next_boot(settings) } else { settings };
    let [first, second] = [(); 2].map(|()| match open(settings.clone()) {
        Err(error) => error,
        Ok((_, report)) => panic!("it opened: {report:?}"),
    });
    assert_eq!((first.code(), first.to_string()), (code, second.to_string()));
    assert!(first.way_out().is_some());
    first
}

#[test]
fn the_older_snapshot_stands_in_for_the_newest() {
    let scene = scene();
    for (name, harm) in HARMS {
        let copy = scene.copy();
        let [newest, older]: [PathBuf; 2] = snapshots(&copy).try_into().unwrap();
        harm(&newest);
        let report = opens_whole(&scene, &copy, true, name);
        assert!(
            matches!(report.state, StateReport::Rebuilt { snapshot_seq: 90, .. }),
            "{report:?}"
        );
        assert_eq!(
            report.concerns.len(),
            usize::from(name != "lost"),
            "{name}: {:?}",
            report.concerns
        );
        if let Some(concern) = report.concerns.first() {
            assert!(concern.contains(&*newest.to_string_lossy()), "{concern}");
            // A good one takes its place, and the good old one is still there.
            let now = snapshots(&copy);
            assert!(now.len() == 2 && now[1] == older, "{name}: {now:?}");
            let mut third = next_boot(options(copy.path()));
            third.boot_id = "boot-3".to_owned();
            let (_, report) = open(third).unwrap();
            assert!(report.concerns.is_empty(), "{:?}", report.concerns);
        }
    }
}

#[test]
fn without_any_snapshot_the_index_is_believed_after_a_kill_and_a_new_one_is_written() {
    let scene = scene();
    let copy = scene.copy();
    snapshots(&copy).iter().for_each(|path| fs::remove_file(path).unwrap());
    let report = opens_whole(&scene, &copy, false, "no snapshots");
    assert!(matches!(report.state, StateReport::Replayed { .. }));
    assert!(
        report.concerns[0].contains("no snapshot reaches it"),
        "{:?}",
        report.concerns
    );
    assert_eq!(snapshots(&copy).len(), 1);
    let report = opens_whole(&scene, &copy, true, "with the new snapshot");
    assert!(report.concerns.is_empty(), "{:?}", report.concerns);
}

/// After a power cut the index is not believed, unless nothing else is left and each of its rows
/// proves to be there.
#[test]
fn with_no_snapshot_the_index_is_believed_if_it_is_whole() {
    let scene = scene();
    for (name, harm) in HARMS {
        for index in ["whole", "damaged", "missing"] {
            let copy = scene.copy();
            snapshots(&copy).iter().for_each(|path| harm(path));
            let sled = options(copy.path()).sled();
            let what = format!("snapshots {name}, index {index}");
            match index {
                "whole" => {
                    let report = opens_whole(&scene, &copy, true, &what);
                    assert!(
                        report.concerns[0].contains("every row of the index was checked"),
                        "{report:?}"
                    );
                    continue;
                }
                "damaged" => {
                    let mut bytes = fs::read(sled.join("db")).unwrap();
                    bytes.truncate(100);
                    fs::write(sled.join("db"), bytes).unwrap();
                }
                _ => fs::remove_dir_all(&sled).unwrap(),
            }
            let error = refused(&copy, true, "snapshots_unreadable");
            assert!(error.to_string().contains("no readable snapshot"), "{what}: {error}");
        }
    }
}

/// Which segments the newest snapshot makes superfluous: all but those with records behind it.
#[test]
fn a_lost_segment_is_missed_unless_a_snapshot_holds_its_records() {
    let scene = Scene::new(End::Killed, 150, &[30, 70]);
    let segments = scene.segments();
    assert!(segments.len() >= 3, "{segments:?}");
    for (at, segment) in segments.iter().enumerate() {
        for is_next_boot in [false, true] {
            let copy = scene.copy();
            let name = segment.file_name().unwrap();
            fs::remove_file(options(copy.path()).journal().join(name)).unwrap();
            let what = format!("segment {} of {}", at + 1, segments.len());
            let first_left: u64 = segments.get(at + 1).map_or(u64::MAX, |next| {
                next.file_stem().unwrap().to_string_lossy().parse().unwrap()
            });
            if at == 0 && first_left <= 71 {
                opens_whole(&scene, &copy, is_next_boot, &what);
            } else {
                refused(&copy, is_next_boot, "journal_damaged");
            }
        }
    }
}

#[test]
fn a_lost_journal_is_never_begun_anew() {
    let scene = scene();
    for end in [
        "everything else is there",
        "only the marker is left",
        "only the ballast is left",
    ] {
        let copy = scene.copy();
        let settings = options(copy.path());
        fs::remove_dir_all(settings.journal()).unwrap();
        if end != "everything else is there" {
            fs::remove_dir_all(settings.sled()).unwrap();
            fs::remove_dir_all(settings.snapshots()).unwrap();
        }
        if end == "only the ballast is left" {
            fs::remove_file(settings.path.join("last-run")).unwrap();
            fs::write(settings.path.join("ballast"), [0; 9]).unwrap();
        }
        let error = refused(&copy, true, "journal_damaged");
        assert!(
            error.to_string().contains("there is no journal, but there is"),
            "{error}"
        );
    }
}

#[test]
fn a_snapshot_of_another_store_is_not_used_and_proves_nothing() {
    let scene = scene();
    let other = super::scene::folder();
    let mut strange = options(other.path());
    strange.fresh_id = [8; 16];
    let (store, _) = open(strange.clone()).unwrap();
    for n in 2..30 {
        store.commit(&[Ledger::new().batch(n)]).unwrap();
    }
    store.request_snapshot().unwrap();
    settle(&store);
    let theirs = list_snapshots(&strange.snapshots()).unwrap().remove(0).path;
    let copy = scene.copy();
    let ours = options(copy.path()).snapshots().join(format!("{:020}.snapshot", 999));
    fs::copy(theirs, &ours).unwrap();
    let report = opens_whole(&scene, &copy, true, "a strange snapshot");
    assert!(report.concerns[0].contains("another history"), "{:?}", report.concerns);
}

/// Rows that were written without their digests do not add up, also when the index is made again.
#[test]
fn rows_that_do_not_add_up_are_refused() {
    let work = super::scene::folder();
    let (store, _) = counterfoil::store::DiskStore::open(options(work.path()), Arc::new(NoDerive)).unwrap();
    store.commit(&[Ledger::new().batch(2)]).unwrap();
    drop(store);
    let error = refused(&work, true, "digest_mismatch");
    assert!(error.to_string().contains("do not match their digest"), "{error}");
}
