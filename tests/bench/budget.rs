//! How much of Xero's minute is used.

use std::time::Duration;

use serde_json::json;

use crate::clock;
use crate::figure::Figure;
use crate::place;
use crate::run::Row;
use crate::support::{House, invoice_path, sale, share_out};

/// What Xero takes for an answer.
const LATENCY_MS: u64 = 500;
/// Minutes watched, the first one included.
const MINUTES: usize = 5;
/// More than can be sent in that time.
const WRITES: usize = 60 * (MINUTES + 1);
const MINUTE_MS: u64 = 60_000;
const GOAL: usize = 57;

pub const ROW: Row = Row {
    name: "budget",
    title: "Use of Xero's 60 calls a minute",
    how: "One organisation, one invoice a call (`sync.batch_max = 1`), a sandbox that takes 0.5 s for each answer, and more invoices than can \
          be sent. From the sandbox's own log: how many calls arrived in each rolling minute that begins after the first one, for five \
          minutes. The sandbox counts by itself whether any limit was exceeded. Two of the 60 calls are kept for people's clicks.",
    measure,
};

fn measure() -> Vec<Figure> {
    let house = place::open(1, |config| config.set_raw("sync.batch_max", "1"));
    place::warm(&house);
    house.sandbox.fault(&json!({
        "match": {"path": "/api.xro/2.0/*"}, "fault": "delay", "ms": LATENCY_MS, "times": null,
    }));
    let since = house.sandbox.latest_seq();
    share_out(&house.daemon.api, 4, WRITES, |connection, nth| {
        let path = invoice_path(house.ours(), &format!("SO-{nth}"));
        connection.put(&path, &sale(&format!("INV-{nth}")));
    });
    let minutes = u64::try_from(MINUTES).unwrap();
    clock::wait_until(clock::now() + Duration::from_millis(minutes * MINUTE_MS));
    let arrivals = arrivals(&house, since);
    let windows = windows(&arrivals);
    let least = *windows.iter().min().unwrap();
    let most = *windows.iter().max().unwrap();
    let sum: usize = windows.iter().sum();
    let mean_tenths = sum * 10 / windows.len();
    let violations = house.sandbox.api.get("/_sandbox/violations").ok(200);
    let violations = violations["data"].as_array().unwrap().len();
    vec![
        Figure::new("calls in the emptiest rolling minute", least.to_string())
            .goal("≥ 57 of 60", least >= GOAL)
            .beside(format!(
                "{} % of Xero's 60; mean {}.{}, most {most}, over {} windows",
                least * 100 / 60,
                mean_tenths / 10,
                mean_tenths % 10,
                windows.len()
            )),
        Figure::new("limits exceeded, and 429s", violations.to_string()).goal("0", violations == 0),
    ]
}

/// When the calls arrived, in milliseconds.
fn arrivals(house: &House, since: u64) -> Vec<u64> {
    let calls = house.sandbox.calls_since(since);
    let at = calls.iter().map(|call| call["at_ms"].as_u64().unwrap());
    at.collect()
}

/// Calls in every rolling minute that begins a minute or more after the first call and has ended.
///
/// The count falls when a call leaves the window, so the emptiest ones begin just behind a call.
fn windows(arrivals: &[u64]) -> Vec<usize> {
    let (first, last) = (arrivals[0], arrivals[arrivals.len() - 1]);
    let begins = arrivals
        .iter()
        .filter(|at| **at >= first + MINUTE_MS && **at + MINUTE_MS <= last);
    begins
        .map(|begin| {
            let is_inside = |at: &&u64| **at > *begin && **at <= *begin + MINUTE_MS;
            arrivals.iter().filter(is_inside).count()
        })
        .collect()
}
