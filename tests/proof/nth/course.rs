//! What goes wrong on one course of events: the simulation asks at every effect point.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil::model::failure::{Failure, FailureKind, Received, Remedy};
use counterfoil::sandbox::Outcome;
use uuid::Uuid;

use super::call_fault::CallFault;
use super::mode::{Mode, Outage, RefreshFault, Side};
use super::point::{Point, What};
use super::wrong;
use crate::shell::{Flying, Way};
use crate::simulation::Simulation;

/// How long Xero's lists lack what was made.
const LAG_MS: u64 = 60_000;
/// A process that cannot store anything is started again after this.
const RESTART_MS: u64 = 60_000;

/// What goes wrong, and what was passed so far.
#[derive(Default)]
pub struct Course {
    /// Whether points are counted and faults strike.
    pub counts: bool,
    /// Every point that was passed.
    pub passed: Vec<Passed>,
    /// The faults under test, by the number of their point.
    pub faults: Vec<(usize, Mode)>,
    /// The faults that belong to the scenario: at the nth point of a kind from now.
    pub script: Vec<(Point, u32, Mode)>,
    /// How long an outage lasts.
    pub outage_ms: u64,
    pub outage: Option<(Outage, u64)>,
    pub deaths: u32,
    /// Replies that nobody heard.
    pub unheard: u32,
    spares: Option<bool>,
    lags: bool,
    made_at: BTreeMap<Uuid, u64>,
}

/// A point that was passed, and whether anything was under way before and after it.
#[derive(Debug, Clone, Copy)]
pub struct Passed {
    pub point: Point,
    pub under_way: (bool, bool),
}

/// The passing of a point.
#[derive(Debug, Clone, Copy, Default)]
pub struct Passing {
    index: Option<usize>,
    pub mode: Option<Mode>,
}

impl Passing {
    pub fn slow_ms(self) -> Option<u64> {
        self.mode.and_then(Mode::slow_ms)
    }

    pub const fn call_fault(self) -> Option<CallFault> {
        match self.mode {
            Some(Mode::Call(fault)) => Some(fault),
            _ => None,
        }
    }
}

impl Course {
    fn pass(&mut self, point: Point, at: u64, under_way: bool) -> Passing {
        if !self.counts {
            return Passing::default();
        }
        let index = self.passed.len();
        self.passed.push(Passed {
            point,
            under_way: (under_way, under_way),
        });
        let planned = self.faults.iter().find(|(planned, _)| *planned == index);
        let mode = planned.map(|(_, mode)| *mode).or_else(|| self.scripted(point));
        let mode = match mode {
            Some(Mode::Outage(outage)) => {
                self.outage = Some((outage, at + self.outage_ms));
                outage.at(point)
            }
            Some(mode) => Some(mode),
            None => self.outage.and_then(|(outage, _)| outage.at(point)),
        };
        self.lags |= mode == Some(Mode::Lags);
        Passing {
            index: Some(index),
            mode,
        }
    }

    fn scripted(&mut self, point: Point) -> Option<Mode> {
        let index = self.script.iter().position(|(wanted, ..)| *wanted == point)?;
        let (_, left, mode) = self.script.get_mut(index)?;
        if *left > 1 {
            *left -= 1;
            return None;
        }
        let mode = *mode;
        self.script.remove(index);
        Some(mode)
    }

    /// Documents and contacts that Xero's lists do not show yet.
    fn hidden(&self, at: u64) -> BTreeSet<Uuid> {
        let young = self.made_at.iter().filter(|(_, made)| at - **made < LAG_MS);
        young.map(|(id, _)| *id).collect()
    }
}

impl Simulation {
    /// An effect point is reached.
    pub fn pass(&mut self, point: Point) -> Passing {
        let (at, under_way) = (self.clock.at, self.is_under_way());
        let Some(course) = self.course.as_mut() else {
            return Passing::default();
        };
        let passing = course.pass(point, at, under_way);
        if let Some(mode) = passing.mode {
            let index = passing.index.unwrap_or_default();
            self.say(|| format!("#{index} {point:?}: {mode:?}"));
            if mode == Mode::Refresh(RefreshFault::Refused) {
                self.wire.invalidate();
            }
        }
        passing
    }

    /// The point of a call that flies, if it has reached one.
    pub fn pass_call(&mut self, index: usize) -> Passing {
        let at = self.clock.at;
        let flying = self.shell.as_ref().and_then(|shell| shell.calls.get(index));
        let point = flying.and_then(|flying| {
            let what = What::of(&flying.call.request);
            match &flying.way {
                Way::Leaving { .. } => Some(Point::Departure(what)),
                Way::Out { arrives } if *arrives <= at && at < flying.gives_up => Some(Point::Arrival(what)),
                Way::Back {
                    open: Some(_), leaves, ..
                } if *leaves <= at => None,
                Way::Out { .. } | Way::Back { .. } => Some(Point::Answer(what)),
            }
        });
        point.map_or_else(Passing::default, |point| self.pass(point))
    }

    /// The actor's thread is held up; what has left arrives all the same.
    pub fn hold_up(&mut self, span_ms: u64) {
        let until = self.clock.at + span_ms;
        let arrival = |flying: &Flying| match flying.way {
            Way::Out { arrives } => Some(arrives).filter(|at| *at <= until && *at < flying.gives_up),
            Way::Leaving { .. } | Way::Back { .. } => None,
        };
        loop {
            let calls = self.shell.iter().flat_map(|shell| shell.calls.iter().enumerate());
            let next = calls
                .filter_map(|(index, flying)| Some((arrival(flying)?, index)))
                .min();
            let Some((at, index)) = next else { break };
            self.clock.at = self.clock.at.max(at);
            let passing = self.pass_call(index);
            if !self.dies(passing, Side::Before) {
                self.fly(index);
                self.dies(passing, Side::After);
            }
        }
        self.clock.at = until;
    }

    /// Whether the process dies on this side of the point.
    pub fn dies(&mut self, passing: Passing, side: Side) -> bool {
        if side == Side::After && self.shell.is_some() {
            let under_way = self.is_under_way();
            let course = self.course.as_mut();
            if let Some((course, index)) = course.zip(passing.index)
                && let Some(passed) = course.passed.get_mut(index)
            {
                passed.under_way.1 = under_way;
            }
        }
        let Some(Mode::Dies(death)) = passing.mode.filter(|_| self.shell.is_some()) else {
            return false;
        };
        if death.side != side {
            return false;
        }
        if let Some(course) = self.course.as_mut() {
            course.spares = Some(death.arrives);
        }
        self.die(death.down_ms, death.fault);
        true
    }

    /// What is under way when the process dies: whether it still arrives, if that is decided, and for
    /// how long the process is down.
    pub fn mourn(&mut self, down_ms: u64) -> (Option<bool>, u64) {
        let Some(course) = self.course.as_mut() else {
            return (None, down_ms);
        };
        course.deaths += 1;
        let is_out_of_order = matches!(course.outage, Some((Outage::Disk, _)));
        let down_ms = if is_out_of_order { RESTART_MS } else { down_ms };
        (course.spares.take(), down_ms)
    }

    fn is_under_way(&self) -> bool {
        self.shell.as_ref().is_some_and(|shell| {
            let is_out = |flying: &Flying| matches!(flying.way, Way::Out { .. }) && flying.call.request.is_write();
            !shell.commits.is_empty() || shell.calls.iter().any(is_out)
        })
    }

    /// Fetches a token if there is none. `Err` = the call does not leave: after how long, and why;
    /// `None` = the process died over it.
    pub fn fetch_token(&mut self) -> Result<(), Option<(u64, Failure)>> {
        let now = self.clock.xero();
        if self.course.is_none() || self.wire.has_token(now) {
            return Ok(());
        }
        let passing = self.pass(Point::Refresh);
        if self.dies(passing, Side::Before) {
            return Err(None);
        }
        let failed = |after_ms, kind, remedy| Err(Some((after_ms, not_sent(kind, remedy))));
        match passing.mode {
            Some(Mode::Refresh(RefreshFault::Refused)) => {
                failed(50, FailureKind::Unavailable, Remedy::RetryWithBackoff)
            }
            Some(Mode::Refresh(RefreshFault::Busy503)) => {
                failed(200, FailureKind::Unavailable, Remedy::RetryWithBackoff)
            }
            Some(Mode::Refresh(RefreshFault::Lost)) => {
                self.wire.borrow(now);
                self.wire.invalidate();
                failed(200, FailureKind::TimedOut, Remedy::RetryWithBackoff)
            }
            Some(Mode::Refresh(RefreshFault::Hangs)) => {
                failed(20_000, FailureKind::Throttled, Remedy::RetryWithBackoff)
            }
            Some(Mode::Refresh(RefreshFault::InvalidGrant)) => {
                failed(200, FailureKind::GrantRejected, Remedy::Reconnect)
            }
            _ => {
                self.wire.borrow(now);
                if self.dies(passing, Side::After) {
                    Err(None)
                } else {
                    Ok(())
                }
            }
        }
    }

    /// Lets the answer to a call say something else.
    pub fn distort(&mut self, planned: Option<CallFault>, is_read: bool, outcome: &mut Outcome) {
        let at = self.clock.at;
        let Some(course) = self.course.as_mut() else { return };
        if let Some(fault) = planned {
            fault.distort(outcome);
        }
        if is_read && (course.lags || planned == Some(CallFault::Stale)) {
            let body = wrong::hide(&outcome.answer.body, &course.hidden(at));
            if let Some(body) = body {
                outcome.answer.body = body.into();
            }
        }
    }

    /// Notes when documents and contacts came to be.
    pub fn note_made(&mut self) {
        let at = self.clock.at;
        let Some(course) = self.course.as_mut() else { return };
        let books = self.wire.world.books(self.wire.tenant).expect("the books");
        let invoices = books.invoices().iter().map(|invoice| invoice.id);
        for id in invoices.chain(books.contacts().iter().map(|contact| contact.id)) {
            course.made_at.entry(id).or_insert(at);
        }
    }
}

/// It did not leave.
fn not_sent(kind: FailureKind, remedy: Remedy) -> Failure {
    Failure {
        kind,
        remedy,
        received: Received::No,
        status: None,
        message: "no token".to_owned(),
        validation: Vec::new(),
    }
}
