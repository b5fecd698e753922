//! Streams beside the one of invoices, each by itself in the whole daemon.

use serde_json::{Value, json};

use crate::support::{House, invoice_path, sale, until, with};

/// Invoices are scanned when the daemon starts and then not for an hour.
fn house() -> House {
    House::with(|config| config.set("pull.invoices_every", "1h").set("pull.others_every", "1s"))
}

fn status(house: &House, host_ref: &str, wanted: &str) -> Value {
    until(20, &format!("{host_ref} is {wanted}"), || {
        let path = format!("{}?expand[]=payments", invoice_path(house.ours(), host_ref));
        let invoice = house.daemon.api.get(&path).ok(200);
        (invoice["status"] == wanted).then_some(invoice)
    })
}

fn happens(house: &House, scenario: &str, more: &Value) {
    house.sandbox.trigger(scenario, house.theirs(), more);
}

#[test]
fn ux_47_the_stream_of_payments_alone_brings_payments_and_their_deletion() {
    let house = house();
    house.synced("SO-1", &sale("INV-1"));
    let one = json!({ "invoice_number": "INV-1", "args": { "amount": "5.00" } });
    happens(&house, "payment.partial", &one);
    let invoice = status(&house, "SO-1", "Part paid");
    assert_eq!(invoice["payments"][0]["amount"], "5.00");
    happens(&house, "payment.deleted", &json!({ "invoice_number": "INV-1" }));
    let invoice = status(&house, "SO-1", "Unpaid");
    assert!(invoice["payments"][0]["deleted_at"].is_string());
    house.sandbox.assert_no_violations();
}

#[test]
fn ux_19_a_payment_made_and_deleted_unseen_is_red_until_acknowledged() {
    let mut house = house();
    house.synced("SO-1", &sale("INV-1"));
    house.daemon.process.kill();
    let one = json!({ "invoice_number": "INV-1", "args": { "amount": "5.00" } });
    happens(&house, "payment.partial", &one);
    happens(&house, "payment.deleted", &json!({ "invoice_number": "INV-1" }));
    house.daemon = crate::support::Daemon::start(&house.config);
    let invoice = house.daemon.badge(house.ours(), "SO-1", "failed");
    assert_eq!(invoice["sync"]["reason"]["title"], "Payment delete - no match");
    let path = format!("{}:acknowledge", invoice_path(house.ours(), "SO-1"));
    house.daemon.api.post(&path, &json!({})).ok(200);
    house.daemon.badge(house.ours(), "SO-1", "synced");
}

#[test]
fn a_contact_that_was_merged_takes_its_partys_documents_with_it() {
    let house = house();
    let mut feed = house.daemon.feed();
    let acme = |number: &str, reference: &str, name: &str| {
        let party = json!({ "ref": reference, "name": name });
        with(sale(number), "/contact", party)
    };
    house.synced("SO-1", &acme("INV-1", "C-1", "Acme Old"));
    house.synced("SO-2", &acme("INV-2", "C-2", "Acme New"));
    let survivor = house.sandbox.only(house.theirs(), "INV-2")["Contact"]["ContactID"].clone();
    let merge = json!({ "args": { "contact_name": "Acme Old", "into_name": "Acme New" } });
    happens(&house, "contact.merge", &merge);
    feed.next("the merge", |event| event["type"] == "contact.merged");
    let contacts = house.sandbox.rows(house.theirs(), "contacts").len();
    house.synced("SO-3", &acme("INV-3", "C-1", "Acme Old"));
    let third = house.sandbox.only(house.theirs(), "INV-3");
    assert_eq!(third["Contact"]["ContactID"], survivor);
    assert_eq!(house.sandbox.rows(house.theirs(), "contacts").len(), contacts);
}

#[test]
fn an_archived_contact_is_named_before_anything_is_sent() {
    let house = house();
    let mut feed = house.daemon.feed();
    let draft = with(sale("INV-1"), "/contact", json!({ "ref": "C-1", "name": "Gone Ltd" }));
    house.synced("SO-1", &draft);
    happens(
        &house,
        "contact.archive",
        &json!({ "args": { "contact_name": "Gone Ltd" } }),
    );
    feed.next("the archiving", |event| event["type"] == "contact.archived");
    let next = with(draft, "/number", json!("INV-2"));
    house.daemon.put(house.ours(), "SO-2", &next).ok(201);
    let invoice = house.daemon.badge(house.ours(), "SO-2", "failed");
    assert_eq!(invoice["sync"]["reason"]["code"], "contact_archived");
}
