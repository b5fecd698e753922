//! Paging, filters, order, If-Modified-Since.

use serde_json::{Value, json};

use super::desk::{Desk, START_MS};
use crate::sandbox::Setup;
use crate::sandbox::query::page::SinceIs;

fn numbers(reply: &Value) -> Vec<String> {
    let rows = reply["Invoices"].as_array().unwrap().iter();
    rows.map(|row| row["InvoiceNumber"].as_str().unwrap().to_owned())
        .collect()
}

fn filled() -> Desk {
    let mut desk = Desk::new();
    for number in ["A-1", "A-2", "B-1", "B-2", "C-1"] {
        desk.invoice(number, if number.starts_with('B') { "AUTHORISED" } else { "DRAFT" });
    }
    desk
}

#[test]
fn behaviour_13_pages_have_numbers_also_past_the_end() {
    let mut desk = filled();
    let first = desk.get("Invoices?page=1&pageSize=2").json;
    assert_eq!(numbers(&first), ["A-1", "A-2"]);
    assert_eq!(
        first["pagination"],
        json!({"page":1,"pageSize":2,"pageCount":3,"itemCount":5})
    );
    let past = desk.get("Invoices?page=9&pageSize=2").json;
    assert_eq!(numbers(&past), Vec::<String>::new());
    assert_eq!(past["pagination"]["page"], 9);
    let all = desk.get("Invoices").json;
    assert!(all["pagination"].is_null() && numbers(&all).len() == 5);
    assert_eq!(
        desk.get("Invoices?page=1&pageSize=5000").json["pagination"]["pageSize"],
        1000
    );
}

#[test]
fn behaviour_14_an_edited_record_moves_behind_and_can_be_skipped_by_paging() {
    let mut desk = filled();
    assert_eq!(numbers(&desk.get("Invoices?page=1&pageSize=2").json), ["A-1", "A-2"]);
    desk.call("POST", "Invoices/A-1", r#"{"Reference":"r"}"#);
    assert_eq!(
        numbers(&desk.get("Invoices?page=2&pageSize=2").json),
        ["B-2", "C-1"],
        "B-1 was skipped"
    );
}

#[test]
fn behaviour_16_filters_narrow() {
    let mut desk = filled();
    let table = [
        ("Invoices?InvoiceNumbers=b-1,C-1,zzz", vec!["B-1", "C-1"]),
        ("Invoices?Statuses=AUTHORISED", vec!["B-1", "B-2"]),
        (
            "Invoices?Statuses=AUTHORISED,DRAFT&page=1",
            vec!["A-1", "A-2", "B-1", "B-2", "C-1"],
        ),
        ("Invoices?where=Status==\"authorised\"", vec!["B-1", "B-2"]),
        (
            "Invoices?where=InvoiceNumber.StartsWith(\"a\") OR InvoiceNumber==\"C-1\"",
            vec!["A-1", "A-2", "C-1"],
        ),
        (
            "Invoices?where=Type==\"ACCREC\" AND Total>119.99 AND Total<=120&Statuses=DRAFT",
            vec!["A-1", "A-2", "C-1"],
        ),
        (
            "Invoices?order=InvoiceNumber DESC",
            vec!["C-1", "B-2", "B-1", "A-2", "A-1"],
        ),
        (
            "Invoices?order=UpdatedDateUTC DESC&page=1&pageSize=2",
            vec!["C-1", "B-2"],
        ),
        ("Invoices?searchTerm=b-", vec!["B-1", "B-2"]),
        ("Invoices?createdByMyApp=true&InvoiceNumbers=A-1", vec!["A-1"]),
        ("Invoices?where=Date>=DateTime(2026,09,02)", vec![]),
    ];
    for (target, expected) in table {
        assert_eq!(numbers(&desk.get(target).json), expected, "{target}");
    }
    let contact = desk.get("Contacts?where=Name==\"city limousines\"").json["Contacts"][0]["ContactID"].clone();
    let contact = contact.as_str().unwrap();
    for target in [
        format!("Invoices?ContactIDs={contact}"),
        format!("Invoices?where=Contact.ContactID==Guid(\"{contact}\")"),
    ] {
        assert_eq!(numbers(&desk.get(&target).json).len(), 5, "{target}");
    }
    let id = desk.get("Invoices/B-2").json["Invoices"][0]["InvoiceID"]
        .as_str()
        .unwrap()
        .to_owned();
    let by_id = desk.get(&format!("Invoices?IDs={id},6f3c7a0e-0000-4000-8000-000000000000"));
    assert_eq!(numbers(&by_id.json), ["B-2"]);
    let ids = vec![id; 60].join(",");
    assert_eq!(
        desk.get(&format!("Invoices?IDs={ids}")).status,
        404,
        "too long for the server"
    );
}

#[test]
fn behaviour_15_modified_since_reads_every_form_and_has_both_edges() {
    for (since_is, expected) in [(SinceIs::Exclusive, 1), (SinceIs::Inclusive, 2)] {
        let mut desk = Desk::with(&Setup {
            since_is,
            ..Setup::default()
        });
        desk.invoice("A-1", "DRAFT");
        let edge = desk.now.document_ms;
        desk.invoice("A-2", "DRAFT");
        let moment = chrono::DateTime::from_timestamp_millis(edge).unwrap();
        for text in [
            moment.format("%Y-%m-%dT%H:%M:%S").to_string(),
            moment.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            moment.format("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        ] {
            let mut request = desk.request("GET", "Invoices", "");
            request.headers.push(("If-Modified-Since".into(), text.clone()));
            desk.pass(1_000);
            assert_eq!(numbers(&desk.send(&request).json).len(), expected, "{text}");
        }
    }
    assert_eq!(START_MS % 1000, 0);
}

#[test]
fn behaviour_16_broken_clauses_are_named() {
    let mut desk = filled();
    for (clause, message) in [
        ("Status==\"DRAFT", "Unterminated string literal"),
        ("Nonsense==1", "No property or field 'Nonsense' exists"),
        ("Status==", "Expression expected"),
        ("(Status==\"DRAFT\"", "')' or operator expected"),
    ] {
        let reply = desk.get(&format!("Invoices?where={clause}"));
        assert_eq!(reply.status, 400, "{clause}");
        assert_eq!(reply.json["ErrorNumber"], 16);
        assert_eq!(reply.json["Type"], "QueryParseException");
        assert!(
            reply.json["Message"].as_str().unwrap().contains(message),
            "{clause}: {}",
            reply.text
        );
    }
}

#[test]
fn behaviour_35_reference_lists_answer() {
    let mut desk = Desk::new();
    let accounts = desk.get("Accounts").json["Accounts"].as_array().unwrap().len();
    let banks = desk.get("Accounts?where=Type==\"BANK\"&page=7").json["Accounts"]
        .as_array()
        .unwrap()
        .len();
    assert!(accounts > 40 && banks == 2);
    let rates = desk.get("TaxRates").json;
    let vat = rates["TaxRates"]
        .as_array()
        .unwrap()
        .iter()
        .find(|rate| rate["TaxType"] == "OUTPUT2")
        .unwrap()
        .clone();
    assert_eq!(vat["EffectiveRate"].to_string(), "20.0");
    let organisation = desk.get("Organisation").json["Organisations"][0].clone();
    assert_eq!(
        (&organisation["BaseCurrency"], &organisation["Timezone"]),
        (&json!("GBP"), &json!("GMTSTANDARDTIME"))
    );
    assert_eq!(organisation["OrganisationID"], desk.tenant.to_string());
    // Words outside Xero's own enums break strict clients.
    assert_eq!(organisation["Version"], "UK");
    assert_eq!(vat["ReportTaxType"], "OUTPUT");
}

#[test]
fn pages_of_what_changed_can_be_made_so_small_that_a_few_documents_fill_several() {
    let mut desk = filled();
    desk.control("POST", "pages", r#"{"most":2}"#);
    let mut changed = desk.request("GET", "Invoices?page=3&pageSize=1000", "");
    let since = ("If-Modified-Since".to_owned(), "2001-01-01T00:00:00".to_owned());
    changed.headers.push(since);
    let third = desk.send(&changed).json;
    assert_eq!(numbers(&third), ["C-1"]);
    assert_eq!(
        third["pagination"],
        json!({"page":3,"pageSize":2,"pageCount":3,"itemCount":5})
    );
    let all = desk.get("Invoices?page=1&pageSize=1000").json;
    assert_eq!(numbers(&all).len(), 5, "asked for without a time");
    for wrong in [r#"{"most":0}"#, r#"{"most":1001}"#, "{}"] {
        assert_eq!(desk.try_control("POST", "pages", wrong).status, 400, "{wrong}");
    }
}
