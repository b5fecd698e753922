//! What may wait until commits are acknowledged: moving recent rows into sled, and snapshots.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use super::changes::Changes;
use super::disk::DiskStore;
use super::error::StoreError;
use super::files::{create_file, put_in_place, remove_if_any, size_of};
use super::journal::read_records;
use super::journal::segment::list_segments;
use super::kv::{Pace, Scan, Upkeep};
use super::parts::{Core, Health, View};
use super::sledstate::{Applied, Sync};
use super::snapshot::folder::prune_snapshots;
use super::snapshot::{ExportWriter, snapshot_path};

/// Recent rows are moved into sled when they reach this many bytes: rows that change often, like
/// counters and digests, are then written to sled once instead of once per commit.
const MOVE_AT_BYTES: usize = 64 * 1024;
/// Rows read at once for an export; few, because one row can be 4 MiB.
const SLICE_ROWS: usize = 32;
/// Bytes of a snapshot written between two looks at the queue of commits (some 5 ms of disk).
const BUSY_STEP_BYTES: u64 = 512 * 1024;
/// The same when nothing waits.
const IDLE_STEP_BYTES: u64 = 4 << 20;
/// Commits copied into a snapshot in one step.
const STEP_COMMITS: u64 = 256;

/// A snapshot being written, a slice per call of upkeep.
pub(super) struct SnapshotJob {
    export: ExportWriter<BufWriter<File>>,
    temporary: PathBuf,
    cursor: Cursor,
    synced_bytes: u64,
}

enum Cursor {
    /// Rows beyond this key are to be read.
    Rows(Option<Vec<u8>>),
    /// All rows are read; the commits since are to be copied.
    Commits,
}

impl DiskStore {
    pub(super) fn upkeep(&self, pace: Pace) -> Result<Upkeep, StoreError> {
        let mut core = self.core();
        if !matches!(core.health, Health::Good) {
            return Ok(Upkeep::Done);
        }
        let waiting = core.waiting_bytes();
        if waiting >= MOVE_AT_BYTES || (pace == Pace::Idle && waiting > 0) {
            self.move_some(&mut core)?;
        }
        let moved = match pace {
            Pace::Idle => core.waiting_bytes() == 0,
            Pace::Busy => core.waiting_bytes() < MOVE_AT_BYTES,
        };
        if pace == Pace::Idle {
            self.reserve.remake_ballast()?;
        }
        if core.job.is_none() && self.snapshot_due(&core) {
            let job = self.begin_snapshot(&core);
            self.note_snapshot(&mut core, job.map(Some))?;
        }
        if let Some(job) = core.job.take() {
            let stepped = self.step_snapshot(&mut core, job, pace);
            self.note_snapshot(&mut core, stepped)?;
        }
        if moved && core.job.is_none() {
            return Ok(Upkeep::Done);
        }
        Ok(Upkeep::More)
    }

    /// Moves rows into sled until a commit may add more.
    pub(super) fn make_room(&self, core: &mut Core) -> Result<(), StoreError> {
        while core.waiting_bytes() >= self.options.recent_bytes {
            self.move_some(core)?;
        }
        Ok(())
    }

    /// Moves all rows into sled.
    pub(super) fn drain(&self, core: &mut Core) -> Result<(), StoreError> {
        while core.waiting_bytes() > 0 {
            self.move_some(core)?;
        }
        Ok(())
    }

    /// Moves some rows into sled. Readers see them in a layer until sled has them.
    ///
    /// A whole layer is frozen and moved before the next, so that sled's *applied* record can be
    /// raised whenever one is done; a stop in between is repaired by the journal, because doing
    /// changes again is harmless.
    fn move_some(&self, core: &mut Core) -> Result<(), StoreError> {
        let lineage = core.journal.as_ref().ok_or(StoreError::ReadOnly)?.lineage();
        let seq = core.moving.unwrap_or(core.last_seq);
        if core.moving.is_none() {
            let layers = &mut self.view_mut().layers;
            layers.moving = std::mem::take(&mut layers.recent);
            core.moving = Some(seq);
            core.moving_bytes = std::mem::take(&mut core.recent_bytes);
        }
        let (moved, bytes, next) = {
            let view = self.view();
            let (slice, bytes, next) = first_rows(&view.layers.moving, self.options.move_step_bytes);
            let applied = next.is_none().then_some(Applied { lineage, seq });
            let state = view.state();
            let moved = state.and_then(|state| state.apply(slice, applied, Sync::EveryPiece));
            (moved, bytes, next)
        };
        moved.map_err(|error| self.broken(core, error))?;
        let moving = &mut self.view_mut().layers.moving;
        if let Some(next) = next {
            *moving = moving.split_off(&next);
            core.moving_bytes = core.moving_bytes.saturating_sub(bytes).max(1);
        } else {
            *moving = Changes::new();
            core.moving = None;
            core.moving_bytes = 0;
        }
        Ok(())
    }

    /// Writes an export while commits go on. The journal is kept from its beginning to its end.
    pub(super) fn write_export(&self, out: &mut dyn Write) -> Result<u64, StoreError> {
        let (lineage, start) = {
            let mut core = self.core();
            let lineage = core.journal.as_ref().map(super::journal::JournalWriter::lineage);
            let start = core.last_seq;
            *core.exports.entry(start).or_insert(0) += 1;
            (lineage, start)
        };
        let written = self.write_export_from(out, lineage, start);
        let mut core = self.core();
        if let Some(count) = core.exports.get_mut(&start) {
            *count = count.saturating_sub(1);
        }
        core.exports.retain(|_, count| *count > 0);
        written
    }

    fn write_export_from(&self, out: &mut dyn Write, lineage: Option<[u8; 16]>, start: u64) -> Result<u64, StoreError> {
        // Without a journal nothing changes, and the identity of the history stands in sled.
        let lineage = match lineage {
            Some(lineage) => lineage,
            None => self
                .view()
                .state()?
                .applied()?
                .map_or([0; 16], |applied| applied.lineage),
        };
        let mut export = ExportWriter::begin(out, lineage, start).map_err(export_failed)?;
        let mut after = None;
        loop {
            let last = copy_rows(&self.view(), after, &mut export)?;
            if last.is_none() {
                break;
            }
            after = last;
        }
        let end = self.core().last_seq;
        read_records(&self.options.journal(), start, end, &mut |seq, payload| {
            export.commit(seq, payload).map_err(export_failed)
        })?;
        export.end().map_err(export_failed)?;
        Ok(end)
    }

    fn snapshot_due(&self, core: &Core) -> bool {
        // A large state gets proportionally rarer snapshots, so that writing them never costs
        // more than twice what the journal itself costs.
        let after = self.options.snapshot_after_bytes.max(core.snapshot_bytes / 2);
        core.snapshot_wanted || (core.since_snapshot >= after && core.since_snapshot >= core.snapshot_not_before)
    }

    fn begin_snapshot(&self, core: &Core) -> Result<SnapshotJob, StoreError> {
        let temporary = self.options.snapshots().join("next.tmp");
        let lineage = core.journal.as_ref().ok_or(StoreError::ReadOnly)?.lineage();
        let out = BufWriter::new(create_file(&temporary)?);
        let export = ExportWriter::begin(out, lineage, core.last_seq)
            .map_err(|error| StoreError::io("write", &temporary, error))?;
        Ok(SnapshotJob {
            export,
            temporary,
            cursor: Cursor::Rows(None),
            synced_bytes: 0,
        })
    }

    /// One slice. `None` when the snapshot is complete and in place.
    fn step_snapshot(
        &self,
        core: &mut Core,
        mut job: SnapshotJob,
        pace: Pace,
    ) -> Result<Option<SnapshotJob>, StoreError> {
        let step_bytes = match pace {
            Pace::Busy => BUSY_STEP_BYTES,
            Pace::Idle => IDLE_STEP_BYTES,
        };
        let until = job.export.bytes().saturating_add(step_bytes);
        while let Cursor::Rows(after) = &mut job.cursor {
            match copy_rows(&self.view(), after.take(), &mut job.export)? {
                None => job.cursor = Cursor::Commits,
                last => *after = last,
            }
            if job.export.bytes() >= until {
                return self.sync_job(job).map(Some);
            }
        }
        let done = job.export.end_seq();
        let through = core.last_seq.min(done.saturating_add(STEP_COMMITS));
        read_records(&self.options.journal(), done, through, &mut |seq, payload| {
            job.export
                .commit(seq, payload)
                .map_err(|error| StoreError::io("write", &job.temporary, error))
        })?;
        let job = self.sync_job(job)?;
        if through < core.last_seq {
            return Ok(Some(job));
        }
        self.finish_snapshot(core, job)?;
        Ok(None)
    }

    /// Syncs as it goes, so that the last sync does not hold up commits.
    fn sync_job(&self, mut job: SnapshotJob) -> Result<SnapshotJob, StoreError> {
        if job.export.bytes().saturating_sub(job.synced_bytes) >= IDLE_STEP_BYTES {
            let out = job.export.out();
            out.flush()
                .and_then(|()| out.get_ref().sync_data())
                .map_err(|error| StoreError::io("write", &job.temporary, error))?;
            job.synced_bytes = job.export.bytes();
        }
        Ok(job)
    }

    fn finish_snapshot(&self, core: &mut Core, job: SnapshotJob) -> Result<(), StoreError> {
        let end_seq = job.export.end_seq();
        let out = job
            .export
            .end()
            .map_err(|error| StoreError::io("write", &job.temporary, error))?;
        out.into_inner()
            .map_err(std::io::IntoInnerError::into_error)
            .and_then(|file| file.sync_all())
            .map_err(|error| StoreError::io("sync", &job.temporary, error))?;
        let path = snapshot_path(&self.options.snapshots(), end_seq);
        put_in_place(&job.temporary, &path)?;
        core.snapshot_bytes = size_of(&path);
        core.since_snapshot = 0;
        core.snapshot_not_before = 0;
        core.snapshot_wanted = false;
        self.prune(core)
    }

    /// Removes snapshots beyond the second, and the journal that only those needed.
    fn prune(&self, core: &Core) -> Result<(), StoreError> {
        let Some(kept_from) = prune_snapshots(&self.options.snapshots())? else {
            return Ok(());
        };
        let oldest_export = core.exports.keys().next().copied().unwrap_or(u64::MAX);
        let needed_after = kept_from.min(oldest_export);
        let segments = list_segments(&self.options.journal())?;
        for (segment, next) in segments.iter().zip(segments.iter().skip(1)) {
            if next.first_seq > needed_after.saturating_add(1) {
                break;
            }
            remove_if_any(&segment.path)?;
        }
        super::files::sync_folder(&self.options.journal())
    }

    /// A snapshot that fails costs nothing but itself, unless sled is what failed.
    fn note_snapshot(
        &self,
        core: &mut Core,
        outcome: Result<Option<SnapshotJob>, StoreError>,
    ) -> Result<(), StoreError> {
        match outcome {
            Ok(job) => core.job = job,
            Err(error @ StoreError::StateDamaged { .. }) => return Err(self.broken(core, error)),
            Err(error) => {
                tracing::error!(%error, "the snapshot failed");
                core.job = None;
                core.snapshot_wanted = false;
                let pause = self.options.snapshot_after_bytes / 4;
                core.snapshot_not_before = core.since_snapshot.saturating_add(pause);
                remove_if_any(&self.options.snapshots().join("next.tmp"))?;
            }
        }
        Ok(())
    }
}

/// The first rows of a layer that make one step, their bytes, and the first key behind them.
fn first_rows(layer: &Changes, step_bytes: usize) -> (Slice<'_>, usize, Option<Vec<u8>>) {
    let (mut bytes, mut rows) = (0_usize, 0_usize);
    let mut next = None;
    for (key, value) in layer {
        if bytes >= step_bytes {
            next = Some(key.clone());
            break;
        }
        let value_bytes = value.as_ref().map_or(0, Vec::len);
        bytes = bytes.saturating_add(key.len()).saturating_add(value_bytes);
        rows = rows.saturating_add(1);
    }
    (layer.iter().take(rows), bytes, next)
}

type Slice<'a> = std::iter::Take<std::collections::btree_map::Iter<'a, Vec<u8>, Option<Vec<u8>>>>;

/// Copies the next rows; answers the last key, `None` when there were none left.
fn copy_rows<W: Write>(
    view: &View,
    after: Option<Vec<u8>>,
    export: &mut ExportWriter<W>,
) -> Result<Option<Vec<u8>>, StoreError> {
    let mut scan = Scan::forward(Vec::new(), SLICE_ROWS);
    scan.after = after;
    let rows = view.scan(&scan)?;
    let last = rows.last().map(|(key, _)| key.clone());
    if last.is_some() {
        export.rows(rows).map_err(export_failed)?;
    }
    Ok(last)
}

fn export_failed(error: std::io::Error) -> StoreError {
    StoreError::io("write", std::path::Path::new("the export"), error)
}
