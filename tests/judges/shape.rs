//! The shape of a JSON answer: which keys stand where, always or sometimes, and of which type and
//! form their values are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Objects recorded at a place before "always" says something.
const MANY: usize = 5;

/// Places of an answer, such as `Invoices[].LineItems[].Total`.
#[derive(Debug, Default)]
pub struct Shape {
    places: BTreeMap<String, Place>,
}

#[derive(Debug, Default)]
struct Place {
    count: usize,
    kinds: BTreeSet<&'static str>,
}

impl Shape {
    pub fn of(value: &Value) -> Self {
        let mut shape = Self::default();
        shape.add("", value);
        shape
    }

    fn add(&mut self, at: &str, value: &Value) {
        let place = self.places.entry(at.to_owned()).or_default();
        place.count += 1;
        place.kinds.insert(kind(value));
        match value {
            Value::Object(pairs) => {
                for (key, value) in pairs {
                    let joint = if at.is_empty() { "" } else { "." };
                    self.add(&format!("{at}{joint}{key}"), value);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.add(&format!("{at}[]"), item)),
            _ => {}
        }
    }

    fn count(&self, at: &str) -> usize {
        self.places.get(at).map_or(0, |place| place.count)
    }

    /// How `ours` differs from this recorded shape, a line each. What stands below a difference is
    /// not told.
    pub fn differences(&self, ours: &Self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut silent: Vec<String> = Vec::new();
        for at in self.places.keys().chain(ours.places.keys()).collect::<BTreeSet<_>>() {
            if silent.iter().any(|above| is_below(at, above)) {
                continue;
            }
            match (self.places.get(at), ours.places.get(at)) {
                (Some(_), None) => {
                    found.push(format!("lacks {at}"));
                    silent.push(at.clone());
                }
                (None, Some(_)) => {
                    found.push(format!("adds {at}"));
                    silent.push(at.clone());
                }
                (Some(theirs), Some(own)) => {
                    let parent = parent(at);
                    let is_always = self.count(parent) == theirs.count && theirs.count >= MANY;
                    if is_always && ours.count(parent) != own.count && !at.ends_with("[]") {
                        found.push(format!("not always {at}"));
                    }
                    let strange: Vec<&str> = own.kinds.difference(&theirs.kinds).copied().collect();
                    if !strange.is_empty() {
                        let known: Vec<&str> = theirs.kinds.iter().copied().collect();
                        found.push(format!("{at} is {} and not {}", strange.join(", "), known.join(", ")));
                    }
                }
                (None, None) => {}
            }
        }
        found
    }
}

fn is_below(at: &str, above: &str) -> bool {
    at.strip_prefix(above).is_some_and(|rest| rest.starts_with(['.', '[']))
}

fn parent(at: &str) -> &str {
    at.strip_suffix("[]")
        .unwrap_or_else(|| at.rsplit_once('.').map_or("", |(parent, _)| parent))
}

/// The type of a value; of texts also the form, where it is one of an id or a date.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
        Value::String(text) => form(text),
    }
}

fn form(text: &str) -> &'static str {
    let digits: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    if uuid::Uuid::parse_str(text).is_ok() {
        "a GUID"
    } else if digits.starts_with("/Date(") && digits.ends_with("+0000)/") {
        "/Date(ms+0000)/"
    } else if digits.starts_with("/Date(") {
        "/Date(ms)/"
    } else if digits.starts_with("0000-00-00T00:00:00.0000000") {
        "a time with seven decimals"
    } else if digits == "0000-00-00T00:00:00Z" {
        "a time in UTC"
    } else if digits.starts_with("0000-00-00T00:00:00") {
        "a time without zone"
    } else {
        "a text"
    }
}
