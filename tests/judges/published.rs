//! The judge itself: it finds no fault with what Xero really sent, and finds the faults it is for.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::recorded::{cassettes, folder, nango};
use crate::schema::bench::{Exchange, faults_of};
use crate::schema::file::{described, documents};
use crate::schema::keys::{self, Fault, LIVE};

fn judge(method: &str, path: &str, status: u16, body: &Value) -> Vec<Fault> {
    faults_of(&Exchange {
        method,
        path,
        status,
        content_type: "application/json; charset=utf-8",
        body: body.to_string().as_bytes(),
    })
}

/// Keys of recorded answers that the published file does not have. That `POST Accounts` and the
/// like are not described is no fault of the recording.
#[test]
fn the_live_keys_are_those_that_recordings_show() {
    let Some(folder) = folder() else { return };
    let mut seen = BTreeSet::new();
    for recorded in nango(&folder).iter().chain(&cassettes(&folder)) {
        let sent = &recorded.sent;
        let Some(described) = described(documents().unwrap(), &sent.method, &sent.path, recorded.status) else {
            panic!("{} {} is not described", sent.method, sent.path);
        };
        let body = recorded.body();
        let errors: Vec<String> = described
            .document
            .validator(described.schema)
            .iter_errors(&body)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{}", recorded.file);
        for fault in keys::faults(described.document, described.schema, &body, &[]) {
            match fault {
                Fault::Stranger { owner, key, .. } => drop(seen.insert((owner, key))),
                other => panic!("{}: {other}", recorded.file),
            }
        }
    }
    let known: BTreeSet<(String, String)> = LIVE
        .iter()
        .map(|(owner, key)| ((*owner).to_owned(), (*key).to_owned()))
        .collect();
    assert_eq!(known, seen);
}

#[test]
fn each_kind_of_fault_is_found() {
    let Some(folder) = folder() else { return };
    let all = nango(&folder);
    let page = all
        .iter()
        .find(|one| one.file.ends_with("/invoices.test.json"))
        .unwrap();
    let (method, path, good) = (page.sent.method.as_str(), page.sent.path.as_str(), page.body());
    assert_eq!(judge(method, path, 200, &good), Vec::new());
    let cases = [
        ("/Invoices/3/Status", json!("BOGUS")),
        ("/Invoices/3/Total", json!("1.00")),
        ("/Invoices/3/Payments", json!({})),
        ("/Invoices/3/Reference", Value::Null),
        ("/Invoices/3/InvoiceID", json!("no guid")),
        ("/Invoices/3/Date", json!("2026-09-01")),
        ("/Invoices/3/Contact/Nmae", json!("City Limousines")),
        ("/Invoices/3/LineItems/0/Quantity", json!("1")),
    ];
    for (at, value) in cases {
        let mut bad = good.clone();
        let (parent, key) = at.rsplit_once('/').unwrap();
        bad.pointer_mut(parent).unwrap()[key] = value;
        assert!(!judge(method, path, 200, &bad).is_empty(), "{at}");
    }
    assert!(!judge("GET", "/api.xro/2.0/Nothing", 200, &json!({})).is_empty());
    assert!(!judge(method, path, 400, &json!({"ErrorNumber": "10"})).is_empty());
}

#[test]
fn what_a_refused_element_repeats_is_not_judged() {
    if documents().is_none() {
        return;
    }
    let refused = |own: Value| {
        let mut element = json!({"InvoiceNumber": 5, "Lines": null, "HasErrors": true});
        element
            .as_object_mut()
            .unwrap()
            .extend(own.as_object().unwrap().clone());
        json!({"ErrorNumber": 10, "Type": "ValidationException", "Message": "no", "Elements": [element]})
    };
    let good = refused(json!({"ValidationErrors": [{"Message": "no"}]}));
    assert_eq!(judge("PUT", "/api.xro/2.0/Invoices", 400, &good), Vec::new());
    let bad = refused(json!({"ValidationErrors": ["no"]}));
    assert!(!judge("PUT", "/api.xro/2.0/Invoices", 400, &bad).is_empty());
    let silent = refused(json!({"ValidationErrors": []}));
    assert!(!judge("PUT", "/api.xro/2.0/Invoices", 400, &silent).is_empty());
}
