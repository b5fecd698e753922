//! Xero is down for six hours and comes back: what waits stays grey, and then everything catches up by
//! itself, once.
//!
//! The demo's clocks are moved, so the intervals and retries are those that are shipped.

use std::time::Duration;

use serde_json::{Value, json};

use crate::edits::books::assert_alike;
use crate::edits::town::Town;
use crate::support::{look_for, run_program};

/// How long Xero is down, in seconds.
const DOWN_S: u64 = 6 * 3_600;
/// Seconds the clock is moved at once.
const STEP_S: u64 = 240;
/// Steps between two writes of the host.
const STEPS_PER_WRITE: u64 = 9;
/// When it is back, everything is here and there within this, in seconds.
const CAUGHT_UP_S: u64 = 600;

impl Town {
    /// A step. Most of them have a call in them; what failed last may be asked for again later.
    fn step_in_vain(&mut self) {
        let since = self.demo.sandbox.latest_seq();
        self.pass(STEP_S);
        look_for(Duration::from_millis(300), || {
            let path = format!("/_sandbox/requests?since={since}");
            let calls = self.demo.sandbox.api.get(&path).ok(200);
            (calls["data"] != json!([])).then_some(())
        });
    }

    /// A step after it, ended early when nothing is grey any more.
    fn step_on(&mut self) {
        self.pass(30);
        look_for(Duration::from_millis(300), || {
            let grey = |ours: &String| self.demo.daemon.counts(ours)["pending"] != 0;
            (!self.ours.iter().any(grey)).then_some(())
        });
    }

    /// How many documents are red, by organisation.
    fn red(&self) -> Vec<Value> {
        let red = |ours: &String| self.demo.daemon.counts(ours)["failed"].clone();
        self.ours.iter().map(red).collect()
    }

    /// What the command line says.
    fn says(&self, args: &[&str]) -> String {
        let token = self.demo.daemon.token_file.display().to_string();
        let base = format!("http://{}", self.demo.daemon.api.addr);
        let all = [&["--addr", &base, "--token-file", &token], args].concat();
        let said = run_program(&all, &[], "");
        assert_eq!(said.code, 0, "{}", said.err);
        said.out
    }
}

fn six_hours_of(fault: &Value) {
    let mut town = Town::new(5);
    town.webhooks(&json!({ "lose": 1.0 }));
    town.demo.sandbox.heal();
    let (at_first, red_before) = (town.linked.len(), town.red());
    let rule = town.demo.sandbox.control("faults", fault)["id"].clone();
    for at in 0..town.ours.len() {
        town.writes(at);
    }
    for step in 0..DOWN_S / STEP_S {
        town.step_in_vain();
        if step % STEPS_PER_WRITE == 0 {
            for at in 0..town.ours.len() {
                town.writes(at);
            }
            town.pays();
        }
        assert_eq!(town.red(), red_before, "step {step}: what only waits is red");
    }
    for linked in &town.linked[at_first..] {
        let sync = town.invoice(linked)["sync"].clone();
        let is_grey = sync["state"] == "pending" && sync["waiting"]["until"].is_string();
        assert!(is_grey && sync["retries"] == 0, "{sync:#}");
    }
    let status = town.demo.daemon.api.get("/v1/status").ok(200);
    let message = status["warnings"][0]["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("2 organisations: Xero looks unavailable since"),
        "{status:#}"
    );
    assert!(town.says(&["status"]).contains("Xero looks unavailable since"));
    let tried = town.demo.sandbox.calls_since(0).len();
    let path = format!("/_sandbox/faults/{}", rule.as_str().unwrap());
    town.demo.sandbox.api.send("DELETE", &path, &[], "").ok(200);
    for _ in 0..CAUGHT_UP_S / 30 {
        town.step_on();
    }
    assert_alike(&town);
    for linked in &town.linked {
        let made = town.demo.sandbox.only(&town.theirs[linked.at], &linked.number);
        assert!(made["Url"].as_str().unwrap().contains("cf="), "{made:#}");
    }
    let status = town.demo.daemon.api.get("/v1/status").ok(200);
    assert_eq!(status["warnings"], json!([]));
    town.demo.sandbox.assert_no_violations();
    eprintln!(
        "{tried} calls while Xero was down for {} organisations",
        town.ours.len()
    );
}

#[test]
fn six_hours_in_which_xero_answers_that_it_is_unavailable_are_caught_up_with() {
    six_hours_of(
        &json!({ "match": { "path": "/api.xro/*" }, "fault": "outage", "outage": "unavailable", "times": null }),
    );
}

#[test]
fn six_hours_in_which_xero_cannot_be_reached_are_caught_up_with() {
    six_hours_of(&json!({ "match": { "path": "/*" }, "fault": "refuse_connection", "times": null }));
}
