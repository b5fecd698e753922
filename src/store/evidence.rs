//! What a data folder itself says about what it held: which records were acknowledged, and whether
//! it was ever used.

use std::fs::File;
use std::io::{BufReader, Read};

use super::error::StoreError;
use super::files::names_in;
use super::journal::Survey;
use super::journal::segment::{HEADER_BYTES, Header, list_segments};
use super::marker::{Marker, Stop};
use super::options::OpenOptions;
use super::snapshot::{lineage_of_export, list_snapshots};

/// The last record of which the marker, the journal or a snapshot says that it was acknowledged.
/// The indexed state says so too, but it is opened only when these agree.
pub(super) fn acknowledged(options: &OpenOptions, marker: Option<&Marker>, survey: &Survey) -> Result<u64, StoreError> {
    let by_marker = marker.map_or(0, |marker| marker.last_seq);
    let known = by_marker.max(survey.witnessed);
    for snapshot in list_snapshots(&options.snapshots())? {
        if snapshot.end_seq <= survey.last_seq.max(known) {
            break;
        }
        // One of another history says nothing about this one; one that cannot be read might.
        let file = File::open(&snapshot.path).map_err(|error| StoreError::io("open", &snapshot.path, error))?;
        match lineage_of_export(&mut BufReader::new(file)) {
            Some(lineage) if lineage != survey.lineage => {
                let path = snapshot.path.display();
                tracing::warn!(%path, "a snapshot of another store lies in the folder; it is not used");
            }
            _ => return Ok(snapshot.end_seq),
        }
    }
    Ok(known)
}

/// Says which records are missing though they were, or may have been, acknowledged.
pub(super) fn missing_records(survey: &Survey, stop: Stop, acknowledged: u64) -> Option<StoreError> {
    let first = survey.last_seq.saturating_add(1);
    let offset = survey.tail.as_ref().map_or(survey.end, |tail| tail.offset);
    let problem = if survey.last_seq < acknowledged {
        format!("records {first} to {acknowledged} were acknowledged and cannot be read")
    } else {
        // A kill can cut a record short, but not change one; a power cut can do anything.
        let changed = stop == Stop::SameBoot && survey.tail.as_ref().is_some_and(|tail| !tail.interrupted);
        changed.then(|| format!("record {first} was changed after it was written, and may have been acknowledged"))?
    };
    Some(StoreError::journal(&survey.last_segment, offset, problem))
}

/// The last record that anything in a damaged folder names: what could be missing is up to there.
pub(super) fn last_named(options: &OpenOptions, marker: Option<&Marker>) -> Result<u64, StoreError> {
    let mut named = marker.map_or(0, |marker| marker.last_seq);
    named = named.max(
        list_snapshots(&options.snapshots())?
            .first()
            .map_or(0, |newest| newest.end_seq),
    );
    for segment in list_segments(&options.journal())? {
        let mut head = vec![0; HEADER_BYTES];
        let mut file = File::open(&segment.path).map_err(|error| StoreError::io("open", &segment.path, error))?;
        let witness = file.read_exact(&mut head).ok().and_then(|()| {
            let header = Header::decode(&head).ok()?;
            header.witness(&head)
        });
        let before = segment.first_seq.saturating_sub(1);
        named = named.max(witness.map_or(before, |witness| witness.seq));
    }
    Ok(named)
}

/// What is in a folder without a journal although only a store with a journal makes it.
pub(super) fn traces_of_use(options: &OpenOptions) -> Result<Vec<String>, StoreError> {
    let mut traces = names_in(&options.path)?;
    traces.retain(|name| name == "last-run" || name == "ballast" || name.starts_with("sled."));
    for folder in [options.snapshots(), options.sled()] {
        if !names_in(&folder)?.is_empty() {
            traces.extend(folder.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    Ok(traces)
}
