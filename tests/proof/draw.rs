//! Chance by name: what is drawn for the nth call or the nth crash does not depend on what was
//! drawn before, so a story keeps its shape when a part of it is left out.

use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// What a draw is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draw {
    Story,
    Call,
    CallFault,
    Commit,
    CommitFault,
    Listing,
    Death,
    Ghost,
    Machine,
    Page,
    Hook,
}

/// The chance of one such occasion.
pub fn draw(seed: u64, what: Draw, nth: u64) -> StdRng {
    let kind = match what {
        Draw::Story => 1,
        Draw::Call => 2,
        Draw::CallFault => 3,
        Draw::Commit => 4,
        Draw::CommitFault => 5,
        Draw::Listing => 6,
        Draw::Death => 7,
        Draw::Ghost => 8,
        Draw::Machine => 9,
        Draw::Page => 10,
        Draw::Hook => 11_u64,
    };
    let mixed = mix(seed ^ mix(kind) ^ mix(nth.wrapping_add(0x5151)));
    StdRng::seed_from_u64(mixed)
}

/// SplitMix64's finaliser.
const fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
