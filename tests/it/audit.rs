//! Who changed what, and why.

use serde_json::{Value, json};

use crate::support::{House, invoice_path, run_program, sale, until, with};

/// An invoice over 100.00.
fn hundred(number: &str) -> Value {
    let mut draft = sale(number);
    draft["lines"] = json!([{ "description": "Work", "quantity": "1", "unit_price": "100.00", "nominal_code": "200", "tax_type": "NONE" }]);
    draft
}

impl House {
    fn entries(&self, host_ref: &str) -> Vec<Value> {
        let path = format!("{}/timeline", invoice_path(self.ours(), host_ref));
        self.daemon.api.get(&path).ok(200)["data"].as_array().unwrap().clone()
    }

    fn of_cause(&self, host_ref: &str, cause: &str) -> Vec<Value> {
        let mut entries = self.entries(host_ref);
        entries.retain(|entry| entry["cause"] == cause);
        entries
    }
}

#[test]
fn ux_49_each_change_of_an_invoice_tells_its_cause_and_what_it_was_before() {
    let house = House::with(|config| config.set("pull.invoices_every", "1s"));
    house.synced("SO-1", &hundred("INV-1"));
    let written = with(hundred("INV-1"), "/due_date", json!("2026-05-01"));
    house.daemon.put(house.ours(), "SO-1", &written).ok(200);
    house.daemon.badge(house.ours(), "SO-1", "synced");
    let host = house.of_cause("SO-1", "host");
    let due = json!([{ "field": "due_date", "before": "2026-04-01", "after": "2026-05-01" }]);
    assert!(host.iter().any(|entry| entry["changes"] == due), "{host:#?}");
    assert!(host.iter().all(|entry| entry["actor"] == "token:admin"), "{host:#?}");
    assert!(!host.is_empty());
    assert!(!house.of_cause("SO-1", "push").is_empty());
    house.paid("INV-1", "10.00");
    let swept = until(20, "the sweep", || {
        let swept = house.of_cause("SO-1", "sweep");
        (!swept.is_empty()).then_some(swept)
    });
    let fields: Vec<&str> = swept
        .iter()
        .flat_map(|entry| entry["changes"].as_array().unwrap())
        .map(|change| change["field"].as_str().unwrap())
        .collect();
    assert!(fields.contains(&"totals.amount_paid"), "{swept:#?}");
    assert!(swept.iter().all(|entry| entry["actor"] == "xero"));
    let all = house
        .daemon
        .api
        .get(&format!("/v1/audit?tenant={}", house.ours()))
        .ok(200);
    let times: Vec<&str> = all["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["at"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted(), "oldest first");
    let list = |rest: &str| -> Vec<Value> {
        let path = format!("/v1/audit?limit=1000&tenant={}{rest}", house.ours());
        house.daemon.api.get(&path).ok(200)["data"].as_array().unwrap().clone()
    };
    let mut newest = list("&sort=-at");
    let since = format!("&sort=-at&since={}", newest[1]["at"].as_str().unwrap());
    let young = list(&since);
    assert!((2..newest.len()).contains(&young.len()), "{young:#?}");
    assert_eq!(young, newest[..young.len()], "from the newest back to that moment");
    newest.reverse();
    assert_eq!(newest, list(""), "newest first");
    let hosts = list("&actor=host");
    assert!(!hosts.is_empty() && hosts.iter().all(|entry| entry["cause"] == "host"));
    assert_eq!(list("&actor=token:*"), list("&actor=token:admin"));
    let page = format!("/v1/audit?limit=1&sort=-at&tenant={}", house.ours());
    let first = house.daemon.api.get(&page).ok(200);
    let next = format!("{page}&cursor={}", first["next_cursor"].as_str().unwrap());
    assert_eq!(
        house.daemon.api.get(&next).ok(200)["data"],
        json!(list("&sort=-at")[1..2])
    );
}

#[test]
fn what_people_ask_for_and_set_is_recorded_with_who_it_was_and_can_be_exported() {
    let house = House::with(|config| config.set("pull.invoices_every", "1h"));
    house.synced("SO-1", &hundred("INV-1"));
    house.paid("INV-1", "10.00");
    let path = format!("{}/refresh", invoice_path(house.ours(), "SO-1"));
    let queued = house.daemon.api.send("POST", &path, &[], "").ok(202);
    let id = queued["operation"]["id"].as_str().unwrap().to_owned();
    house.daemon.operation(&id);
    let refreshed = house.of_cause("SO-1", "refresh");
    let paid = refreshed.iter().find(|entry| entry["type"] == "payment.recorded");
    let paid = paid.unwrap_or_else(|| panic!("{refreshed:#?}"));
    assert_eq!(paid["operation_id"], id.as_str());
    assert!(paid["actor"].as_str().unwrap().starts_with("token:"), "{paid:#}");
    let path = format!("/v1/tenants/{}/mappings/nominal_codes/4000", house.ours());
    house.daemon.api.put(&path, &json!({ "value": "200" })).ok(200);
    house.daemon.api.put(&path, &json!({ "value": "260" })).ok(200);
    let export = format!("/v1/audit:export?tenant={}&type=mapping.*", house.ours());
    let lines = house.daemon.api.get(&export);
    assert_eq!(lines.status, 200);
    let entries: Vec<Value> = lines
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let change = |before: &str, after: &str| json!([{ "field": "mappings.nominal_codes.4000", "before": before, "after": after }]);
    let told: Vec<(&Value, &Value)> = entries
        .iter()
        .map(|entry| (&entry["actor"], &entry["changes"]))
        .collect();
    let admin = json!("token:admin");
    assert_eq!(told, [(&admin, &change("", "200")), (&admin, &change("200", "260"))]);
    // The record outlives a kill.
    let before = house.entries("SO-1");
    let mut house = house;
    house.daemon.process.kill();
    house.daemon = crate::support::Daemon::start(&house.config);
    assert_eq!(house.entries("SO-1"), before);
}

#[test]
fn the_consent_the_host_and_what_people_say_have_entries_and_the_export_is_whole() {
    let house = House::with(|config| config.set("pull.invoices_every", "1h"));
    house.synced("SO-1", &hundred("INV-1"));
    let path = invoice_path(house.ours(), "SO-1");
    let signal = format!("{path}/payment-signals");
    house.daemon.api.send("POST", &signal, &[], "").ok(200);
    let export = |rest: &str| -> Vec<Value> {
        let lines = house.daemon.api.get(&format!("/v1/audit:export{rest}"));
        assert_eq!(lines.status, 200, "{}", lines.text);
        let lines = lines.text.lines();
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let all = export("");
    let of = |action: &str| -> Vec<&Value> { all.iter().filter(|entry| entry["type"] == action).collect() };
    let imported = of("connection.connected");
    assert_eq!(imported.len(), 2, "one for each organisation: {all:#?}");
    assert!(imported.iter().all(|entry| entry["actor"] == "token:admin"));
    let signalled = of("payment.signalled");
    assert_eq!(
        (signalled.len(), &signalled[0]["host_ref"], &signalled[0]["cause"]),
        (1, &json!("SO-1"), &json!("host"))
    );
    let ours = export(&format!("?tenant={}", house.ours()));
    let listed = house
        .daemon
        .api
        .get(&format!("/v1/audit?limit=1000&tenant={}", house.ours()));
    assert_eq!(json!(ours), listed.ok(200)["data"]);
    assert!(all.len() > ours.len());
    let part = house
        .daemon
        .api
        .get(&format!("/v1/audit:export?limit=1&tenant={}", house.ours()));
    assert_eq!(part.text.lines().count(), 1);
    assert!(part.headers.contains_key("next-cursor"), "{:?}", part.headers);
    let text = house.daemon.api.get("/v1/audit:export").text;
    let token = std::fs::read_to_string(&house.daemon.token_file).unwrap();
    assert!(!text.contains(token.trim()), "a token is a secret");
    // The command line is the same caller.
    let file = house.daemon.token_file.display().to_string();
    let base = format!("http://{}", house.daemon.api.addr);
    let draft = hundred("INV-2").to_string();
    let put = [
        "--addr",
        &base,
        "--token-file",
        &file,
        "--tenant",
        house.ours(),
        "invoices",
        "put",
        "-f",
        "-",
        "--ref",
        "SO-2",
    ];
    assert_eq!(run_program(&put, &[], &draft).code, 0);
    assert!(
        house
            .of_cause("SO-2", "host")
            .iter()
            .all(|entry| entry["actor"] == "token:admin")
    );
    assert!(!house.of_cause("SO-2", "host").is_empty());
    let said = run_program(&["--addr", &base, "--token-file", &file, "audit", "export"], &[], "");
    assert!(said.out.lines().count() >= all.len(), "{}", said.err);
}

#[test]
fn ux_64_ux_66_the_command_line_shows_timeline_difference_and_watermarks() {
    let house = House::with(|config| config.set("pull.invoices_every", "1s"));
    house.synced("SO-1", &hundred("INV-1"));
    let edit = json!({ "invoice_number": "INV-1", "args": { "line": 1, "description": "Other work" } });
    house.sandbox.trigger("invoice.edit", house.theirs(), &edit);
    let path = format!("{}/variance", invoice_path(house.ours(), "SO-1"));
    let variance = until(20, "the variance", || {
        let variance = house.daemon.api.get(&path).ok(200);
        (variance["level"] == "variance").then_some(variance)
    });
    assert_eq!(variance["changes"][0]["disposition_label"], "Review required");
    let token = house.daemon.token_file.display().to_string();
    let base = format!("http://{}", house.daemon.api.addr);
    let say = |args: &[&str]| {
        let mut all = vec!["--addr", &base, "--token-file", &token, "--tenant", house.ours()];
        all.extend(args);
        let said = run_program(&all, &[], "");
        assert_eq!(said.code, 0, "{args:?}: {}", said.err);
        said.out
    };
    assert!(say(&["invoices", "diff", "SO-1"]).contains("Other work"));
    assert!(say(&["invoices", "timeline", "SO-1"]).contains("sweep"));
    assert!(say(&["watermarks", "list"]).contains("invoices"));
    assert!(say(&["refresh", "--all-linked", "--dry-run"]).contains("call"));
    assert!(say(&["refresh", "--wait"]).contains("Checked"));
    assert!(say(&["reconcile", "run", "--wait"]).contains("repaired"));
    assert!(say(&["drift", "--wait"]).contains("0 differences"));
    assert!(say(&["audit", "export"]).lines().count() > 3);
    let shown = say(&["reconcile", "show"]);
    assert!(shown.contains("Next"), "{shown}");
}
