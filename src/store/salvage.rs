//! Opening what is left of a store whose journal is damaged: to read, never to write.

use super::changes::decode as decode_changes;
use super::error::StoreError;
use super::evidence::last_named;
use super::journal::{Survey, read_records, read_what_is_left};
use super::kv::Derive;
use super::marker::{Marker, Stop};
use super::opening::Opened;
use super::options::{OnDamage, OpenOptions};
use super::rebuild::{Sources, apply_record, rebuild, verify};
use super::report::{OpenReport, StateReport};
use super::sledstate::{Applied, SledState};

/// A folder whose journal is damaged.
pub(super) struct Salvage<'a> {
    pub options: &'a OpenOptions,
    pub derive: &'a dyn Derive,
    pub marker: Option<&'a Marker>,
    /// Whether opening the indexed state was not seen to end the process.
    pub may_open_state: bool,
}

/// Answers for a journal that lacks acknowledged records, or has one that means nothing.
pub(super) fn damaged(salvage: &Salvage<'_>, survey: Option<&Survey>, error: StoreError) -> Result<Opened, StoreError> {
    let Salvage { options, derive, .. } = *salvage;
    if options.on_damage == OnDamage::Refuse {
        return Err(error);
    }
    tracing::error!(%error, "opening read-only");
    let survey = survey.map(|survey| understood(survey, options)).transpose()?;
    let readable = survey.as_ref().map_or(0, |survey| survey.last_seq);
    let (state, report) = match trusted(salvage, readable) {
        Some(state) => (state, StateReport::Trusted),
        None => made_anew(options, derive, survey.as_ref(), &error)?,
    };
    let applied = read_on(options, &state)?;
    verify(&state, derive)?;
    let last_seq = applied.map_or(readable, |applied| applied.seq);
    let report = OpenReport {
        stop: Stop::NewBoot,
        state: report,
        cut: None,
        last_seq,
        named_seq: last_named(options, salvage.marker)?.max(last_seq),
        damage: Some(error),
        quarantined: None,
        concerns: Vec::new(),
    };
    Ok(Opened {
        state,
        journal: None,
        report,
    })
}

/// The survey up to the first record that is intact and means nothing.
fn understood(survey: &Survey, options: &OpenOptions) -> Result<Survey, StoreError> {
    let before = survey.first_seq.saturating_sub(1);
    let mut understood = Survey {
        last_seq: before,
        ..survey.clone()
    };
    let read = read_records(&options.journal(), before, survey.last_seq, &mut |seq, payload| {
        decode_changes(payload).ok_or_else(|| StoreError::journal(&options.journal(), 0, "no changes"))?;
        understood.last_seq = seq;
        Ok(())
    });
    match read {
        Ok(()) | Err(StoreError::JournalDamaged { .. }) => Ok(understood),
        Err(error) => Err(error),
    }
}

/// The index, when it has all of its rows and is no older than what of the journal can be read.
fn trusted(salvage: &Salvage<'_>, readable: u64) -> Option<SledState> {
    if !salvage.may_open_state {
        return None;
    }
    SledState::open(&salvage.options.sled(), salvage.options.cache_bytes)
        .ok()
        .filter(|state| {
            let applied = state.applied().ok().flatten();
            applied.is_some_and(|applied| applied.seq >= readable) && verify(state, salvage.derive).is_ok()
        })
}

/// A new index beside the old one, from snapshot and journal up to the damage.
fn made_anew(
    options: &OpenOptions,
    derive: &dyn Derive,
    survey: Option<&Survey>,
    error: &StoreError,
) -> Result<(SledState, StateReport), StoreError> {
    let (snapshots, journal) = (options.snapshots(), options.journal());
    let sources = Sources {
        snapshots: &snapshots,
        journal: &journal,
        survey,
        cache_bytes: options.cache_bytes,
    };
    let (state, rebuilt) = rebuild(&sources, &options.path.join("sled.readonly"))?;
    verify(&state, derive)?;
    let report = StateReport::Rebuilt {
        because: error.to_string(),
        snapshot_seq: rebuilt.snapshot_seq,
    };
    Ok((state, report))
}

/// Applies what follows in the journal without a gap, damage before it or not.
fn read_on(options: &OpenOptions, state: &SledState) -> Result<Option<Applied>, StoreError> {
    let Some(Applied { lineage, seq }) = state.applied()? else {
        return Ok(None);
    };
    let read = read_what_is_left(&options.journal(), lineage, seq, &mut |seq, payload| {
        apply_record(state, Applied { lineage, seq }, payload, &options.journal())
    });
    match read {
        // What cannot be understood ends it, as what cannot be read does.
        Ok(()) | Err(StoreError::JournalDamaged { .. }) => state.applied(),
        Err(error) => Err(error),
    }
}
