//! Opening a data folder: deciding what of it can be trusted, and mending the rest.
//!
//! | last stop | sled | what happens |
//! | --- | --- | --- |
//! | clean | has the last record | trusted; nothing is scanned |
//! | same boot | behind the journal | the difference is replayed, all digests are checked |
//! | new boot, or any doubt | anything | moved aside and rebuilt, all digests are checked |
//!
//! A journal that lacks records which were acknowledged is never mended here: see [`OnDamage`].

use std::path::{Path, PathBuf};

use super::changes::encode as encode_changes;
use super::error::StoreError;
use super::files::{make_folder, names_in, read_if_any, remove_if_any, sync_folder, write_whole};
use super::fingerprint::fingerprint;
use super::journal::{Depth, JournalWriter, Survey, survey};
use super::keys::{EPOCH, SCHEMA};
use super::kv::Derive;
use super::marker::{Marker, Run, Stop};
use super::options::{OnDamage, OpenOptions};
use super::quarantine::{put_aside, remove_quarantines};
use super::rebuild::{Sources, rebuild, replay, verify};
use super::report::{OpenReport, StateReport};
use super::sledstate::{Applied, SledState, Sync};
use super::snapshot::list_snapshots;

const INCOMPLETE: &str = "the indexed state was incomplete";

/// What an opened folder consists of.
pub(super) struct Opened {
    pub state: SledState,
    /// `None` when read-only.
    pub journal: Option<JournalWriter>,
    pub report: OpenReport,
}

/// Opens the data folder, whose lock the caller holds.
pub(super) fn open_data(options: &OpenOptions, derive: &dyn Derive) -> Result<Opened, StoreError> {
    for folder in [options.journal(), options.snapshots()] {
        make_folder(&folder)?;
        remove_temporaries(&folder)?;
    }
    let marker = Marker::read(&options.path)?;
    let (survey, stop) = match survey_journal(options, marker.as_ref()) {
        Ok(Some(found)) => found,
        Ok(None) if is_unused(options, marker.as_ref())? => return create(options),
        Ok(None) => {
            let error = StoreError::journal(&options.journal(), 0, "there is no journal, but there is other data");
            return damaged(options, derive, None, error);
        }
        Err(error @ StoreError::JournalDamaged { .. }) => {
            return damaged(options, derive, None, error);
        }
        Err(error) => return Err(error),
    };
    if let Some(error) = survey.damage.clone() {
        return damaged(options, derive, Some(&survey), error);
    }
    let found = match strange_files(options, marker.as_ref(), stop)? {
        Some(because) => Err(because),
        None => look_at_state(options, &survey),
    };
    let acknowledged = acknowledged(options, marker.as_ref(), &survey, &found)?;
    if let Some(error) = missing_records(&survey, stop, acknowledged) {
        drop(found);
        return damaged(options, derive, Some(&survey), error);
    }
    cut_tail(&survey)?;
    let is_fingerprinted = marker.as_ref().is_some_and(|marker| marker.index.is_some());
    // The index must never have what could still be lost from the journal.
    let journal = JournalWriter::open(&survey, &options.journal(), options.journal_options())?;
    let (state, state_report, quarantined) = settle_state(options, derive, &survey, (stop, is_fingerprinted), found)?;
    begin_run(options, survey.last_seq)?;
    let last_seq = survey.last_seq;
    let report = OpenReport {
        stop,
        state: state_report,
        cut: survey.tail,
        last_seq,
        damage: None,
        quarantined,
    };
    Ok(Opened {
        state,
        journal: Some(journal),
        report,
    })
}

/// Says that the state in this folder must not be believed again, whatever else happens.
pub(super) fn remember_doubt(options: &OpenOptions, because: &str) -> Result<(), StoreError> {
    write_whole(&options.doubt(), because.as_bytes())
}

/// Says that the store was closed with everything synced.
pub(super) fn end_run(options: &OpenOptions, last_seq: u64) -> Result<(), StoreError> {
    Marker {
        run: Run::Clean,
        boot_id: options.boot_id.clone(),
        last_seq,
        index: Some(fingerprint(&options.sled())?),
    }
    .write(&options.path)
}

fn begin_run(options: &OpenOptions, last_seq: u64) -> Result<(), StoreError> {
    let marker = Marker {
        run: Run::Open,
        boot_id: options.boot_id.clone(),
        last_seq,
        index: None,
    };
    match marker.write(&options.path) {
        // With a full disk the ballast is what makes the start possible.
        Err(StoreError::Full { .. }) => {
            options.reserve().free_ballast()?;
            marker.write(&options.path)
        }
        outcome => outcome,
    }
}

/// Surveys as much of the journal as the last stop asks for. A clean stop that does not match
/// what is there counts as an unclean one.
fn survey_journal(options: &OpenOptions, marker: Option<&Marker>) -> Result<Option<(Survey, Stop)>, StoreError> {
    let stop = marker.map_or(Stop::NewBoot, |marker| marker.stop(&options.boot_id));
    if stop == Stop::Clean {
        let quick = survey(&options.journal(), Depth::LastSegment)?;
        let as_left = |s: &Survey| s.damage.is_none() && marker.is_some_and(|m| m.last_seq == s.last_seq);
        if let Some(survey) = quick.filter(as_left) {
            return Ok(Some((survey, stop)));
        }
    }
    let stop = if stop == Stop::Clean { Stop::NewBoot } else { stop };
    Ok(survey(&options.journal(), Depth::Everything)?.map(|survey| (survey, stop)))
}

fn is_unused(options: &OpenOptions, marker: Option<&Marker>) -> Result<bool, StoreError> {
    let traces = [options.snapshots(), options.sled()];
    let mut unused = marker.is_none();
    for folder in traces {
        unused &= names_in(&folder)?.is_empty();
    }
    Ok(unused)
}

/// The first record brings the epoch and the schema, so that every later start finds them.
fn create(options: &OpenOptions) -> Result<Opened, StoreError> {
    let facts = [
        (EPOCH.to_vec(), Some(options.fresh_id.to_vec())),
        (SCHEMA.to_vec(), Some(options.schema.to_be_bytes().to_vec())),
    ];
    let first = encode_changes(facts.iter().map(|(key, value)| (key, value)))
        .ok_or_else(|| StoreError::state("the first record cannot be written"))?;
    let journal = JournalWriter::create(&options.journal(), options.fresh_id, &first, options.journal_options())?;
    sync_folder(&options.path)?;
    let state = SledState::open(&options.sled(), options.cache_bytes)?;
    let applied = Applied {
        lineage: options.fresh_id,
        seq: 1,
    };
    state.apply(
        facts.iter().map(|(key, value)| (key, value)),
        Some(applied),
        Sync::EveryPiece,
    )?;
    begin_run(options, 1)?;
    let report = OpenReport {
        stop: Stop::Never,
        state: StateReport::Created,
        cut: None,
        last_seq: 1,
        damage: None,
        quarantined: None,
    };
    Ok(Opened {
        state,
        journal: Some(journal),
        report,
    })
}

/// An opened state with how far it got, or why it cannot be used.
type Found = Result<(SledState, Applied), String>;

/// After a clean stop the index is used as it is, so its files must be exactly what was closed: sled
/// itself was seen to leave out rows without a word. This is asked before sled touches them.
fn strange_files(options: &OpenOptions, marker: Option<&Marker>, stop: Stop) -> Result<Option<String>, StoreError> {
    let Some(left) = marker
        .and_then(|marker| marker.index.as_ref())
        .filter(|_| stop == Stop::Clean)
    else {
        return Ok(None);
    };
    let is_as_left = names_in(&options.sled())?.is_empty() || fingerprint(&options.sled())? == *left;
    Ok((!is_as_left).then(|| "the files of the indexed state are not what the last run left".to_owned()))
}

fn look_at_state(options: &OpenOptions, survey: &Survey) -> Found {
    let folder = options.sled();
    if names_in(&folder).map_err(|error| error.to_string())?.is_empty() {
        return Err("there was no indexed state".to_owned());
    }
    let state = SledState::open(&folder, options.cache_bytes).map_err(|error| error.to_string())?;
    match state.applied().map_err(|error| error.to_string())? {
        None => Err(INCOMPLETE.to_owned()),
        Some(applied) if applied.lineage != survey.lineage => Err("the indexed state was another store's".to_owned()),
        Some(applied) => Ok((state, applied)),
    }
}

/// The last record of which anything on disk says that it was acknowledged.
fn acknowledged(
    options: &OpenOptions,
    marker: Option<&Marker>,
    survey: &Survey,
    found: &Found,
) -> Result<u64, StoreError> {
    let by_marker = marker.map_or(0, |marker| marker.last_seq);
    let by_state = found.as_ref().map_or(0, |(_, applied)| applied.seq);
    let by_snapshot = list_snapshots(&options.snapshots())?
        .first()
        .map_or(0, |newest| newest.end_seq);
    Ok(by_marker.max(survey.witnessed).max(by_state).max(by_snapshot))
}

/// Says which records are missing though they were, or may have been, acknowledged.
fn missing_records(survey: &Survey, stop: Stop, acknowledged: u64) -> Option<StoreError> {
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

fn cut_tail(survey: &Survey) -> Result<(), StoreError> {
    let Some(tail) = &survey.tail else {
        return Ok(());
    };
    let file = std::fs::OpenOptions::new().write(true).open(&tail.segment);
    file.and_then(|file| file.set_len(tail.offset).and_then(|()| file.sync_all()))
        .map_err(|error| StoreError::io("cut", &tail.segment, error))
}

type Settled = (SledState, StateReport, Option<PathBuf>);

fn settle_state(
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
            return Ok((state, StateReport::Trusted, None));
        }
        (Ok((state, applied)), _) if applied.seq.saturating_add(1) >= survey.first_seq => {
            let caught_up = replay(&state, &options.journal(), applied, survey.last_seq, Sync::EveryPiece);
            match caught_up.and_then(|()| verify(&state, derive)) {
                Ok(()) => {
                    let records = survey.last_seq.saturating_sub(applied.seq);
                    return Ok((state, StateReport::Replayed { records }, None));
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
    let aside = put_aside(options, &sources, because == INCOMPLETE)?;
    let (state, rebuilt) = rebuild(&sources, &options.sled())?;
    verify(&state, derive)?;
    // A state that only may be stale is not worth keeping; a strange one is.
    let kept = aside.filter(|_| stop != Stop::NewBoot);
    remove_quarantines(options, kept.as_deref())?;
    remove_if_any(&options.doubt())?;
    Ok((
        state,
        StateReport::Rebuilt {
            because,
            snapshot_seq: rebuilt.snapshot_seq,
        },
        kept,
    ))
}

/// Answers for a journal that lacks acknowledged records.
fn damaged(
    options: &OpenOptions,
    derive: &dyn Derive,
    survey: Option<&Survey>,
    error: StoreError,
) -> Result<Opened, StoreError> {
    if options.on_damage == OnDamage::Refuse {
        return Err(error);
    }
    tracing::error!(%error, "opening read-only");
    let readable = survey.map_or(0, |survey| survey.last_seq);
    let trusted = SledState::open(&options.sled(), options.cache_bytes)
        .ok()
        .filter(|state| {
            state.applied().is_ok_and(|a| a.is_some_and(|a| a.seq >= readable)) && verify(state, derive).is_ok()
        });
    let (state, state_report) = match trusted {
        Some(state) => (state, StateReport::Trusted),
        None => {
            let (snapshots, journal) = (options.snapshots(), options.journal());
            let cache_bytes = options.cache_bytes;
            let sources = Sources {
                snapshots: &snapshots,
                journal: &journal,
                survey,
                cache_bytes,
            };
            let (state, rebuilt) = rebuild(&sources, &options.path.join("sled.readonly"))?;
            verify(&state, derive)?;
            (
                state,
                StateReport::Rebuilt {
                    because: error.to_string(),
                    snapshot_seq: rebuilt.snapshot_seq,
                },
            )
        }
    };
    let last_seq = state.applied()?.map_or(readable, |applied| applied.seq);
    let (cut, damage, quarantined) = (None, Some(error), None);
    let report = OpenReport {
        stop: Stop::NewBoot,
        state: state_report,
        cut,
        last_seq,
        damage,
        quarantined,
    };
    Ok(Opened {
        state,
        journal: None,
        report,
    })
}

fn remove_temporaries(folder: &Path) -> Result<(), StoreError> {
    for name in names_in(folder)?.into_iter().filter(|name| name.ends_with(".tmp")) {
        remove_if_any(&folder.join(name))?;
    }
    Ok(())
}
