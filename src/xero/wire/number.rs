//! Decimals, digit for digit.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A JSON number (or a number in quotation marks) as an exact decimal. What does not fit a
/// decimal exactly is an error, never a rounded amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exact(pub Decimal);

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let text = raw
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .unwrap_or(raw);
        Decimal::from_str_exact(text)
            .or_else(|_not_plain| Decimal::from_scientific(text))
            .map(Self)
            .map_err(|_not_exact| serde::de::Error::custom("not an exact decimal"))
    }
}
