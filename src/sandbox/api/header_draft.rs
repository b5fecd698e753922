//! What invoices, credit notes and bank transactions read alike.

use rust_decimal::Decimal;

use super::call::decimal;
use crate::sandbox::books::{AmountsAre, Books, Kind, Line, money};
use crate::sandbox::wire::Json;

/// Reads `LineAmountTypes`; an absent one changes nothing.
pub fn amounts_are(element: &Json, amounts_are: &mut AmountsAre, errors: &mut Vec<String>) {
    let Some(text) = element.text("LineAmountTypes") else {
        return;
    };
    match AmountsAre::parse(text) {
        Some(asked) => *amounts_are = asked,
        None => errors.push(format!("LineAmountTypes '{text}' is not valid")),
    }
}

/// Reads `CurrencyCode` and `CurrencyRate`. The base currency has no rate of its own; another one
/// without a rate gets the day's.
pub fn currency(element: &Json, books: &Books, currency: &mut String, rate: &mut Decimal, errors: &mut Vec<String>) {
    let organisation = &books.organisation;
    let before = currency.clone();
    if let Some(code) = element.text("CurrencyCode").filter(|code| !code.is_empty()) {
        if organisation.trades_in(code) {
            *currency = code.to_ascii_uppercase();
        } else {
            errors.push(format!("Organisation is not subscribed to currency {code}"));
        }
    }
    let asked = decimal(element, "CurrencyRate", errors);
    if organisation.base_currency.eq_ignore_ascii_case(currency) {
        *rate = Decimal::ONE;
    } else if let Some(asked) = asked {
        if asked <= Decimal::ZERO {
            errors.push("The currency rate must be greater than zero".to_owned());
        }
        *rate = money::round(asked, 6);
    } else if before != *currency {
        *rate = money::day_rate(&organisation.base_currency, currency);
    }
}

/// The branding theme of a new document: sales have the organisation's own, purchases none.
pub fn theme(kind: Kind, books: &Books) -> Option<String> {
    let theme = books.organisation.standard_theme().to_string();
    (kind == Kind::AccRec).then_some(theme)
}

/// Computes a line's tax anew after `LineAmountTypes` changed.
pub fn retax(line: &mut Line, amounts_are: AmountsAre, books: &Books) {
    if amounts_are == AmountsAre::NoTax {
        line.tax_type = Some("NONE".to_owned());
    }
    let rate = line.tax_type.as_deref().and_then(|tax_type| books.tax_rate(tax_type));
    line.taxed_as = amounts_are;
    let percent = rate.map_or(Decimal::ZERO, |rate| rate.rate);
    line.tax_amount = money::tax_on(line.line_amount, percent, amounts_are);
}
