//! SIGHUP: the configuration is read again; all of it applies, or none, and the log says which.

use std::fs;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::faults::writes;
use crate::support::{ConfigFile, House, run_program, sale, until};

/// Rewrites the file, sends the signal, and waits for the verdict. Returns the lines it took.
#[track_caller]
fn reload(house: &House, config: &ConfigFile, verdict: &str) -> Vec<String> {
    config.write();
    signal(house, verdict)
}

#[track_caller]
fn signal(house: &House, verdict: &str) -> Vec<String> {
    let before = house.daemon.process.log.all().len();
    house.daemon.process.signal(Signal::HUP);
    until(15, verdict, || {
        let lines = house.daemon.process.log.all().split_off(before);
        lines.iter().any(|line| line.contains(verdict)).then_some(lines)
    })
}

#[test]
fn a_bad_file_keeps_the_old_configuration_and_every_problem_is_logged() {
    let house = House::new();
    fs::write(
        &house.config.path,
        "xero.client_id = \"x\"\nsync.batch_max = 500\nsync.colour = \"red\"\nlog.level = \"loud\"\n",
    )
    .unwrap();
    let lines = signal(&house, "the old configuration stays");
    for words in ["sync.batch_max", "sync.colour", "log.level", "xero.client_secret_file"] {
        assert!(lines.iter().any(|line| line.contains(words)), "{words} in {lines:#?}");
    }
    house.synced("SO-1", &sale("INV-1"));

    fs::write(&house.config.path, "this is no TOML").unwrap();
    signal(&house, "the old configuration stays");
    fs::remove_file(&house.config.path).unwrap();
    let lines = signal(&house, "the old configuration stays");
    assert!(lines.iter().any(|line| line.contains("cannot be read")), "{lines:#?}");
    house.synced("SO-2", &sale("INV-2"));
    let metrics = house.daemon.api.get("/metrics").text;
    let invalid = metrics
        .lines()
        .find(|line| line.contains("reload") && line.contains("invalid"));
    assert!(invalid.is_some_and(|line| line.ends_with(" 3")), "{invalid:?}");
}

#[test]
fn a_good_file_says_what_changed_and_takes_effect() {
    let house = House::new();
    let same = reload(&house, &house.config.clone(), "nothing changed");
    assert_eq!(same.len(), 1, "{same:#?}");

    let config = house
        .config
        .clone()
        .set("log.level", "debug")
        .set_raw("sync.batch_max", "2");
    let lines = reload(&house, &config, "sync.batch_max");
    until(10, "both changes", || {
        let level = house
            .daemon
            .process
            .log
            .having(&["reload: applied", "log.level", "info", "debug"]);
        let batch = house
            .daemon
            .process
            .log
            .having(&["reload: applied", "sync.batch_max", "50", "2"]);
        level.and(batch)
    });
    drop(lines);

    // Four of one kind wait for company: two calls of two now.
    let seq = house.sandbox.latest_seq();
    let mut count = 0;
    for (host_ref, body) in writes(16).iter().filter(|(_, body)| body["kind"] == "sales") {
        house.daemon.put(house.ours(), host_ref, body).ok(201);
        count += 1;
    }
    assert_eq!(count, 8);
    house.daemon.settled(house.ours(), 8, 30);
    let creates = house
        .sandbox
        .calls_since(seq)
        .into_iter()
        .filter(|call| call["method"] == "PUT" && call["path"] == "/api.xro/2.0/Invoices")
        .count();
    assert!((4..=8).contains(&creates), "at most two a call: {creates}");
    let is_debug = |line: &String| line.contains(" DEBUG ");
    assert!(
        house.daemon.process.log.all().iter().any(is_debug),
        "the new level applies"
    );
}

#[test]
fn a_key_that_needs_a_restart_is_refused_by_name_with_everything_beside_it() {
    let house = House::new();
    let config = house
        .config
        .clone()
        .set("sync.link_base", "https://app.example")
        .set("log.level", "debug");
    let lines = reload(&house, &config, "the old configuration stays");
    assert!(
        lines
            .iter()
            .any(|line| line.contains("sync.link_base") && line.contains("restart")),
        "{lines:#?}"
    );
    house.synced("SO-1", &sale("INV-1"));
    let log = house.daemon.process.log.all();
    assert!(
        !log.iter().any(|line| line.contains(" DEBUG ")),
        "nothing of it applied"
    );
    let document = house.sandbox.only(house.theirs(), "INV-1");
    assert!(
        document["Url"]
            .as_str()
            .unwrap()
            .starts_with("https://counterfoil.invalid")
    );
}

#[test]
fn a_changed_secret_needs_a_restart_and_is_not_shown() {
    let house = House::new();
    let secret = house.folder().join("client-secret");
    fs::write(&secret, "another-secret-4711").unwrap();
    let lines = signal(&house, "the old configuration stays");
    assert!(
        lines
            .iter()
            .any(|line| line.contains("secrets") && line.contains("restart")),
        "{lines:#?}"
    );
    let log = house.daemon.process.log.all().join("\n");
    assert!(!log.contains("another-secret-4711"));
}

#[test]
fn config_check_exits_2_naming_every_problem_and_0_when_all_is_well() {
    let house = House::new();
    let path = house.config.path.display().to_string();
    let good = run_program(&["config", "check", "--config", &path], &[], "");
    assert_eq!(good.code, 0, "{good:?}");
    assert!(good.out.contains("valid"), "{good:?}");

    let mut bad = house.config.clone();
    bad.path = house.folder().join("bad.toml");
    bad.set_raw("sync.batch_max", "51")
        .set("sync.batch_wait", "soon")
        .set("xero.api_url", "nonsense")
        .set("nowhere.at_all", "x")
        .write();
    let path = house.folder().join("bad.toml").display().to_string();
    let told = run_program(&["config", "check", "--config", &path], &[], "");
    assert_eq!(told.code, 2, "{told:?}");
    let keys = ["sync.batch_max", "sync.batch_wait", "xero.api_url", "nowhere"];
    for key in keys {
        assert!(told.err.contains(key), "{key} in {}", told.err);
    }
    let told = run_program(&["config", "check", "--config", &path, "--json"], &[], "");
    assert_eq!(told.code, 2, "{told:?}");
    let value: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(value["ok"], json!(false));
    assert_eq!(value["problems"].as_array().unwrap().len(), keys.len(), "{value:#}");
}
