//! Each named scenario of the sandbox that concerns a linked invoice, and what follows from it: local
//! state, badge, event and record.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::pull::hundred;
use crate::support::{House, invoice_path, look_for, until, with};

/// One thing that happens in Xero, and what is so when it is here.
struct Step {
    /// The scenario's name; before a `+` one that only prepares it, whose id is `$made`.
    scenario: &'static str,
    args: &'static str,
    status: &'static str,
    xero: &'static str,
    paid: &'static str,
    credited: &'static str,
    variance: Option<&'static str>,
    /// New events about the invoice, each with its record.
    events: &'static [&'static str],
    /// A field whose change is on record.
    field: &'static str,
}

/// The usual end: nothing paid, nothing credited, no difference.
const UNPAID: Step = Step {
    scenario: "",
    args: "{}",
    status: "Unpaid",
    xero: "AUTHORISED",
    paid: "0.00",
    credited: "0.00",
    variance: None,
    events: &[],
    field: "totals.amount_due",
};

const PAYMENTS: &[Step] = &[
    Step {
        scenario: "payment.partial",
        args: r#"{"amount":"50.00"}"#,
        status: "Part paid",
        paid: "50.00",
        events: &["payment.recorded", "invoice.part_paid"],
        field: "totals.amount_paid",
        ..UNPAID
    },
    Step {
        scenario: "payment.partial",
        args: r#"{"amount":"30.00"}"#,
        status: "Part paid",
        paid: "80.00",
        events: &["payment.recorded"],
        ..UNPAID
    },
    Step {
        scenario: "payment.deleted",
        status: "Part paid",
        paid: "50.00",
        events: &["payment.deleted"],
        field: "payments",
        ..UNPAID
    },
    Step {
        scenario: "payment.full",
        status: "Paid",
        xero: "PAID",
        paid: "100.00",
        events: &["payment.recorded", "invoice.paid"],
        field: "status",
        ..UNPAID
    },
    Step {
        scenario: "payment.deleted",
        status: "Part paid",
        paid: "50.00",
        events: &["payment.deleted", "invoice.part_paid"],
        field: "status",
        ..UNPAID
    },
    Step {
        scenario: "payment.deleted",
        events: &["payment.deleted", "invoice.unpaid"],
        ..UNPAID
    },
];

const CREDITS: &[Step] = &[
    Step {
        scenario: "creditnote.multi_allocation",
        args: r#"{"amount":"20.00"}"#,
        status: "Part paid",
        credited: "40.00",
        events: &["credit_note.updated", "invoice.part_paid"],
        field: "credits",
        ..UNPAID
    },
    Step {
        scenario: "allocation.removed",
        status: "Part paid",
        credited: "20.00",
        events: &["credit_note.updated"],
        field: "totals.amount_credited",
        ..UNPAID
    },
    Step {
        scenario: "allocation.removed",
        events: &["allocation.removed", "invoice.unpaid"],
        field: "credits",
        ..UNPAID
    },
    Step {
        scenario: "overpayment.create+credit.allocate",
        args: r#"{"amount":"60.00"}"#,
        status: "Part paid",
        credited: "60.00",
        events: &["credit_note.updated", "invoice.part_paid"],
        field: "credits",
        ..UNPAID
    },
    Step {
        scenario: "prepayment.create+credit.allocate",
        args: r#"{"amount":"40.00"}"#,
        status: "Paid",
        xero: "PAID",
        credited: "100.00",
        events: &["credit_note.updated", "invoice.paid"],
        field: "status",
        ..UNPAID
    },
];

const EDITS: &[Step] = &[
    Step {
        scenario: "edit.variance",
        variance: Some("Variance"),
        events: &["invoice.updated", "invoice.variance_detected"],
        field: "lines.1.description",
        ..UNPAID
    },
    Step {
        scenario: "edit.high_variance",
        variance: Some("High Variance"),
        events: &["invoice.updated", "invoice.variance_detected"],
        field: "lines.added",
        ..UNPAID
    },
    Step {
        scenario: "invoice.edit",
        args: r#"{"due_date":"2026-06-30"}"#,
        variance: Some("High Variance"),
        events: &["invoice.updated", "invoice.variance_detected"],
        field: "due_date",
        ..UNPAID
    },
];

const VOID: Step = Step {
    scenario: "invoice.voided",
    status: "Void",
    xero: "VOIDED",
    events: &["invoice.voided", "invoice.work_order_freed"],
    field: "status",
    ..UNPAID
};

const REINVOICED: Step = Step {
    scenario: "invoice.voided_after_reinvoice",
    ..VOID
};

/// Plays steps on an invoice of its own, one after the other.
fn play(house: &House, name: &str, steps: &[Step]) {
    let party = json!({ "ref": format!("C-{name}"), "name": format!("Customer of {name}") });
    let draft = with(hundred(name), "/contact", party.clone());
    house.synced(name, &with(draft, "/work_order_ref", json!(format!("WO-{name}"))));
    let mut feed = house.daemon.feed();
    let mut told: usize = about(&mut feed.page(0), name).len();
    let mut events = Vec::new();
    for step in steps {
        happens(house, name, step, &party);
        let invoice = here(house, name, step);
        assert_eq!(
            (
                &invoice["sync"]["state"],
                &invoice["sync"]["label"],
                &invoice["sync"]["reason"]
            ),
            (&json!("synced"), &json!("Synced to Xero"), &Value::Null),
            "{}",
            step.scenario
        );
        let expected: BTreeSet<&str> = step.events.iter().copied().collect();
        let is_told = look_for(Duration::from_secs(20), || {
            events.extend(about(&mut feed.page(0), name));
            let new: BTreeSet<&str> = events.iter().map(String::as_str).collect();
            (new == expected).then_some(())
        });
        assert!(is_told.is_some(), "{}: told were {events:?}", step.scenario);
        told += events.len();
        events.clear();
        recorded(house, name, step);
    }
    assert!(told > steps.len());
}

/// Types of the events about an invoice.
fn about(page: &mut Vec<Value>, name: &str) -> Vec<String> {
    page.retain(|event| event["data"]["host_ref"] == name);
    let types = page.iter().map(|event| event["type"].as_str().unwrap().to_owned());
    types.collect()
}

fn happens(house: &House, name: &str, step: &Step, party: &Value) {
    let mut args: Value = serde_json::from_str(step.args).unwrap();
    let more = |args: &Value| json!({ "invoice_number": name, "args": args });
    let Some((before, last)) = step.scenario.split_once('+') else {
        house.sandbox.trigger(step.scenario, house.theirs(), &more(&args));
        return;
    };
    args["contact_name"] = party["name"].clone();
    let made = house.sandbox.trigger(before, house.theirs(), &more(&args));
    let credit = json!({ "credit_id": made["id"] });
    house.sandbox.trigger(last, house.theirs(), &more(&credit));
}

/// The invoice, once it is as the step says.
fn here(house: &House, name: &str, step: &Step) -> Value {
    let path = invoice_path(house.ours(), name);
    let mut last = Value::Null;
    let found = look_for(Duration::from_secs(20), || {
        last = house.daemon.api.get(&path).ok(200);
        let amounts = (&last["totals"]["amount_paid"], &last["totals"]["amount_credited"]);
        let is_so = last["status"] == step.status
            && last["xero_status"] == step.xero
            && amounts == (&json!(step.paid), &json!(step.credited))
            && last["variance"]["label"] == json!(step.variance);
        is_so.then(|| last.clone())
    });
    found.unwrap_or_else(|| panic!("{name}, {}: {last:#}", step.scenario))
}

/// Each event is on record with its cause, and the field with what it was before.
fn recorded(house: &House, name: &str, step: &Step) {
    let path = format!("{}/timeline", invoice_path(house.ours(), name));
    let entries = house.daemon.api.get(&path).ok(200)["data"].as_array().unwrap().clone();
    for event in step.events {
        let entry = entries.iter().find(|entry| entry["type"] == *event);
        let entry = entry.unwrap_or_else(|| panic!("{event} of {}: {entries:#?}", step.scenario));
        let cause = entry["cause"].as_str().unwrap();
        // A work order is looked at after the reading that brought the void.
        let is_known = cause == "sweep" || (cause == "system" && *event == "invoice.work_order_freed");
        assert!(is_known, "{event} of {}: {entry:#}", step.scenario);
    }
    // The newest entries come first.
    let newest = entries.iter().take(step.events.len());
    let mut changes = newest.flat_map(|entry| entry["changes"].as_array().unwrap());
    let has = changes.any(|change| change["field"] == step.field && change["before"] != change["after"]);
    assert!(has, "{} of {}: {entries:#?}", step.field, step.scenario);
}

fn house() -> House {
    House::with(|config| {
        config
            .set("pull.invoices_every", "1s")
            .set("pull.others_every", "1h")
            .set("sync.payment_suppression", "1ms")
    })
}

#[test]
fn ux_47_ux_48_ux_49_each_scenario_of_payments_is_followed() {
    let house = house();
    play(&house, "PAY", PAYMENTS);
    let path = format!("{}?expand[]=payments", invoice_path(house.ours(), "PAY"));
    let invoice = house.daemon.api.get(&path).ok(200);
    let payments = invoice["payments"].as_array().unwrap();
    assert_eq!(payments.len(), 3, "deleted ones are kept");
    for payment in payments {
        assert_eq!(
            (&payment["method"], &payment["system"]),
            (&json!("Xero Sync"), &json!(true))
        );
        assert!(payment["deleted_at"].is_string(), "{payment:#}");
    }
    house.sandbox.assert_no_violations();
}

#[test]
fn ux_37_ux_38_each_scenario_of_credit_is_followed() {
    let house = house();
    play(&house, "CRE", CREDITS);
    house.sandbox.assert_no_violations();
}

#[test]
fn ux_64_ux_65_each_scenario_of_an_edit_is_followed() {
    let house = house();
    play(&house, "EDI", EDITS);
    house.sandbox.assert_no_violations();
}

#[test]
fn ux_50_ux_51_ux_70_each_scenario_of_a_void_is_followed_and_what_is_not_linked_is_counted() {
    let house = house();
    play(&house, "VOI", &[VOID]);
    play(&house, "REI", &[REINVOICED]);
    let path = format!("/v1/tenants/{}/invoices", house.ours());
    let all = house.daemon.api.get(&path).ok(200);
    assert_eq!(
        all["data"].as_array().unwrap().len(),
        2,
        "the one made by hand is not here"
    );
    let refresh = format!("/v1/tenants/{}/refreshes", house.ours());
    let queued = house.daemon.api.post(&refresh, &json!({ "window": "1h" })).ok(202);
    let done = house.daemon.operation(queued["operation"]["id"].as_str().unwrap());
    assert!(done["counts"]["ignored_not_linked"].as_u64().unwrap() >= 1, "{done:#}");
    house.synced("DRA", &with(hundred("DRA"), "/host_status", json!("pending")));
    house.synced("APP", &hundred("APP"));
    house.synced("PAI", &hundred("PAI"));
    house
        .sandbox
        .trigger("payment.full", house.theirs(), &json!({ "invoice_number": "PAI" }));
    for (name, word) in [
        ("DRA", "Awaiting approval"),
        ("APP", "Authorised"),
        ("PAI", "Paid"),
        ("VOI", "Voided"),
    ] {
        until(20, &format!("{name} is {word}"), || {
            (house.daemon.invoice(house.ours(), name)["xero_status_label"] == word).then_some(())
        });
    }
    let labels = house.daemon.api.get("/v1/labels").ok(200);
    assert_eq!(labels["xero_statuses"]["AUTHORISED"], "Authorised");
    assert_eq!(labels["xero_statuses"]["DRAFT"], "Draft");
}

#[test]
fn ux_10_ux_20g_each_scenario_of_an_outage_only_makes_wait() {
    let house = house();
    house.synced("WARM", &hundred("WARM"));
    let happens = |scenario: &str, args: Value| {
        let more = json!({ "args": args });
        house.sandbox.trigger(scenario, house.theirs(), &more)
    };
    let waits = |name: &str, cause: &str| {
        until(20, &format!("{name} waits for {cause}"), || {
            let invoice = house.daemon.invoice(house.ours(), name);
            assert_ne!(invoice["sync"]["state"], "failed", "{:#}", invoice["sync"]);
            let waiting = &invoice["sync"]["waiting"];
            (invoice["sync"]["state"] == "pending" && waiting["cause"] == cause).then(|| invoice.clone())
        })
    };
    let outage = happens("outage", json!({}));
    let status = until(60, "the status to name the outage", || {
        let status = house.daemon.api.get("/v1/status").ok(200);
        let message = status["warnings"][0]["message"].as_str().unwrap_or_default().to_owned();
        message.contains("Xero looks unavailable since").then_some(status)
    });
    assert!(
        status["warnings"][0]["fix"]
            .as_str()
            .unwrap()
            .contains("status.xero.com")
    );
    house.daemon.put(house.ours(), "DOWN", &hundred("DOWN")).ok(201);
    waits("DOWN", "transient");
    let path = format!("/_sandbox/faults/{}", outage["id"].as_str().unwrap());
    house.sandbox.api.send("DELETE", &path, &[], "").ok(200);
    until(90, "the outage to be over", || {
        (house.daemon.invoice(house.ours(), "DOWN")["sync"]["state"] == "synced").then_some(())
    });
    assert_eq!(house.daemon.api.get("/v1/status").ok(200)["warnings"], json!([]));
    happens("quota.exhausted", json!({}));
    house.daemon.put(house.ours(), "QUOTA", &hundred("QUOTA")).ok(201);
    let invoice = waits("QUOTA", "xero_rate_limit");
    assert_eq!(
        invoice["sync"]["waiting"]["reason"]["code"], "daily_quota_exhausted",
        "{:#}",
        invoice["sync"]
    );
    house.sandbox.assert_no_violations();
}
