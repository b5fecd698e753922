//! Data of other versions: older ones are read and brought up to date, newer ones are named.

use std::fs;
use std::sync::Arc;

use counterfoil::store::envelope::{INLINE, envelope};
use counterfoil::store::journal::record::{Kind, encode};
use counterfoil::store::journal::segment::{Header, Witness};
use counterfoil::store::snapshot::{list_snapshots, snapshot_path};
use counterfoil::store::{StateReport, Store, StoreError};
use tempfile::TempDir;

use super::ledger::SCHEMA;
use super::scene::{End, HEADER, RECORDS, Scene, next_boot, open, options};

const NOTHING: Witness = Witness { seq: 0, sealed: false };

/// Rewrites a journal as the first version of the format had it: a head of 40 bytes, no witness.
fn as_first_format(folder: &TempDir) {
    for segment in counterfoil::store::journal::segment::list_segments(&options(folder.path()).journal()).unwrap() {
        let bytes = fs::read(&segment.path).unwrap();
        let header = Header {
            format: 1,
            ..Header::decode(&bytes).unwrap()
        };
        let old = [header.encode(NOTHING).as_slice(), &bytes[HEADER..]].concat();
        fs::write(&segment.path, old).unwrap();
    }
}

/// A marker without what was added to it later.
fn as_first_marker(folder: &TempDir) {
    let path = options(folder.path()).path.join("last-run");
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().take(3).collect();
    let body = format!("{}\n", lines.join("\n"));
    fs::write(&path, format!("{body}{:08x}\n", crc32fast::hash(body.as_bytes()))).unwrap();
}

#[test]
fn a_store_of_the_first_format_is_read_whole_and_goes_on_in_the_new_one() {
    for end in [End::Clean, End::Killed, End::PowerCut] {
        for snapshots in [[].as_slice(), &[90, 140]] {
            let mut scene = Scene::new(end, 150, snapshots);
            let copy = scene.copy();
            as_first_format(&copy);
            as_first_marker(&copy);
            for (round, is_next_boot) in [(1, end == End::PowerCut), (2, false), (3, true)] {
                let what = format!("{end:?}, snapshots {snapshots:?}, start {round}");
                let settings = options(copy.path());
                let settings = if is_next_boot { next_boot(settings) } else { settings };
                let store: Arc<dyn Store> =
                    Arc::new(open(settings).unwrap_or_else(|error| panic!("{what}: {error}")).0);
                scene.ledger.assert_whole(&store, &what);
                let n = RECORDS + round;
                store.commit(&[scene.ledger.batch(n)]).unwrap();
                scene.ledger.acknowledge(n);
                if round == 2 {
                    store.close().unwrap();
                }
            }
        }
    }
}

#[test]
fn a_newer_journal_is_named() {
    let scene = Scene::new(End::Clean, 150, &[]);
    let segments = scene.segments();
    for segment in [&segments[0], &segments[segments.len() - 1]] {
        let whole = fs::read(segment).unwrap();
        let newer = Header {
            format: 3,
            ..Header::decode(&whole).unwrap()
        };
        fs::write(segment, newer.encode(NOTHING)).unwrap();
        // After a clean stop the older segments are not read.
        match open(next_boot(scene.options())) {
            Err(
                error @ StoreError::FormatTooNew {
                    found: 3, supported: 2, ..
                },
            ) => {
                assert_eq!(error.code(), "format_too_new");
                assert!(error.to_string().contains(&*segment.to_string_lossy()), "{error}");
                assert!(error.way_out().unwrap().contains("newer"));
            }
            Err(other) => panic!("{other}"),
            Ok(_) => assert_eq!(segment, &segments[0]),
        }
        fs::write(segment, whole).unwrap();
    }
}

#[test]
fn a_newer_snapshot_is_named() {
    let scene = Scene::new(End::Killed, 150, &[90, 140]);
    let copy = scene.copy();
    let folder = options(copy.path()).snapshots();
    let newest = list_snapshots(&folder).unwrap().remove(0);
    assert_eq!(newest.path, snapshot_path(&folder, 140));
    let mut head = 2_u32.to_le_bytes().to_vec();
    head.extend_from_slice(&super::ledger::FRESH);
    head.extend_from_slice(b"and something else");
    fs::write(&newest.path, encode(Kind::SnapshotHead, 139, &head, 0).unwrap().0).unwrap();
    match open(next_boot(options(copy.path()))) {
        Err(StoreError::FormatTooNew {
            path,
            found: 2,
            supported: 1,
        }) => assert_eq!(path, newest.path),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it opened"),
    }
}

#[test]
fn newer_rows_are_named() {
    let scene = Scene::new(End::Clean, 150, &[]);
    let mut newer = scene.options();
    newer.schema = SCHEMA + 1;
    let (store, _) = open(newer).unwrap();
    store.raise_schema(SCHEMA + 1).unwrap();
    store.close().unwrap();
    drop(store);
    match open(scene.options()) {
        Err(error @ StoreError::SchemaTooNew { .. }) => assert_eq!(error.code(), "schema_too_new"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it opened"),
    }
}

/// The index has no version of its own: one that is not exactly as this program writes it is made
/// again.
#[test]
fn an_index_of_another_program_is_made_again() {
    let applied = [0xFF, b'a'];
    let tally = [0xFF, b't'];
    for (what, key, body) in [
        (
            "a longer applied row",
            applied,
            Some([7; 16].into_iter().chain([0; 9]).collect::<Vec<u8>>()),
        ),
        ("no tally", tally, None),
        ("another tally", tally, Some(vec![1; 24])),
    ] {
        let scene = Scene::new(End::Killed, 150, &[]);
        let copy = scene.copy();
        let db = sled::open(options(copy.path()).sled()).unwrap();
        match body {
            Some(body) => drop(db.insert(key, envelope(INLINE, &key, &body)).unwrap()),
            None => drop(db.remove(key).unwrap()),
        }
        db.flush().unwrap();
        drop(db);
        let (store, report) = open(options(copy.path())).unwrap();
        assert!(
            matches!(report.state, StateReport::Rebuilt { .. }),
            "{what}: {:?}",
            report.state
        );
        let store: Arc<dyn Store> = Arc::new(store);
        scene.ledger.assert_whole(&store, what);
    }
}
