//! The nightly check and the comparison of both sides.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Daemon, Demo, House, sale, until};

/// An invoice over 100.00.
fn hundred(number: &str) -> Value {
    let mut draft = sale(number);
    draft["lines"] = json!([{ "description": "Work", "quantity": "1", "unit_price": "100.00", "nominal_code": "200", "tax_type": "NONE" }]);
    draft
}

fn done(daemon: &Daemon, path: &str, body: &Value) -> Value {
    let answer = daemon.api.post(path, body).ok(202);
    daemon.operation(answer["operation"]["id"].as_str().unwrap())
}

fn items(daemon: &Daemon, operation: &Value) -> Vec<Value> {
    let id = operation["id"].as_str().unwrap();
    let items = daemon.api.get(&format!("/v1/operations/{id}/items")).ok(200);
    items["data"].as_array().unwrap().clone()
}

#[test]
fn ux_52_what_looked_stuck_in_the_evening_is_fixed_by_the_morning() {
    let folder = TempDir::new().unwrap();
    // Neither a webhook nor a scan comes by itself.
    let variables = [
        ("COUNTERFOIL__PULL__INVOICES_EVERY", "3650days"),
        ("COUNTERFOIL__PULL__OTHERS_EVERY", "3650days"),
        ("COUNTERFOIL__RECONCILE__SPREAD", "1ms"),
    ];
    let demo = Demo::start(folder.path(), &variables);
    demo.sandbox.control("webhooks", &json!({ "lose": 1.0 }));
    let theirs = demo.sandbox.tenants[0].clone();
    let ours = demo.tenants()[0].clone();
    let api = &demo.daemon.api;
    let base = format!("/v1/tenants/{ours}");
    demo.daemon.put(&ours, "SO-1", &hundred("NIGHT-1")).ok(201);
    demo.daemon.badge(&ours, "SO-1", "synced");
    let settled = until(30, "the first scan", || {
        let saved = api.get(&format!("{base}/watermarks")).ok(200)["data"][0].clone();
        saved["saved_at"].is_string().then_some(saved)
    });
    assert_eq!(settled["stream"], "invoices");
    let paid = json!({ "invoice_number": "NIGHT-1", "args": { "amount": "40.00" } });
    demo.sandbox.trigger("payment.partial", &theirs, &paid);
    let before = api.get(&format!("{base}/reconciler")).ok(200);
    assert!(before["next_run"].is_string(), "{before:#}");
    assert_eq!(before["last_result"], Value::Null);
    demo.sandbox
        .control("clock", &json!({ "advance_s": 86_400, "all": true }));
    let after = until(60, "the night", || {
        let shown = api.get(&format!("{base}/reconciler")).ok(200);
        (shown["last_result"]["state"] == "succeeded").then_some(shown)
    });
    assert!(after["last_result"]["repaired"].as_u64().unwrap() >= 1, "{after:#}");
    assert_ne!(after["next_run"], before["next_run"]);
    let invoice = demo.daemon.invoice(&ours, "SO-1");
    assert_eq!(invoice["status"], "Part paid");
    let id = after["last_result"]["operation_id"].as_str().unwrap();
    let operation = api.get(&format!("/v1/operations/{id}")).ok(200);
    assert_eq!(
        (&operation["kind"], &operation["requested_by"]),
        (&json!("reconcile"), &json!("system"))
    );
    let repaired = items(&demo.daemon, &operation);
    let item = repaired.iter().find(|item| item["host_ref"] == "SO-1").unwrap();
    assert_eq!(item["code"], "not_read_yet", "{item:#}");
    assert!(!item["changes"].as_array().unwrap().is_empty());
}

#[test]
fn a_comparison_finds_nothing_in_step_and_what_it_finds_can_be_refreshed() {
    let house = House::with(|config| config.set("pull.invoices_every", "1h"));
    let base = format!("/v1/tenants/{}", house.ours());
    for nth in 1..4 {
        house.synced(&format!("SO-{nth}"), &hundred(&format!("INV-{nth}")));
    }
    let report = done(&house.daemon, &format!("{base}/drift-reports"), &json!({}));
    assert_eq!(
        (&report["state"], &report["message"]),
        (&json!("succeeded"), &json!("Compared 3 invoices, 0 differences."))
    );
    let paid = json!({ "invoice_number": "INV-2", "args": { "amount": "40.00" } });
    house.sandbox.trigger("payment.partial", house.theirs(), &paid);
    let report = done(&house.daemon, &format!("{base}/drift-reports"), &json!({}));
    assert_eq!(report["message"], "Compared 3 invoices, 1 difference.");
    let found = items(&house.daemon, &report);
    assert_eq!(found[0]["host_ref"], "SO-2");
    let fields: Vec<&str> = found[0]["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["field"].as_str().unwrap())
        .collect();
    assert!(
        fields.contains(&"totals.amount_due") && fields.contains(&"version"),
        "{fields:?}"
    );
    assert_eq!(
        house.daemon.invoice(house.ours(), "SO-2")["status"],
        "Unpaid",
        "a comparison changes nothing"
    );
    let again = json!({ "selection": { "operation": report["id"] } });
    let refreshed = done(&house.daemon, &format!("{base}/refreshes"), &again);
    assert_eq!(refreshed["message"], "Checked 1 invoice, updated 1.");
    assert_eq!(house.daemon.invoice(house.ours(), "SO-2")["status"], "Part paid");
    let report = done(&house.daemon, &format!("{base}/drift-reports"), &json!({}));
    assert_eq!(report["message"], "Compared 3 invoices, 0 differences.");
    let check = done(&house.daemon, &format!("{base}/reconciler:run"), &json!({}));
    assert_eq!(check["message"], "Checked 3, repaired 0.");
    let shown = house.daemon.api.get(&format!("{base}/reconciler")).ok(200);
    assert_eq!(shown["last_run"], check["created_at"]);
    let last = &shown["last_result"];
    assert_eq!((&last["operation_id"], &last["checked"]), (&check["id"], &json!(3)));
    assert_eq!(last["date"], Value::Null, "it is not the check of a date");
    house.sandbox.assert_no_violations();
}
