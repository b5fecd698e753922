//! Amounts: strings with two decimals.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

use crate::model::document::{Draft, HostStatus, Line, LineAmountTypes};
use crate::model::xero::XeroInvoice;

/// An amount as a string with two decimals, half a penny away from zero.
pub fn amount(value: Decimal) -> String {
    let mut rounded = round(value);
    if rounded.is_zero() {
        return "0.00".to_owned();
    }
    rounded.rescale(2);
    rounded.to_string()
}

/// The totals as Xero has them.
pub fn totals_of_copy(copy: &XeroInvoice) -> Value {
    json!({
        "subtotal": amount(copy.sub_total),
        "tax": amount(copy.total_tax),
        "cis_deduction": amount(copy.cis_deduction),
        "total": amount(copy.total),
        "amount_due": amount(copy.amount_due),
        "amount_paid": amount(copy.amount_paid),
        "amount_credited": amount(copy.amount_credited),
    })
}

/// The totals as far as the lines tell them: tax that only Xero computes is not known yet.
pub fn totals_of_lines(draft: &Draft) -> Value {
    let lines: Decimal = draft.lines.iter().map(line_amount).sum();
    let given_tax = draft.lines.iter().map(|line| line.tax_amount).sum::<Option<Decimal>>();
    let (subtotal, tax, total) = match draft.line_amount_types {
        LineAmountTypes::NoTax => (Some(lines), Some(Decimal::ZERO), Some(lines)),
        LineAmountTypes::Exclusive => (Some(lines), given_tax, given_tax.map(|tax| lines + tax)),
        LineAmountTypes::Inclusive => (given_tax.map(|tax| lines - tax), given_tax, Some(lines)),
    };
    let due = match draft.host_status {
        HostStatus::Void => Some(Decimal::ZERO),
        _ => total,
    };
    json!({
        "subtotal": subtotal.map(amount),
        "tax": tax.map(amount),
        "cis_deduction": amount(Decimal::ZERO),
        "total": total.map(amount),
        "amount_due": due.map(amount),
        "amount_paid": amount(Decimal::ZERO),
        "amount_credited": amount(Decimal::ZERO),
    })
}

/// A line's amount after discount, rounded as Xero rounds each line.
fn line_amount(line: &Line) -> Decimal {
    let gross = line.quantity.checked_mul(line.unit_price).unwrap_or_default();
    let kept = Decimal::ONE_HUNDRED - line.discount_percent.unwrap_or_default();
    round(gross.checked_mul(kept).unwrap_or_default() / Decimal::ONE_HUNDRED)
}

fn round(value: Decimal) -> Decimal {
    value.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}
