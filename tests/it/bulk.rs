//! Many invoices at once: what failed is sent again and acknowledged.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Daemon, House, bill, now, run_program, sale, until, with};

/// A daemon that reads nothing by itself while a test runs.
pub fn house() -> House {
    House::with(|config| config.set("pull.invoices_every", "1h"))
}

impl House {
    pub fn at(&self, rest: &str) -> String {
        format!("/v1/tenants/{}/{rest}", self.ours())
    }

    /// The books up to a day are locked, or nothing is.
    pub fn lock(&self, date: Option<&str>) {
        let args = date.map_or_else(|| json!({}), |date| json!({ "date": date }));
        self.sandbox
            .trigger("organisation.lock", self.theirs(), &json!({ "args": args }));
    }

    /// So many sales that Xero refuses, because their period is locked: `SO-0`, `SO-1`, …
    pub fn locked_out(&self, count: u32) {
        until(
            30,
            "the organisation's own data to be read, as it is before the lock",
            || {
                let tenant = self.daemon.api.get(&format!("/v1/tenants/{}", self.ours())).ok(200);
                tenant["base_currency"].is_string().then_some(())
            },
        );
        self.lock(Some("2026-06-30"));
        for nth in 0..count {
            self.daemon
                .put(self.ours(), &format!("SO-{nth}"), &sale(&format!("INV-{nth}")))
                .ok(201);
        }
    }

    /// So many more that lack a mapping, and so many in another currency.
    pub fn amiss(&self, unmapped: u32, foreign: u32) {
        for nth in 0..unmapped {
            let wanted = with(sale(&format!("MAP-{nth}")), "/lines/0/nominal_code", json!("4010"));
            self.daemon.put(self.ours(), &format!("UN-{nth}"), &wanted).ok(201);
        }
        for nth in 0..foreign {
            let wanted = with(sale(&format!("CUR-{nth}")), "/currency", json!("EUR"));
            self.daemon.put(self.ours(), &format!("EU-{nth}"), &wanted).ok(201);
        }
    }

    #[track_caller]
    pub fn failed(&self, count: u64) -> Value {
        until(90, &format!("{count} to be red"), || {
            let counts = self.daemon.counts(self.ours());
            (counts["failed"] == count && counts["pending"] == 0).then_some(counts)
        })
    }

    fn told(&self, id: &str) -> Vec<Value> {
        let items = self
            .daemon
            .api
            .get(&format!("/v1/operations/{id}/items?limit=1000"))
            .ok(200);
        items["data"].as_array().unwrap().clone()
    }

    pub fn order(&self, rest: &str, body: &Value) -> String {
        let answer = self.daemon.api.post(&self.at(rest), body).ok(202);
        assert_eq!(answer["message"], "Queued");
        answer["operation"]["id"].as_str().unwrap().to_owned()
    }

    pub fn run(&self, args: &[&str]) -> (i32, String, String) {
        let addr = format!("http://{}", self.daemon.api.addr);
        let token = self.daemon.token_file.display().to_string();
        let mut all = vec!["--addr", &addr, "--token-file", &token];
        all.extend(args);
        let ended = run_program(&all, &[], "");
        (ended.code, ended.out, ended.err)
    }
}

#[test]
fn ux_75_a_selection_is_sent_again_and_the_result_is_told() {
    let house = house();
    house.locked_out(3);
    house.amiss(1, 0);
    house.failed(4);
    house.lock(None);
    let selection = json!({ "filter": "state:failed", "expected_count": 4 });
    let plan = house
        .daemon
        .api
        .post(&house.at("resyncs?dry_run=true"), &json!({ "selection": selection }))
        .ok(200);
    assert_eq!(
        (&plan["plan"]["invoices"], &plan["estimate"]["calls"]),
        (&json!(4), &json!(1)),
        "{plan:#}"
    );
    assert_eq!(
        house.daemon.counts(house.ours())["failed"],
        4,
        "nothing is queued for it"
    );
    let body = json!({ "selection": selection, "reason": "the books are open again" });
    let id = house.order("resyncs", &body);
    let operation = house.daemon.operation(&id);
    assert_eq!(operation["state"], "partially_failed", "{operation:#}");
    assert_eq!(
        (&operation["label"], &operation["reason"]),
        (&json!("Resync"), &json!("the books are open again"))
    );
    assert_eq!(operation["message"], "3 moved to Synced, 1 remains");
    let counted = json!({ "total": 4, "succeeded": 3, "failed": 1, "skipped": 0, "items": 4 });
    assert_eq!(operation["counts"], counted);
    let remaining = house
        .daemon
        .api
        .get(&format!("/v1/operations/{id}/items?state=failed"))
        .ok(200);
    let item = &remaining["data"][0];
    assert_eq!(
        (&item["host_ref"], &item["code"]),
        (&json!("UN-0"), &json!("unmapped_nominal_code"))
    );
    // Only what failed is tried again.
    let again = house
        .daemon
        .api
        .send("POST", &format!("/v1/operations/{id}:retry-failed"), &[], "")
        .ok(202);
    let again = house.daemon.operation(again["operation"]["id"].as_str().unwrap());
    assert_eq!(
        (&again["message"], &again["counts"]["total"]),
        (&json!("0 moved to Synced, 1 remains"), &json!(1))
    );
    let mapping = house
        .daemon
        .api
        .put(&house.at("mappings/nominal_codes/4010"), &json!({ "value": "200" }));
    assert_eq!(mapping.status, 200, "{}", mapping.text);
    house.failed(0);
    let nothing = house
        .daemon
        .operation(&house.order("resyncs", &json!({ "selection": { "filter": "state:failed" } })));
    assert_eq!(nothing["message"], "No invoice was selected");
    house.sandbox.assert_no_violations();
}

#[test]
fn an_order_that_is_not_what_its_caller_saw_is_refused() {
    let house = house();
    house.amiss(4, 0);
    house.failed(4);
    let drifted = json!({ "selection": { "filter": "state:failed", "expected_count": 5 } });
    let refused = house.daemon.api.post(&house.at("resyncs"), &drifted);
    assert_eq!((refused.status, refused.problem().as_str()), (409, "selection_changed"));
    let unknown = json!({ "selection": { "ids": ["ref:NOBODY"] } });
    let refused = house.daemon.api.post(&house.at("resyncs"), &unknown);
    assert_eq!((refused.status, refused.problem().as_str()), (404, "invoice_not_found"));
    let misspelt = json!({ "selection": { "filter": "state:failed" }, "raeson": "x" });
    let refused = house.daemon.api.post(&house.at("resyncs"), &misspelt);
    assert_eq!((refused.status, refused.problem().as_str()), (422, "validation_failed"));
    assert_eq!(house.daemon.counts(house.ours())["failed"], 4);
}

#[test]
fn ux_75_hundreds_that_failed_for_several_reasons_are_sent_once_although_the_daemon_is_killed() {
    let mut house = house();
    house.locked_out(220);
    house.amiss(30, 30);
    for nth in 0..20 {
        let path = format!("LO-{nth}");
        house
            .daemon
            .put(house.ours(), &path, &bill(&format!("B-{nth}")))
            .ok(201);
    }
    house.failed(300);
    house.lock(None);
    let slow = json!({
        "match": { "method": "PUT", "path": "/api.xro/2.0/Invoices" }, "fault": "delay", "ms": 1_500, "times": 4,
    });
    house.sandbox.fault(&slow);
    let before = house.sandbox.latest_seq();
    let body = json!({ "selection": { "filter": "state:failed", "expected_count": 300 } });
    let id = house.order("resyncs", &body);
    until(90, "writes to be under way", || {
        let calls = house.sandbox.calls_since(before);
        (calls.iter().filter(|call| call["method"] == "PUT").count() >= 2).then_some(())
    });
    house.daemon.process.kill();
    house.daemon = Daemon::start(&house.config);
    let operation = until(120, "the end of the operation", || {
        let shown = house.daemon.api.get(&format!("/v1/operations/{id}")).ok(200);
        shown["finished_at"].is_string().then_some(shown)
    });
    assert_eq!(operation["message"], "240 moved to Synced, 60 remain", "{operation:#}");
    assert_eq!(operation["state"], "partially_failed");
    let items = house.told(&id);
    let named: BTreeSet<&str> = items.iter().map(|item| item["host_ref"].as_str().unwrap()).collect();
    assert_eq!((items.len(), named.len()), (300, 300), "each is told once");
    let counts = house.daemon.counts(house.ours());
    assert_eq!((&counts["synced"], &counts["failed"]), (&json!(240), &json!(60)));
    let rows = house.sandbox.rows(house.theirs(), "invoices");
    let numbers: BTreeSet<&str> = rows.iter().map(|row| row["InvoiceNumber"].as_str().unwrap()).collect();
    let ours = |prefix: &str| {
        rows.iter()
            .filter(|row| row["InvoiceNumber"].as_str().unwrap().starts_with(prefix))
            .count()
    };
    assert_eq!((ours("INV-"), ours("B-"), ours("MAP-"), ours("CUR-")), (220, 20, 0, 0));
    assert_eq!(numbers.len(), rows.len(), "no document is there twice");
    house.sandbox.assert_no_violations();
}

#[test]
fn a_cancelled_resync_leaves_the_rest_as_it_was() {
    let house = house();
    house.locked_out(120);
    house.failed(120);
    house.lock(None);
    let stuck = json!({
        "match": { "method": "PUT", "path": "/api.xro/2.0/Invoices" }, "fault": "status", "code": 503, "times": null,
    });
    house.sandbox.fault(&stuck);
    let id = house.order("resyncs", &json!({ "selection": { "filter": "reason:period_locked" } }));
    let cancelled = house
        .daemon
        .api
        .send("POST", &format!("/v1/operations/{id}:cancel"), &[], "")
        .ok(200);
    assert_eq!(cancelled["operation"]["state"], "cancelled", "{cancelled:#}");
    let message = cancelled["message"].as_str().unwrap();
    assert!(message.starts_with("Cancelled, "), "{message}");
    house.sandbox.heal();
    let again = house
        .daemon
        .api
        .send("POST", &format!("/v1/operations/{id}:retry-failed"), &[], "")
        .ok(202);
    assert_eq!(again["operation"]["retry_of"], id.as_str());
    let again = until(120, "the retry", || {
        let path = format!("/v1/operations/{}", again["operation"]["id"].as_str().unwrap());
        let shown = house.daemon.api.get(&path).ok(200);
        shown["finished_at"].is_string().then_some(shown)
    });
    assert_eq!(again["message"], "120 moved to Synced", "{again:#}");
    house.sandbox.assert_no_violations();
}

#[test]
fn ux_75_what_failed_in_every_organisation_is_sent_again_by_one_order() {
    let house = house();
    house.locked_out(2);
    house.failed(2);
    house.lock(None);
    let other = house.tenants[1].clone();
    let unmapped = with(sale("MAP-1"), "/lines/0/nominal_code", json!("4010"));
    house.daemon.put(&other, "UN-1", &unmapped).ok(201);
    house.daemon.badge(&other, "UN-1", "failed");
    let body = json!({ "selection": { "filter": "state:failed", "expected_count": 3 }, "reason": "again" });
    let plan = house.daemon.api.post("/v1/resyncs?dry_run=true", &body).ok(200);
    assert_eq!(
        (&plan["plan"]["invoices"], &plan["plan"]["organisations"]),
        (&json!(3), &json!(2))
    );
    let named = json!({ "selection": { "ids": ["ref:SO-0"] } });
    let refused = house.daemon.api.post("/v1/resyncs", &named);
    assert_eq!((refused.status, refused.problem().as_str()), (422, "validation_failed"));
    let (code, out, err) = house.run(&["failed", "resync", "--no-input"]);
    assert_eq!(code, 2, "{out}{err}");
    assert!(
        err.contains("This selects 3 invoices in 2 organisations (≈ 2 Xero calls)."),
        "{err}"
    );
    let (code, out, err) = house.run(&["failed", "resync", "--yes", "--wait=60s"]);
    assert_eq!(code, 7, "{out}{err}");
    assert!(out.contains("2 moved to Synced") && out.contains("1 remains"), "{out}");
    assert!(
        err.contains("Take note of any remaining error messages - if some invoices remain,"),
        "{err}"
    );
    let (code, out, err) = house.run(&["failed", "resync", "--reason", "period_locked", "--yes"]);
    assert_eq!(
        (code, out.as_str()),
        (0, "No invoice fits: nothing was done.\n"),
        "{err}"
    );
    house.sandbox.assert_no_violations();
}

#[test]
fn many_alerts_are_acknowledged_by_one_order() {
    let house = house();
    for nth in 0..2 {
        let wanted = with(
            sale(&format!("INV-{nth}")),
            "/work_order_ref",
            json!(format!("WO-{nth}")),
        );
        house.synced(&format!("SO-{nth}"), &wanted);
        let again = with(
            sale(&format!("NEW-{nth}")),
            "/work_order_ref",
            json!(format!("WO-{nth}")),
        );
        house.synced(&format!("RE-{nth}"), &again);
        let voided = json!({ "invoice_number": format!("INV-{nth}"), "args": {} });
        house.sandbox.trigger("invoice.voided", house.theirs(), &voided);
    }
    house.daemon.operation(&house.order("refreshes", &json!({})));
    house.failed(2);
    let (code, out, err) = house.run(&[
        "failed",
        "ack",
        "--tenant",
        house.ours(),
        "--note",
        "looked at",
        "--yes",
        "--wait=30s",
    ]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("Acknowledged 2 invoices"), "{out}");
    let counts = house.failed(0);
    assert_eq!(counts["acknowledged"], 2, "{counts:#}");
    let alerts = house.daemon.invoice(house.ours(), "SO-0")["alerts"].clone();
    assert_eq!(alerts[0]["acknowledged"]["note"], "looked at", "{alerts:#}");
    let body = json!({ "selection": { "ids": ["ref:SO-0", "ref:NOBODY"] } });
    let operation = house.daemon.operation(&house.order("invoices:acknowledge", &body));
    assert_eq!(
        operation["message"],
        "Acknowledged 0 invoices, 2 with nothing to acknowledge"
    );
}

/// `cargo test --release --test it bulk::five -- --include-ignored --nocapture`
#[test]
#[ignore = "minutes of Xero's limits"]
fn five_thousand_that_failed_are_sent_again_by_one_order() {
    let house = house();
    house.locked_out(5_000);
    until(600, "all to be red", || {
        (house.daemon.counts(house.ours())["failed"] == 5_000).then_some(())
    });
    house.lock(None);
    let spent = house.sandbox.calls_since(0).len();
    until(90, "all calls of a minute to be free again", || {
        let tenant = house.daemon.api.get(&format!("/v1/tenants/{}", house.ours())).ok(200);
        (tenant["budget"]["minute"]["used"] == 0).then_some(())
    });
    let (before, began) = (house.sandbox.latest_seq(), now());
    let body = json!({ "selection": { "filter": "state:failed", "expected_count": 5_000 } });
    let id = house.order("resyncs", &body);
    let taken = began.elapsed();
    let operation = until(900, "the end of the operation", || {
        let shown = house.daemon.api.get(&format!("/v1/operations/{id}")).ok(200);
        shown["finished_at"].is_string().then_some(shown)
    });
    let calls = house.sandbox.calls_since(before).len();
    eprintln!(
        "{spent} calls to fail; queued in {taken:?}, ended after {:?}, {calls} calls",
        began.elapsed()
    );
    assert_eq!(operation["message"], "5000 moved to Synced", "{operation:#}");
    let rows = house.sandbox.rows(house.theirs(), "invoices");
    let numbers: BTreeSet<&str> = rows.iter().map(|row| row["InvoiceNumber"].as_str().unwrap()).collect();
    assert_eq!(numbers.len(), rows.len(), "no document is there twice");
    house.sandbox.assert_no_violations();
}
