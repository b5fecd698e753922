//! Xero's arithmetic: every line to two decimals, tax per line, sums of those.

use rust_decimal::{Decimal, RoundingStrategy};

use super::invoice::{AmountsAre, Line};

/// Sums of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Without tax.
    pub sub_total: Decimal,
    /// The sum of the lines' tax amounts.
    pub total_tax: Decimal,
    /// What is owed in all.
    pub total: Decimal,
}

/// Rounds to cents, halves away from zero.
pub fn cents(value: Decimal) -> Decimal {
    round(value, 2)
}

/// Rounds to a number of decimals, halves away from zero.
pub fn round(value: Decimal, places: u32) -> Decimal {
    value.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}

/// Tax on a line amount at a rate in percent.
pub fn tax_on(line_amount: Decimal, rate_percent: Decimal, amounts_are: AmountsAre) -> Decimal {
    let hundred = Decimal::ONE_HUNDRED;
    let exact = match amounts_are {
        AmountsAre::NoTax => Some(Decimal::ZERO),
        AmountsAre::Exclusive => line_amount
            .checked_mul(rate_percent)
            .and_then(|product| product.checked_div(hundred)),
        AmountsAre::Inclusive => hundred.checked_add(rate_percent).and_then(|whole| {
            line_amount
                .checked_mul(rate_percent)
                .and_then(|product| product.checked_div(whole))
        }),
    };
    cents(exact.unwrap_or_default())
}

/// Quantity times price less the discount, to cents; `None` when it does not fit a decimal.
pub fn line_amount(
    quantity: Decimal,
    unit_amount: Decimal,
    discount_rate: Option<Decimal>,
    discount_amount: Option<Decimal>,
) -> Option<Decimal> {
    let gross = quantity.checked_mul(unit_amount)?;
    if let Some(rate) = discount_rate {
        let kept = Decimal::ONE_HUNDRED.checked_sub(rate)?;
        return Some(cents(gross.checked_mul(kept)?.checked_div(Decimal::ONE_HUNDRED)?));
    }
    cents(gross).checked_sub(discount_amount.unwrap_or_default()).map(cents)
}

/// The sums of these lines.
pub fn totals(lines: &[Line], amounts_are: AmountsAre) -> Totals {
    let lines_sum = sum(lines.iter().map(|line| line.line_amount));
    let total_tax = sum(lines.iter().map(|line| line.tax_amount));
    match amounts_are {
        AmountsAre::Exclusive => Totals {
            sub_total: lines_sum,
            total_tax,
            total: lines_sum.saturating_add(total_tax),
        },
        AmountsAre::Inclusive => Totals {
            sub_total: lines_sum.saturating_sub(total_tax),
            total_tax,
            total: lines_sum,
        },
        AmountsAre::NoTax => Totals {
            sub_total: lines_sum,
            total_tax: Decimal::ZERO,
            total: lines_sum,
        },
    }
}

/// A sum that stops growing at the largest decimal.
pub fn sum(values: impl Iterator<Item = Decimal>) -> Decimal {
    values.fold(Decimal::ZERO, |total, value| total.saturating_add(value))
}

/// Units of a currency for one pound, in thousandths. Assumption: Xero takes the day's rate of
/// XE.com, of which the sandbox knows nothing; these are of a plausible size and never move.
const PER_POUND_THOUSANDTHS: [(&str, i64); 10] = [
    ("GBP", 1_000),
    ("EUR", 1_150),
    ("USD", 1_300),
    ("AUD", 2_000),
    ("NZD", 2_200),
    ("CAD", 1_800),
    ("SGD", 1_700),
    ("ZAR", 23_000),
    ("INR", 110_000),
    ("CHF", 1_050),
];

/// The rate of a document whose caller sent none: units of `currency` for one of `base`, to six
/// decimals; one for a currency that is not in the table.
pub fn day_rate(base: &str, currency: &str) -> Decimal {
    let per_pound = |code: &str| {
        let found = PER_POUND_THOUSANDTHS
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(code));
        found.map(|(_, thousandths)| Decimal::new(*thousandths, 3))
    };
    let exact = per_pound(currency).zip(per_pound(base));
    let rate = exact.and_then(|(currency, base)| currency.checked_div(base));
    round(rate.unwrap_or(Decimal::ONE), 6)
}
