//! Making the indexed state from what is always right: a snapshot and the journal.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use super::changes::decode as decode_changes;
use super::digest::Verification;
use super::error::StoreError;
use super::journal::{Survey, read_records};
use super::kv::Derive;
use super::sledstate::{Applied, SledState, Sync, remove_folder};
use super::snapshot::{Part, SnapshotFile, list_snapshots, read_export};

/// Where a rebuild reads from and writes to.
pub struct Sources<'a> {
    /// The folder of snapshots.
    pub snapshots: &'a Path,
    /// The folder of the journal.
    pub journal: &'a Path,
    /// The journal's extent; `None` when not even its first header can be read.
    pub survey: Option<&'a Survey>,
    /// Page cache of the new state, in bytes.
    pub cache_bytes: u64,
}

/// What a rebuild used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebuilt {
    /// Last commit of the snapshot, 0 when it began from nothing.
    pub snapshot_seq: u64,
    /// Last commit in the new state.
    pub last_seq: u64,
}

/// Builds the state anew in `folder`, which is emptied first. The state has no *applied* row
/// before it is complete, so an interrupted rebuild is recognised and begun again.
///
/// # Errors
/// [`StoreError::SnapshotDamaged`] when nothing readable reaches back far enough,
/// [`StoreError::JournalDamaged`], [`StoreError::Full`], [`StoreError::StateDamaged`].
pub fn rebuild(sources: &Sources<'_>, folder: &Path) -> Result<(SledState, Rebuilt), StoreError> {
    let mut last_problem = None;
    for snapshot in list_snapshots(sources.snapshots)? {
        if sources
            .survey
            .is_some_and(|survey| snapshot.end_seq.saturating_add(1) < survey.first_seq)
        {
            continue;
        }
        match from_snapshot(sources, folder, &snapshot) {
            Err(error @ StoreError::ExportDamaged { .. }) => last_problem = Some(error),
            outcome => return outcome,
        }
    }
    match sources.survey {
        Some(survey) if survey.first_seq == 1 => {
            let state = fresh(folder, sources.cache_bytes)?;
            complete(sources, state, survey.lineage, 0)
        }
        survey => {
            if let Some(problem) = last_problem {
                tracing::error!(%problem, "no snapshot is readable");
            }
            let journal_begins = survey.map_or(0, |survey| survey.first_seq);
            Err(StoreError::SnapshotDamaged {
                path: sources.snapshots.to_path_buf(),
                journal_begins,
            })
        }
    }
}

/// Reads everything a rebuild would need, without building anything.
///
/// # Errors
/// As [`rebuild`].
pub fn can_rebuild(sources: &Sources<'_>) -> Result<(), StoreError> {
    let first_seq = sources.survey.map_or(u64::MAX, |survey| survey.first_seq);
    let mut usable = first_seq == 1;
    for snapshot in list_snapshots(sources.snapshots)? {
        if usable || snapshot.end_seq.saturating_add(1) < first_seq {
            break;
        }
        let file = File::open(&snapshot.path).map_err(|error| StoreError::io("open", &snapshot.path, error))?;
        usable = read_export(&mut BufReader::new(file), &mut |_| Ok(())).is_ok();
    }
    if usable {
        return Ok(());
    }
    Err(StoreError::SnapshotDamaged {
        path: sources.snapshots.to_path_buf(),
        journal_begins: first_seq,
    })
}

/// Applies the journal's records after `applied`.
///
/// # Errors
/// As [`rebuild`].
pub fn replay(state: &SledState, journal: &Path, applied: Applied, through: u64, sync: Sync) -> Result<(), StoreError> {
    read_records(journal, applied.seq, through, &mut |seq, payload| {
        let changes = decode_changes(payload)
            .ok_or_else(|| StoreError::journal(journal, 0, format!("record {seq} cannot be understood")))?;
        let done = (sync == Sync::EveryPiece).then_some(Applied {
            lineage: applied.lineage,
            seq,
        });
        state.apply(changes.iter().map(|(key, value)| (key, value)), done, sync)
    })
}

/// Checks every digest against every row, and that the index has all of its rows.
///
/// # Errors
/// [`StoreError::DigestMismatch`], [`StoreError::StateDamaged`].
pub fn verify(state: &SledState, derive: &dyn Derive) -> Result<(), StoreError> {
    let mut verification = Verification::new(derive);
    state.each_row(&mut |key, value| verification.see(key, value))?;
    verification.finish()
}

fn from_snapshot(
    sources: &Sources<'_>,
    folder: &Path,
    snapshot: &SnapshotFile,
) -> Result<(SledState, Rebuilt), StoreError> {
    let state = fresh(folder, sources.cache_bytes)?;
    let file = File::open(&snapshot.path).map_err(|error| StoreError::io("open", &snapshot.path, error))?;
    let summary = read_export(&mut BufReader::new(file), &mut |part| {
        let (Part::Rows(changes) | Part::Commit(changes)) = part;
        state.apply(changes.iter().map(|(key, value)| (key, value)), None, Sync::Later)
    })?;
    let strange = sources.survey.is_some_and(|survey| survey.lineage != summary.lineage);
    if strange || summary.end_seq != snapshot.end_seq {
        return Err(StoreError::ExportDamaged {
            record: 0,
            problem: "it belongs to another history".to_owned(),
        });
    }
    complete(sources, state, summary.lineage, summary.end_seq)
}

fn complete(
    sources: &Sources<'_>,
    state: SledState,
    lineage: [u8; 16],
    snapshot_seq: u64,
) -> Result<(SledState, Rebuilt), StoreError> {
    let last_seq = sources
        .survey
        .map_or(snapshot_seq, |survey| survey.last_seq.max(snapshot_seq));
    replay(
        &state,
        sources.journal,
        Applied {
            lineage,
            seq: snapshot_seq,
        },
        last_seq,
        Sync::Later,
    )?;
    state.apply([], Some(Applied { lineage, seq: last_seq }), Sync::EveryPiece)?;
    Ok((state, Rebuilt { snapshot_seq, last_seq }))
}

fn fresh(folder: &Path, cache_bytes: u64) -> Result<SledState, StoreError> {
    remove_folder(folder)?;
    SledState::open(folder, cache_bytes)
}
