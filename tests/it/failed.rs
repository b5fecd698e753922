//! What failed, as hosts and people see it: badges, counts by cause, the tabs of what waits for money.

use serde_json::{Value, json};

use crate::bulk::house;
use crate::support::{sale, with};

#[test]
fn ux_5_the_badges_of_many_come_in_the_order_of_their_references() {
    let house = house();
    house.synced("SO-1", &sale("INV-1"));
    house.amiss(1, 0);
    house.daemon.badge(house.ours(), "UN-0", "failed");
    let body = json!({ "host_refs": ["UN-0", "nobody", "SO-1", "UN-0"] });
    let badges = house.daemon.api.post(&house.at("badges"), &body).ok(200);
    let states: Vec<&Value> = badges["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sync| &sync["state"])
        .collect();
    assert_eq!(json!(states), json!(["failed", null, "synced", "failed"]));
    assert!(badges["data"][1].is_null(), "{badges:#}");
    let mut shown = house.daemon.invoice(house.ours(), "UN-0");
    // What could close the gap is read for one invoice, not for a list.
    let reason = shown["sync"]["reason"].as_object_mut().unwrap();
    assert!(reason.remove("candidates").is_some());
    assert_eq!(badges["data"][0], shown["sync"], "the same as in the invoice");
    let many: Vec<String> = (0..501).map(|nth| format!("SO-{nth}")).collect();
    let refused = house
        .daemon
        .api
        .post(&house.at("badges"), &json!({ "host_refs": many }));
    assert_eq!((refused.status, refused.problem().as_str()), (422, "validation_failed"));
    let (code, out, err) = house.run(&["invoices", "badges", "UN-0", "SO-1", "nobody", "--tenant", house.ours()]);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("Sync failed") && out.contains("Synced to Xero") && out.contains("not known"),
        "{out}"
    );
}

#[test]
fn ux_72_ux_73_ux_74_ux_76_what_failed_is_counted_by_its_cause_with_its_fix() {
    let house = house();
    let tenant = house.daemon.api.get(&format!("/v1/tenants/{}", house.ours())).ok(200);
    assert_eq!(tenant["integration_configured"], true);
    house.synced("SO-A", &sale("INV-A"));
    house.amiss(3, 2);
    let counts = house.failed(5);
    assert_eq!((&counts["synced"], &counts["acknowledged"]), (&json!(1), &json!(0)));
    for path in [
        house.at("invoices/counts?group_by=reason"),
        "/v1/invoices/counts?group_by=reason".to_owned(),
    ] {
        let counts = house.daemon.api.get(&path).ok(200);
        let reasons = counts["by_reason"].as_array().unwrap();
        let told: Vec<(&Value, &Value)> = reasons
            .iter()
            .map(|reason| (&reason["code"], &reason["count"]))
            .collect();
        assert_eq!(
            json!(told),
            json!([["unmapped_nominal_code", 3], ["currency_mismatch", 2]]),
            "{counts:#}"
        );
        let first = &reasons[0];
        assert_eq!(first["title"], "Unmapped nominal code");
        assert_eq!(first["subjects"], json!([{ "subject": "4010", "count": 3 }]));
        assert_eq!(
            (&first["organisations"], &first["tenants"][0]["id"]),
            (&json!(1), &json!(house.ours()))
        );
        let since = house.daemon.invoice(house.ours(), "UN-0")["sync"]["reason"]["since"].clone();
        assert_eq!(first["oldest"], since);
    }
    let refused = house.daemon.api.get(&house.at("invoices/counts?group_by=day"));
    assert_eq!(refused.status, 400, "{}", refused.text);
    let reason = house.daemon.invoice(house.ours(), "UN-0")["sync"]["reason"].clone();
    assert!(reason["detail"].as_str().unwrap().contains("4010"), "{reason:#}");
    let (code, out, err) = house.run(&["failed", "list", "--group-by", "reason"]);
    assert_eq!(code, 0, "{err}");
    let line = out
        .lines()
        .find(|line| line.starts_with("Unmapped nominal code"))
        .unwrap();
    assert!(
        line.contains("  3  ") && line.contains("Fill in the Xero account code"),
        "{out}"
    );
    assert!(
        err.contains("you'll need to resolve the problem (or problems) that caused the export to fail."),
        "{err}"
    );
    assert!(
        err.contains("counterfoil failed resync --reason unmapped_nominal_code"),
        "{err}"
    );
    let (code, out, _) = house.run(&["failed", "count"]);
    assert_eq!((code, out.as_str()), (0, "5\n"));
    let (code, out, _) = house.run(&["failed", "list", "--tenant", house.ours()]);
    assert!(code == 0 && out.contains("MAP-0") && !out.contains("INV-A"), "{out}");
    house
        .daemon
        .api
        .send("DELETE", &house.at("connection"), &[], "")
        .ok(200);
    let tenant = house.daemon.api.get(&format!("/v1/tenants/{}", house.ours())).ok(200);
    assert_eq!(tenant["integration_configured"], false);
}

#[test]
fn ux_77_what_waits_for_money_is_on_one_of_two_tabs() {
    let house = house();
    house.synced("LATE", &sale("INV-1"));
    house.synced("SOON", &with(sale("INV-2"), "/due_date", json!("2099-01-01")));
    house
        .daemon
        .put(
            house.ours(),
            "DRAFT",
            &with(sale("INV-3"), "/host_status", json!("draft")),
        )
        .ok(201);
    house.synced("PAID", &sale("INV-4"));
    let paid = json!({ "invoice_number": "INV-4", "args": {} });
    house.sandbox.trigger("payment.full", house.theirs(), &paid);
    let refresh = house.order("refreshes", &json!({}));
    house.daemon.operation(&refresh);
    assert_eq!(house.daemon.invoice(house.ours(), "PAID")["status"], "Paid");
    let listed = |filter: &str| {
        let page = house.daemon.api.get(&house.at(&format!("invoices?{filter}"))).ok(200);
        let rows = page["data"].as_array().unwrap().clone();
        rows.iter()
            .map(|row| row["host_ref"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(listed("due=overdue"), ["LATE"]);
    assert_eq!(listed("filter=due:awaiting"), ["SOON"]);
    assert_eq!(listed("filter=due:overdue+state:synced"), ["LATE"]);
    let unknown = house.daemon.api.get(&house.at("invoices?filter=due:overdeu"));
    assert_eq!((unknown.status, unknown.problem().as_str()), (400, "unknown_filter"));
    assert_eq!(unknown.json()["suggestion"], "overdue");
    let body = json!({ "selection": { "filter": "due:overdue", "expected_count": 1 } });
    let operation = house.daemon.operation(&house.order("resyncs", &body));
    assert_eq!(operation["counts"]["total"], 1, "{operation:#}");
    let (code, out, err) = house.run(&["invoices", "list", "--due", "awaiting", "--tenant", house.ours()]);
    assert!(code == 0 && out.contains("SOON") && !out.contains("LATE"), "{out}{err}");
}

#[test]
fn ux_11_a_click_that_waits_reports_the_result() {
    let house = house();
    house.locked_out(1);
    house.failed(1);
    let wait = [("prefer", "wait=30")];
    let path = format!("{}/resync", crate::support::invoice_path(house.ours(), "SO-0"));
    let refused = house.daemon.api.send("POST", &path, &wait, "").ok(200);
    assert_eq!(refused["operation"]["state"], "failed");
    let message = refused["operation"]["result"]["message"].as_str().unwrap();
    assert!(message.starts_with("Period is locked in Xero."), "{message}");
    house.lock(None);
    let taken = house.daemon.api.send("POST", &path, &wait, "").ok(200);
    assert_eq!(taken["operation"]["result"]["message"], "Synced to Xero");
    house.sandbox.assert_no_violations();
}
