//! Status moves, and what stands in their way.

use serde_json::json;

use super::desk::Desk;

const NOT_MODIFIABLE: &str = "Invoice not of valid status for modification";

#[test]
fn behaviour_21_every_move_is_allowed_or_refused_as_in_xero() {
    let allowed = [
        ("DRAFT", "SUBMITTED"),
        ("DRAFT", "AUTHORISED"),
        ("DRAFT", "DELETED"),
        ("SUBMITTED", "DRAFT"),
        ("SUBMITTED", "AUTHORISED"),
        ("SUBMITTED", "DELETED"),
        ("AUTHORISED", "VOIDED"),
    ];
    let all = ["DRAFT", "SUBMITTED", "AUTHORISED", "PAID", "VOIDED", "DELETED"];
    for from in ["DRAFT", "SUBMITTED", "AUTHORISED"] {
        for to in all {
            let mut desk = Desk::new();
            let id = desk.invoice("S-1", from)["InvoiceID"].as_str().unwrap().to_owned();
            let reply = desk.call("POST", &format!("Invoices/{id}"), &json!({"Status": to}).to_string());
            let fine = from == to || allowed.contains(&(from, to));
            assert_eq!(
                reply.status,
                if fine { 200 } else { 400 },
                "{from} to {to}: {}",
                reply.text
            );
            if !fine {
                assert!(reply.text.contains(NOT_MODIFIABLE), "{from} to {to}: {}", reply.text);
            }
            let now = desk.get(&format!("Invoices/{id}")).json["Invoices"][0]["Status"].clone();
            assert_eq!(now, if fine { to } else { from });
        }
    }
}

#[test]
fn behaviour_21_cancelled_invoices_cannot_be_touched_and_cancelled_ones_cannot_be_created() {
    for (from, to) in [("DRAFT", "DELETED"), ("AUTHORISED", "VOIDED")] {
        let mut desk = Desk::new();
        desk.invoice("S-1", from);
        desk.call("POST", "Invoices/S-1", &json!({"Status": to}).to_string());
        let reply = desk.call("POST", "Invoices/S-1", r#"{"Reference":"late"}"#);
        assert!(
            reply.status == 400 && reply.text.contains(NOT_MODIFIABLE),
            "{}",
            reply.text
        );
    }
    for status in ["PAID", "VOIDED", "DELETED"] {
        let mut desk = Desk::new();
        let body = json!({"Type":"ACCREC","Status":status,"Contact":{"Name":"City Limousines"},
            "LineItems":[{"Description":"x","Quantity":1,"UnitAmount":1,"AccountCode":"200"}]});
        let reply = desk.call("PUT", "Invoices", &body.to_string());
        assert!(
            reply.text.contains("Invoice not of valid status for creation"),
            "{}",
            reply.text
        );
    }
}

#[test]
fn behaviour_19_a_void_answers_with_the_old_amount_due_and_then_owes_nothing() {
    let mut desk = Desk::new();
    desk.invoice("V-1", "AUTHORISED");
    let answer = desk.call("POST", "Invoices/V-1", r#"{"Status":"VOIDED"}"#);
    assert!(answer.text.contains("\"AmountDue\": 120.00"), "{}", answer.text);
    assert!(desk.get("Invoices/V-1").text.contains("\"AmountDue\": 0.00"));
}

#[test]
fn behaviour_21_money_locks_amounts_but_not_words() {
    let mut desk = Desk::new();
    let line = desk.invoice("M-1", "AUTHORISED")["LineItems"][0]["LineItemID"].clone();
    let tenant = desk.tenant;
    let pay = json!({"scenario":"payment.partial","tenant_id":tenant,"invoice_number":"M-1","args":{"amount":"50.00"}});
    desk.control("POST", "trigger", &pay.to_string());
    let keep = json!({"LineItemID": line, "Description": "Better words", "AccountCode": "260"});
    let fine = json!({"Reference":"R","DueDate":"2026-11-01","Url":"https://x.example/1","LineItems":[keep]});
    let reply = desk.call("POST", "Invoices/M-1", &fine.to_string());
    assert_eq!(reply.status, 200, "{}", reply.text);
    for change in [
        json!({"Date": "2026-09-02"}),
        json!({"LineItems":[{"LineItemID": line, "Quantity": 3}]}),
        json!({"LineItems":[{"LineItemID": line, "UnitAmount": 51}]}),
        json!({"LineItems":[{"Description":"Work","Quantity":2,"UnitAmount":50,"AccountCode":"200"}]}),
        json!({"LineAmountTypes": "Inclusive"}),
    ] {
        let reply = desk.call("POST", "Invoices/M-1", &change.to_string());
        assert_eq!(reply.status, 400, "{change}");
        assert!(
            reply
                .text
                .contains("This document cannot be edited as it has a payment"),
            "{}",
            reply.text
        );
    }
    for status in ["VOIDED", "DRAFT", "DELETED"] {
        let reply = desk.call("POST", "Invoices/M-1", &json!({"Status": status}).to_string());
        let message = format!("The status {status} cannot be applied to the invoice because it has payments");
        assert!(reply.status == 400 && reply.text.contains(&message), "{}", reply.text);
    }
}

#[test]
fn behaviour_18_lines_without_id_replace_lines_that_are_not_sent_go_and_no_lines_leave_all() {
    let mut desk = Desk::new();
    let body = json!({"Type":"ACCREC","InvoiceNumber":"L-1","Contact":{"Name":"City Limousines"},"LineItems":[
        {"Description":"a","Quantity":1,"UnitAmount":10,"AccountCode":"200"},
        {"Description":"b","Quantity":1,"UnitAmount":20,"AccountCode":"200"}]});
    let made = desk.call("PUT", "Invoices", &body.to_string()).json["Invoices"][0].clone();
    let (a, b) = (
        made["LineItems"][0]["LineItemID"].clone(),
        made["LineItems"][1]["LineItemID"].clone(),
    );

    let left = desk.call("POST", "Invoices/L-1", r#"{"Reference":"r"}"#).json["Invoices"][0].clone();
    assert_eq!(
        (&left["LineItems"][0]["LineItemID"], &left["LineItems"][1]["LineItemID"]),
        (&a, &b)
    );

    let change = json!({"LineItems":[{"LineItemID": b, "Quantity": 2},{"Description":"c","Quantity":1,"UnitAmount":5,"AccountCode":"200"}]});
    let now = desk.call("POST", "Invoices/L-1", &change.to_string()).json["Invoices"][0].clone();
    let lines = now["LineItems"].as_array().unwrap();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[0]["LineItemID"], &lines[0]["Description"]), (&b, &json!("b")));
    assert!(lines[1]["LineItemID"] != a && lines[1]["LineItemID"] != b);
    assert_eq!(now["SubTotal"].to_string(), "45.0");
}

#[test]
fn closed_periods_are_closed() {
    let mut desk = Desk::new();
    desk.invoice("P-1", "AUTHORISED");
    let tenant = desk.tenant;
    let lock = json!({"scenario":"organisation.lock","tenant_id":tenant,"args":{"date":"2026-09-30"}});
    desk.control("POST", "trigger", &lock.to_string());
    let message = "The document date cannot be before the period lock date, currently set at 30 September 2026";
    let edit = desk.call("POST", "Invoices/P-1", r#"{"Reference":"r"}"#);
    assert!(edit.text.contains(message), "{}", edit.text);
    let body = json!({"Type":"ACCREC","Date":"2026-09-30","Contact":{"Name":"City Limousines"},
        "LineItems":[{"Description":"x","Quantity":1,"UnitAmount":1,"AccountCode":"200"}]});
    let create = desk.call("PUT", "Invoices", &body.to_string());
    assert!(create.text.contains(message), "{}", create.text);
    let organisation = desk.get("Organisation");
    assert!(
        organisation
            .text
            .contains("\"PeriodLockDate\": \"\\/Date(1790726400000+0000)\\/\""),
        "{}",
        organisation.text
    );
}

#[test]
fn behaviour_18_sales_numbers_are_unique_and_bill_numbers_are_not() {
    let mut desk = Desk::new();
    desk.invoice("N-1", "AUTHORISED");
    let body = |kind: &str, account: &str| {
        json!({"Type":kind,"InvoiceNumber":"n-1","Contact":{"Name":"City Limousines"},
        "LineItems":[{"Description":"x","Quantity":1,"UnitAmount":1,"AccountCode":account}]})
        .to_string()
    };
    let twice = desk.call("PUT", "Invoices", &body("ACCREC", "200"));
    assert!(
        twice.status == 400 && twice.text.contains("Invoice # must be unique."),
        "{}",
        twice.text
    );
    assert!(twice.text.contains("00000000-0000-0000-0000-000000000000"));
    for _ in 0..2 {
        assert_eq!(desk.call("PUT", "Invoices", &body("ACCPAY", "300")).status, 200);
    }
    // POST with a known number edits that invoice silently.
    let edit = desk.call(
        "POST",
        "Invoices",
        r#"{"Type":"ACCREC","InvoiceNumber":"N-1","Reference":"edited"}"#,
    );
    assert_eq!(edit.status, 200, "{}", edit.text);
    assert_eq!(desk.get("Invoices/N-1").json["Invoices"][0]["Reference"], "edited");
    // No number: the next of Xero's own.
    let own = json!({"Type":"ACCREC","Contact":{"Name":"City Limousines"},
        "LineItems":[{"Description":"x","Quantity":1,"UnitAmount":1,"AccountCode":"200"}]});
    assert_eq!(
        desk.call("PUT", "Invoices", &own.to_string()).json["Invoices"][0]["InvoiceNumber"],
        "INV-0001"
    );
}

#[test]
fn behaviour_21_what_is_missing_is_named() {
    let line = json!([{"Description":"x","Quantity":1,"UnitAmount":1,"AccountCode":"200"}]);
    let table = [
        (
            json!({"Contact":{"Name":"A"},"LineItems":line}),
            "Invoice Type must be specified",
        ),
        (
            json!({"Type":"ACCREC","LineItems":line}),
            "A Contact must be specified for this type of transaction",
        ),
        (
            json!({"Type":"ACCREC","Contact":{"Name":"A"}}),
            "One or more line items must be specified",
        ),
        (
            json!({"Type":"ACCREC","Contact":{"Name":"A"},"CurrencyCode":"USD","LineItems":line}),
            "Organisation is not subscribed to currency USD",
        ),
    ];
    for (body, message) in table {
        let mut desk = Desk::new();
        let reply = desk.call("PUT", "Invoices", &body.to_string());
        assert!(
            reply.status == 400 && reply.text.contains(message),
            "{body}: {}",
            reply.text
        );
        assert_eq!(reply.json["Type"], "ValidationException");
    }
}
