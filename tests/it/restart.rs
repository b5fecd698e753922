//! The daemon ends at any moment, in any way, and nothing is lost or doubled.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::faults::{assert_each_once, writes};
use crate::support::{Daemon, Demo, House, Process, sale, until};

/// Slow answers, so that the daemon ends while calls are under way.
fn slow_down(house: &House) {
    house.sandbox.fault(&json!({
        "match": {"method": "PUT", "path": "/api.xro/2.0/Invoices"},
        "fault": "delay", "ms": 250, "times": null,
    }));
}

fn synced(daemon: &Daemon, tenant: &str) -> u64 {
    daemon.counts(tenant)["synced"].as_u64().unwrap()
}

#[test]
fn kill_9_while_pushing_loses_and_doubles_nothing() {
    let mut house = House::with(|config| config.set_raw("sync.batch_max", "20"));
    let tenant = house.ours().to_owned();
    slow_down(&house);
    let written = writes(200);
    let token = fs::read_to_string(&house.daemon.token_file).unwrap();
    let mut accepted = 0;
    for stop_at in [60, 130, 200] {
        for (host_ref, body) in &written[accepted..stop_at] {
            house.daemon.put(&tenant, host_ref, body).ok(201);
        }
        accepted = stop_at;
        // Some moment while they are sent: when a few more are green than before.
        let before = synced(&house.daemon, &tenant);
        until(30, "pushes to be under way", || {
            (synced(&house.daemon, &tenant) > before).then_some(())
        });
        house.daemon.process.kill();
        house.daemon = Daemon::start_as_written(&house.config);
        let total = house.daemon.counts(&tenant)["total"].clone();
        assert_eq!(total, accepted, "every accepted write is there");
    }
    // Each start reads the lists anew, so a slow run uses up the calls of Xero's minute.
    house.daemon.settled(&tenant, 200, 150);
    assert_each_once(
        &house.daemon,
        &tenant,
        &house.sandbox.documents(house.theirs()),
        &written,
    );
    let kept = fs::read_to_string(&house.daemon.token_file).unwrap();
    assert_eq!(kept, token, "the admin token stays");
    let mode = fs::metadata(&house.daemon.token_file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    house.sandbox.assert_no_violations();
}

#[test]
fn term_under_load_exits_0_in_time_and_the_rest_follows_after_the_start() {
    let mut house = House::with(|config| config.set_raw("sync.batch_max", "10"));
    let tenant = house.ours().to_owned();
    slow_down(&house);
    let written = writes(120);
    for (host_ref, body) in &written {
        house.daemon.put(&tenant, host_ref, body).ok(201);
    }
    until(30, "pushes to be under way", || {
        (synced(&house.daemon, &tenant) > 0).then_some(())
    });
    house.daemon.process.signal(Signal::TERM);
    let status = house.daemon.process.wait(45);
    assert_eq!(status.code(), Some(0), "{status}");
    assert!(house.daemon.process.log.having(&["stopped"]).is_some());
    let in_xero = house.sandbox.documents(house.theirs()).len();
    assert!(in_xero < written.len(), "it stopped under load");

    house.daemon = Daemon::start_as_written(&house.config);
    house.daemon.settled(&tenant, 120, 60);
    assert_each_once(
        &house.daemon,
        &tenant,
        &house.sandbox.documents(house.theirs()),
        &written,
    );
    house.sandbox.assert_no_violations();
}

#[test]
fn a_host_that_writes_right_after_the_start_is_not_told_that_its_tenant_is_gone() {
    let mut house = House::new();
    let tenant = house.ours().to_owned();
    house.synced("SO-1", &sale("INV-1"));
    for round in 2..6 {
        house.daemon.process.kill();
        house.daemon = Daemon::start_as_written(&house.config);
        let answer = house
            .daemon
            .put(&tenant, &format!("SO-{round}"), &sale(&format!("INV-{round}")));
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    house.daemon.settled(&tenant, 5, 30);
    assert_eq!(house.sandbox.documents(house.theirs()).len(), 5);
}

#[test]
fn a_second_instance_on_the_same_folder_is_refused() {
    let house = House::new();
    let path = house.config.path.display().to_string();
    let mut second = Process::start("the second daemon", &["serve", "--config", &path], &[]);
    second.expect_errors();
    let status = second.wait(20);
    assert_eq!(status.code(), Some(1), "{status}");
    let told = second.log.all().join("\n");
    let folder = house.folder().join("data").display().to_string();
    assert!(told.contains("another") || told.contains("in use"), "{told}");
    assert!(told.contains(&folder), "it names the folder: {told}");
    house.synced("SO-1", &sale("INV-1"));
}

#[test]
fn a_demo_that_was_stopped_goes_on_with_both_its_sides() {
    let folder = tempfile::TempDir::new().unwrap();
    let demo = Demo::start(folder.path(), &[]);
    for name in ["control_url", "console_url", "token", "xero_url", "data_dir"] {
        assert!(demo.ready[name].is_string(), "{name} of {}", demo.ready);
    }
    assert_eq!(demo.ready["pid"], demo.daemon.process.pid());
    let tenant = demo.tenants()[0].clone();
    let theirs = demo.sandbox.tenants[0].clone();
    demo.daemon.put(&tenant, "SO-1", &sale("INV-1")).ok(201);
    let green = demo.daemon.badge(&tenant, "SO-1", "synced");
    let before = facts(&demo, &tenant, &theirs);

    let mut demo = demo;
    for way in [Signal::TERM, Signal::KILL] {
        demo.daemon.process.signal(way);
        let status = demo.daemon.process.wait(30);
        assert_eq!(status.code().unwrap_or(0), 0, "{status}");
        demo = Demo::start(folder.path(), &[]);
        assert_eq!(demo.tenants()[0], tenant, "the same organisations");
        // The seed's last document may become green meanwhile.
        let after = facts(&demo, &tenant, &theirs);
        assert_eq!(after.0, before.0, "the daemon's documents");
        for (id, _) in &before.1 {
            assert!(
                after.1.iter().any(|(kept, _)| kept == id),
                "{id} is gone from the simulated Xero"
            );
        }
        assert!(after.1.len() <= before.1.len() + 1, "{before:?} {after:?}");
    }
    let again = demo.daemon.invoice(&tenant, "SO-1");
    assert_eq!(again["xero"]["invoice_id"], green["xero"]["invoice_id"]);
    assert_eq!(demo.sandbox.only(&theirs, "INV-1")["versions"], 1);
    let mut changed = sale("INV-1");
    changed["lines"][0]["quantity"] = json!("5");
    demo.daemon.put(&tenant, "SO-1", &changed).ok(200);
    demo.daemon.badge(&tenant, "SO-1", "synced");
    assert_eq!(
        demo.sandbox.only(&theirs, "INV-1")["versions"],
        2,
        "its tokens still work"
    );
}

/// How many documents the daemon has, and which ones the simulated Xero has.
fn facts(demo: &Demo, tenant: &str, theirs: &str) -> (Value, Vec<(String, u32)>) {
    let mut documents: Vec<_> = demo
        .sandbox
        .documents(theirs)
        .into_iter()
        .map(|document| (document.invoice_id, document.versions))
        .collect();
    documents.sort();
    (demo.daemon.counts(tenant)["total"].clone(), documents)
}
