//! Many linked invoices, and people who edit them in Xero while pages of them are read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::api::Api;
use super::sandbox::Sandbox;
use super::{KeptAlive, invoice_path, sale, share_out, until, with};

/// Most invoices in one page of our lists.
const LIST_PAGE: usize = 500;
/// Lists of invoices as every reader asks for them.
const LIST_PATH: &str = "/api.xro/2.0/Invoices";

/// One organisation whose invoices are read page by page.
#[derive(Clone, Copy)]
pub struct Paging<'a> {
    /// The simulated Xero.
    pub sandbox: &'a Sandbox,
    /// Xero's id of the organisation.
    pub theirs: &'a str,
}

impl Paging<'_> {
    /// The number of the nth invoice.
    pub fn number(nth: usize) -> String {
        format!("INV-{nth}")
    }

    /// So many approved sales invoices, written to the daemon by a host; waits until they are in
    /// Xero.
    #[track_caller]
    pub fn link(self, api: &Api, ours: &str, total: usize, lines: usize) {
        share_out(api, 8, total, |connection, nth| {
            let number = Self::number(nth);
            let mut body = sale(&number);
            let line = body["lines"][0].take();
            let line = |at: usize| with(line.clone(), "/ref", json!(format!("L{at}")));
            body["lines"] = (1..=lines).map(line).collect();
            connection.put(&invoice_path(ours, &number), &body);
        });
        until(900, "all of them to be in Xero", || {
            let counts = api.get(&format!("/v1/tenants/{ours}/invoices/counts")).ok(200);
            (counts["synced"] == total).then_some(())
        });
    }

    /// Somebody gives each of these invoices another price in Xero.
    pub fn edit(self, numbers: impl Iterator<Item = usize>, price: &str) {
        let mut connection = KeptAlive::open(&self.sandbox.api);
        for nth in numbers {
            let edit = self.editing(nth, price).to_string();
            let answer = connection.send("POST", "/_sandbox/trigger", &edit);
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
    }

    /// Somebody does so right after the next list was answered, or one of those after it.
    pub fn edit_after(self, calls: usize, nth: usize, price: &str) {
        let after = json!({"match": {"method": "GET", "path": LIST_PATH}, "calls": calls});
        let edit = with(self.editing(nth, price), "/after", after);
        self.sandbox.control("trigger", &edit);
    }

    /// Nobody waits for a list any more.
    pub fn assert_all_edited(self) {
        let waiting = self.sandbox.api.get("/_sandbox/trigger").ok(200);
        assert_eq!(waiting["data"], json!([]), "edits that were not made");
    }

    fn editing(self, nth: usize, price: &str) -> Value {
        json!({
            "scenario": "invoice.edit", "tenant_id": self.theirs, "invoice_number": Self::number(nth),
            "args": {"line": 1, "unit_price": price},
        })
    }

    /// The invoices of which the daemon has not what Xero has.
    #[track_caller]
    pub fn differing(self, api: &Api, ours: &str) -> BTreeSet<String> {
        let here = totals_here(api, ours);
        let documents = self.sandbox.documents(self.theirs);
        let differs = |number: &str, total: &str| here.get(number).is_none_or(|here| cents(here) != cents(total));
        documents
            .into_iter()
            .filter(|document| differs(&document.invoice_number, document.total.get()))
            .map(|document| document.invoice_number)
            .collect()
    }
}

/// The total of each invoice, by its number, as the daemon's lists have it.
fn totals_here(api: &Api, ours: &str) -> BTreeMap<String, String> {
    let mut connection = KeptAlive::open(api);
    let mut totals = BTreeMap::new();
    let mut after = String::new();
    loop {
        let path = format!("/v1/tenants/{ours}/invoices?limit={LIST_PAGE}{after}");
        let page = connection.send("GET", &path, "").ok(200);
        for row in page["data"].as_array().unwrap() {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            totals.insert(text(&row["number"]), text(&row["totals"]["total"]));
        }
        let Some(cursor) = page["next_cursor"].as_str() else {
            return totals;
        };
        after = format!("&cursor={cursor}");
    }
}

/// An amount in its smallest unit.
fn cents(amount: &str) -> u64 {
    let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
    let part: String = part.chars().chain("00".chars()).take(2).collect();
    format!("{whole}{part}").parse().unwrap()
}

/// How many scans of invoices a daemon completed since it started.
#[track_caller]
pub fn scans(api: &Api) -> u64 {
    let metrics = api.get("/metrics").text;
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix("counterfoil_scans_total{stream=\"invoices\"} "));
    line.map_or(0, |count| count.trim().parse().unwrap())
}
