use std::path::PathBuf;

use crate::app::opened::findings;
use crate::store::journal::BadTail;
use crate::store::marker::Stop;
use crate::store::{OpenReport, StateReport, StoreError};

fn report() -> OpenReport {
    OpenReport {
        stop: Stop::Clean,
        state: StateReport::Trusted,
        cut: None,
        last_seq: 42,
        named_seq: 42,
        damage: None,
        quarantined: None,
        concerns: Vec::new(),
    }
}

#[test]
fn an_ordinary_start_is_one_quiet_sentence() {
    let found = findings(&report());
    assert_eq!(found.len(), 1);
    assert!(!found[0].needs_a_look);
    assert_eq!(
        found[0].text,
        "the last run stopped cleanly; the store is complete up to commit 42"
    );
}

#[test]
fn what_was_mended_is_told_in_words_and_what_needs_a_look_is_marked() {
    let tail = BadTail {
        segment: PathBuf::from("journal/7"),
        offset: 10,
        bytes: 12,
        seq: 43,
        interrupted: true,
    };
    let rebuilt = StateReport::Rebuilt {
        because: "a value failed its checksum".into(),
        snapshot_seq: 30,
    };
    let found = findings(&OpenReport {
        stop: Stop::SameBoot,
        state: rebuilt.clone(),
        cut: Some(tail),
        quarantined: Some(PathBuf::from("sled.quarantine-1")),
        damage: Some(StoreError::ReadOnly),
        ..report()
    });
    let marks: Vec<bool> = found.iter().map(|finding| finding.needs_a_look).collect();
    assert_eq!(marks, [true, false, true, true]);
    let text = found
        .iter()
        .map(|finding| finding.text.as_str())
        .collect::<Vec<_>>()
        .join("\n");
    for words in [
        "snapshot of commit 30",
        "a value failed its checksum",
        "12 bytes",
        "sled.quarantine-1",
        "read-only",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    for code in ["Rebuilt", "Some(", "BadTail", "SameBoot"] {
        assert!(!text.contains(code), "{code} in {text}");
    }
    // After a power cut the index is built again every time.
    let after_power_cut = findings(&OpenReport {
        stop: Stop::NewBoot,
        state: rebuilt,
        ..report()
    });
    assert!(!after_power_cut[0].needs_a_look);
}
