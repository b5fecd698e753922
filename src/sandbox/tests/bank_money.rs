//! Overpayments and prepayments, refunds, batches of payments.

use serde_json::{Value, json};

use super::credit_desk::{amounts, text};
use super::desk::Desk;

/// Enters money without an invoice through the API; the bank transaction.
fn enter(desk: &mut Desk, kind: &str, account: Option<&str>, amount: &str) -> Value {
    let mut line = json!({"Description": "Too much", "Quantity": 1, "UnitAmount": amount});
    if let Some(account) = account {
        line["AccountCode"] = json!(account);
    }
    let body = json!({"Type": kind, "Contact": {"Name": "City Limousines"}, "Date": "2026-09-11",
        "BankAccount": {"Code": "090"}, "LineItems": [line]});
    let reply = desk.call("PUT", "BankTransactions?summarizeErrors=false", &body.to_string());
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json["BankTransactions"][0].clone()
}

#[test]
fn behaviour_33_overpayments_and_prepayments_arise_from_bank_transactions() {
    let mut desk = Desk::new();
    for (kind, account, family, id_key, own, total) in [
        (
            "RECEIVE-OVERPAYMENT",
            None,
            "Overpayments",
            "OverpaymentID",
            "610",
            "20.0",
        ),
        (
            "SPEND-OVERPAYMENT",
            Some("800"),
            "Overpayments",
            "OverpaymentID",
            "800",
            "20.0",
        ),
        (
            "RECEIVE-PREPAYMENT",
            Some("200"),
            "Prepayments",
            "PrepaymentID",
            "200",
            "24.0",
        ),
        (
            "SPEND-PREPAYMENT",
            Some("300"),
            "Prepayments",
            "PrepaymentID",
            "300",
            "24.0",
        ),
    ] {
        let bank = enter(&mut desk, kind, account, "20");
        assert_eq!(
            (&bank["StatusAttributeString"], &bank["Type"]),
            (&json!("OK"), &json!(kind)),
            "{bank}"
        );
        let credit = desk.one(family, text(&bank[id_key]));
        assert_eq!(
            (&credit["Type"], &credit["Status"]),
            (&json!(kind), &json!("AUTHORISED"))
        );
        assert_eq!(
            amounts(&credit, &["Total", "RemainingCredit"]),
            format!("{total} {total}")
        );
        assert_eq!(credit["LineItems"][0]["AccountCode"], own);
        assert_eq!((&credit["Allocations"], &credit["Payments"]), (&json!([]), &json!([])));
        let taxed = if family == "Overpayments" { "NoTax" } else { "Exclusive" };
        assert_eq!(credit["LineAmountTypes"], taxed);
        let listed = desk
            .get(&format!("{family}?page=1&where=Type==\"{kind}\" AND Total=={total}"))
            .json;
        assert_eq!(listed[family].as_array().unwrap().len(), 1, "{listed}");
    }
    let received = desk.get("Prepayments?InvoiceNumbers=INV-0001").json["Prepayments"][0].clone();
    assert_eq!(
        (&received["Type"], &received["Reference"]),
        (&json!("RECEIVE-PREPAYMENT"), &json!("INV-0001"))
    );
}

#[test]
fn behaviour_33_each_kind_of_bank_transaction_has_its_own_accounts() {
    let mut desk = Desk::new();
    for (kind, account, message) in [
        (
            "RECEIVE-OVERPAYMENT",
            "200",
            "Account code '200' is not a valid code for this document.",
        ),
        (
            "RECEIVE",
            "610",
            "Account code '610' is not a valid code for this document.",
        ),
        ("RECEIVE-TRANSFER", "200", "Bank transaction Type is not valid"),
    ] {
        let refused = enter(&mut desk, kind, Some(account), "1");
        assert_eq!(refused["ValidationErrors"][0]["Message"], message, "{refused}");
    }
    assert_eq!(desk.call("PUT", "Overpayments", "{}").status, 405);
}

#[test]
fn behaviour_33_they_appear_on_invoices_in_arrays_of_their_own() {
    let mut desk = Desk::new();
    desk.control("POST", "webhooks", r#"{"url":"http://127.0.0.1:1/hook"}"#);
    desk.invoice("A-1", "AUTHORISED");
    let over = desk.play(
        "overpayment.create",
        "",
        &json!({"contact_name":"City Limousines","amount":"30"}),
    );
    let pre = desk.play(
        "prepayment.create",
        "",
        &json!({"contact_name":"City Limousines","amount":"50"}),
    );
    desk.events();
    let part = desk.allocate(&format!("Overpayments/{over}"), "A-1", "30");
    assert_eq!(
        part.json["Allocations"][0]["Overpayment"]["OverpaymentID"],
        over.as_str(),
        "{}",
        part.text
    );
    assert_eq!(
        desk.events(),
        ["OVERPAYMENT UPDATE RECEIVE-OVERPAYMENT PAID", "INVOICE UPDATE"]
    );
    assert_eq!(desk.allocate(&format!("Prepayments/{pre}"), "A-1", "60").status, 200);
    let too_much = desk.allocate(&format!("Prepayments/{pre}"), "A-1", "1");
    assert!(
        too_much
            .text
            .contains("Prepayment cannot be allocated as amount is greater than amount outstanding"),
        "{}",
        too_much.text
    );
    for invoice in [
        desk.one("Invoices", "A-1"),
        desk.get("Invoices?page=1&InvoiceNumbers=A-1").json["Invoices"][0].clone(),
    ] {
        assert_eq!(
            amounts(&invoice, &["AmountDue", "AmountPaid", "AmountCredited"]),
            "30.0 0.0 90.0"
        );
        assert_eq!(invoice["Overpayments"][0]["OverpaymentID"], over.as_str());
        assert_eq!(amounts(&invoice["Overpayments"][0], &["AppliedAmount"]), "30.0");
        assert_eq!(invoice["Prepayments"][0]["PrepaymentID"], pre.as_str());
    }
    assert_eq!(desk.one("Overpayments", &over)["Status"], "PAID");
    let id = desk.one("Prepayments", &pre)["Allocations"][0]["AllocationID"].clone();
    let gone = desk.call("DELETE", &format!("Prepayments/{pre}/Allocations/{}", text(&id)), "");
    assert_eq!((gone.status, &gone.json["IsDeleted"]), (200, &json!(true)));
    assert_eq!(
        amounts(&desk.one("Invoices", "A-1"), &["AmountDue", "AmountCredited"]),
        "90.0 30.0"
    );
}

#[test]
fn behaviour_33_deleting_the_bank_transaction_voids_what_it_left() {
    let mut desk = Desk::new();
    desk.invoice("A-1", "AUTHORISED");
    let bank = enter(&mut desk, "RECEIVE-OVERPAYMENT", None, "20");
    let (bank, over) = (text(&bank["BankTransactionID"]), text(&bank["OverpaymentID"]));
    desk.allocate(&format!("Overpayments/{over}"), "A-1", "5");
    let target = format!("BankTransactions/{bank}");
    let locked = desk.call("POST", &target, r#"{"Status":"DELETED"}"#);
    assert!(
        locked.status == 400 && locked.text.contains("This document cannot be edited as it has"),
        "{}",
        locked.text
    );
    desk.play("allocation.remove", "A-1", &json!({}));
    assert_eq!(desk.call("POST", &target, r#"{"Status":"DELETED"}"#).status, 200);
    let void = desk.one("Overpayments", over);
    assert_eq!(
        (&void["Status"], amounts(&void, &["RemainingCredit"])),
        (&json!("VOIDED"), "0.0".into())
    );
    assert_eq!(desk.one("BankTransactions", bank)["Status"], "DELETED");
    assert_eq!(desk.call("POST", &target, r#"{"Status":"DELETED"}"#).status, 400);
}

#[test]
fn behaviour_27_credit_is_paid_back_by_a_payment_of_its_own_type() {
    let mut desk = Desk::new();
    desk.credit_note("C-1", "AUTHORISED", "50");
    let over = desk.play("overpayment.create", "", &json!({"amount":"30"}));
    let pre = desk.play("prepayment.create", "", &json!({"amount":"30","type":"SPEND"}));
    let note = desk.one("CreditNotes", "C-1")["CreditNoteID"].clone();
    for (document, amount, kind, key) in [
        (
            json!({"CreditNote":{"CreditNoteID":note}}),
            "59.99",
            "ARCREDITPAYMENT",
            "CreditNote",
        ),
        (
            json!({"CreditNote":{"CreditNoteNumber":"C-1"}}),
            "0.01",
            "ARCREDITPAYMENT",
            "CreditNote",
        ),
        (
            json!({"Overpayment":{"OverpaymentID":over}}),
            "30",
            "AROVERPAYMENTPAYMENT",
            "Overpayment",
        ),
        (
            json!({"Prepayment":{"PrepaymentID":pre}}),
            "36",
            "APPREPAYMENTPAYMENT",
            "Prepayment",
        ),
    ] {
        let mut body = document.clone();
        body["Account"] = json!({"Code":"090"});
        body["Date"] = json!("2026-09-20");
        body["Amount"] = json!(amount);
        let reply = desk.call("PUT", "Payments", &body.to_string());
        assert_eq!(reply.status, 200, "{}", reply.text);
        let made = reply.json["Payments"][0].clone();
        assert_eq!(made["PaymentType"], kind);
        assert!(
            made[key]["RemainingCredit"].is_number() && made["Invoice"].is_null(),
            "{made}"
        );
        let all = desk
            .get(&format!(
                "Payments?where=PaymentID==Guid(\"{}\")",
                text(&made["PaymentID"])
            ))
            .json;
        let shown = &all["Payments"][0]["Invoice"];
        let word = if key == "CreditNote" {
            "ACCRECCREDIT".to_owned()
        } else {
            kind.replace("PAYMENTPAYMENT", "PAYMENT")
        };
        assert_eq!(shown["Type"], word, "lists show the document as an invoice");
        let again = desk.call("PUT", "Payments", &body.to_string());
        let message = "Payment amount exceeds the amount outstanding on this document";
        assert!(again.status == 400 && again.text.contains(message), "{}", again.text);
    }
}

#[test]
fn behaviour_31_a_refund_spends_the_credit_and_its_deletion_gives_it_back() {
    let mut desk = Desk::new();
    desk.credit_note("C-1", "AUTHORISED", "50");
    for amount in ["59.99", "0.01"] {
        let args = json!({"credit_note_number": "C-1", "amount": amount, "date": "2026-09-20"});
        desk.play("credit.refund", "", &args);
    }
    let spent = desk.one("CreditNotes", "C-1");
    assert_eq!(
        (&spent["Status"], amounts(&spent, &["RemainingCredit"])),
        (&json!("PAID"), "0.0".into())
    );
    assert_eq!(
        (&spent["FullyPaidOnDate"], spent["Payments"].as_array().unwrap().len()),
        (&json!("/Date(1789862400000+0000)/"), 2)
    );
    let id = text(&spent["Payments"][0]["PaymentID"]);
    assert_eq!(
        desk.call("POST", &format!("Payments/{id}"), r#"{"Status":"DELETED"}"#)
            .status,
        200
    );
    let open = desk.one("CreditNotes", "C-1");
    assert_eq!(
        (&open["Status"], amounts(&open, &["RemainingCredit"])),
        (&json!("AUTHORISED"), "59.99".into())
    );
}

#[test]
fn behaviour_27_a_payment_names_one_document_of_the_right_kind() {
    let mut desk = Desk::new();
    desk.invoice("A-1", "AUTHORISED");
    desk.credit_note("C-1", "DRAFT", "50");
    let note = desk.one("CreditNotes", "C-1")["CreditNoteID"].clone();
    let missing = "Payments must be made against an existing document";
    for (document, message) in [
        (json!({"Invoice":{"InvoiceID":note}}), missing),
        (
            json!({"CreditNote":{"CreditNoteID":"6f3c7a0e-0000-4000-8000-000000000000"}}),
            missing,
        ),
        (json!({}), missing),
        (
            json!({"CreditNoteNumber":"C-1"}),
            "Payments can only be made against Authorised documents",
        ),
        (
            json!({"InvoiceNumber":"A-1","CreditNoteNumber":"C-1"}),
            "A payment can only be made against one document",
        ),
    ] {
        let mut body = document.clone();
        body["Code"] = json!("090");
        body["Amount"] = json!("1");
        let reply = desk.call("PUT", "Payments", &body.to_string());
        assert!(
            reply.status == 400 && reply.text.contains(message),
            "{document}: {}",
            reply.text
        );
    }
    let by_numbers = desk.call("PUT", "Payments", r#"{"InvoiceNumber":"A-1","Code":"090","Amount":1}"#);
    assert_eq!(by_numbers.status, 200, "{}", by_numbers.text);
    assert!(
        by_numbers.json["Payments"][0].get("Reference").is_none(),
        "no reference was sent"
    );
}

#[test]
fn behaviour_28_reconciled_payments_and_those_of_a_batch_stay() {
    let mut desk = Desk::new();
    for number in ["A-1", "A-2", "A-3"] {
        desk.invoice(number, "AUTHORISED");
    }
    let reconciled = json!({"InvoiceNumber":"A-1","Code":"090","Amount":1,"IsReconciled":true});
    let made = desk.call("PUT", "Payments", &reconciled.to_string()).json["Payments"][0].clone();
    let refused = desk.call(
        "POST",
        &format!("Payments/{}", text(&made["PaymentID"])),
        r#"{"Status":"DELETED"}"#,
    );
    assert!(
        refused.status == 400 && refused.text.contains("This payment has been reconciled"),
        "{}",
        refused.text
    );

    let part = |number: &str, amount: &str| json!({"Invoice":{"InvoiceNumber":number},"Amount":amount});
    let too_much =
        json!({"Account":{"Code":"090"},"Payments":[part("A-2","10"),part("A-3","100"),part("A-3","20.01")]});
    let refused = desk.call("PUT", "BatchPayments", &too_much.to_string());
    assert!(
        refused.status == 400 && refused.text.contains("exceeds the amount outstanding"),
        "{}",
        refused.text
    );
    assert_eq!(
        amounts(&desk.one("Invoices", "A-2"), &["AmountDue"]),
        "120.0",
        "all or none"
    );
    let batch = json!({"Account":{"Code":"090"},"Date":"2026-09-15","Payments":[part("A-2","120"),part("A-3","20")]});
    let made = desk.call("PUT", "BatchPayments", &batch.to_string()).json["BatchPayments"][0].clone();
    assert_eq!(
        (&made["Type"], amounts(&made, &["TotalAmount"])),
        (&json!("RECBATCH"), "140.0".into())
    );
    let id = text(&made["BatchPaymentID"]).to_owned();
    let invoice = desk.one("Invoices", "A-2");
    assert_eq!(
        (&invoice["Status"], text(&invoice["Payments"][0]["BatchPaymentID"])),
        (&json!("PAID"), id.as_str())
    );
    let payment = desk.one("Payments", text(&invoice["Payments"][0]["PaymentID"]));
    assert_eq!(amounts(&payment["BatchPayment"], &["TotalAmount"]), "140.0");
    let alone = desk.call(
        "POST",
        &format!("Payments/{}", text(&payment["PaymentID"])),
        r#"{"Status":"DELETED"}"#,
    );
    assert!(
        alone.status == 400 && alone.text.contains("Payments within a batch cannot be deleted."),
        "{}",
        alone.text
    );
    assert_eq!(
        desk.call("POST", &format!("BatchPayments/{id}"), r#"{"Status":"DELETED"}"#)
            .status,
        200
    );
    assert_eq!(
        (
            &desk.one("BatchPayments", &id)["Status"],
            amounts(&desk.one("Invoices", "A-3"), &["AmountDue"])
        ),
        (&json!("DELETED"), "120.0".into())
    );
    assert_eq!(desk.one("Payments", text(&payment["PaymentID"]))["Status"], "DELETED");
}

#[test]
fn behaviour_28_a_batch_stays_when_a_payment_of_it_is_reconciled_or_its_period_closed() {
    let mut desk = Desk::new();
    for number in ["B-1", "B-2"] {
        desk.invoice(number, "AUTHORISED");
    }
    let mut make = |number: &str, reference: &str| {
        let part = json!({"Invoice":{"InvoiceNumber":number},"Amount":"20"});
        let batch = json!({"Account":{"Code":"090"},"Date":"2026-09-15","Reference":reference,"Payments":[part]});
        desk.call("PUT", "BatchPayments", &batch.to_string())
    };
    let long = make("B-1", &"r".repeat(256));
    assert!(
        long.status == 400 && long.text.contains("Reference cannot exceed 255 characters"),
        "{}",
        long.text
    );
    let id = |made: super::desk::Reply| text(&made.json["BatchPayments"][0]["BatchPaymentID"]).to_owned();
    let (matched, closed) = (id(make("B-1", &"r".repeat(255))), id(make("B-2", "")));
    let tenant = desk.tenant;
    let mut play = |scenario: &str, more: serde_json::Value| {
        let mut asked = json!({"scenario":scenario,"tenant_id":tenant});
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        desk.control("POST", "trigger", &asked.to_string())
    };
    play("payment.reconcile", json!({"invoice_number":"B-1"}));
    play("organisation.lock", json!({"args":{"date":"2026-09-30"}}));
    assert_eq!(desk.one("BatchPayments", &matched)["IsReconciled"], true);
    for (batch, words) in [(matched, "has been reconciled"), (closed, "lock date")] {
        let refused = desk.call("POST", &format!("BatchPayments/{batch}"), r#"{"Status":"DELETED"}"#);
        assert!(
            refused.status == 400 && refused.text.contains(words),
            "{}",
            refused.text
        );
        assert_eq!(desk.one("BatchPayments", &batch)["Status"], "AUTHORISED");
    }
}

#[test]
fn behaviour_29_a_deleted_payment_is_listed_and_gone_from_its_invoice() {
    let mut desk = Desk::new();
    desk.invoice("A-1", "AUTHORISED");
    let id = desk.play("payment.partial", "A-1", &json!({"amount":"50.00","reference":"R"}));
    let shown = desk.one("Invoices", "A-1")["Payments"][0].clone();
    let keys: Vec<&String> = shown.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "Amount",
            "CurrencyRate",
            "Date",
            "HasAccount",
            "HasValidationErrors",
            "PaymentID",
            "Reference"
        ]
    );
    desk.play("payment.deleted", "A-1", &json!({}));
    assert!(desk.one("Invoices", "A-1").get("Payments").is_none());
    let deleted = desk.get("Payments?where=Status==\"DELETED\"").json["Payments"].clone();
    assert_eq!(
        (deleted.as_array().unwrap().len(), text(&deleted[0]["PaymentID"])),
        (1, id.as_str())
    );
}

#[test]
fn behaviour_22_the_last_day_of_money_or_credit_is_the_day_of_payment() {
    let mut desk = Desk::new();
    desk.invoice("A-1", "AUTHORISED");
    desk.play("payment.partial", "A-1", &json!({"amount":"20","date":"2026-09-25"}));
    desk.credit_note("C-1", "AUTHORISED", "100");
    desk.allocate("CreditNotes/C-1", "A-1", "100");
    let paid = desk.one("Invoices", "A-1");
    assert_eq!(
        (&paid["Status"], &paid["FullyPaidOnDate"]),
        (&json!("PAID"), &json!("/Date(1790294400000+0000)/"))
    );
    desk.play("payment.delete", "A-1", &json!({}));
    let open = desk.one("Invoices", "A-1");
    assert_eq!(
        (&open["Status"], amounts(&open, &["AmountDue"])),
        (&json!("AUTHORISED"), "20.0".into())
    );
    assert_eq!(open["FullyPaidOnDate"], paid["FullyPaidOnDate"], "the date stays");
}

#[test]
fn behaviour_31_one_credit_note_is_spread_over_a_contacts_invoices() {
    let mut desk = Desk::new();
    for number in ["A-1", "A-2"] {
        desk.invoice(number, "AUTHORISED");
    }
    let id = desk.play("creditnote.multi_allocation", "A-1", &json!({"amount":"25.00"}));
    let note = desk.one("CreditNotes", &id);
    assert_eq!(
        (
            note["Allocations"].as_array().unwrap().len(),
            amounts(&note, &["Total", "RemainingCredit"])
        ),
        (2, "50.0 0.0".into())
    );
    for number in ["A-1", "A-2"] {
        assert_eq!(
            amounts(&desk.one("Invoices", number), &["AmountDue", "AmountCredited"]),
            "95.0 25.0"
        );
    }
    let mut alone = Desk::new();
    alone.invoice("A-1", "AUTHORISED");
    alone.play("creditnote.multi_allocation", "A-1", &json!({}));
    let invoice = alone.one("Invoices", "A-1");
    assert_eq!(
        (
            invoice["CreditNotes"].as_array().unwrap().len(),
            amounts(&invoice, &["AmountDue"])
        ),
        (2, "60.0".into())
    );
}

#[test]
fn the_control_surface_shows_every_money_document_and_the_demo_has_some() {
    let mut desk = Desk::new();
    let tenant = desk.tenant;
    let count = |desk: &mut Desk, kind: &str| {
        let rows = desk.control("GET", &format!("tenants/{tenant}/documents?type={kind}"), "");
        let rows = rows["data"].as_array().unwrap();
        assert!(rows.iter().all(|row| row["versions"].is_number()), "{kind}");
        rows.len()
    };
    let kinds = [
        "creditnotes",
        "overpayments",
        "prepayments",
        "banktransactions",
        "batchpayments",
        "payments",
    ];
    let seeded = kinds.map(|kind| count(&mut desk, kind));
    assert_eq!(seeded, [3, 1, 0, 1, 0, 0]);
    desk.invoice("A-1", "AUTHORISED");
    desk.play("prepayment.create", "", &json!({}));
    desk.play("creditnote.create", "", &json!({"type":"ACCPAYCREDIT","number":"S-1"}));
    desk.play("payment.partial", "A-1", &json!({}));
    assert_eq!(kinds.map(|kind| count(&mut desk, kind)), [4, 1, 1, 2, 0, 1]);
    assert_eq!(desk.control("POST", "reset", "")["documents_removed"], 5);
    assert_eq!(
        kinds.map(|kind| count(&mut desk, kind)),
        seeded,
        "the demo's own are entered again"
    );
}
