//! A red badge says what to do, and one fix releases everything it blocked.

use serde_json::{Value, json};

use crate::support::{House, invoice_path, sale, until, with};

/// A sales invoice of one line with another nominal code.
fn coded(number: &str, code: &str) -> Value {
    let mut body = sale(number);
    body["lines"][0]["nominal_code"] = json!(code);
    body
}

impl House {
    #[track_caller]
    fn gaps(&self, query: &str) -> Vec<Value> {
        let path = format!("/v1/tenants/{}/mappings/gaps{query}", self.ours());
        self.daemon.api.get(&path).ok(200)["data"].as_array().unwrap().clone()
    }

    fn mapping(&self, kind: &str, key: &str) -> String {
        format!("/v1/tenants/{}/mappings/{kind}/{key}", self.ours())
    }

    #[track_caller]
    fn map(&self, kind: &str, key: &str, value: &str) -> Value {
        let path = self.mapping(kind, key);
        self.daemon.api.put(&path, &json!({ "value": value })).ok(200)
    }

    /// Writes a document and waits until it is red for this reason, in the API and at the command line.
    #[track_caller]
    pub fn turns_red(&self, host_ref: &str, body: &Value, code: &str, words: &[&str]) -> Value {
        let answer = self.daemon.put(self.ours(), host_ref, body);
        assert!(answer.status < 300, "{}", answer.text);
        self.is_red(host_ref, code, words)
    }

    /// It is red for this reason, in the API and at the command line.
    #[track_caller]
    pub fn is_red(&self, host_ref: &str, code: &str, words: &[&str]) -> Value {
        let red = until(30, &format!("{host_ref} to be red for {code}"), || {
            let invoice = self.daemon.invoice(self.ours(), host_ref);
            let reason = &invoice["sync"]["reason"];
            let detail = reason["detail"].as_str().unwrap_or_default();
            let is_so = reason["code"] == code && words.iter().all(|word| detail.contains(word));
            is_so.then_some(invoice)
        });
        let reason = &red["sync"]["reason"];
        assert_eq!(red["sync"]["state"], "failed", "{red:#}");
        let known = self.daemon.api.get(&format!("/v1/reasons/{code}")).ok(200);
        assert_eq!((&reason["title"], &reason["fix"]), (&known["title"], &known["fix"]));
        let text = |name: &str| reason[name].as_str().unwrap().to_owned();
        let shown = self.types(&["invoices", "show", host_ref, "--tenant", "acme"]);
        shown.says(0, &["Sync failed", &text("title"), &text("detail"), &text("fix")]);
        self.types(&["explain", code])
            .says(0, &[&text("title"), code, "What to do"]);
        red
    }
}

#[test]
fn ux_14_one_mapping_turns_forty_one_red_invoices_green() {
    let house = House::new();
    for nth in 0..41 {
        let body = coded(&format!("INV-{nth}"), "4010");
        assert!(house.daemon.put(house.ours(), &format!("SO-{nth}"), &body).status < 300);
    }
    let counts = house.daemon.settled(house.ours(), 41, 60);
    assert_eq!(counts["failed"], 41, "{counts}");
    house.is_red("SO-7", "unmapped_nominal_code", &["Line 1", "4010"]);

    let gaps = house.gaps("");
    assert_eq!(gaps.len(), 1, "{gaps:#?}");
    let gap = &gaps[0];
    assert_eq!(
        (&gap["kind"], &gap["key"], &gap["count"]),
        (&json!("nominal_codes"), &json!("4010"), &json!(41))
    );
    assert_eq!(gap["title"], "4010 blocks 41 invoices");
    assert_eq!(gap["samples"], json!(["SO-0", "SO-1", "SO-2"]), "the oldest");
    assert_eq!(gap["oldest"]["host_ref"], "SO-0");
    assert_eq!(gap["reason"]["title"], "Unmapped nominal code");
    let candidates = gap["candidates"].as_array().unwrap();
    assert!(
        candidates
            .iter()
            .any(|it| it["value"] == "200" && it["name"] == "Sales"),
        "{gap:#}"
    );
    assert_eq!(gap["fix"]["call"]["path"], house.mapping("nominal_codes", "4010"));
    assert_eq!(house.gaps("?kind=contacts"), Vec::<Value>::new());
    let typed = ["mappings", "gaps", "--tenant", "acme"];
    house.types(&typed).says(
        0,
        &[
            "4010 blocks 41 invoices",
            "counterfoil mappings set nominal_codes 4010 ACCOUNT_CODE",
            "Sales",
        ],
    );
    assert_eq!(
        house.types(&[&typed[..], &["--json"]].concat()).json()["data"][0]["count"],
        41
    );

    let mapped = house.map("nominal_codes", "4010", "200");
    assert_eq!(
        (&mapped["released"], &mapped["message"]),
        (&json!(41), &json!("41 invoices are queued again."))
    );
    let counts = house.daemon.settled(house.ours(), 41, 60);
    assert_eq!(counts["synced"], 41, "{counts}");
    let documents = house.sandbox.rows(house.theirs(), "invoices");
    assert_eq!(documents.len(), 41);
    assert!(
        documents
            .iter()
            .all(|document| document["LineItems"][0]["AccountCode"] == "200")
    );
    assert_eq!(house.gaps(""), Vec::<Value>::new());
    house.types(&typed).says(0, &["Nothing is blocked"]);
    house.sandbox.assert_no_violations();
}

#[test]
fn a_mapping_to_what_the_chart_has_not_is_refused_with_what_may_be_meant() {
    let house = House::new();
    house.synced("SO-1", &sale("INV-1"));
    for (value, why) in [
        ("209", "no account 209"),
        ("090", "bank account"),
        ("610", "control account"),
    ] {
        let path = house.mapping("nominal_codes", "4010");
        let refused = house.daemon.api.put(&path, &json!({ "value": value }));
        assert_eq!(refused.problem(), "account_mapping_incorrect");
        let problem = refused.ok(422);
        assert!(problem["detail"].as_str().unwrap().contains(why), "{problem:#}");
        assert_eq!(problem["errors"][0]["code"], "not_in_xero");
    }
    let typed = ["mappings", "set", "nominal_codes", "4010", "209", "--tenant", "acme"];
    house.types(&typed).says(
        2,
        &[
            "Account mapping is incorrect",
            "no account 209",
            "200  Sales",
            "near code",
        ],
    );
    let rate = house
        .daemon
        .api
        .put(&house.mapping("tax_rates", "S20"), &json!({"value": "OUTPUT"}))
        .ok(200);
    assert_eq!(rate["released"], 0);
    let rate = house
        .daemon
        .api
        .put(&house.mapping("tax_rates", "S20"), &json!({"value": "OUTPUT9"}));
    assert_eq!(rate.problem(), "prerequisite_unmapped");
    let channel = house
        .daemon
        .api
        .put(&house.mapping("channels", "Web"), &json!({"value": "shop"}));
    assert_eq!(channel.problem(), "validation_failed");

    // Several at once: all or none.
    let all = format!("/v1/tenants/{}/mappings/nominal_codes", house.ours());
    let some_wrong = house.daemon.api.put(&all, &json!({"4010": "200", "4020": "209"}));
    assert_eq!(some_wrong.problem(), "account_mapping_incorrect");
    assert_eq!(house.daemon.api.get(&all).ok(200)["data"], json!([]));
    let set = house
        .daemon
        .api
        .put(&all, &json!({"4010": "200", "4020": "260"}))
        .ok(200);
    assert_eq!((&set["set"], &set["released"]), (&json!(2), &json!(0)));
    let listed = ["mappings", "list", "nominal_codes", "--tenant", "acme"];
    house.types(&listed).says(0, &["4010", "260"]);

    let remove = ["mappings", "remove", "nominal_codes", "4010", "--tenant", "acme"];
    house.types(&remove).says(0, &["4010 is not mapped any more."]);
    house.types(&remove).says(4, &["4010"]);
    assert_eq!(house.daemon.api.get(&all).ok(200)["data"].as_array().unwrap().len(), 1);
    house.turns_red("SO-2", &coded("INV-2", "4010"), "unmapped_nominal_code", &["4010"]);
}

#[test]
fn ux_20b_an_account_that_was_archived_in_xero_is_named_and_mapped_anew() {
    let house = House::new();
    house.synced("SO-1", &sale("INV-1"));
    house.map("nominal_codes", "4010", "260");
    house.synced("SO-2", &coded("INV-2", "4010"));
    house
        .sandbox
        .trigger("account.archive", house.theirs(), &json!({"args": {"code": "260"}}));
    // Xero refuses it, then the chart is read anew, and names the code.
    let words = ["nominal code 4010", "260", "archived"];
    let red = house.turns_red("SO-3", &coded("INV-3", "4010"), "account_mapping_incorrect", &words);
    assert_eq!(red["sync"]["reason"]["title"], "Account mapping is incorrect");
    let gaps = house.gaps("?kind=nominal_codes");
    assert_eq!(
        (&gaps[0]["key"], &gaps[0]["count"]),
        (&json!("4010"), &json!(1)),
        "{gaps:#?}"
    );
    let set = ["mappings", "set", "nominal_codes", "4010", "200", "--tenant", "acme"];
    house.types(&set).says(0, &["4010 → 200", "1 invoice is queued again."]);
    house.daemon.badge(house.ours(), "SO-3", "synced");
}

#[test]
fn ux_20i_a_missing_tax_rate_or_item_is_named_and_mapped() {
    let house = House::new();
    let mut taxed = sale("INV-1");
    taxed["lines"][0]["tax_type"] = json!("S20");
    house.turns_red("SO-1", &taxed, "prerequisite_unmapped", &["Line 1", "tax rate S20"]);
    let mut item = sale("INV-2");
    item["lines"][0]["item_code"] = json!("SLATE");
    house.turns_red("SO-2", &item, "prerequisite_unmapped", &["SLATE"]);
    let gaps = house.gaps("");
    let of = |kind: &str| {
        gaps.iter()
            .find(|gap| gap["kind"] == kind)
            .unwrap_or_else(|| panic!("{gaps:#?}"))
    };
    assert_eq!(
        (&of("tax_rates")["key"], &of("items")["key"]),
        (&json!("S20"), &json!("SLATE"))
    );
    let rates = of("tax_rates")["candidates"].as_array().unwrap();
    assert!(!rates.is_empty() && rates.iter().all(|rate| rate["type"].as_str().unwrap().ends_with('%')));

    assert_eq!(house.map("tax_rates", "S20", "OUTPUT2")["released"], 1);
    house.daemon.badge(house.ours(), "SO-1", "synced");
    assert_eq!(
        house.sandbox.only(house.theirs(), "INV-1")["LineItems"][0]["TaxType"],
        "OUTPUT2"
    );
    // The mapped item goes out: Xero has that one neither, and says so.
    assert_eq!(house.map("items", "SLATE", "SLATE-2")["released"], 1);
    house.is_red("SO-2", "prerequisite_unmapped", &["SLATE-2"]);
}

#[test]
fn ux_15_a_currency_is_refused_without_a_call_and_released_by_the_settings() {
    let house = House::new();
    house.synced("SO-1", &sale("INV-1"));
    let seq = house.sandbox.latest_seq();
    let euros = with(sale("INV-2"), "/currency", json!("EUR"));
    let red = house.turns_red("SO-2", &euros, "currency_mismatch", &["EUR", "GBP"]);
    assert_eq!(red["sync"]["reason"]["title"], "Currency mismatch");
    assert!(house.sandbox.calls_since(seq).is_empty(), "no call was made");
    let set = ["settings", "set", "currencies", "EUR", "--tenant", "acme"];
    house.types(&set).says(0, &["1 invoice is queued again."]);
    until(30, "a verdict of Xero's", || {
        let calls = house.sandbox.calls_since(seq);
        calls.iter().any(|call| call["method"] == "PUT").then_some(())
    });
}

#[test]
fn ux_16_a_connection_that_needs_a_person_says_what_to_do() {
    let house = House::new();
    house.synced("SO-1", &sale("INV-1"));
    house.sandbox.trigger("grant.revoke", house.theirs(), &json!({}));
    house.sandbox.control("clock", &json!({"advance_s": 3_600}));
    let red = house.turns_red(
        "SO-2",
        &sale("INV-2"),
        "connection_not_active",
        &["requires_reauth", "Reconnect"],
    );
    assert_eq!(red["sync"]["reason"]["title"], "Connection not active");
    let renewed = house.sandbox.trigger("grant.renew", house.theirs(), &json!({}));
    let order = json!({"refresh_token": renewed["refresh_token"], "tenant_ids": null});
    let connected = house.daemon.api.post("/v1/connect:import", &order).ok(200);
    let of_ours = |it: &&Value| it["id"] == *house.ours();
    let ours = connected["data"].as_array().unwrap().iter().find(of_ours).unwrap();
    assert_eq!(ours["released"], 1, "what was held goes by itself");
    house.daemon.badge(house.ours(), "SO-2", "synced");
}

#[test]
fn ux_20c_a_number_that_xero_has_offers_the_document_to_link() {
    let house = House::new();
    let args = json!({"number": "INV-7", "contact_name": "Quarry Lane Roofing", "unit_price": "37.50"});
    house
        .sandbox
        .trigger("invoice.create", house.theirs(), &json!({ "args": args }));
    let theirs = house.sandbox.only(house.theirs(), "INV-7");
    let id = theirs["InvoiceID"].as_str().unwrap();
    let red = house.turns_red(
        "SO-7",
        &sale("INV-7"),
        "invoice_number_exists",
        &["INV-7", "in Xero already", id],
    );
    let sync = &red["sync"];
    assert_eq!(sync["allowed_actions"], json!(["resync", "link"]));
    let existing = &sync["reason"]["existing"];
    assert_eq!(existing["invoice_id"], id);
    assert!(
        existing["url"].as_str().unwrap().starts_with("https://go.xero.com/"),
        "{existing}"
    );
    let shown = house.types(&["invoices", "show", "SO-7", "--tenant", "acme"]);
    shown.says(0, &["https://go.xero.com/", "counterfoil invoices link"]);

    // *Sync now* finds the same again, and makes nothing.
    let operation = house.daemon.resync(house.ours(), "SO-7");
    assert_eq!(house.daemon.operation(&operation)["state"], "failed");
    let link = ["invoices", "link", "SO-7", id, "--tenant", "acme", "--wait=30s"];
    house.types(&link).says(0, &["1"]);
    let linked = house.daemon.invoice(house.ours(), "SO-7");
    assert_eq!(linked["xero"]["invoice_id"], id);
    assert_ne!(linked["sync"]["reason"]["code"], "invoice_number_exists", "{linked:#}");
    let is_told = linked["sync"]["state"] == "synced"
        || linked["variance"].is_object()
        || linked["sync"]["reason"]["code"] == "changed_in_xero";
    assert!(is_told, "{linked:#}");
    assert_eq!(
        house.sandbox.only(house.theirs(), "INV-7")["InvoiceID"],
        id,
        "never a second one"
    );
    house.sandbox.assert_no_violations();
}

#[test]
fn ux_54_ux_53_capabilities_are_told_and_a_contact_can_be_left_out() {
    let house = House::new();
    let told = house.daemon.api.get("/v1/capabilities").ok(200);
    let of = |key: &str| {
        let all = told["data"].as_array().unwrap();
        all.iter()
            .find(|it| it["key"] == key)
            .unwrap_or_else(|| panic!("{key} in {told:#}"))
            .clone()
    };
    assert_eq!(of("payments")["direction"], "from_xero");
    assert_eq!(of("credit_notes")["direction"], "from_xero");
    let history = "Historical invoices created before you connect to Xero do not auto-backfill. \
                   Use Sync now on individual invoices if you want them in Xero.";
    assert_eq!(of("history")["detail"], history);
    house
        .types(&["capabilities"])
        .says(0, &["← Xero Payments", "one-way for payments", "do not auto-backfill"]);

    house
        .types(&["contacts", "opt-out", "list", "--tenant", "acme"])
        .says(0, &["Nobody is left out."]);
    house
        .types(&["contacts", "opt-out", "add", "C-1", "--tenant", "acme"])
        .says(0, &["C-1", "Sync now still works"]);
    let left = house.daemon.put(house.ours(), "SO-1", &sale("INV-1")).ok(201);
    assert_eq!(left["sync"]["state"], Value::Null, "not by itself: {left:#}");
    house.synced("PO-1", &crate::support::bill("BILL-1"));
    assert_eq!(house.sandbox.documents(house.theirs()).len(), 1, "others go");
    let operation = house.daemon.resync(house.ours(), "SO-1");
    assert_eq!(house.daemon.operation(&operation)["state"], "succeeded");
    house.sandbox.only(house.theirs(), "INV-1");
    // What is in Xero is not changed by itself either.
    let changed = with(sale("INV-1"), "/due_date", json!("2026-05-01"));
    let changed = house.daemon.put(house.ours(), "SO-1", &changed).ok(200);
    assert_eq!(
        (&changed["sync"]["state"], &changed["sync"]["pending_change"]),
        (&json!("synced"), &json!(true))
    );

    house
        .types(&["contacts", "opt-out", "remove", "C-1", "--tenant", "acme"])
        .says(0, &["Nobody is left out."]);
    house.synced("SO-2", &sale("INV-2"));
    let settings = format!("/v1/tenants/{}/settings", house.ours());
    let etag = house.daemon.api.get(&settings).ok(200)["etag"]
        .as_str()
        .unwrap()
        .to_owned();
    let wrong = json!({"contacts_opt_out": [1]}).to_string();
    let refused = house
        .daemon
        .api
        .send("PATCH", &settings, &[("if-match", &etag)], &wrong);
    assert_eq!(refused.problem(), "validation_failed");
}

#[test]
fn a_collision_or_gap_of_one_organisation_is_not_shown_to_another() {
    let house = House::new();
    house.turns_red("SO-1", &coded("INV-1", "4010"), "unmapped_nominal_code", &["4010"]);
    let other = format!("/v1/tenants/{}/mappings/gaps", house.tenants[1]);
    assert_eq!(house.daemon.api.get(&other).ok(200)["data"], json!([]));
    let unknown = format!("/v1/tenants/{}/mappings/gaps?colour=red", house.ours());
    assert_eq!(house.daemon.api.get(&unknown).problem(), "invalid_parameter");
    let preview = format!("{}/push-preview", invoice_path(house.ours(), "SO-1"));
    assert_eq!(
        house.daemon.api.get(&preview).ok(200)["reason"]["code"],
        "unmapped_nominal_code"
    );
}
