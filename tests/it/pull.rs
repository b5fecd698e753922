//! What happens in Xero comes back without any webhook.

use serde_json::{Value, json};

use crate::support::{House, invoice_path, sale, until, with};

fn house() -> House {
    House::with(|config| config.set("pull.invoices_every", "1s"))
}

impl House {
    /// The invoice with its payments, once it stands so.
    fn stands(&self, host_ref: &str, status: &str) -> Value {
        let path = format!("{}?expand[]=payments", invoice_path(self.ours(), host_ref));
        until(20, &format!("{host_ref} is {status}"), || {
            let invoice = self.daemon.api.get(&path).ok(200);
            (invoice["status"] == status).then_some(invoice)
        })
    }

    fn pay(&self, number: &str, pounds: &str) {
        let paid = json!({ "invoice_number": number, "args": { "amount": pounds } });
        self.sandbox.trigger("payment.partial", self.theirs(), &paid);
    }
}

/// An invoice over 100.00.
pub fn hundred(number: &str) -> Value {
    let mut draft = sale(number);
    draft["lines"] = json!([{ "description": "Work", "quantity": "1", "unit_price": "100.00", "nominal_code": "200", "tax_type": "NONE" }]);
    draft
}

#[test]
fn ux_47_ux_48_ux_49_payments_come_back_add_up_and_their_deletion_reverts() {
    let house = house();
    let mut feed = house.daemon.feed();
    house.synced("SO-1", &hundred("INV-1"));
    house.pay("INV-1", "50.00");
    house.stands("SO-1", "Part paid");
    feed.next_about("invoice.part_paid", "SO-1");
    house.pay("INV-1", "30.00");
    let amounts = |invoice: &Value| -> Vec<String> {
        let payments = invoice["payments"].as_array().unwrap();
        let live = payments.iter().filter(|payment| payment["deleted_at"].is_null());
        live.map(|payment| payment["amount"].as_str().unwrap().to_owned())
            .collect()
    };
    let path = format!("{}?expand[]=payments", invoice_path(house.ours(), "SO-1"));
    let invoice = until(20, "the second payment is here", || {
        let invoice = house.daemon.api.get(&path).ok(200);
        (amounts(&invoice).len() == 2).then_some(invoice)
    });
    assert_eq!(amounts(&invoice), ["50.00", "30.00"]);
    assert_eq!(
        (&invoice["status"], &invoice["totals"]["amount_paid"]),
        (&json!("Part paid"), &json!("80.00"))
    );
    for payment in invoice["payments"].as_array().unwrap() {
        assert_eq!(
            (&payment["method"], &payment["system"]),
            (&json!("Xero Sync"), &json!(true))
        );
    }
    house.pay("INV-1", "20.00");
    house.stands("SO-1", "Paid");
    feed.next_about("invoice.paid", "SO-1");
    let deleted = json!({ "invoice_number": "INV-1" });
    house.sandbox.trigger("payment.delete", house.theirs(), &deleted);
    let invoice = house.stands("SO-1", "Part paid");
    assert_eq!(amounts(&invoice), ["50.00", "30.00"]);
    let kept = invoice["payments"].as_array().unwrap().len();
    assert_eq!(kept, 3, "the deleted one is kept and marked");
    feed.next("the deletion", |event| event["type"] == "payment.deleted");
    assert_eq!(invoice["sync"]["state"], "synced");
    house.sandbox.assert_no_violations();
}

#[test]
fn ux_50_a_void_in_xero_is_a_void_here() {
    let house = house();
    let mut feed = house.daemon.feed();
    house.synced("SO-1", &hundred("INV-1"));
    let void = json!({ "invoice_number": "INV-1" });
    house.sandbox.trigger("invoice.void", house.theirs(), &void);
    let invoice = house.stands("SO-1", "Void");
    assert_eq!(invoice["xero_status"], "VOIDED");
    feed.next_about("invoice.voided", "SO-1");
}

#[test]
fn ux_64_ux_67_an_edit_in_xero_is_a_variance_and_a_pending_invoice_takes_its_safe_part_over() {
    let house = house();
    let mut feed = house.daemon.feed();
    house.synced("SO-1", &hundred("INV-1"));
    house.synced("SO-2", &with(hundred("INV-2"), "/host_status", json!("pending")));
    for number in ["INV-1", "INV-2"] {
        let edit = json!({ "invoice_number": number, "args": { "line": 1, "description": "Other work" } });
        house.sandbox.trigger("invoice.edit", house.theirs(), &edit);
    }
    feed.next_about("invoice.variance_detected", "SO-1");
    let approved = house.daemon.invoice(house.ours(), "SO-1");
    assert_eq!(
        (&approved["variance"]["level"], &approved["variance"]["label"]),
        (&json!("variance"), &json!("Variance"))
    );
    assert_eq!(
        approved["lines"][0]["description"], "Work",
        "it is for a person to decide"
    );
    let pending = until(20, "the pending invoice took the edit over", || {
        let pending = house.daemon.invoice(house.ours(), "SO-2");
        (pending["lines"][0]["description"] == "Other work").then_some(pending)
    });
    // The host repeats what it wrote before it heard of that.
    let draft = with(hundred("INV-2"), "/host_status", json!("pending"));
    let repeated = house.daemon.put(house.ours(), "SO-2", &draft).ok(200);
    assert_eq!(
        (&repeated["lines"][0]["description"], &repeated["etag"]),
        (&json!("Other work"), &pending["etag"])
    );
    assert_eq!(
        (&pending["variance"], &pending["sync"]["state"]),
        (&Value::Null, &json!("synced"))
    );
}

#[test]
fn a_daemon_that_was_down_reads_what_it_missed_when_it_starts() {
    let mut house = house();
    house.synced("SO-1", &hundred("INV-1"));
    house.daemon.process.kill();
    house.pay("INV-1", "50.00");
    house.daemon = crate::support::Daemon::start(&house.config);
    house.stands("SO-1", "Part paid");
}
