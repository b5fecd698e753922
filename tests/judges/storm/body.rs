//! Bodies: good ones, and what is left of them after a few blows.

use serde_json::{Value, json};

use super::draw::Draw;
use super::request::Known;

/// JSON that no `Value` can hold is written into texts between these, and set free at the end.
const RAW: (&str, &str) = ("\"<raw>", "</raw>\"");

/// What a number, a text or anything else is replaced by.
const ODD: [&str; 40] = [
    "null",
    "true",
    "false",
    "0",
    "-0",
    "-1",
    "1e400",
    "-1e-400",
    "1e28",
    "79228162514264337593543950335",
    "79228162514264337593543950336",
    "-79228162514264337593543950335",
    "99999999999999999999999999999999999.99",
    "0.00000000000000000000000000001",
    "0.005",
    "1.0000000000000000000000000000001",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "[]",
    "{}",
    "[[]]",
    "[null]",
    "[{}]",
    "{\"\":{}}",
    "\"\"",
    "\" \"",
    "\"\\u0000\"",
    "\"\\ud83d\\ude00\"",
    "\"DROP TABLE\"",
    "\"1e5\"",
    "\"0001-01-01\"",
    "\"9999-12-31\"",
    "\"-262144-01-01\"",
    "\"/Date(9223372036854775807)/\"",
    "\"/Date(-62135596800000+9999)/\"",
    "\"2026-02-30\"",
    "\"2026-09-01T25:61:61\"",
    "\"00000000-0000-0000-0000-000000000000\"",
    "\"AUTHORISED\"",
];

/// A body for this resource; mostly broken somewhere.
pub fn body(draw: &mut Draw, known: &Known, resource: &str) -> Vec<u8> {
    let mut value = good(draw, known, resource);
    if draw.percent(15) {
        return value.to_string().into_bytes();
    }
    for _ in 0..draw.between(1, 4) {
        strike(draw, known, &mut value);
    }
    let mut text = value.to_string();
    if text.contains(RAW.0) {
        text = set_free(&text);
    }
    let mut bytes = text.into_bytes();
    if draw.percent(12) {
        spoil(draw, &mut bytes);
    }
    bytes
}

fn good(draw: &mut Draw, known: &Known, resource: &str) -> Value {
    let key = collection(resource);
    let elements: Vec<Value> = (0..draw.between(1, 3))
        .map(|_| element(draw, known, resource))
        .collect();
    match draw.below(8) {
        0 => Value::Array(elements),
        1 => elements.into_iter().next().unwrap_or_default(),
        2 => json!({key.to_lowercase(): elements}),
        _ => json!({key: elements}),
    }
}

fn collection(resource: &str) -> &str {
    match resource {
        "Allocations" | "Accounts" | "Contacts" | "CreditNotes" | "Invoices" | "Items" | "ManualJournals"
        | "Overpayments" | "Payments" | "Prepayments" | "TaxRates" | "TrackingCategories" | "BankTransactions"
        | "BatchPayments" | "ContactGroups" | "Options" => resource,
        "History" => "HistoryRecords",
        "Deletion" | "Deletions" => "Payments",
        _ => "Things",
    }
}

fn element(draw: &mut Draw, known: &Known, resource: &str) -> Value {
    let amount = format!("{}.{:02}", draw.below(300), draw.below(100));
    let date = format!("2026-{:02}-{:02}", draw.between(1, 12), draw.between(1, 28));
    let id = known.id(draw, "InvoiceID");
    let contact_id = known.id(draw, "ContactID");
    let contact = match draw.below(3) {
        0 => json!({"ContactID": contact_id}),
        1 => json!({"Name": "City Limousines"}),
        _ => json!({"Name": format!("Customer {}", draw.below(5)), "ContactNumber": "C1"}),
    };
    let status = draw.one(&[
        "DRAFT",
        "SUBMITTED",
        "AUTHORISED",
        "PAID",
        "VOIDED",
        "DELETED",
        "ARCHIVED",
        "ACTIVE",
    ]);
    let lines = lines(draw);
    let number = format!("S-{}", draw.below(40));
    match resource {
        "Invoices" => json!({
            "Type": draw.one(&["ACCREC", "ACCPAY"]), "InvoiceNumber": number, "Contact": contact, "Date": date,
            "DueDate": date, "Status": status, "LineAmountTypes": draw.one(&["Exclusive", "Inclusive", "NoTax"]),
            "LineItems": lines, "InvoiceID": id, "Url": "https://example.com/?cf=1", "Reference": "r",
            "CurrencyCode": draw.one(&["GBP", "EUR"]), "CurrencyRate": amount,
        }),
        "CreditNotes" | "Overpayments" | "Prepayments" => json!({
            "Type": draw.one(&["ACCRECCREDIT", "ACCPAYCREDIT", "RECEIVE-OVERPAYMENT"]), "CreditNoteNumber": number,
            "Contact": contact, "Date": date, "Status": status, "LineItems": lines,
        }),
        "BankTransactions" => json!({
            "Type": draw.one(&["RECEIVE-OVERPAYMENT", "SPEND-OVERPAYMENT", "RECEIVE-PREPAYMENT", "RECEIVE"]),
            "Contact": contact, "Date": date, "LineItems": lines, "BankAccount": {"Code": "090"},
        }),
        "Allocations" => json!({"Invoice": {"InvoiceID": id}, "Amount": amount, "Date": date}),
        "BatchPayments" => json!({
            "Account": {"Code": "090"}, "Date": date, "Reference": "r",
            "Payments": [{"Invoice": {"InvoiceID": id}, "Amount": amount},
                {"Invoice": {"InvoiceID": known.id(draw, "InvoiceID")}, "Amount": "1.00"}],
        }),
        "Payments" => json!({
            "Invoice": {"InvoiceID": id}, "Account": {"Code": "090"}, "Date": date, "Amount": amount,
            "Reference": "r", "CurrencyRate": 1,
        }),
        "Contacts" => contact_element(draw, &contact_id, &number),
        "ManualJournals" => json!({
            "Narration": "n", "Date": date, "Status": status,
            "JournalLines": [{"LineAmount": amount, "AccountCode": "429"},
                {"LineAmount": format!("-{amount}"), "AccountCode": "200"}],
        }),
        "Items" => {
            json!({"Code": number, "Name": "Widget", "SalesDetails": {"UnitPrice": amount, "AccountCode": "200"}})
        }
        "TrackingCategories" => json!({"Name": format!("Region {}", draw.below(5)), "Status": status}),
        "Options" => json!({"Name": format!("North {}", draw.below(5))}),
        "Accounts" => {
            json!({"Code": format!("9{}", draw.below(99)), "Name": number, "Type": draw.one(&["REVENUE", "BANK"])})
        }
        "History" => json!({"Details": "noted"}),
        "Deletion" => json!({"Status": "DELETED"}),
        "Deletions" => json!({"PaymentID": known.id(draw, "PaymentID"), "Status": "DELETED"}),
        "ContactGroups" => json!({"Name": format!("Group {}", draw.below(5)), "Status": status}),
        _ => json!({"Status": status}),
    }
}

fn contact_element(draw: &mut Draw, contact_id: &str, number: &str) -> Value {
    json!({
        "ContactID": contact_id, "Name": format!("Customer {}", draw.below(9)), "EmailAddress": "a@example.com",
        "ContactNumber": number, "ContactStatus": draw.one(&["ACTIVE", "ARCHIVED"]),
        "Addresses": [{"AddressType": "STREET", "City": "London"}],
        "Phones": [{"PhoneType": "DEFAULT", "PhoneNumber": "1"}],
        "DefaultCurrency": "GBP", "AccountsReceivableTaxType": "OUTPUT2", "BankAccountDetails": "1",
        "SalesDefaultLineAmountType": "INCLUSIVE", "PaymentTerms": {"Sales": {"Day": 5, "Type": "OFCURRENTMONTH"}},
        "BatchPayments": {"BankAccountNumber": "1", "Details": "d", "Code": "", "Reference": ""},
        "ContactPersons": [{"FirstName": "A", "EmailAddress": "a@example.com", "IncludeInEmails": true}],
    })
}

fn lines(draw: &mut Draw) -> Value {
    let line = |draw: &mut Draw| {
        json!({
            "Description": "Work", "Quantity": draw.between(-2, 9), "UnitAmount": format!("{}.{:02}", draw.below(900), draw.below(100)),
            "AccountCode": draw.one(&["200", "400", "090", "999"]), "TaxType": draw.one(&["OUTPUT2", "INPUT2", "NONE", "NOPE"]),
            "DiscountRate": draw.between(0, 110), "TaxAmount": "1.00", "ItemCode": "S-1",
            "Tracking": [{"Name": "Region", "Option": "North"}],
        })
    };
    (0..draw.between(0, 3)).map(|_| line(draw)).collect()
}

/// Changes one place of the value.
fn strike(draw: &mut Draw, known: &Known, value: &mut Value) {
    match value {
        Value::Object(pairs) if !pairs.is_empty() => {
            let keys: Vec<String> = pairs.keys().cloned().collect();
            let key = draw.one(&keys);
            match draw.below(10) {
                0 => drop(pairs.remove(&key)),
                1 => {
                    let moved = pairs.remove(&key).unwrap_or_default();
                    pairs.insert(
                        if draw.percent(50) {
                            key.to_uppercase()
                        } else {
                            format!("{key}x")
                        },
                        moved,
                    );
                }
                2 => drop(pairs.insert(key, odd(draw, known))),
                _ => strike(draw, known, pairs.get_mut(&key).unwrap()),
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let at = draw.below(items.len());
            match draw.below(8) {
                0 => drop(items.remove(at)),
                1 => items.push(odd(draw, known)),
                2 => {
                    let again = items[at].clone();
                    items.extend(std::iter::repeat_n(again, draw.below(60)));
                }
                _ => strike(draw, known, &mut items[at]),
            }
        }
        other => *other = odd(draw, known),
    }
}

fn odd(draw: &mut Draw, known: &Known) -> Value {
    match draw.below(12) {
        0 => Value::String("x".repeat(draw.below(5_000))),
        1 => Value::String(known.id(draw, "ContactID")),
        2 => {
            let depth = draw.one(&[3, 60, 126, 127, 128, 129, 400, 4_000]);
            let (open, close) = draw.one(&[("[", "]"), ("{\"LineItems\":", "}")]);
            let inner = if open == "[" { "" } else { "1" };
            raw(&format!("{}{inner}{}", open.repeat(depth), close.repeat(depth)))
        }
        3 => Value::String(format!("{}.{}", draw.below(99_999), "9".repeat(draw.below(40)))),
        4 => raw(&format!("{}{}", draw.between(1, 9), "0".repeat(draw.below(60)))),
        _ => raw(draw.one(&ODD)),
    }
}

fn raw(text: &str) -> Value {
    Value::String(format!("<raw>{text}</raw>"))
}

fn set_free(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(RAW.0) {
        out.push_str(before);
        let Some((inner, behind)) = behind.split_once(RAW.1) else {
            return out;
        };
        out.push_str(&serde_json::from_str::<String>(&format!("\"{inner}\"")).unwrap());
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// Damages the bytes themselves.
pub fn spoil(draw: &mut Draw, bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        return;
    }
    let at = draw.below(bytes.len());
    match draw.below(7) {
        0 => bytes.truncate(at),
        1 => bytes[at] = draw.byte(),
        2 => drop(bytes.splice(at..at, [0xff, 0xfe])),
        3 => drop(bytes.splice(0..0, [0xef, 0xbb, 0xbf])),
        4 => drop(bytes.splice(at..at, b"\"".to_vec())),
        5 => *bytes = b"<Invoices><Invoice/></Invoices>".to_vec(),
        _ => *bytes = std::iter::repeat_n(draw.one(b"[{\"(0-"), draw.below(20_000)).collect(),
    }
}
