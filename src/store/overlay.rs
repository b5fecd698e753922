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

/// Two layers over the indexed state.
#[derive(Debug, Default)]
pub struct Layers {
    /// Rows of the newest commits.
    pub recent: Changes,
    /// Older rows that are being moved into the indexed state.
    pub moving: Changes,
}

/// An entry of a layer.
type Entry<'a> = (&'a Vec<u8>, &'a Option<Vec<u8>>);

impl Layers {
    /// The row as the layers have it: not at all, removed, or with a value.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<&Option<Vec<u8>>> {
        self.recent.get(key).or_else(|| self.moving.get(key))
    }

    /// Rows in both layers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.recent.len().saturating_add(self.moving.len())
    }

    /// Whether the indexed state has everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Merges the indexed state's rows, given in scan order, with the layers over them.
///
/// # Errors
/// The first failure of the indexed state.
pub fn merge(base: impl Iterator<Item = BaseRow>, layers: &Layers, scan: &Scan) -> Result<Rows, StoreError> {
    let Some(bounds) = scan_bounds(scan) else {
        return Ok(Rows::new());
    };
    let recent = layers.recent.range(bounds.clone());
    let moving = layers.moving.range(bounds);
    match scan.direction {
        Direction::Forward => {
            let order = |a: &[u8], b: &[u8]| a.cmp(b);
            merge_ordered(base, layered(recent, moving, order), scan.limit, order)
        }
        Direction::Backward => {
            let order = |a: &[u8], b: &[u8]| b.cmp(a);
            let over = layered(recent.rev(), moving.rev(), order);
            merge_ordered(base, over, scan.limit, order)
        }
    }
}

/// Both layers as one; where both have a row, the upper one's counts.
fn layered<'a>(
    upper: impl Iterator<Item = Entry<'a>>,
    lower: impl Iterator<Item = Entry<'a>>,
    order: impl Fn(&[u8], &[u8]) -> Ordering,
) -> impl Iterator<Item = Entry<'a>> {
    let (mut upper, mut lower) = (upper.peekable(), lower.peekable());
    std::iter::from_fn(move || {
        let side = match (upper.peek(), lower.peek()) {
            (Some((above, _)), Some((below, _))) => order(above, below),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        if side == Ordering::Greater {
            return lower.next();
        }
        if side == Ordering::Equal {
            lower.next();
        }
        upper.next()
    })
}

fn merge_ordered<'a>(
    base: impl Iterator<Item = BaseRow>,
    over: impl Iterator<Item = Entry<'a>>,
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
