//! Reading the journal at a start: how far it reaches, and whether it is whole.

use std::path::{Path, PathBuf};

use super::record::{Frame, HEAD_BYTES, Kind, TAIL_BYTES, decode};
use super::segment::{HEADER_BYTES, Header, SegmentFile, list_segments};
use super::tail::is_interrupted_write;
use crate::store::error::StoreError;

/// Takes a record's number and payload.
pub type EachRecord<'a> = dyn FnMut(u64, &[u8]) -> Result<(), StoreError> + 'a;

/// How much of the journal to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The headers of all segments and the records of the last: constant time, after a clean stop.
    LastSegment,
    /// Every record.
    Everything,
}

/// What a journal holds.
#[derive(Debug, Clone)]
pub struct Survey {
    /// Identity of the history.
    pub lineage: [u8; 16],
    /// Number of the oldest record kept.
    pub first_seq: u64,
    /// Number of the last intact record before any damage.
    pub last_seq: u64,
    /// Checksum of that record.
    pub chain: u32,
    /// The segment that holds it.
    pub last_segment: PathBuf,
    /// Where it ends there, in bytes.
    pub end: u64,
    /// Unreadable bytes at the very end, with nothing readable behind them.
    pub tail: Option<BadTail>,
    /// The first damage that cannot be an interrupted write.
    pub damage: Option<StoreError>,
}

/// The end of an interrupted write, or a last record that was damaged later: from the bytes alone
/// these look the same, so whoever knows which records were acknowledged must decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadTail {
    /// The segment.
    pub segment: PathBuf,
    /// First unreadable byte.
    pub offset: u64,
    /// Unreadable bytes.
    pub bytes: u64,
    /// Number the record there would have.
    pub seq: u64,
    /// Whether it is what a process killed in the middle of a write leaves.
    pub interrupted: bool,
}

/// Reads the journal in `folder`; `None` when it has no segment.
///
/// # Errors
/// [`StoreError::Io`] when files cannot be read. Damage is part of the answer.
pub fn survey(folder: &Path, depth: Depth) -> Result<Option<Survey>, StoreError> {
    let segments = list_segments(folder)?;
    let Some((first, last)) = segments.first().zip(segments.last()) else {
        return Ok(None);
    };
    let start = match depth {
        Depth::LastSegment => last,
        Depth::Everything => first,
    };
    let Some(mut survey) = begin(start, first.first_seq)? else {
        return Err(StoreError::journal(
            &start.path,
            0,
            "the header of the segment is unreadable",
        ));
    };
    for segment in segments.iter().filter(|segment| segment.first_seq >= start.first_seq) {
        let bytes = read(&segment.path)?;
        if let Err(problem) = join(&survey, segment, &bytes) {
            survey.damage = Some(StoreError::journal(&segment.path, 0, problem));
            return Ok(Some(survey));
        }
        survey.last_segment.clone_from(&segment.path);
        walk(&mut survey, &bytes, segment.path == last.path);
        if survey.damage.is_some() {
            break;
        }
    }
    Ok(Some(survey))
}

/// Hands out the payloads of the records `after < seq ≤ through`, in order.
///
/// # Errors
/// [`StoreError::JournalDamaged`] when one of them is missing or unreadable, or what `each` fails with.
pub fn read_records(folder: &Path, after: u64, through: u64, each: &mut EachRecord<'_>) -> Result<(), StoreError> {
    let segments = list_segments(folder)?;
    let mut wanted = after.saturating_add(1);
    for (at, segment) in segments.iter().enumerate() {
        let next_first = segments
            .get(at.saturating_add(1))
            .map_or(u64::MAX, |next| next.first_seq);
        if wanted > through || next_first <= wanted {
            continue;
        }
        let bytes = read(&segment.path)?;
        let header = Header::decode(&bytes)
            .ok_or_else(|| StoreError::journal(&segment.path, 0, "the header of the segment is unreadable"))?;
        let (mut offset, mut chain) = (HEADER_BYTES, header.chain);
        while wanted <= through
            && let Some((record, size)) = bytes.get(offset..).and_then(|rest| decode(rest, chain))
        {
            offset = offset.saturating_add(size);
            chain = record.crc;
            if record.seq == wanted {
                each(record.seq, &record.payload)?;
                wanted = wanted.saturating_add(1);
            }
        }
    }
    if wanted <= through {
        return Err(StoreError::journal(folder, 0, format!("record {wanted} is missing")));
    }
    Ok(())
}

fn begin(segment: &SegmentFile, first_seq: u64) -> Result<Option<Survey>, StoreError> {
    let bytes = read(&segment.path)?;
    Ok(Header::decode(&bytes).map(|header| Survey {
        lineage: header.lineage,
        first_seq,
        last_seq: segment.first_seq.saturating_sub(1),
        chain: header.chain,
        last_segment: segment.path.clone(),
        end: wide(HEADER_BYTES),
        tail: None,
        damage: None,
    }))
}

/// Whether `segment` continues what was read before it.
fn join(survey: &Survey, segment: &SegmentFile, bytes: &[u8]) -> Result<(), String> {
    let header = Header::decode(bytes).ok_or("the header of the segment is unreadable")?;
    let expected = survey.last_seq.saturating_add(1);
    if header.lineage != survey.lineage {
        return Err("the segment belongs to another data folder".to_owned());
    }
    if segment.first_seq != expected || header.first_seq != expected {
        return Err(format!(
            "record {expected} should follow, but the segment begins with {}",
            header.first_seq
        ));
    }
    if header.chain != survey.chain {
        return Err("the segment does not continue the one before it".to_owned());
    }
    Ok(())
}

/// Reads the records of one segment into the survey.
fn walk(survey: &mut Survey, bytes: &[u8], is_last: bool) {
    let mut offset = HEADER_BYTES;
    loop {
        survey.end = wide(offset);
        let rest = bytes.get(offset..).unwrap_or_default();
        if rest.is_empty() {
            return;
        }
        let expected = survey.last_seq.saturating_add(1);
        let Some((record, size)) =
            decode(rest, survey.chain).filter(|(r, _)| r.seq == expected && r.kind == Kind::Commit)
        else {
            judge(survey, bytes, offset, is_last);
            return;
        };
        survey.last_seq = record.seq;
        survey.chain = record.crc;
        offset = offset.saturating_add(size);
    }
}

/// Something unreadable stands at `offset`: an interrupted write, or damage?
fn judge(survey: &mut Survey, bytes: &[u8], offset: usize, is_last: bool) {
    let seq = survey.last_seq.saturating_add(1);
    let segment = survey.last_segment.clone();
    if !is_last {
        let problem = format!("record {seq} is unreadable, and later segments exist");
        survey.damage = Some(StoreError::journal(&segment, wide(offset), problem));
    } else if let Some(later) = later_record(bytes, offset, seq, survey.chain) {
        let problem = format!("record {seq} is unreadable, and record {later} behind it is intact");
        survey.damage = Some(StoreError::journal(&segment, wide(offset), problem));
    } else {
        let rest = bytes.get(offset..).unwrap_or_default();
        survey.tail = Some(BadTail {
            segment,
            offset: wide(offset),
            bytes: wide(rest.len()),
            interrupted: is_interrupted_write(rest, seq, survey.chain),
            seq,
        });
    }
}

/// The number of an intact record behind the unreadable one at `offset`, if any.
///
/// An intact record is recognised without its predecessor's content, because the predecessor's
/// checksum stands in the four bytes before it; and, should just these be damaged, by the
/// checksum the unreadable record ought to bear.
fn later_record(bytes: &[u8], offset: usize, bad_seq: u64, chain: u32) -> Option<u64> {
    let most = bytes.len().saturating_sub(offset) / (HEAD_BYTES + TAIL_BYTES);
    let last_possible = bad_seq.saturating_add(wide(most));
    let plausible = |frame: &Frame<'_>| frame.kind == Kind::Commit && frame.seq > bad_seq && frame.seq <= last_possible;
    let rest = bytes.get(offset..).unwrap_or_default();
    if let Some(bad) = Frame::at(rest) {
        let next = rest.get(bad.size()..).and_then(Frame::at).filter(plausible);
        if let Some(next) = next.filter(|next| next.continues(bad.computed(chain))) {
            return Some(next.seq);
        }
    }
    (offset.saturating_add(TAIL_BYTES)..bytes.len()).find_map(|at| {
        let before = bytes.get(at.checked_sub(TAIL_BYTES)?..at)?.first_chunk::<4>()?;
        let frame = Frame::at(bytes.get(at..)?).filter(plausible)?;
        frame.continues(u32::from_le_bytes(*before)).then_some(frame.seq)
    })
}

fn read(path: &Path) -> Result<Vec<u8>, StoreError> {
    std::fs::read(path).map_err(|error| StoreError::io("read", path, error))
}

fn wide(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
