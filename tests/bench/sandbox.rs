//! The sandbox with as many invoices as one organisation of Xero answers for.

use std::time::Duration;

use counterfoil::sandbox::gate::limit::Limits;
use counterfoil::sandbox::{Instants, Request, Setup, World};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock;
use crate::figure::{Figure, count, percentile, time};
use crate::machine::resident_kib;
use crate::run::Row;

/// More than this a real Xero does not page through either.
const INVOICES: usize = 100_000;
/// In one call.
const BATCH: usize = 50;
const LINES: usize = 3;
const CONTACTS: usize = 1_000;
/// Calls of each kind but the pages.
const TURNS: usize = 200;
const GOAL: Duration = Duration::from_millis(30);
const NO_LIMIT: usize = 1_000_000_000;

pub const ROW: Row = Row {
    name: "sandbox",
    title: "The sandbox with 100,000 invoices",
    how: "One organisation of the sandbox, in the measuring process and without a socket. 100,000 sales invoices of three lines with 1,000 \
          contacts are written through its API, 50 a call, every tenth approved. Then lists are read through the API: every page of 1,000 \
          with its lines, and other lists and look-ups 200 times each, every time with another number, reference, contact or page. The \
          figure is the slowest answer of the pages, and the 99th percentile of the others.",
    measure,
};

/// An organisation and somebody who calls it.
struct Caller {
    world: World,
    now: Instants,
    token: String,
    tenant: Uuid,
}

fn measure() -> Vec<Figure> {
    let before_kib = resident_kib(std::process::id());
    let mut caller = Caller::new();
    let ((), filled_in) = clock::timed(|| caller.fill());
    let kib = resident_kib(std::process::id()).saturating_sub(before_kib);
    let mut pages: Vec<Duration> = (1..=INVOICES / 1_000)
        .map(|page| caller.timed(&format!("Invoices?page={page}&pageSize=1000"), 1_000))
        .collect();
    let median = percentile(&mut pages, 50);
    let slowest = percentile(&mut pages, 100);
    let mut figures = vec![
        Figure::new("slowest page of 1,000 with lines", time(slowest))
            .goal(format!("≤ {}", time(GOAL)), slowest <= GOAL)
            .beside(format!("median {}, of {} pages", time(median), pages.len())),
    ];
    let contacts: Vec<String> = caller.contacts();
    for (what, expected, query) in lists() {
        let mut took: Vec<Duration> = (0..TURNS)
            .map(|turn| {
                let asked = query(turn * INVOICES / TURNS, &contacts);
                caller.timed(&asked, expected)
            })
            .collect();
        let median = percentile(&mut took, 50);
        figures.push(Figure::new(what, time(percentile(&mut took, 99))).beside(format!("median {}", time(median))));
    }
    figures.push(
        Figure::new("100,000 invoices written, 50 a call", time(filled_in)).beside(format!(
            "{} KiB resident for all of them, {} bytes each",
            count(kib),
            count(kib * 1_024 / u64::try_from(INVOICES).unwrap())
        )),
    );
    figures
}

type Query = fn(usize, &[String]) -> String;

/// What is asked, and how many documents must come.
fn lists() -> [(&'static str, usize, Query); 8] {
    [
        ("look-up of one by its number", 1, |at, _| {
            format!("Invoices?InvoiceNumbers=SO-{at}&page=1")
        }),
        ("look-up of 40 by their numbers", 40, |at, _| {
            let first = at.min(INVOICES - 40);
            let numbers: Vec<String> = (first..first + 40).map(|nth| format!("SO-{nth}")).collect();
            format!("Invoices?InvoiceNumbers={}&page=1", numbers.join(","))
        }),
        ("one by a reference in where", 1, |at, _| {
            format!("Invoices?where=Reference%3D%3D%22R-{at}%22%20AND%20Type%3D%3D%22ACCREC%22&page=1")
        }),
        ("100 of a contact in where", 100, |at, contacts| {
            let contact = &contacts[at % contacts.len()];
            format!("Invoices?where=Contact.ContactID%3D%3Dguid(%22{contact}%22)&page=1")
        }),
        ("100 of a status, somewhere", 100, |at, _| {
            format!("Invoices?Statuses=AUTHORISED&page={}&pageSize=100", 1 + at % 100)
        }),
        ("100 from the newest on", 100, |_, _| {
            "Invoices?order=UpdatedDateUTC%20DESC&page=1&pageSize=100".to_owned()
        }),
        ("100 by name of their field, sorted anew", 100, |at, _| {
            format!("Invoices?order=InvoiceNumber&page={}&pageSize=100", 1 + at % 1_000)
        }),
        ("none of a word that no index knows", 0, |at, _| {
            format!("Invoices?where=Url%3D%3D%22http://x/{at}%22&page=1")
        }),
    ]
}

impl Caller {
    fn new() -> Self {
        let start_ms = 1_790_000_000_000;
        let now = Instants {
            real_ms: start_ms,
            document_ms: start_ms,
        };
        let limits = Limits {
            minute: NO_LIMIT,
            day: NO_LIMIT,
            app_minute: NO_LIMIT,
            ..Limits::default()
        };
        let setup = Setup {
            limits,
            ..Setup::default()
        };
        let world = World::new(&setup, now);
        let tenant = world.tenants()[0].tenant_id;
        let mut caller = Self {
            world,
            now,
            token: String::new(),
            tenant,
        };
        let body = format!(
            "grant_type=refresh_token&refresh_token={}&client_id={}&client_secret={}",
            caller.world.refresh_token(),
            caller.world.client_id(),
            caller.world.client_secret()
        );
        let pair = caller.call("POST", "/connect/token", "", &body);
        let pair: Value = serde_json::from_slice(&pair).unwrap();
        caller.token = pair["access_token"].as_str().unwrap().to_owned();
        caller
    }

    fn fill(&mut self) {
        for first in (0..INVOICES).step_by(BATCH) {
            let invoices: Vec<Value> = (first..first + BATCH).map(invoice).collect();
            let body = json!({"Invoices":invoices}).to_string();
            let answer = self.call("PUT", "/api.xro/2.0/Invoices", "summarizeErrors=true", &body);
            assert!(
                !answer.windows(18).any(|part| part == b"ValidationExceptio"),
                "all are accepted"
            );
        }
    }

    fn contacts(&mut self) -> Vec<String> {
        let answer = self.call(
            "GET",
            "/api.xro/2.0/Contacts",
            "page=1&pageSize=1000&where=IsCustomer&searchTerm=customer",
            "",
        );
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let id = |row: &Value| row["ContactID"].as_str().unwrap().to_owned();
        answer["Contacts"].as_array().unwrap().iter().map(id).collect()
    }

    /// How long a list takes; it must have so many documents.
    fn timed(&mut self, target: &str, expected: usize) -> Duration {
        let (path, query) = target.split_once('?').unwrap();
        let path = format!("/api.xro/2.0/{path}");
        let (answer, took) = clock::timed(|| self.call("GET", &path, query, ""));
        let found = answer.windows(11).filter(|part| *part == b"\"InvoiceID\"").count();
        assert_eq!(found, expected, "{target}");
        took
    }

    fn call(&mut self, method: &str, path: &str, query: &str, body: &str) -> Vec<u8> {
        self.now.real_ms += 1;
        self.now.document_ms += 1;
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: vec![
                ("accept".to_owned(), "application/json".to_owned()),
                ("authorization".to_owned(), format!("Bearer {}", self.token)),
                ("xero-tenant-id".to_owned(), self.tenant.to_string()),
            ],
            body: body.to_owned().into(),
        };
        let outcome = self.world.respond(self.now, &request);
        if let Some(call) = outcome.call {
            self.world.answered(call, self.now);
        }
        assert_eq!(outcome.answer.status, 200, "{path}?{query}");
        outcome.answer.body.to_vec()
    }
}

fn invoice(nth: usize) -> Value {
    let line = |at: usize| json!({"Description":format!("Work {at} of {nth}"),"Quantity":at + 1,"UnitAmount":"49.95","AccountCode":"200"});
    let lines: Vec<Value> = (0..LINES).map(line).collect();
    json!({
        "Type": "ACCREC",
        "InvoiceNumber": format!("SO-{nth}"),
        "Reference": format!("R-{nth}"),
        "Status": if nth.is_multiple_of(10) { "AUTHORISED" } else { "DRAFT" },
        "Contact": {"Name": format!("Customer {}", nth % CONTACTS)},
        "Date": "2026-09-01",
        "DueDate": "2026-10-01",
        "LineItems": lines,
    })
}
