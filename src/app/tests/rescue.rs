//! A damaged store is saved into a new folder.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::app::rescue::{RescueError, rescue};
use crate::model::ids::TenantId;
use crate::model::row::{Mapping, MappingKind};
use crate::model::time::Timestamp;
use crate::model::write::Write;
use crate::store::journal::segment::{HEADER_BYTES, list_segments};
use crate::store::journal::writer::JournalOptions;
use crate::store::journal::{Depth, JournalWriter, survey};
use crate::store::reader::Reader;
use crate::store::rows::{Rows, batch};
use crate::store::{DiskStore, OpenOptions, Pace, Store, Upkeep, Urgency};

const RECORDS: u64 = 60;

fn options(folder: &Path) -> OpenOptions {
    let boot_id = crate::store::marker::current_boot_id().unwrap();
    let mut options = OpenOptions::new(folder, [7; 16], 1, boot_id);
    options.reserve_bytes = 0;
    options.ballast_bytes = 0;
    options.segment_bytes = 2000;
    options
}

fn tenant() -> TenantId {
    TenantId::from_parts(1, 1)
}

/// A killed daemon's folder with a mapping in each record; the index has them up to this one.
fn store(in_index: u64) -> tempfile::TempDir {
    let work = tempfile::tempdir().unwrap();
    let (store, _) = DiskStore::open(options(&work.path().join("live")), Arc::new(Rows)).unwrap();
    for n in 2..=RECORDS {
        let mapping = Mapping {
            tenant: tenant(),
            kind: MappingKind::NominalCodes,
            key: n.to_string(),
            value: "200".to_owned(),
            set_at: Timestamp(0),
        };
        let write = Write::Mapping(Box::new(mapping));
        store.commit(&[batch(&[write], Urgency::NewWork).unwrap()]).unwrap();
        if n == in_index {
            while store.maintain(Pace::Idle).unwrap() == Upkeep::More {}
        }
    }
    let (live, data) = (work.path().join("live"), work.path().join("data"));
    crate::store::tests::subject::copy_tree(&live, &data);
    fs::write(data.join("admin-token"), "cft_secret").unwrap();
    work
}

/// Flips a bit in the middle of a segment.
fn damage(data: &Path, segment: usize) {
    let path = &list_segments(&options(data).journal()).unwrap()[segment].path;
    let mut bytes = fs::read(path).unwrap();
    let at = HEADER_BYTES + (bytes.len() - HEADER_BYTES) / 2;
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn mappings(folder: &Path) -> usize {
    let (store, report) = DiskStore::open(options(folder), Arc::new(Rows)).unwrap();
    assert!(report.damage.is_none());
    let reader = Reader::new(Arc::new(store));
    reader.mappings(tenant(), MappingKind::NominalCodes).unwrap().len()
}

#[test]
fn damage_that_the_index_is_beyond_costs_nothing() {
    for (in_index, segment) in [(RECORDS, 1), (40, 1), (40, 0)] {
        let work = store(in_index);
        let (data, new) = (work.path().join("data"), work.path().join("new"));
        damage(&data, segment);
        let before = DiskStore::open(options(&data), Arc::new(Rows)).err().unwrap();
        assert_eq!(before.code(), "journal_damaged");
        let rescued = rescue(&data, &new).unwrap();
        assert_eq!((rescued.saved_seq, rescued.named_seq), (RECORDS, RECORDS));
        assert_eq!(rescued.damage, before.to_string());
        assert_eq!(mappings(&new), 59);
        assert_eq!(fs::read_to_string(new.join("admin-token")).unwrap(), "cft_secret");
        // Cursors into the feed stay good.
        let epoch = DiskStore::open(options(&new), Arc::new(Rows)).unwrap().0.epoch();
        assert_eq!(epoch, [7; 16]);
        let again = DiskStore::open(options(&data), Arc::new(Rows)).err().unwrap();
        assert_eq!(again.to_string(), before.to_string(), "the old folder is as it was");
    }
}

#[test]
fn what_is_missing_is_said() {
    let work = store(10);
    let (data, new) = (work.path().join("data"), work.path().join("new"));
    damage(&data, 2);
    let rescued = rescue(&data, &new).unwrap();
    assert!(rescued.saved_seq > 20 && rescued.saved_seq < RECORDS, "{rescued:?}");
    assert_eq!(rescued.named_seq, RECORDS);
    assert_eq!(u64::try_from(mappings(&new)).unwrap(), rescued.saved_seq - 1);
    assert_ne!(
        DiskStore::open(options(&new), Arc::new(Rows)).unwrap().0.epoch(),
        [7; 16]
    );
}

/// A record that is intact and means nothing, as a program with a defect would write it, keeps the
/// daemon from starting; what was before it can be had.
#[test]
fn a_record_that_means_nothing_ends_what_can_be_saved() {
    for (in_index, is_after_power_cut) in [(RECORDS, false), (40, false), (40, true)] {
        let work = store(in_index);
        let (data, new) = (work.path().join("data"), work.path().join("new"));
        let settings = options(&data);
        let found = survey(&settings.journal(), Depth::Everything).unwrap().unwrap();
        let journal_options = JournalOptions {
            segment_bytes: 1 << 20,
            disk: Arc::clone(&settings.disk),
            on_sync_failure: settings.on_sync_failure,
        };
        let mut journal = JournalWriter::open(&found, &settings.journal(), journal_options).unwrap();
        journal.append(b"\x07 no changes").unwrap();
        journal.append(b"\x08 none either").unwrap();
        drop(journal);
        if is_after_power_cut {
            fs::remove_file(data.join("last-run")).unwrap();
        }
        for _ in 0..2 {
            let before = DiskStore::open(options(&data), Arc::new(Rows)).err().unwrap();
            assert_eq!(before.code(), "journal_damaged");
            assert!(
                before.to_string().contains("record 61 cannot be understood"),
                "{before}"
            );
            assert!(!data.join("sled.quarantine-1").exists(), "the index is where it was");
        }
        let rescued = rescue(&data, &new).unwrap();
        assert_eq!((rescued.saved_seq, rescued.named_seq), (RECORDS, RECORDS + 2));
        assert_eq!(mappings(&new), 59);
    }
}

#[test]
fn nothing_is_made_overwritten_or_rescued_without_need() {
    let work = store(10);
    let (data, new) = (work.path().join("data"), work.path().join("new"));
    assert!(matches!(
        rescue(&work.path().join("typo"), &new),
        Err(RescueError::Io { .. })
    ));
    assert!(!work.path().join("typo").exists());
    assert!(matches!(rescue(&data, &new), Err(RescueError::NotDamaged(_))));
    assert!(!new.exists());
    damage(&data, 1);
    fs::create_dir(&new).unwrap();
    fs::write(new.join("something"), "else").unwrap();
    assert!(matches!(rescue(&data, &new), Err(RescueError::NotEmpty(_))));
}
