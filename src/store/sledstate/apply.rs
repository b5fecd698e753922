//! Changes on their way into sled: in pieces, each followed by a real sync.

use std::collections::BTreeSet;

use super::guard::guarded;
use super::state::{APPLIED, SledState, TALLY};
use crate::store::envelope::{CHUNK_BYTES, CHUNKED, INLINE, chunk_key, chunk_prefix, envelope};
use crate::store::error::StoreError;
use crate::store::tally::Tally;

/// At most this much is applied between two syncs of sled's file, with the size of one chunk to
/// spare: above about 128 KB sled was seen to lose rows in power cuts.
const PIECE_BYTES: usize = 96 * 1024;

/// How far the state follows the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// The journal it follows.
    pub lineage: [u8; 16],
    /// The last record applied.
    pub seq: u64,
}

/// Whether changes are synced as they are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// After every piece.
    EveryPiece,
    /// Only at the end; for a rebuild, which is begun again when it is interrupted.
    Later,
}

impl SledState {
    /// Applies changes in pieces. With `applied`, the last piece also records how far the journal
    /// was applied, and is synced whatever `sync` says.
    ///
    /// # Errors
    /// [`StoreError::StateDamaged`], [`StoreError::Full`]; the state must then be dropped.
    pub fn apply<'a>(
        &self,
        changes: impl IntoIterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)>,
        applied: Option<Applied>,
        sync: Sync,
    ) -> Result<(), StoreError> {
        let mut piece = Piece::default();
        for (key, value) in changes {
            let old = self.stored(key)?;
            let cleared = self.clear_chunks(key, old.as_deref(), &mut piece)?;
            let old = old.as_deref();
            match value {
                None => piece.remove(key, old),
                Some(value) if value.len() <= CHUNK_BYTES => piece.insert(key, &envelope(INLINE, key, value), old),
                Some(value) => {
                    let row = self.insert_chunks(key, value, &cleared, &mut piece, sync)?;
                    piece.insert(key, &row, old);
                }
            }
            self.apply_if_full(&mut piece, sync)?;
        }
        let Some(applied) = applied else {
            return self.apply_piece(&mut piece, sync);
        };
        let mut body = applied.lineage.to_vec();
        body.extend_from_slice(&applied.seq.to_be_bytes());
        let old = self.stored(&APPLIED)?;
        piece.insert(&APPLIED, &envelope(INLINE, &APPLIED, &body), old.as_deref());
        self.apply_piece(&mut piece, Sync::EveryPiece)
    }

    /// Writes the chunks of a value, and answers the row that holds them together. The keys in
    /// `cleared` are removed by the same changes, whatever stands there still.
    fn insert_chunks(
        &self,
        key: &[u8],
        value: &[u8],
        cleared: &BTreeSet<sled::IVec>,
        piece: &mut Piece,
        sync: Sync,
    ) -> Result<Vec<u8>, StoreError> {
        let mut count: u32 = 0;
        for part in value.chunks(CHUNK_BYTES) {
            let chunk = chunk_key(key, count);
            // Left behind by a stop in the middle of earlier changes.
            let left = if cleared.contains(chunk.as_slice()) {
                None
            } else {
                self.stored(&chunk)?
            };
            piece.insert(&chunk, &envelope(INLINE, &chunk, part), left.as_deref());
            count = count.saturating_add(1);
            self.apply_if_full(piece, sync)?;
        }
        let mut body = u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes().to_vec();
        body.extend_from_slice(&count.to_be_bytes());
        Ok(envelope(CHUNKED, key, &body))
    }

    /// Removes the chunks of the value that `key` has now, before it gets another one.
    fn clear_chunks(
        &self,
        key: &[u8],
        stored: Option<&[u8]>,
        piece: &mut Piece,
    ) -> Result<BTreeSet<sled::IVec>, StoreError> {
        let mut cleared = BTreeSet::new();
        if stored.and_then(<[u8]>::first) != Some(&CHUNKED) {
            return Ok(cleared);
        }
        let mut rows = self.db.scan_prefix(chunk_prefix(key));
        while let Some((chunk, stored)) = guarded(|| rows.next().transpose().map_err(|e| self.refused(e)))? {
            piece.remove(&chunk, Some(&stored));
            cleared.insert(chunk);
        }
        Ok(cleared)
    }

    fn apply_if_full(&self, piece: &mut Piece, sync: Sync) -> Result<(), StoreError> {
        if piece.bytes < PIECE_BYTES {
            return Ok(());
        }
        self.apply_piece(piece, sync)
    }

    fn apply_piece(&self, piece: &mut Piece, sync: Sync) -> Result<(), StoreError> {
        let mut full = std::mem::take(piece);
        if full.bytes > 0 {
            let mut tally = self.tally();
            *tally = tally.map(|tally| tally.changed(full.come, full.gone));
            if let Some(tally) = *tally {
                full.batch.insert(&TALLY, envelope(INLINE, &TALLY, &tally.to_bytes()));
            }
            guarded(|| self.db.apply_batch(full.batch).map_err(|e| self.refused(e)))?;
        }
        match sync {
            Sync::EveryPiece => self.sync(),
            Sync::Later => Ok(()),
        }
    }
}

#[derive(Default)]
struct Piece {
    batch: sled::Batch,
    bytes: usize,
    come: Tally,
    gone: Tally,
}

impl Piece {
    fn insert(&mut self, key: &[u8], stored: &[u8], old: Option<&[u8]>) {
        self.bytes = self.bytes.saturating_add(key.len()).saturating_add(stored.len());
        self.batch.insert(key, stored);
        self.come.add(stored);
        old.into_iter().for_each(|old| self.gone.add(old));
    }

    fn remove(&mut self, key: &[u8], old: Option<&[u8]>) {
        self.bytes = self.bytes.saturating_add(key.len()).saturating_add(1);
        self.batch.remove(key);
        old.into_iter().for_each(|old| self.gone.add(old));
    }
}
