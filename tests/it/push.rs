//! What the host writes reaches Xero exactly once, and the badge says how it stands.

use serde_json::{Value, json};

use crate::support::{Demo, House, bill, invoice_path, sale, until, with};

#[test]
fn a_write_is_pending_then_synced_with_one_document_and_its_event() {
    let house = House::new();
    let mut feed = house.daemon.feed();
    let answer = house.daemon.put(house.ours(), "SO-1", &sale("INV-1"));
    let taken = answer.ok(201);
    assert!(answer.headers["location"].contains(taken["id"].as_str().unwrap()));
    assert_eq!(taken["sync"]["state"], "pending");
    assert_eq!(taken["sync"]["label"], "Pending");
    assert_eq!(taken["xero"], Value::Null);

    feed.next_about("invoice.pending", "SO-1");
    let event = feed.next_about("invoice.synced", "SO-1");
    let green = house.daemon.invoice(house.ours(), "SO-1");
    assert_eq!(green["sync"]["state"], "synced");
    assert_eq!(green["xero_status"], "AUTHORISED");
    assert_eq!(green["xero"]["invoice_id"], event["data"]["xero_invoice_id"]);
    assert_eq!(green["totals"]["subtotal"], "37.50");
    assert_eq!(green["totals"]["tax"], "7.50");
    assert_eq!(green["totals"]["total"], "45.00");
    assert_eq!(green["totals"]["amount_due"], "45.00");

    let document = house.sandbox.only(house.theirs(), "INV-1");
    assert_eq!(document["InvoiceID"], green["xero"]["invoice_id"]);
    assert_eq!(document["versions"], 1);
    assert_eq!(document["Type"], "ACCREC");
    assert_eq!(document["Status"], "AUTHORISED");
    house.sandbox.assert_no_violations();
}

#[test]
fn an_unchanged_write_makes_no_call_and_a_changed_one_makes_one_update() {
    let house = House::new();
    let first = house.synced("SO-1", &sale("INV-1"));
    let before = house.sandbox.only(house.theirs(), "INV-1");

    let seq = house.sandbox.latest_seq();
    let again = house.daemon.put(house.ours(), "SO-1", &sale("INV-1")).ok(200);
    assert_eq!(again["sync"]["state"], "synced");
    assert_eq!(again["etag"], first["etag"]);
    // Another document goes its whole way, so anything the repeated write had caused would show.
    house.synced("SO-2", &sale("INV-2"));
    let calls = house.sandbox.calls_since(seq);
    let writes: Vec<&Value> = calls.iter().filter(|call| call["method"] != "GET").collect();
    assert_eq!(writes.len(), 1, "only INV-2 was written: {writes:#?}");
    assert_eq!(house.sandbox.only(house.theirs(), "INV-1")["versions"], 1);

    let seq = house.sandbox.latest_seq();
    let mut changed = sale("INV-1");
    changed["lines"][0]["quantity"] = json!("4");
    house.synced("SO-1", &changed);
    let calls = house.sandbox.calls_since(seq);
    let writes: Vec<&Value> = calls.iter().filter(|call| call["method"] != "GET").collect();
    assert_eq!(writes.len(), 1, "{writes:#?}");
    assert_eq!(writes[0]["method"], "POST");
    let after = house.sandbox.only(house.theirs(), "INV-1");
    assert_eq!(after["versions"], 2);
    assert_eq!(after["LineItems"].as_array().unwrap().len(), 1);
    assert_eq!(
        after["LineItems"][0]["LineItemID"],
        before["LineItems"][0]["LineItemID"]
    );
    assert_eq!(after["Url"], before["Url"], "the marker stays");
    assert_eq!(house.daemon.invoice(house.ours(), "SO-1")["totals"]["total"], "60.00");
}

#[test]
fn a_void_reaches_xero() {
    let house = House::new();
    house.synced("SO-1", &sale("INV-1"));
    let void = house.synced("SO-1", &with(sale("INV-1"), "/host_status", json!("void")));
    assert_eq!(void["xero_status"], "VOIDED");
    assert_eq!(void["status"], "Void");
    assert_eq!(house.sandbox.only(house.theirs(), "INV-1")["Status"], "VOIDED");
    assert_eq!(house.sandbox.only(house.theirs(), "INV-1")["versions"], 2);
    house.sandbox.assert_no_violations();
}

#[test]
fn ux_88_the_host_status_decides_what_is_pushed_by_itself() {
    let house = House::new();
    let draft = with(sale("INV-1"), "/host_status", json!("draft"));
    let taken = house.daemon.put(house.ours(), "SO-1", &draft).ok(201);
    assert_eq!(taken["sync"]["state"], Value::Null, "a draft is not pushed by itself");
    let pending = house.synced("SO-2", &with(sale("INV-2"), "/host_status", json!("pending")));
    assert_eq!(pending["xero_status"], "SUBMITTED");
    assert_eq!(house.sandbox.only(house.theirs(), "INV-2")["Status"], "SUBMITTED");
    assert_eq!(
        house.sandbox.documents(house.theirs()).len(),
        1,
        "the draft stayed here"
    );

    let operation = house.daemon.resync(house.ours(), "SO-1");
    assert_eq!(house.daemon.operation(&operation)["state"], "succeeded");
    assert_eq!(house.sandbox.only(house.theirs(), "INV-1")["Status"], "DRAFT");

    let approved = house.synced("SO-1", &sale("INV-1"));
    assert_eq!(approved["xero_status"], "AUTHORISED");
    assert_eq!(house.sandbox.only(house.theirs(), "INV-1")["versions"], 2);

    let other = with(sale("INV-3"), "/host_status", json!("draft"));
    house.daemon.put(house.ours(), "SO-3", &other).ok(201);
    let operation = house.daemon.resync(house.ours(), "SO-3");
    assert_eq!(house.daemon.operation(&operation)["state"], "succeeded");
    let void = house.synced("SO-3", &with(other, "/host_status", json!("void")));
    assert_eq!(void["xero_status"], "DELETED", "a draft is deleted, not voided");
    assert_eq!(void["status"], "Void");
}

#[test]
fn bills_go_the_same_way_though_their_numbers_are_not_unique() {
    let house = House::new();
    let first = house.synced("PO-1", &bill("RENT"));
    let second = house.synced("PO-2", &bill("RENT"));
    assert_ne!(first["xero"]["invoice_id"], second["xero"]["invoice_id"]);
    let documents = house.sandbox.documents(house.theirs());
    assert_eq!(documents.len(), 2);
    assert!(
        documents
            .iter()
            .all(|document| document.kind == "ACCPAY" && document.versions == 1)
    );

    let mut changed = bill("RENT");
    changed["lines"][0]["unit_price"] = json!("41.00");
    house.synced("PO-1", &changed);
    house.synced("PO-2", &with(bill("RENT"), "/host_status", json!("void")));
    let documents = house.sandbox.documents(house.theirs());
    let of = |invoice: &Value| {
        let id = invoice["xero"]["invoice_id"].as_str().unwrap();
        documents.iter().find(|document| document.invoice_id == id).unwrap()
    };
    assert_eq!(documents.len(), 2);
    assert_eq!(of(&first).sub_total.get(), "82.00");
    assert_eq!(of(&first).versions, 2);
    assert_eq!(of(&second).status, "VOIDED");
    house.sandbox.assert_no_violations();
}

#[test]
fn ux_1_a_green_badge_says_when_it_was_last_synced() {
    let house = House::new();
    let green = house.synced("SO-1", &sale("INV-1"));
    assert_eq!(green["sync"]["label"], "Synced to Xero");
    let at = green["sync"]["last_synced_at"].as_str().unwrap();
    assert!(chrono::DateTime::parse_from_rfc3339(at).is_ok(), "{at}");
    assert_eq!(green["sync"]["reason"], Value::Null);
}

#[test]
fn ux_2_a_grey_badge_says_since_when_and_clears_by_itself() {
    let house = House::new();
    house.sandbox.fault(&json!({"fault": "delay", "ms": 600, "times": 2}));
    let taken = house.daemon.put(house.ours(), "SO-1", &sale("INV-1")).ok(201);
    assert_eq!(taken["sync"]["state"], "pending");
    assert_eq!(taken["sync"]["label"], "Pending");
    assert!(taken["sync"]["queued_at"].is_string(), "{taken:#}");
    let green = house.daemon.badge(house.ours(), "SO-1", "synced");
    assert_eq!(green["sync"]["queued_at"], Value::Null);
}

#[test]
fn ux_3_a_red_badge_gives_reason_fix_and_sync_now() {
    let house = House::new();
    let mut feed = house.daemon.feed();
    let mut unmapped = sale("INV-1");
    unmapped["lines"][0]["nominal_code"] = json!("4010");
    house.daemon.put(house.ours(), "SO-1", &unmapped).ok(201);
    let event = feed.next_about("invoice.sync_failed", "SO-1");
    assert_eq!(event["data"]["reason"]["code"], "unmapped_nominal_code");
    let red = house.daemon.invoice(house.ours(), "SO-1");
    assert_eq!(red["sync"]["label"], "Sync failed");
    let reason = &red["sync"]["reason"];
    assert_eq!(reason["code"], "unmapped_nominal_code");
    assert_eq!(reason["title"], "Unmapped nominal code");
    assert_eq!(reason["actionable"], true);
    assert!(reason["detail"].as_str().unwrap().contains("4010"), "{reason:#}");
    assert!(!reason["fix"].as_str().unwrap().is_empty());
    assert!(reason["since"].is_string());
    assert_eq!(red["sync"]["allowed_actions"], json!(["resync"]));

    // Fixing the cause releases it, and says how many.
    let path = format!("/v1/tenants/{}/mappings/nominal_codes/4010", house.ours());
    let mapped = house.daemon.api.put(&path, &json!({"value": "200"})).ok(200);
    assert_eq!(mapped["released"], 1);
    house.daemon.badge(house.ours(), "SO-1", "synced");
    let document = house.sandbox.only(house.theirs(), "INV-1");
    assert_eq!(document["LineItems"][0]["AccountCode"], "200");
}

#[test]
fn ux_6_sync_now_answers_queued_and_the_badge_follows() {
    let house = House::new();
    let mut unmapped = sale("INV-1");
    unmapped["lines"][0]["nominal_code"] = json!("4010");
    house.daemon.put(house.ours(), "SO-1", &unmapped).ok(201);
    house.daemon.badge(house.ours(), "SO-1", "failed");
    let path = format!("{}/resync", invoice_path(house.ours(), "SO-1"));
    let queued = house.daemon.api.send("POST", &path, &[], "").ok(202);
    assert_eq!(queued["message"], "Queued");
    let id = queued["operation"]["id"].as_str().unwrap();
    let ended = house.daemon.operation(id);
    assert_eq!(ended["state"], "failed", "the cause is still there: {ended:#}");
    assert_eq!(ended["error"]["code"], "unmapped_nominal_code");

    house.synced("SO-2", &sale("INV-2"));
    let queued = house.daemon.resync(house.ours(), "SO-2");
    assert_eq!(house.daemon.operation(&queued)["state"], "succeeded");
    assert_eq!(
        house.sandbox.only(house.theirs(), "INV-2")["versions"],
        1,
        "there was nothing to send"
    );
}

/// What Xero answered last, since when, and where it tells about outages.
#[track_caller]
fn tells_about_the_outage(demo: &Demo, tenant: &str, reason: &Value) {
    let detail = reason["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("Xero answered HTTP 500 to the last of 4 attempts; the first was made at 20"),
        "{detail}"
    );
    let fix = reason["fix"].as_str().unwrap();
    assert!(fix.contains("https://status.xero.com"), "{fix}");
    let shown = demo.daemon.types(&["invoices", "show", "SO-9", "--tenant", tenant]);
    shown.says(
        0,
        &[
            "Xero is unavailable",
            "HTTP 500",
            "https://status.xero.com",
            "retry 3 of 3",
        ],
    );
}

/// Xero fails for ever without having acted. That must be found out each time, with look-ups a
/// minute apart: the demo's clock makes it short.
#[test]
fn ux_9_ux_20j_three_automatic_retries_then_red() {
    let folder = tempfile::TempDir::new().unwrap();
    let demo = Demo::start(folder.path(), &[]);
    let tenant = demo.tenants()[1].clone();
    let theirs = demo.sandbox.tenants[1].clone();
    until(30, "the seeded documents", || {
        (demo.daemon.counts(&tenant)["pending"] == 0).then_some(())
    });
    demo.sandbox.fault(&json!({
        "match": {"method": "PUT", "path": "/api.xro/2.0/Invoices", "tenant_id": theirs},
        "fault": "status", "code": 500, "times": null,
    }));
    let party = json!({"ref": "C-9", "name": "Late Payers Ltd"});
    demo.daemon
        .put(&tenant, "SO-9", &with(sale("INV-9"), "/contact", party))
        .ok(201);
    let mut most_retries = 0;
    let mut causes = Vec::new();
    let red = until(60, "three retries", || {
        demo.sandbox.control("clock", &json!({"advance_s": 10, "all": true}));
        demo.daemon.process.signal(rustix::process::Signal::HUP);
        let invoice = demo.daemon.invoice(&tenant, "SO-9");
        let sync = &invoice["sync"];
        most_retries = most_retries.max(sync["retries"].as_u64().unwrap());
        if let Some(cause) = sync["waiting"]["cause"].as_str()
            && !causes.contains(&cause.to_owned())
        {
            causes.push(cause.to_owned());
        }
        (sync["state"] == "failed").then_some(invoice)
    });
    let sync = &red["sync"];
    assert_eq!(sync["reason"]["code"], "xero_unavailable");
    tells_about_the_outage(&demo, &tenant, &sync["reason"]);
    assert_eq!(sync["retries"], 3);
    assert_eq!(sync["max_retries"], 3);
    assert_eq!(sync["auto_retry"], false);
    assert_eq!(most_retries, 3);
    assert!(
        causes.contains(&"outcome_unknown".to_owned()),
        "grey while it was unknown: {causes:?}"
    );
    assert!(
        demo.sandbox
            .rows(&theirs, "invoices")
            .iter()
            .all(|row| row["InvoiceNumber"] != "INV-9")
    );

    // Xero is back: *Sync now* works at once.
    demo.sandbox.heal();
    let operation = demo.daemon.resync(&tenant, "SO-9");
    let ended = until(60, "the operation's end", || {
        demo.sandbox.control("clock", &json!({"advance_s": 5, "all": true}));
        demo.daemon.process.signal(rustix::process::Signal::HUP);
        let operation = demo.daemon.api.get(&format!("/v1/operations/{operation}")).ok(200);
        operation["finished_at"].is_string().then_some(operation)
    });
    assert_eq!(ended["state"], "succeeded", "{ended:#}");
    assert_eq!(demo.sandbox.only(&theirs, "INV-9")["versions"], 1);
}

#[test]
fn ux_10_a_rate_limit_keeps_it_grey_and_says_until_when() {
    let house = House::new();
    house.synced("SO-1", &sale("INV-1"));
    house.sandbox.fault(&json!({
        "match": {"method": "PUT", "path": "/api.xro/2.0/Invoices"},
        "fault": "rate_limit", "problem": "minute", "retry_after": 3,
    }));
    house.daemon.put(house.ours(), "SO-2", &sale("INV-2")).ok(201);
    let waiting = until(10, "the wait to be shown", || {
        let invoice = house.daemon.invoice(house.ours(), "SO-2");
        assert_eq!(invoice["sync"]["state"], "pending");
        invoice["sync"]["waiting"].is_object().then_some(invoice)
    });
    let wait = &waiting["sync"]["waiting"];
    assert_eq!(wait["cause"], "xero_rate_limit");
    assert!(wait["until"].is_string(), "{wait}");
    assert!(
        wait["detail"]
            .as_str()
            .unwrap()
            .contains("The system retries automatically")
    );
    assert_eq!(waiting["sync"]["retries"], 0, "waiting is not retrying");
    let green = house.daemon.badge(house.ours(), "SO-2", "synced");
    assert_eq!(green["sync"]["waiting"], Value::Null);
    house.sandbox.assert_no_violations();
}

#[test]
fn ux_13_a_change_is_pushed_again_by_itself() {
    let house = House::new();
    house.synced("SO-1", &sale("INV-1"));
    let mut changed = sale("INV-1");
    changed["lines"][0]["description"] = json!("Slate roofing, rear elevation");
    changed["due_date"] = json!("2026-04-15");
    let taken = house.daemon.put(house.ours(), "SO-1", &changed).ok(200);
    assert_eq!(taken["sync"]["pending_change"], true);
    assert_eq!(taken["sync"]["state"], "pending");
    let green = house.daemon.badge(house.ours(), "SO-1", "synced");
    assert_eq!(green["sync"]["pending_change"], false);
    let document = house.sandbox.only(house.theirs(), "INV-1");
    assert_eq!(document["LineItems"][0]["Description"], "Slate roofing, rear elevation");
    assert!(document["DueDateString"].as_str().unwrap().starts_with("2026-04-15"));
    assert_eq!(document["versions"], 2);
}

#[test]
fn ux_46_a_missing_email_is_omitted_and_the_preview_shows_the_exact_body() {
    let house = House::new();
    let mut unknown = sale("INV-1");
    unknown["contact"] = json!({"ref": "C-9", "name": "Nobody's Mail Ltd"});
    // A draft is not sent by itself, so that there is time to look at it.
    let draft = with(unknown, "/host_status", json!("draft"));
    house.daemon.put(house.ours(), "SO-1", &draft).ok(201);
    let path = format!("{}/push-preview", invoice_path(house.ours(), "SO-1"));
    let preview = until(20, "the chart to be read", || {
        let preview = house.daemon.api.get(&path).ok(200);
        (preview["outcome"] == "send").then_some(preview)
    });
    assert_eq!(preview["method"], "PUT");
    assert_eq!(preview["path"], "/Invoices");
    assert!(!preview.to_string().contains("EmailAddress"), "{preview:#}");
    let operation = house.daemon.resync(house.ours(), "SO-1");
    assert_eq!(house.daemon.operation(&operation)["state"], "succeeded");

    let sent = &preview["body"]["Invoices"][0];
    let document = house.sandbox.only(house.theirs(), "INV-1");
    for key in ["Type", "InvoiceNumber", "Status", "LineAmountTypes", "CurrencyCode"] {
        assert_eq!(document[key], sent[key], "{key}");
    }
    assert_eq!(document["Url"], sent["Url"]);
    assert_eq!(
        document["DateString"].as_str().unwrap().get(..10),
        sent["Date"].as_str()
    );
    let (line, sent_line) = (&document["LineItems"][0], &sent["LineItems"][0]);
    for key in ["Description", "AccountCode"] {
        assert_eq!(line[key], sent_line[key], "{key}");
    }
    let contacts = house.sandbox.rows(house.theirs(), "contacts");
    let made = contacts
        .iter()
        .find(|contact| contact["Name"] == "Nobody's Mail Ltd")
        .unwrap();
    let email = made.get("EmailAddress").and_then(Value::as_str).unwrap_or_default();
    assert_eq!(email, "", "nothing was invented");

    // With the contact known, the preview of another draft names it, and nothing else of it.
    let mut second = draft.clone();
    second["number"] = json!("INV-2");
    house.daemon.put(house.ours(), "SO-2", &second).ok(201);
    let preview = house.daemon.api.get(&path.replace("SO-1", "SO-2")).ok(200);
    assert_eq!(
        preview["body"]["Invoices"][0]["Contact"],
        json!({"ContactID": made["ContactID"]})
    );
    let seen = house.daemon.resync(house.ours(), "SO-2");
    assert_eq!(house.daemon.operation(&seen)["state"], "succeeded");
    let nothing = house.daemon.api.get(&path.replace("SO-1", "SO-2")).ok(200);
    assert_eq!(nothing["outcome"], "nothing");
}
