//! Organisations, documents, scenarios, payments through the API, reset.

use serde_json::json;

use super::desk::{Desk, Reply};
use crate::sandbox::{Seed, Setup};

#[test]
fn a_new_organisation_joins_the_grant_with_its_own_chart_and_rates() {
    let mut desk = Desk::new();
    let body = json!({"name":"Down Under","base_currency":"aud","time_zone":"Australia/Sydney","country":"AU",
        "tax_rates":[{"tax_type":"OUTPUT","name":"GST","effective_rate":10}],
        "accounts":[{"code":"201","name":"Online Sales","type":"REVENUE","tax_type":"OUTPUT"}]});
    let made = desk.control("POST", "tenants", &body.to_string());
    desk.tenant = made["tenant_id"].as_str().unwrap().parse().unwrap();
    let line = json!([{"Description":"x","Quantity":1,"UnitAmount":100,"AccountCode":"201"}]);
    let body = json!({"Type":"ACCREC","Contact":{"Name":"A"},"LineItems":line});
    let invoice = desk.call("PUT", "Invoices", &body.to_string()).json["Invoices"][0].clone();
    assert_eq!(
        (invoice["Total"].to_string(), &invoice["CurrencyCode"]),
        ("110.0".into(), &json!("AUD"))
    );
    assert_eq!(
        desk.get("Organisation").json["Organisations"][0]["Timezone"],
        "AUSEASTERNSTANDARDTIME"
    );
    assert_eq!(desk.control("GET", "tenants", "")["data"].as_array().unwrap().len(), 3);
    for (bad, word) in [
        (json!({}), "name is required"),
        (json!({"name":"x","time_zone":"Mars"}), "unknown time_zone"),
        (
            json!({"name":"x","accounts":[{"code":"1","type":"?"}]}),
            "unknown account type",
        ),
    ] {
        let reply = desk.try_control("POST", "tenants", &bad.to_string());
        assert!(reply.status == 400 && reply.text.contains(word), "{}", reply.text);
    }
}

#[test]
fn documents_count_how_often_they_were_written_and_reset_forgets_them() {
    let mut desk = Desk::new();
    desk.invoice("D-1", "AUTHORISED");
    desk.call("POST", "Invoices/D-1", r#"{"Reference":"r"}"#);
    let tenant = desk.tenant;
    let pay = json!({"scenario":"payment.partial","tenant_id":tenant,"invoice_number":"D-1"});
    desk.control("POST", "trigger", &pay.to_string());
    let rows = desk.control("GET", &format!("tenants/{tenant}/documents?type=invoices"), "");
    assert_eq!(
        (&rows["data"][0]["versions"], &rows["data"][0]["InvoiceNumber"]),
        (&json!(2), &json!("D-1"))
    );
    assert_eq!(rows["data"][0]["Payments"].as_array().unwrap().len(), 1);
    let payments = desk.control("GET", &format!("tenants/{tenant}/documents?type=payments"), "");
    assert_eq!(payments["data"][0]["Amount"].to_string(), "60.0");
    assert_eq!(desk.control("POST", "reset", "")["documents_removed"], 2);
    let rows = desk.control("GET", &format!("tenants/{tenant}/documents?type=invoices"), "");
    assert_eq!(rows["data"], json!([]));
    assert_eq!(desk.get("Contacts").status, 200, "grants and tenants stay");
    assert_eq!(
        desk.try_control("GET", &format!("tenants/{tenant}/documents?type=x"), "")
            .status,
        400
    );
    assert_eq!(desk.try_control("GET", "tenants/x/documents", "").status, 404);
}

/// Plays a scenario on invoice S-1.
fn run(desk: &mut Desk, name: &str, args: serde_json::Value) -> Reply {
    let tenant = desk.tenant;
    let body = json!({"scenario":name,"tenant_id":tenant,"invoice_number":"S-1","args":args});
    desk.pass(1_000);
    desk.try_control("POST", "trigger", &body.to_string())
}

#[test]
fn scenarios_change_documents_as_people_do() {
    let mut desk = Desk::new();
    desk.invoice("S-1", "AUTHORISED");
    let edit = json!({"due_date":"2026-12-24","reference":"by hand","description":"Better","quantity":"3","unit_price":"10.00"});
    assert_eq!(run(&mut desk, "invoice.edit", edit).status, 200);
    let invoice = desk.get("Invoices/S-1").json["Invoices"][0].clone();
    assert_eq!(
        (invoice["Total"].to_string(), &invoice["Reference"]),
        ("36.0".into(), &json!("by hand"))
    );
    assert_eq!(
        (&invoice["DueDateString"], &invoice["LineItems"][0]["Description"]),
        (&json!("2026-12-24T00:00:00"), &json!("Better"))
    );
    assert!(
        run(&mut desk, "invoice.edit", json!({}))
            .text
            .contains("nothing to edit")
    );
    assert!(
        run(&mut desk, "payment.partial", json!({"amount":"99"}))
            .text
            .contains("exceeds the amount outstanding")
    );
    assert_eq!(run(&mut desk, "payment.full", json!({})).status, 200);
    assert!(
        run(&mut desk, "invoice.void", json!({}))
            .text
            .contains("cannot be applied")
    );
    assert_eq!(run(&mut desk, "payment.deleted", json!({})).status, 200);
    assert_eq!(run(&mut desk, "invoice.voided", json!({})).status, 200);
    assert_eq!(desk.get("Invoices/S-1").json["Invoices"][0]["Status"], "VOIDED");
}

#[test]
fn scenarios_change_contacts_accounts_and_connections() {
    let mut desk = Desk::new();
    desk.invoice("S-1", "AUTHORISED");
    assert_eq!(
        run(
            &mut desk,
            "contact.rename",
            json!({"contact_name":"City Limousines","name":"City Cabs"})
        )
        .status,
        200
    );
    assert_eq!(
        desk.get("Invoices/S-1").json["Invoices"][0]["Contact"]["Name"],
        "City Cabs"
    );
    assert_eq!(
        run(
            &mut desk,
            "invoice.create",
            json!({"number":"F-1","unit_price":"12.50"})
        )
        .status,
        200
    );
    assert_eq!(
        desk.get("Invoices?createdByMyApp=true").json["Invoices"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(run(&mut desk, "account.archive", json!({"code":"200"})).status, 200);
    let refused = run(&mut desk, "invoice.create", json!({"number":"F-2"}));
    assert!(
        refused.text.contains("Account code '200' has been archived"),
        "{}",
        refused.text
    );
    assert!(
        run(&mut desk, "nope", json!({}))
            .text
            .contains("unknown scenario 'nope'; known are payment.partial")
    );
    assert_eq!(run(&mut desk, "app.revoked", json!({})).status, 200);
    assert_eq!(desk.get("Contacts").status, 403);
}

/// Pays through the API; the element that came back.
fn pay(desk: &mut Desk, number: &str, amount: &str, account: &str) -> serde_json::Value {
    let body = json!({"Payments":[{"Invoice":{"InvoiceNumber":number},"Account":{"Code":account},
        "Date":"2026-08-01","Amount":amount}]});
    let reply = desk.call("PUT", "Payments?summarizeErrors=false", &body.to_string());
    reply.json["Payments"][0].clone()
}

#[test]
fn behaviour_27_payments_are_made_or_refused_through_the_api() {
    let mut desk = Desk::new();
    desk.invoice("P-1", "AUTHORISED");
    desk.invoice("P-2", "DRAFT");
    let part = pay(&mut desk, "P-1", "100.00", "090");
    assert_eq!(
        (&part["PaymentType"], part["Invoice"]["AmountDue"].to_string()),
        (&json!("ACCRECPAYMENT"), "20.0".into())
    );
    assert_eq!(
        part["Warnings"][0]["Message"],
        "The payment date is prior to the invoice date."
    );
    assert_eq!(part["StatusAttributeString"], "WARNING");
    let table = [
        (
            "P-1",
            "20.01",
            "090",
            "Payment amount exceeds the amount outstanding on this document",
        ),
        (
            "P-2",
            "1",
            "090",
            "Payments can only be made against Authorised documents",
        ),
        ("P-1", "1", "nope", "Account could not be found."),
    ];
    for (number, amount, account, message) in table {
        let refused = pay(&mut desk, number, amount, account);
        assert_eq!(refused["ValidationErrors"][0]["Message"], message);
    }
}

#[test]
fn behaviour_28_payments_are_deleted_and_stay_listed() {
    let mut desk = Desk::new();
    desk.invoice("P-1", "AUTHORISED");
    let part = pay(&mut desk, "P-1", "100.00", "090");
    let id = part["PaymentID"].as_str().unwrap();
    let other = desk.call("POST", &format!("Payments/{id}"), r#"{"Status":"DELETED","Amount":1}"#);
    assert!(other.text.contains("Only Status accepted for updates."));
    let gone = desk.call(
        "POST",
        &format!("Payments/{id}"),
        r#"{"Payments":[{"Status":"DELETED"}]}"#,
    );
    assert_eq!(
        (gone.status, &gone.json["Payments"][0]["Status"]),
        (200, &json!("DELETED"))
    );
    let twice = desk.call(
        "POST",
        "Payments",
        &json!({"PaymentID":id,"Status":"DELETED"}).to_string(),
    );
    assert!(twice.text.contains("Payment not of valid status for modification"));
    let listed = desk.get("Payments?where=Status==\"DELETED\"").json;
    assert_eq!(
        listed["Payments"].as_array().unwrap().len(),
        1,
        "deleted payments stay listed"
    );
    let stamps = (
        listed["Payments"][0]["UpdatedDateUTC"].clone(),
        desk.get("Invoices/P-1").json["Invoices"][0]["UpdatedDateUTC"].clone(),
    );
    assert_eq!(stamps.0, stamps.1, "a payment and its invoice carry one stamp");
}

#[test]
fn an_empty_seed_has_one_organisation_and_no_contacts() {
    let mut desk = Desk::with(&Setup {
        seed: Seed::Empty,
        ..Setup::default()
    });
    let tenants = desk.world.tenants();
    assert_eq!((tenants.len(), tenants[0].name.as_str()), (1, "Demo Company"));
    assert_eq!(desk.get("Contacts").json["Contacts"], json!([]));
    for (path, status) in [("nothing", 404), ("faults/x/y", 404)] {
        assert_eq!(desk.try_control("POST", path, "").status, status);
    }
    assert_eq!(desk.try_control("PUT", "clock", "").status, 405);
    assert_eq!(desk.try_control("POST", "clock", r#"{"advance_s":-1}"#).status, 400);
    assert_eq!(desk.try_control("POST", "limits", r#"{"minute":"many"}"#).status, 400);
    assert_eq!(desk.try_control("POST", "faults", "not json").status, 400);
}
