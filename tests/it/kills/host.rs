//! A host that writes all the time, and what it was told: the plain model everything is judged by.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::stage::Address;
use crate::support::{Answer, Api, bill, idle, invoice_path, sale};

/// How busy a host is.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Longest pause between two requests, in milliseconds.
    pub pause_ms: u64,
    /// Documents on their way above which it makes no more: what Xero takes in a minute is little.
    pub open_max: usize,
}

/// What the host knows of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was answered 2xx.
    Accepted,
    /// The answer was lost, or refused it: it may count or not.
    Open,
}

/// One content of a document: prices never repeat, so a price names it.
#[derive(Debug, Clone)]
pub struct Version {
    /// Its price.
    pub price: Decimal,
    /// `host_status`.
    pub status: &'static str,
    /// What the host was told.
    pub fate: Fate,
}

/// A document of the host.
#[derive(Debug, Clone)]
pub struct Document {
    /// The host's reference.
    pub host_ref: String,
    /// Whether it is a bill.
    pub is_bill: bool,
    /// Its number: once among sales invoices, twice among bills.
    pub number: String,
    /// Its party.
    pub party: usize,
    /// All that was written, oldest first.
    pub versions: Vec<Version>,
    /// Whether the feed told of an end, green or red, since its last write.
    pub is_settled: bool,
}

impl Document {
    /// The last version the host was told is accepted.
    pub fn accepted(&self) -> Option<&Version> {
        self.versions
            .iter()
            .rev()
            .find(|version| version.fate == Fate::Accepted)
    }

    /// The versions it may have: the last accepted one, and later ones without an answer.
    pub fn candidates(&self) -> &[Version] {
        let last = self.versions.iter().rposition(|version| version.fate == Fate::Accepted);
        &self.versions[last.unwrap_or(0)..]
    }

    fn body(&self, version: &Version) -> Value {
        let mut body = if self.is_bill {
            bill(&self.number)
        } else {
            sale(&self.number)
        };
        body["contact"] = json!({"ref": format!("C-{}", self.party), "name": format!("Party {} Ltd", self.party)});
        body["lines"][0]["quantity"] = json!("1");
        body["lines"][0]["unit_price"] = json!(version.price.to_string());
        body["host_status"] = json!(version.status);
        body
    }

    fn is_void(&self) -> bool {
        self.versions.iter().any(|version| version.status == "void")
    }
}

/// Everything a host wrote to one organisation.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Its documents.
    pub documents: Vec<Document>,
    /// Writes that were answered 2xx.
    pub accepted: usize,
    /// Writes without an answer, or with one that was none.
    pub unanswered: usize,
    /// *Sync now* that was taken.
    pub resyncs: usize,
}

impl Ledger {
    fn open(&self) -> usize {
        let is_open = |document: &&Document| {
            let last = document.versions.last();
            let is_sent = last.is_some_and(|last| last.status == "approved" && last.fate == Fate::Accepted);
            is_sent && !document.is_settled
        };
        self.documents.iter().filter(is_open).count()
    }

    /// The feed told that a push of it ended.
    pub fn told_settled(&mut self, host_ref: &str) {
        let at: Option<usize> = host_ref.strip_prefix("DOC-").and_then(|at| at.parse().ok());
        let document = at.and_then(|at| self.documents.get_mut(at));
        document.unwrap_or_else(|| panic!("nobody wrote {host_ref}")).is_settled = true;
    }
}

/// What hosts share with whoever ends them.
#[derive(Debug, Clone, Default)]
pub struct Work {
    /// Set when they are to end.
    pub over: Arc<AtomicBool>,
    /// Requests under way.
    pub writing: Arc<AtomicUsize>,
    /// *Sync now* that people are to press next.
    pub clicks: Arc<AtomicUsize>,
}

/// A write that was not answered, to be made again.
struct Again {
    at: usize,
    version: usize,
    key: Option<String>,
}

/// A host of one organisation.
pub struct Host {
    tenant: String,
    address: Address,
    ledger: Arc<Mutex<Ledger>>,
    work: Work,
    rng: StdRng,
    pace: Pace,
    writes: u32,
    again: Option<Again>,
}

impl Host {
    pub fn new(
        tenant: &str,
        address: &Address,
        ledger: &Arc<Mutex<Ledger>>,
        work: &Work,
        (seed, pace): (u64, Pace),
    ) -> Self {
        Self {
            tenant: tenant.to_owned(),
            address: address.clone(),
            ledger: Arc::clone(ledger),
            work: work.clone(),
            rng: StdRng::seed_from_u64(seed),
            pace,
            writes: 0,
            again: None,
        }
    }

    /// Writes until it is told to end.
    pub fn run(mut self) {
        while !self.work.over.load(Ordering::Relaxed) {
            if let Some(api) = self.address.get() {
                self.act(&api);
            }
            idle(Duration::from_millis(self.rng.random_range(0..self.pace.pause_ms)));
        }
    }

    fn act(&mut self, api: &Api) {
        if let Some(again) = self.again.take() {
            return self.write(api, again.at, again.version, again.key);
        }
        let (count, open) = {
            let ledger = self.ledger.lock().unwrap();
            (ledger.documents.len(), ledger.open())
        };
        let any = self.rng.random_range(0..count.max(1));
        let took = |clicks: usize| clicks.checked_sub(1);
        if count > 0
            && self
                .work
                .clicks
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, took)
                .is_ok()
        {
            return self.sync_now(api, any);
        }
        let young = count.saturating_sub(1 + self.rng.random_range(0..8_usize.min(count.max(1))));
        match self.rng.random_range(0..100) {
            0..48 if open < self.pace.open_max => self.new_document(api),
            _ if count == 0 => self.new_document(api),
            48..60 => self.change(api, young, "approved"),
            60..63 if open < self.pace.open_max => self.change(api, any, "approved"),
            63..65 if open < self.pace.open_max => self.change(api, any, "void"),
            65..66 => self.change(api, young, "void"),
            66..71 if open < self.pace.open_max => self.sync_now(api, any),
            71..80 => self.write_again(api, any),
            _ => self.look(api, any),
        }
    }

    fn new_document(&mut self, api: &Api) {
        let status = if self.rng.random_bool(0.1) { "draft" } else { "approved" };
        let is_bill = self.rng.random_bool(0.4);
        let at = {
            let mut ledger = self.ledger.lock().unwrap();
            let at = ledger.documents.len();
            let document = Document {
                host_ref: format!("DOC-{at}"),
                is_bill,
                number: if is_bill {
                    format!("BILL-{}", at / 4)
                } else {
                    format!("INV-{at}")
                },
                // New parties come up all the time.
                party: self.rng.random_range(0..3 + at / 12),
                versions: Vec::new(),
                is_settled: false,
            };
            ledger.documents.push(document);
            at
        };
        self.change(api, at, status);
    }

    fn change(&mut self, api: &Api, at: usize, status: &'static str) {
        let version = {
            let mut ledger = self.ledger.lock().unwrap();
            let document = &mut ledger.documents[at];
            if document.is_void() {
                return;
            }
            self.writes += 1;
            document.versions.push(Version {
                price: Decimal::new(1_000 + i64::from(self.writes), 2),
                status,
                fate: Fate::Open,
            });
            document.is_settled = false;
            document.versions.len() - 1
        };
        let key = self
            .rng
            .random_bool(0.3)
            .then(|| format!("{}-{at}-{version}", self.tenant));
        self.write(api, at, version, key);
    }

    /// The same once more, as a host does that is not sure.
    fn write_again(&mut self, api: &Api, at: usize) {
        let last = self.ledger.lock().unwrap().documents[at].versions.len() - 1;
        self.write(api, at, last, None);
    }

    fn write(&mut self, api: &Api, at: usize, version: usize, key: Option<String>) {
        let (path, body) = {
            let ledger = self.ledger.lock().unwrap();
            let document = &ledger.documents[at];
            let path = invoice_path(&self.tenant, &document.host_ref);
            (path, document.body(&document.versions[version]).to_string())
        };
        let headers: Vec<(&str, &str)> = key.iter().map(|key| ("Idempotency-Key", key.as_str())).collect();
        let answer = self.ask(api, "PUT", &path, &headers, &body);
        let is_taken = answer.as_ref().is_some_and(|answer| matches!(answer.status, 200 | 201));
        let mut ledger = self.ledger.lock().unwrap();
        if is_taken {
            ledger.documents[at].versions[version].fate = Fate::Accepted;
            ledger.accepted += 1;
            return;
        }
        ledger.unanswered += 1;
        // Most hosts write again what was not answered; some never come back to it.
        if self.rng.random_bool(0.7) {
            self.again = Some(Again { at, version, key });
        }
    }

    fn sync_now(&mut self, api: &Api, at: usize) {
        let host_ref = self.ledger.lock().unwrap().documents[at].host_ref.clone();
        let path = format!("{}/resync", invoice_path(&self.tenant, &host_ref));
        let Some(answer) = self.ask(api, "POST", &path, &[], "") else {
            return;
        };
        let mut ledger = self.ledger.lock().unwrap();
        if answer.status == 202 {
            ledger.resyncs += 1;
        } else if answer.status == 404 {
            let accepted = ledger.documents[at].accepted();
            assert!(accepted.is_none(), "7: {host_ref} is gone: {accepted:?}");
        }
    }

    /// What was accepted is there, at any time.
    fn look(&mut self, api: &Api, at: usize) {
        let host_ref = self.ledger.lock().unwrap().documents[at].host_ref.clone();
        let Some(answer) = self.ask(api, "GET", &invoice_path(&self.tenant, &host_ref), &[], "") else {
            return;
        };
        let ledger = self.ledger.lock().unwrap();
        let document = &ledger.documents[at];
        match answer.status {
            200 => assert_is_candidate(document, &answer.json()),
            404 => assert!(document.accepted().is_none(), "7: {host_ref} is gone: {document:?}"),
            _ => {}
        }
    }

    /// `None` when there was no answer. An answer that a host must not get fails the run.
    fn ask(&self, api: &Api, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Option<Answer> {
        self.work.writing.fetch_add(1, Ordering::Relaxed);
        let answer = api.try_send(method, path, headers, body).ok();
        self.work.writing.fetch_sub(1, Ordering::Relaxed);
        if let Some(answer) = &answer {
            let is_expected =
                matches!(answer.status, 200 | 201 | 202 | 429 | 503) || (method != "PUT" && answer.status == 404);
            assert!(
                is_expected,
                "{method} {path} was answered {}: {}",
                answer.status, answer.text
            );
        }
        answer
    }
}

/// The daemon's document is one that the host wrote, and not one before the last accepted.
#[track_caller]
pub fn assert_is_candidate(document: &Document, shown: &Value) {
    let price: Decimal = shown["lines"][0]["unit_price"].as_str().unwrap().parse().unwrap();
    let status = shown["host_status"].as_str().unwrap();
    let is_candidate = |version: &Version| version.price == price && version.status == status;
    assert!(
        document.candidates().iter().any(is_candidate),
        "7: {} is {price} {status} here: {document:?}",
        document.host_ref
    );
}
