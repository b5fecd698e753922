//! 300 host writes while every third call goes wrong: each document is in Xero once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::{Daemon, Documents, House, Sandbox, bill, sale, until};

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
        let document = by_id.get(id).unwrap_or_else(|| panic!("{host_ref} is linked to nothing"));
        assert_eq!(document.invoice_number, body["number"].as_str().unwrap());
        assert_eq!(document.sub_total.get(), body["lines"][0]["unit_price"].as_str().unwrap());
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

fn make_every_third_call_fail(sandbox: &Sandbox) {
    let rule = |fault: &str, path: &str, seed: u64, chance: f64| {
        json!({
            "fault": fault, "match": {"path": path}, "times": null,
            "probability": chance, "seed": seed, "ms": 400, "problem": "minute", "retry_after": 1,
        })
    };
    // Each rule is asked only when those before it let the call pass.
    for (seed, fault) in (1..).zip(["drop_reply_after_write", "error_after_write", "cut_body", "delay"]) {
        sandbox.fault(&rule(fault, "/api.xro/2.0/*", seed, 0.075));
    }
    sandbox.fault(&rule("rate_limit", "/api.xro/2.0/*", 5, 0.06));
}

#[test]
fn three_hundred_writes_survive_faults_on_a_third_of_the_calls() {
    let house = House::with(|config| config.set_raw("sync.batch_max", "10"));
    house.sandbox.control("limits", &json!({"minute": 1000}));
    let tenant = house.ours().to_owned();
    make_every_third_call_fail(&house.sandbox);
    let written = writes(300);
    for (host_ref, body) in &written {
        house.daemon.put(&tenant, host_ref, body).ok(201);
    }
    let counts = until(85, "300 documents to settle", || {
        let counts = house.daemon.counts(&tenant);
        (counts["pending"] == 0 && counts["total"] == 300).then_some(counts)
    });
    let calls = house.sandbox.calls_since(0);
    let struck = calls.iter().filter(|call| call["fault"].is_string()).count();
    eprintln!("{counts}; {struck} of {} calls were struck", calls.len());
    assert!(struck * 5 >= calls.len(), "only {struck} of {} calls were struck", calls.len());
    let red = resync_what_is_red(&house.daemon, &tenant, &written);
    house.daemon.settled(&tenant, 300, 60);
    eprintln!("{red} were red and resynced");
    assert_each_once(&house.daemon, &tenant, &house.sandbox.documents(house.theirs()), &written);
    house.sandbox.assert_no_violations();
}
