//! 300 host writes while every third call goes wrong: each document is in Xero once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::{Daemon, Documents, House, Sandbox, bill, sale};

/// Host reference and body of so many documents, every second one a bill, over 30 contacts. Bills
/// share numbers by twos, as suppliers' numbers do.
pub fn writes(count: usize) -> Vec<(String, Value)> {
    (0..count)
        .map(|at| {
            let party = at % 30;
            let mut body = if at % 2 == 0 {
                sale(&format!("INV-{at:04}"))
            } else {
                bill(&format!("BILL-{:04}", at / 4))
            };
            body["contact"] = json!({"ref": format!("C-{party}"), "name": format!("Party {party} Ltd")});
            body["lines"][0]["unit_price"] = json!(format!("{}.{:02}", 10 + at, at % 100));
            body["lines"][0]["quantity"] = json!("1");
            (format!("DOC-{at:04}"), body)
        })
        .collect()
}

/// Every document is green here and in Xero exactly once, with the amount that was written.
#[track_caller]
pub fn assert_each_once(daemon: &Daemon, tenant: &str, documents: &Documents, written: &[(String, Value)]) {
    let markers: BTreeSet<&str> = documents.iter().filter_map(|document| document.marker()).collect();
    assert_eq!(markers.len(), documents.len(), "two documents share a marker");
    let by_id: BTreeMap<&str, _> = documents
        .iter()
        .map(|document| (document.invoice_id.as_str(), document))
        .collect();
    let mut linked = BTreeSet::new();
    for (host_ref, body) in written {
        let invoice = daemon.invoice(tenant, host_ref);
        assert_eq!(invoice["sync"]["state"], "synced", "{invoice:#}");
        let id = invoice["xero"]["invoice_id"].as_str().unwrap();
        assert!(linked.insert(id.to_owned()), "{host_ref} shares its document");
        let document = by_id
            .get(id)
            .unwrap_or_else(|| panic!("{host_ref} is linked to nothing"));
        assert_eq!(document.invoice_number, body["number"].as_str().unwrap());
        assert_eq!(
            document.sub_total.get(),
            body["lines"][0]["unit_price"].as_str().unwrap()
        );
        assert_eq!(document.status, "AUTHORISED");
    }
    assert_eq!(documents.len(), written.len(), "documents nobody wrote: duplicates");
}

/// Asks *Sync now* for whatever is red. Returns how many that were.
pub fn resync_what_is_red(daemon: &Daemon, tenant: &str, written: &[(String, Value)]) -> usize {
    let red: Vec<&String> = written
        .iter()
        .map(|(host_ref, _)| host_ref)
        .filter(|host_ref| daemon.invoice(tenant, host_ref)["sync"]["state"] == "failed")
        .collect();
    for host_ref in &red {
        daemon.resync(tenant, host_ref);
    }
    red.len()
}

/// Each rule is asked only when those before it let the call pass: together they strike a third.
fn make_every_third_call_fail(sandbox: &Sandbox) {
    let faults = [
        "drop_reply_after_write",
        "error_after_write",
        "cut_body",
        "delay",
        "rate_limit",
    ];
    for (seed, fault) in (1..).zip(faults) {
        let mut rule = json!({
            "fault": fault, "match": {"path": "/api.xro/2.0/*"}, "times": null,
            "probability": 0.078, "seed": seed,
        });
        match fault {
            "delay" => rule["ms"] = json!(400),
            "rate_limit" => {
                rule["problem"] = json!("minute");
                rule["retry_after"] = json!(1);
            }
            _ => {}
        }
        sandbox.fault(&rule);
    }
}

/// The writes go to two organisations of one grant, so that the test fits into Xero's minute.
#[test]
fn three_hundred_writes_survive_faults_on_a_third_of_the_calls() {
    let house = House::with(|config| config.set_raw("sync.batch_max", "10"));
    make_every_third_call_fail(&house.sandbox);
    let written = writes(150);
    for (host_ref, body) in &written {
        for tenant in &house.tenants {
            house.daemon.put(tenant, host_ref, body).ok(201);
        }
    }
    let (mut documents, mut red) = (0, 0);
    for (ours, theirs) in house.tenants.iter().zip(&house.sandbox.tenants) {
        house.daemon.settled(ours, 150, 80);
        red += resync_what_is_red(&house.daemon, ours, &written);
        house.daemon.settled(ours, 150, 60);
        let found = house.sandbox.documents(theirs);
        assert_each_once(&house.daemon, ours, &found, &written);
        documents += found.len();
    }
    assert_eq!(documents, 300);
    let calls = house.sandbox.calls_since(0);
    let struck = calls.iter().filter(|call| call["fault"].is_string()).count();
    eprintln!(
        "{struck} of {} calls were struck; {red} documents were red and sent again",
        calls.len()
    );
    assert!(struck >= 8, "only {struck} of {} calls were struck", calls.len());
    house.sandbox.assert_no_violations();
}
