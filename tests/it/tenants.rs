//! Two organisations of one grant, side by side.

use serde_json::json;

use crate::faults::{assert_each_once, writes};
use crate::support::{Demo, House, until};

#[test]
fn two_tenants_of_one_grant_run_side_by_side_and_survive_an_expired_token() {
    let house = House::with(|config| config.set_raw("sync.batch_max", "10"));
    assert_eq!(house.tenants.len(), 2);
    let written = writes(80);
    for (at, (host_ref, body)) in written.iter().enumerate() {
        for tenant in &house.tenants {
            house.daemon.put(tenant, host_ref, body).ok(201);
        }
        if at == 40 {
            // Both learn at about the same time that their shared token is dead.
            house.sandbox.fault(&json!({
                "match": {"path": "/api.xro/2.0/*"}, "fault": "token_expired", "times": 2,
            }));
        }
    }
    for (ours, theirs) in house.tenants.iter().zip(&house.sandbox.tenants) {
        let counts = house.daemon.settled(ours, 80, 60);
        assert_eq!(counts["synced"], 80, "{counts}");
        assert_each_once(&house.daemon, ours, &house.sandbox.documents(theirs), &written);
    }
    let requests = house.sandbox.api.get("/_sandbox/requests").ok(200);
    let requests = requests["data"].as_array().unwrap();
    let struck = requests.iter().filter(|call| call["fault"] == "token_expired").count();
    assert_eq!(struck, 2);
    let refreshes = requests.iter().filter(|call| call["path"] == "/connect/token").count();
    assert!((2..=3).contains(&refreshes), "one refresh serves both: {refreshes}");
    house.sandbox.assert_no_violations();
    let status = house.daemon.api.get("/v1/status").ok(200);
    assert_eq!(status["tenants"]["by_state"]["active"], 2);
}

#[test]
fn a_token_that_grows_old_is_refreshed_before_it_is_used() {
    let folder = tempfile::TempDir::new().unwrap();
    let demo = Demo::start(folder.path(), &[]);
    let tenants = demo.tenants();
    for round in 0..2 {
        // Access tokens live half an hour.
        demo.sandbox.control("clock", &json!({"advance_s": 3_600}));
        let body = |tenant: usize| {
            let number = format!("AGE-{round}-{tenant}");
            let party = json!({"ref": "C-77", "name": "Old Friends Ltd"});
            crate::support::with(crate::support::sale(&number), "/contact", party)
        };
        for (at, tenant) in tenants.iter().enumerate() {
            demo.daemon.put(tenant, &format!("AGE-{round}"), &body(at)).ok(201);
        }
        for tenant in &tenants {
            demo.daemon.badge(tenant, &format!("AGE-{round}"), "synced");
        }
    }
    let requests = demo.sandbox.api.get("/_sandbox/requests").ok(200);
    let requests = requests["data"].as_array().unwrap();
    assert!(
        requests.iter().all(|call| call["status"] != 401),
        "no call was made with a dead token"
    );
    let refreshes = requests.iter().filter(|call| call["path"] == "/connect/token").count();
    assert_eq!(refreshes, 3, "one to connect, one an hour");
    for theirs in &demo.sandbox.tenants {
        let made = until(10, "both documents", || {
            let rows = demo.sandbox.documents(theirs);
            let made = rows.iter().filter(|row| row.invoice_number.starts_with("AGE-")).count();
            (made == 2).then_some(made)
        });
        assert_eq!(made, 2);
    }
    demo.sandbox.assert_no_violations();
}
