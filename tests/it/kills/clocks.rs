//! A daemon that stands still for longer than Xero keeps a key. When it goes on, its key is of no
//! use: a bill that is sent again under it would be made a second time.
//!
//! The clocks of a running process cannot be moved, so this is shown in three ways. The demo moves its
//! daemon's clocks and its Xero's together. A time namespace gives a restarted daemon a boot-time clock
//! that ran on while its wall clock did not, as after a sleep. And the real thing, a real daemon that
//! is stopped for six real minutes, is there for who has the time.

use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::number;
use super::run::Run;
use crate::support::{Daemon, Demo, House, Sandbox, bill, idle, until};

/// Longer than Xero keeps a key, which is 360 s.
const PAST_THE_KEY_S: u64 = 370;

/// The next write of an organisation ends like this, and no other gets through.
fn cut_off(sandbox: &Sandbox, tenant: &str, fault: &str) {
    let writes = json!({"method": "PUT", "path": "/api.xro/2.0/Invoices", "tenant_id": tenant});
    sandbox.fault(&json!({"match": writes, "fault": fault}));
    sandbox.fault(&json!({"match": writes, "fault": "refuse_connection", "times": null}));
}

/// Xero's clocks run on: it forgets its keys.
fn run_on(sandbox: &Sandbox, seconds: u64) {
    sandbox.control("clock", &json!({"advance_s": seconds, "all": true}));
}

/// The writes of invoices that Xero received, and those it did not refuse to receive.
fn sends(sandbox: &Sandbox, tenant: &str) -> Vec<Value> {
    let is_send = |call: &Value| {
        call["method"] == "PUT"
            && call["path"] == "/api.xro/2.0/Invoices"
            && call["tenant_id"] == tenant
            && call["fault"] != "refuse_connection"
    };
    sandbox.calls_since(0).into_iter().filter(is_send).collect()
}

fn await_sends(sandbox: &Sandbox, tenant: &str, count: usize) {
    until(30, "the bill to be sent", || {
        (sends(sandbox, tenant).len() == count).then_some(())
    });
}

#[track_caller]
fn assert_made_once(sandbox: &Sandbox, tenant: &str, number: &str) {
    let mut made = sandbox.rows(tenant, "invoices");
    made.retain(|row| row["InvoiceNumber"] == number);
    assert_eq!(made.len(), 1, "{made:#?}");
}

#[test]
fn a_daemon_whose_clocks_ran_past_the_key_window_looks_up_and_sends_nothing_again() {
    let folder = TempDir::new().unwrap();
    let demo = Demo::start(folder.path(), &[]);
    let (ours, theirs) = (demo.tenants(), &demo.sandbox.tenants);
    // One document of the demo's own takes minutes to be found out about.
    for ours in &ours {
        until(30, "the demo to be at rest", || {
            run_on(&demo.sandbox, 30);
            (demo.daemon.counts(ours)["pending"] == 0).then_some(())
        });
    }
    let before: Vec<usize> = theirs.iter().map(|theirs| sends(&demo.sandbox, theirs).len()).collect();
    // One was done and its answer lost, the other never arrived.
    cut_off(&demo.sandbox, &theirs[0], "drop_reply_after_write");
    cut_off(&demo.sandbox, &theirs[1], "drop_reply_before_write");
    for at in [0, 1] {
        demo.daemon.put(&ours[at], "FROZEN", &bill("FROZEN")).ok(201);
        await_sends(&demo.sandbox, &theirs[at], before[at] + 1);
    }
    run_on(&demo.sandbox, PAST_THE_KEY_S);
    demo.daemon.badge(&ours[0], "FROZEN", "synced");
    demo.sandbox.heal();
    // What never arrived is sent anew once two look-ups a minute apart found nothing.
    until(30, "the bill that never arrived to be made", || {
        run_on(&demo.sandbox, 15);
        let bill = demo.daemon.invoice(&ours[1], "FROZEN");
        (bill["sync"]["state"] == "synced").then_some(())
    });
    for (at, more) in [(0, 1), (1, 2)] {
        assert_made_once(&demo.sandbox, &theirs[at], "FROZEN");
        assert_eq!(sends(&demo.sandbox, &theirs[at]).len(), before[at] + more);
    }
}

#[test]
fn a_daemon_restarted_after_a_sleep_past_the_key_window_looks_up_and_sends_nothing_again() {
    let seconds = PAST_THE_KEY_S.to_string();
    let starter = ["unshare", "-T", "--boottime", &seconds];
    let probe = Command::new(starter[0]).args(&starter[1..]).arg("true").output();
    if !probe.is_ok_and(|ended| ended.status.success()) {
        eprintln!("not tested: this machine lets us have no time namespace");
        return;
    }
    let mut house = House::new();
    let (ours, theirs) = (house.ours().to_owned(), house.theirs().to_owned());
    cut_off(&house.sandbox, &theirs, "drop_reply_after_write");
    house.daemon.put(&ours, "ASLEEP", &bill("ASLEEP")).ok(201);
    await_sends(&house.sandbox, &theirs, 1);
    house.daemon.process.kill();
    run_on(&house.sandbox, PAST_THE_KEY_S);
    house.sandbox.heal();
    house.daemon = Daemon::start_under(&house.config, &starter);
    house.daemon.badge(&ours, "ASLEEP", "synced");
    assert_made_once(&house.sandbox, &theirs, "ASLEEP");
    assert_eq!(sends(&house.sandbox, &theirs).len(), 1, "it was looked up");
    house.sandbox.assert_no_violations();
}

#[test]
#[ignore = "stops daemons for more than six minutes of real time"]
fn daemons_that_are_frozen_past_the_key_window_double_nothing() {
    let freeze = Duration::from_secs(number("FREEZE_S", PAST_THE_KEY_S));
    let mut runs: Vec<Run> = (0..4)
        .map(|nth| Run::new(Sandbox::start(), number("KILL_SEED", 1) + nth, false))
        .collect();
    for (nth, run) in (0..).zip(&mut runs) {
        run.begin();
        run.stage.sandbox.fault(&json!({
            "match": {"method": "PUT", "path": "/api.xro/2.0/Invoices"}, "times": null,
            "fault": (["drop_reply_after_write", "delay", "drop_reply_before_write", "cut_body"][nth]), "ms": 700,
        }));
        run.nemesis.await_write(&run.stage, 700);
        run.stage.withdraw();
        run.stage.signal(Signal::STOP);
    }
    idle(freeze);
    for run in runs {
        run.stage.sandbox.heal();
        run.stage.signal(Signal::CONT);
        run.stage.publish();
        run.end();
    }
}
