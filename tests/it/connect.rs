//! Adopting a grant, losing the connection, and getting it back.

use serde_json::{Value, json};

use crate::support::{ConfigFile, Daemon, Demo, House, Sandbox, sale, until, with};

fn connection(daemon: &Daemon, tenant: &str) -> Value {
    daemon.api.get(&format!("/v1/tenants/{tenant}")).ok(200)["connection"].clone()
}

#[test]
fn a_good_grant_connects_its_organisations_and_a_repeated_import_reconnects_them() {
    let house = House::new();
    let list = house.daemon.api.get("/v1/tenants").ok(200);
    let names: Vec<&str> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 2);
    assert!(
        names.contains(&"Acme Ltd") && names.contains(&"Bluebird Foods"),
        "{names:?}"
    );
    let tenant = until(20, "the organisation to be read", || {
        let tenant = house.daemon.api.get(&format!("/v1/tenants/{}", house.theirs())).ok(200);
        tenant["base_currency"].is_string().then_some(tenant)
    });
    assert_eq!(tenant["id"], house.ours(), "Xero's GUID names it too");
    assert_eq!(tenant["base_currency"], "GBP");
    assert_eq!(tenant["time_zone"], "GMTSTANDARDTIME", "in Xero's words");
    assert_eq!(tenant["connection"]["state"], "active");
    house.synced("SO-1", &sale("INV-1"));

    let renewed = house.sandbox.trigger("grant.renew", house.theirs(), &json!({}));
    let order = json!({"refresh_token": renewed["refresh_token"], "tenant_ids": [house.theirs()]});
    let again = house.daemon.api.post("/v1/connect:import", &order).ok(200);
    assert_eq!(again["data"][0]["id"], house.ours(), "the same tenant as before");
    assert_eq!(
        house.daemon.api.get("/v1/tenants").ok(200)["data"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    house.synced("SO-2", &sale("INV-2"));
    let mut changed = sale("INV-1");
    changed["lines"][0]["quantity"] = json!("9");
    house.synced("SO-1", &changed);
    assert_eq!(
        house.sandbox.only(house.theirs(), "INV-1")["versions"],
        2,
        "its link was kept"
    );
    house.sandbox.assert_no_violations();
}

#[test]
fn what_cannot_be_connected_is_refused_and_leaves_nothing_behind() {
    let folder = tempfile::TempDir::new().unwrap();
    let sandbox = Sandbox::start();
    let daemon = Daemon::start(&ConfigFile::new(folder.path(), &sandbox));
    let import = |token: &str, tenants: Value| {
        let body = json!({"refresh_token": token, "tenant_ids": tenants});
        daemon.api.post("/v1/connect:import", &body)
    };
    let dead = import("no-such-token", Value::Null);
    assert_eq!((dead.status, dead.problem().as_str()), (422, "grant_rejected"));
    assert!(!dead.text.contains("no-such-token"));
    assert_eq!(daemon.api.get("/v1/tenants").ok(200)["data"], json!([]));

    let elsewhere = "11111111-2222-4333-8444-555555555555";
    let unreached = import(&sandbox.refresh_token, json!([elsewhere]));
    assert_eq!(
        (unreached.status, unreached.problem().as_str()),
        (422, "tenant_not_reached")
    );
    assert!(unreached.text.contains(elsewhere));
    assert_eq!(daemon.api.get("/v1/tenants").ok(200)["data"], json!([]));

    // The token was spent by the refused import; a new consent connects one of the two.
    let renewed = sandbox.trigger("grant.renew", &sandbox.tenants[1], &json!({}));
    let one = import(renewed["refresh_token"].as_str().unwrap(), json!([sandbox.tenants[1]])).ok(200);
    assert_eq!(one["data"].as_array().unwrap().len(), 1);
    assert_eq!(one["data"][0]["xero_tenant_id"], *sandbox.tenants[1]);
}

#[test]
fn observing_starts_with_auto_sync_off() {
    let folder = tempfile::TempDir::new().unwrap();
    let sandbox = Sandbox::start();
    let daemon = Daemon::start(&ConfigFile::new(folder.path(), &sandbox));
    let order = json!({"refresh_token": sandbox.refresh_token, "tenant_ids": [sandbox.tenants[0]], "observe": true});
    let tenant = daemon.api.post("/v1/connect:import", &order).ok(200)["data"][0]["id"].clone();
    let tenant = tenant.as_str().unwrap();
    let taken = daemon.put(tenant, "SO-1", &sale("INV-1")).ok(201);
    assert_eq!(taken["sync"]["state"], Value::Null);
    let operation = daemon.resync(tenant, "SO-1");
    assert_eq!(
        daemon.operation(&operation)["state"],
        "succeeded",
        "Sync now works all the same"
    );
    assert_eq!(sandbox.documents(&sandbox.tenants[0]).len(), 1);
}

/// Writes while the app is not connected any more. Returns the names of what waits.
fn write_while_revoked(daemon: &Daemon, sandbox: &Sandbox, tenant: &str, theirs: &str) -> Vec<String> {
    sandbox.trigger("connection.revoke", theirs, &json!({}));
    let mut feed = crate::support::Feed::from_end(daemon.api.clone());
    let party = json!({"ref": "C-88", "name": "Waiting Room Ltd"});
    let body = |number: &str| with(sale(number), "/contact", party.clone());
    daemon.put(tenant, "WAIT-1", &body("WAIT-1")).ok(201);
    feed.next("the state to change", |event| {
        event["type"] == "connection.state_changed"
            && event["tenant_id"] == tenant
            && event["data"]["state"] == "grace_period"
    });
    let shown = connection(daemon, tenant);
    assert_eq!(shown["state"], "grace_period");
    assert_eq!(shown["reason"], "app_revoked");
    assert!(shown["expires_at"].is_string(), "{shown}");
    assert!(!shown["actions"].as_array().unwrap().is_empty(), "{shown}");

    let later = daemon.put(tenant, "WAIT-2", &body("WAIT-2")).ok(201);
    assert_eq!(later["sync"]["state"], "failed");
    for host_ref in ["WAIT-1", "WAIT-2"] {
        let red = daemon.badge(tenant, host_ref, "failed");
        assert_eq!(red["sync"]["reason"]["code"], "connection_not_active");
        assert_eq!(red["sync"]["reason"]["title"], "Connection not active");
    }
    vec!["WAIT-1".to_owned(), "WAIT-2".to_owned()]
}

#[test]
fn writes_to_a_revoked_connection_wait_red_and_go_out_after_a_reconnection() {
    let house = House::new();
    house.synced("SO-1", &sale("INV-1"));
    let waiting = write_while_revoked(&house.daemon, &house.sandbox, house.ours(), house.theirs());
    assert_eq!(house.sandbox.documents(house.theirs()).len(), 1);
    let other = connection(&house.daemon, &house.tenants[1]);
    assert_eq!(other["state"], "active", "its neighbour goes on");

    house.sandbox.trigger("connection.restore", house.theirs(), &json!({}));
    let renewed = house.sandbox.trigger("grant.renew", house.theirs(), &json!({}));
    let order = json!({"refresh_token": renewed["refresh_token"], "tenant_ids": [house.theirs()]});
    house.daemon.api.post("/v1/connect:import", &order).ok(200);
    for host_ref in &waiting {
        house.daemon.badge(house.ours(), host_ref, "synced");
    }
    assert_eq!(connection(&house.daemon, house.ours())["state"], "active");
    assert_eq!(house.sandbox.documents(house.theirs()).len(), 3);
    house.sandbox.assert_no_violations();
}

#[test]
fn a_restored_connection_is_found_by_the_hourly_probe() {
    let folder = tempfile::TempDir::new().unwrap();
    let demo = Demo::start(folder.path(), &[]);
    let (tenant, theirs) = (demo.tenants()[1].clone(), demo.sandbox.tenants[1].clone());
    let waiting = write_while_revoked(&demo.daemon, &demo.sandbox, &tenant, &theirs);
    demo.sandbox.trigger("connection.restore", &theirs, &json!({}));
    demo.sandbox.control("clock", &json!({"advance_s": 3_700, "all": true}));
    demo.daemon.process.signal(rustix::process::Signal::HUP);
    for host_ref in &waiting {
        demo.daemon.badge(&tenant, host_ref, "synced");
    }
    assert_eq!(connection(&demo.daemon, &tenant)["state"], "active");
}

#[test]
fn a_dead_grant_needs_a_new_consent() {
    let house = House::new();
    house.synced("SO-1", &sale("INV-1"));
    house.sandbox.trigger("grant.revoke", house.theirs(), &json!({}));
    house.sandbox.control("clock", &json!({"advance_s": 3_600}));
    house.daemon.put(house.ours(), "SO-2", &sale("INV-2")).ok(201);
    let red = house.daemon.badge(house.ours(), "SO-2", "failed");
    assert_eq!(red["sync"]["reason"]["code"], "connection_not_active");
    let shown = connection(&house.daemon, house.ours());
    assert_eq!(shown["state"], "requires_reauth");
    let renewed = house.sandbox.trigger("grant.renew", house.theirs(), &json!({}));
    let order = json!({"refresh_token": renewed["refresh_token"], "tenant_ids": null});
    house.daemon.api.post("/v1/connect:import", &order).ok(200);
    house.daemon.badge(house.ours(), "SO-2", "synced");
    assert_eq!(house.sandbox.documents(house.theirs()).len(), 2);
}
