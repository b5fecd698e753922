//! Documents by id, with an index in Xero's default order.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;

use uuid::Uuid;

/// Something with an id and a time of last change.
pub trait Stamped {
    /// Its id.
    fn id(&self) -> Uuid;
    /// When it last changed, in milliseconds of document time.
    fn updated_ms(&self) -> i64;
}

/// A collection that can be read by id and in the order `UpdatedDateUTC`, then id.
///
/// Ties are not in text order: Xero's database compares the last six bytes of a GUID first.
#[derive(Debug, Clone)]
pub struct Shelf<T> {
    items: HashMap<Uuid, T>,
    order: BTreeSet<(i64, [u8; 16])>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self {
            items: HashMap::new(),
            order: BTreeSet::new(),
        }
    }
}

impl<T: Stamped> Shelf<T> {
    /// One item.
    pub fn get(&self, id: Uuid) -> Option<&T> {
        self.items.get(&id)
    }

    /// Adds or replaces an item; returns the one it replaced.
    pub fn put(&mut self, item: T) -> Option<T> {
        let id = item.id();
        self.order.insert((item.updated_ms(), sort_key(id)));
        let old = self.items.insert(id, item);
        if let (Some(old), Some(new)) = (&old, self.items.get(&id))
            && old.updated_ms() != new.updated_ms()
        {
            self.order.remove(&(old.updated_ms(), sort_key(id)));
        }
        old
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// All items in Xero's default order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.order
            .iter()
            .filter_map(|(_, key)| self.items.get(&from_sort_key(*key)))
    }

    /// Those changed at or after a time, in Xero's default order.
    pub fn since(&self, from_ms: i64) -> impl DoubleEndedIterator<Item = &T> {
        self.order
            .range((Bound::Included((from_ms, [0; 16])), Bound::Unbounded))
            .filter_map(|(_, key)| self.items.get(&from_sort_key(*key)))
    }
}

/// Reorders a GUID's bytes so that plain comparison gives SQL Server's order.
fn sort_key(id: Uuid) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = id.into_bytes();
    [k, l, m, n, o, p, i, j, h, g, f, e, d, c, b, a]
}

fn from_sort_key(key: [u8; 16]) -> Uuid {
    let [k, l, m, n, o, p, i, j, h, g, f, e, d, c, b, a] = key;
    Uuid::from_bytes([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p])
}
