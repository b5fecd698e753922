//! Real answers, recorded by others. They are not part of this repository: the folder is named by
//! `COUNTERFOIL_RECORDINGS` or lies beside the work tree, and the tests say so where it is missing.

use std::path::{Path, PathBuf};

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::model::xero::{Reply, Request, WriteTarget};
use crate::xero::decode::reply;

fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("COUNTERFOIL_RECORDINGS").map(PathBuf::from);
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = here.ancestors().skip(1).map(|up| up.join("shared/xero/recordings"));
    named.into_iter().chain(beside).find(|path| path.is_dir())
}

fn bodies(folder: &Path, file: &str, method: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct Exchange {
        response: Box<RawValue>,
    }
    let text = std::fs::read_to_string(folder.join("nango-integration-templates").join(file)).unwrap();
    let whole: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    // Re-serialised through `Value` would lose digits, so the raw text is cut out again.
    assert!(whole.contains_key("api"), "{file}");
    #[derive(Deserialize)]
    struct File {
        api: std::collections::BTreeMap<String, std::collections::BTreeMap<String, Box<RawValue>>>,
    }
    let recorded: File = serde_json::from_str(&text).unwrap();
    let mut found = Vec::new();
    for exchange in recorded.api[method].values() {
        let many: Vec<Exchange> = serde_json::from_str(exchange.get())
            .unwrap_or_else(|_single| vec![serde_json::from_str(exchange.get()).unwrap()]);
        found.extend(many.into_iter().map(|one| one.response.get().to_owned()));
    }
    found
}

/// The amounts of the list as the JSON text has them.
fn amounts(body: &str, list: &str, field: &str) -> Vec<Option<Decimal>> {
    let envelope: std::collections::BTreeMap<String, Box<RawValue>> = serde_json::from_str(body).unwrap();
    let items: Vec<std::collections::BTreeMap<String, Box<RawValue>>> =
        serde_json::from_str(envelope[list].get()).unwrap();
    items
        .iter()
        .map(|item| item.get(field).map(|raw| Decimal::from_str_exact(raw.get()).unwrap()))
        .collect()
}

fn check_invoices(body: &str) -> usize {
    let Ok(Reply::Invoices { found, .. }) = reply(&Request::InvoicesById(vec![]), body.as_bytes()) else {
        panic!("the recording could not be read")
    };
    for (field, ours) in [
        ("Total", found.iter().map(|invoice| invoice.total).collect::<Vec<_>>()),
        ("SubTotal", found.iter().map(|invoice| invoice.sub_total).collect()),
        ("TotalTax", found.iter().map(|invoice| invoice.total_tax).collect()),
        ("AmountDue", found.iter().map(|invoice| invoice.amount_due).collect()),
        ("AmountPaid", found.iter().map(|invoice| invoice.amount_paid).collect()),
        (
            "AmountCredited",
            found.iter().map(|invoice| invoice.amount_credited).collect(),
        ),
    ] {
        let theirs = amounts(body, "Invoices", field);
        assert_eq!(theirs.len(), ours.len());
        for (theirs, ours) in theirs.iter().zip(&ours) {
            assert_eq!(theirs.unwrap_or_default().to_string(), ours.to_string(), "{field}");
        }
    }
    for invoice in &found {
        assert!(invoice.kind.is_some() && invoice.date.is_some() && invoice.currency.is_some());
        assert!(invoice.contact_id.is_some() && !invoice.contact_name.is_empty());
        assert!(invoice.updated.0 > 0 && !invoice.lines.is_empty());
        assert!(invoice.lines.iter().all(|line| line.id.is_some()));
        assert_eq!(invoice.sub_total + invoice.total_tax, invoice.total);
    }
    found.len()
}

#[test]
fn recorded_answers_are_read_exactly() {
    let Some(folder) = folder() else {
        println!("skipped: no recordings on this machine");
        return;
    };
    let counted: usize = bodies(&folder, "invoices.test.json", "get")
        .iter()
        .map(|body| check_invoices(body))
        .sum();
    assert_eq!(counted, 77);
    let raw = std::fs::read_to_string(folder.join("xero-python/get-invoices-page1.raw.json")).unwrap();
    assert_eq!(check_invoices(&raw), 79);

    let Reply::Accounts(accounts) = reply(
        &Request::Accounts,
        bodies(&folder, "accounts.test.json", "get")[0].as_bytes(),
    )
    .unwrap() else {
        panic!()
    };
    assert_eq!(accounts.len(), 71);
    assert!(
        accounts
            .iter()
            .any(|account| account.is_active && account.code.as_deref() == Some("200"))
    );

    let Reply::Organisation(organisation) = reply(
        &Request::Organisation,
        bodies(&folder, "organisations.test.json", "get")[0].as_bytes(),
    )
    .unwrap() else {
        panic!()
    };
    assert_eq!(
        (organisation.base_currency.as_str(), organisation.time_zone.as_str()),
        ("USD", "EASTERNSTANDARDTIME")
    );
    assert_eq!(organisation.period_lock_date.unwrap().to_string(), "2008-09-30");
}

#[test]
fn recorded_writes_and_contacts_are_read() {
    let Some(folder) = folder() else {
        println!("skipped: no recordings on this machine");
        return;
    };
    let write = Request::Write {
        target: WriteTarget::CreateInvoices,
        body: "{}".into(),
        key: "k".into(),
    };
    for body in bodies(&folder, "create-invoice.test.json", "put") {
        let Ok(Reply::Written(elements)) = reply(&write, body.as_bytes()) else {
            panic!()
        };
        assert!(elements[0].errors.is_empty());
        assert_eq!(elements[0].invoice.total.to_string(), "108.25");
    }
    let text = std::fs::read_to_string(folder.join("xero-openapi-examples/createInvoices.200.json")).unwrap();
    assert!(matches!(reply(&write, text.as_bytes()), Ok(Reply::Written(_))));
    let body = &bodies(&folder, "contacts.test.json", "get")[0];
    let names: Vec<String> = serde_json::from_str::<serde_json::Value>(body).unwrap()["Contacts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|contact| contact["Name"].as_str().unwrap().to_owned())
        .collect();
    let asked = Request::FindContacts {
        numbers: vec![],
        names: names.clone(),
    };
    let Ok(Reply::Contacts(found)) = reply(&asked, body.as_bytes()) else {
        panic!()
    };
    assert_eq!(found.len(), names.len());
}
