//! Strict reading of control input: unknown keys and wrong types are named.

use std::str::FromStr;

use chrono::NaiveDate;
use uuid::Uuid;

use crate::sandbox::wire::{Json, Request, date};

/// Wrong control input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Bad {
    /// HTTP status.
    pub status: u16,
    /// What is wrong.
    pub message: String,
}

impl Bad {
    /// A 400.
    pub fn input(message: impl Into<String>) -> Self {
        Self {
            status: 400,
            message: message.into(),
        }
    }

    /// A 404.
    pub fn missing(message: impl Into<String>) -> Self {
        Self {
            status: 404,
            message: message.into(),
        }
    }
}

/// The body as an object; an empty body is an empty object.
///
/// # Errors
/// When it is not a JSON object.
pub fn object(request: &Request) -> Result<Json, Bad> {
    if request.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Json::Map(Vec::new()));
    }
    match Json::parse(&request.body) {
        Ok(body) if body.is_map() => Ok(body),
        Ok(_) => Err(Bad::input("the body must be a JSON object")),
        Err(error) => Err(Bad::input(error.to_string())),
    }
}

/// Refuses keys that mean nothing here.
///
/// # Errors
/// Names the first unknown key and all known ones.
pub fn only(body: &Json, known: &[&str]) -> Result<(), Bad> {
    let Json::Map(pairs) = body else {
        return Err(Bad::input("expected a JSON object"));
    };
    let stranger = pairs.iter().find(|(key, _)| !known.contains(&key.as_str()));
    match stranger {
        None => Ok(()),
        Some((key, _)) => Err(Bad::input(format!(
            "unknown key '{key}'; known are {}",
            known.join(", ")
        ))),
    }
}

/// A value read from its text, when the key is there.
///
/// # Errors
/// When it is there and is no such value.
pub fn read<T: FromStr>(body: &Json, key: &str, what: &str) -> Result<Option<T>, Bad> {
    match body.get(key) {
        None => Ok(None),
        Some(Json::Text(text) | Json::Number(text)) => text
            .parse()
            .map(Some)
            .map_err(|_| Bad::input(format!("{key} must be {what}"))),
        Some(Json::Flag(flag)) => flag
            .to_string()
            .parse()
            .map(Some)
            .map_err(|_| Bad::input(format!("{key} must be {what}"))),
        Some(_) => Err(Bad::input(format!("{key} must be {what}"))),
    }
}

/// A string that must be there.
///
/// # Errors
/// When it is missing or empty.
pub fn required<'a>(body: &'a Json, key: &str) -> Result<&'a str, Bad> {
    body.text(key)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| Bad::input(format!("{key} is required")))
}

/// A chance between 0 and 1, when the key is there.
///
/// # Errors
/// When it is outside.
pub fn chance(body: &Json, key: &str) -> Result<Option<f64>, Bad> {
    let chance: Option<f64> = read(body, key, "a number from 0 to 1")?;
    match chance {
        Some(chance) if !(0.0..=1.0).contains(&chance) => {
            Err(Bad::input(format!("{key} must be a number from 0 to 1")))
        }
        other => Ok(other),
    }
}

/// A GUID, when the key is there.
///
/// # Errors
/// When it is no GUID.
pub fn guid(body: &Json, key: &str) -> Result<Option<Uuid>, Bad> {
    read(body, key, "a GUID")
}

/// A date, when the key is there.
///
/// # Errors
/// When it is no date.
pub fn day(body: &Json, key: &str) -> Result<Option<NaiveDate>, Bad> {
    let Some(text) = body.text(key) else {
        return Ok(None);
    };
    match date::parse_day(text) {
        Some(day) => Ok(Some(day)),
        None => Err(Bad::input(format!("{key} must be a date, YYYY-MM-DD"))),
    }
}
