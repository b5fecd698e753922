//! Reading the journal at a start: how far it reaches, and whether it is whole.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::record::{Frame, HEAD_BYTES, Kind, TAIL_BYTES, decode};
use super::segment::{BadHeader, FORMAT, HEADER_BYTES, Header, SegmentFile, Witness, list_segments};
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
    /// Format of that segment.
    pub format: u32,
    /// The last record that the segment itself says was synced, 0 when it does not say.
    pub witnessed: u64,
    /// Where it begins there, in bytes; equal to `end` when the segment has no record yet.
    pub last_record: u64,
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
    let mut survey = begin(start, first.first_seq)?;
    for segment in segments.iter().filter(|segment| segment.first_seq >= start.first_seq) {
        let bytes = read(&segment.path)?;
        let header = match join(&survey, segment, &bytes) {
            Ok(header) => header,
            Err(error @ StoreError::JournalDamaged { .. }) => {
                survey.damage = Some(error);
                return Ok(Some(survey));
            }
            Err(error) => return Err(error),
        };
        survey.last_segment.clone_from(&segment.path);
        survey.format = header.format;
        walk(&mut survey, &bytes, header.bytes(), segment.path == last.path);
        if survey.damage.is_some() {
            break;
        }
        if segment.path == last.path && header.format > 1 {
            hear_witness(&mut survey, header.witness(&bytes));
        }
    }
    Ok(Some(survey))
}

/// Takes in what the last segment says about its records. It says something from the beginning on,
/// and one of its two copies outlives a torn write.
fn hear_witness(survey: &mut Survey, witness: Option<Witness>) {
    let problem = match witness {
        Some(Witness { seq, sealed: false }) => {
            survey.witnessed = seq;
            return;
        }
        Some(_) => "a later segment was begun and is not there",
        None => "the segment does not say any more how far it was synced",
    };
    survey.damage = Some(StoreError::journal(&survey.last_segment, survey.end, problem));
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
        let header = header_of(segment, &bytes)?;
        let (mut offset, mut chain) = (header.bytes(), header.chain);
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

/// What is known before any record is read. The first header is all that is looked at.
fn begin(segment: &SegmentFile, first_seq: u64) -> Result<Survey, StoreError> {
    let mut bytes = Vec::new();
    std::fs::File::open(&segment.path)
        .and_then(|file| file.take(wide(HEADER_BYTES)).read_to_end(&mut bytes))
        .map_err(|error| StoreError::io("read", &segment.path, error))?;
    let header = header_of(segment, &bytes)?;
    Ok(Survey {
        lineage: header.lineage,
        first_seq,
        last_seq: segment.first_seq.saturating_sub(1),
        chain: header.chain,
        last_segment: segment.path.clone(),
        format: header.format,
        witnessed: 0,
        last_record: wide(header.bytes()),
        end: wide(header.bytes()),
        tail: None,
        damage: None,
    })
}

/// Whether `segment` continues what was read before it.
fn join(survey: &Survey, segment: &SegmentFile, bytes: &[u8]) -> Result<Header, StoreError> {
    let damaged = |problem: String| StoreError::journal(&segment.path, 0, problem);
    let header = header_of(segment, bytes)?;
    let expected = survey.last_seq.saturating_add(1);
    if header.lineage != survey.lineage {
        return Err(damaged("the segment belongs to another data folder".to_owned()));
    }
    if segment.first_seq != expected || header.first_seq != expected {
        return Err(damaged(format!(
            "record {expected} should follow, but the segment begins with {}",
            header.first_seq
        )));
    }
    if header.chain != survey.chain {
        return Err(damaged("the segment does not continue the one before it".to_owned()));
    }
    Ok(header)
}

fn header_of(segment: &SegmentFile, bytes: &[u8]) -> Result<Header, StoreError> {
    Header::decode(bytes).map_err(|bad| match bad {
        BadHeader::Damaged => StoreError::journal(&segment.path, 0, "the header of the segment is unreadable"),
        BadHeader::Newer { found } => StoreError::FormatTooNew {
            path: segment.path.clone(),
            found,
            supported: FORMAT,
        },
    })
}

/// Reads the records of one segment into the survey.
fn walk(survey: &mut Survey, bytes: &[u8], from: usize, is_last: bool) {
    let mut offset = from;
    survey.last_record = wide(offset);
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
        survey.last_record = wide(offset);
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
        let problem = format!(
            "record {seq} is unreadable, and record {} behind it is intact",
            later.seq
        );
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

/// An intact record behind an unreadable one: where it begins, its number, and the checksum before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Later {
    offset: usize,
    seq: u64,
    chain: u32,
}

/// The first intact record behind the unreadable one at `offset`, if any.
///
/// An intact record is recognised without its predecessor's content, because the predecessor's
/// checksum stands in the four bytes before it; and, should just these be damaged, by the
/// checksum the unreadable record ought to bear.
fn later_record(bytes: &[u8], offset: usize, bad_seq: u64, chain: u32) -> Option<Later> {
    let most = bytes.len().saturating_sub(offset) / (HEAD_BYTES + TAIL_BYTES);
    let last_possible = bad_seq.saturating_add(wide(most));
    let plausible = |frame: &Frame<'_>| frame.kind == Kind::Commit && frame.seq > bad_seq && frame.seq <= last_possible;
    let rest = bytes.get(offset..).unwrap_or_default();
    if let Some(bad) = Frame::at(rest) {
        let chain = bad.computed(chain);
        let next = rest.get(bad.size()..).and_then(Frame::at).filter(plausible);
        if let Some(next) = next.filter(|next| next.continues(chain)) {
            let (offset, seq) = (offset.saturating_add(bad.size()), next.seq);
            return Some(Later { offset, seq, chain });
        }
    }
    (offset.saturating_add(TAIL_BYTES)..bytes.len()).find_map(|at| {
        let before = bytes.get(at.checked_sub(TAIL_BYTES)?..at)?.first_chunk::<4>()?;
        let chain = u32::from_le_bytes(*before);
        let frame = Frame::at(bytes.get(at..)?).filter(plausible)?;
        let (offset, seq) = (at, frame.seq);
        frame.continues(chain).then_some(Later { offset, seq, chain })
    })
}

/// Hands out the payloads of the records after `after`, in order, up to the first that cannot be
/// read: also from behind damage, as long as no record in between is needed. For a rescue.
///
/// # Errors
/// [`StoreError::Io`], or what `each` fails with.
pub fn read_what_is_left(
    folder: &Path,
    lineage: [u8; 16],
    after: u64,
    each: &mut EachRecord<'_>,
) -> Result<(), StoreError> {
    let mut wanted = after.saturating_add(1);
    for segment in list_segments(folder)? {
        let bytes = read(&segment.path)?;
        let Some(header) = Header::decode(&bytes).ok().filter(|header| header.lineage == lineage) else {
            continue;
        };
        let (mut offset, mut chain, mut expected) = (header.bytes(), header.chain, header.first_seq);
        while offset < bytes.len() && expected <= wanted {
            let rest = bytes.get(offset..).unwrap_or_default();
            if let Some((record, size)) = decode(rest, chain).filter(|(record, _)| record.seq == expected) {
                if record.seq == wanted {
                    each(record.seq, &record.payload)?;
                    wanted = wanted.saturating_add(1);
                }
                (offset, chain) = (offset.saturating_add(size), record.crc);
                expected = expected.saturating_add(1);
            } else {
                let Some(later) = later_record(&bytes, offset, expected, chain) else {
                    break;
                };
                (offset, chain, expected) = (later.offset, later.chain, later.seq);
            }
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, StoreError> {
    std::fs::read(path).map_err(|error| StoreError::io("read", path, error))
}

fn wide(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
