//! For each call that was recorded of the live Xero, the sandbox answers with the same status, the
//! same keys in the same places, and values of the same type and form. Where it does not, the
//! difference and its reason stand in `differences.rs`; one that is gone must be taken off the list.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::desk::{Desk, Said};
use crate::differences::DIFFERENCES;
use crate::recorded::{Recorded, Sent, cassettes, folder, nango, stubs};
use crate::shape::Shape;

/// Ids that recorded requests name, in this world.
struct Ids {
    /// Of whom nothing is known but a name.
    named: String,
    /// Who was entered as a contact, without details.
    entered: String,
    bank: String,
    /// A sale that was sent.
    sale: String,
    bill: String,
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
    let known: BTreeSet<(String, String)> = DIFFERENCES
        .iter()
        .map(|(file, difference, _)| ((*file).to_owned(), (*difference).to_owned()))
        .collect();
    let new: Vec<_> = found.difference(&known).collect();
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(new.is_empty(), "without a reason:\n{new:#?}");
    assert!(gone.is_empty(), "on the list and gone:\n{gone:#?}");
    assert_eq!(known.len(), DIFFERENCES.len(), "something is on the list twice");
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
        Some((before, _)) => format!("{before}/Invoices/{}", ids.bill),
        None => path.clone(),
    };
    let contact = if recorded.file.contains("create-invoice") {
        &ids.named
    } else {
        &ids.entered
    };
    let body = body.as_ref().map(|body| with_ids(body, ids, contact));
    desk.ask(method, &format!("{path}?{}", pairs.join("&")), body.as_ref())
}

/// The recorded body with the ids of this world.
fn with_ids(body: &Value, ids: &Ids, contact: &str) -> Value {
    match body {
        Value::Object(pairs) => pairs
            .iter()
            .map(|(key, value)| {
                let value = match key.as_str() {
                    "ContactID" => json!(contact),
                    "AccountID" => json!(ids.bank),
                    "InvoiceID" => json!(ids.sale),
                    _ => with_ids(value, ids, contact),
                };
                (key.clone(), value)
            })
            .collect(),
        Value::Array(items) => items.iter().map(|item| with_ids(item, ids, contact)).collect(),
        other => other.clone(),
    }
}

/// An organisation with one of everything that the recorded ones had.
fn organisation() -> (Desk, Ids) {
    let mut desk = Desk::new();
    desk.play("organisation.lock", &json!({"date": "2008-09-30"}));
    let bank = desk
        .ask("GET", "/api.xro/2.0/Accounts?where=Type%3D%3D%22BANK%22", None)
        .body;
    let bank = text(&bank["Accounts"][0]["AccountID"]);
    let contact = contacts(&mut desk);
    let line = items(&mut desk);
    let entered = desk.must("PUT", "Contacts", &json!({"Name": "Nothing Known Ltd"}));
    let entered = text(&entered["Contacts"][0]["ContactID"]);

    let bill_line = json!({"Description": "Subscription", "Quantity": 1, "UnitAmount": 250, "AccountCode": "429",
        "TaxType": "INPUT"});
    let mut write = |kind: &str, status: &str, contact: Value| {
        let is_bill = kind == "ACCPAY";
        let line = if is_bill { &bill_line } else { &line };
        let body = json!({"Invoices": [{"Type": kind, "Contact": contact, "Date": "2026-02-16",
            "DueDate": "2026-02-26", "Reference": "P/O 9711", "Status": status, "LineAmountTypes": "Inclusive",
            "LineItems": [line], "SentToContact": !is_bill && status == "AUTHORISED"}]});
        let made = &desk.must("PUT", "Invoices", &body)["Invoices"][0];
        (text(&made["InvoiceID"]), text(&made["Contact"]["ContactID"]))
    };
    let known = || json!({"ContactID": contact});
    let (sale, _) = write("ACCREC", "AUTHORISED", known());
    let [credited, paid, together, voided] = [(); 4].map(|()| write("ACCREC", "AUTHORISED", known()).0);
    let (deleted, _) = write("ACCREC", "DRAFT", known());
    let (bill, named) = write("ACCPAY", "AUTHORISED", json!({"Name": "Only A Name"}));
    write("ACCREC", "AUTHORISED", json!({"ContactID": named}));
    write("ACCPAY", "DRAFT", known());
    desk.must("POST", &format!("Invoices/{voided}"), &json!({"Status": "VOIDED"}));
    desk.must("POST", &format!("Invoices/{deleted}"), &json!({"Status": "DELETED"}));
    money(&mut desk, &contact, &line, [&sale, &credited, &paid, &together]);
    let ids = Ids {
        named,
        entered,
        bank,
        sale,
        bill,
    };
    (desk, ids)
}

/// A contact of whom everything is known, in a group.
fn contacts(desk: &mut Desk) -> String {
    let contact = json!({"Contacts": [{
        "Name": "City Limousines", "FirstName": "Martin", "LastName": "Dale", "EmailAddress": "accounts@example.com",
        "ContactNumber": "C-1", "BankAccountDetails": "", "TaxNumber": "1", "DefaultCurrency": "GBP",
        "AccountsReceivableTaxType": "OUTPUT", "AccountsPayableTaxType": "INPUT",
        "BatchPayments": {"BankAccountNumber": "1", "BankAccountName": "M Dale", "Details": "D", "Code": "", "Reference": ""},
        "Addresses": [{"AddressType": "POBOX", "AddressLine1": "1", "AddressLine2": "2", "AddressLine3": "3",
            "AddressLine4": "4", "City": "London", "PostalCode": "1", "AttentionTo": ""}],
        "Phones": [{"PhoneType": "DEFAULT", "PhoneNumber": "5678", "PhoneAreaCode": "020", "PhoneCountryCode": "44"}],
    }]});
    let contact = text(&desk.must("PUT", "Contacts", &contact)["Contacts"][0]["ContactID"]);
    let group = desk.must("PUT", "ContactGroups", &json!({"Name": "Regulars"}));
    let group = text(&group["ContactGroups"][0]["ContactGroupID"]);
    let member = json!({"Contacts": [{"ContactID": contact}]});
    desk.must("PUT", &format!("ContactGroups/{group}/Contacts"), &member);
    contact
}

/// A service, a tracked ware, a tracking category, and a described account. Returns a line that
/// sells the service.
fn items(desk: &mut Desk) -> Value {
    let region = desk.must("PUT", "TrackingCategories", &json!({"Name": "Region"}));
    let region = text(&region["TrackingCategories"][0]["TrackingCategoryID"]);
    desk.must(
        "PUT",
        &format!("TrackingCategories/{region}/Options"),
        &json!({"Name": "North"}),
    );
    let stock = json!({"Code": "631", "Name": "Stock", "Type": "INVENTORY", "Description": "Wares on the shelf"});
    desk.must("PUT", "Accounts", &stock);
    let items = json!({"Items": [
        {"Code": "PMBr", "Name": "Project management", "Description": "A day",
            "SalesDetails": {"UnitPrice": 500, "AccountCode": "200", "TaxType": "OUTPUT"},
            "PurchaseDetails": {"UnitPrice": 300, "AccountCode": "310", "TaxType": "INPUT"}},
        {"Code": "TSL", "Name": "T-shirt", "Description": "Black", "PurchaseDescription": "Black, by the dozen",
            "InventoryAssetAccountCode": "631",
            "SalesDetails": {"UnitPrice": 40, "AccountCode": "200", "TaxType": "OUTPUT"},
            "PurchaseDetails": {"UnitPrice": 20, "COGSAccountCode": "310", "TaxType": "NONE"}},
    ]});
    desk.must("PUT", "Items", &items);
    json!({"ItemCode": "PMBr", "Description": "A day", "Quantity": 1, "UnitAmount": 250,
        "AccountCode": "200", "TaxType": "OUTPUT", "Tracking": [{"Name": "Region", "Option": "North"}]})
}

/// Payments alone, together and taken back, and a credit note that is spent.
fn money(desk: &mut Desk, contact: &str, line: &Value, [sale, credited, paid, together]: [&str; 4]) {
    let pay = |id: &str, amount: f64| {
        json!({"Payments": [{"Invoice": {"InvoiceID": id}, "Account": {"Code": "090"},
        "Date": "2026-03-01", "Amount": amount, "Reference": "paid"}]})
    };
    desk.must("PUT", "Payments", &pay(paid, 250.0));
    let gone = desk.must("PUT", "Payments", &pay(sale, 5.0));
    let gone = text(&gone["Payments"][0]["PaymentID"]);
    desk.must("POST", &format!("Payments/{gone}"), &json!({"Status": "DELETED"}));
    let mut batch = pay(together, 25.0);
    batch["Account"] = json!({"Code": "090"});
    batch["Date"] = json!("2026-03-04");
    desk.must("PUT", "BatchPayments", &json!({"BatchPayments": [batch]}));

    let note = json!({"CreditNotes": [{"Type": "ACCRECCREDIT", "Contact": {"ContactID": contact}, "Date": "2026-03-02",
        "Status": "AUTHORISED", "LineAmountTypes": "Inclusive", "LineItems": [line]}]});
    let note = text(&desk.must("PUT", "CreditNotes", &note)["CreditNotes"][0]["CreditNoteID"]);
    let share = json!({"Allocations": [{"Invoice": {"InvoiceID": credited}, "Amount": 250, "Date": "2026-03-03"}]});
    desk.must("PUT", &format!("CreditNotes/{note}/Allocations"), &share);
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
