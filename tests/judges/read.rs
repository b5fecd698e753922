//! Every recording, read by the daemon: nothing that it uses is lost, and what it does not ask for
//! is named here.

use std::collections::BTreeSet;

use counterfoil::model::failure::Failure;
use counterfoil::model::secret::ExposeSecret;
use counterfoil::model::xero::{Reply, Request};
use counterfoil::xero::client::understood;
use counterfoil::xero::oauth::{connections_from, pair_from};
use counterfoil::xero::outcome::{Asked, of_answer};
use counterfoil::xero::transport::Whole;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::compare::{check_documents, day_of_tick, number};
use crate::recorded::{Recorded, cassettes, examples, files, folder, json, nango, stubs, text};
use crate::schema::file::{Document, documents};
use crate::xml;

/// XML recordings with documents, and the type of their list.
const XML: [(&str, &str); 16] = [
    ("xeroizer/create_credit_note.xml", "CreditNotes"),
    (
        "xeroizer/credit_note-371cd138-1e5c-4ec1-a8c6-a1c10e8bdab1.xml",
        "CreditNotes",
    ),
    (
        "xeroizer/credit_note-7df8949c-b71f-40c0-bbcf-39f2f450f286.xml",
        "CreditNotes",
    ),
    ("xeroizer/invoice-0032f627-3156-4d30-9b1c-4d3b994dc921.xml", "Invoices"),
    ("xeroizer/invoice-0e64a623-c2a1-446a-93ed-eb897f118cbc.xml", "Invoices"),
    ("xeroizer/invoice-46441f63-873f-4cdc-a278-b8fe516f3abb.xml", "Invoices"),
    ("xeroizer/invoice-4fad1af2-b871-4ac5-a15a-3c5e32d2e2c4.xml", "Invoices"),
    ("xeroizer/invoice-673dd7cc-beb7-4697-83d4-0c47cb400cc2.xml", "Invoices"),
    ("xeroizer/invoice-77b338ef-ecc0-4b95-a0d7-2617b0054611.xml", "Invoices"),
    ("xeroizer/invoice-962ef33f-c9d2-4602-9b9f-93a02bea23b3.xml", "Invoices"),
    ("xeroizer/invoice-c963f2b0-cbe1-4abd-9ccc-7e512c942068.xml", "Invoices"),
    ("xeroizer/organisations.xml", "Organisations"),
    ("xeroizer/payments.xml", "Payments"),
    (
        "xeroizer/prepayment-7d3619b1-82cc-405b-8f44-9d4f9a787a8a.xml",
        "Prepayments",
    ),
    ("xero_gateway/create_payments.xml", "Payments"),
    ("xero_gateway/tax_rates.xml", "TaxRates"),
];

fn whole(status: u16, body: &str) -> Whole {
    Whole {
        status,
        headers: HeaderMap::new(),
        body: body.to_owned().into(),
    }
}

pub fn reply(request: &Request, body: &str) -> Reply {
    let answer = understood(request, Ok(whole(200, body)));
    answer.result.unwrap_or_else(|failure| panic!("{failure:?}\n{body}"))
}

/// Recordings that the daemon does not read, and why. Documents inside them are read all the same.
const NOT_READ: [(&str, &str); 20] = [
    (
        "nango-integration-templates/create-item.test.json",
        "it asks for no items",
    ),
    (
        "nango-integration-templates/list-items.test.json",
        "it asks for no items",
    ),
    (
        "xero-openapi-examples/createManualJournals.200.json",
        "it asks for no manual journals",
    ),
    (
        "xero-openapi-examples/getManualJournals.200.json",
        "it asks for no manual journals",
    ),
    (
        "xero-openapi-examples/getContactCISSettings.200.json",
        "it asks for no CIS settings",
    ),
    ("xero-openapi-examples/createCreditNoteAllocation.req.json", "a request"),
    ("xero-openapi-examples/createInvoices.req.json", "a request"),
    ("xero-openapi-examples/createManualJournals.req.json", "a request"),
    ("xero-openapi-examples/createPayments.req.json", "a request"),
    ("xero-openapi-examples/deletePayment.req.json", "a request"),
    ("xero-openapi-examples/updateInvoice.req.json", "a request"),
    (
        "xero-python/get-invoices-page1.headers.json",
        "the headers of another file",
    ),
    (
        "xero_gateway/create_manual_journal.xml",
        "it asks for no manual journals",
    ),
    (
        "xero_gateway/manual_journal_not_found_error.xml",
        "an error in XML, which it never asks for",
    ),
    ("xeroizer/api_exception.xml", "an error in XML, which it never asks for"),
    (
        "xeroizer/manual_journal-4765d07b-aa03-4e56-9166-50661958c864.xml",
        "it asks for no manual journals",
    ),
    (
        "xeroizer/manual_journal-f00a355b-7374-445c-886b-0437bea4095c.xml",
        "it asks for no manual journals",
    ),
    ("xeroizer/manual_journals.xml", "it asks for no manual journals"),
    ("github-issues/error-bodies.yaml", "read by a test of its own"),
    ("webhooks/vectors.json", "read by a test of its own"),
];

#[test]
fn every_recording_is_read_and_nothing_that_is_used_is_lost() {
    let Some(folder) = folder() else { return };
    let all: BTreeSet<String> = files(&folder).into_iter().collect();
    let mut read: BTreeSet<String> = NOT_READ.iter().map(|(file, _)| (*file).to_owned()).collect();
    let mut documents_count = 0;
    let lists = [nango(&folder), examples(&folder), cassettes(&folder), stubs(&folder)];
    for recorded in lists.iter().flatten() {
        documents_count += check(recorded);
        read.insert(recorded.file.clone());
    }
    let accounting = &documents().unwrap()[0];
    for (file, list) in XML {
        documents_count += check_xml(accounting, file, list, &text(&folder, file));
        read.insert(file.to_owned());
    }
    let file = "laravel-xero-oauth2/invoices-request.json";
    documents_count += check_documents(file, &json(&folder, file));
    read.insert(file.to_owned());
    assert_eq!(all.len(), 73);
    assert_eq!(read, all, "each file is read or says why not");
    assert_eq!(documents_count, 177, "invoices and bills that were compared");
}

/// Reads one answer as the daemon would. Returns how many documents in it were compared.
fn check(recorded: &Recorded) -> usize {
    let Recorded {
        file,
        sent,
        status,
        text,
    } = recorded;
    if *status >= 400 {
        let failure = of_answer(Asked::Write, *status, &HeaderMap::new(), text.as_bytes());
        check_failure(file, &failure, &recorded.body());
        return 0;
    }
    let body = recorded.body();
    let path = sent.path.to_ascii_lowercase();
    match path.trim_start_matches("/api.xro/2.0") {
        "/connections" => check_connections(file, text),
        "/connect/token" => check_tokens(text),
        "/organisation" => check_organisation(file, text, &body),
        "/accounts" => check_accounts(text, &body),
        "/taxrates" => check_tax_rates(text, &body),
        "/contacts" => check_contacts(text, &body),
        _ => {}
    }
    check_documents(file, &body)
}

fn check_failure(file: &str, failure: &Failure, body: &Value) {
    for element in body["Elements"].as_array().into_iter().flatten() {
        for message in element["ValidationErrors"].as_array().unwrap() {
            let text = message["Message"].as_str().unwrap().to_owned();
            assert!(failure.validation.contains(&text), "{file}: {failure:?}");
        }
    }
    assert!(!failure.message.is_empty(), "{file}");
}

fn check_connections(file: &str, text: &str) {
    // The ids of one file were blotted out by those who published it.
    let text = text.replace(
        r#""tenantId": "1234""#,
        r#""tenantId": "11111111-2222-4333-8444-555555555555""#,
    );
    let found = connections_from(Ok(whole(200, &text))).unwrap_or_else(|failure| panic!("{file}: {failure}"));
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(found.len(), rows.len());
    for (found, row) in found.iter().zip(&rows) {
        assert_eq!(found.connection_id, row["id"]);
        assert_eq!(found.tenant.0.to_string(), row["tenantId"]);
        assert_eq!(found.tenant_type, row["tenantType"]);
        assert_eq!(found.name.as_deref(), row["tenantName"].as_str());
    }
}

fn check_tokens(text: &str) {
    let pair = pair_from(Ok(whole(200, text))).unwrap();
    let body: Value = serde_json::from_str(text).unwrap();
    assert_eq!(pair.access.expose_secret(), body["access_token"]);
    assert_eq!(pair.refresh.expose_secret(), body["refresh_token"]);
    assert_eq!(pair.scope.as_deref(), body["scope"].as_str());
}

fn check_organisation(file: &str, text: &str, body: &Value) {
    let Reply::Organisation(found) = reply(&Request::Organisation, text) else {
        panic!("{file}")
    };
    let row = &body["Organisations"][0];
    assert_eq!(found.name, row["Name"]);
    assert_eq!(found.base_currency.as_str(), row["BaseCurrency"]);
    assert_eq!(found.time_zone, row["Timezone"].as_str().unwrap_or_default());
    assert_eq!(found.short_code.as_deref(), row["ShortCode"].as_str());
    for (date, key) in [
        (found.period_lock_date, "PeriodLockDate"),
        (found.end_of_year_lock_date, "EndOfYearLockDate"),
    ] {
        let wanted = row[key].as_str().map(day_of_tick);
        assert_eq!(date.map(|date| date.to_string()), wanted, "{file}: {key}");
    }
}

fn check_accounts(text: &str, body: &Value) {
    let Reply::Accounts(found) = reply(&Request::Accounts, text) else {
        panic!("no accounts")
    };
    let rows = body["Accounts"].as_array().unwrap();
    assert_eq!(found.len(), rows.len());
    for (found, row) in found.iter().zip(rows) {
        let word = |key: &str| row[key].as_str().filter(|word| !word.is_empty());
        assert_eq!(found.code.as_deref(), word("Code"));
        assert_eq!(found.name, row["Name"]);
        assert_eq!(found.account_type, row["Type"]);
        assert_eq!(found.tax_type.as_deref(), word("TaxType"));
        assert_eq!(found.is_active, row["Status"] == "ACTIVE");
    }
}

fn check_tax_rates(text: &str, body: &Value) {
    let Reply::TaxRates(found) = reply(&Request::TaxRates, text) else {
        panic!("no tax rates")
    };
    // Lines name a rate by its tax type; one without is of no use.
    let rows = body["TaxRates"].as_array().unwrap().iter();
    let rows: Vec<&Value> = rows.filter(|row| row["TaxType"].is_string()).collect();
    assert_eq!(found.len(), rows.len());
    for (found, row) in found.iter().zip(rows) {
        assert_eq!(found.tax_type, row["TaxType"]);
        assert_eq!(found.name, row["Name"]);
        assert_eq!(found.effective_rate, number(&row["EffectiveRate"]));
        assert_eq!(found.is_active, row["Status"] == "ACTIVE");
    }
}

fn check_contacts(text: &str, body: &Value) {
    let rows = body["Contacts"].as_array().unwrap();
    let names = rows
        .iter()
        .map(|row| row["Name"].as_str().unwrap().to_owned())
        .collect();
    let asked = Request::FindContacts {
        numbers: Vec::new(),
        names,
    };
    let Reply::Contacts(found) = reply(&asked, text) else {
        panic!("no contacts")
    };
    assert_eq!(found.len(), rows.len());
    for (found, row) in found.iter().zip(rows) {
        assert_eq!(found.id.0.to_string(), row["ContactID"]);
        assert_eq!(found.name, row["Name"]);
        assert_eq!(found.number.as_deref(), row["ContactNumber"].as_str());
        assert_eq!(found.is_archived, row["ContactStatus"] == "ARCHIVED");
        let merged = found.merged_into.map(|id| id.0.to_string());
        assert_eq!(merged.as_deref(), row["MergedToContactID"].as_str());
    }
}

fn check_xml(accounting: &Document, file: &str, list: &str, xml_text: &str) -> usize {
    let body = xml::as_json(accounting, list, xml_text);
    assert!(
        body[list].as_array().is_some_and(|rows| !rows.is_empty()),
        "{file}: {body}"
    );
    let text = body.to_string();
    match list {
        "Organisations" => check_organisation(file, &text, &body),
        "TaxRates" => check_tax_rates(&text, &body),
        _ => {}
    }
    check_documents(file, &body)
}
