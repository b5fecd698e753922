//! The documents a host plays with.

use chrono::NaiveDate;
use counterfoil::model::document::{Currency, Draft, HostStatus, InvoiceKind, Line, LineAmountTypes, Party};
use rust_decimal::Decimal;

/// A nominal code that the organisation's chart does not have.
pub const UNMAPPED: &str = "K-77";

/// The document with this number among the host's: even ones are sales invoices, odd ones bills.
pub fn draft(which: u32, host_status: HostStatus, prices: &[u32], unmapped: bool) -> Draft {
    let kind = kind_of(which);
    let lines = (0..).zip(prices).map(|(at, price)| {
        let mut line = line(kind, at, *price);
        if unmapped && kind == InvoiceKind::Sales {
            line.nominal_code = Some(UNMAPPED.to_owned());
        }
        line
    });
    Draft {
        kind,
        number: number(which),
        contact: Party {
            reference: format!("c{}", which / 2),
            name: party(which),
            email: None,
        },
        currency: Currency::GBP,
        issue_date: NaiveDate::from_ymd_opt(2026, 11, 22).unwrap(),
        due_date: NaiveDate::from_ymd_opt(2026, 12, 22),
        due_date_rule: None,
        host_status,
        line_amount_types: LineAmountTypes::Exclusive,
        lines: lines.collect(),
        reference: None,
        host_url: None,
        created_at: None,
        channel: None,
        location: None,
        work_order_ref: None,
    }
}

/// The same, approved, with one line.
pub fn approved(which: u32) -> Draft {
    draft(which, HostStatus::Approved, &[100 + which], false)
}

/// Name of the document's party: two documents share one.
pub fn party(which: u32) -> String {
    format!("Party {}", which / 2)
}

/// Bills share one number, as suppliers' numbers may.
pub fn number(which: u32) -> String {
    match kind_of(which) {
        InvoiceKind::Sales => format!("S-{which}"),
        InvoiceKind::Purchase => "BILL-1".to_owned(),
    }
}

const fn kind_of(which: u32) -> InvoiceKind {
    if which.is_multiple_of(2) {
        InvoiceKind::Sales
    } else {
        InvoiceKind::Purchase
    }
}

fn line(kind: InvoiceKind, at: u32, price: u32) -> Line {
    let code = match kind {
        InvoiceKind::Sales => "200",
        InvoiceKind::Purchase => "300",
    };
    Line {
        reference: Some(at.to_string()),
        description: format!("Work {at}"),
        quantity: Decimal::ONE,
        unit_price: price.into(),
        nominal_code: Some(code.to_owned()),
        tax_type: None,
        tax_amount: None,
        item_code: None,
        discount_percent: None,
    }
}
