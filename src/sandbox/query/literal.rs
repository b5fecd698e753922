//! Constants in a clause and how their types are named.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use uuid::Uuid;

use super::clause::QueryError;
use super::tables::Kind;
use super::value::Value;
use crate::sandbox::wire::date;

/// A constant in a clause.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `"…"`
    Text(String),
    /// `12.5`
    Number(Decimal),
    /// `Guid("…")`
    Id(Uuid),
    /// `DateTime(y,m,d)`, in milliseconds
    Moment(i64),
    /// `true`
    Flag(bool),
    /// `null`
    Null,
}

impl Literal {
    /// `Guid("…")`
    ///
    /// # Errors
    /// When it is none.
    pub fn guid(text: &str) -> Result<Self, QueryError> {
        let bad = |_| QueryError("Guid should contain 32 digits with 4 dashes".to_owned());
        Uuid::parse_str(text).map(Self::Id).map_err(bad)
    }

    /// `DateTime.Parse("…")`
    ///
    /// # Errors
    /// When it is no time.
    pub fn moment(text: &str) -> Result<Self, QueryError> {
        let bad = || QueryError("String was not recognized as a valid DateTime".to_owned());
        date::parse_modified_since(text).map(Self::Moment).ok_or_else(bad)
    }

    /// `DateTime(year, month, day[, hour, minute, second])`
    ///
    /// # Errors
    /// When the numbers make no time.
    pub fn date_time(parts: &[Decimal]) -> Result<Self, QueryError> {
        let bad = || QueryError("DateTime expects year, month and day".to_owned());
        let part = |at: usize| match parts.get(at) {
            None => Ok(None),
            Some(number) => number.to_u32().map(Some).ok_or_else(bad),
        };
        let year = part(0)?.and_then(|year| i32::try_from(year).ok()).ok_or_else(bad)?;
        let (month, day) = (part(1)?.ok_or_else(bad)?, part(2)?.ok_or_else(bad)?);
        let (hour, minute, second) = (part(3)?, part(4)?, part(5)?);
        NaiveDate::from_ymd_opt(year, month, day)
            .and_then(|day| day.and_hms_opt(hour.unwrap_or(0), minute.unwrap_or(0), second.unwrap_or(0)))
            .map(|moment| Self::Moment(moment.and_utc().timestamp_millis()))
            .ok_or_else(bad)
    }

    /// The constant as a value to compare with.
    pub fn value(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Text(text),
            Self::Number(number) => Value::Number(*number),
            Self::Id(id) => Value::Id(*id),
            Self::Moment(at_ms) => Value::Moment(*at_ms),
            Self::Flag(flag) => Value::Flag(*flag),
            Self::Null => Value::Absent,
        }
    }

    /// Its type; `null` has none.
    pub fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::Text(_) => Kind::Text,
            Self::Number(_) => Kind::Number,
            Self::Id(_) => Kind::Id,
            Self::Moment(_) => Kind::Moment,
            Self::Flag(_) => Kind::Flag,
            Self::Null => return None,
        })
    }

    /// The word for its type in Xero's messages.
    pub fn kind_text(&self) -> &'static str {
        match self {
            Self::Number(number) if number.is_integer() => "Int32",
            Self::Null => "Object",
            other => other.kind().map_or("Object", Kind::text),
        }
    }
}
