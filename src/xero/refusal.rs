//! The body of an error in any of Xero's dialects: validation JSON, problem JSON, the token
//! endpoint's `{"error":…}`, plain text, HTML.

use serde_json::{Map, Value};

/// Messages kept of one answer.
const MESSAGES_MAX: usize = 50;
/// Characters kept of one message.
const MESSAGE_CHARS_MAX: usize = 500;

/// What an error's body says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refusal {
    /// `Type`, such as `ValidationException`.
    pub kind: String,
    /// `Message`, `Detail` or `error_description`, whichever there is.
    pub message: String,
    /// `error` of the token endpoint.
    pub oauth: String,
    /// Messages of every `ValidationErrors`, wherever it stands, each once.
    pub validation: Vec<String>,
    /// The text, where it is not JSON.
    pub text: String,
}

impl Refusal {
    /// Reads a body; never fails. Keys are taken in any letter case.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(Value::Object(fields)) => Self::of_json(&fields),
            Ok(_) | Err(_) => Self {
                text: clipped(&String::from_utf8_lossy(body)),
                ..Self::default()
            },
        }
    }

    /// Whether any message contains this (lower-case) text.
    #[must_use]
    pub fn mentions(&self, needle: &str) -> bool {
        [&self.message, &self.text, &self.oauth]
            .into_iter()
            .chain(&self.validation)
            .any(|text| text.to_lowercase().contains(needle))
    }

    fn of_json(fields: &Map<String, Value>) -> Self {
        let mut validation = Vec::new();
        for value in fields.values() {
            collect(value, &mut validation);
        }
        if let Some(own) = field(fields, "validationerrors") {
            take_messages(own, &mut validation);
        }
        let message = ["message", "detail", "error_description", "title"]
            .iter()
            .map(|name| word(fields, name))
            .find(|text| !text.is_empty());
        Self {
            kind: word(fields, "type"),
            message: message.unwrap_or_default(),
            oauth: word(fields, "error"),
            validation,
            text: String::new(),
        }
    }
}

/// Every `ValidationErrors` below, in the order of the body.
fn collect(value: &Value, messages: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, messages)),
        Value::Object(fields) => {
            for (name, value) in fields {
                if name.eq_ignore_ascii_case("validationerrors") {
                    take_messages(value, messages);
                } else {
                    collect(value, messages);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn take_messages(list: &Value, messages: &mut Vec<String>) {
    for fields in list.as_array().into_iter().flatten().filter_map(Value::as_object) {
        let text = ["message", "description"]
            .iter()
            .map(|name| word(fields, name))
            .find(|text| !text.is_empty());
        if let Some(text) = text
            && messages.len() < MESSAGES_MAX
            && !messages.contains(&text)
        {
            messages.push(text);
        }
    }
}

fn word(fields: &Map<String, Value>, name: &str) -> String {
    field(fields, name)
        .and_then(Value::as_str)
        .map(clipped)
        .unwrap_or_default()
}

fn field<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let mut named = fields.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    named.next().map(|(_, value)| value)
}

fn clipped(text: &str) -> String {
    text.trim()
        .chars()
        .filter(|c| !c.is_control())
        .take(MESSAGE_CHARS_MAX)
        .collect()
}
