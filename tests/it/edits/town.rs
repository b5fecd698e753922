//! A demo with linked invoices in each of its organisations, whose clocks are moved.

use std::time::Duration;

use counterfoil::model::zones;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Demo, invoice_path, look_for, sale, until, wall_ms, with};

/// Linked invoices of each organisation at the start.
const INVOICES: usize = 24;
/// Customers of each organisation.
const CUSTOMERS: usize = 6;
/// Seconds between two readings of changed invoices, as shipped.
const EVERY_S: u64 = 270;
/// Seconds the clock is moved at once where it matters when something happens.
const STEP_S: u64 = 15;
/// Documents on a page of what changed.
const PAGE: u64 = 7;

/// A linked invoice.
#[derive(Debug, Clone)]
pub struct Linked {
    /// Which organisation.
    pub at: usize,
    /// The host's reference.
    pub host_ref: String,
    /// Its number.
    pub number: String,
}

/// A demo and what is in it.
pub struct Town {
    pub demo: Demo,
    pub ours: Vec<String>,
    pub theirs: Vec<String>,
    pub linked: Vec<Linked>,
    /// Names of the customers in Xero, by organisation.
    pub customers: Vec<Vec<String>>,
    pub rng: StdRng,
    /// When each edit was, in milliseconds of the moved clock.
    pub edited_at: Vec<i64>,
    /// How many of which kind.
    pub done: std::collections::BTreeMap<&'static str, u64>,
    moved_s: u64,
    /// When the clock was moved, in its own milliseconds, and by how many seconds in all since.
    moves: Vec<(i64, u64)>,
    first_seq: u64,
    _folder: TempDir,
}

impl Town {
    /// At rest, with all of its invoices green.
    pub fn new(seed: u64) -> Self {
        let folder = TempDir::new().unwrap();
        let demo = Demo::start(folder.path(), &[]);
        let mut town = Self {
            ours: demo.tenants(),
            theirs: demo.sandbox.tenants.clone(),
            linked: Vec::new(),
            customers: Vec::new(),
            rng: StdRng::seed_from_u64(seed),
            edited_at: Vec::new(),
            done: std::collections::BTreeMap::new(),
            moved_s: 0,
            moves: Vec::new(),
            first_seq: 0,
            demo,
            _folder: folder,
        };
        for at in 0..town.ours.len() {
            let names = (0..CUSTOMERS).map(|nth| format!("Customer {at}-{nth}"));
            town.customers.push(names.collect());
            for _ in 0..INVOICES {
                town.writes(at);
            }
        }
        town.until_green();
        town.demo.sandbox.control("pages", &json!({ "most": PAGE }));
        let slow = json!({ "match": { "method": "GET", "path": "/api.xro/2.0/Invoices" }, "fault": "delay", "ms": 4, "times": null });
        town.demo.sandbox.fault(&slow);
        town.first_seq = town.demo.sandbox.latest_seq();
        town
    }

    /// The host writes one more invoice.
    pub fn writes(&mut self, at: usize) {
        let nth = self.linked.len();
        let linked = Linked {
            at,
            host_ref: format!("ED-{nth}"),
            number: format!("EDIT-{nth}"),
        };
        let customer = self.rng.random_range(0..CUSTOMERS);
        let party = json!({ "ref": format!("CU-{at}-{customer}"), "name": format!("Customer {at}-{customer}") });
        let mut draft = with(sale(&linked.number), "/contact", party);
        draft["lines"] = json!([
            { "ref": "L1", "description": "Work", "quantity": "2", "unit_price": "60.00", "nominal_code": "200", "tax_type": "NONE" },
            { "ref": "L2", "description": "Parts", "quantity": "1", "unit_price": "30.00", "nominal_code": "200", "tax_type": "NONE" },
        ]);
        if nth % 4 == 3 {
            draft["host_status"] = json!("pending");
        }
        let answer = self.demo.daemon.put(&self.ours[at], &linked.host_ref, &draft);
        assert!(answer.status < 300, "{}", answer.text);
        self.linked.push(linked);
    }

    /// Waits until every invoice is green; the demo's own documents take minutes of its clock.
    pub fn until_green(&mut self) {
        until(60, "everything to be green", || {
            let grey = |ours: &String| self.demo.daemon.counts(ours)["pending"] != 0;
            if self.ours.iter().any(grey) {
                self.pass(20);
                return None;
            }
            Some(())
        });
        for linked in &self.linked {
            let invoice = self.invoice(linked);
            assert_eq!(invoice["sync"]["state"], "synced", "{:#}", invoice["sync"]);
        }
    }

    /// Lets so much time pass at once.
    pub fn pass(&mut self, seconds: u64) {
        self.moved_s += seconds;
        self.moves.push((self.now_ms(), self.moved_s));
        let ahead = json!({ "advance_s": seconds, "all": true });
        self.demo.sandbox.control("clock", &ahead);
    }

    /// How far the clock had been moved at a moment that it showed: what this machine needed for its
    /// work, busy as it may be, is not in it.
    pub fn moved_by(&self, at_ms: i64) -> u64 {
        let before = self.moves.partition_point(|(moved_at_ms, _)| *moved_at_ms <= at_ms);
        self.moves[..before].last().map_or(0, |(_, moved_s)| *moved_s)
    }

    /// Lets so much time pass in small steps, each with all that is due by then and that Xero's limits
    /// let through.
    pub fn live_through(&mut self, seconds: u64) {
        self.live_through_with(seconds, Duration::from_secs(2));
    }

    /// The same where each step ends within Xero's limits: all that is due is done before the next.
    pub fn live_through_well(&mut self, seconds: u64) {
        self.live_through_with(seconds, Duration::from_secs(30));
    }

    fn live_through_with(&mut self, seconds: u64, patience: Duration) {
        let until_s = self.moved_s + seconds;
        while self.moved_s < until_s {
            self.pass(STEP_S.min(until_s - self.moved_s));
            // A reading of many pages takes several of Xero's minutes: it goes on in the next steps.
            look_for(patience, || {
                let is_fresh = |ours: &String| {
                    let path = format!("/v1/tenants/{ours}/watermarks");
                    let lag_s = self.demo.daemon.api.get(&path).ok(200)["data"][0]["lag_s"].as_u64();
                    lag_s.is_some_and(|lag_s| lag_s <= EVERY_S)
                };
                self.ours.iter().all(is_fresh).then_some(())
            });
        }
    }

    /// The moved clock, in milliseconds.
    pub fn now_ms(&self) -> i64 {
        wall_ms() + i64::try_from(self.moved_s).unwrap() * 1_000
    }

    /// The moved clock, in seconds.
    pub fn now_s(&self) -> i64 {
        self.now_ms() / 1_000
    }

    /// A number below this.
    pub fn draw_below(&mut self, below: u64) -> u64 {
        self.rng.random_range(0..below)
    }

    /// How webhooks come from now on.
    pub fn webhooks(&self, how: &Value) {
        let mut body = how.clone();
        body["url"] = self.demo.sandbox.api.get("/_sandbox/webhooks").ok(200)["url"].clone();
        assert!(body["url"].is_string(), "{body}");
        self.demo.sandbox.control("webhooks", &body);
    }

    /// An invoice as the daemon shows it, with all that came back.
    pub fn invoice(&self, linked: &Linked) -> Value {
        let path = format!(
            "{}?expand[]=payments&expand[]=credit_notes&expand[]=variance",
            invoice_path(&self.ours[linked.at], &linked.host_ref)
        );
        self.demo.daemon.api.get(&path).ok(200)
    }

    /// When the checks of the night run next: by the clock of each organisation, and in seconds.
    pub fn next_checks(&self) -> Vec<(String, i64)> {
        self.ours
            .iter()
            .map(|ours| {
                let shown = self.reconciler(ours);
                let at = chrono::DateTime::parse_from_rfc3339(shown["next_run"].as_str().unwrap()).unwrap();
                let zone = zones::zone(shown["time_zone"].as_str().unwrap()).unwrap();
                let there = at.with_timezone(&zone).format("%H:%M").to_string();
                (there, at.timestamp())
            })
            .collect()
    }

    /// Whether each organisation was checked.
    pub fn checks_are_done(&self) -> bool {
        let is_done = |ours: &String| self.reconciler(ours)["last_result"]["state"] == "succeeded";
        self.ours.iter().all(is_done)
    }

    fn reconciler(&self, ours: &str) -> Value {
        let path = format!("/v1/tenants/{ours}/reconciler");
        self.demo.daemon.api.get(&path).ok(200)
    }

    /// The daemon itself finds no difference; a renamed contact moves no document's stamp, so its
    /// name may be another one on documents that are closed.
    #[track_caller]
    pub fn assert_no_drift(&self) {
        for ours in &self.ours {
            let path = format!("/v1/tenants/{ours}/drift-reports");
            let answer = self.demo.daemon.api.post(&path, &json!({})).ok(202);
            let report = self.demo.daemon.operation(answer["operation"]["id"].as_str().unwrap());
            assert_eq!(report["state"], "succeeded", "{report:#}");
            let items = format!("/v1/operations/{}/items?limit=1000", report["id"].as_str().unwrap());
            let items = self.demo.daemon.api.get(&items).ok(200);
            for item in items["data"].as_array().unwrap() {
                let mut changes = item["changes"].as_array().unwrap().clone();
                changes.retain(|change| change["field"] != "contact_name");
                assert!(changes.is_empty(), "{item:#}");
            }
        }
    }

    /// Edits that came after the first and before the last page of a reading of changed invoices.
    pub fn edits_between_pages(&self) -> usize {
        let mut spans: Vec<(i64, i64)> = Vec::new();
        for theirs in &self.theirs {
            let (mut began, mut before) = (0, 0);
            for call in self.demo.sandbox.calls_since(self.first_seq) {
                let query = call["query"].as_str().unwrap_or_default();
                let is_page = call["tenant_id"] == *theirs && query.contains("order=UpdatedDateUTC");
                if !is_page || !call["path"].as_str().unwrap().ends_with("Invoices") {
                    continue;
                }
                let (_, page) = query.split_once("page=").unwrap();
                let page: u64 = page.split('&').next().unwrap().parse().unwrap();
                let at = call["at_ms"].as_i64().unwrap();
                // Page 1, then from the last to the first: 1 4 3 2 1.
                match (page, before) {
                    (1, 2) => spans.push((began, at)),
                    (1, _) => began = at,
                    _ => {}
                }
                before = page;
            }
        }
        let is_between = |at: &&i64| spans.iter().any(|(from, to)| from < *at && *at < to);
        self.edited_at.iter().filter(is_between).count()
    }

    /// What was done, for who looks on.
    pub fn report(&self) {
        let calls = self.demo.sandbox.calls_since(self.first_seq).len();
        eprintln!(
            "{} edits of {} invoices in {} s of their clock, {} of them between two pages of one reading; {calls} calls; {:?}",
            self.edited_at.len(),
            self.linked.len(),
            self.moved_s,
            self.edits_between_pages(),
            self.done,
        );
    }
}
