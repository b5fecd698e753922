//! Values of fields, and how they compare.

use std::cmp::Ordering;

use rust_decimal::Decimal;
use uuid::Uuid;

/// A field's value on one document.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Compared in any letter case.
    Text(&'a str),
    /// A number.
    Number(Decimal),
    /// A GUID.
    Id(Uuid),
    /// A time or a date (midnight UTC), in milliseconds.
    Moment(i64),
    /// A boolean.
    Flag(bool),
    /// No value.
    Absent,
}

impl Value<'_> {
    /// Order for sorting; absent first.
    pub fn order(&self, other: &Value<'_>) -> Ordering {
        match (self, other) {
            (Value::Absent, Value::Absent) => Ordering::Equal,
            (Value::Absent, _) => Ordering::Less,
            (_, Value::Absent) => Ordering::Greater,
            _ => self.compare(other).unwrap_or(Ordering::Equal),
        }
    }

    /// How two values of one type compare; `None` when they cannot be compared.
    pub fn compare(&self, other: &Value<'_>) -> Option<Ordering> {
        match (self, other) {
            (Value::Text(left), Value::Text(right)) => Some(compare_text(left, right)),
            (Value::Number(left), Value::Number(right)) => Some(left.cmp(right)),
            (Value::Id(left), Value::Id(right)) => Some(left.cmp(right)),
            (Value::Moment(left), Value::Moment(right)) => Some(left.cmp(right)),
            (Value::Flag(left), Value::Flag(right)) => Some(left.cmp(right)),
            _ => None,
        }
    }
}

/// Text compares in any letter case.
fn compare_text(left: &str, right: &str) -> Ordering {
    if left.is_ascii() && right.is_ascii() {
        let fold = |byte: u8| byte.to_ascii_lowercase();
        return left.bytes().map(fold).cmp(right.bytes().map(fold));
    }
    left.to_lowercase().cmp(&right.to_lowercase())
}
