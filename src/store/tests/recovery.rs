//! Stops of every kind, and what is lost or damaged between two runs.

use std::path::Path;

use super::subject::{FRESH, Folder, batch, copy_tree, document, everything, put, with_event};
use crate::store::kv::{Pace, Store};
use crate::store::marker::Stop;
use crate::store::{DiskStore, OnDamage, OpenReport, StateReport, StoreError};

type Rows = Vec<(Vec<u8>, Vec<u8>)>;

fn fill(store: &DiskStore, from: u32, to: u32) {
    for n in from..to {
        store
            .commit(&[with_event(
                vec![put(document(1, n % 40), format!("value {n}"))],
                "event",
            )])
            .unwrap();
        if n % 7 == 0 {
            store.maintain(Pace::Idle).unwrap();
        }
    }
}

fn snapshot(store: &DiskStore) {
    store.request_snapshot().unwrap();
    while store.maintain(Pace::Busy).unwrap() == crate::store::Upkeep::More {}
}

/// A closed store with two snapshots and journal after them, small segments.
fn closed() -> (Folder, Rows) {
    let folder = Folder::new();
    let mut options = folder.options();
    options.segment_bytes = 4096;
    let (store, _) = folder.try_open(options).unwrap();
    fill(&store, 0, 60);
    snapshot(&store);
    fill(&store, 60, 100);
    snapshot(&store);
    fill(&store, 100, 130);
    let rows = everything(&store);
    store.close().unwrap();
    (folder, rows)
}

/// The folder as a killed process leaves it, with recent rows not yet in sled.
fn killed() -> (Folder, Rows) {
    let folder = Folder::new();
    let (store, _) = folder.open();
    fill(&store, 0, 60);
    snapshot(&store);
    fill(&store, 60, 95);
    let rows = everything(&store);
    assert!(store.stats().pending_rows > 0);
    (folder.copy(), rows)
}

fn assert_whole(folder: &Folder, rows: &Rows) -> OpenReport {
    let (store, report) = folder.open();
    assert_eq!(&everything(&store), rows);
    store.commit(&[batch(vec![put([9], "still writable")])]).unwrap();
    report
}

#[test]
fn a_clean_stop_is_trusted() {
    let (folder, rows) = closed();
    let report = assert_whole(&folder, &rows);
    assert_eq!((report.stop, report.state), (Stop::Clean, StateReport::Trusted));
}

#[test]
fn a_clean_stop_is_trusted_in_another_boot_too() {
    let (folder, rows) = closed();
    let mut options = folder.options();
    options.boot_id = "boot-2".to_owned();
    let (store, report) = folder.try_open(options).unwrap();
    assert_eq!(report.state, StateReport::Trusted);
    assert_eq!(everything(&store), rows);
}

#[test]
fn a_kill_is_replayed() {
    let (folder, rows) = killed();
    let report = assert_whole(&folder, &rows);
    assert_eq!(report.stop, Stop::SameBoot);
    assert!(matches!(report.state, StateReport::Replayed { records } if records > 0));
}

#[test]
fn a_new_boot_rebuilds() {
    let (folder, rows) = killed();
    let mut options = folder.options();
    options.boot_id = "boot-2".to_owned();
    let (store, report) = folder.try_open(options).unwrap();
    assert_eq!(report.stop, Stop::NewBoot);
    assert!(matches!(report.state, StateReport::Rebuilt { snapshot_seq, .. } if snapshot_seq > 0));
    assert_eq!(everything(&store), rows);
    assert_eq!(report.quarantined, None);
}

#[test]
fn a_lost_marker_rebuilds() {
    let (folder, rows) = closed();
    std::fs::remove_file(folder.options().path.join("last-run")).unwrap();
    let report = assert_whole(&folder, &rows);
    assert!(matches!(report.state, StateReport::Rebuilt { .. }));
}

fn sled_is_rebuilt_after(harm: impl Fn(&Path)) {
    for (folder, rows) in [closed(), killed()] {
        harm(&folder.options().sled());
        let report = assert_whole(&folder, &rows);
        assert!(
            matches!(report.state, StateReport::Rebuilt { .. }),
            "{:?}",
            report.state
        );
        drop(report);
        // The next start finds the mended state good.
        let (store, _) = folder.open();
        store.close().unwrap();
        drop(store);
        assert_eq!(folder.open().1.state, StateReport::Trusted);
    }
}

#[test]
fn a_deleted_sled_is_rebuilt() {
    sled_is_rebuilt_after(|sled| std::fs::remove_dir_all(sled).unwrap());
}

#[test]
fn an_emptied_sled_is_rebuilt() {
    sled_is_rebuilt_after(|sled| {
        std::fs::remove_dir_all(sled).unwrap();
        std::fs::create_dir(sled).unwrap();
    });
}

#[test]
fn a_sled_of_garbage_is_rebuilt() {
    sled_is_rebuilt_after(|sled| {
        let db = sled.join("db");
        let len = usize::try_from(std::fs::metadata(&db).unwrap().len()).unwrap();
        std::fs::write(&db, (0..len).map(|n| (n * 131 % 251) as u8).collect::<Vec<_>>()).unwrap();
    });
}

#[test]
fn a_fresh_sled_is_rebuilt() {
    let other = Folder::new();
    let (store, _) = other
        .try_open({
            let mut o = other.options();
            o.fresh_id = [8; 16];
            o
        })
        .unwrap();
    store.close().unwrap();
    sled_is_rebuilt_after(|sled| {
        std::fs::remove_dir_all(sled).unwrap();
        copy_tree(&other.options().sled(), sled);
    });
}

#[test]
fn an_older_sled_is_caught_up() {
    let folder = Folder::new();
    let (store, _) = folder.open();
    fill(&store, 0, 30);
    store.maintain(Pace::Idle).unwrap();
    let older = folder.copy();
    fill(&store, 30, 90);
    let rows = everything(&store);
    let killed = folder.copy();
    store.close().unwrap();
    drop(store);
    for (folder, is_clean) in [(&killed, false), (&folder, true)] {
        let sled = folder.options().sled();
        std::fs::remove_dir_all(&sled).unwrap();
        copy_tree(&older.options().sled(), &sled);
        match assert_whole(folder, &rows).state {
            StateReport::Replayed { records } => assert!(records >= 60 && !is_clean),
            // The last run did not leave these files.
            StateReport::Rebuilt { because, .. } => assert!(because.contains("not what the last run left") && is_clean),
            other => panic!("{other:?}"),
        }
    }
}

/// Flips in sled's file, one start per flip: nothing is lost, whatever sled makes of it.
#[test]
fn a_flipped_byte_in_sled_loses_nothing() {
    let (folder, rows) = killed();
    let len = std::fs::metadata(folder.options().sled().join("db")).unwrap().len();
    for step in 0..24 {
        let copy = folder.copy();
        let db = copy.options().sled().join("db");
        let mut bytes = std::fs::read(&db).unwrap();
        let at = usize::try_from(len * step / 24).unwrap() + 13;
        if at < bytes.len() {
            bytes[at] ^= 0x40;
        }
        std::fs::write(&db, bytes).unwrap();
        assert_whole(&copy, &rows);
    }
}

#[test]
fn a_doubtful_state_is_kept_aside_once() {
    let (folder, mut rows) = killed();
    for _ in 0..3 {
        std::fs::write(folder.options().path.join("sled.doubtful"), "a test").unwrap();
        let report = assert_whole(&folder, &rows);
        assert!(matches!(report.state, StateReport::Rebuilt { because, .. } if because == "a test"));
        assert!(report.quarantined.unwrap().exists());
        // The check above wrote a row.
        rows = everything(&folder.open().0);
    }
    let names = std::fs::read_dir(folder.options().path).unwrap();
    let kept = names
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("sled.quarantine-"));
    assert_eq!(kept.count(), 1);
}

#[test]
fn a_damaged_snapshot_gives_way_to_the_one_before() {
    let (folder, rows) = closed();
    std::fs::remove_dir_all(folder.options().sled()).unwrap();
    let newest = crate::store::snapshot::list_snapshots(&folder.options().snapshots())
        .unwrap()
        .remove(0);
    let mut bytes = std::fs::read(&newest.path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&newest.path, bytes).unwrap();
    let report = assert_whole(&folder, &rows);
    assert!(
        matches!(report.state, StateReport::Rebuilt { snapshot_seq, .. } if snapshot_seq > 0 && snapshot_seq < newest.end_seq)
    );
}

#[test]
fn without_any_snapshot_a_pruned_journal_is_not_enough() {
    let (folder, rows) = closed();
    let journal = crate::store::journal::segment::list_segments(&folder.options().journal()).unwrap();
    assert!(journal[0].first_seq > 1, "the journal was pruned");
    for snapshot in crate::store::snapshot::list_snapshots(&folder.options().snapshots()).unwrap() {
        std::fs::write(snapshot.path, "gone").unwrap();
    }
    // A good sled does not need them, not even after a doubt: every row of it is checked ...
    folder.open().0.close().unwrap();
    std::fs::write(folder.options().doubt(), "a test").unwrap();
    std::fs::remove_file(folder.options().path.join("last-run")).unwrap();
    let report = assert_whole(&folder, &rows);
    assert!(
        report.concerns[0].contains("no readable snapshot"),
        "{:?}",
        report.concerns
    );
    // ... but one that lacks a row is no way out, and is left where it is.
    let db = sled::open(folder.options().sled()).unwrap();
    db.remove(document(1, 7)).unwrap().unwrap();
    db.flush().unwrap();
    drop(db);
    let mut options = folder.options();
    options.boot_id = "boot-2".to_owned();
    for _ in 0..2 {
        let error = folder.try_open(options.clone()).err().unwrap();
        assert!(matches!(error, StoreError::SnapshotDamaged { .. }), "{error}");
    }
    assert!(folder.options().sled().join("db").exists());
    assert!(!folder.options().path.join("sled.quarantine-1").exists());
}

/// The journal of a killed process cut anywhere: sled has the first 40 records only, and the journal
/// itself says that there were more.
#[test]
fn a_cut_journal_is_never_taken_for_a_whole_one() {
    let folder = Folder::new();
    let (store, _) = folder.open();
    for n in 0..50 {
        store.commit(&[batch(vec![put(document(1, n), vec![3; 9])])]).unwrap();
        if n == 39 {
            store.maintain(Pace::Idle).unwrap();
        }
    }
    let killed = folder.copy();
    let segment = crate::store::journal::segment::list_segments(&killed.options().journal())
        .unwrap()
        .remove(0)
        .path;
    let whole = std::fs::read(&segment).unwrap();
    for cut in (0..whole.len()).rev().step_by(23).chain([whole.len() - 1]) {
        std::fs::write(&segment, &whole[..cut]).unwrap();
        match killed.try_open(killed.options()) {
            Ok((_, report)) => panic!("cut at {cut} opened with {}", report.last_seq),
            Err(StoreError::JournalDamaged { .. }) => {}
            Err(other) => panic!("cut at {cut}: {other}"),
        }
    }
}

/// After a clean stop, or once sled has it, the last record is known; and a kill changes no byte.
/// So a flip in it is damage, not an interrupted write.
#[test]
fn a_damaged_last_record_is_no_tail_when_it_was_acknowledged() {
    for (folder, _) in [closed(), killed(), {
        let k = killed();
        drop(k.0.open().0.maintain(Pace::Idle));
        k
    }] {
        let path = crate::store::journal::segment::list_segments(&folder.options().journal())
            .unwrap()
            .pop()
            .unwrap()
            .path;
        let mut bytes = std::fs::read(&path).unwrap();
        let at = bytes.len() - 3;
        bytes[at] ^= 4;
        std::fs::write(&path, &bytes).unwrap();
        let error = folder.try_open(folder.options()).err().unwrap();
        assert!(matches!(error, StoreError::JournalDamaged { .. }), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "evidence is left as it is");
    }
}

#[test]
fn garbage_behind_the_end_is_cut() {
    for (folder, rows) in [closed(), killed()] {
        let path = crate::store::journal::segment::list_segments(&folder.options().journal())
            .unwrap()
            .pop()
            .unwrap()
            .path;
        let mut bytes = std::fs::read(&path).unwrap();
        let end = bytes.len() as u64;
        bytes.extend_from_slice(&[0; 700]);
        bytes.extend_from_slice(&[0x5A; 300]);
        std::fs::write(&path, &bytes).unwrap();
        if folder.options().path.join("last-run").exists() {
            let marker = std::fs::read_to_string(folder.options().path.join("last-run")).unwrap();
            if marker.starts_with("open") {
                // In the same boot nobody writes garbage: it may have been a record.
                let error = folder.try_open(folder.options()).err().unwrap();
                assert!(matches!(error, StoreError::JournalDamaged { .. }), "{error}");
            }
        }
        let mut options = folder.options();
        options.boot_id = "boot-2".to_owned();
        let (store, report) = folder.try_open(options).unwrap();
        assert_eq!(everything(&store), rows);
        let cut = report.cut.unwrap();
        assert_eq!((cut.offset, cut.bytes), (end, 1000));
    }
}

#[test]
fn a_damaged_journal_can_be_read_but_not_written() {
    for with_sled in [true, false] {
        let (folder, rows) = closed();
        let segments = crate::store::journal::segment::list_segments(&folder.options().journal()).unwrap();
        std::fs::remove_file(folder.options().path.join("last-run")).unwrap();
        std::fs::remove_file(&segments[segments.len() - 1].path).unwrap();
        if !with_sled {
            std::fs::remove_dir_all(folder.options().sled()).unwrap();
        }
        let mut options = folder.options();
        options.on_damage = OnDamage::OpenReadOnly;
        if with_sled {
            assert!(matches!(
                folder.try_open(folder.options()),
                Err(StoreError::JournalDamaged { .. })
            ));
            let (store, report) = folder.try_open(options).unwrap();
            assert!(report.damage.is_some());
            assert_eq!(everything(&store), rows, "sled has everything");
            assert!(matches!(
                store.commit(&[batch(vec![put([9], "x")])]),
                Err(StoreError::ReadOnly)
            ));
            assert!(store.stats().refusing.is_some());
            // The way out: export, and import into a new folder.
            let mut backup = Vec::new();
            store.export(&mut backup).unwrap();
            let fresh = Folder::new();
            let (fresh_store, _) = fresh.open();
            fresh_store.import(&mut backup.as_slice(), [3; 16]).unwrap();
            assert_eq!(everything(&fresh_store).len(), rows.len());
            store.close().unwrap();
            drop(store);
            assert!(
                folder.try_open(folder.options()).is_err(),
                "closing it did not make it good"
            );
        }
    }
}

#[test]
fn a_lost_journal_is_damage() {
    let (folder, rows) = closed();
    std::fs::remove_dir_all(folder.options().journal()).unwrap();
    assert!(matches!(
        folder.try_open(folder.options()),
        Err(StoreError::JournalDamaged { .. })
    ));
    let mut options = folder.options();
    options.on_damage = OnDamage::OpenReadOnly;
    std::fs::remove_dir_all(folder.options().sled()).unwrap();
    let (store, report) = folder.try_open(options).unwrap();
    assert!(matches!(report.state, StateReport::Rebuilt { snapshot_seq, .. } if snapshot_seq > 100));
    assert!(everything(&store).len() < rows.len());
}

#[test]
fn an_interrupted_creation_is_begun_again() {
    let folder = Folder::new();
    let options = folder.options();
    std::fs::create_dir_all(options.journal()).unwrap();
    std::fs::write(options.journal().join("00000000000000000001.journal.tmp"), "half").unwrap();
    let (store, report) = folder.open();
    assert_eq!(report.state, StateReport::Created);
    assert_eq!(store.epoch(), FRESH);
    store.commit(&[batch(vec![put([9], "x")])]).unwrap();
    let killed = folder.copy();
    // Killed between the first journal file and everything else.
    std::fs::remove_dir_all(killed.options().sled()).unwrap();
    std::fs::remove_file(killed.options().path.join("last-run")).unwrap();
    assert_eq!(killed.open().0.epoch(), FRESH);
}

#[test]
fn snapshots_and_journal_are_pruned() {
    let folder = Folder::new();
    let mut options = folder.options();
    options.segment_bytes = 20_000;
    options.snapshot_after_bytes = 100_000;
    let (store, _) = folder.try_open(options.clone()).unwrap();
    for n in 0..3000_u32 {
        store
            .commit(&[with_event(vec![put(document(1, n % 100), format!("{n:0300}"))], "e")])
            .unwrap();
        store
            .maintain(if n % 50 == 0 { Pace::Idle } else { Pace::Busy })
            .unwrap();
    }
    let snapshots = crate::store::snapshot::list_snapshots(&options.snapshots()).unwrap();
    assert_eq!(snapshots.len(), 2);
    let segments = crate::store::journal::segment::list_segments(&options.journal()).unwrap();
    assert!(segments[0].first_seq > 1000, "{segments:?}");
    assert!(
        segments[0].first_seq <= snapshots[1].end_seq + 1,
        "the journal reaches back to the older snapshot"
    );
    let rows = everything(&store);
    for lost in [0, 1] {
        let copy = folder.copy();
        std::fs::remove_dir_all(copy.options().sled()).unwrap();
        if lost == 1 {
            let newest = copy.options().snapshots().join(snapshots[0].path.file_name().unwrap());
            std::fs::write(newest, "damaged").unwrap();
        }
        assert_whole(&copy, &rows);
    }
}

/// Rows change, appear and vanish while a snapshot is written, and it is right all the same.
#[test]
fn a_snapshot_written_between_commits_is_consistent() {
    let folder = Folder::new();
    let (store, _) = folder.open();
    store
        .commit(&[batch((0..400).map(|n| put(document(1, n), vec![1; 4000])).collect())])
        .unwrap();
    store.maintain(Pace::Idle).unwrap();
    store.request_snapshot().unwrap();
    let mut round = 0;
    while store.maintain(Pace::Busy).unwrap() == crate::store::Upkeep::More {
        round += 1;
        let moved = document(1, round);
        let ops = vec![
            crate::store::Op::Delete { key: moved },
            put(document(1, 1000 + round), "moved"),
            put(document(1, 399 - round), "changed"),
        ];
        store.commit(&[with_event(ops, "e")]).unwrap();
    }
    assert!(round >= 2, "the snapshot took several slices");
    let rows = everything(&store);
    let copy = folder.copy();
    std::fs::remove_dir_all(copy.options().sled()).unwrap();
    let report = assert_whole(&copy, &rows);
    assert!(matches!(report.state, StateReport::Rebuilt { snapshot_seq, .. } if snapshot_seq > 1));
}

#[test]
fn a_wrong_row_in_sled_and_journal_is_named() {
    // A store whose rows were written under other rules for digests does not add up.
    struct Nothing;
    impl crate::store::Derive for Nothing {
        fn derive(&self, _: &[u8], _: Option<&[u8]>, _: Option<&[u8]>) -> Vec<crate::store::Derived> {
            Vec::new()
        }
        fn digest_group(&self, _: &[u8]) -> Option<[u8; 16]> {
            None
        }
    }
    let folder = Folder::new();
    let (store, _) = DiskStore::open(folder.options(), std::sync::Arc::new(Nothing)).unwrap();
    store.commit(&[batch(vec![put(document(5, 1), "x")])]).unwrap();
    let killed = folder.copy();
    match killed.try_open(killed.options()).err().unwrap() {
        StoreError::DigestMismatch { group } => assert_eq!(group, "05".repeat(16)),
        other => panic!("{other}"),
    }
}
