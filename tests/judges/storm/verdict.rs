//! What must be true of any answer.

use counterfoil::sandbox::{Outcome, Request};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::schema::bench::{Exchange, faults_of};

/// What is wrong with this answer; `fault` is the one that was injected into it.
pub fn of(request: &Request, outcome: &Outcome, fault: Option<&str>) -> Vec<String> {
    let answer = &outcome.answer;
    let mut found = Vec::new();
    if !(200..600).contains(&answer.status) {
        found.push(format!("status {}", answer.status));
    }
    if answer.status >= 500 && fault.is_none() {
        found.push(format!("status {} of its own accord", answer.status));
    }
    for (name, value) in &answer.headers {
        if reqwest::header::HeaderValue::from_str(value).is_err() {
            found.push(format!("the header {name} cannot be sent: {value:?}"));
        }
    }
    let Ok(text) = std::str::from_utf8(&answer.body) else {
        found.push("the answer is no UTF-8".to_owned());
        return found;
    };
    let content_type = answer.header("Content-Type").unwrap_or_default();
    if text.is_empty() != content_type.is_empty() {
        found.push(format!("{} bytes of '{content_type}'", text.len()));
    }
    // What a fault says in Xero's place is the fault's own business.
    let is_json = content_type.starts_with("application/json");
    if is_json && fault != Some("status") {
        if let Err(error) = serde_json::from_str::<Value>(text) {
            found.push(format!("no JSON: {error}"));
        }
        let faults = faults_of(&Exchange {
            method: &request.method,
            path: &request.path,
            status: answer.status,
            content_type,
            body: &answer.body,
        });
        found.extend(faults.iter().map(ToString::to_string));
    }
    found
}

/// A document of the books, amounts as they are written.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    invoice_number: Option<String>,
    status: String,
    sub_total: Box<RawValue>,
    total_tax: Box<RawValue>,
    total: Box<RawValue>,
    amount_due: Box<RawValue>,
    amount_paid: Box<RawValue>,
    amount_credited: Option<Box<RawValue>>,
    #[serde(rename = "CISDeduction")]
    cis_deduction: Option<Box<RawValue>>,
}

/// What is wrong with the books, seen from outside: every document is in balance.
pub fn of_books(documents: &[u8]) -> Vec<String> {
    #[derive(Deserialize)]
    struct Page {
        data: Vec<Row>,
    }
    let page: Page = match serde_json::from_slice(documents) {
        Ok(page) => page,
        Err(error) => return vec![format!("the list of documents: {error}")],
    };
    page.data.iter().filter_map(out_of_balance).collect()
}

fn out_of_balance(row: &Row) -> Option<String> {
    let exact = |raw: &RawValue| Decimal::from_str_exact(raw.get()).unwrap_or(Decimal::MIN);
    let or_zero = |raw: &Option<Box<RawValue>>| raw.as_deref().map_or(Decimal::ZERO, exact);
    let (total, paid) = (exact(&row.total), exact(&row.amount_paid));
    let left = total.checked_sub(paid)?.checked_sub(or_zero(&row.amount_credited))?;
    let left = left.checked_sub(or_zero(&row.cis_deduction))?;
    let is_gone = row.status == "VOIDED" || row.status == "DELETED";
    let said = if exact(&row.sub_total).checked_add(exact(&row.total_tax)) != Some(total) {
        "SubTotal and TotalTax are not Total"
    } else if exact(&row.amount_due) != if is_gone { Decimal::ZERO } else { left } {
        "AmountDue is not what is left"
    } else if row.status == "PAID" && !left.is_zero() {
        "PAID, and something is left"
    } else {
        return None;
    };
    let (sub_total, tax, due) = (&row.sub_total, &row.total_tax, &row.amount_due);
    let number = row.invoice_number.as_deref().unwrap_or_default();
    Some(format!(
        "{number} {}: {said}: {sub_total} + {tax} = {total}, paid {paid}, due {due}",
        row.status
    ))
}
