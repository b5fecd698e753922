//! What must be true in the end, by the numbers of `docs/INVARIANTS.md`: judged by the sandbox's own
//! documents and log, by what the hosts were told, and by the feed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::follower::Told;
use super::host::{Document, Ledger, Version, assert_is_candidate};
use super::stage::Stage;
use crate::support::{Api, invoice_path};

/// Ledgers by our id of the organisation.
pub type Ledgers = BTreeMap<String, Arc<Mutex<Ledger>>>;

/// What was counted.
#[derive(Debug, Default)]
pub struct Count {
    /// Documents in Xero.
    pub in_xero: usize,
    /// Writes that were answered 2xx.
    pub accepted: usize,
    /// Writes without an answer.
    pub unanswered: usize,
    /// *Sync now*.
    pub resyncs: usize,
    /// Documents that were red in the end.
    pub red: Vec<String>,
}

/// Judges one organisation. `ours` and `theirs` are its ids.
#[track_caller]
pub fn judge(stage: &Stage, api: &Api, (ours, theirs): (&str, &str), ledger: &Ledger, told: &Told, count: &mut Count) {
    let rows = stage.sandbox.rows(theirs, "invoices");
    let by_id: BTreeMap<&str, &Value> = rows
        .iter()
        .map(|row| (row["InvoiceID"].as_str().unwrap(), row))
        .collect();
    let mut markers = BTreeMap::new();
    for row in &rows {
        let marker = marker_of(row).unwrap_or_else(|| panic!("a document nobody marked: {row}"));
        if let Some(other) = markers.insert(marker, row) {
            panic!("2: two documents for one: {other}\n{row}");
        }
    }
    let mut linked = BTreeSet::new();
    for document in &ledger.documents {
        let name = (ours.to_owned(), document.host_ref.clone());
        let answer = api.get(&invoice_path(ours, &document.host_ref));
        if answer.status == 404 {
            assert!(
                document.accepted().is_none(),
                "7: {document:?} was accepted and is gone"
            );
            assert!(!told.green.contains_key(&name), "8: {document:?} was green and is gone");
            continue;
        }
        let shown = answer.ok(200);
        assert_is_candidate(document, &shown);
        assert_ne!(shown["sync"]["state"], "pending", "36: still grey: {shown}");
        assert_eq!(
            told.badges[&name], shown["sync"]["state"],
            "31: the last event about {name:?} tells another badge than {shown}"
        );
        let id = shown["xero"]["invoice_id"].as_str();
        if let Some(id) = id {
            assert!(linked.insert(id.to_owned()), "9: {id} is linked twice");
        }
        assert!(
            told.green.get(&name).is_none_or(|told| Some(told.as_str()) == id),
            "8: {name:?} was told to be {:?} and is {shown}",
            told.green.get(&name)
        );
        if shown["sync"]["state"] == "failed" {
            count
                .red
                .push(format!("{} {}", document.host_ref, shown["sync"]["reason"]));
            continue;
        }
        compare(document, &shown, id.map(|id| by_id[id]));
    }
    let strangers: Vec<_> = rows
        .iter()
        .filter(|row| !linked.contains(row["InvoiceID"].as_str().unwrap()))
        .collect();
    assert!(
        strangers.is_empty(),
        "1: documents in Xero that nothing here is linked to: {strangers:#?}"
    );
    contacts_are_unique(&stage.sandbox.rows(theirs, "contacts"));
    count.in_xero += rows.len();
    count.accepted += ledger.accepted;
    count.unanswered += ledger.unanswered;
    count.resyncs += ledger.resyncs;
}

/// What is shown here and what Xero has is what the host wrote last.
#[track_caller]
fn compare(document: &Document, shown: &Value, found: Option<&Value>) {
    let last = as_shown(document, shown);
    match (last.status, found) {
        ("approved", None) => panic!("33: {document:?} is not in Xero: {shown}"),
        ("approved", Some(found)) => {
            assert_eq!(shown["sync"]["state"], "synced", "33: {shown}");
            assert_eq!(shown["sync"]["pending_change"], false, "33: {shown}");
            assert_eq!(found["Status"], "AUTHORISED", "33: {document:?}");
            assert_eq!(price_of(found), last.price, "33: {document:?}\n{found}");
        }
        ("void", Some(found)) => {
            let status = found["Status"].as_str().unwrap();
            assert!(["VOIDED", "DELETED"].contains(&status), "33: {document:?} is {status}");
        }
        (_, Some(found)) => assert_eq!(found["Status"], "DRAFT", "{document:?}"),
        (_, None) => assert_eq!(shown["sync"]["state"], Value::Null, "{shown}"),
    }
    if let Some(found) = found {
        assert_eq!(found["InvoiceNumber"], document.number, "{document:?}");
        assert_eq!(found["Type"], if document.is_bill { "ACCPAY" } else { "ACCREC" });
        assert_eq!(found["Contact"]["Name"], format!("Party {} Ltd", document.party));
    }
}

/// The version that is shown: one of the candidates, as was asserted.
fn as_shown<'a>(document: &'a Document, shown: &Value) -> &'a Version {
    let price: Decimal = shown["lines"][0]["unit_price"].as_str().unwrap().parse().unwrap();
    document.versions.iter().find(|version| version.price == price).unwrap()
}

fn price_of(found: &Value) -> Decimal {
    let price = &found["LineItems"][0]["UnitAmount"];
    price.to_string().parse::<Decimal>().unwrap().normalize()
}

fn marker_of(row: &Value) -> Option<&str> {
    let (_, query) = row["Url"].as_str()?.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix("cf="))
}

#[track_caller]
fn contacts_are_unique(rows: &[Value]) {
    let mut names = BTreeSet::new();
    for row in rows {
        let name = row["Name"].as_str().unwrap().to_lowercase();
        assert!(names.insert(name), "a contact was made twice: {row}");
    }
}

/// Nothing is under way any more, and every connection is as it was.
#[track_caller]
pub fn assert_at_rest(api: &Api, ledgers: &Ledgers) {
    for state in ["queued", "running", "waiting"] {
        let open = api.get(&format!("/v1/operations?state={state}")).ok(200);
        assert_eq!(open["data"], json!([]), "36: operations that do not end");
    }
    for tenant in ledgers.keys() {
        let shown = api.get(&format!("/v1/tenants/{tenant}")).ok(200);
        assert_eq!(shown["connection"]["state"], "active", "{shown}");
        assert_eq!(shown["parked"], Value::Null);
    }
}

/// Who reads the feed again from its start reads the same.
#[track_caller]
pub fn assert_same_feed(api: &Api, told: &Told) {
    let mut again = Told::default();
    while again.read(api, 0, |_| {}) == Some(true) {}
    assert!(
        again.events == told.events,
        "31: the feed is another one when it is read again"
    );
}

/// What the sandbox held against the daemon, in two parts: what a kill explains, and the rest.
///
/// A 429 that was heard and not yet stored binds nobody after the kill. Nothing else is explained.
pub fn violations(stage: &Stage, killed_at: &[i64]) -> (usize, Vec<Value>) {
    /// From the answer to its being stored.
    const HEARD_MS: i64 = 100;
    let rows = stage.sandbox.api.get("/_sandbox/violations").ok(200);
    let calls = stage.sandbox.api.get("/_sandbox/requests").ok(200);
    let calls = calls["data"].as_array().unwrap();
    let at = |row: &Value| row["at_ms"].as_i64().unwrap();
    let is_explained = |row: &&Value| {
        let refused = calls.iter().rev().find(|call| {
            call["status"] == 429 && call["tenant_id"] == row["tenant_id"] && call["seq"].as_u64() < row["seq"].as_u64()
        });
        let was_lost = |refused: &Value| {
            killed_at
                .iter()
                .any(|killed| (-5..HEARD_MS).contains(&(killed - at(refused))))
        };
        row["kind"] == "early_call" && refused.is_some_and(was_lost)
    };
    let (explained, rest): (Vec<&Value>, Vec<&Value>) = rows["data"].as_array().unwrap().iter().partition(is_explained);
    (explained.len(), rest.into_iter().cloned().collect())
}

/// How many calls of each kind Xero saw.
pub fn calls(stage: &Stage) -> BTreeMap<String, usize> {
    let calls = stage.sandbox.api.get("/_sandbox/requests").ok(200);
    let mut kinds = BTreeMap::new();
    for call in calls["data"].as_array().unwrap() {
        let text = |name: &str| call[name].as_str().unwrap_or_default();
        let mut place = text("path").split('/').skip(3);
        let what = place.next().unwrap_or_else(|| text("path"));
        *kinds.entry(format!("{} {what}", text("method"))).or_default() += 1;
    }
    kinds
}
