//! What a lost answer costs.

use std::collections::BTreeMap;

use serde_json::json;

use crate::figure::{Figure, count};
use crate::place;
use crate::run::Row;
use crate::support::{House, invoice_path, sale, share_out};

const TENANTS: usize = 40;
const WRITES: usize = 6;
/// Lost answers below which the row says nothing.
const LOST_MIN: usize = 200;

pub const ROW: Row = Row {
    name: "lost",
    title: "Documents made twice by a lost answer",
    how: "40 organisations with 6 invoices each, one a call. The sandbox carries out every second write of an invoice and then drops the \
          connection without an answer, repeats of a lost one included. Counted are the documents in Xero when everything is green: more \
          than one with the same number is a duplicate, none is a loss. Peers on the same fault, measured on our sandbox before: xero-python \
          makes one duplicate per lost answer, as do the other clients without an idempotency key when their caller tries again.",
    measure,
};

fn measure() -> Vec<Figure> {
    let house = place::open(TENANTS, |config| config.set_raw("sync.batch_max", "1"));
    place::warm(&house);
    let since = house.sandbox.latest_seq();
    house.sandbox.fault(&json!({
        "match": {"method": "PUT", "path": "/api.xro/2.0/Invoices"},
        "fault": "drop_reply_after_write", "every": 2, "times": null,
    }));
    share_out(&house.daemon.api, 8, TENANTS * WRITES, |connection, nth| {
        let path = invoice_path(&house.tenants[nth % TENANTS], &format!("SO-{nth}"));
        connection.put(&path, &sale(&format!("INV-{nth}")));
    });
    for tenant in &house.tenants {
        place::settled(&house, tenant, WRITES + 1, 180);
    }
    let calls = house.sandbox.calls_since(since);
    let lost = calls
        .iter()
        .filter(|call| call["fault"] == "drop_reply_after_write")
        .count();
    assert!(lost >= LOST_MIN, "only {lost} answers were lost");
    let made = documents(&house);
    let duplicates: usize = made.values().map(|times| times.saturating_sub(1)).sum();
    let missing = (0..TENANTS * WRITES)
        .filter(|nth| !made.contains_key(&format!("INV-{nth}")))
        .count();
    house.sandbox.assert_no_violations();
    let lost = u64::try_from(lost).unwrap();
    vec![
        Figure::new(
            format!("duplicates after {} lost answers", count(lost)),
            duplicates.to_string(),
        )
        .goal("0", duplicates == 0)
        .beside(format!(
            "xero-python: 1 per lost answer, which would be {}",
            count(lost)
        )),
        Figure::new("documents lost", missing.to_string()).goal("0", missing == 0),
    ]
}

/// How often each number was made, or written again, in Xero.
fn documents(house: &House) -> BTreeMap<String, usize> {
    let mut made = BTreeMap::new();
    for theirs in &house.sandbox.tenants {
        for document in house.sandbox.documents(theirs) {
            if document.invoice_number != "WARM" {
                let times = usize::try_from(document.versions).unwrap();
                *made.entry(document.invoice_number).or_default() += times;
            }
        }
    }
    made
}
