//! Making the indexed state from what is always right: a snapshot and the journal.

use std::fs::File;
use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// Last commit of the snapshot, 0 when it began from nothing.
    pub snapshot_seq: u64,
    /// Last commit in the new state.
    pub last_seq: u64,
    /// Snapshots that were passed over, with the reason in words.
    pub passed_over: Vec<(String, PathBuf)>,
}

/// Builds the state anew in `folder`, which is emptied first. The state has no *applied* row
/// before it is complete, so an interrupted rebuild is recognised and begun again.
///
/// # Errors
/// [`StoreError::SnapshotDamaged`] when nothing readable reaches back far enough,
/// [`StoreError::JournalDamaged`], [`StoreError::FormatTooNew`], [`StoreError::Full`],
/// [`StoreError::StateDamaged`], [`StoreError::Defect`].
pub fn rebuild(sources: &Sources<'_>, folder: &Path) -> Result<(SledState, Rebuilt), StoreError> {
    let mut passed_over = Vec::new();
    for snapshot in list_snapshots(sources.snapshots)? {
        if sources
            .survey
            .is_some_and(|survey| snapshot.end_seq.saturating_add(1) < survey.first_seq)
        {
            continue;
        }
        match from_snapshot(sources, folder, &snapshot) {
            Err(StoreError::ExportDamaged { record, problem }) => {
                let path = snapshot.path.display();
                let told = format!("the snapshot {path} cannot be used: at its record {record}, {problem}");
                tracing::error!(%told, "rebuilding the indexed state");
                passed_over.push((told, snapshot.path));
            }
            Ok((state, rebuilt)) => return Ok((state, Rebuilt { passed_over, ..rebuilt })),
            Err(error) => return Err(error),
        }
    }
    match sources.survey {
        Some(survey) if survey.first_seq == 1 => {
            let state = fresh(folder, sources.cache_bytes)?;
            let (state, rebuilt) = complete(sources, state, survey.lineage, 0)?;
            Ok((state, Rebuilt { passed_over, ..rebuilt }))
        }
        survey => {
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
    read_records(journal, applied.seq, through, &mut |seq, payload| match sync {
        Sync::EveryPiece => apply_record(state, Applied { seq, ..applied }, payload, journal),
        Sync::Later => apply_changes(state, seq, None, payload, journal),
    })
}

/// Applies one record, and notes that it was.
///
/// # Errors
/// As [`rebuild`].
pub fn apply_record(state: &SledState, applied: Applied, payload: &[u8], journal: &Path) -> Result<(), StoreError> {
    apply_changes(state, applied.seq, Some(applied), payload, journal)
}

fn apply_changes(
    state: &SledState,
    seq: u64,
    applied: Option<Applied>,
    payload: &[u8],
    journal: &Path,
) -> Result<(), StoreError> {
    let apply = || {
        let changes = decode_changes(payload)
            .ok_or_else(|| StoreError::journal(journal, 0, format!("record {seq} cannot be understood")))?;
        let sync = applied.map_or(Sync::Later, |_| Sync::EveryPiece);
        state.apply(changes.iter().map(|(key, value)| (key, value)), applied, sync)
    };
    named(|| format!("applying record {seq} of the journal"), apply)
}

/// Checks every digest against every row, and that the index has all of its rows.
///
/// # Errors
/// [`StoreError::DigestMismatch`], [`StoreError::StateDamaged`], [`StoreError::Defect`].
pub fn verify(state: &SledState, derive: &dyn Derive) -> Result<(), StoreError> {
    let check = || {
        let mut verification = Verification::new(derive);
        state.each_row(&mut |key, value| verification.see(key, value))?;
        verification.finish()
    };
    named(|| "checking the digests of the rows".to_owned(), check)
}

/// A panic of our own becomes a failure with a name: it would come again with every start.
fn named<T>(doing: impl Fn() -> String, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(StoreError::Defect { doing: doing() }))
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
    })
    .map_err(|error| match error {
        StoreError::FormatTooNew { found, supported, .. } => StoreError::FormatTooNew {
            path: snapshot.path.clone(),
            found,
            supported,
        },
        other => other,
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
    let rebuilt = Rebuilt {
        snapshot_seq,
        last_seq,
        passed_over: Vec::new(),
    };
    Ok((state, rebuilt))
}

fn fresh(folder: &Path, cache_bytes: u64) -> Result<SledState, StoreError> {
    remove_folder(folder)?;
    SledState::open(folder, cache_bytes)
}
