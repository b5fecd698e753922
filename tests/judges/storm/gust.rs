//! A world of its own and some hundred requests, all from one seed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use counterfoil::sandbox::outbox::Receipt;
use counterfoil::sandbox::{CallId, Instants, Outcome, Reach, Request, Setup, Transport, World};
use serde_json::{Value, json};

use super::draw::Draw;
use super::held::Held;
use super::request::{self, App, Known};
use super::tally::Tally;
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

struct Gust {
    world: World,
    now: Instants,
    held: Held,
    known: Known,
    /// In document time.
    logged_in_ms: i64,
    steps_count: usize,
    tally: Tally,
}

/// A token lives half an hour.
const LOG_IN_AFTER_MS: i64 = 1_200_000;
/// Faults for ever would leave nothing to judge.
const HEAL_AFTER_STEPS: usize = 40;
/// A lost consent is given again after so many steps.
const RENEW_AFTER_STEPS: usize = 3;
/// Reads that show the ids there are at first.
const FIRST_READS: [&str; 11] = [
    "Organisation",
    "Accounts",
    "Contacts",
    "Invoices",
    "CreditNotes",
    "Overpayments",
    "Prepayments",
    "BankTransactions",
    "ManualJournals",
    "TrackingCategories",
    "Items",
];

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
        let world = World::new(&setup, now);
        let first = App {
            id: world.client_id().to_owned(),
            secret: world.client_secret().to_owned(),
        };
        let tenants = world.tenants().into_iter().map(|tenant| tenant.tenant_id.to_string());
        let known = Known::new(first, tenants.collect());
        let mut gust = Self {
            world,
            now,
            held: Held::default(),
            known,
            logged_in_ms: START_MS,
            steps_count: 0,
            tally: Tally::default(),
        };
        gust.log_in();
        gust.furnish();
        gust
    }

    /// Something of everything, so that later requests have something to be about.
    fn furnish(&mut self) {
        for tenant in self.known.tenants.clone() {
            self.order("seed", &json!({"tenant_id": tenant, "invoices": 6, "contacts": 3}));
            for scenario in [
                "creditnote.create",
                "overpayment.create",
                "prepayment.create",
                "journal.create",
            ] {
                self.order("trigger", &json!({"scenario": scenario, "tenant_id": tenant}));
            }
            self.write(&tenant, "TrackingCategories", &json!({"Name": "Region"}));
            self.write(&tenant, "Items", &json!({"Code": "S-1", "Name": "Widget"}));
            self.write(&tenant, "ContactGroups", &json!({"Name": "Group 1"}));
            for list in FIRST_READS {
                let answer = self.api(&tenant, "GET", list, &Value::Null);
                self.known.learn(&answer, &tenant);
            }
        }
        self.order("snapshot", &json!({}));
        self.order("webhooks", &json!({"url": "http://127.0.0.1:1/"}));
        // What was spent of the limits here is not the storm's.
        self.pass(60_000);
    }

    fn write(&mut self, tenant: &str, list: &str, body: &Value) {
        let answer = self.api(tenant, "PUT", list, body);
        self.known.learn(&answer, tenant);
    }

    fn api(&mut self, tenant: &str, method: &str, list: &str, body: &Value) -> Value {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let outcome = self.ask(&Request {
            method: method.to_owned(),
            path: format!("/api.xro/2.0/{list}"),
            headers: vec![
                header("Authorization", &format!("Bearer {}", self.held.access)),
                header("Xero-Tenant-Id", tenant),
                header("Accept", "application/json"),
            ],
            body: body.to_string().into(),
            ..Request::default()
        });
        serde_json::from_slice(&outcome.answer.body).unwrap_or_default()
    }

    fn pass(&mut self, ms: i64) {
        self.now.real_ms = self.now.real_ms.saturating_add(ms);
        self.now.document_ms = self.now.document_ms.saturating_add(ms);
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

    fn order(&mut self, path: &str, body: &Value) -> Value {
        self.control("POST", path, body.to_string())
    }

    fn control(&mut self, method: &str, path: &str, body: String) -> Value {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let outcome = self.ask(&Request {
            method: method.to_owned(),
            path: format!("/_sandbox/{path}"),
            query: query.to_owned(),
            body: body.into(),
            ..Request::default()
        });
        serde_json::from_slice(&outcome.answer.body).unwrap_or_default()
    }

    /// The fault that struck a call.
    fn fault_of(&mut self, CallId(seq): CallId) -> Option<String> {
        let rows = self.control("GET", &format!("requests?since={}&limit=1", seq - 1), String::new());
        rows["data"][0]["fault"].as_str().map(str::to_owned)
    }

    /// Carries out one step. Returns the answer, and what is wrong with it.
    fn step(&mut self, step: &Step) -> (Option<Outcome>, Vec<String>) {
        self.pass(step.after_ms);
        self.steps_count += 1;
        self.heal();
        let request = self.held.put_into(&step.request);
        let outcome = match catch_unwind(AssertUnwindSafe(|| self.ask(&request))) {
            Ok(outcome) => outcome,
            Err(panic) => return (None, vec![format!("panic: {}", message(&*panic))]),
        };
        let status = outcome.answer.status;
        // A refused connection is not even a call.
        let refused = (outcome.transport != Transport::Deliver).then(|| "transport".to_owned());
        let fault = outcome.call.and_then(|call| self.fault_of(call)).or(refused);
        let mut said = verdict::of(&request, &outcome, fault.as_deref());
        self.held.learn(&request, &outcome, &self.known.apps[0].id);
        self.tally.count(&request.path, status, fault.is_some());
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.deliver())) {
            said.push(format!("panic in the webhooks: {}", message(&*panic)));
        }
        (Some(outcome), said)
    }

    /// Faults for ever would leave nothing to judge, and so would a consent that is gone.
    fn heal(&mut self) {
        let is_due = self.steps_count.is_multiple_of(HEAL_AFTER_STEPS);
        let is_cut_off = self.held.cut_off.is_some_and(|steps| steps >= RENEW_AFTER_STEPS);
        if let Some(steps) = &mut self.held.cut_off {
            *steps += 1;
        }
        if is_due {
            self.control("DELETE", "faults", String::new());
        }
        let age_ms = self.now.document_ms.saturating_sub(self.logged_in_ms);
        if is_due || is_cut_off || age_ms > LOG_IN_AFTER_MS {
            self.log_in();
        }
    }

    /// Receivers answer as their delivery's number has it: mostly rightly, or wrongly, or not at
    /// all.
    fn deliver(&mut self) {
        for delivery in self.world.take_deliveries(self.now) {
            self.tally.delivered += 1;
            let receipt = Receipt {
                status: match delivery.id % 16 {
                    0 => None,
                    1 => Some(500),
                    2 => Some(401),
                    _ => Some(200),
                },
                is_empty: delivery.id % 16 != 3,
            };
            self.world.delivered(delivery.id, receipt, self.now);
        }
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

    /// A fresh consent to everything, past what may be wrong with the places that give one.
    fn log_in(&mut self) {
        self.logged_in_ms = self.now.document_ms;
        self.held.cut_off = None;
        let renewed = self.order("trigger", &json!({"scenario": "grant.renew"}));
        let refresh = renewed["refresh_token"].as_str().unwrap_or_default();
        let App { id, secret } = &self.known.apps[0];
        let body = format!("grant_type=refresh_token&refresh_token={refresh}&client_id={id}&client_secret={secret}");
        let outcome = self.ask(&Request {
            method: "POST".to_owned(),
            path: "/connect/token".to_owned(),
            body: body.into(),
            ..Request::default()
        });
        let pair: Value = serde_json::from_slice(&outcome.answer.body).unwrap_or_default();
        let text = |key: &str| pair[key].as_str().unwrap_or_default().to_owned();
        (self.held.access, self.held.refresh) = (text("access_token"), text("refresh_token"));
        let list = Request {
            method: "GET".to_owned(),
            path: "/connections".to_owned(),
            headers: vec![("Authorization".to_owned(), format!("Bearer {}", self.held.access))],
            ..Request::default()
        };
        let listed = self.ask(&list);
        let first_app = self.known.apps[0].id.clone();
        self.held.learn(&list, &listed, &first_app);
    }
}

/// Plays a seed.
pub fn blow(seed: u64, requests_count: usize) -> Result<Tally, Damage> {
    let mut draw = Draw::new(seed);
    let mut gust = Gust::new(seed);
    let first = gust.known.clone();
    let mut steps = Vec::new();
    for at in 0..requests_count {
        let step = Step {
            after_ms: if draw.percent(5) { 0 } else { 1_500 },
            request: request::request(&mut draw, &mut gust.known),
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
            let answer = serde_json::from_slice(&outcome.answer.body).unwrap_or_default();
            gust.known.follow(&steps[at].request, &answer, &first);
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
