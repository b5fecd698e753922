//! Committed rows that the indexed state does not have yet, laid over it for readers.

use std::cmp::Ordering;
use std::ops::Bound;

use super::changes::Changes;
use super::error::StoreError;
use super::kv::{Direction, Rows, Scan};

/// A row of the lower layer, or the failure to read it.
pub type BaseRow = Result<(Vec<u8>, Vec<u8>), StoreError>;

/// Both ends of a range of keys.
pub type KeyRange = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// The range of keys a scan covers; `None` when it is empty.
#[must_use]
pub fn scan_bounds(scan: &Scan) -> Option<KeyRange> {
    let mut low = Bound::Included(scan.prefix.clone());
    let mut high = prefix_end(&scan.prefix).map_or(Bound::Unbounded, Bound::Excluded);
    if let Some(after) = &scan.after {
        match scan.direction {
            Direction::Forward if *after >= scan.prefix => low = Bound::Excluded(after.clone()),
            Direction::Backward if bound_key(&high).is_none_or(|end| after < end) => {
                high = Bound::Excluded(after.clone());
            }
            _ => {}
        }
    }
    let empty = match (bound_key(&low), bound_key(&high)) {
        (Some(low), Some(high)) => low >= high,
        _ => false,
    };
    (!empty).then_some((low, high))
}

/// The first key after all keys with this prefix; `None` when there is none.
#[must_use]
pub fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}

/// Merges the lower layer, given in scan order, with the changes laid over it.
///
/// # Errors
/// The first failure of the lower layer.
pub fn merge(
    base: impl Iterator<Item = BaseRow>,
    overlay: &Changes,
    scan: &Scan,
) -> Result<Rows, StoreError> {
    let Some(bounds) = scan_bounds(scan) else {
        return Ok(Rows::new());
    };
    let range = overlay.range(bounds);
    match scan.direction {
        Direction::Forward => merge_ordered(base, range, scan.limit, |a, b| a.cmp(b)),
        Direction::Backward => merge_ordered(base, range.rev(), scan.limit, |a, b| b.cmp(a)),
    }
}

fn merge_ordered<'a>(
    base: impl Iterator<Item = BaseRow>,
    over: impl Iterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)>,
    limit: usize,
    order: impl Fn(&[u8], &[u8]) -> Ordering,
) -> Result<Rows, StoreError> {
    let mut rows = Rows::new();
    let mut base = base.peekable();
    let mut over = over.peekable();
    while rows.len() < limit {
        let side = match (base.peek(), over.peek()) {
            (Some(Ok((below, _))), Some((above, _))) => order(below, above),
            (Some(_), _) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => break,
        };
        if side != Ordering::Greater {
            let row = base.next().transpose()?;
            if side == Ordering::Less {
                rows.extend(row);
            }
        }
        if side != Ordering::Less
            && let Some((key, Some(value))) = over.next()
        {
            rows.push((key.clone(), value.clone()));
        }
    }
    Ok(rows)
}

fn bound_key(bound: &Bound<Vec<u8>>) -> Option<&Vec<u8>> {
    match bound {
        Bound::Included(key) | Bound::Excluded(key) => Some(key),
        Bound::Unbounded => None,
    }
}
