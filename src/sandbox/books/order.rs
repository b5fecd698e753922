//! Keys in sorted order that can be counted and entered at any rank.

/// When a document was last changed, then its id in the order Xero's database gives it.
pub type SortKey = (i64, [u8; 16]);

/// A chunk that outgrows this is split in two.
const CHUNK_KEYS_MAX: usize = 512;

/// A sorted set of keys in chunks: a change moves one chunk, a rank is found by their lengths.
#[derive(Debug, Clone, Default)]
pub struct Order {
    chunks: Vec<Vec<SortKey>>,
    len: usize,
}

impl Order {
    /// Adds a key; says whether it was new.
    pub fn insert(&mut self, key: SortKey) -> bool {
        let at = self.chunk_of(&key).min(self.chunks.len().saturating_sub(1));
        let Some(chunk) = self.chunks.get_mut(at) else {
            self.chunks.push(vec![key]);
            self.len = 1;
            return true;
        };
        let Err(place) = chunk.binary_search(&key) else {
            return false;
        };
        chunk.insert(place, key);
        self.len = self.len.saturating_add(1);
        if chunk.len() > CHUNK_KEYS_MAX {
            // Keys come mostly at the end: a full last chunk keeps what it has.
            let last = self.chunks.len().checked_sub(1) == Some(at);
            let keep = if last {
                CHUNK_KEYS_MAX
            } else {
                CHUNK_KEYS_MAX.div_ceil(2)
            };
            let rest = self.chunks.get_mut(at).map(|chunk| chunk.split_off(keep));
            self.chunks.insert(at.saturating_add(1), rest.unwrap_or_default());
        }
        true
    }

    /// Removes a key; says whether it was there.
    pub fn remove(&mut self, key: &SortKey) -> bool {
        let at = self.chunk_of(key);
        let Some(chunk) = self.chunks.get_mut(at) else {
            return false;
        };
        let Ok(place) = chunk.binary_search(key) else {
            return false;
        };
        chunk.remove(place);
        self.len = self.len.saturating_sub(1);
        if chunk.is_empty() {
            self.chunks.remove(at);
        }
        true
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many keys are smaller.
    pub fn rank(&self, key: &SortKey) -> usize {
        let at = self.chunk_of(key);
        let before: usize = self.chunks.iter().take(at).map(Vec::len).sum();
        let inside = self
            .chunks
            .get(at)
            .map(|chunk| chunk.partition_point(|other| other < key));
        before.saturating_add(inside.unwrap_or(0))
    }

    /// Whether a key is there.
    pub fn contains(&self, key: &SortKey) -> bool {
        let chunk = self.chunks.get(self.chunk_of(key));
        chunk.is_some_and(|chunk| chunk.binary_search(key).is_ok())
    }

    /// All keys.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = SortKey> {
        self.chunks.iter().flatten().copied()
    }

    /// The keys from a rank on.
    pub fn starting_at(&self, rank: usize) -> impl Iterator<Item = SortKey> {
        let mut left = rank;
        let mut at = 0_usize;
        while let Some(chunk) = self.chunks.get(at).filter(|chunk| chunk.len() <= left) {
            left = left.saturating_sub(chunk.len());
            at = at.saturating_add(1);
        }
        self.chunks.iter().skip(at).flatten().skip(left).copied()
    }

    /// The first chunk that does not end before the key.
    fn chunk_of(&self, key: &SortKey) -> usize {
        self.chunks
            .partition_point(|chunk| chunk.last().is_some_and(|last| last < key))
    }
}
