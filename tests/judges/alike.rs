//! For each call that was recorded of the live Xero, the sandbox answers with the same status, the
//! same keys in the same places, and values of the same type and form. Where it does not, the
//! difference and its reason stand in `differences.rs`; one that is gone must be taken off the list.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::desk::{Desk, Said};
use crate::differences::{DIFFERENCES, is_like};
use crate::recorded::{Recorded, Sent, cassettes, folder, nango, stubs};
use crate::shape::Shape;

/// Ids that recorded requests name, in this world.
struct Ids {
    contact: String,
    bank: String,
    invoice: String,
}

#[test]
fn the_sandbox_answers_each_recorded_call_alike() {
    let Some(folder) = folder() else { return };
    let (mut desk, ids) = organisation();
    let mut found = BTreeSet::new();
    for recorded in nango(&folder).iter().chain(&cassettes(&folder)).chain(&stubs(&folder)) {
        // The file name is what differs: `nango-integration-templates/accounts.test.json`.
        let (_, name) = recorded.file.split_once('/').unwrap();
        let said = ask(&mut desk, &ids, recorded);
        if said.status != recorded.status {
            found.insert((
                name.to_owned(),
                format!("answers {} and not {}", said.status, recorded.status),
            ));
            continue;
        }
        let differences = Shape::of(&recorded.body()).differences(&Shape::of(&said.body));
        found.extend(differences.into_iter().map(|difference| (name.to_owned(), difference)));
    }
    let reasoned = |name: &str, difference: &str| {
        let mut listed = DIFFERENCES.iter();
        listed.any(|(file, known, _)| is_like(file, name) && is_like(known, difference))
    };
    let new: Vec<String> = found
        .iter()
        .filter(|(name, difference)| !reasoned(name, difference))
        .map(|(name, difference)| format!("{name}: {difference}"))
        .collect();
    let gone: Vec<&(&str, &str, &str)> = DIFFERENCES
        .iter()
        .filter(|(file, known, _)| {
            let mut met = found.iter();
            !met.any(|(name, difference)| is_like(file, name) && is_like(known, difference))
        })
        .collect();
    assert!(new.is_empty(), "without a reason:\n{}", new.join("\n"));
    assert!(gone.is_empty(), "on the list and gone:\n{gone:#?}");
}

fn ask(desk: &mut Desk, ids: &Ids, recorded: &Recorded) -> Said {
    let Sent {
        method,
        path,
        query,
        body,
    } = &recorded.sent;
    if path == "/connect/token" {
        return desk.refresh();
    }
    match recorded.status {
        401 => return desk.ask_expired(path),
        403 => return desk.ask_elsewhere(path),
        _ => {}
    }
    let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let path = match path.split_once("/Invoices/") {
        Some((before, _)) => format!("{before}/Invoices/{}", ids.invoice),
        None => path.clone(),
    };
    let body = body.as_ref().map(|body| with_ids(body, ids));
    desk.ask(method, &format!("{path}?{}", pairs.join("&")), body.as_ref())
}

/// The recorded body with the ids of this world.
fn with_ids(body: &Value, ids: &Ids) -> Value {
    match body {
        Value::Object(pairs) => pairs
            .iter()
            .map(|(key, value)| {
                let value = match key.as_str() {
                    "ContactID" => json!(ids.contact),
                    "AccountID" => json!(ids.bank),
                    "InvoiceID" => json!(ids.invoice),
                    _ => with_ids(value, ids),
                };
                (key.clone(), value)
            })
            .collect(),
        Value::Array(items) => items.iter().map(|item| with_ids(item, ids)).collect(),
        other => other.clone(),
    }
}

/// An organisation with one of everything that the recorded ones had.
fn organisation() -> (Desk, Ids) {
    let mut desk = Desk::new();
    let accounts = desk.ask("GET", "/api.xro/2.0/Accounts", None).body;
    let mut accounts = accounts["Accounts"].as_array().unwrap().iter();
    let bank = accounts.find(|account| account["Type"] == "BANK").unwrap()["AccountID"].clone();
    let contact = json!({"Contacts": [{
        "Name": "City Limousines", "FirstName": "Martin", "LastName": "Dale", "EmailAddress": "accounts@example.com",
        "BankAccountDetails": "", "TaxNumber": "1",
        "Addresses": [{"AddressType": "POBOX", "AddressLine1": "1", "City": "London", "PostalCode": "1", "AttentionTo": ""}],
        "Phones": [{"PhoneType": "DEFAULT", "PhoneNumber": "5678", "PhoneAreaCode": "020", "PhoneCountryCode": "44"}],
    }]});
    let contact = text(&desk.must("PUT", "Contacts", &contact)["Contacts"][0]["ContactID"]);
    let region = desk.must("PUT", "TrackingCategories", &json!({"Name": "Region"}));
    let region = text(&region["TrackingCategories"][0]["TrackingCategoryID"]);
    desk.must(
        "PUT",
        &format!("TrackingCategories/{region}/Options"),
        &json!({"Name": "North"}),
    );
    let item = json!({"Items": [{"Code": "PMBr", "Name": "Project management", "Description": "A day",
        "SalesDetails": {"UnitPrice": 500, "AccountCode": "200", "TaxType": "OUTPUT"},
        "PurchaseDetails": {"UnitPrice": 300, "AccountCode": "310", "TaxType": "INPUT"}}]});
    desk.must("PUT", "Items", &item);

    let mut line = json!({"ItemCode": "PMBr", "Description": "A day", "Quantity": 1, "UnitAmount": 250,
        "AccountCode": "200", "TaxType": "OUTPUT", "Tracking": [{"Name": "Region", "Option": "North"}]});
    let bill_line = json!({"Description": "Subscription", "Quantity": 1, "UnitAmount": 250, "AccountCode": "429",
        "TaxType": "INPUT"});
    let note_line = line.clone();
    line["DiscountRate"] = json!(10);
    let mut write = |kind: &str, status: &str| {
        let line = if kind == "ACCPAY" { &bill_line } else { &line };
        let body = json!({"Invoices": [{"Type": kind, "Contact": {"ContactID": contact}, "Date": "2026-02-16",
            "DueDate": "2026-02-26", "Reference": "P/O 9711", "Status": status, "LineAmountTypes": "Inclusive",
            "LineItems": [line]}]});
        text(&desk.must("PUT", "Invoices", &body)["Invoices"][0]["InvoiceID"])
    };
    let invoice = write("ACCREC", "AUTHORISED");
    let (credited, paid, voided) = (
        write("ACCREC", "AUTHORISED"),
        write("ACCREC", "AUTHORISED"),
        write("ACCREC", "AUTHORISED"),
    );
    let deleted = write("ACCREC", "DRAFT");
    write("ACCPAY", "AUTHORISED");
    write("ACCPAY", "DRAFT");
    desk.must("POST", &format!("Invoices/{voided}"), &json!({"Status": "VOIDED"}));
    desk.must("POST", &format!("Invoices/{deleted}"), &json!({"Status": "DELETED"}));

    let pay = |id: &str, amount: f64| {
        json!({"Payments": [{"Invoice": {"InvoiceID": id}, "Account": {"Code": "090"},
        "Date": "2026-03-01", "Amount": amount, "Reference": "paid"}]})
    };
    desk.must("PUT", "Payments", &pay(&paid, 225.0));
    let gone = desk.must("PUT", "Payments", &pay(&invoice, 5.0));
    let gone = text(&gone["Payments"][0]["PaymentID"]);
    desk.must("POST", &format!("Payments/{gone}"), &json!({"Status": "DELETED"}));

    let note = json!({"CreditNotes": [{"Type": "ACCRECCREDIT", "Contact": {"ContactID": contact}, "Date": "2026-03-02",
        "Status": "AUTHORISED", "LineAmountTypes": "Inclusive", "LineItems": [note_line]}]});
    let note = text(&desk.must("PUT", "CreditNotes", &note)["CreditNotes"][0]["CreditNoteID"]);
    let share = json!({"Allocations": [{"Invoice": {"InvoiceID": credited}, "Amount": 25, "Date": "2026-03-03"}]});
    desk.must("PUT", &format!("CreditNotes/{note}/Allocations"), &share);
    (
        desk,
        Ids {
            contact,
            bank: text(&bank),
            invoice,
        },
    )
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
