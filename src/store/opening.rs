//! Opening a data folder: deciding what of it can be trusted, and mending the rest.
//!
//! | last stop | sled | what happens |
//! | --- | --- | --- |
//! | clean | has the last record | trusted; nothing is scanned |
//! | same boot | behind the journal | the difference is replayed, all digests are checked |
//! | new boot, or any doubt | anything | moved aside and rebuilt, all digests are checked |
//!
//! A journal that lacks records which were acknowledged is never mended here: see [`OnDamage`].

use std::path::Path;

use super::attempts::{Attempt, WITHOUT_STATE};
use super::changes::encode as encode_changes;
use super::error::StoreError;
use super::evidence::{acknowledged, missing_records, traces_of_use};
use super::files::{make_folder, names_in, remove_if_any, sync_folder, write_whole};
use super::fingerprint::fingerprint;
use super::journal::{Depth, JournalWriter, Survey, survey};
use super::keys::{EPOCH, SCHEMA};
use super::kv::Derive;
use super::marker::{Marker, Run, Stop};
use super::options::OpenOptions;
use super::report::{OpenReport, StateReport};
use super::salvage::{Salvage, damaged};
use super::settling::{Settled, look_at_state, settle_state, strange_files};
use super::sledstate::{Applied, SledState, Sync};
use super::snapshot::{SnapshotFile, list_snapshots};

/// What an opened folder consists of.
pub(super) struct Opened {
    pub state: SledState,
    /// `None` when read-only.
    pub journal: Option<JournalWriter>,
    pub report: OpenReport,
}

/// Opens the data folder, whose lock the caller holds.
pub(super) fn open_data(options: &OpenOptions, derive: &dyn Derive) -> Result<Opened, StoreError> {
    let attempt = Attempt::begin(options.path.join("opening"))?;
    let opened = open_parts(options, derive, attempt.number);
    attempt.end()?;
    opened
}

fn open_parts(options: &OpenOptions, derive: &dyn Derive, attempt: u32) -> Result<Opened, StoreError> {
    for folder in [options.journal(), options.snapshots()] {
        make_folder(&folder)?;
        remove_temporaries(&folder)?;
    }
    let marker = Marker::read(&options.path)?;
    let salvage = Salvage {
        options,
        derive,
        marker: marker.as_ref(),
        may_open_state: attempt < WITHOUT_STATE,
    };
    let (survey, stop) = match survey_journal(options, marker.as_ref()) {
        Ok(Some(found)) => found,
        Ok(None) => {
            let traces = traces_of_use(options)?;
            if traces.is_empty() {
                return create(options);
            }
            let problem = format!("there is no journal, but there is {}", traces.join(", "));
            let error = StoreError::journal(&options.journal(), 0, problem);
            return damaged(&salvage, None, error);
        }
        Err(error @ StoreError::JournalDamaged { .. }) => return damaged(&salvage, None, error),
        Err(error) => return Err(error),
    };
    if let Some(error) = survey.damage.clone() {
        return damaged(&salvage, Some(&survey), error);
    }
    let told = acknowledged(options, marker.as_ref(), &survey)?;
    if let Some(error) = missing_records(&survey, stop, told) {
        return damaged(&salvage, Some(&survey), error);
    }
    let strange = strange_files(options, marker.as_ref(), stop)?;
    // sled changes its files while it opens them: from here on they are not what a clean stop left.
    // After any other stop the marker says so already, and after a power cut it must go on saying it
    // until the state is made again.
    let begins_now = stop == Stop::Clean && strange.is_none();
    if begins_now {
        begin_run(options, survey.last_seq)?;
    }
    let found = match strange {
        Some(because) => Err(because),
        None => look_at_state(options, &survey, attempt)?,
    };
    let applied = found.as_ref().map_or(0, |(_, applied)| applied.seq);
    if let Some(error) = missing_records(&survey, stop, applied) {
        drop(found);
        return damaged(&salvage, Some(&survey), error);
    }
    cut_tail(&survey)?;
    // The index must never have what could still be lost from the journal.
    let journal = JournalWriter::open(&survey, &options.journal(), options.journal_options())?;
    let is_fingerprinted = marker.as_ref().is_some_and(|marker| marker.index.is_some());
    let settled = match settle_state(options, derive, &survey, (stop, is_fingerprinted), found) {
        // A record that is intact and means nothing.
        Err(error @ StoreError::JournalDamaged { .. }) => {
            drop(journal);
            return damaged(&salvage, Some(&survey), error);
        }
        settled => settled?,
    };
    if !begins_now {
        begin_run(options, survey.last_seq)?;
    }
    with_report(options, survey, stop, settled, journal)
}

fn with_report(
    options: &OpenOptions,
    survey: Survey,
    stop: Stop,
    settled: Settled,
    journal: JournalWriter,
) -> Result<Opened, StoreError> {
    let mut concerns = settled.passed_over;
    concerns.extend(missing_beginning(options, &survey)?);
    let report = OpenReport {
        stop,
        state: settled.report,
        last_seq: survey.last_seq,
        named_seq: survey.last_seq,
        cut: survey.tail,
        damage: None,
        quarantined: settled.quarantined,
        concerns,
    };
    Ok(Opened {
        state: settled.state,
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
        named_seq: 1,
        damage: None,
        quarantined: None,
        concerns: Vec::new(),
    };
    Ok(Opened {
        state,
        journal: Some(journal),
        report,
    })
}

fn cut_tail(survey: &Survey) -> Result<(), StoreError> {
    let Some(tail) = &survey.tail else {
        return Ok(());
    };
    let file = std::fs::OpenOptions::new().write(true).open(&tail.segment);
    file.and_then(|file| file.set_len(tail.offset).and_then(|()| file.sync_all()))
        .map_err(|error| StoreError::io("cut", &tail.segment, error))
}

/// A journal whose oldest records are neither there nor in a snapshot: only the index has them.
fn missing_beginning(options: &OpenOptions, survey: &Survey) -> Result<Option<String>, StoreError> {
    let first = survey.first_seq;
    let reaches = |snapshot: &SnapshotFile| snapshot.end_seq.saturating_add(1) >= first;
    if first == 1 || list_snapshots(&options.snapshots())?.iter().any(reaches) {
        return Ok(None);
    }
    Ok(Some(format!(
        "the journal begins with record {first} and no snapshot reaches it: what was before is in the index alone"
    )))
}

fn remove_temporaries(folder: &Path) -> Result<(), StoreError> {
    for name in names_in(folder)?.into_iter().filter(|name| name.ends_with(".tmp")) {
        remove_if_any(&folder.join(name))?;
    }
    Ok(())
}
