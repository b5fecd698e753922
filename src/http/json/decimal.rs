//! Decimals as strings.

use rust_decimal::Decimal;

use crate::model::limits::AMOUNT_LIMIT;

/// Reads a decimal written as `-12.50`: no exponent, no plus, no spaces, no other digits.
///
/// # Errors
/// A stable word and the case in words.
pub fn read(text: &str, decimals_max: u32) -> Result<Decimal, (&'static str, String)> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return Err((
            "not_a_number",
            "it must be a decimal number such as \"12.50\"".to_owned(),
        ));
    }
    if digits.contains('.') && fraction.len() > usize::try_from(decimals_max).unwrap_or(0) {
        return Err((
            "too_many_decimals",
            format!("at most {decimals_max} decimals are accepted"),
        ));
    }
    let significant = whole.trim_start_matches('0').len();
    let value = (significant <= 15)
        .then(|| Decimal::from_str_exact(text).ok())
        .flatten()
        .filter(|value| value.abs() < Decimal::from(AMOUNT_LIMIT));
    value.ok_or_else(|| ("too_large", format!("it must be smaller than {AMOUNT_LIMIT}")))
}
