//! Faults on demand: the oldest matching rule strikes, one per call.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use uuid::Uuid;

use super::limit::{Problem, Refusal};
use crate::sandbox::wire::Answer;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// The connection is closed before the request counts as received.
    RefuseConnection,
    /// Received and counted, never done, never answered.
    DropReplyBeforeWrite,
    /// Done, never answered.
    DropReplyAfterWrite,
    /// Done; the answer ends in its middle.
    CutBody,
    /// Done at once; answered late.
    Delay {
        /// How late, in milliseconds.
        ms: u64,
    },
    /// Answered with this status instead of being done.
    Status {
        /// HTTP status.
        code: u16,
        /// The body; `None` is Xero's own for that status.
        body: Option<String>,
    },
    /// A 429 although no limit is reached.
    RateLimit {
        /// Which limit it tells of, and when to come back.
        refusal: Refusal,
        /// It carries the three meters as Xero's own does, the one it is about showing nothing left.
        meters: bool,
    },
    /// Xero or the organisation is down: 503 in plain text.
    Outage(Outage),
    /// A proxy's HTML page with status 200; nothing is done.
    Garbage200,
    /// Done, then answered 500.
    ErrorAfterWrite,
    /// 401 as for an expired token; nothing is done.
    TokenExpired,
}

/// Which of the three plain texts a 503 carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    /// One organisation.
    Organisation,
    /// All of Xero, planned.
    Maintenance,
    /// All of Xero, unplanned.
    Unavailable,
}

/// Which calls a rule is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Match {
    /// `None` is any.
    pub method: Option<String>,
    /// Lower case; `None` is any; a trailing `*` matches any rest.
    pub path: Option<String>,
    /// `None` is any.
    pub tenant: Option<Uuid>,
}

/// A fault waiting for its calls.
#[derive(Debug)]
pub struct Rule {
    /// For `DELETE /_sandbox/faults/{id}`.
    pub id: Uuid,
    /// Which calls it is about.
    pub on: Match,
    /// What happens to them.
    pub fault: Fault,
    /// How many strikes are left; `None` is for ever.
    pub times: Option<u64>,
    /// Strikes every so many matching calls: 3 is the third, sixth… At least one.
    pub every: u64,
    /// Matching calls seen so far.
    pub seen: u64,
    /// Chance of a strike, 0 to 1.
    pub probability: Option<f64>,
    /// The rule's own randomness when it was given a seed.
    pub rng: Option<StdRng>,
    /// Until when it strikes, in milliseconds of real time; `None` is without end.
    pub until_ms: Option<i64>,
}

/// All rules, oldest first.
#[derive(Debug, Default)]
pub struct Faults(Vec<Rule>);

impl Faults {
    /// Adds a rule behind the others.
    pub fn add(&mut self, rule: Rule) {
        self.0.push(rule);
    }

    /// The rules, oldest first.
    pub fn rules(&self) -> &[Rule] {
        &self.0
    }

    /// Removes one rule; says whether it was there.
    pub fn remove(&mut self, id: Uuid) -> bool {
        let before = self.0.len();
        self.0.retain(|rule| rule.id != id);
        self.0.len() != before
    }

    /// Removes all rules.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault that strikes this call, if any: of the matching rules, oldest first, the first
    /// whose turn and luck it is.
    pub fn strike(
        &mut self,
        (method, path): (&str, &str),
        tenant: Option<Uuid>,
        rng: &mut StdRng,
        now_ms: i64,
    ) -> Option<Fault> {
        self.0.retain(|rule| rule.until_ms.is_none_or(|until| until > now_ms));
        let lower = path.to_ascii_lowercase();
        let hit = self
            .0
            .iter_mut()
            .filter(|rule| rule.on.covers(method, &lower, tenant))
            .find_map(|rule| rule.strikes(rng).then(|| (rule.id, rule.fault.clone(), rule.times)));
        let (id, fault, left) = hit?;
        if left == Some(0) {
            self.remove(id);
        }
        Some(fault)
    }
}

impl Rule {
    fn strikes(&mut self, rng: &mut StdRng) -> bool {
        self.seen = self.seen.saturating_add(1);
        let turn = self.seen.checked_rem(self.every).unwrap_or(0) == 0;
        let lucky = match self.probability {
            None => true,
            Some(chance) => self.rng.as_mut().unwrap_or(rng).random_bool(chance.clamp(0.0, 1.0)),
        };
        let strikes = turn && lucky;
        if strikes {
            self.times = self.times.map(|left| left.saturating_sub(1));
        }
        strikes
    }
}

impl Match {
    /// Whether it is about a call; the path in lower case.
    pub fn covers(&self, method: &str, lower_path: &str, tenant: Option<Uuid>) -> bool {
        let path_fits = self
            .path
            .as_deref()
            .is_none_or(|wanted| match wanted.strip_suffix('*') {
                Some(start) => lower_path.starts_with(start),
                None => lower_path == wanted,
            });
        path_fits
            && self
                .method
                .as_deref()
                .is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.tenant.is_none_or(|wanted| tenant == Some(wanted))
    }
}

impl Outage {
    /// What may be said instead of a name that is none.
    pub const KNOWN: &str = "outage must be organisation, maintenance or unavailable";

    /// By its name; no name is the last one.
    pub fn named(name: Option<&str>) -> Option<Self> {
        match name {
            Some("organisation") => Some(Self::Organisation),
            Some("maintenance") => Some(Self::Maintenance),
            Some("unavailable") | None => Some(Self::Unavailable),
            Some(_) => None,
        }
    }

    /// Its 503.
    pub fn answer(self) -> Answer {
        Answer::plain(
            503,
            match self {
                Self::Organisation => "The Organisation is offline",
                Self::Maintenance => "The Xero API is currently offline for maintenance",
                Self::Unavailable => "The Xero API is temporarily unavailable",
            },
        )
    }
}

impl Fault {
    /// Its name on the control surface.
    pub fn name(&self) -> &'static str {
        match self {
            Self::RefuseConnection => "refuse_connection",
            Self::DropReplyBeforeWrite => "drop_reply_before_write",
            Self::DropReplyAfterWrite => "drop_reply_after_write",
            Self::CutBody => "cut_body",
            Self::Delay { .. } => "delay",
            Self::Status { .. } => "status",
            Self::RateLimit { .. } => "rate_limit",
            Self::Outage(_) => "outage",
            Self::Garbage200 => "garbage_200",
            Self::ErrorAfterWrite => "error_after_write",
            Self::TokenExpired => "token_expired",
        }
    }

    /// Whether the call still passes the gate (and counts there), instead of being answered by
    /// the fault itself.
    pub fn lets_through(&self) -> bool {
        matches!(
            self,
            Self::DropReplyBeforeWrite
                | Self::DropReplyAfterWrite
                | Self::CutBody
                | Self::Delay { .. }
                | Self::ErrorAfterWrite
        )
    }
}

/// Builds the refusal of an injected 429.
pub fn injected_refusal(problem: &str, retry_after_s: Option<i64>) -> Option<Refusal> {
    let problem = [Problem::Minute, Problem::Day, Problem::Concurrent, Problem::App]
        .into_iter()
        .find(|known| known.text().eq_ignore_ascii_case(problem))?;
    Some(Refusal {
        problem,
        retry_after_s,
        is_others: false,
    })
}

/// A seeded source for one rule.
pub fn seeded(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

/// A proxy's login page.
pub fn garbage() -> Answer {
    Answer::html(
        200,
        "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in to the network.</body></html>",
    )
}
