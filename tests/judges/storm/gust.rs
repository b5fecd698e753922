//! A world of its own and some hundred requests, all from one seed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use counterfoil::sandbox::{CallId, Instants, Outcome, Reach, Request, Setup, Transport, World};
use serde_json::Value;

use super::draw::Draw;
use super::request::{self, Known};
use super::verdict;

const START_MS: i64 = 1_790_000_000_000;
/// Requests of one world: enough for their effects to meet, few enough to find the guilty ones.
pub const REQUESTS: usize = 250;

/// A request and how long after the one before it.
#[derive(Debug, Clone)]
pub struct Step {
    pub after_ms: i64,
    pub request: Request,
}

/// What went wrong, and after which steps.
#[derive(Debug)]
pub struct Damage {
    pub steps: Vec<Step>,
    pub said: Vec<String>,
}

/// Counts of what was answered, so that a storm of refused tokens is not taken for one of requests.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    pub done: usize,
    pub refused: usize,
    pub not_found: usize,
    pub shut_out: usize,
    pub limited: usize,
    pub injected: usize,
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        self.done += other.done;
        self.refused += other.refused;
        self.not_found += other.not_found;
        self.shut_out += other.shut_out;
        self.limited += other.limited;
        self.injected += other.injected;
    }
}

struct Gust {
    world: World,
    now: Instants,
    /// Stands for [`ACCESS`] in requests.
    access: String,
    /// In document time.
    logged_in_ms: i64,
    steps_count: usize,
    tally: Tally,
}

/// In a step, the token of the moment: steps are played again in worlds that mint other tokens.
pub const ACCESS: &str = "<access>";
/// A token lives half an hour.
const LOG_IN_AFTER_MS: i64 = 1_200_000;
/// Faults for ever would leave nothing to judge.
const HEAL_AFTER_STEPS: usize = 40;

impl Gust {
    fn new(seed: u64) -> Self {
        let now = Instants {
            real_ms: START_MS,
            document_ms: START_MS,
        };
        let setup = Setup {
            rng_seed: seed,
            ..Setup::default()
        };
        let mut gust = Self {
            world: World::new(&setup, now),
            now,
            access: String::new(),
            logged_in_ms: START_MS,
            steps_count: 0,
            tally: Tally::default(),
        };
        gust.log_in();
        gust
    }

    fn ask(&mut self, request: &Request) -> Outcome {
        let outcome = self.world.respond(self.now, request);
        if let Some(call) = outcome.call {
            self.world.answered(call, self.now);
        }
        if let Some(step) = outcome.clock {
            self.now.document_ms = self.now.document_ms.saturating_add(step.advance_ms);
            if step.reach == Reach::All {
                self.now.real_ms = self.now.real_ms.saturating_add(step.advance_ms);
            }
        }
        outcome
    }

    fn control(&mut self, method: &str, path: &str) -> Value {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let outcome = self.ask(&Request {
            method: method.to_owned(),
            path: format!("/_sandbox/{path}"),
            query: query.to_owned(),
            ..Request::default()
        });
        serde_json::from_slice(&outcome.answer.body).unwrap_or_default()
    }

    /// The fault that struck a call.
    fn fault_of(&mut self, CallId(seq): CallId) -> Option<String> {
        let rows = self.control("GET", &format!("requests?since={}", seq - 1));
        rows["data"][0]["fault"].as_str().map(str::to_owned)
    }

    /// Carries out one step. Returns the answer, and what is wrong with it.
    fn step(&mut self, step: &Step) -> (Option<Outcome>, Vec<String>) {
        self.now.real_ms = self.now.real_ms.saturating_add(step.after_ms);
        self.now.document_ms = self.now.document_ms.saturating_add(step.after_ms);
        self.steps_count += 1;
        let age_ms = self.now.document_ms.saturating_sub(self.logged_in_ms);
        if age_ms > LOG_IN_AFTER_MS || self.steps_count.is_multiple_of(HEAL_AFTER_STEPS) {
            self.control("DELETE", "faults");
            self.log_in();
        }
        let mut request = step.request.clone();
        for (_, value) in &mut request.headers {
            *value = value.replace(ACCESS, &self.access);
        }
        let outcome = match catch_unwind(AssertUnwindSafe(|| self.ask(&request))) {
            Ok(outcome) => outcome,
            Err(panic) => return (None, vec![format!("panic: {}", message(&*panic))]),
        };
        let status = outcome.answer.status;
        // A refused connection is not even a call.
        let refused = (outcome.transport != Transport::Deliver).then(|| "transport".to_owned());
        let fault = outcome.call.and_then(|call| self.fault_of(call)).or(refused);
        let said = verdict::of(&step.request, &outcome, fault.as_deref());
        self.count(status, fault.is_some());
        (Some(outcome), said)
    }

    fn count(&mut self, status: u16, is_injected: bool) {
        let tally = &mut self.tally;
        *match status {
            _ if is_injected => &mut tally.injected,
            200..=399 => &mut tally.done,
            401 | 403 => &mut tally.shut_out,
            404 | 405 => &mut tally.not_found,
            429 => &mut tally.limited,
            _ => &mut tally.refused,
        } += 1;
    }

    /// What is wrong with the books after everything.
    fn books(&mut self) -> Vec<String> {
        let tenants: Vec<String> = self
            .world
            .tenants()
            .iter()
            .map(|tenant| tenant.tenant_id.to_string())
            .collect();
        let mut found = Vec::new();
        for tenant in tenants {
            let request = Request {
                method: "GET".to_owned(),
                path: format!("/_sandbox/tenants/{tenant}/documents"),
                query: "type=invoices".to_owned(),
                ..Request::default()
            };
            match catch_unwind(AssertUnwindSafe(|| self.ask(&request))) {
                Ok(outcome) => found.extend(verdict::of_books(&outcome.answer.body)),
                Err(panic) => found.push(format!("panic: {}", message(&*panic))),
            }
        }
        found
    }

    fn log_in(&mut self) {
        self.logged_in_ms = self.now.document_ms;
        let (refresh, id) = (self.world.refresh_token(), self.world.client_id());
        let secret = self.world.client_secret();
        let body = format!("grant_type=refresh_token&refresh_token={refresh}&client_id={id}&client_secret={secret}");
        let outcome = self.ask(&Request {
            method: "POST".to_owned(),
            path: "/connect/token".to_owned(),
            body: body.into(),
            ..Request::default()
        });
        let pair: Value = serde_json::from_slice(&outcome.answer.body).unwrap_or_default();
        self.access = pair["access_token"].as_str().unwrap_or_default().to_owned();
    }

    fn known(&self) -> Known {
        Known {
            client_id: self.world.client_id().to_owned(),
            client_secret: self.world.client_secret().to_owned(),
            tenants: self
                .world
                .tenants()
                .iter()
                .map(|tenant| tenant.tenant_id.to_string())
                .collect(),
            ids: Vec::new(),
        }
    }
}

/// Plays a seed.
pub fn blow(seed: u64, requests_count: usize) -> Result<Tally, Damage> {
    let mut draw = Draw::new(seed);
    let mut gust = Gust::new(seed);
    let mut known = gust.known();
    let mut steps = Vec::new();
    for at in 0..requests_count {
        if at % 40 == 39 {
            // Faults for ever would leave nothing to judge.
            gust.control("DELETE", "faults");
        }
        let step = Step {
            after_ms: if draw.percent(5) { 0 } else { 1_500 },
            request: request::request(&mut draw, &known),
        };
        if std::env::var_os("STORM_TRACE").is_some() {
            eprintln!("{seed}/{at}: {}", shown(&step.request));
        }
        steps.push(step);
        let (outcome, said) = gust.step(&steps[at]);
        if !said.is_empty() {
            return Err(Damage { steps, said });
        }
        if let Some(outcome) = outcome
            && outcome.answer.status < 300
            && outcome.answer.body.len() < 20_000
        {
            known.learn(&serde_json::from_slice(&outcome.answer.body).unwrap_or_default());
        }
    }
    let said = gust.books();
    if said.is_empty() {
        Ok(gust.tally)
    } else {
        Err(Damage { steps, said })
    }
}

/// Takes away every step that the damage does not need. Ids and tokens come from the world's own
/// chance, so that most steps can only go when nothing behind them names what they made.
pub fn shrunk(seed: u64, damage: Damage) -> Damage {
    let mut kept = damage;
    let mut size = kept.steps.len() / 2;
    while size > 0 {
        let mut from = 0;
        while from < kept.steps.len() {
            let mut fewer = kept.steps.clone();
            fewer.drain(from..(from + size).min(fewer.len()));
            match replayed(seed, fewer) {
                Some(still) => kept = still,
                None => from += size,
            }
        }
        size /= 2;
    }
    kept
}

fn replayed(seed: u64, steps: Vec<Step>) -> Option<Damage> {
    let mut gust = Gust::new(seed);
    for (at, step) in steps.iter().enumerate() {
        let (_, said) = gust.step(step);
        if !said.is_empty() {
            let steps = steps[..=at].to_vec();
            return Some(Damage { steps, said });
        }
    }
    let said = gust.books();
    (!said.is_empty()).then_some(Damage { steps, said })
}

/// A request on one line; long ones in part.
pub fn shown(request: &Request) -> String {
    let start = |text: &str| text.chars().take(600).collect::<String>();
    let Request {
        method,
        path,
        query,
        headers,
        ..
    } = request;
    let body = String::from_utf8_lossy(&request.body);
    format!("{method} {}?{} {headers:?} {}", start(path), start(query), start(&body))
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}
