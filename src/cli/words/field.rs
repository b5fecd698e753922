//! Members of the API's objects, cleaned of what could take over a terminal.

use serde_json::Value;

use crate::model::time::Timestamp;

/// What is shown where there is nothing.
pub const NOTHING: &str = "—";

/// A text, a number or a truth as text; `None` when it is absent or null.
#[must_use]
pub fn text(value: &Value, pointer: &str) -> Option<String> {
    match value.pointer(pointer)? {
        Value::String(text) => Some(clean(text)),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(true) => Some("yes".to_owned()),
        Value::Bool(false) => Some("no".to_owned()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The same, with a dash for what is absent.
#[must_use]
pub fn shown(value: &Value, pointer: &str) -> String {
    text(value, pointer)
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| NOTHING.to_owned())
}

/// A count; 0 when it is absent.
#[must_use]
pub fn count(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or_default()
}

/// Whether it is there and true.
#[must_use]
pub fn is_true(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
}

/// A moment.
#[must_use]
pub fn moment(value: &Value, pointer: &str) -> Option<Timestamp> {
    let text = value.pointer(pointer)?.as_str()?;
    let moment = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    Some(moment.to_utc().into())
}

/// The items of a list; none when it is absent.
#[must_use]
pub fn items<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// A text without control characters: a name from elsewhere must not move the cursor or recolour
/// the screen.
#[must_use]
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '\n' | '\t' | '\r' => ' ',
            letter if letter.is_control() || is_direction(letter) => '\u{fffd}',
            letter => letter,
        })
        .collect()
}

/// Marks that reorder the text around them.
const fn is_direction(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
