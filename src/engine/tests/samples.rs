//! Documents the tables start from.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::model::document::*;
use crate::model::ids::*;
use crate::model::row::{Back, Common, Invoice, Sync};
use crate::model::time::Timestamp;
use crate::model::xero::*;

pub fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
}

pub fn line_id(number: u128) -> LineItemId {
    LineItemId(Uuid::from_u128(number))
}

pub fn contact_id(number: u128) -> XeroContactId {
    XeroContactId(Uuid::from_u128(number))
}

pub fn host_line(reference: &str, description: &str) -> Line {
    Line {
        reference: Some(reference.to_owned()),
        description: description.to_owned(),
        quantity: dec("1"),
        unit_price: dec("10.00"),
        nominal_code: Some("200".to_owned()),
        tax_type: Some("OUTPUT2".to_owned()),
        tax_amount: None,
        item_code: None,
        discount_percent: None,
    }
}

pub fn draft() -> Draft {
    Draft {
        kind: InvoiceKind::Sales,
        number: "N1".to_owned(),
        contact: Party {
            reference: "c1".to_owned(),
            name: "Acme".to_owned(),
            email: None,
        },
        currency: Currency::GBP,
        issue_date: day(1),
        due_date: Some(day(20)),
        due_date_rule: None,
        host_status: HostStatus::Approved,
        line_amount_types: LineAmountTypes::Exclusive,
        lines: vec![host_line("a", "first"), host_line("b", "second")],
        reference: Some("ref".to_owned()),
        host_url: None,
        created_at: None,
        channel: None,
        location: None,
        work_order_ref: None,
    }
}

pub fn row() -> Invoice {
    Invoice {
        id: InvoiceId::from_bytes([1; 16]),
        tenant: TenantId::from_bytes([1; 16]),
        host_ref: "r".to_owned(),
        marker: Marker::derive(XeroTenantId(Uuid::nil()), "r", 0),
        rev: 1,
        version: 1,
        draft: draft(),
        accepted_at: Timestamp(0),
        updated_at: Timestamp(0),
        sync: Sync::default(),
        link: None,
        common: None,
        copy: None,
        sent: None,
        on_request: false,
        create_was_sent: false,
        back: Back::default(),
    }
}

pub fn outgoing_line(line: &Line) -> OutgoingLine {
    OutgoingLine {
        id: None,
        description: line.description.clone(),
        quantity: line.quantity,
        unit_amount: line.unit_price,
        account_code: line.nominal_code.clone(),
        tax_type: line.tax_type.clone(),
        tax_amount: line.tax_amount,
        item_code: line.item_code.clone(),
        discount_rate: line.discount_percent,
    }
}

pub fn outgoing(draft: &Draft) -> OutgoingInvoice {
    OutgoingInvoice {
        kind: draft.kind,
        number: draft.number.clone(),
        reference: draft.reference.clone(),
        contact: contact_id(1),
        date: draft.issue_date,
        due_date: draft.due_date,
        currency: draft.currency,
        line_amount_types: draft.line_amount_types,
        status: XeroStatus::Authorised,
        lines: draft.lines.iter().map(outgoing_line).collect(),
        url: "https://host/?cf=x".to_owned(),
    }
}

/// Xero's document as it is after `draft` was created; lines have the ids 1, 2, ….
pub fn xero(draft: &Draft) -> XeroInvoice {
    let wanted = outgoing(draft);
    let lines = wanted.lines.iter().zip(1..).map(|(line, id)| XeroLine {
        id: Some(line_id(id)),
        description: line.description.clone(),
        quantity: line.quantity,
        unit_amount: line.unit_amount,
        account_code: line.account_code.clone(),
        tax_type: line.tax_type.clone(),
        tax_amount: line.tax_amount.unwrap_or_default(),
        line_amount: line.quantity * line.unit_amount,
        item_code: line.item_code.clone(),
        discount_rate: line.discount_rate,
    });
    XeroInvoice {
        id: XeroInvoiceId(Uuid::from_u128(9)),
        kind: Some(draft.kind),
        number: wanted.number,
        reference: wanted.reference.unwrap_or_default(),
        status: XeroStatus::Authorised,
        contact_id: Some(wanted.contact),
        contact_name: "Acme".to_owned(),
        date: Some(wanted.date),
        due_date: wanted.due_date,
        currency: Some(wanted.currency),
        line_amount_types: wanted.line_amount_types,
        lines: lines.collect(),
        url: Some(wanted.url),
        sub_total: dec("20.00"),
        total_tax: dec("0"),
        total: dec("20.00"),
        cis_deduction: dec("0"),
        amount_due: dec("20.00"),
        amount_paid: dec("0"),
        amount_credited: dec("0"),
        payments: Vec::new(),
        credits: Vec::new(),
        updated: Timestamp(1),
    }
}

pub fn common() -> Common {
    let draft = draft();
    let xero = xero(&draft);
    Common {
        rev: 1,
        lines: xero.lines.iter().map(|line| line.id).collect(),
        draft,
        xero,
    }
}
