//! Tests of the journal: every byte of it cut, flipped and zeroed.

#![expect(clippy::as_conversions, reason = "small known numbers")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::record::{Kind, encode};
use super::segment::{HEADER_BYTES, Header, Witness, list_segments, segment_path};
use super::writer::JournalOptions;
use super::{Depth, JournalWriter, Survey, read_records, survey};
use crate::store::StoreError;
use crate::store::files::{OnSyncFailure, RealDisk};

fn options(segment_bytes: u64) -> JournalOptions {
    JournalOptions {
        segment_bytes,
        disk: Arc::new(RealDisk),
        on_sync_failure: OnSyncFailure::Error,
    }
}

fn payload(seq: u64) -> Vec<u8> {
    let len = usize::try_from(seq * 7 % 40).unwrap();
    vec![u8::try_from(seq % 251).unwrap(); len]
}

/// A journal of `records` records; answers where each record of the last segment ends.
fn journal(folder: &Path, records: u64, segment_bytes: u64) -> Vec<u64> {
    let mut writer = JournalWriter::create(folder, [1; 16], &payload(1), options(segment_bytes)).unwrap();
    let mut ends = vec![std::fs::metadata(last(folder)).unwrap().len()];
    for seq in 2..=records {
        assert_eq!(writer.append(&payload(seq)).unwrap(), seq);
        ends.push(std::fs::metadata(last(folder)).unwrap().len());
    }
    ends
}

fn last(folder: &Path) -> PathBuf {
    list_segments(folder).unwrap().pop().unwrap().path
}

fn survey_all(folder: &Path) -> Survey {
    survey(folder, Depth::Everything).unwrap().unwrap()
}

fn records(folder: &Path, after: u64, through: u64) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    let mut found = Vec::new();
    read_records(folder, after, through, &mut |seq, payload| {
        found.push((seq, payload.to_vec()));
        Ok(())
    })?;
    Ok(found)
}

#[test]
fn what_was_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    journal(folder.path(), 50, 200);
    assert!(list_segments(folder.path()).unwrap().len() > 5);
    for depth in [Depth::Everything, Depth::LastSegment] {
        let survey = survey(folder.path(), depth).unwrap().unwrap();
        assert_eq!((survey.first_seq, survey.last_seq), (1, 50));
        assert_eq!((survey.tail, survey.damage.is_none()), (None, true));
    }
    for (after, through) in [(0, 50), (10, 50), (49, 50), (50, 50), (3, 7)] {
        let expected: Vec<_> = (after + 1..=through).map(|seq| (seq, payload(seq))).collect();
        assert_eq!(records(folder.path(), after, through).unwrap(), expected);
    }
    assert!(matches!(
        records(folder.path(), 0, 51),
        Err(StoreError::JournalDamaged { .. })
    ));
}

#[test]
fn writing_goes_on_where_a_survey_ended() {
    let folder = tempfile::tempdir().unwrap();
    journal(folder.path(), 5, 200);
    for seq in 6..30 {
        let mut writer = JournalWriter::open(&survey_all(folder.path()), folder.path(), options(200)).unwrap();
        assert_eq!(writer.append(&payload(seq)).unwrap(), seq);
    }
    assert_eq!(records(folder.path(), 0, 29).unwrap().len(), 29);
}

/// Cut anywhere, the rest is a prefix of what was written and the cut is never taken for damage.
#[test]
fn a_cut_at_every_byte_leaves_a_prefix() {
    let folder = tempfile::tempdir().unwrap();
    let ends = journal(folder.path(), 50, 1 << 20);
    let path = last(folder.path());
    let whole = std::fs::read(&path).unwrap();
    for cut in HEADER_BYTES..whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let survey = survey_all(folder.path());
        let intact = ends.iter().filter(|end| **end <= cut as u64).count() as u64;
        assert_eq!(survey.last_seq, intact, "cut at {cut}");
        assert!(survey.damage.is_none());
        assert!(survey.tail.as_ref().is_none_or(|tail| tail.interrupted));
        assert_eq!(
            survey.tail.is_some(),
            !ends.contains(&(cut as u64)) && cut > HEADER_BYTES
        );
        assert_eq!(records(folder.path(), 0, intact).unwrap().len() as u64, intact);
    }
    for cut in 0..HEADER_BYTES {
        std::fs::write(&path, &whole[..cut]).unwrap();
        assert!(matches!(
            survey(folder.path(), Depth::Everything),
            Err(StoreError::JournalDamaged { .. })
        ));
    }
}

/// A power cut may leave the last, unsynced write as zeros, garbage, or with pages missing.
#[test]
fn an_interrupted_last_write_is_a_tail_whatever_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let ends = journal(folder.path(), 50, 1 << 20);
    let path = last(folder.path());
    let whole = std::fs::read(&path).unwrap();
    let start = usize::try_from(ends[48]).unwrap();
    for from in start..whole.len() {
        for filler in [0_u8, 0xFF, 1] {
            let mut torn = whole.clone();
            torn[from..].fill(filler);
            if torn == whole {
                continue;
            }
            torn.extend_from_slice(&[0; 64]);
            std::fs::write(&path, &torn).unwrap();
            let survey = survey_all(folder.path());
            assert_eq!(survey.last_seq, 49, "from {from}");
            assert!(survey.damage.is_none() && survey.tail.is_some());
        }
    }
}

/// One flipped bit in any record but the last is damage; in the last one it looks like a tail.
#[test]
fn a_flip_at_every_byte_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let ends = journal(folder.path(), 50, 1 << 20);
    let path = last(folder.path());
    let whole = std::fs::read(&path).unwrap();
    let last_start = usize::try_from(ends[48]).unwrap();
    for at in HEADER_BYTES..whole.len() {
        let mut bad = whole.clone();
        bad[at] ^= 1 << (at % 8);
        std::fs::write(&path, &bad).unwrap();
        let survey = survey_all(folder.path());
        let intact = ends.iter().filter(|end| **end <= at as u64).count() as u64;
        assert_eq!(survey.last_seq, intact, "flip at {at}");
        assert_eq!(survey.damage.is_some(), at < last_start, "flip at {at}");
        assert_eq!(survey.tail.is_some(), at >= last_start, "flip at {at}");
        let interrupted = survey.tail.is_some_and(|tail| tail.interrupted);
        assert!(!interrupted, "flip at {at} taken for a kill");
    }
}

#[test]
fn damage_in_an_older_segment_is_named() {
    let folder = tempfile::tempdir().unwrap();
    journal(folder.path(), 50, 200);
    let segments = list_segments(folder.path()).unwrap();
    let path = &segments[2].path;
    let whole = std::fs::read(path).unwrap();
    for at in (0..40).chain(HEADER_BYTES..whole.len()) {
        let mut bad = whole.clone();
        bad[at] ^= 0x20;
        std::fs::write(path, &bad).unwrap();
        match survey_all(folder.path()).damage {
            Some(StoreError::JournalDamaged { segment, .. }) => {
                assert_eq!(&segment, path, "flip at {at}")
            }
            other => panic!("flip at {at}: {other:?}"),
        }
    }
    std::fs::write(path, &whole[..whole.len() - 1]).unwrap();
    assert!(survey_all(folder.path()).damage.is_some());
    std::fs::write(path, &whole).unwrap();
    assert!(survey_all(folder.path()).damage.is_none());
}

#[test]
fn missing_and_foreign_segments_are_damage() {
    let folder = tempfile::tempdir().unwrap();
    journal(folder.path(), 50, 200);
    let segments = list_segments(folder.path()).unwrap();
    let aside = folder.path().join("aside");
    std::fs::rename(&segments[3].path, &aside).unwrap();
    let damage = survey_all(folder.path()).damage;
    assert!(matches!(damage, Some(StoreError::JournalDamaged { segment, .. }) if segment == segments[4].path));
    std::fs::rename(&aside, &segments[3].path).unwrap();

    let other = tempfile::tempdir().unwrap();
    let mut writer = JournalWriter::create(other.path(), [2; 16], &payload(1), options(200)).unwrap();
    (2..=50).for_each(|seq| assert_eq!(writer.append(&payload(seq)).unwrap(), seq));
    std::fs::copy(
        other.path().join(segments[3].path.file_name().unwrap()),
        &segments[3].path,
    )
    .unwrap();
    assert!(survey_all(folder.path()).damage.is_some());
}

/// Bytes of an older journal behind the end must not come back as records.
#[test]
fn records_are_not_revived() {
    let folder = tempfile::tempdir().unwrap();
    let ends = journal(folder.path(), 10, 1 << 20);
    let path = last(folder.path());
    let old = std::fs::read(&path).unwrap();
    let at = usize::try_from(ends[4]).unwrap();
    std::fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(ends[4])
        .unwrap();
    let mut writer = JournalWriter::open(&survey_all(folder.path()), folder.path(), options(1 << 20)).unwrap();
    writer.append(b"another record six").unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let six = usize::try_from(ends[5]).unwrap() - at;
    // Record 7 of the old journal right behind the new record 6.
    bytes.extend_from_slice(&old[at + six..usize::try_from(ends[6]).unwrap()]);
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(survey_all(folder.path()).last_seq, 6);
}

/// The journal says itself how far it reached, whatever became of its end.
#[test]
fn a_shortened_segment_still_says_how_far_it_reached() {
    let folder = tempfile::tempdir().unwrap();
    let ends = journal(folder.path(), 20, 1 << 20);
    let path = last(folder.path());
    let whole = std::fs::read(&path).unwrap();
    for cut in ends.iter().map(|end| usize::try_from(*end).unwrap()) {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let survey = survey_all(folder.path());
        assert_eq!((survey.end, survey.witnessed), (cut as u64, 20));
    }
    // One of the two copies spoiled, by a write that was torn: the other is at most one behind.
    for copy in [4096, 8192] {
        let mut torn = whole.clone();
        torn[copy..copy + 4096].fill(0xA5);
        std::fs::write(&path, &torn).unwrap();
        let survey = survey_all(folder.path());
        assert!(survey.damage.is_none() && (survey.witnessed == 19 || survey.witnessed == 20));
    }
}

#[test]
fn a_witness_is_only_about_its_own_segment() {
    let (header, other) = (Header::new([1; 16], 7, 5), Header::new([1; 16], 8, 5));
    let witness = Witness { seq: 9, sealed: true };
    let bytes = header.encode(witness);
    assert_eq!(bytes.len(), HEADER_BYTES);
    assert_eq!(header.witness(&bytes), Some(witness));
    assert_eq!(other.witness(&bytes), None);
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        assert!(
            header.witness(&flipped).is_none_or(|found| found == witness),
            "flip at {at}"
        );
    }
}

#[test]
fn a_lost_last_segment_is_missed() {
    let folder = tempfile::tempdir().unwrap();
    journal(folder.path(), 50, 200);
    std::fs::remove_file(last(folder.path())).unwrap();
    let survey = survey_all(folder.path());
    assert!(
        matches!(&survey.damage, Some(StoreError::JournalDamaged { problem, .. }) if problem.contains("later segment")),
        "{:?}",
        survey.damage
    );
}

/// Segments as the first version of the format had them: a head of 40 bytes, no witness.
fn old_journal(folder: &Path, records: u64, per_segment: u64) {
    let mut chain = 0;
    let mut bytes = Vec::new();
    let mut first_seq = 1;
    for seq in 1..=records {
        if seq == first_seq {
            let header = Header {
                format: 1,
                ..Header::new([1; 16], seq, chain)
            };
            bytes = header.encode(Witness { seq: 0, sealed: false });
            assert_eq!((bytes.len(), &bytes[..8]), (40, b"CFJRNL01".as_slice()));
        }
        let (record, crc) = encode(Kind::Commit, seq, &payload(seq), chain).unwrap();
        bytes.extend_from_slice(&record);
        chain = crc;
        std::fs::write(segment_path(folder, first_seq), &bytes).unwrap();
        if seq - first_seq + 1 == per_segment {
            first_seq = seq + 1;
        }
    }
}

#[test]
fn a_journal_of_the_first_format_is_read_and_continued_in_the_new_one() {
    for records in [7, 10] {
        let folder = tempfile::tempdir().unwrap();
        old_journal(folder.path(), records, 5);
        let survey = survey_all(folder.path());
        assert_eq!((survey.last_seq, survey.format, survey.witnessed), (records, 1, 0));
        let mut writer = JournalWriter::open(&survey, folder.path(), options(1 << 20)).unwrap();
        for seq in records + 1..=records + 5 {
            assert_eq!(writer.append(&payload(seq)).unwrap(), seq);
        }
        let survey = survey_all(folder.path());
        assert_eq!((survey.format, survey.witnessed), (2, records + 5));
        assert!(survey.damage.is_none() && survey.tail.is_none());
        let expected: Vec<_> = (1..=records + 5).map(|seq| (seq, payload(seq))).collect();
        assert_eq!(super::tests::records(folder.path(), 0, records + 5).unwrap(), expected);
        assert_eq!(list_segments(folder.path()).unwrap().len(), 3);
    }
}

#[test]
fn an_empty_last_segment_of_the_first_format_gives_way_to_one_of_the_new() {
    let folder = tempfile::tempdir().unwrap();
    old_journal(folder.path(), 5, 5);
    let header = Header {
        format: 1,
        ..Header::new([1; 16], 6, survey_all(folder.path()).chain)
    };
    let empty = segment_path(folder.path(), 6);
    std::fs::write(&empty, header.encode(Witness { seq: 0, sealed: false })).unwrap();
    let survey = survey_all(folder.path());
    let mut writer = JournalWriter::open(&survey, folder.path(), options(1 << 20)).unwrap();
    assert_eq!(writer.append(b"six").unwrap(), 6);
    let survey = survey_all(folder.path());
    assert_eq!((survey.last_seq, survey.format, &survey.last_segment), (6, 2, &empty));
}

#[test]
fn a_journal_of_a_newer_format_is_named() {
    let folder = tempfile::tempdir().unwrap();
    journal(folder.path(), 30, 200);
    let newer = Header {
        format: 3,
        ..Header::new([1; 16], 1, 0)
    };
    let segments = list_segments(folder.path()).unwrap();
    for segment in [&segments[0], &segments[segments.len() - 1]] {
        let whole = std::fs::read(&segment.path).unwrap();
        let first_seq = segment.first_seq;
        let witness = Witness { seq: 0, sealed: false };
        std::fs::write(&segment.path, Header { first_seq, ..newer }.encode(witness)).unwrap();
        match survey(folder.path(), Depth::Everything) {
            Err(StoreError::FormatTooNew { path, found, supported }) => {
                assert_eq!((&path, found, supported), (&segment.path, 3, 2));
            }
            other => panic!("{other:?}"),
        }
        std::fs::write(&segment.path, whole).unwrap();
    }
}
