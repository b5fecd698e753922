//! Credit notes: writing, shapes, allocations and what takes them back.

use serde_json::{Value, json};

use super::credit_desk::{amounts, text};
use super::desk::Desk;

const MONEY: [&str; 3] = ["AmountDue", "AmountPaid", "AmountCredited"];

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn behaviour_18_credit_notes_and_invoices_draw_from_one_series_and_sales_numbers_are_unique() {
    let mut desk = Desk::new();
    let line = json!([{"Description":"x","Quantity":1,"UnitAmount":1,"AccountCode":"200"}]);
    let mut number = |resource: &str, kind: &str, key: &str| {
        let body = json!({"Type": kind, "Contact": {"Name": "A"}, "LineItems": line});
        let reply = desk.call("PUT", resource, &body.to_string());
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json[resource][0][key].clone()
    };
    assert_eq!(number("Invoices", "ACCREC", "InvoiceNumber"), "INV-0001");
    assert_eq!(number("CreditNotes", "ACCRECCREDIT", "CreditNoteNumber"), "CN-0002");
    assert_eq!(number("Invoices", "ACCREC", "InvoiceNumber"), "INV-0003");
    desk.credit_note("C-1", "DRAFT", "1");
    let body = json!({"Type":"ACCRECCREDIT","CreditNoteNumber":"c-1","Contact":{"Name":"A"},"LineItems":line});
    let twice = desk.call("PUT", "CreditNotes", &body.to_string());
    assert!(
        twice.status == 400 && twice.text.contains("Credit Note # must be unique."),
        "{}",
        twice.text
    );
    // POST with that number edits it; a purchase credit note may have any number, or none.
    let edit = desk.call(
        "POST",
        "CreditNotes",
        r#"{"CreditNoteNumber":"C-1","Reference":"edited"}"#,
    );
    assert_eq!(edit.json["CreditNotes"][0]["Reference"], "edited", "{}", edit.text);
    for number in [json!("C-1"), json!("C-1"), Value::Null] {
        let line = json!([{"Description":"x","Quantity":1,"UnitAmount":1,"AccountCode":"300"}]);
        let body = json!({"Type":"ACCPAYCREDIT","CreditNoteNumber":number,"Contact":{"Name":"A"},"LineItems":line});
        let made = desk.call("PUT", "CreditNotes", &body.to_string()).json["CreditNotes"][0].clone();
        assert_eq!(made["CreditNoteNumber"], number);
    }
}

#[test]
fn behaviour_19_a_credit_note_has_its_own_three_shapes() {
    let mut desk = Desk::new();
    desk.control("POST", "reset", "");
    let written = desk.credit_note("C-1", "AUTHORISED", "100");
    let single = desk.one("CreditNotes", "C-1");
    let listed = |desk: &mut Desk, target: &str| {
        let all = desk.get(target).json["CreditNotes"].clone();
        let found = all
            .as_array()
            .unwrap()
            .iter()
            .find(|note| note["CreditNoteNumber"] == "C-1");
        found.unwrap().clone()
    };
    let paged = listed(&mut desk, "CreditNotes?page=1");
    let plain = listed(&mut desk, "CreditNotes");
    for shape in [&written, &single, &paged, &plain] {
        assert_eq!(
            (&shape["Payments"], &shape["Allocations"]),
            (&json!([]), &json!([])),
            "even when empty"
        );
        assert_eq!(shape["ID"], shape["CreditNoteID"]);
        assert_eq!(
            amounts(shape, &["SubTotal", "TotalTax", "Total", "RemainingCredit"]),
            "100.0 20.0 120.0 120.0"
        );
        assert!(!shape.to_string().contains("null"), "{shape}");
        assert!(!keys(shape).contains(&"FullyPaidOnDate") && !keys(shape).contains(&"AppliedAmount"));
    }
    assert!(keys(&paged).contains(&"InvoiceAddresses") && !keys(&single).contains(&"InvoiceAddresses"));
    assert!(keys(&single).contains(&"Attachments") && !keys(&written).contains(&"HasAttachments"));
    assert_eq!(
        (&plain["LineItems"], paged["LineItems"].as_array().unwrap().len()),
        (&json!([]), 1)
    );
    assert!(single["Contact"]["ContactStatus"].is_string() && paged["Contact"]["ContactStatus"].is_null());
    assert_eq!(written["StatusAttributeString"], "OK");
    assert_eq!(single["LineItems"][0]["ValidationErrors"], json!([]));
}

#[test]
fn behaviour_21_a_credit_note_moves_like_an_invoice() {
    let allowed = [
        ("DRAFT", "SUBMITTED"),
        ("DRAFT", "AUTHORISED"),
        ("DRAFT", "DELETED"),
        ("SUBMITTED", "DRAFT"),
        ("SUBMITTED", "AUTHORISED"),
        ("SUBMITTED", "DELETED"),
        ("AUTHORISED", "VOIDED"),
    ];
    for from in ["DRAFT", "SUBMITTED", "AUTHORISED"] {
        for to in ["DRAFT", "SUBMITTED", "AUTHORISED", "PAID", "VOIDED", "DELETED"] {
            let mut desk = Desk::new();
            desk.credit_note("C-1", from, "10");
            let reply = desk.call("POST", "CreditNotes/C-1", &json!({"Status": to}).to_string());
            let fine = from == to || allowed.contains(&(from, to));
            assert_eq!(
                reply.status,
                if fine { 200 } else { 400 },
                "{from} to {to}: {}",
                reply.text
            );
            let refused = reply.text.contains("Credit Note not of valid status for modification");
            assert_eq!(refused, !fine);
            let now = desk.one("CreditNotes", "C-1");
            assert_eq!(now["Status"], if fine { to } else { from });
            if matches!(text(&now["Status"]), "VOIDED" | "DELETED") {
                assert_eq!(now["RemainingCredit"].to_string(), "0.0");
                let late = desk.call("POST", "CreditNotes/C-1", r#"{"Reference":"late"}"#);
                assert_eq!(late.status, 400);
            }
        }
    }
    let mut desk = Desk::new();
    for (body, message) in [
        (json!({"Contact":{"Name":"A"}}), "Credit Note Type must be specified"),
        (
            json!({"Type":"ACCRECCREDIT"}),
            "A Contact must be specified for this type of transaction",
        ),
        (
            json!({"Type":"ACCRECCREDIT","Contact":{"Name":"A"}}),
            "One or more line items must be specified",
        ),
        (
            json!({"Type":"ACCRECCREDIT","Contact":{"Name":"A"},"Status":"PAID"}),
            "Credit Note not of valid status for creation",
        ),
        (
            json!({"CreditNoteID":"6f3c7a0e-0000-4000-8000-000000000000"}),
            "An existing Credit Note with the specified CreditNoteID could not be found",
        ),
    ] {
        let reply = desk.call("POST", "CreditNotes", &body.to_string());
        assert!(
            reply.status == 400 && reply.text.contains(message),
            "{body}: {}",
            reply.text
        );
    }
    let discount = json!({"Type":"ACCRECCREDIT","Contact":{"Name":"A"},"LineItems":[
        {"Description":"x","Quantity":1,"UnitAmount":10,"AccountCode":"200","DiscountRate":10}]});
    assert_eq!(desk.call("PUT", "CreditNotes", &discount.to_string()).status, 400);
}

#[test]
fn behaviour_30_credit_is_applied_in_parts_until_it_is_spent() {
    let mut desk = Desk::new();
    desk.invoice("A-1", "AUTHORISED");
    desk.invoice("A-2", "AUTHORISED");
    desk.credit_note("C-1", "AUTHORISED", "125");
    let made = desk.allocate("CreditNotes/C-1", "A-1", "120.00");
    assert_eq!(made.status, 200, "{}", made.text);
    let part = &made.json["Allocations"][0];
    let note = desk.one("CreditNotes", "C-1");
    assert_eq!(part["CreditNote"]["CreditNoteID"], note["CreditNoteID"]);
    assert_eq!(part["AllocationID"], note["Allocations"][0]["AllocationID"]);
    assert_eq!(amounts(&note["Allocations"][0], &["Amount"]), "120.0");
    assert_eq!(note["Allocations"][0]["Invoice"]["InvoiceNumber"], "A-1");
    assert_eq!(
        (note["RemainingCredit"].to_string(), &note["Status"]),
        ("30.0".into(), &json!("AUTHORISED"))
    );
    let paid = desk.one("Invoices", "A-1");
    assert_eq!(amounts(&paid, &MONEY), "0.0 0.0 120.0");
    assert_eq!(
        (&paid["Status"], &paid["FullyPaidOnDate"]),
        (&json!("PAID"), &json!("/Date(1789171200000+0000)/"))
    );

    assert_eq!(desk.allocate("CreditNotes/C-1", "A-2", "30").status, 200);
    let note = desk.one("CreditNotes", "C-1");
    assert_eq!(
        (amounts(&note, &["RemainingCredit"]), &note["Status"]),
        ("0.0".into(), &json!("PAID"))
    );
    assert_eq!(
        note["FullyPaidOnDate"], "/Date(1789171200000+0000)/",
        "of the last allocation"
    );
    assert_eq!(
        amounts(&desk.one("Invoices", "A-2"), &MONEY),
        "90.0 null 30.0".replace("null", "0.0")
    );
    assert_eq!(desk.violations(), Vec::<String>::new());
}

#[test]
fn behaviour_30_what_does_not_fit_is_refused_and_changes_nothing() {
    let mut desk = Desk::new();
    desk.invoice("A-1", "AUTHORISED");
    desk.invoice("A-2", "DRAFT");
    desk.invoice("A-3", "AUTHORISED");
    desk.play("payment.full", "A-3", &json!({}));
    desk.play("invoice.create", "", &json!({"number":"B-1","contact_name":"Other"}));
    desk.play(
        "invoice.create",
        "",
        &json!({"number":"B-2","type":"ACCPAY","contact_name":"City Limousines","account_code":"300"}),
    );
    desk.credit_note("C-1", "AUTHORISED", "50");
    desk.credit_note("C-2", "DRAFT", "50");
    let too_much = "Credit Note cannot be allocated as amount is greater than amount outstanding";
    for (note, invoice, amount, message) in [
        ("C-1", "A-1", "60.01", too_much),
        ("C-1", "A-1", "0", "Allocation amount must be greater than zero"),
        ("C-1", "A-1", "many", "Amount must be a number"),
        (
            "C-1",
            "A-2",
            "1",
            "Credit Note can only be allocated to Authorised invoices",
        ),
        (
            "C-1",
            "A-3",
            "1",
            "The invoice you are trying to allocate to has already been paid off",
        ),
        (
            "C-1",
            "B-1",
            "1",
            "Credit Note cannot be allocated to an invoice of another contact",
        ),
        (
            "C-1",
            "B-2",
            "1",
            "Credit Note cannot be allocated to an incorrect invoice type",
        ),
        (
            "C-1",
            "nope",
            "1",
            "An existing Invoice with the specified InvoiceID could not be found",
        ),
        ("C-2", "A-1", "1", "Credit Note must be Authorised to be allocated"),
    ] {
        let reply = desk.allocate(&format!("CreditNotes/{note}"), invoice, amount);
        assert!(
            reply.status == 400 && reply.text.contains(message),
            "{note} {invoice} {amount}: {}",
            reply.text
        );
    }
    assert_eq!(desk.allocate("CreditNotes/C-9", "A-1", "1").status, 404);
    assert_eq!(amounts(&desk.one("Invoices", "A-1"), &["AmountDue"]), "120.0");
    assert_eq!(amounts(&desk.one("CreditNotes", "C-1"), &["RemainingCredit"]), "60.0");
}

#[test]
fn behaviour_30_an_allocation_is_a_call_of_its_own_and_has_an_amount() {
    let mut desk = Desk::new();
    desk.invoice("A-1", "AUTHORISED");
    desk.credit_note("C-1", "AUTHORISED", "50");
    // `AppliedAmount` is the name in XML only.
    let xml_name = json!({"Allocations":[{"AppliedAmount":1,"Invoice":{"InvoiceNumber":"A-1"}}]});
    let reply = desk.call("PUT", "CreditNotes/C-1/Allocations", &xml_name.to_string());
    assert!(
        reply.status == 400 && reply.text.contains("Allocation amount must be specified"),
        "{}",
        reply.text
    );
    // An allocation inside a new credit note is not made.
    let inside = json!({"Type":"ACCRECCREDIT","CreditNoteNumber":"C-3","Status":"AUTHORISED","Contact":{"Name":"City Limousines"},
        "LineItems":[{"Description":"x","Quantity":1,"UnitAmount":1,"AccountCode":"200"}],
        "Allocations":[{"Amount":1,"Invoice":{"InvoiceNumber":"A-1"}}]});
    let made = desk.call("PUT", "CreditNotes", &inside.to_string());
    assert_eq!(
        (made.status, &made.json["CreditNotes"][0]["Allocations"]),
        (200, &json!([])),
        "{}",
        made.text
    );
    assert_eq!(amounts(&desk.one("Invoices", "A-1"), &["AmountDue"]), "120.0");
    assert_eq!(amounts(&desk.one("CreditNotes", "C-1"), &["RemainingCredit"]), "60.0");
}

#[test]
fn behaviour_31_both_sides_show_what_was_applied_and_are_locked_by_it() {
    let mut desk = Desk::new();
    desk.invoice("A-1", "AUTHORISED");
    desk.credit_note("C-1", "AUTHORISED", "50");
    desk.allocate("CreditNotes/C-1", "A-1", "45.50");
    let note = desk.one("CreditNotes", "C-1");
    let single = desk.one("Invoices", "A-1");
    let listed = desk.get("Invoices?page=1&InvoiceNumbers=A-1").json["Invoices"][0].clone();
    for shape in [&single, &listed] {
        let part = &shape["CreditNotes"][0];
        assert_eq!(part["CreditNoteID"], note["CreditNoteID"]);
        assert_eq!(
            (&part["CreditNoteNumber"], amounts(part, &["AppliedAmount", "Total"])),
            (&json!("C-1"), "45.5 60.0".into())
        );
        assert_eq!(
            (&part["DateString"], &part["LineItems"]),
            (&json!("2026-09-10T00:00:00"), &json!([]))
        );
        assert_eq!(amounts(shape, &MONEY), "74.5 0.0 45.5");
        assert_eq!(
            (&shape["Prepayments"], &shape["Overpayments"]),
            (&json!([]), &json!([]))
        );
    }
    assert_eq!(note["UpdatedDateUTC"], single["UpdatedDateUTC"], "both carry one stamp");
    for (target, what) in [("CreditNotes/C-1", "credit note"), ("Invoices/A-1", "invoice")] {
        let void = desk.call("POST", target, r#"{"Status":"VOIDED"}"#);
        let message = format!(
            "The status VOIDED cannot be applied to the {what} because it has payments or credit notes allocated to it."
        );
        assert!(void.status == 400 && void.text.contains(&message), "{}", void.text);
        let edit = desk.call("POST", target, r#"{"Date":"2026-09-02"}"#);
        assert!(
            edit.text
                .contains("This document cannot be edited as it has a payment or credit note allocated"),
            "{}",
            edit.text
        );
        assert_eq!(
            desk.call("POST", target, r#"{"Reference":"words may change"}"#).status,
            200
        );
    }
}

#[test]
fn behaviour_32_an_allocation_taken_back_restores_both_sides() {
    let mut desk = Desk::new();
    desk.invoice("A-1", "AUTHORISED");
    desk.credit_note("C-1", "AUTHORISED", "100");
    let made = desk.allocate("CreditNotes/C-1", "A-1", "120").json["Allocations"][0].clone();
    let id = text(&made["AllocationID"]).to_owned();
    let spent = desk.one("CreditNotes", "C-1");
    assert_eq!(
        (&spent["Status"], &desk.one("Invoices", "A-1")["Status"]),
        (&json!("PAID"), &json!("PAID"))
    );
    assert_eq!(
        desk.call(
            "DELETE",
            "CreditNotes/C-1/Allocations/6f3c7a0e-0000-4000-8000-000000000000",
            ""
        )
        .status,
        404
    );
    let gone = desk.call("DELETE", &format!("CreditNotes/C-1/Allocations/{id}"), "");
    assert_eq!(
        (gone.status, &gone.json["IsDeleted"], text(&gone.json["AllocationId"])),
        (200, &json!(true), id.as_str())
    );
    let (note, invoice) = (desk.one("CreditNotes", "C-1"), desk.one("Invoices", "A-1"));
    assert_eq!(
        (&note["Status"], amounts(&note, &["RemainingCredit"])),
        (&json!("AUTHORISED"), "120.0".into())
    );
    assert_eq!(
        (&note["Allocations"], &note["FullyPaidOnDate"]),
        (&json!([]), &spent["FullyPaidOnDate"])
    );
    assert_eq!(
        (&invoice["Status"], amounts(&invoice, &["AmountDue"])),
        (&json!("AUTHORISED"), "120.0".into())
    );
    assert!(invoice["FullyPaidOnDate"].is_string(), "the date stays");
    assert!(!keys(&invoice).contains(&"CreditNotes") && !keys(&invoice).contains(&"AmountCredited"));
    assert_eq!(note["UpdatedDateUTC"], invoice["UpdatedDateUTC"]);
    assert_eq!(
        desk.call("DELETE", &format!("CreditNotes/C-1/Allocations/{id}"), "")
            .status,
        404
    );
    assert_eq!(desk.call("GET", "CreditNotes/C-1/Allocations", "").status, 405);
}

#[test]
fn behaviour_17_every_change_of_credit_moves_both_stamps_and_raises_both_events() {
    let mut desk = Desk::new();
    desk.control("POST", "webhooks", r#"{"url":"http://127.0.0.1:1/hook"}"#);
    desk.invoice("A-1", "AUTHORISED");
    desk.credit_note("C-1", "DRAFT", "50");
    assert_eq!(
        desk.events(),
        ["INVOICE CREATE", "CREDITNOTE CREATE ACCRECCREDIT DRAFT"]
    );
    desk.call("POST", "CreditNotes/C-1", r#"{"Status":"AUTHORISED"}"#);
    assert_eq!(desk.events(), ["CREDITNOTE UPDATE ACCRECCREDIT AUTHORISED"]);
    let mut stamps = vec![desk.one("Invoices", "A-1")["UpdatedDateUTC"].clone()];
    desk.allocate("CreditNotes/C-1", "A-1", "60");
    assert_eq!(desk.events(), ["CREDITNOTE UPDATE ACCRECCREDIT PAID", "INVOICE UPDATE"]);
    stamps.push(desk.one("Invoices", "A-1")["UpdatedDateUTC"].clone());
    desk.play("allocation.remove", "A-1", &json!({}));
    assert_eq!(
        desk.events(),
        ["CREDITNOTE UPDATE ACCRECCREDIT AUTHORISED", "INVOICE UPDATE"]
    );
    stamps.push(desk.one("Invoices", "A-1")["UpdatedDateUTC"].clone());
    let refund = desk.play("credit.refund", "", &json!({"credit_note_number":"C-1","amount":"10"}));
    assert_eq!(
        desk.events(),
        ["CREDITNOTE UPDATE ACCRECCREDIT AUTHORISED"],
        "a refund has no event of its own"
    );
    desk.call("POST", &format!("Payments/{refund}"), r#"{"Status":"DELETED"}"#);
    assert_eq!(desk.events(), ["CREDITNOTE UPDATE ACCRECCREDIT AUTHORISED"]);
    desk.play("payment.full", "A-1", &json!({}));
    stamps.push(desk.one("Invoices", "A-1")["UpdatedDateUTC"].clone());
    desk.play("payment.reconcile", "A-1", &json!({}));
    assert_eq!(
        desk.events(),
        ["INVOICE UPDATE"],
        "matching with the bank touches the payment only"
    );
    assert_eq!(
        stamps.iter().map(text).collect::<std::collections::BTreeSet<_>>().len(),
        stamps.len()
    );
    assert_eq!(&desk.one("Invoices", "A-1")["UpdatedDateUTC"], stamps.last().unwrap());
    desk.call("PUT", "CreditNotes", "{}");
    assert_eq!(desk.events(), Vec::<String>::new(), "a refusal is no change");
}

#[test]
fn behaviour_24_allocations_are_refused_one_by_one() {
    let mut desk = Desk::new();
    desk.invoice("A-1", "AUTHORISED");
    desk.credit_note("C-1", "AUTHORISED", "50");
    let part = |amount: &str| json!({"Amount": amount, "Invoice": {"InvoiceNumber": "A-1"}});
    let body = json!({"Allocations": [part("10"), part("99"), part("20")]}).to_string();
    let whole = desk.call("PUT", "CreditNotes/C-1/Allocations", &body);
    assert_eq!(
        (whole.status, whole.json["Elements"].as_array().unwrap().len()),
        (400, 1)
    );
    assert_eq!(
        amounts(&desk.one("CreditNotes", "C-1"), &["RemainingCredit"]),
        "30.0",
        "the others were applied"
    );
    let body = json!({"Allocations": [part("10"), part("99")]}).to_string();
    let each = desk.call("PUT", "CreditNotes/C-1/Allocations?summarizeErrors=false", &body);
    let marks: Vec<&str> = each.json["Allocations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| text(&row["StatusAttributeString"]))
        .collect();
    assert_eq!((each.status, marks), (200, vec!["OK", "ERROR"]));
}
