//! Chance, from a seed.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// Draws lots.
pub struct Draw(StdRng);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// One of so many, from 0.
    pub fn below(&mut self, count: usize) -> usize {
        self.0.random_range(0..count)
    }

    /// Between these, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high)
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, chance: u32) -> bool {
        self.0.random_range(0..100_u32) < chance
    }

    pub fn one<T: Clone>(&mut self, of: &[T]) -> T {
        let at = self.below(of.len());
        of[at].clone()
    }

    pub fn byte(&mut self) -> u8 {
        self.0.random_range(0..=u8::MAX)
    }

    /// A GUID that nothing has.
    pub fn stranger(&mut self) -> String {
        uuid::Uuid::from_u128(self.0.random_range(0..=u128::MAX)).to_string()
    }
}
