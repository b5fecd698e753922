//! Operations over many invoices: chosen by a filter, cancelled, tried again.

use serde_json::{Value, json};

use crate::support::{Daemon, House, run_program, sale, until};

/// A daemon that reads nothing by itself while a test runs.
fn house() -> House {
    House::with(|config| config.set("pull.invoices_every", "1h"))
}

fn path(house: &House, rest: &str) -> String {
    format!("/v1/tenants/{}/{rest}", house.ours())
}

fn shown(house: &House, id: &str) -> Value {
    house.daemon.api.get(&format!("/v1/operations/{id}")).ok(200)
}

/// Asks for a refresh that Xero does not answer, until `heal`.
fn stuck(house: &House, body: &Value) -> String {
    let fault = json!({ "match": { "method": "GET", "path": "/api.xro/2.0/Invoices*" }, "fault": "status", "code": 503, "times": null });
    house.sandbox.fault(&fault);
    let answer = house.daemon.api.post(&path(house, "refreshes"), body).ok(202);
    let id = answer["operation"]["id"].as_str().unwrap().to_owned();
    until(20, "the refresh to wait", || {
        (shown(house, &id)["state"] == "waiting").then_some(())
    });
    id
}

#[test]
fn a_filter_selects_what_it_shows_when_it_is_submitted() {
    let house = house();
    for nth in 1..4 {
        house.synced(&format!("SO-{nth}"), &sale(&format!("INV-{nth}")));
    }
    house
        .daemon
        .put(
            house.ours(),
            "SO-9",
            &crate::support::with(sale("X-9"), "/created_at", json!("2020-01-01T00:00:00Z")),
        )
        .ok(201);
    let ask = |body: &Value| house.daemon.api.post(&path(&house, "refreshes"), body);
    let operation = |selection: Value| {
        let answer = ask(&json!({ "selection": selection })).ok(202);
        house.daemon.operation(answer["operation"]["id"].as_str().unwrap())
    };
    let synced = operation(json!({ "filter": "state:synced kind:sales", "expected_count": 3 }));
    assert_eq!(
        (&synced["counts"]["checked"], &synced["progress"]["percent"]),
        (&json!(3), &json!(100)),
        "{synced:#}"
    );
    let all = operation(json!({ "filter": "kind:sales" }));
    assert_eq!(all["counts"]["skipped_not_linked"], 1, "{all:#}");
    let one = operation(json!({ "filter": "number:INV-2" }));
    assert_eq!(one["message"], "Checked 1 invoice, updated 0.");
    let none = operation(json!({ "filter": "state:failed" }));
    assert_eq!(
        (&none["state"], &none["counts"]["checked"]),
        (&json!("succeeded"), &json!(0))
    );
    let dry = path(&house, "refreshes?dry_run=true");
    let estimate = house
        .daemon
        .api
        .post(&dry, &json!({ "selection": { "filter": "state:synced" } }))
        .ok(200);
    assert_eq!(
        (&estimate["plan"]["invoices"], &estimate["estimate"]["calls"]),
        (&json!(3), &json!(1))
    );
    let changed = ask(&json!({ "selection": { "filter": "state:synced", "expected_count": 2 } }));
    assert_eq!((changed.status, changed.problem().as_str()), (409, "selection_changed"));
    let unknown = ask(&json!({ "selection": { "filter": "stat:synced" } }));
    assert_eq!((unknown.status, unknown.problem().as_str()), (400, "unknown_filter"));
    assert_eq!(unknown.json()["suggestion"], "state");
    let both = ask(&json!({ "selection": { "filter": "state:synced", "ids": ["ref:SO-1"] } }));
    assert_eq!((both.status, both.problem().as_str()), (422, "validation_failed"));
    house.sandbox.assert_no_violations();
}

#[test]
fn an_operation_is_cancelled_outlives_a_kill_and_is_tried_again() {
    let mut house = house();
    house.synced("SO-1", &sale("INV-1"));
    house.paid("INV-1", "10.00");
    let body = json!({ "selection": { "ids": ["ref:SO-1"] } });
    let id = stuck(&house, &body);
    let early = house
        .daemon
        .api
        .post(&format!("/v1/operations/{id}:retry-failed"), &json!({}));
    assert_eq!((early.status, early.problem().as_str()), (409, "operation_open"));
    let order = [("prefer", "wait=10")];
    let cancel = format!("/v1/operations/{id}:cancel");
    let cancelled = house.daemon.api.send("POST", &cancel, &order, "").ok(200);
    assert_eq!(cancelled["operation"]["state"], "cancelled", "{cancelled:#}");
    assert_eq!(cancelled["message"], "Cancelled before anything was read.");
    house.sandbox.heal();
    house.daemon.process.kill();
    house.daemon = Daemon::start(&house.config);
    assert_eq!(shown(&house, &id)["state"], "cancelled");
    // Cancelling it again changes nothing.
    house.daemon.api.send("POST", &cancel, &[], "").ok(200);
    let retry = format!("/v1/operations/{id}:retry-failed");
    let again = house.daemon.api.send("POST", &retry, &[], "").ok(202);
    assert_eq!(again["operation"]["retry_of"], id.as_str());
    let ended = house.daemon.operation(again["operation"]["id"].as_str().unwrap());
    // The start may have brought the payment before.
    let message = ended["message"].as_str().unwrap();
    assert!(message.starts_with("Checked 1 invoice, "), "{message}");
    assert_eq!(house.daemon.invoice(house.ours(), "SO-1")["status"], "Part paid");
    let over = ended["id"].as_str().unwrap();
    let refused = house
        .daemon
        .api
        .send("POST", &format!("/v1/operations/{over}:cancel"), &[], "");
    assert_eq!((refused.status, refused.problem().as_str()), (409, "operation_ended"));
    let refused = house
        .daemon
        .api
        .send("POST", &format!("/v1/operations/{over}:retry-failed"), &[], "");
    assert_eq!((refused.status, refused.problem().as_str()), (409, "nothing_to_retry"));
    let entries = house
        .daemon
        .api
        .get(&format!("/v1/audit?tenant={}&type=operation.cancelled", house.ours()));
    let entries = entries.ok(200);
    assert_eq!(entries["data"][0]["operation_id"], id.as_str(), "{entries:#}");
    assert!(entries["data"][0]["actor"].as_str().unwrap().starts_with("token:"));
    house.sandbox.assert_no_violations();
}

#[test]
fn links_that_failed_are_tried_again_once_what_was_missing_is_there() {
    let house = house();
    let args = json!({ "number": "OLD-1", "date": "2026-03-02", "due_date": "2026-04-01", "description": "Work" });
    house
        .sandbox
        .trigger("invoice.create", house.theirs(), &json!({ "args": args }));
    let links = json!({ "links": [{ "host_ref": "H-1", "number": "OLD-1" }] });
    let answer = house.daemon.api.post(&path(&house, "invoices:link"), &links).ok(202);
    let failed = house.daemon.operation(answer["operation"]["id"].as_str().unwrap());
    assert_eq!(failed["state"], "failed", "{failed:#}");
    let old = crate::support::with(sale("OLD-1"), "/created_at", json!("2020-01-01T00:00:00Z"));
    house.daemon.put(house.ours(), "H-1", &old).ok(201);
    let retry = format!("/v1/operations/{}:retry-failed", failed["id"].as_str().unwrap());
    let again = house.daemon.api.send("POST", &retry, &[], "").ok(202);
    let again = house.daemon.operation(again["operation"]["id"].as_str().unwrap());
    assert_eq!(again["message"], "Linked 1 of 1 invoice.", "{again:#}");
}

#[test]
fn the_command_line_lists_cancels_and_tries_again() {
    let house = house();
    house.synced("SO-1", &sale("INV-1"));
    let token = house.daemon.token_file.display().to_string();
    let base = format!("http://{}", house.daemon.api.addr);
    let say = |args: &[&str]| {
        let mut all = vec!["--addr", &base, "--token-file", &token, "--tenant", house.ours()];
        all.extend(args);
        run_program(&all, &[], "")
    };
    let picked = say(&["refresh", "--filter", "state:synced", "--wait"]);
    assert_eq!(picked.out, "Checked 1 invoice, updated 0.\n", "{}", picked.err);
    let id = stuck(&house, &json!({ "selection": { "filter": "state:synced" } }));
    let cancelled = say(&["operation", "cancel", &id, "--wait"]);
    assert_eq!(
        (cancelled.code, cancelled.out.as_str()),
        (0, "Cancelled before anything was read.\n"),
        "{}",
        cancelled.err
    );
    house.sandbox.heal();
    let listed = say(&["operation", "list"]);
    for word in [id.as_str(), "Refresh Xero Status", "cancelled", "succeeded"] {
        assert!(listed.out.contains(word), "{word} in {}", listed.out);
    }
    let only = say(&["operation", "list", "--state", "cancelled"]);
    assert!(!only.out.contains("succeeded"), "{}", only.out);
    let again = say(&["operation", "retry", &id, "--wait"]);
    assert_eq!(again.out, "Checked 1 invoice, updated 0.\n", "{}", again.err);
    let missing = say(&["operation", "show", "op_01M82AYMWS22EJ0EZC2SM8DCR4"]);
    assert_eq!(missing.code, 4);
    assert!(missing.err.contains("counterfoil operation list"), "{}", missing.err);
    assert!(!missing.err.contains("/v1/"), "{}", missing.err);
}
