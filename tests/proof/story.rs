//! A seed's story as data: it can be printed, shortened and kept as a regression.

use std::collections::BTreeMap;

use counterfoil::model::document::HostStatus;
use rand::RngExt as _;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use super::draw::{Draw, draw};
use super::fault::Fault;
use super::hooks::{HookKnobs, with_acts};

/// Everything that decides a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// Of all chances that are not written down here: latencies, identifiers.
    pub seed: u64,
    pub knobs: Knobs,
    pub acts: Vec<Act>,
    pub faults: Faults,
}

/// How the world is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Knobs {
    /// Documents the host plays with.
    pub documents: u32,
    pub minute: u32,
    pub day: u32,
    pub concurrent: u32,
    /// Most documents of one call; 0 = the policy's own.
    pub batch_max: usize,
    /// Whether the wall clock is set right when the faults stop.
    pub ends_right: bool,
    /// Half of the faults drawn are this one, where it fits.
    #[serde(default)]
    pub favourite: Option<Fault>,
    /// How long Xero's lists lag behind what is written.
    #[serde(default)]
    pub lag_ms: u64,
    /// Whether what changed in Xero is read all the time.
    #[serde(default)]
    pub pulls: bool,
    /// Rows of a page of changes; 0 = as many as are asked for. With small pages people work in
    /// Xero between one page and the next.
    #[serde(default)]
    pub page_rows: u32,
    /// What becomes of webhooks.
    #[serde(default)]
    pub hooks: HookKnobs,
}

/// Lists lag at most so long in drawn stories.
const LAG_MS_MAX: u64 = 120_000;

/// Where faults strike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Faults {
    /// At this share of the calls, in percent, and at a tenth of it of the commits.
    Drawn(u32),
    /// Only at these.
    Planned(Plan),
}

/// Faults by the number of the call, commit or listing they strike.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    #[serde(default)]
    pub calls: BTreeMap<u64, Fault>,
    #[serde(default)]
    pub commits: BTreeMap<u64, Fault>,
    #[serde(default)]
    pub listings: BTreeMap<u64, Fault>,
}

/// One thing that somebody does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// The host writes a document: its whole content.
    Put {
        which: u32,
        status: HostStatus,
        prices: Vec<u32>,
        /// With a nominal code that no mapping knows at first.
        unmapped: bool,
    },
    /// The host writes this many, one right after the other.
    PutAll(u32),
    SyncNow(u32),
    /// All documents are sent again by one order.
    Resync,
    /// Time passes, in milliseconds.
    Run(u64),
    /// The process dies after so many effects, within so many milliseconds.
    CrashIn(u32, u64),
    /// It is told to stop, and started again.
    Drain,
    /// The wall clock goes wrong by so many milliseconds.
    Jump(i64),
    Connection(Turn),
    AutoSync(bool),
    /// The unmapped code is mapped.
    Map,
    /// A person does something to one of our documents in Xero.
    InXero(u32, Deed),
    /// A person makes a document with the number of ours in Xero.
    Stranger(u32),
    /// A person makes a contact in Xero with the name of ours.
    Twin(u32),
    ArchiveContact(u32),
    /// The organisation's books are locked up to a day behind all documents; or not any more.
    Lock(bool),
    /// A person asks for one document to be read again.
    Refresh(u32),
    /// For all of them.
    RefreshAll,
    /// For a check of what may have been missed.
    Check,
    /// A person has looked at what came back of a document.
    Acknowledge(u32),
}

/// What happens to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Turn {
    CreditsUsedUp,
    ToppedUp,
    GrantDead,
    NotListed,
    Listed,
    Reconnected,
    Disconnected,
}

/// What people do to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    Void,
    Pay,
    Unpay,
    Edit(u32),
}

impl Story {
    /// The story of a seed.
    pub fn of(seed: u64) -> Self {
        let mut rng = draw(seed, Draw::Story, 0);
        let rng = &mut rng;
        let calm = rng.random_bool(0.1);
        let percent = if calm { 0 } else { rng.random_range(5..50) };
        let knobs = Knobs {
            lag_ms: lag(seed),
            pulls: draw(seed, Draw::Story, 2).random_bool(0.5),
            page_rows: draw(seed, Draw::Story, 3).random_range(0..4),
            ..Knobs::of(rng)
        };
        let knobs = Knobs {
            hooks: HookKnobs::of(seed, knobs.pulls),
            ..knobs
        };
        let count = rng.random_range(10..60);
        let (turns, knobs) = aim(seed, turns(rng), knobs);
        let mut acts = Vec::new();
        for _ in 0..count {
            acts.push(act(rng, calm, &knobs, &turns));
            // What is held while writes may not go is read and looked up all the same.
            if rng.random_bool(0.03) {
                acts.push(Act::Connection(Turn::CreditsUsedUp));
                acts.push(Act::Run(rng.random_range(1..400_000)));
            }
        }
        Self {
            seed,
            knobs,
            acts: with_acts(seed, acts, &knobs.hooks, knobs.documents),
            faults: Faults::Drawn(percent),
        }
    }
}

impl Knobs {
    fn of(rng: &mut StdRng) -> Self {
        let is_wide = rng.random_bool(0.06);
        let is_tight = rng.random_bool(0.25);
        let (minute, concurrent) = match is_tight {
            true => (rng.random_range(6..30), rng.random_range(1..4)),
            false => (60, 5),
        };
        let is_short_of_day = !is_wide && rng.random_bool(0.05);
        Self {
            documents: if is_wide { rng.random_range(20..70) } else { 5 },
            minute,
            day: if is_short_of_day {
                rng.random_range(60..120)
            } else {
                5_000
            },
            concurrent,
            batch_max: [0, 0, 0, 1, 3][rng.random_range(0..5)],
            ends_right: rng.random_bool(0.5),
            favourite: rng
                .random_bool(0.5)
                .then(|| Fault::ALL[rng.random_range(0..Fault::ALL.len())]),
            lag_ms: 0,
            pulls: false,
            page_rows: 0,
            hooks: HookKnobs::NONE,
        }
    }
}

/// One story of this many is aimed: one kind of fault, and one turn of the connection, strike often.
/// Each pair has its turn, so that those that chance seldom brings together meet as well.
const AIMED: u64 = 16;

fn aim(seed: u64, mut turns: Vec<Turn>, mut knobs: Knobs) -> (Vec<Turn>, Knobs) {
    let often = [
        Turn::CreditsUsedUp,
        Turn::GrantDead,
        Turn::NotListed,
        Turn::Disconnected,
    ];
    if seed.is_multiple_of(AIMED) {
        let nth = usize::try_from(seed / AIMED).unwrap_or_default();
        knobs.favourite = Some(Fault::ALL[nth % Fault::ALL.len()]);
        turns.extend([often[nth / Fault::ALL.len() % often.len()]; 12]);
        turns.extend([Turn::Reconnected; 6]);
    }
    (turns, knobs)
}

/// In one story of five lists lag.
fn lag(seed: u64) -> u64 {
    let mut rng = draw(seed, Draw::Story, 1);
    if rng.random_bool(0.2) {
        rng.random_range(1..=LAG_MS_MAX)
    } else {
        0
    }
}

/// What happens to the connection in this story: one thing mostly, or anything.
fn turns(rng: &mut StdRng) -> Vec<Turn> {
    let all = [
        Turn::CreditsUsedUp,
        Turn::ToppedUp,
        Turn::GrantDead,
        Turn::NotListed,
        Turn::Listed,
        Turn::Reconnected,
        Turn::Reconnected,
        Turn::Disconnected,
    ];
    let mut turns = all.to_vec();
    if rng.random_bool(0.5) {
        let mostly = [
            Turn::CreditsUsedUp,
            Turn::CreditsUsedUp,
            Turn::GrantDead,
            Turn::NotListed,
            Turn::Disconnected,
        ][rng.random_range(0..5)];
        turns.extend([mostly; 6]);
        turns.extend([Turn::Reconnected; 3]);
    }
    turns
}

fn act(rng: &mut StdRng, calm: bool, knobs: &Knobs, turns: &[Turn]) -> Act {
    let which = rng.random_range(0..knobs.documents);
    match rng.random_range(0..1_000) {
        0..260 => put(rng, which),
        260..285 => Act::PutAll(rng.random_range(2..=knobs.documents)),
        285..390 => Act::SyncNow(which),
        390..680 => {
            let most = [200, 3_000, 40_000, 400_000][rng.random_range(0..4)];
            Act::Run(rng.random_range(1..most))
        }
        680..775 if !calm => Act::CrashIn(rng.random_range(0..14), rng.random_range(1..30_000)),
        775..785 if !calm => Act::Drain,
        785..815 if !calm => {
            let day_ms = 86_400_000;
            Act::Jump([0, 600_000, -600_000, day_ms, -day_ms, 3_000, -3_000][rng.random_range(0..7)])
        }
        815..870 => Act::Connection(turns[rng.random_range(0..turns.len())]),
        870..895 => Act::AutoSync(rng.random_bool(0.6)),
        895..905 => Act::Map,
        905..935 => Act::InXero(which, deed(rng)),
        935..950 => Act::Stranger(which),
        950..955 => Act::Twin(which),
        955..960 => Act::ArchiveContact(which),
        960..967 => Act::Lock(rng.random_bool(0.5)),
        967..977 => Act::Resync,
        _ => Act::Run(5_000),
    }
}

impl Knobs {
    /// A fault of some kind: the favourite as often as any, where it is of that kind.
    pub fn favoured(&self, rng: &mut StdRng, fits: fn(Fault) -> bool, any: fn(&mut StdRng) -> Fault) -> Fault {
        match self.favourite.filter(|fault| fits(*fault)) {
            Some(favourite) if rng.random_bool(0.5) => favourite,
            _ => any(rng),
        }
    }
}

fn put(rng: &mut StdRng, which: u32) -> Act {
    let status = match rng.random_range(0..10) {
        0 => HostStatus::Draft,
        1 => HostStatus::Pending,
        2 => HostStatus::Void,
        _ => HostStatus::Approved,
    };
    let price = rng.random_range(1..1_000);
    let lines = rng.random_range(1..3);
    Act::Put {
        which,
        status,
        prices: (0..lines).map(|at| price + at).collect(),
        unmapped: rng.random_bool(0.06),
    }
}

/// Any of them.
pub fn deed(rng: &mut StdRng) -> Deed {
    match rng.random_range(0..4) {
        0 => Deed::Void,
        1 => Deed::Pay,
        2 => Deed::Unpay,
        _ => Deed::Edit(rng.random_range(0..100)),
    }
}
