//! One consent, two organisations: the daemon ends at the worst moments of a refresh.

use std::thread;

use serde_json::{Value, json};

use crate::support::{Api, Daemon, House, sale, until};

/// Longer than any test looks on.
const NEVER_MS: u64 = 25_000;

fn token_calls(house: &House, since: u64) -> Vec<Value> {
    let all = house
        .sandbox
        .api
        .get(&format!("/_sandbox/requests?since={since}"))
        .ok(200);
    let all = all["data"].as_array().unwrap();
    all.iter()
        .filter(|call| call["path"] == "/connect/token")
        .cloned()
        .collect()
}

/// From now on Xero rotates at once, and its answer does not come.
fn hold_back_token_answers(house: &House) {
    house.sandbox.fault(&json!({
        "match": {"path": "/connect/token"}, "fault": "delay", "ms": NEVER_MS, "times": null,
    }));
}

#[track_caller]
fn assert_all_active(house: &House) {
    let status = house.daemon.api.get("/v1/status").ok(200);
    assert_eq!(status["tenants"]["by_state"]["active"], house.tenants.len(), "{status}");
}

#[test]
fn a_kill_between_rotation_and_save_costs_no_organisation_its_connection() {
    let mut house = House::new();
    assert_eq!(house.tenants.len(), 2);
    house.synced("BEFORE", &sale("BEFORE"));
    for round in 0..3 {
        let since = house.sandbox.latest_seq();
        hold_back_token_answers(&house);
        house.sandbox.fault(&json!({
            "match": {"path": "/api.xro/2.0/*"}, "fault": "token_expired", "times": 2,
        }));
        for (at, tenant) in house.tenants.iter().enumerate() {
            let number = format!("KILL-{round}-{at}");
            house
                .daemon
                .put(tenant, &format!("KILL-{round}"), &sale(&number))
                .ok(201);
        }
        until(30, "Xero to rotate", || {
            (!token_calls(&house, since).is_empty()).then_some(())
        });
        house.daemon.process.kill();
        assert_eq!(token_calls(&house, since).len(), 1, "one refresh serves both");
        house.sandbox.heal();
        house.daemon = Daemon::start_as_written(&house.config);
        for tenant in &house.tenants {
            house.daemon.badge(tenant, &format!("KILL-{round}"), "synced");
        }
    }
    let refused: Vec<Value> = token_calls(&house, 0)
        .into_iter()
        .filter(|call| call["status"] == 400)
        .collect();
    assert!(refused.is_empty(), "a token Xero does not take was used: {refused:?}");
    assert_all_active(&house);
    house.sandbox.assert_no_violations();
}

/// Nobody needs a token after the start, and Xero takes the old one for half an hour only.
#[test]
fn what_a_killed_daemon_did_not_hear_is_asked_for_by_the_next_one_although_nobody_waits() {
    let mut house = House::new();
    house.synced("BEFORE", &sale("BEFORE"));
    let since = house.sandbox.latest_seq();
    hold_back_token_answers(&house);
    house
        .sandbox
        .fault(&json!({"match": {"path": "/connections"}, "fault": "token_expired", "times": 1}));
    let (api, token) = (house.daemon.api.clone(), house.sandbox.refresh_token.clone());
    let asking = thread::spawn(move || ask_for_the_list(&api, &token));
    until(30, "Xero to rotate", || {
        (!token_calls(&house, since).is_empty()).then_some(())
    });
    house.daemon.process.kill();
    asking.join().unwrap();
    house.sandbox.heal();

    let since = house.sandbox.latest_seq();
    house.daemon = Daemon::start_as_written(&house.config);
    let asked = until(10, "the next refresh", || token_calls(&house, since).into_iter().next());
    assert_eq!(asked["status"], 200, "{asked}");
    // Now the grace of the token in the killed daemon's store is over.
    house.sandbox.control("clock", &json!({"advance_s": 1_860}));
    for (at, tenant) in house.tenants.iter().enumerate() {
        house.daemon.put(tenant, "AFTER", &sale(&format!("AFTER-{at}"))).ok(201);
    }
    for tenant in &house.tenants {
        house.daemon.badge(tenant, "AFTER", "synced");
    }
    assert_all_active(&house);
    house.sandbox.assert_no_violations();
}

/// A person hands the same consent over again; whoever answers is killed meanwhile.
fn ask_for_the_list(api: &Api, refresh_token: &str) {
    let body = json!({"refresh_token": refresh_token, "tenant_ids": null}).to_string();
    let answer = api.try_send("POST", "/v1/connect:import", &[], &body);
    assert!(answer.is_err(), "{answer:?}");
}

#[test]
fn a_dead_grant_is_told_to_an_organisation_that_wants_nothing() {
    let house = House::new();
    house.synced("BEFORE", &sale("BEFORE"));
    house
        .sandbox
        .trigger("grant.revoke", &house.sandbox.tenants[0], &json!({}));
    house.daemon.put(house.ours(), "AFTER", &sale("AFTER")).ok(201);
    for tenant in &house.tenants {
        let told = until(30, "both to be told", || {
            let shown = house.daemon.api.get(&format!("/v1/tenants/{tenant}")).ok(200);
            (shown["connection"]["state"] == "requires_reauth").then_some(shown)
        });
        assert_eq!(told["connection"]["reason"], "grant_dead", "{told:#}");
    }
}
