//! Documents as a host writes them.

use serde_json::{Value, json};

/// A sales invoice of one line: 3 × 12.50 and 20 % tax.
pub fn sale(number: &str) -> Value {
    json!({
        "kind": "sales",
        "number": number,
        "contact": {"ref": "C-1", "name": "Quarry Lane Roofing", "email": "accounts@quarry.example"},
        "currency": "GBP",
        "issue_date": "2026-03-02",
        "due_date": "2026-04-01",
        "host_status": "approved",
        "line_amount_types": "Exclusive",
        "lines": [{
            "ref": "L1", "description": "Slate roofing", "quantity": "3", "unit_price": "12.50",
            "nominal_code": "200",
        }],
    })
}

/// A bill of one line: 2 × 40.00 and 20 % tax.
pub fn bill(number: &str) -> Value {
    let mut bill = sale(number);
    bill["kind"] = json!("purchase");
    bill["contact"] = json!({"ref": "S-1", "name": "Panel Supplies"});
    bill["lines"] = json!([{
        "ref": "L1", "description": "LED panels", "quantity": "2", "unit_price": "40.00",
        "nominal_code": "429",
    }]);
    bill
}

/// The document with one member replaced.
#[track_caller]
pub fn with(mut document: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    document.pointer_mut(parent).unwrap()[match name.parse::<usize>() {
        Ok(_) => panic!("{pointer} ends in an index"),
        Err(_) => name,
    }] = value;
    document
}
