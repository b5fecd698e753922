//! Documents by id, with an index in Xero's default order and one for each thing they are asked
//! for by. Lists may lag behind: then the indexes show what was true a while ago.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::order::{Order, SortKey};

/// Something a document can be looked up by in a list; texts in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mark {
    /// Its own id; every shelf knows it.
    Id(Uuid),
    /// Its number.
    Number(String),
    /// Its name.
    Name(String),
    /// Its reference.
    Reference(String),
    /// The contact it belongs to.
    Contact(Uuid),
    /// The invoice it belongs to.
    Invoice(Uuid),
    /// Where it stands.
    Status(String),
    /// What kind of document it is.
    Kind(String),
}

impl Mark {
    /// A number in any letter case.
    pub fn number(text: &str) -> Self {
        Self::Number(text.to_lowercase())
    }

    /// A name in any letter case.
    pub fn name(text: &str) -> Self {
        Self::Name(text.to_lowercase())
    }

    /// A reference in any letter case.
    pub fn reference(text: &str) -> Self {
        Self::Reference(text.to_lowercase())
    }

    /// A status in any letter case.
    pub fn status(text: &str) -> Self {
        Self::Status(text.to_lowercase())
    }

    /// A type in any letter case.
    pub fn kind(text: &str) -> Self {
        Self::Kind(text.to_lowercase())
    }
}

/// Something with an id and a time of last change.
pub trait Stamped {
    /// Its id.
    fn id(&self) -> Uuid;
    /// When it last changed, in milliseconds of document time.
    fn updated_ms(&self) -> i64;
    /// What lists find it by, its id apart.
    fn marks(&self) -> Vec<Mark> {
        Vec::new()
    }
}

/// How far lists lag behind, and what time it is for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lag {
    /// In milliseconds of real time.
    pub now_ms: i64,
    /// How long a written document is not yet in lists, in milliseconds.
    pub behind_ms: i64,
}

/// A collection that can be read by id and in the order `UpdatedDateUTC`, then id.
///
/// Ties are not in text order: Xero's database compares the last six bytes of a GUID first.
#[derive(Debug, Clone)]
pub struct Shelf<T> {
    items: HashMap<Uuid, T>,
    order: Order,
    marked: HashMap<Mark, Order>,
    lag: Lag,
    /// What lists still show of documents that were written again; `None`: not even that.
    shown: HashMap<Uuid, Option<T>>,
    /// Versions by when lists will show them.
    coming: BTreeMap<(i64, u64), T>,
    writes: u64,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self {
            items: HashMap::new(),
            order: Order::default(),
            marked: HashMap::new(),
            lag: Lag::default(),
            shown: HashMap::new(),
            coming: BTreeMap::new(),
            writes: 0,
        }
    }
}

impl<T: Stamped + Clone> Shelf<T> {
    /// One item as it is.
    pub fn get(&self, id: Uuid) -> Option<&T> {
        self.items.get(&id)
    }

    /// Adds or replaces an item; returns the one it replaced.
    pub fn put(&mut self, item: T) -> Option<T> {
        let id = item.id();
        if self.lag.behind_ms == 0 && !self.shown.contains_key(&id) {
            let entry = Entry::of(&item);
            let old = self.items.insert(id, item);
            self.reindex(old.as_ref().map(Entry::of), entry);
            return old;
        }
        let at_ms = self.lag.now_ms.saturating_add(self.lag.behind_ms);
        self.writes = self.writes.saturating_add(1);
        self.coming.insert((at_ms, self.writes), item.clone());
        let old = self.items.insert(id, item);
        self.shown.entry(id).or_insert_with(|| old.clone());
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

    /// All items as they are, in Xero's default order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        let mut late = Vec::new();
        if !self.shown.is_empty() {
            late.extend(self.items.values());
            late.sort_by_key(|item| key_of(*item));
        }
        let now = if late.is_empty() { Some(self.order.iter()) } else { None };
        let ordered = now
            .into_iter()
            .flatten()
            .filter_map(|(_, key)| self.items.get(&from_sort_key(key)));
        ordered.chain(late)
    }

    /// Sets the time for lists: what was written long enough ago is in them from now on.
    pub fn tick(&mut self, lag: Lag) {
        self.lag = lag;
        while let Some(first) = self.coming.first_entry()
            && (lag.behind_ms == 0 || first.key().0 <= lag.now_ms)
        {
            let version = first.remove();
            let id = version.id();
            let before = self.shown.remove(&id).flatten();
            self.reindex(before.as_ref().map(Entry::of), Entry::of(&version));
            if self.coming.values().any(|later| later.id() == id) {
                self.shown.insert(id, Some(version));
            }
        }
    }

    /// What lists show under an id.
    pub fn listed(&self, id: Uuid) -> Option<&T> {
        match self.shown.get(&id) {
            Some(version) => version.as_ref(),
            None => self.items.get(&id),
        }
    }

    /// What lists show under a key of an index.
    pub fn listed_at(&self, key: SortKey) -> Option<&T> {
        self.listed(from_sort_key(key.1))
    }

    /// Everything lists show, in Xero's default order.
    pub fn listing(&self) -> &Order {
        &self.order
    }

    /// What lists show with this mark; ids have no index of their own.
    pub fn marked(&self, mark: &Mark) -> Option<&Order> {
        self.marked.get(mark)
    }

    fn reindex(&mut self, before: Option<Entry>, after: Entry) {
        if before.as_ref() == Some(&after) {
            return;
        }
        if let Some(Entry { key, marks }) = before {
            self.order.remove(&key);
            for mark in marks {
                if let Some(order) = self.marked.get_mut(&mark) {
                    order.remove(&key);
                    if order.is_empty() {
                        self.marked.remove(&mark);
                    }
                }
            }
        }
        self.order.insert(after.key);
        for mark in after.marks {
            self.marked.entry(mark).or_default().insert(after.key);
        }
    }
}

/// What the indexes say of one version.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    key: SortKey,
    marks: Vec<Mark>,
}

impl Entry {
    fn of(item: &impl Stamped) -> Self {
        Self {
            key: key_of(item),
            marks: item.marks(),
        }
    }
}

/// Where an item stands in its index.
pub fn key_of(item: &impl Stamped) -> SortKey {
    (item.updated_ms(), sort_key(item.id()))
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
