//! The indexed state at a start: as it was, caught up, or made again.

use std::path::PathBuf;

use super::attempts::WITHOUT_STATE;
use super::error::StoreError;
use super::files::{names_in, read_if_any, remove_if_any};
use super::fingerprint::fingerprint;
use super::journal::Survey;
use super::kv::Derive;
use super::marker::{Marker, Stop};
use super::options::OpenOptions;
use super::quarantine::{bring_back, put_aside, remove_quarantines};
use super::rebuild::{Rebuilt, Sources, rebuild, replay, verify};
use super::report::StateReport;
use super::sledstate::{Applied, SledState, Sync};
use super::snapshot::retire_snapshot;

const INCOMPLETE: &str = "the indexed state was incomplete";

/// An opened state with how far it got, or why it cannot be used.
pub(super) type Found = Result<(SledState, Applied), String>;

/// After a clean stop the index is used as it is, so its files must be exactly what was closed: sled
/// itself was seen to leave out rows without a word. This is asked before sled touches them.
pub(super) fn strange_files(
    options: &OpenOptions,
    marker: Option<&Marker>,
    stop: Stop,
) -> Result<Option<String>, StoreError> {
    let Some(left) = marker
        .and_then(|marker| marker.index.as_ref())
        .filter(|_| stop == Stop::Clean)
    else {
        return Ok(None);
    };
    let is_as_left = names_in(&options.sled())?.is_empty() || fingerprint(&options.sled())? == *left;
    Ok((!is_as_left).then(|| "the files of the indexed state are not what the last run left".to_owned()))
}

/// A full disk says nothing about the state.
pub(super) fn look_at_state(options: &OpenOptions, survey: &Survey, attempt: u32) -> Result<Found, StoreError> {
    let folder = options.sled();
    if names_in(&folder)?.is_empty() {
        return Ok(Err("there was no indexed state".to_owned()));
    }
    if attempt >= WITHOUT_STATE {
        return Ok(Err("the last starts ended while it was being opened".to_owned()));
    }
    let opened =
        SledState::open(&folder, options.cache_bytes).and_then(|state| state.applied().map(|applied| (state, applied)));
    Ok(match opened {
        Err(error @ StoreError::Full { .. }) => return Err(error),
        Err(error) => Err(error.to_string()),
        Ok((_, None)) => Err(INCOMPLETE.to_owned()),
        Ok((_, Some(applied))) if applied.lineage != survey.lineage => {
            Err("the indexed state was another store's".to_owned())
        }
        Ok((state, Some(applied))) => Ok((state, applied)),
    })
}

/// An indexed state that has every record of the journal.
pub(super) struct Settled {
    pub state: SledState,
    pub report: StateReport,
    pub quarantined: Option<PathBuf>,
    pub passed_over: Vec<String>,
}

impl Settled {
    fn as_it_was(state: SledState, report: StateReport) -> Self {
        Self {
            state,
            report,
            quarantined: None,
            passed_over: Vec::new(),
        }
    }
}

/// The index cannot be made again. One that lies there and proves to have every row that was ever
/// put into it is as good, whatever was to be said against it; else the store does not open.
fn without_sources(
    options: &OpenOptions,
    derive: &dyn Derive,
    survey: &Survey,
    error: StoreError,
) -> Result<Settled, StoreError> {
    let found = look_at_state(options, survey, 1)?;
    let (state, applied) = match found {
        Ok((state, applied)) if applied.seq.saturating_add(1) >= survey.first_seq => (state, applied),
        _ => return Err(error),
    };
    let caught_up = verify(&state, derive)
        .and_then(|()| replay(&state, &options.journal(), applied, survey.last_seq, Sync::EveryPiece))
        .and_then(|()| verify(&state, derive));
    if let Err(problem) = caught_up {
        tracing::error!(%problem, "the indexed state is no way out either");
        return Err(error);
    }
    remove_if_any(&options.doubt())?;
    let records = survey.last_seq.saturating_sub(applied.seq);
    let mut settled = Settled::as_it_was(state, StateReport::Replayed { records });
    settled.passed_over.push(format!(
        "{error}; every row of the index was checked, and it is used as it is"
    ));
    Ok(settled)
}

pub(super) fn settle_state(
    options: &OpenOptions,
    derive: &dyn Derive,
    survey: &Survey,
    (stop, is_fingerprinted): (Stop, bool),
    found: Found,
) -> Result<Settled, StoreError> {
    let doubt = read_if_any(&options.doubt())?.map(|text| String::from_utf8_lossy(&text).into_owned());
    let because = match (found, stop) {
        (Err(because), _) => because,
        (Ok(_), Stop::NewBoot | Stop::Never) => "the machine restarted without a clean stop".to_owned(),
        (Ok(_), _) if doubt.is_some() => doubt.unwrap_or_default(),
        (Ok((state, applied)), Stop::Clean) if applied.seq == survey.last_seq && is_fingerprinted => {
            return Ok(Settled::as_it_was(state, StateReport::Trusted));
        }
        (Ok((state, applied)), _) if applied.seq.saturating_add(1) >= survey.first_seq => {
            let caught_up = replay(&state, &options.journal(), applied, survey.last_seq, Sync::EveryPiece);
            match caught_up.and_then(|()| verify(&state, derive)) {
                Ok(()) => {
                    let records = survey.last_seq.saturating_sub(applied.seq);
                    return Ok(Settled::as_it_was(state, StateReport::Replayed { records }));
                }
                Err(error @ (StoreError::StateDamaged { .. } | StoreError::DigestMismatch { .. })) => error.to_string(),
                Err(error) => return Err(error),
            }
        }
        (Ok(_), _) => "the indexed state was older than the journal".to_owned(),
    };
    tracing::warn!(%because, "rebuilding the indexed state from snapshot and journal");
    let (snapshots, journal) = (options.snapshots(), options.journal());
    let cache_bytes = options.cache_bytes;
    let sources = Sources {
        snapshots: &snapshots,
        journal: &journal,
        survey: Some(survey),
        cache_bytes,
    };
    let (state, rebuilt, aside) = match make_again(options, derive, &sources, because == INCOMPLETE) {
        Err(error @ StoreError::SnapshotDamaged { .. }) => return without_sources(options, derive, survey, error),
        made => made?,
    };
    // A state that only may be stale is not worth keeping; a strange one is.
    let kept = aside.filter(|_| stop != Stop::NewBoot);
    remove_quarantines(options, kept.as_deref())?;
    remove_if_any(&options.doubt())?;
    let mut passed_over = Vec::new();
    for (told, path) in rebuilt.passed_over {
        retire_snapshot(&path)?;
        passed_over.push(told);
    }
    Ok(Settled {
        state,
        report: StateReport::Rebuilt {
            because,
            snapshot_seq: rebuilt.snapshot_seq,
        },
        quarantined: kept,
        passed_over,
    })
}

/// Makes the state again, and answers where the doubtful one is kept. When that fails, the doubtful one
/// is back where it was: however often it is tried, nothing piles up and nothing is lost.
fn make_again(
    options: &OpenOptions,
    derive: &dyn Derive,
    sources: &Sources<'_>,
    is_worthless: bool,
) -> Result<(SledState, Rebuilt, Option<PathBuf>), StoreError> {
    let aside = put_aside(options, sources, is_worthless)?;
    let made = rebuild(sources, &options.sled()).and_then(|(state, rebuilt)| match verify(&state, derive) {
        Ok(()) => Ok((state, rebuilt)),
        Err(error) => state.close().and(Err(error)),
    });
    match made {
        Ok((state, rebuilt)) => Ok((state, rebuilt, aside)),
        Err(error) => {
            bring_back(options, aside.as_deref())?;
            Err(error)
        }
    }
}
