//! Reads the fields of an object one by one and remembers everything wrong.

use std::cell::RefCell;

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;

use super::decimal;
use super::tree::Node;
use crate::http::problem::{Fault, Problem};
use crate::http::suggest;

/// No books are kept with earlier dates; such a one is a slip.
const FIRST_YEAR: i32 = 1900;

/// Most faults that are told; more are not useful to anybody.
const FAULTS_MAX: usize = 100;

/// Collects what is wrong.
#[derive(Debug, Default)]
pub struct Faults(RefCell<Vec<Fault>>);

impl Faults {
    /// Remembers a fault.
    pub fn add(&self, pointer: String, code: &'static str, detail: impl Into<String>) {
        let mut list = self.0.borrow_mut();
        if list.len() < FAULTS_MAX {
            let detail = detail.into();
            list.push(Fault { pointer, code, detail });
        }
    }

    /// The value, unless something was wrong.
    pub fn settle<T>(self, value: Option<T>) -> Result<T, Problem> {
        let list = self.0.into_inner();
        match value {
            Some(value) if list.is_empty() => Ok(value),
            _ => Err(Problem::invalid(list)),
        }
    }
}

/// Which characters a text may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// No control characters.
    One,
    /// Line breaks and tabs too.
    Many,
}

/// One object.
pub struct Fields<'a> {
    entries: &'a [(String, Node)],
    pointer: String,
    faults: &'a Faults,
}

impl<'a> Fields<'a> {
    /// The fields of `node`; unknown ones are faults. `None` when it is no object.
    pub fn of(node: &'a Node, pointer: String, known: &[&str], faults: &'a Faults) -> Option<Self> {
        let Node::Object(entries) = node else {
            let detail = format!("it must be an object, not {}", node.what());
            faults.add(pointer, "wrong_type", detail);
            return None;
        };
        for (name, _) in entries {
            if !known.contains(&name.as_str()) {
                let shown: String = name.chars().take(64).collect();
                let detail = format!("there is no field `{shown}`{}", suggest::phrase(name, known));
                faults.add(format!("{pointer}/{}", escape(&shown)), "unknown_field", detail);
            }
        }
        Some(Self {
            entries,
            pointer,
            faults,
        })
    }

    /// The pointer to a field.
    pub fn pointer(&self, name: &str) -> String {
        format!("{}/{name}", self.pointer)
    }

    /// Remembers a fault of a field.
    pub fn fault(&self, name: &str, code: &'static str, detail: impl Into<String>) {
        self.faults.add(self.pointer(name), code, detail);
    }

    /// A field, `None` when absent or null.
    pub fn optional(&self, name: &str) -> Option<&'a Node> {
        self.entries
            .iter()
            .find(|(known, node)| known == name && *node != Node::Null)
            .map(|(_, node)| node)
    }

    /// A field that is there, `null` or not.
    pub fn named(&self, name: &str) -> Option<&'a Node> {
        self.entries
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, node)| node)
    }

    /// A field that must be there.
    pub fn required(&self, name: &str) -> Option<&'a Node> {
        let node = self.optional(name);
        if node.is_none() {
            self.fault(name, "missing", "it is missing");
        }
        node
    }

    /// Remembers that a field has another type.
    pub fn wrong_type(&self, name: &str, wanted: &str, node: &Node) {
        let detail = format!("it must be {wanted}, not {}", node.what());
        self.fault(name, "wrong_type", detail);
    }

    /// A text that must be there and not be blank.
    pub fn text(&self, name: &str, max_chars: usize) -> Option<String> {
        let node = self.required(name)?;
        let text = self.checked_text(name, node, max_chars, Lines::One)?;
        if text.trim().is_empty() {
            self.fault(name, "too_short", "it must not be empty");
            return None;
        }
        Some(text)
    }

    /// A text that may be absent; an empty one counts as absent.
    pub fn optional_text(&self, name: &str, max_chars: usize) -> Option<String> {
        let node = self.optional(name)?;
        self.checked_text(name, node, max_chars, Lines::One)
            .filter(|text| !text.is_empty())
    }

    /// A text of several lines that must be there; it may be empty.
    pub fn long_text(&self, name: &str, max_chars: usize) -> Option<String> {
        let node = self.required(name)?;
        self.checked_text(name, node, max_chars, Lines::Many)
    }

    /// A string within bounds.
    fn checked_text(&self, name: &str, node: &Node, max_chars: usize, lines: Lines) -> Option<String> {
        let Node::Text(text) = node else {
            self.wrong_type(name, "a string", node);
            return None;
        };
        let count = text.chars().count();
        if count > max_chars {
            let detail = format!("it has {count} characters; at most {max_chars} are accepted");
            self.fault(name, "too_long", detail);
            return None;
        }
        let is_allowed = |letter: char| lines == Lines::Many && matches!(letter, '\n' | '\r' | '\t');
        if text.chars().any(|letter| letter.is_control() && !is_allowed(letter)) {
            self.fault(name, "control_character", "it holds a control character");
            return None;
        }
        Some(text.clone())
    }

    /// One of a few words, given with their values.
    pub fn word<T: Copy>(&self, name: &str, node: &Node, words: &[(&str, T)]) -> Option<T> {
        let Node::Text(text) = node else {
            self.wrong_type(name, "a string", node);
            return None;
        };
        let found = words.iter().find(|(word, _)| word == text);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let detail = format!("it must be one of {}", known.join(", "));
            self.fault(name, "unknown_value", detail);
        }
        found.map(|(_, value)| *value)
    }

    /// A date that exists.
    pub fn date(&self, name: &str, node: &Node) -> Option<NaiveDate> {
        let Node::Text(text) = node else {
            self.wrong_type(name, "a date in a string", node);
            return None;
        };
        let has_shape = text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        let date = has_shape
            .then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())
            .flatten()
            .filter(|date| date.year() >= FIRST_YEAR);
        if date.is_none() {
            let detail = "it must be a date of the calendar as YYYY-MM-DD, from 1900 on";
            self.fault(name, "not_a_date", detail);
        }
        date
    }

    /// A decimal in a string.
    pub fn decimal(&self, name: &str, node: &Node, decimals_max: u32) -> Option<Decimal> {
        let Node::Text(text) = node else {
            self.wrong_type(name, "a decimal number in a string such as \"12.50\"", node);
            return None;
        };
        decimal::read(text, decimals_max)
            .map_err(|(code, detail)| self.fault(name, code, detail))
            .ok()
    }

    /// A boolean that may be absent.
    pub fn optional_bool(&self, name: &str) -> Option<bool> {
        match self.optional(name)? {
            Node::Bool(value) => Some(*value),
            other => {
                self.wrong_type(name, "true or false", other);
                None
            }
        }
    }

    /// An array.
    pub fn list(&self, name: &str, node: &'a Node) -> Option<&'a [Node]> {
        let Node::List(items) = node else {
            self.wrong_type(name, "an array", node);
            return None;
        };
        Some(items)
    }

    /// An http or https address.
    pub fn optional_url(&self, name: &str, max_chars: usize) -> Option<String> {
        let url = self.optional_text(name, max_chars)?;
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with('/')) || url.contains(char::is_whitespace) {
            self.fault(name, "not_a_url", "it must be an http or https address");
        }
        Some(url)
    }

    /// A whole number that is not negative.
    pub fn count(&self, name: &str, node: &Node) -> Option<u32> {
        if let Node::Number(Some(count)) = node {
            return Some(*count);
        }
        self.wrong_type(name, "a whole number that is not negative", node);
        None
    }

    /// Where faults go.
    pub const fn faults(&self) -> &'a Faults {
        self.faults
    }
}

/// A name as part of a JSON pointer.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
