//! How many rows the index holds, and a sum over them: what sled drops without a word is missed.
//!
//! sled was seen to leave out a whole segment of its file, and every row in it, because of one
//! flipped bit. Digests cover the rows of the journal that must never be lost; this covers
//! everything that is in sled, index rows and chunks of large values included.

/// Sum and count of stored rows, in any order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    sum: u64,
    rows: u64,
}

impl Tally {
    /// Takes a stored row in.
    pub fn add(&mut self, stored: &[u8]) {
        self.sum = self.sum.wrapping_add(weight(stored));
        self.rows = self.rows.wrapping_add(1);
    }

    /// After these rows came and those went.
    #[must_use]
    pub fn changed(self, come: Self, gone: Self) -> Self {
        Self {
            sum: self.sum.wrapping_add(come.sum).wrapping_sub(gone.sum),
            rows: self.rows.wrapping_add(come.rows).wrapping_sub(gone.rows),
        }
    }

    /// The stored form.
    #[must_use]
    pub fn to_bytes(self) -> Vec<u8> {
        let mut bytes = self.sum.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.rows.to_be_bytes());
        bytes
    }

    /// Reads the stored form; `None` when it is not that.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (sum, rows) = bytes.split_first_chunk::<8>()?;
        Some(Self {
            sum: u64::from_be_bytes(*sum),
            rows: u64::from_be_bytes(rows.try_into().ok()?),
        })
    }
}

/// What one stored row weighs: its own checksum, which covers key and value, and its length, mixed
/// so that sums of them do not cancel out.
fn weight(stored: &[u8]) -> u64 {
    let crc = stored.get(1..5).and_then(|crc| crc.first_chunk::<4>());
    let len = u64::try_from(stored.len()).unwrap_or(u64::MAX);
    let mut mixed = crc.map_or(0, |crc| u64::from(u32::from_be_bytes(*crc))) ^ len.rotate_left(32);
    // The finisher of SplitMix64.
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
