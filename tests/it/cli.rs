//! The command line against a running daemon.

use std::fs;

use serde_json::{Value, json};

use crate::support::{House, run_program, sale, with};

#[test]
fn a_day_at_the_command_line() {
    let house = House::new();
    house
        .types(&["status"])
        .says(0, &["counterfoil", "2 organisations", "active 2", "nothing needs you"]);
    house
        .types(&["tenants", "list"])
        .says(0, &["Acme Ltd", "Bluebird Foods", "active"]);
    house
        .types(&["tenants", "show", "acme"])
        .says(0, &["Acme Ltd", "active", house.theirs()]);

    write_invoices(&house);
    look_at_them(&house);
    act_on_them(&house);
    read_what_happened(&house);
}

/// From a file, several at once, and from standard input.
fn write_invoices(house: &House) {
    let file = house.folder().join("invoices.json");
    let mut red = sale("INV-3");
    red["lines"][0]["nominal_code"] = json!("4010");
    let named = |host_ref: &str, body: Value| with(body, "/host_ref", json!(host_ref));
    let list = json!([
        named("SO-1", sale("INV-1")),
        named("SO-2", sale("INV-2")),
        named("SO-3", red)
    ]);
    fs::write(&file, list.to_string()).unwrap();
    let file = file.display().to_string();
    house
        .types(&["invoices", "put", "-f", &file, "--tenant", "acme"])
        .says(0, &["created", "SO-1", "SO-2", "SO-3", "3 of 3 invoices written"]);
    house
        .types(&["invoices", "put", "-f", &file, "--tenant", "acme"])
        .says(0, &["unchanged  SO-1", "unchanged  SO-2", "unchanged  SO-3"]);
    // Changed after it went, not together with it.
    house.daemon.badge(house.ours(), "SO-2", "synced");
    let changed = with(sale("INV-2"), "/due_date", json!("2026-06-01"));
    let put = ["invoices", "put", "-f", "-", "--ref", "SO-2", "--tenant", "acme"];
    house
        .types_with_input(&put, &changed.to_string())
        .says(0, &["updated  SO-2"]);
    let draft = with(sale("INV-4"), "/host_status", json!("draft"));
    let put = ["invoices", "put", "-f", "-", "--ref", "SO-4", "--tenant", "acme"];
    house
        .types_with_input(&put, &draft.to_string())
        .says(0, &["created", "SO-4"]);
    for host_ref in ["SO-1", "SO-2"] {
        house.daemon.badge(house.ours(), host_ref, "synced");
    }
    house.daemon.badge(house.ours(), "SO-3", "failed");
}

fn look_at_them(house: &House) {
    house
        .types(&["invoices", "list", "--tenant", "acme"])
        .says(0, &["INV-1", "INV-2", "INV-3", "INV-4"]);
    let failed = house.types(&["invoices", "list", "--tenant", "acme", "--state", "failed", "--json"]);
    failed.says(0, &[]);
    let failed = failed.json();
    assert_eq!(failed["data"].as_array().unwrap().len(), 1);
    assert_eq!(failed["data"][0]["host_ref"], "SO-3");
    house
        .types(&["invoices", "show", "INV-1", "--tenant", "acme"])
        .says(0, &["Synced to Xero", "45.00"]);
    house
        .types(&["invoices", "show", "SO-3", "--tenant", "acme"])
        .says(0, &["Sync failed", "Unmapped nominal code", "4010"]);
    house.types(&["status"]).says(
        0,
        &["Acme Ltd: 1 invoice failed", "counterfoil invoices list --state failed"],
    );
    house
        .types(&["explain", "unmapped_nominal_code"])
        .says(0, &["Unmapped nominal code", "mappings set nominal_codes"]);
    house
        .types(&["explain", "lookback_too_long"])
        .says(0, &["The lookback is too long", "365 days"]);
}

fn act_on_them(house: &House) {
    house
        .types(&["invoices", "preview", "SO-4", "--tenant", "acme"])
        .says(0, &["DRAFT", "INV-4"]);
    house
        .types(&["invoices", "sync", "SO-4", "--tenant", "acme"])
        .says(0, &["Queued op_"]);
    house.daemon.badge(house.ours(), "SO-4", "synced");
    let waited = ["invoices", "sync", "SO-3", "--tenant", "acme", "--wait=20s"];
    house.types(&waited).says(1, &["Unmapped nominal code"]);
    house
        .types(&["mappings", "set", "nominal_codes", "4010", "200", "--tenant", "acme"])
        .says(0, &["1"]);
    house.daemon.badge(house.ours(), "SO-3", "synced");
    house.types(&waited).says(0, &["SO-3"]);
    house.types(&["status"]).says(0, &["nothing needs you"]);
}

fn read_what_happened(house: &House) {
    let types = "invoice.sync_failed,invoice.synced";
    let tail = house.types(&["events", "tail", "--types", types, "--jsonl"]);
    tail.says(0, &[]);
    let events: Vec<Value> = tail
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |event_type: &str| events.iter().filter(|event| event["type"] == event_type).count();
    assert_eq!(
        of("invoice.synced"),
        4 + 2,
        "SO-2 a second time after it was changed, SO-3 after Sync now: {}",
        tail.out
    );
    assert!(of("invoice.sync_failed") >= 1);
    house
        .types(&["events", "tail", "-n", "2"])
        .says(0, &["invoice.synced", "Go on from here"]);
}

#[test]
fn every_failure_has_its_exit_code_and_words() {
    let house = House::new();
    house
        .types(&["invoices", "show", "NONE", "--tenant", "acme"])
        .says(4, &["NONE"]);
    house
        .types(&["invoices", "show", "NONE", "--tenant", "nobody"])
        .says(4, &["nobody"]);
    house.types(&["invoices", "list"]).says(2, &["--tenant"]);
    house.types(&["invoices", "dance"]).says(2, &["dance"]);
    house.types(&["explain", "no_such_reason"]).says(4, &["no_such_reason"]);
    let put = ["invoices", "put", "-f", "-", "--ref", "SO-1", "--tenant", "acme"];
    house.types_with_input(&put, "{\"kind\": ").says(2, &["JSON"]);
    house
        .types_with_input(&put, "{\"kind\": \"quote\"}")
        .says(2, &["kind", "number", "lines"]);
    assert_eq!(house.daemon.counts(house.ours())["total"], 0);

    let wrong = house.folder().join("wrong-token");
    fs::write(&wrong, "cft_0000000000000000000000000000000000").unwrap();
    let wrong = wrong.display().to_string();
    house.types(&["status", "--token-file", &wrong]).says(5, &["token"]);
    house
        .types(&["status", "--addr", "http://127.0.0.1:9"])
        .says(3, &["127.0.0.1:9"]);
    let json = house.types(&["invoices", "show", "NONE", "--tenant", "acme", "--json"]);
    json.says(4, &[]);
}

#[test]
fn ux_53_connect_import_reads_the_token_from_its_input_and_tells_about_history() {
    let folder = tempfile::TempDir::new().unwrap();
    let sandbox = crate::support::Sandbox::start();
    let daemon = crate::support::Daemon::start(&crate::support::ConfigFile::new(folder.path(), &sandbox));
    let addr = format!("http://{}", daemon.api.addr);
    let token_file = daemon.token_file.display().to_string();
    let args = ["connect-import", "--addr", &addr, "--token-file", &token_file];
    let ended = run_program(&args, &[], &sandbox.refresh_token);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.out.contains("Connected 2 organisations"), "{ended:?}");
    assert!(ended.err.contains("do not auto-backfill"), "{ended:?}");
    assert!(!ended.out.contains(&sandbox.refresh_token) && !ended.err.contains(&sandbox.refresh_token));
    let again = run_program(&args, &[], "no-such-token");
    assert_ne!(again.code, 0);
    assert!(again.err.contains("Xero refused the grant"), "{again:?}");
}
