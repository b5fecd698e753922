//! How an effect point fails.

use counterfoil::engine::event::ConnectionEvent;
use counterfoil::model::connection::ConnectionCause;

use super::call_fault::CallFault;
use super::point::Point;
use crate::fault::Fault;

/// A commit, a row or a timer that takes this long is not believed in any more.
const LONG_MS: u64 = 600_000;
/// As long as a slow disk takes (catalogue D19).
const SLOW_MS: u64 = 10_000;

/// One way in which an effect point fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Dies(Death),
    /// The change is not stored, or nobody is told.
    Store(Fault),
    /// It takes this long, and succeeds.
    Slow(u64),
    Call(CallFault),
    /// From here on Xero's lists lack what was made in the last minute.
    Lags,
    Refresh(RefreshFault),
    Listing(ConnectionEvent),
    /// The caller has gone when it is answered.
    Unheard,
    /// From here on nothing works.
    Outage(Outage),
}

/// The process, or the whole machine, ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Death {
    pub side: Side,
    pub fault: Fault,
    pub down_ms: u64,
    /// Whether what was handed over and under way still arrives: requests at Xero, changes on disk.
    pub arrives: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Before,
    After,
}

/// What goes wrong when a token is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshFault {
    Refused,
    Busy503,
    /// The grant was rotated, and the answer is lost.
    Lost,
    /// It is not answered in time.
    Hangs,
    InvalidGrant,
}

/// What does not work for a long time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    /// No connection to Xero.
    Network,
    /// Xero answers 503.
    Busy,
    /// Xero works and answers 500.
    Errors,
    /// Xero works and never answers.
    Silence,
    /// Something in between answers everything with a page of its own.
    Pages,
    NotFound,
    Unauthorised,
    Forbidden,
    Throttled,
    /// No token is given out.
    Tokens,
    /// Nothing can be stored.
    Disk,
}

impl Outage {
    pub const ALL: [Self; 11] = [
        Self::Network,
        Self::Busy,
        Self::Errors,
        Self::Silence,
        Self::Pages,
        Self::NotFound,
        Self::Unauthorised,
        Self::Forbidden,
        Self::Throttled,
        Self::Tokens,
        Self::Disk,
    ];

    /// How a point fails meanwhile.
    pub const fn at(self, point: Point) -> Option<Mode> {
        match (self, point) {
            (Self::Network, Point::Call(_)) => Some(Mode::Call(CallFault::Refused)),
            (Self::Busy, Point::Call(_)) => Some(Mode::Call(CallFault::Busy503)),
            (Self::Errors, Point::Call(_)) => Some(Mode::Call(CallFault::ErrorAfter)),
            (Self::Silence, Point::Call(_)) => Some(Mode::Call(CallFault::TooLate)),
            (Self::Pages, Point::Call(_)) => Some(Mode::Call(CallFault::Garbage)),
            (Self::NotFound, Point::Call(_)) => Some(Mode::Call(CallFault::NotFound)),
            (Self::Unauthorised, Point::Call(_)) => Some(Mode::Call(CallFault::Unauthorised)),
            (Self::Forbidden, Point::Call(_)) => Some(Mode::Call(CallFault::Forbidden)),
            (Self::Throttled, Point::Call(_)) => Some(Mode::Call(CallFault::Minute429)),
            (Self::Tokens, Point::Refresh) => Some(Mode::Refresh(RefreshFault::Refused)),
            (Self::Disk, Point::Submit) => Some(Mode::Store(Fault::StoreFull)),
            _ => None,
        }
    }
}

impl Mode {
    /// Every way in which this point can fail. Where nothing is under way, a death spares nothing.
    pub fn all(point: Point, under_way: (bool, bool)) -> Vec<Self> {
        let mut modes: Vec<Self> = Death::all(under_way).map(Self::Dies).collect();
        match point {
            Point::Submit => {
                modes.extend(
                    [
                        Fault::StoreFull,
                        Fault::StoreReserve,
                        Fault::StoreLostBefore,
                        Fault::StoreLostAfter,
                    ]
                    .map(Self::Store),
                );
                modes.extend([Self::Slow(SLOW_MS), Self::Slow(LONG_MS)]);
            }
            Point::Load | Point::LoadRows | Point::LoadFailed | Point::LoadFollowUps => {
                modes.extend([Self::Slow(SLOW_MS), Self::Slow(LONG_MS)]);
            }
            Point::Wake => modes.push(Self::Slow(LONG_MS)),
            Point::Call(what) => {
                modes.extend(CallFault::all(what).map(Self::Call));
                modes.push(Self::Lags);
            }
            Point::Refresh => modes.extend(RefreshFault::ALL.map(Self::Refresh)),
            Point::Check => modes.extend([
                Self::Slow(LONG_MS),
                Self::Listing(ConnectionEvent::NotListed(ConnectionCause::AppRevoked)),
                Self::Listing(ConnectionEvent::GrantLost(ConnectionCause::GrantDead)),
            ]),
            Point::Reply => modes.push(Self::Unheard),
            Point::Commit | Point::Departure(_) | Point::Arrival(_) | Point::Answer(_) | Point::Listing => {}
        }
        let outages = Outage::ALL.into_iter().filter(|outage| outage.at(point).is_some());
        modes.extend(outages.map(Self::Outage));
        modes
    }

    pub fn is_crash(self) -> bool {
        matches!(self, Self::Dies(death) if death.fault == Fault::Crash)
    }

    pub const fn slow_ms(self) -> Option<u64> {
        match self {
            Self::Slow(ms) => Some(ms),
            _ => None,
        }
    }
}

impl RefreshFault {
    const ALL: [Self; 5] = [
        Self::Refused,
        Self::Busy503,
        Self::Lost,
        Self::Hangs,
        Self::InvalidGrant,
    ];
}

impl Death {
    /// A crash that is over at once, one that outlives every key, and a reboot.
    const KINDS: [(Fault, u64); 3] = [(Fault::Crash, 1_000), (Fault::Crash, 400_000), (Fault::Reboot, 90_000)];

    /// Every death; `under_way` says whether anything is before and after the point.
    pub fn all(under_way: (bool, bool)) -> impl Iterator<Item = Self> {
        let sides = [(Side::Before, under_way.0), (Side::After, under_way.1)];
        sides.into_iter().flat_map(|(side, has)| {
            let both = [false, true].into_iter().filter(move |arrives| has || !arrives);
            both.flat_map(move |arrives| {
                Self::KINDS.map(|(fault, down_ms)| Self {
                    side,
                    fault,
                    down_ms,
                    arrives,
                })
            })
        })
    }
}
