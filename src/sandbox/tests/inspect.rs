//! The log of calls, the page, snapshots, sample data, isolated organisations, longer scenarios.

use serde_json::{Value, json};

use super::desk::{Desk, Reply};

fn seqs(desk: &mut Desk, query: &str) -> Vec<i64> {
    let rows = desk.control("GET", &format!("requests?{query}"), "");
    rows["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["seq"].as_i64().unwrap())
        .collect()
}

fn run(desk: &mut Desk, name: &str, number: &str, args: Value) -> Reply {
    let tenant = desk.tenant;
    let body = json!({"scenario":name,"tenant_id":tenant,"invoice_number":number,"args":args});
    desk.pass(1_000);
    desk.try_control("POST", "trigger", &body.to_string())
}

#[test]
fn the_log_is_filtered_by_what_its_rows_say() {
    let mut desk = Desk::new();
    desk.get("Contacts");
    desk.call("PUT", "Contacts", r#"{"Name":"N"}"#);
    desk.control("POST", "faults", r#"{"fault":"drop_reply_after_write"}"#);
    desk.get("Contacts/x");
    desk.get("Contacts/y");
    desk.tenant = desk.world.tenants()[1].tenant_id;
    desk.get("Invoices");
    let first = desk.world.tenants()[0].tenant_id;
    for (query, expected) in [
        ("since=1".to_owned(), vec![2, 3, 4, 5, 6]),
        (format!("tenant={first}"), vec![2, 3, 4, 5]),
        ("method=put".to_owned(), vec![3]),
        ("path=/api.xro/2.0/contacts".to_owned(), vec![2, 3]),
        ("path=/api.xro/2.0/Contacts*&since=2".to_owned(), vec![3, 4, 5]),
        ("status=404".to_owned(), vec![5]),
        ("status=4xx".to_owned(), vec![5]),
        ("status=none".to_owned(), vec![4]),
        ("status=200&limit=2".to_owned(), vec![1, 2]),
    ] {
        assert_eq!(seqs(&mut desk, &query), expected, "{query}");
    }
    for (query, word) in [
        ("status=often", "status must be"),
        ("since=x", "since must be a sequence number"),
        ("tenant=x", "tenant must be a GUID"),
        ("limit=-1", "limit must be a whole number"),
        ("colour=red", "unknown key 'colour'"),
    ] {
        let reply = desk.try_control("GET", &format!("requests?{query}"), "");
        assert_eq!(reply.status, 400, "{query}");
        assert!(reply.json["error"].as_str().unwrap().contains(word), "{}", reply.text);
    }
}

#[test]
fn bodies_are_shown_on_request_as_far_as_they_were_sent() {
    let mut desk = Desk::new();
    desk.control("POST", "faults", r#"{"fault":"cut_body"}"#);
    let cut = desk.call("PUT", "Contacts", r#"{"Name":"N"}"#).text;
    let rows = desk.control("GET", "requests?method=PUT&bodies=true", "");
    let row = &rows["data"][0];
    assert_eq!(row["request_body"], r#"{"Name":"N"}"#);
    assert_eq!(row["response_body"].as_str(), cut.get(..cut.len() / 2));
    let rows = desk.control("GET", "requests?method=PUT", "");
    assert!(rows["data"][0].get("request_body").is_none());
}

#[test]
fn the_page_shows_the_newest_calls_first_and_escapes_what_they_hold() {
    let mut desk = Desk::new();
    desk.call("PUT", "Contacts", r#"{"Name":"<script>alert(1)</script>"}"#);
    desk.get("Contacts/unknown");
    let page = |desk: &mut Desk, query: &str| desk.try_control("GET", &format!("?{query}"), "");
    let whole = page(&mut desk, "");
    assert_eq!(whole.status, 200);
    let answer = &whole.outcome.answer;
    assert_eq!(answer.header("Content-Type"), Some("text/html; charset=utf-8"));
    assert!(
        whole.text.contains("&lt;script&gt;alert(1)") && !whole.text.contains("<script"),
        "{}",
        whole.text
    );
    let at = |part: &str| whole.text.find(part).unwrap();
    assert!(at("GET /api.xro/2.0/Contacts/unknown") < at("PUT /api.xro/2.0/Contacts"));
    assert!(whole.text.contains("<strong>0</strong> violations") && whole.text.contains("Acme Ltd"));
    let filtered = page(&mut desk, "method=PUT");
    assert!(!filtered.text.contains("Contacts/unknown") && filtered.text.contains("<option selected>PUT"));
    assert!(page(&mut desk, "status=429").text.contains("No call fits."));
    let wrong = page(&mut desk, "status=x");
    assert!(wrong.status == 400 && wrong.json["error"].is_string(), "{}", wrong.text);
}

#[test]
fn a_snapshot_brings_back_documents_and_nothing_else() {
    let mut desk = Desk::new();
    desk.invoice("S-1", "AUTHORISED");
    assert_eq!(
        desk.control("POST", "snapshot", r#"{"name":"before"}"#)["organisations"],
        2
    );
    run(&mut desk, "payment.full", "S-1", json!({}));
    desk.invoice("S-2", "DRAFT");
    assert_eq!(
        desk.control("POST", "restore", r#"{"name":"before"}"#)["organisations"],
        2
    );
    let invoices = desk.get("Invoices").json["Invoices"].clone();
    assert_eq!(
        (invoices.as_array().unwrap().len(), &invoices[0]["Status"]),
        (1, &json!("AUTHORISED"))
    );
    let missing = desk.try_control("POST", "restore", "{}");
    assert_eq!(
        (missing.status, &missing.json["error"]),
        (404, &json!("no snapshot 'default'"))
    );
    assert_eq!(desk.try_control("POST", "snapshot", r#"{"name":7}"#).status, 400);
    for at in 0..15 {
        desk.control("POST", "snapshot", &json!({"name":format!("n{at}")}).to_string());
    }
    assert_eq!(
        desk.try_control("POST", "snapshot", "{}").status,
        400,
        "sixteen are enough"
    );
    desk.control("POST", "snapshot", r#"{"name":"before"}"#);
}

#[test]
fn sample_data_is_made_without_a_word_to_anybody() {
    let mut desk = Desk::new();
    desk.control("POST", "webhooks", r#"{"url":"http://127.0.0.1:1/hook"}"#);
    let tenant = desk.tenant;
    let body = json!({"tenant_id":tenant,"invoices":250,"contacts":10});
    assert_eq!(desk.control("POST", "seed", &body.to_string())["invoices"], 250);
    assert!(desk.world.take_deliveries(desk.now).is_empty());
    let page = desk.get("Invoices?page=3").json;
    assert_eq!(page["pagination"]["itemCount"], 250);
    assert_eq!(page["Invoices"].as_array().unwrap().len(), 50);
    assert_eq!(page["Invoices"][0]["Status"], "AUTHORISED");
    for (body, word) in [
        (
            json!({"tenant_id":tenant,"invoices":100_001}),
            "invoices must be at most 100000",
        ),
        (json!({"tenant_id":tenant,"contacts":0}), "invoices need contacts"),
        (json!({"invoices":1}), "tenant_id is required"),
        (json!({"tenant_id":tenant,"payments":1}), "unknown key 'payments'"),
    ] {
        let reply = desk.try_control("POST", "seed", &body.to_string());
        assert!(
            reply.status == 400 && reply.text.contains(word),
            "{body}: {}",
            reply.text
        );
    }
}

#[test]
fn isolated_organisations_have_a_consent_of_their_own() {
    let mut desk = Desk::new();
    let made = desk.control("POST", "orgs", "");
    assert_eq!(made["name"], "Organisation 3");
    let shared = desk.token.clone();
    let minted = desk.refresh(made["refresh_token"].as_str().unwrap());
    desk.token = minted.json["access_token"].as_str().unwrap().to_owned();
    assert_eq!(desk.get("/connections").json.as_array().unwrap().len(), 1);
    assert_eq!(desk.get("Contacts").status, 403, "the others are out of reach");
    desk.tenant = made["tenant_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(desk.get("Contacts").status, 200);
    let renewed = desk.control("POST", "trigger", r#"{"scenario":"grant.renew"}"#);
    assert!(renewed["refresh_token"].is_string());
    desk.token = shared;
    assert_eq!(desk.get("Contacts").status, 403, "and it is out of the others' reach");
    assert_eq!(desk.get("/connections").json.as_array().unwrap().len(), 2);
    let joined = desk.control("POST", "orgs", r#"{"own_grant":false,"name":"Joined"}"#);
    assert!(joined.get("refresh_token").is_none());
    assert_eq!(desk.get("/connections").json.as_array().unwrap().len(), 3);
    let own = desk.control("POST", "tenants", r#"{"own_grant":true,"name":"Apart"}"#);
    assert!(own["refresh_token"].is_string());
    for (path, body, word) in [
        (
            "tenants",
            json!({"name":"x","scopes":"openid"}),
            "scopes needs own_grant",
        ),
        ("orgs", json!({"scopes":"everything"}), "Xero has no scope"),
        ("orgs", json!({"own_grant":"x"}), "own_grant must be true or false"),
    ] {
        let reply = desk.try_control("POST", path, &body.to_string());
        assert!(
            reply.status == 400 && reply.text.contains(word),
            "{body}: {}",
            reply.text
        );
    }
}

#[test]
fn an_invoice_is_voided_after_the_work_was_invoiced_again() {
    let mut desk = Desk::new();
    desk.invoice("S-1", "AUTHORISED");
    let made = run(&mut desk, "invoice.voided_after_reinvoice", "S-1", json!({}));
    assert_eq!(made.status, 200, "{}", made.text);
    let again = desk.get("Invoices/S-1-R").json["Invoices"][0].clone();
    assert_eq!(
        (&again["InvoiceID"], again["Total"].to_string()),
        (&made.json["id"], "120.0".into())
    );
    assert_eq!(again["Status"], "AUTHORISED");
    assert_eq!(desk.get("Invoices/S-1").json["Invoices"][0]["Status"], "VOIDED");
    assert_eq!(
        run(&mut desk, "invoice.voided_after_reinvoice", "S-1", json!({})).status,
        400
    );
}

#[test]
fn a_second_contact_takes_the_name_and_the_first_moves_aside() {
    let mut desk = Desk::new();
    desk.invoice("S-1", "AUTHORISED");
    let before = desk.get("Invoices/S-1").json["Invoices"][0]["Contact"].clone();
    let made = run(&mut desk, "contact.collision", "S-1", json!({"number":"C-9"}));
    assert_eq!(made.status, 200, "{}", made.text);
    let after = desk.get("Invoices/S-1").json["Invoices"][0]["Contact"].clone();
    assert_eq!(
        (&after["ContactID"], &after["Name"]),
        (&before["ContactID"], &json!("City Limousines (1)"))
    );
    let other = desk.get("Contacts/C-9").json["Contacts"][0].clone();
    assert_eq!(
        (&other["ContactID"], &other["Name"]),
        (&made.json["id"], &json!("City Limousines"))
    );
    assert_eq!(
        run(&mut desk, "contact.collision", "", json!({"name":"J Smith"})).status,
        200
    );
}

#[test]
fn edits_are_small_or_large() {
    let mut desk = Desk::new();
    desk.invoice("S-1", "AUTHORISED");
    assert_eq!(run(&mut desk, "edit.variance", "S-1", json!({})).status, 200);
    let small = desk.get("Invoices/S-1").json["Invoices"][0].clone();
    assert_eq!(small["LineItems"][0]["Description"], "Work (as agreed by phone)");
    assert_eq!(
        (small["LineItems"].as_array().unwrap().len(), small["Total"].to_string()),
        (1, "180.0".into())
    );
    assert_eq!(run(&mut desk, "edit.high_variance", "S-1", json!({})).status, 200);
    let large = desk.get("Invoices/S-1").json["Invoices"][0].clone();
    assert_eq!(large["LineItems"].as_array().unwrap().len(), 2);
    assert_eq!(large["LineItems"][0]["LineItemID"], small["LineItems"][0]["LineItemID"]);
    let wrong = run(&mut desk, "edit.variance", "S-1", json!({"line":9}));
    assert!(
        wrong.status == 400 && wrong.text.contains("the invoice has 2 lines"),
        "{}",
        wrong.text
    );
    let unknown = run(&mut desk, "edit.something", "S-1", json!({}));
    for name in ["edit.high_variance", "webhook.lost", "payment.partial"] {
        assert!(unknown.text.contains(name), "{}", unknown.text);
    }
}

#[test]
fn every_named_scenario_is_known() {
    let mut desk = Desk::new();
    for name in [
        "payment.partial",
        "payment.deleted",
        "invoice.voided",
        "invoice.voided_after_reinvoice",
        "contact.collision",
        "app.revoked",
        "quota.exhausted",
        "outage",
        "webhook.lost",
        "edit.variance",
        "edit.high_variance",
    ] {
        let reply = run(&mut desk, name, "none", json!({}));
        assert!(!reply.text.contains("unknown scenario"), "{}", reply.text);
    }
}
