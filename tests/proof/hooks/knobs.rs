//! How badly webhooks fare in a story.

use rand::RngExt as _;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use crate::draw::{Draw, draw};

/// What becomes of webhooks. Shares are percent of the deliveries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookKnobs {
    /// Whether Xero sends any.
    pub sent: bool,
    /// Never arrive, and Xero does not know.
    pub lost: u32,
    /// Arrive a second time, up to three minutes later.
    pub doubled: u32,
    /// Arrive up to five minutes late.
    pub late: u32,
    /// Are spread over so much time, and overtake each other.
    pub shuffle_ms: u64,
    /// Are accompanied by one that Xero did not send, or that names what is not ours.
    pub forged: u32,
    /// Are answered, and then the process dies.
    pub deadly: u32,
    /// Events of so much time come in one delivery.
    pub batch_ms: u64,
    /// After so many none comes any more; 0 = they never stop.
    pub stop_after: u64,
    /// How they fare once nothing fails any more.
    #[serde(default)]
    pub ending: HookEnding,
}

/// What is judged of webhooks once nothing fails any more. It takes as long as a short story.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum HookEnding {
    /// Nothing.
    #[default]
    Unheard,
    /// What they tell is here soon: also if one is lost, and if the process dies of one.
    Heard,
    /// Then none comes any more for a while.
    Silent,
}

impl HookKnobs {
    /// None are sent.
    pub const NONE: Self = Self {
        sent: false,
        lost: 0,
        doubled: 0,
        late: 0,
        shuffle_ms: 0,
        forged: 0,
        deadly: 0,
        batch_ms: 0,
        stop_after: 0,
        ending: HookEnding::Unheard,
    };

    /// All come, once and soon.
    pub const WELL: Self = Self {
        sent: true,
        ..Self::NONE
    };

    /// A third is lost, a third comes twice, and none in order.
    pub const BAD: Self = Self {
        lost: 30,
        doubled: 30,
        shuffle_ms: 20_000,
        ..Self::WELL
    };

    /// Those of a seed: in three stories of five that read what changed in Xero.
    pub fn of(seed: u64, pulls: bool) -> Self {
        let mut rng = draw(seed, Draw::Story, 4);
        let rng = &mut rng;
        if !pulls || rng.random_bool(0.4) {
            return Self::NONE;
        }
        if rng.random_bool(0.2) {
            let ending = HookEnding::of(rng);
            return Self { ending, ..Self::WELL };
        }
        let mut share = |most: u32| {
            if rng.random_bool(0.6) {
                rng.random_range(1..most)
            } else {
                0
            }
        };
        let (lost, doubled, late, forged, deadly) = (share(80), share(80), share(50), share(60), share(12));
        Self {
            sent: true,
            lost,
            doubled,
            late,
            shuffle_ms: [0, 0, 500, 20_000][rng.random_range(0..4)],
            forged,
            deadly,
            batch_ms: [0, 0, 0, 200, 5_000][rng.random_range(0..5)],
            stop_after: if rng.random_bool(0.15) {
                rng.random_range(1..10)
            } else {
                0
            },
            ending: HookEnding::of(rng),
        }
    }
}

impl HookEnding {
    /// One story in four has an ending of its own, one in sixteen a long one.
    fn of(rng: &mut StdRng) -> Self {
        match rng.random_range(0..16) {
            0 => Self::Silent,
            1..4 => Self::Heard,
            _ => Self::Unheard,
        }
    }
}
