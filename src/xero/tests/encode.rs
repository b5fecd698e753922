//! Exact bytes.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::model::document::{Currency, InvoiceKind, LineAmountTypes};
use crate::model::ids::{LineItemId, XeroContactId, XeroInvoiceId};
use crate::model::xero::{Encode, InvoiceChange, OutgoingContact, OutgoingInvoice, OutgoingLine, XeroStatus};
use crate::xero::encode::XeroEncoder;

fn decimal(text: &str) -> Decimal {
    Decimal::from_str_exact(text).unwrap()
}

fn line() -> OutgoingLine {
    OutgoingLine {
        id: None,
        description: "Bolts \"M8\"".into(),
        quantity: decimal("2.10"),
        unit_amount: decimal("999999999999.9999"),
        account_code: Some("200".into()),
        tax_type: Some("OUTPUT2".into()),
        tax_amount: None,
        item_code: None,
        discount_rate: None,
    }
}

fn invoice() -> OutgoingInvoice {
    OutgoingInvoice {
        kind: InvoiceKind::Sales,
        number: "INV-1".into(),
        reference: None,
        contact: XeroContactId(Uuid::from_u128(1)),
        date: NaiveDate::from_ymd_opt(2026, 3, 9).unwrap(),
        due_date: None,
        currency: Currency::GBP,
        line_amount_types: LineAmountTypes::Exclusive,
        status: XeroStatus::Authorised,
        lines: vec![line()],
        url: "https://host.example/i/1?cf=01J".into(),
    }
}

#[test]
fn a_created_invoice_is_written_digit_for_digit() {
    let text = String::from_utf8(XeroEncoder.create_invoices(&[invoice()]).to_vec()).unwrap();
    assert_eq!(
        text,
        concat!(
            r#"{"Invoices":[{"Type":"ACCREC","InvoiceNumber":"INV-1","#,
            r#""Contact":{"ContactID":"00000000-0000-0000-0000-000000000001"},"Date":"2026-03-09","#,
            r#""CurrencyCode":"GBP","LineAmountTypes":"Exclusive","Status":"AUTHORISED","#,
            r#""LineItems":[{"Description":"Bolts \"M8\"","Quantity":2.10,"UnitAmount":999999999999.9999,"#,
            r#""AccountCode":"200","TaxType":"OUTPUT2"}],"Url":"https://host.example/i/1?cf=01J"}]}"#,
        ),
    );
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let many = vec![invoice(), invoice()];
    assert_eq!(
        XeroEncoder.create_invoices(&many),
        XeroEncoder.create_invoices(&many.clone())
    );
}

#[test]
fn a_change_sends_what_changed_and_nothing_else() {
    let id = XeroInvoiceId(Uuid::from_u128(2));
    let void = InvoiceChange {
        status: Some(XeroStatus::Voided),
        ..InvoiceChange::default()
    };
    assert_eq!(
        XeroEncoder.change_invoice(id, &void),
        r#"{"Invoices":[{"InvoiceID":"00000000-0000-0000-0000-000000000002","Status":"VOIDED"}]}"#.as_bytes(),
    );
    let kept = OutgoingLine {
        id: Some(LineItemId(Uuid::from_u128(3))),
        tax_amount: Some(decimal("0.00")),
        discount_rate: Some(decimal("12.5")),
        item_code: Some("BOLT".into()),
        ..line()
    };
    let lines = InvoiceChange {
        lines: Some(vec![kept]),
        reference: Some(String::new()),
        ..InvoiceChange::default()
    };
    let text = String::from_utf8(XeroEncoder.change_invoice(id, &lines).to_vec()).unwrap();
    assert!(
        text.contains(r#""LineItemID":"00000000-0000-0000-0000-000000000003""#),
        "{text}"
    );
    assert!(text.contains(r#""TaxAmount":0.00,"DiscountRate":12.5"#), "{text}");
    assert!(text.contains(r#""Reference":"""#), "{text}");
    assert!(!text.contains("Contact"), "{text}");
}

#[test]
fn a_missing_e_mail_is_left_out_ux_46() {
    let contact = OutgoingContact {
        name: "A".into(),
        number: "cf-1".into(),
        email: None,
    };
    assert_eq!(
        XeroEncoder.create_contacts(std::slice::from_ref(&contact)),
        r#"{"Contacts":[{"Name":"A","ContactNumber":"cf-1"}]}"#.as_bytes(),
    );
    let with = OutgoingContact {
        email: Some("a@b.example".into()),
        ..contact
    };
    assert_eq!(
        XeroEncoder.create_contacts(&[with]),
        r#"{"Contacts":[{"Name":"A","ContactNumber":"cf-1","EmailAddress":"a@b.example"}]}"#.as_bytes(),
    );
}
