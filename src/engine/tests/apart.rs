//! How two versions of a document are apart.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::samples::*;
use crate::engine::apart::changes;
use crate::model::document::{Currency, LineAmountTypes};
use crate::model::ids::{XeroCreditId, XeroPaymentId};
use crate::model::xero::{CreditKind, XeroCredit, XeroInvoice, XeroPayment, XeroStatus};

type Edit = fn(&mut XeroInvoice);

/// Each field: its name, how it changes, and its words before and after.
const FIELDS: &[(&str, Edit, &str, &str)] = &[
    ("status", |x| x.status = XeroStatus::Paid, "AUTHORISED", "PAID"),
    ("number", |x| x.number = "N2".into(), "N1", "N2"),
    ("reference", |x| x.reference = String::new(), "ref", ""),
    ("contact_name", |x| x.contact_name = "Other".into(), "Acme", "Other"),
    (
        "contact",
        |x| x.contact_id = None,
        "00000000-0000-0000-0000-000000000001",
        "",
    ),
    ("date", |x| x.date = Some(day(2)), "2026-11-01", "2026-11-02"),
    ("due_date", |x| x.due_date = None, "2026-11-20", ""),
    ("currency", |x| x.currency = Currency::parse("EUR"), "GBP", "EUR"),
    (
        "line_amount_types",
        |x| x.line_amount_types = LineAmountTypes::NoTax,
        "Exclusive",
        "NoTax",
    ),
    ("totals.total", |x| x.total = dec("21.00"), "20.00", "21.00"),
    ("url", |x| x.url = None, "https://host/?cf=x", ""),
    (
        "lines.2.description",
        |x| x.lines[1].description = "other".into(),
        "second",
        "other",
    ),
    ("lines.1.tax_type", |x| x.lines[0].tax_type = None, "OUTPUT2", ""),
    ("lines.1.quantity", |x| x.lines[0].quantity = dec("3"), "1", "3"),
];

#[test]
fn each_field_that_is_another_one_is_named_with_both_versions_and_no_other() {
    let before = xero(&draft());
    assert_eq!(changes(&before, &before), []);
    for (name, edit, was, is) in FIELDS {
        let mut after = before.clone();
        edit(&mut after);
        let found = changes(&before, &after);
        let [change] = found.as_slice() else {
            panic!("{name}: {found:?}");
        };
        let words = (change.field.as_str(), change.before.as_str(), change.after.as_str());
        assert_eq!(words, (*name, *was, *is));
    }
    let mut after = before.clone();
    after.url = Some(String::new());
    let none = XeroInvoice { url: None, ..before };
    assert_eq!(changes(&none, &after), [], "nothing and an empty text are the same");
}

fn payment(id: u128, amount: &str) -> XeroPayment {
    XeroPayment {
        id: XeroPaymentId(Uuid::from_u128(id)),
        amount: amount.parse().unwrap(),
        date: None,
        reference: String::new(),
    }
}

fn credit(id: u128, amount: Decimal) -> XeroCredit {
    XeroCredit {
        kind: CreditKind::CreditNote,
        id: XeroCreditId(Uuid::from_u128(id)),
        number: String::new(),
        amount,
        date: None,
    }
}

#[test]
fn payments_and_credits_are_told_by_their_ids_and_amounts_by_their_value() {
    let before = XeroInvoice {
        payments: vec![payment(1, "10.0"), payment(2, "5"), payment(3, "7")],
        credits: vec![credit(9, Decimal::ONE)],
        ..xero(&draft())
    };
    let after = XeroInvoice {
        payments: vec![payment(1, "10.00"), payment(3, "8"), payment(4, "1.50")],
        credits: vec![],
        ..before.clone()
    };
    let id = |id: u128| Uuid::from_u128(id).to_string();
    let told: Vec<(String, String, String)> = changes(&before, &after)
        .into_iter()
        .map(|change| (change.field, change.before, change.after))
        .collect();
    let row = |field: &str, before: String, after: String| (field.to_owned(), before, after);
    assert_eq!(
        told,
        [
            row("payments", format!("5.00 {}", id(2)), String::new()),
            row("payments", format!("7.00 {}", id(3)), format!("8.00 {}", id(3))),
            row("payments", String::new(), format!("1.50 {}", id(4))),
            row("credits", format!("1.00 {}", id(9)), String::new()),
        ]
    );
    assert_eq!(changes(&after, &after), []);
}
