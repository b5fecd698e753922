//! Payments, credits, edits and voids that people make in Xero, in the whole daemon.

use serde_json::{Value, json};

use crate::support::{House, invoice_path, sale, until, with};

fn house() -> House {
    House::with(|config| {
        config
            .set("pull.invoices_every", "1s")
            .set("pull.others_every", "1s")
            .set("sync.payment_suppression", "4s")
    })
}

/// An invoice over 100.00.
fn hundred(number: &str) -> Value {
    let mut draft = sale(number);
    draft["lines"] = json!([{
        "description": "Work", "quantity": "1", "unit_price": "100.00", "nominal_code": "200", "tax_type": "NONE",
    }]);
    draft
}

impl House {
    /// The invoice with what came back, once it is so.
    #[track_caller]
    fn once(&self, host_ref: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let path = format!(
            "{}?expand[]=payments&expand[]=credit_notes",
            invoice_path(self.ours(), host_ref)
        );
        until(20, &format!("{host_ref} {what}"), || {
            let invoice = self.daemon.api.get(&path).ok(200);
            is_so(&invoice).then_some(invoice)
        })
    }

    fn happens(&self, scenario: &str, number: &str, args: &Value) {
        let more = json!({ "invoice_number": number, "args": args });
        self.sandbox.trigger(scenario, self.theirs(), &more);
    }

    fn acknowledge(&self, host_ref: &str, what: &str) -> Value {
        let path = format!("{}{what}:acknowledge", invoice_path(self.ours(), host_ref));
        self.daemon.api.post(&path, &json!({ "note": "seen" })).ok(200)
    }
}

#[test]
fn ux_48_ux_49_fifty_and_thirty_are_part_paid_a_deletion_reverts_and_the_rest_is_paid() {
    let house = house();
    house.synced("SO-1", &hundred("INV-1"));
    for pounds in ["50.00", "30.00"] {
        house.happens("payment.partial", "INV-1", &json!({ "amount": pounds }));
    }
    let invoice = house.once("SO-1", "has both payments", |invoice| {
        invoice["totals"]["amount_paid"] == "80.00"
    });
    assert_eq!(invoice["status"], "Part paid");
    let payments = invoice["payments"].as_array().unwrap();
    let methods: Vec<&Value> = payments.iter().map(|payment| &payment["method"]).collect();
    assert_eq!(methods, ["Xero Sync", "Xero Sync"]);
    house.happens("payment.deleted", "INV-1", &json!({}));
    let invoice = house.once("SO-1", "lost one", |invoice| {
        invoice["totals"]["amount_paid"] != "80.00"
    });
    assert_eq!(invoice["status"], "Part paid");
    let deleted = invoice["payments"].as_array().unwrap();
    assert_eq!(
        deleted
            .iter()
            .filter(|payment| !payment["deleted_at"].is_null())
            .count(),
        1
    );
    house.happens("payment.full", "INV-1", &json!({}));
    let invoice = house.once("SO-1", "is paid", |invoice| invoice["status"] == "Paid");
    assert_eq!(invoice["totals"]["amount_due"], "0.00");
    assert_eq!(invoice["sync"]["state"], "synced");
    house.sandbox.assert_no_violations();
}

#[test]
fn a_change_of_a_paid_invoice_is_red_until_the_payment_is_removed() {
    let house = house();
    house.synced("SO-1", &sale("INV-1"));
    house.happens("payment.partial", "INV-1", &json!({ "amount": "10.00" }));
    house.once("SO-1", "is part paid", |invoice| invoice["status"] == "Part paid");
    let mut changed = sale("INV-1");
    changed["lines"][0]["unit_price"] = json!("14.00");
    let words = ["Xero says", "payment"];
    house.turns_red("SO-1", &changed, "not_editable_in_xero", &words);
    house.happens("payment.deleted", "INV-1", &json!({}));
    let invoice = house.once("SO-1", "says what the host says", |invoice| {
        invoice["sync"]["state"] == "synced" && invoice["totals"]["subtotal"] == "42.00"
    });
    assert_eq!(invoice["status"], "Unpaid");
    house.sandbox.assert_no_violations();
}

#[test]
fn ux_37_ux_38_a_credit_note_counts_and_a_removed_allocation_stays_and_does_not() {
    let house = house();
    let mut feed = house.daemon.feed();
    house.synced("SO-1", &hundred("INV-1"));
    house.happens("creditnote.multi_allocation", "INV-1", &json!({ "amount": "20.00" }));
    let invoice = house.once("SO-1", "is credited", |invoice| {
        invoice["credit_notes"]
            .as_array()
            .is_some_and(|credits| !credits.is_empty())
    });
    assert_eq!(invoice["status"], "Part paid");
    let credit = &invoice["credit_notes"][0];
    assert_eq!(
        (&credit["kind"], &credit["counted"]),
        (&json!("credit_note"), &json!(true))
    );
    feed.next_about("credit_note.updated", "SO-1");
    house.happens("allocation.removed", "INV-1", &json!({}));
    let before = invoice["totals"]["amount_credited"].clone();
    let invoice = house.once("SO-1", "lost an allocation", |invoice| {
        invoice["totals"]["amount_credited"] != before
    });
    let credits = invoice["credit_notes"].as_array().unwrap();
    assert_eq!(credits.len(), 1, "it is kept");
    assert_eq!(
        credits[0]["counted"] == json!(false),
        invoice["totals"]["amount_credited"] == "0.00"
    );
}

#[test]
fn ux_69_an_edit_beside_a_payment_is_compared_when_the_payment_has_settled() {
    let house = house();
    house.synced("SO-1", &hundred("INV-1"));
    house.happens("payment.partial", "INV-1", &json!({ "amount": "50.00" }));
    house.happens(
        "invoice.edit",
        "INV-1",
        &json!({ "line": 1, "description": "Other work" }),
    );
    let invoice = house.once("SO-1", "is part paid", |invoice| invoice["status"] == "Part paid");
    assert_eq!(invoice["suppression"]["reason"], "payment_pending");
    assert_eq!(invoice["variance"], Value::Null, "status only");
    let invoice = house.once("SO-1", "is compared", |invoice| invoice["variance"] != Value::Null);
    assert_eq!(
        (&invoice["variance"]["label"], &invoice["suppression"]),
        (&json!("Variance"), &Value::Null)
    );
}

#[test]
fn ux_69_a_signal_of_the_host_suppresses_the_comparison_at_once() {
    let house = house();
    house.synced("SO-1", &with(hundred("INV-1"), "/host_status", json!("pending")));
    let path = format!("{}/payment-signals", invoice_path(house.ours(), "SO-1"));
    let signalled = house.daemon.api.post(&path, &json!({})).ok(200);
    assert_eq!(signalled["suppression"]["reason"], "payment_pending");
    house.happens(
        "invoice.edit",
        "INV-1",
        &json!({ "line": 1, "description": "Other work" }),
    );
    house.once("SO-1", "is deferred", |invoice| {
        invoice["suppression"]["deferred"] == true
    });
    house.once("SO-1", "took the edit over", |invoice| {
        invoice["lines"][0]["description"] == "Other work"
    });
}

#[test]
fn ux_50_a_void_in_xero_frees_the_work_order_and_ux_18_tells_a_conflict_until_acknowledged() {
    let house = house();
    let mut feed = house.daemon.feed();
    for (host_ref, number, order) in [
        ("SO-1", "INV-1", "WO-1"),
        ("SO-2", "INV-2", "WO-2"),
        ("SO-3", "INV-3", "WO-2"),
    ] {
        house.synced(host_ref, &with(hundred(number), "/work_order_ref", json!(order)));
    }
    house.happens("invoice.voided", "INV-1", &json!({}));
    let freed = house.once("SO-1", "freed its order", |invoice| {
        invoice["work_order"]["link"] == "freed"
    });
    assert_eq!(
        (&freed["status"], &freed["sync"]["state"]),
        (&json!("Void"), &json!("synced"))
    );
    feed.next_about("invoice.work_order_freed", "SO-1");
    house.happens("invoice.voided", "INV-2", &json!({}));
    let conflict = house.once("SO-2", "is red", |invoice| invoice["sync"]["state"] == "failed");
    let live = house.daemon.invoice(house.ours(), "SO-3");
    let keeper = format!("kept_by:{}", live["id"].as_str().unwrap());
    assert_eq!(
        (&conflict["status"], &conflict["work_order"]["link"]),
        (&json!("Void"), &json!(keeper))
    );
    assert_eq!(conflict["sync"]["reason"]["title"], "Work order already re-invoiced");
    assert_eq!(
        (&live["status"], &live["sync"]["state"]),
        (&json!("Unpaid"), &json!("synced"))
    );
    feed.next_about("invoice.conflict", "SO-2");
    let counts = |house: &House| house.daemon.counts(house.ours());
    assert_eq!(
        (&counts(&house)["failed"], &counts(&house)["acknowledged"]),
        (&json!(1), &json!(0))
    );
    let looked = house.acknowledge("SO-2", "");
    assert_eq!(
        (&counts(&house)["failed"], &counts(&house)["acknowledged"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(
        (&looked["sync"]["state"], &looked["sync"]["reason"]),
        (&json!("synced"), &Value::Null)
    );
}

#[test]
fn ux_65_ux_66_a_high_variance_is_listed_until_it_is_acknowledged() {
    let house = house();
    house.synced("SO-1", &hundred("INV-1"));
    house.happens("edit.high_variance", "INV-1", &json!({}));
    let invoice = house.once("SO-1", "differs", |invoice| {
        invoice["variance"]["level"] == "high_variance"
    });
    assert_eq!(invoice["variance"]["label"], "High Variance");
    let open = || {
        let path = format!("/v1/tenants/{}/invoices?variance=high_variance", house.ours());
        house.daemon.api.get(&path).ok(200)["data"].as_array().unwrap().len()
    };
    assert_eq!(open(), 1);
    let path = format!("{}/variance", invoice_path(house.ours(), "SO-1"));
    let shown = house.daemon.api.get(&path).ok(200);
    assert_eq!(shown["changes"][0]["disposition_label"], "Review required");
    let looked = house.acknowledge("SO-1", "/variance");
    assert_eq!(looked["variance"]["acknowledged"]["note"], "seen");
    assert_eq!(open(), 0);
    assert_eq!(looked["lines"], invoice["lines"], "nothing of the host's changed");
}
