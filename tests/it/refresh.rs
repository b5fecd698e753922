//! Refreshes and links, asked for by people and hosts.

use serde_json::{Value, json};

use crate::support::{Daemon, House, invoice_path, sale, until, with};

/// A daemon that reads nothing by itself while a test runs.
fn house() -> House {
    House::with(|config| config.set("pull.invoices_every", "1h"))
}

impl House {
    fn pays(&self, number: &str, pounds: &str) {
        let paid = json!({ "invoice_number": number, "args": { "amount": pounds } });
        self.sandbox.trigger("payment.partial", self.theirs(), &paid);
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/tenants/{}/{rest}", self.ours())
    }

    /// Asks for a job and waits for its end.
    #[track_caller]
    fn done(&self, rest: &str, body: &Value) -> Value {
        let answer = self.daemon.api.post(&self.path(rest), body).ok(202);
        assert_eq!(answer["message"], "Queued");
        self.daemon.operation(answer["operation"]["id"].as_str().unwrap())
    }

    fn items(&self, operation: &Value) -> Vec<Value> {
        let id = operation["id"].as_str().unwrap();
        let items = self.daemon.api.get(&format!("/v1/operations/{id}/items")).ok(200);
        items["data"].as_array().unwrap().clone()
    }

    fn status(&self, host_ref: &str) -> Value {
        self.daemon.invoice(self.ours(), host_ref)["status"].clone()
    }

    fn watermark(&self) -> Value {
        let all = self.daemon.api.get(&self.path("watermarks")).ok(200);
        all["data"][0].clone()
    }
}

/// An invoice over 100.00.
fn hundred(number: &str) -> Value {
    let mut draft = sale(number);
    draft["lines"] = json!([{ "description": "Work", "quantity": "1", "unit_price": "100.00", "nominal_code": "200", "tax_type": "NONE" }]);
    draft
}

#[test]
fn ux_57_ux_58_ux_61_ux_63_a_refresh_since_the_watermark_takes_what_changed_and_saves_a_new_one() {
    let house = house();
    house.synced("SO-1", &hundred("INV-1"));
    house.pays("INV-1", "40.00");
    assert_eq!(house.status("SO-1"), "Unpaid");
    let operation = house.done("refreshes", &json!({}));
    assert_eq!(
        (&operation["state"], &operation["label"]),
        (&json!("succeeded"), &json!("Refresh Xero Status"))
    );
    assert_eq!(operation["counts"]["changed"], 1, "{operation:#}");
    assert_eq!(house.status("SO-1"), "Part paid");
    let saved = house.watermark();
    assert_eq!(saved["stream"], "invoices");
    let document = house.sandbox.only(house.theirs(), "INV-1");
    assert!(saved["watermark"].is_string(), "{saved:#} {document:#}");
    for window in ["last_watermark", "15m", "1h", "24h", "7d"] {
        let operation = house.done("refreshes", &json!({ "window": window }));
        assert_eq!(operation["state"], "succeeded", "{window}: {operation:#}");
    }
    for line in [
        r#"jobs_total{kind="refresh"} 6"#,
        r#"job_changed_documents_total{kind="refresh"} 1"#,
    ] {
        until(10, line, || {
            house.daemon.api.get("/metrics").text.contains(line).then_some(())
        });
    }
    house.sandbox.assert_no_violations();
}

#[test]
fn ux_20h_ux_59_a_window_that_begins_more_than_365_days_ago_is_refused() {
    let house = house();
    let day = 86_400_000;
    let now = crate::support::wall_ms();
    let at = |days: i64| counterfoil::model::time::Timestamp(now - days * day).to_rfc3339();
    let body = |days| json!({ "window": "custom", "since": at(days) });
    let refused = house.daemon.api.post(&house.path("refreshes"), &body(366));
    assert_eq!(refused.status, 422, "{}", refused.text);
    let problem = refused.json();
    assert_eq!(
        (&problem["code"], &problem["errors"][0]["pointer"]),
        (&json!("lookback_too_long"), &json!("/since"))
    );
    let operation = house.done("refreshes", &body(364));
    assert_eq!(operation["state"], "succeeded");
    let unclear = json!({ "window": "custom" });
    assert_eq!(house.daemon.api.post(&house.path("refreshes"), &unclear).status, 422);
    let both = json!({ "window": "24h", "since": at(1) });
    let refused = house.daemon.api.post(&house.path("refreshes"), &both);
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert_eq!(refused.json()["errors"][0]["pointer"], "/since");
}

#[test]
fn ux_60_ux_68_all_linked_tell_their_cost_before_and_read_without_regard_to_when() {
    let house = house();
    for nth in 1..4 {
        house.synced(&format!("SO-{nth}"), &hundred(&format!("INV-{nth}")));
    }
    house.pays("INV-2", "40.00");
    let before = house.sandbox.latest_seq();
    let path = house.path("refreshes?dry_run=true");
    let estimate = house.daemon.api.post(&path, &json!({ "mode": "all_linked" })).ok(200);
    assert_eq!(
        (&estimate["plan"]["invoices"], &estimate["estimate"]["calls"]),
        (&json!(3), &json!(1))
    );
    assert!(house.sandbox.calls_since(before).is_empty(), "nothing is called for it");
    let operation = house.done("refreshes", &json!({ "mode": "all_linked" }));
    assert_eq!(operation["counts"]["checked"], 3);
    assert_eq!(house.status("SO-2"), "Part paid");
}

#[test]
fn ux_56_ux_62_ux_71_a_selection_is_read_and_what_is_not_linked_is_left_out() {
    let house = house();
    for nth in 1..4 {
        house.synced(&format!("SO-{nth}"), &hundred(&format!("INV-{nth}")));
        house.pays(&format!("INV-{nth}"), "10.00");
    }
    let old = with(hundred("INV-9"), "/created_at", json!("2020-01-01T00:00:00Z"));
    house.daemon.put(house.ours(), "SO-9", &old).ok(201);
    let before = house.watermark();
    let wanted = json!({ "selection": { "ids": ["ref:SO-1", "ref:SO-2", "ref:SO-9"] } });
    let operation = house.done("refreshes", &wanted);
    assert_eq!(operation["counts"]["skipped_not_linked"], 1);
    assert_eq!(
        operation["message"],
        "Checked 2 invoices, updated 2. 1 without a Xero link were left out."
    );
    assert_eq!(
        (house.status("SO-2"), house.status("SO-3")),
        (json!("Part paid"), json!("Unpaid"))
    );
    let path = format!("{}/refresh", invoice_path(house.ours(), "SO-3"));
    let queued = house.daemon.api.send("POST", &path, &[], "").ok(202);
    let operation = house.daemon.operation(queued["operation"]["id"].as_str().unwrap());
    assert_eq!(operation["message"], "Checked 1 invoice, updated 1.");
    assert_eq!(house.status("SO-3"), "Part paid");
    assert_eq!(house.watermark()["watermark"], before["watermark"]);
    let missing = format!("{}/refresh", invoice_path(house.ours(), "SO-404"));
    assert_eq!(house.daemon.api.send("POST", &missing, &[], "").status, 404);
}

#[test]
fn a_refresh_outlives_a_kill() {
    let mut house = house();
    house.synced("SO-1", &hundred("INV-1"));
    house.pays("INV-1", "40.00");
    let slow = json!({ "match": { "method": "GET", "path": "/api.xro/2.0/Invoices*" }, "fault": "status", "code": 503, "times": null });
    house.sandbox.fault(&slow);
    let answer = house.daemon.api.post(&house.path("refreshes"), &json!({})).ok(202);
    let id = answer["operation"]["id"].as_str().unwrap().to_owned();
    crate::support::until(20, "the refresh to wait", || {
        let operation = house.daemon.api.get(&format!("/v1/operations/{id}")).ok(200);
        (operation["state"] == "waiting").then_some(())
    });
    house.daemon.process.kill();
    house.sandbox.heal();
    house.daemon = Daemon::start(&house.config);
    let operation = house.daemon.operation(&id);
    assert_eq!(operation["state"], "succeeded", "{operation:#}");
    assert_eq!(house.status("SO-1"), "Part paid");
}

#[test]
fn ux_20c_documents_that_are_in_xero_are_linked_and_each_tells_how_it_went() {
    let house = house();
    house.synced("SO-1", &hundred("INV-1"));
    for number in ["OLD-1", "OLD-2"] {
        let args = json!({ "number": number, "date": "2026-03-02", "due_date": "2026-04-01", "description": "Work" });
        house
            .sandbox
            .trigger("invoice.create", house.theirs(), &json!({ "args": args }));
    }
    let document = house.sandbox.only(house.theirs(), "OLD-1");
    for (host_ref, number) in [("H-1", "OLD-1"), ("H-2", "OLD-2")] {
        let old = with(hundred(number), "/created_at", json!("2020-01-01T00:00:00Z"));
        house.daemon.put(house.ours(), host_ref, &old).ok(201);
    }
    let count = house.sandbox.documents(house.theirs()).len();
    let links = json!({ "links": [
        { "host_ref": "H-1", "xero_invoice_id": document["InvoiceID"] },
        { "host_ref": "H-2", "number": "OLD-2" },
        { "host_ref": "H-404", "number": "OLD-2" },
        { "host_ref": "SO-1", "number": "OLD-1" },
    ]});
    let operation = house.done("invoices:link", &links);
    assert_eq!(
        (&operation["state"], &operation["message"]),
        (&json!("partially_failed"), &json!("Linked 2 of 4 invoices."))
    );
    let items = house.items(&operation);
    let codes: Vec<&Value> = items.iter().map(|item| &item["code"]).collect();
    assert_eq!(codes, ["linked", "linked", "invoice_not_found", "linked_to_other"]);
    let linked = house.daemon.invoice(house.ours(), "H-1");
    assert_eq!(linked["xero"]["invoice_id"], document["InvoiceID"]);
    assert_eq!(linked["sync"]["state"], "synced", "{:#}", linked["sync"]);
    assert_eq!(house.sandbox.documents(house.theirs()).len(), count, "nothing was made");
    house.pays("OLD-1", "25.00");
    house.done("refreshes", &json!({}));
    assert_eq!(house.status("H-1"), "Part paid");
    let none = json!({ "links": [] });
    assert_eq!(house.daemon.api.post(&house.path("invoices:link"), &none).status, 422);
}
