//! Records and rows on which the program itself fails: a start says so by name, every time, and what
//! ends the process while it opens the index cannot do so for ever.

use std::fs;
use std::panic::resume_unwind;
use std::sync::Arc;

use counterfoil::store::journal::{Depth, JournalWriter, survey, writer::JournalOptions};
use counterfoil::store::rows::{Rows, keys};
use counterfoil::store::{Derive, Derived, DiskStore, StateReport, Store};

use super::scene::{End, Scene, next_boot, open, options};

/// The typed layer with a defect: it panics when it meets a certain table.
struct Defective;

impl Derive for Defective {
    fn derive(&self, key: &[u8], old: Option<&[u8]>, new: Option<&[u8]>) -> Vec<Derived> {
        Rows.derive(key, old, new)
    }

    fn digest_group(&self, key: &[u8]) -> Option<[u8; 16]> {
        if key.first() == Some(&keys::MAPPINGS) {
            // A panic that prints nothing.
            resume_unwind(Box::new("a defect"));
        }
        Rows.digest_group(key)
    }
}

#[test]
fn a_row_that_makes_the_program_panic_is_a_named_refusal() {
    let scene = Scene::new(End::Killed, 150, &[]);
    for is_next_boot in [false, true] {
        let copy = scene.copy();
        for _ in 0..4 {
            let settings = options(copy.path());
            let settings = if is_next_boot { next_boot(settings) } else { settings };
            match DiskStore::open(settings, Arc::new(Defective)) {
                Err(error) => {
                    assert_eq!(error.code(), "store_defect", "{error}");
                    assert_eq!(
                        error.to_string(),
                        "the program panicked while checking the digests of the rows"
                    );
                    assert!(error.way_out().unwrap().contains("report this"));
                }
                Ok(_) => panic!("it opened"),
            }
        }
        // A program without the defect finds everything.
        let store: Arc<dyn Store> = Arc::new(open(options(copy.path())).unwrap().0);
        scene.ledger.assert_whole(&store, "after the defect");
    }
}

/// A record that is intact and means nothing, as a program with a defect would write it.
#[test]
fn a_record_that_cannot_be_understood_is_a_named_refusal() {
    let scene = Scene::new(End::Killed, 150, &[]);
    let copy = scene.copy();
    let settings = options(copy.path());
    let found = survey(&settings.journal(), Depth::Everything).unwrap().unwrap();
    let journal_options = JournalOptions {
        segment_bytes: 1 << 20,
        disk: Arc::clone(&settings.disk),
        on_sync_failure: settings.on_sync_failure,
    };
    let mut journal = JournalWriter::open(&found, &settings.journal(), journal_options).unwrap();
    journal.append(b"\x07 no changes").unwrap();
    drop(journal);
    for is_next_boot in [false, true, false] {
        let settings = options(copy.path());
        let settings = if is_next_boot { next_boot(settings) } else { settings };
        match open(settings) {
            Err(error) => {
                assert_eq!(error.code(), "journal_damaged", "{error}");
                assert!(error.to_string().contains("record 202 cannot be understood"), "{error}");
            }
            Ok(_) => panic!("it opened"),
        }
    }
}

/// Twice the process ended while it was opening: the third start does without the index.
#[test]
fn an_index_that_ends_the_process_is_put_aside_by_the_third_start() {
    let scene = Scene::new(End::Killed, 150, &[]);
    let copy = scene.copy();
    let count = options(copy.path()).path.join("opening");
    for (ended_before, is_put_aside) in [(0, false), (1, false), (2, true), (7, true)] {
        if ended_before > 0 {
            fs::write(&count, ended_before.to_string()).unwrap();
        }
        let (store, report) = open(options(copy.path())).unwrap();
        assert!(!count.exists(), "a start that ends well is forgotten");
        match report.state {
            StateReport::Rebuilt { because, .. } => {
                assert!(is_put_aside && because.contains("the last starts ended"), "{because}");
                assert!(report.quarantined.is_some(), "it is kept for inspection");
            }
            other => assert!(!is_put_aside, "{ended_before}: {other:?}"),
        }
        let store: Arc<dyn Store> = Arc::new(store);
        scene.ledger.assert_whole(&store, "after ended starts");
    }
}
