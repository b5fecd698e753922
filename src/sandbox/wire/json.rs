//! A JSON tree that keeps every number as it was written, for reading what clients send.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Deeper bodies are refused; Xero's own nest at most six levels.
const DEPTH_MAX: usize = 32;

/// A JSON value; keys are looked up in any letter case, as Xero does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`; Xero treats it as absent.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A number in the sender's own notation.
    Number(String),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object in the sender's order of keys.
    Map(Vec<(String, Json)>),
}

/// The body is not JSON, or is nested too deeply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not valid JSON: {0}")]
pub struct JsonError(String);

impl Json {
    /// Reads a whole body.
    ///
    /// # Errors
    /// When the bytes are not JSON or nest deeper than 32 levels.
    pub fn parse(body: &[u8]) -> Result<Self, JsonError> {
        let raw: &RawValue = serde_json::from_slice(body).map_err(|error| JsonError(error.to_string()))?;
        read(raw, 0)
    }

    /// The value under a key in any letter case; `null` counts as absent.
    pub fn get(&self, key: &str) -> Option<&Json> {
        let Json::Map(pairs) = self else { return None };
        pairs
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(key))
            .map(|(_, value)| value)
            .filter(|value| !matches!(value, Json::Null))
    }

    /// A string (or a number's own notation) under a key.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Json::Text(text) | Json::Number(text) => Some(text),
            _ => None,
        }
    }

    /// A boolean under a key, also written as text.
    pub fn flag(&self, key: &str) -> Option<bool> {
        match self.get(key)? {
            Json::Flag(flag) => Some(*flag),
            Json::Text(text) => bool::from_str(&text.to_ascii_lowercase()).ok(),
            _ => None,
        }
    }

    /// An exact decimal under a key; `Some(Err)` when the value is no number.
    pub fn decimal(&self, key: &str) -> Option<Result<Decimal, JsonError>> {
        let value = self.get(key)?;
        let (Json::Text(text) | Json::Number(text)) = value else {
            return Some(Err(JsonError(format!("{key} is not a number"))));
        };
        let exact = Decimal::from_str_exact(text.trim())
            .or_else(|_| Decimal::from_scientific(text.trim()))
            .map_err(|_| JsonError(format!("{key} is not a number")));
        Some(exact)
    }

    /// A whole number under a key.
    pub fn integer(&self, key: &str) -> Option<i64> {
        self.text(key)?.trim().parse().ok()
    }

    /// The elements of an array under a key.
    pub fn list(&self, key: &str) -> Option<&[Json]> {
        match self.get(key)? {
            Json::List(items) => Some(items),
            _ => None,
        }
    }

    /// Whether the value is an object.
    pub fn is_map(&self) -> bool {
        matches!(self, Json::Map(_))
    }
}

fn read(raw: &RawValue, depth: usize) -> Result<Json, JsonError> {
    if depth > DEPTH_MAX {
        return Err(JsonError("nested too deeply".to_owned()));
    }
    let text = raw.get();
    let bad = |error: serde_json::Error| JsonError(error.to_string());
    match text.as_bytes().first() {
        Some(b'{') => {
            let pairs: Pairs<'_> = serde_json::from_str(text).map_err(bad)?;
            let read_pair = |(key, value): (String, &RawValue)| Ok((key, read(value, depth.saturating_add(1))?));
            Ok(Json::Map(pairs.0.into_iter().map(read_pair).collect::<Result<_, _>>()?))
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(bad)?;
            let read_item = |item: &RawValue| read(item, depth.saturating_add(1));
            Ok(Json::List(items.into_iter().map(read_item).collect::<Result<_, _>>()?))
        }
        Some(b'"') => Ok(Json::Text(serde_json::from_str(text).map_err(bad)?)),
        Some(b't') => Ok(Json::Flag(true)),
        Some(b'f') => Ok(Json::Flag(false)),
        Some(b'n') => Ok(Json::Null),
        // What no client could read back must not be repeated to it.
        _ if !text.parse::<f64>().is_ok_and(f64::is_finite) => Err(JsonError("number out of range".to_owned())),
        _ => Ok(Json::Number(text.to_owned())),
    }
}

struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor(std::marker::PhantomData))
    }
}

struct PairsVisitor<'a>(std::marker::PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for PairsVisitor<'a> {
    type Value = Pairs<'a>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'a>, A::Error> {
        let mut pairs = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, &'de RawValue>()? {
            pairs.push((key, value));
        }
        Ok(Pairs(pairs))
    }
}
