use super::samples::*;
use crate::engine::apart::changes;
use crate::model::document::{Currency, LineAmountTypes};
use crate::model::xero::{XeroInvoice, XeroStatus};

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
