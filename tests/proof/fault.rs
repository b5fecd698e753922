//! What can go wrong, by name.

use counterfoil::store::memory::Fault as StoreFault;
use rand::RngExt as _;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Fault {
    Refused,
    DroppedBefore,
    DroppedAfter,
    Cut,
    ErrorBefore,
    ErrorAfter,
    Busy503,
    Minute429,
    Day429,
    Concurrent429,
    Garbage,
    Late,
    /// The answer comes after the client has given up.
    TooLate,
    /// The request itself is long under way.
    SlowRequest,
    TokenExpired,
    Forbidden,
    /// Refused with 400, although nothing is wrong with it: so a replay may be answered.
    Invalid,
    GrantDead,
    NoPlace,
    /// A token or a place comes late.
    SlowToken,
    StoreFull,
    StoreReserve,
    StoreLostBefore,
    StoreLostAfter,
    /// A commit takes very long and succeeds.
    StoreHang,
    /// `/connections` does not list the organisation.
    Unlisted,
    Crash,
    Reboot,
    /// Told to stop.
    Drain,
    ClockJump,
}

impl Fault {
    pub const ALL: [Self; 30] = [
        Self::Refused,
        Self::DroppedBefore,
        Self::DroppedAfter,
        Self::Cut,
        Self::ErrorBefore,
        Self::ErrorAfter,
        Self::Busy503,
        Self::Minute429,
        Self::Day429,
        Self::Concurrent429,
        Self::Garbage,
        Self::Late,
        Self::TooLate,
        Self::SlowRequest,
        Self::TokenExpired,
        Self::Forbidden,
        Self::Invalid,
        Self::GrantDead,
        Self::NoPlace,
        Self::SlowToken,
        Self::StoreFull,
        Self::StoreReserve,
        Self::StoreLostBefore,
        Self::StoreLostAfter,
        Self::StoreHang,
        Self::Unlisted,
        Self::Crash,
        Self::Reboot,
        Self::Drain,
        Self::ClockJump,
    ];

    /// One of the faults of a call.
    pub fn of_a_call(rng: &mut StdRng) -> Self {
        let weighted = [
            (6, Self::Refused),
            (8, Self::DroppedBefore),
            (12, Self::DroppedAfter),
            (8, Self::Cut),
            (8, Self::ErrorBefore),
            (10, Self::ErrorAfter),
            (6, Self::Busy503),
            (5, Self::Minute429),
            (1, Self::Day429),
            (3, Self::Concurrent429),
            (6, Self::Garbage),
            (6, Self::Late),
            (6, Self::TooLate),
            (8, Self::SlowRequest),
            (4, Self::TokenExpired),
            (3, Self::Forbidden),
            (3, Self::Invalid),
            (1, Self::GrantDead),
            (4, Self::NoPlace),
            (6, Self::SlowToken),
        ];
        let total: u32 = weighted.iter().map(|(weight, _)| weight).sum();
        let mut left = rng.random_range(0..total);
        for (weight, fault) in weighted {
            if left < weight {
                return fault;
            }
            left -= weight;
        }
        Self::Refused
    }

    pub fn of_a_commit(rng: &mut StdRng) -> Self {
        [
            Self::StoreFull,
            Self::StoreReserve,
            Self::StoreLostBefore,
            Self::StoreLostAfter,
            Self::StoreHang,
        ][rng.random_range(0..5)]
    }

    /// Whether it strikes a call: only where calls may leave can it be met.
    pub const fn is_of_a_call(self) -> bool {
        let is_elsewhere = matches!(
            self,
            Self::Unlisted | Self::Crash | Self::Reboot | Self::Drain | Self::ClockJump
        );
        !is_elsewhere && !self.is_of_a_commit()
    }

    pub const fn is_of_a_commit(self) -> bool {
        matches!(
            self,
            Self::StoreFull | Self::StoreReserve | Self::StoreLostBefore | Self::StoreLostAfter | Self::StoreHang
        )
    }

    pub fn in_store(self) -> Option<StoreFault> {
        match self {
            Self::StoreFull => Some(StoreFault::Full),
            Self::StoreReserve => Some(StoreFault::Reserve),
            Self::StoreLostBefore => Some(StoreFault::LostBefore),
            Self::StoreLostAfter => Some(StoreFault::LostAfter),
            _ => None,
        }
    }

    /// The sandbox's rule for it; `None` = it is played on the way.
    pub fn rule(self, rng: &mut StdRng) -> Option<String> {
        let named = |name: &str, more: &str| Some(format!(r#"{{"fault":"{name}"{more}}}"#));
        match self {
            Self::Refused => named("refuse_connection", ""),
            Self::DroppedBefore => named("drop_reply_before_write", ""),
            Self::DroppedAfter => named("drop_reply_after_write", ""),
            Self::Cut => named("cut_body", ""),
            Self::ErrorBefore => named("status", r#","code":500"#),
            Self::ErrorAfter => named("error_after_write", ""),
            Self::Busy503 => named("status", r#","code":503"#),
            Self::Minute429 => {
                let wait = rng.random_range(1..90);
                named("rate_limit", &format!(r#","problem":"minute","retry_after":{wait}"#))
            }
            Self::Day429 => {
                let wait = rng.random_range(100..1_000);
                named("rate_limit", &format!(r#","problem":"day","retry_after":{wait}"#))
            }
            Self::Concurrent429 => named("rate_limit", r#","problem":"concurrent""#),
            Self::Garbage => named("garbage_200", ""),
            Self::Late => {
                let ms = rng.random_range(500..25_000);
                named("delay", &format!(r#","ms":{ms}"#))
            }
            Self::TooLate => named("delay", r#","ms":90000"#),
            Self::TokenExpired => named("token_expired", ""),
            Self::Forbidden => named("status", r#","code":403"#),
            Self::Invalid => named(
                "status",
                r#","code":400,"body":"{\"ErrorNumber\":10,\"Type\":\"ValidationException\"}""#,
            ),
            _ => None,
        }
    }
}
