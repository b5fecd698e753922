//! A call's way to Xero and back.

use counterfoil::actors::tenant::rows::HandOver;
use counterfoil::engine::effect::Call;
use counterfoil::model::failure::{Failure, FailureKind, Received, Remedy};
use counterfoil::model::time::Now;
use counterfoil::model::xero::{Answer, AnswerMeta, Request};
use counterfoil::store::Urgency;
use counterfoil::xero::outcome::{Asked, Lost, of_lost};
use rand::RngExt as _;

use super::draw::{Draw, draw};
use super::fault::Fault;
use super::nth::call_fault::CallFault;
use super::play::in_xero;
use super::shell::{Flying, Shell, Way};
use super::simulation::Simulation;
use super::story::deed;
use super::wire::Wire;

impl Simulation {
    /// A call is decided and durable: it borrows a token, and leaves.
    pub(super) fn call(&mut self, call: Call, planned: Option<CallFault>) {
        self.nth.calls += 1;
        let (nth, at) = (self.nth.calls, self.clock.at);
        let fault = self.fault_of_call(nth);
        // These two never leave; the others are counted when they do.
        let now = self.clock.now();
        let may_leave = |shell: &Shell| shell.machine.may_leave(now, call.id).is_ok();
        if let Some(fault @ (Fault::NoPlace | Fault::GrantDead)) = fault
            && self.shell.as_ref().is_some_and(may_leave)
        {
            self.note(fault);
        }
        let leaves = match fault {
            Some(Fault::SlowToken) => at + draw(self.seed, Draw::Call, nth).random_range(500..25_000),
            Some(Fault::NoPlace) => at + 20_000,
            Some(Fault::GrantDead) => at + 200,
            _ => at,
        };
        let flying = Flying {
            call,
            nth,
            departed: at,
            gives_up: u64::MAX,
            fault,
            planned,
            way: Way::Leaving { at: leaves },
        };
        // It is on its own from here: nothing of it happens while the actor is busy.
        if let Some(shell) = self.shell.as_mut() {
            shell.calls.push(flying);
        }
    }

    /// A token is fetched; then the call leaves.
    fn depart(&mut self, mut flying: Flying) {
        let at = self.clock.at;
        let held_back = match (self.fetch_token(), flying.planned.and_then(CallFault::held_back)) {
            (Err(None), _) => return,
            (Err(held_back), _) => held_back,
            (Ok(()), Some((after_ms, kind, remedy))) => Some((after_ms, failure(kind, remedy))),
            (Ok(()), None) => None,
        };
        let Some((after_ms, failure)) = held_back else {
            return self.leave(flying);
        };
        flying.way = Way::Back {
            leaves: at + after_ms,
            hears: at + after_ms,
            answer: Box::new(unsent(failure)),
            open: None,
        };
        if let Some(shell) = self.shell.as_mut() {
            shell.calls.push(flying);
        }
    }

    /// The call goes on its way, unless what it rests on holds no more.
    fn leave(&mut self, flying: Flying) {
        let (at, now) = (self.clock.at, self.clock.now());
        let (kind, remedy) = match flying.fault {
            Some(Fault::NoPlace) => (FailureKind::Throttled, Remedy::RetryWithBackoff),
            Some(Fault::GrantDead) => (FailureKind::GrantRejected, Remedy::Reconnect),
            _ => return self.leave_with_token(flying, at, now),
        };
        self.hears(flying, unsent(failure(kind, remedy)));
    }

    fn leave_with_token(&mut self, mut flying: Flying, at: u64, now: Now) {
        let Some(shell) = self.shell.as_ref() else { return };
        if let Err(failure) = shell.machine.may_leave(now, flying.call.id) {
            self.say(|| format!("does not leave: {}", failure.message));
            return self.hears(flying, unsent(failure));
        }
        let in_flight = shell.calls.iter().filter(|flying| flying.has_left()).count();
        self.promises.may_leave(at, in_flight, self.knobs.concurrent);
        let known = shell.machine.tenant().connection;
        self.promises.departs(&self.reader, &known, &flying.call.request, at);
        if let (Some(post), Request::InvoicesById(ids)) = (&self.post, &flying.call.request) {
            post.judge.asked(ids);
        }
        let (fault, used) = (flying.fault, shell.machine.status(now).minute_used);
        self.say(|| {
            let fault = fault.map_or(String::new(), |fault| format!("{fault:?}"));
            format!(
                "calls ({}, {used} in the minute) {} {fault}",
                flying.nth,
                word(&flying.call.request)
            )
        });
        self.note_flying(&flying);
        let mut rng = draw(self.seed, Draw::Call, flying.nth);
        let at_once = |hears, answer| Way::Back {
            leaves: hears,
            hears,
            answer: Box::new(answer),
            open: None,
        };
        let under_way_ms = rng.random_range(5..80);
        let arrives = at + flying.planned.and_then(CallFault::takes_ms).unwrap_or(under_way_ms);
        flying.departed = at;
        flying.gives_up = at + if flying.call.request.is_write() { 60_000 } else { 30_000 };
        flying.way = match (Wire::unasked(&flying.call.request), fault) {
            (Some(answer), _) => at_once(at, answer),
            (None, Some(Fault::SlowRequest)) => Way::Out {
                arrives: at + rng.random_range(1_000..55_000),
            },
            (None, _) => Way::Out { arrives },
        };
        if let Some(shell) = self.shell.as_mut() {
            shell.calls.push(flying);
        }
    }

    fn note_flying(&mut self, flying: &Flying) {
        if let Some(fault) = flying.fault {
            self.note(fault);
        }
    }

    /// The call's next moment: it leaves, arrives, its answer leaves, is heard, or nobody waits any
    /// more.
    pub(super) fn fly(&mut self, index: usize) {
        let (at, now) = (self.clock.at, self.clock.xero());
        let Some(shell) = self.shell.as_mut() else { return };
        let mut flying = shell.calls.swap_remove(index);
        let mut rng = draw(self.seed, Draw::Call, flying.nth | 1 << 40);
        let is_write = flying.call.request.is_write();
        match &mut flying.way {
            Way::Leaving { .. } if shell.is_draining => {
                self.hears(
                    flying,
                    unsent(failure(FailureKind::Unavailable, Remedy::RetryWithBackoff)),
                );
            }
            Way::Leaving { .. } => self.depart(flying),
            Way::Out { arrives } if *arrives <= at && at < flying.gives_up => {
                if self.course.is_none() {
                    self.wire.borrow(now);
                }
                let rule = match flying.planned {
                    Some(planned) => planned.rule(&flying.call.request),
                    None => flying.fault.and_then(|fault| fault.rule(&mut rng)),
                };
                let mut outcome = self.wire.ask(now, &flying.call.request, rule.as_deref());
                self.note_made();
                self.distort(flying.planned, !is_write, &mut outcome);
                let served = Wire::read(now, &flying.call.request, &outcome);
                flying.way = Way::Back {
                    leaves: at + served.delay_ms,
                    hears: at + served.delay_ms + rng.random_range(5..80),
                    answer: Box::new(served.answer),
                    open: served.call,
                };
                let is_page = matches!(flying.call.request, Request::Changes { .. });
                let Some(shell) = self.shell.as_mut() else { return };
                shell.calls.push(flying);
                if is_page {
                    self.meddle();
                }
            }
            Way::Back { leaves, open, .. } if *leaves <= at && open.is_some() => {
                if let Some(call) = open.take() {
                    self.wire.world.answered(call, now);
                }
                shell.calls.push(flying);
            }
            Way::Back { hears, answer, .. } if *hears <= at => {
                let answer = (**answer).clone();
                self.hears(flying, answer);
            }
            Way::Out { arrives } => {
                // The caller hangs up; what is on its way may arrive all the same.
                if is_write && (flying.planned.is_some() || rng.random_bool(0.5)) {
                    self.ghosts.push((*arrives, flying.call.request.clone()));
                }
                self.hears(flying, timed_out(is_write));
            }
            Way::Back { open, .. } => {
                if let Some(call) = open.take() {
                    self.wire.world.answered(call, now);
                }
                self.hears(flying, timed_out(is_write));
            }
        }
    }

    /// People do not wait until all pages are read.
    fn meddle(&mut self) {
        self.nth.pages += 1;
        let mut rng = draw(self.seed, Draw::Page, self.nth.pages);
        if self.knobs.page_rows == 0 || !self.faults_strike || rng.random_bool(0.5) {
            return;
        }
        let which = rng.random_range(0..self.knobs.documents);
        let deed = deed(&mut rng);
        in_xero(self, which, deed);
    }

    fn hears(&mut self, flying: Flying, answer: Answer) {
        if matches!(&answer.result, Err(failure) if failure.kind == FailureKind::TokenRejected) {
            self.wire.invalidate();
        }
        self.say(|| match &answer.result {
            Ok(_) => format!("hears ({}) {}: well", flying.nth, word(&flying.call.request)),
            Err(failure) => format!(
                "hears ({}) {}: {:?} {:?} {}",
                flying.nth,
                word(&flying.call.request),
                failure.kind,
                failure.received,
                failure.message
            ),
        });
        self.promises.heard(&flying, &answer, self.clock.at);
        let mut answer = HandOver::new(flying.call.id, Some(flying.call.rows), answer);
        // The process may die of an event.
        while let Some(shell) = self.shell.as_ref() {
            let next = answer.next(&shell.view());
            let Some(event) = next.expect("rows can be read") else {
                return;
            };
            self.feed(event, Urgency::Result);
        }
    }
}

impl Flying {
    pub fn next_at(&self) -> u64 {
        let next = match &self.way {
            Way::Leaving { at } => *at,
            Way::Out { arrives } => *arrives,
            Way::Back {
                leaves, open: Some(_), ..
            } => *leaves,
            Way::Back { hears, .. } => *hears,
        };
        next.min(self.gives_up)
    }

    const fn has_left(&self) -> bool {
        !matches!(self.way, Way::Leaving { .. })
    }
}

fn timed_out(is_write: bool) -> Answer {
    let asked = if is_write { Asked::Write } else { Asked::Read };
    Answer {
        result: Err(of_lost(asked, Lost::TimedOut)),
        meta: AnswerMeta::default(),
    }
}

/// It did not leave.
fn failure(kind: FailureKind, remedy: Remedy) -> Failure {
    Failure {
        kind,
        remedy,
        received: Received::No,
        status: None,
        message: "it did not leave".to_owned(),
        validation: Vec::new(),
    }
}

fn unsent(failure: Failure) -> Answer {
    Answer {
        result: Err(failure),
        meta: AnswerMeta::default(),
    }
}

/// A request in a few words.
pub fn word(request: &Request) -> String {
    match request {
        Request::Write { target, key, .. } => format!(
            "{target:?} key …{}",
            key.get(key.len().saturating_sub(6)..).unwrap_or(key)
        ),
        Request::InvoicesByNumber(numbers) => format!("by number {numbers:?}"),
        Request::Changes { stream, since, page } => format!("{} since {since} page {page}", stream.label()),
        Request::MadeByUs { kind, since, page } => format!("made by us {} since {since} page {page}", kind.label()),
        Request::InvoicesById(ids) => format!("by id {ids:?}"),
        other => other.resource().to_owned(),
    }
}
