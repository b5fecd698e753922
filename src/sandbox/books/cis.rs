//! The Construction Industry Scheme of the United Kingdom: a contractor keeps back a share of the
//! labour on a subcontractor's bill and pays it to the tax office.
//!
//! Xero's file names the fields and the system accounts; no recording has one. Assumed: labour is
//! what is coded to the labour account of that side, without tax; sales use the organisation's
//! rate, bills the contact's; the deduction is rounded once.

use rust_decimal::Decimal;

use super::contact::Contact;
use super::invoice::{AmountsAre, Kind, Line};
use super::ledger::Books;
use super::money;

/// The share in percent and the amount kept back; `None` when the scheme does not apply.
pub fn deduction(
    books: &Books,
    contact: Option<&Contact>,
    kind: Kind,
    lines: &[Line],
    amounts_are: AmountsAre,
) -> Option<(Decimal, Decimal)> {
    let (rate, labour) = match kind {
        Kind::AccRec => (books.organisation.cis_rate?, "CISLABOURINCOME"),
        Kind::AccPay => (contact?.cis_rate?, "CISLABOUREXPENSE"),
    };
    let is_labour = |line: &&Line| {
        let account = line.account_code.as_deref().and_then(|code| books.account(code));
        account.is_some_and(|account| account.system.as_deref() == Some(labour))
    };
    let net = money::sum(lines.iter().filter(is_labour).map(|line| match amounts_are {
        AmountsAre::Inclusive => line.line_amount.saturating_sub(line.tax_amount),
        AmountsAre::Exclusive | AmountsAre::NoTax => line.line_amount,
    }));
    let exact = net.checked_mul(rate)?.checked_div(Decimal::ONE_HUNDRED)?;
    let amount = money::cents(exact);
    (!amount.is_zero()).then_some((rate, amount))
}
