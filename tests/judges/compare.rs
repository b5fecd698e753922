//! Invoices and bills as the daemon reads them, against what was recorded, field by field.

use std::collections::BTreeMap;

use counterfoil::model::ids::{XeroContactId, XeroInvoiceId};
use counterfoil::model::xero::{Reply, Request, XeroInvoice, XeroLine};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::read::reply;

/// Compares every invoice and bill in `body`, wherever it stands. Returns how many.
pub fn check_documents(file: &str, body: &Value) -> usize {
    let mut rows = Vec::new();
    documents_in(body, &mut rows);
    let list = json!({"Invoices": rows}).to_string();
    let Reply::Invoices { found, .. } = reply(&Request::InvoicesById(Vec::new()), &list) else {
        panic!("{file}: no invoices")
    };
    assert_eq!(found.len(), rows.len(), "{file}");
    for (found, row) in found.iter().zip(&rows) {
        check_document(file, found, row);
    }
    rows.len()
}

fn documents_in<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(pairs) => {
            if pairs.contains_key("InvoiceID") && pairs.contains_key("Status") {
                found.push(value);
            }
            pairs.values().for_each(|value| documents_in(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| documents_in(value, found)),
        _ => {}
    }
}

fn check_document(file: &str, found: &XeroInvoice, row: &Value) {
    let at = format!("{file}: {}", row["InvoiceID"]);
    assert_eq!(found.id, XeroInvoiceId(guid(&row["InvoiceID"]).unwrap()), "{at}");
    let kind = found.kind.map(|kind| format!("{kind:?}"));
    let wanted = match row["Type"].as_str() {
        Some("ACCREC") => Some("Sales"),
        Some("ACCPAY") => Some("Purchase"),
        _ => None,
    };
    assert_eq!(kind.as_deref(), wanted, "{at}");
    assert_eq!(found.number, row["InvoiceNumber"].as_str().unwrap_or_default(), "{at}");
    assert_eq!(found.reference, row["Reference"].as_str().unwrap_or_default(), "{at}");
    assert_eq!(found.status.as_str(), row["Status"], "{at}");
    let contact = &row["Contact"];
    assert_eq!(found.contact_id, guid(&contact["ContactID"]).map(XeroContactId), "{at}");
    assert_eq!(found.contact_name, contact["Name"].as_str().unwrap_or_default(), "{at}");
    for (date, readable, tick) in [
        (found.date, "DateString", "Date"),
        (found.due_date, "DueDateString", "DueDate"),
    ] {
        let readable = row[readable]
            .as_str()
            .map(|text| text.chars().take(10).collect::<String>());
        let wanted = readable.or_else(|| row[tick].as_str().map(day_of_tick));
        assert_eq!(date.map(|date| date.to_string()), wanted, "{at}: {tick}");
    }
    let currency = found.currency.as_ref().map(|currency| currency.as_str());
    assert_eq!(currency, row["CurrencyCode"].as_str(), "{at}");
    let types = row["LineAmountTypes"].as_str().unwrap_or("Exclusive");
    assert_eq!(format!("{:?}", found.line_amount_types), types, "{at}");
    assert_eq!(found.url.as_deref(), row["Url"].as_str(), "{at}");
    for (amount, key) in [
        (found.sub_total, "SubTotal"),
        (found.total_tax, "TotalTax"),
        (found.total, "Total"),
        (found.cis_deduction, "CISDeduction"),
        (found.amount_due, "AmountDue"),
        (found.amount_paid, "AmountPaid"),
        (found.amount_credited, "AmountCredited"),
    ] {
        assert_eq!(amount, number(&row[key]), "{at}: {key}");
    }
    let updated = row["UpdatedDateUTC"].as_str().map_or(0, millis_of_tick);
    assert_eq!(found.updated.0, updated, "{at}: UpdatedDateUTC");
    check_payments(&at, found, row);
    check_credits(&at, found, row);
    let lines = row["LineItems"].as_array().cloned().unwrap_or_default();
    assert_eq!(found.lines.len(), lines.len(), "{at}");
    for (found, row) in found.lines.iter().zip(&lines) {
        check_line(&at, found, row);
    }
}

fn check_payments(at: &str, found: &XeroInvoice, row: &Value) {
    let rows = row["Payments"].as_array().cloned().unwrap_or_default();
    assert_eq!(found.payments.len(), rows.len(), "{at}: Payments");
    for (found, row) in found.payments.iter().zip(&rows) {
        assert_eq!(Some(found.id.0), guid(&row["PaymentID"]), "{at}");
        assert_eq!(found.amount, number(&row["Amount"]), "{at}: {row}");
        let day = found.date.map(|date| date.to_string());
        assert_eq!(day, row["Date"].as_str().map(day_of_tick), "{at}: {row}");
        assert_eq!(
            found.reference,
            row["Reference"].as_str().unwrap_or_default(),
            "{at}: {row}"
        );
    }
}

/// One document that was allocated twice is one credit.
fn check_credits(at: &str, found: &XeroInvoice, row: &Value) {
    let mut wanted: BTreeMap<uuid::Uuid, (String, Decimal)> = BTreeMap::new();
    let lists = [
        ("CreditNotes", "CreditNoteID"),
        ("Overpayments", "OverpaymentID"),
        ("Prepayments", "PrepaymentID"),
    ];
    for (list, key) in lists {
        for credit in row[list].as_array().into_iter().flatten() {
            let taken = credit.get("AppliedAmount").unwrap_or(&credit["Total"]);
            let number_text = credit["CreditNoteNumber"].as_str().unwrap_or_default();
            let entry = wanted.entry(guid(&credit[key]).unwrap()).or_default();
            *entry = (number_text.to_owned(), entry.1 + number(taken));
        }
    }
    let read: BTreeMap<uuid::Uuid, (String, Decimal)> = found
        .credits
        .iter()
        .map(|credit| (credit.id.0, (credit.number.clone(), credit.amount)))
        .collect();
    assert_eq!(read, wanted, "{at}");
}

fn check_line(at: &str, found: &XeroLine, row: &Value) {
    assert_eq!(found.id.map(|id| id.0), guid(&row["LineItemID"]), "{at}");
    assert_eq!(
        found.description,
        row["Description"].as_str().unwrap_or_default(),
        "{at}"
    );
    for (word, key) in [
        (&found.account_code, "AccountCode"),
        (&found.tax_type, "TaxType"),
        (&found.item_code, "ItemCode"),
    ] {
        assert_eq!(word.as_deref(), row[key].as_str(), "{at}: {key}");
    }
    for (amount, key) in [
        (found.quantity, "Quantity"),
        (found.unit_amount, "UnitAmount"),
        (found.tax_amount, "TaxAmount"),
        (found.line_amount, "LineAmount"),
        (found.discount_rate.unwrap_or_default(), "DiscountRate"),
    ] {
        assert_eq!(amount, number(&row[key]), "{at}: {key}");
    }
}

fn guid(value: &Value) -> Option<uuid::Uuid> {
    value.as_str().and_then(|text| uuid::Uuid::parse_str(text).ok())
}

/// A number, or one in quotation marks; nothing is zero.
pub fn number(value: &Value) -> Decimal {
    match value {
        Value::Null => Decimal::ZERO,
        Value::String(text) => text.parse().unwrap(),
        other => {
            let text = other.to_string();
            text.parse().or_else(|_| Decimal::from_scientific(&text)).unwrap()
        }
    }
}

fn millis_of_tick(text: &str) -> i64 {
    let inner = text.trim_start_matches("/Date(").trim_end_matches(")/");
    let bare = inner.split_once('+').map_or(inner, |(millis, _)| millis);
    bare.parse().unwrap()
}

pub fn day_of_tick(text: &str) -> String {
    let moment = chrono::DateTime::from_timestamp_millis(millis_of_tick(text)).unwrap();
    moment.date_naive().to_string()
}
