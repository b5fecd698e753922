//! Takes values out of the merged layers and notes every problem on the way.

use std::collections::BTreeMap;

use config::{Value, ValueKind};

use super::nearest::nearest;
use super::problem::Problem;
use super::sections::{KEYS, Key, SECTIONS, variable};
use super::setting::{Given, Setting};

/// What the `config` crate calls the origin of a value from a variable.
const ENVIRONMENT: &str = "the environment";

/// Values by full key, and the problems found so far.
pub(super) struct Reader<'a> {
    file: &'a str,
    values: BTreeMap<String, Value>,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// A reader over merged values; `file` names the file in problems. Unknown keys are noted.
    pub(super) fn new(file: &'a str, merged: Value) -> Self {
        let mut reader = Self {
            file,
            values: BTreeMap::new(),
            problems: Vec::new(),
        };
        if let ValueKind::Table(table) = merged.kind {
            for (name, value) in table {
                reader.sort_in(name, value);
            }
        }
        reader
    }

    /// The value of a key; `None` after noting what is wrong with it.
    pub(super) fn take<T: Setting>(&mut self, section: &str, name: &str) -> Option<T> {
        let path = format!("{section}.{name}");
        let Some(value) = self.values.get(&path) else {
            let absent = T::absent();
            if absent.is_none() {
                self.note(
                    self.file.to_owned(),
                    &path,
                    "is not set".to_owned(),
                    format!("Set it in [{section}], or as the variable {}.", variable(&path)),
                );
            }
            return absent;
        };
        let given = Given {
            value,
            is_variable: value.origin() == Some(ENVIRONMENT),
        };
        match T::read(&given) {
            Ok(setting) => Some(setting),
            Err(wanted) => {
                let place = self.place(&path, given.is_variable);
                let shown = shown(&value.kind);
                self.note(place, &path, format!("is {shown}"), format!("It must be {wanted}."));
                None
            }
        }
    }

    /// The value of a key, for a rule between keys: what is wrong with it by itself was noted when
    /// it was taken.
    pub(super) fn peek<T: Setting>(&self, section: &str, name: &str) -> Option<T> {
        let Some(value) = self.values.get(&format!("{section}.{name}")) else {
            return T::absent();
        };
        let is_variable = value.origin() == Some(ENVIRONMENT);
        T::read(&Given { value, is_variable }).ok()
    }

    /// Notes a problem of the value of a key.
    pub(super) fn note_value(&mut self, path: &str, what: impl Into<String>, fix: impl Into<String>) {
        let is_variable = self
            .values
            .get(path)
            .is_some_and(|value| value.origin() == Some(ENVIRONMENT));
        let place = self.place(path, is_variable);
        self.note(place, path, what.into(), fix.into());
    }

    /// Notes a problem.
    pub(super) fn note(&mut self, place: String, key: &str, what: String, fix: String) {
        self.problems.push(Problem {
            place,
            key: key.to_owned(),
            what,
            fix,
        });
    }

    /// Every problem, ordered by place and key.
    pub(super) fn into_problems(mut self) -> Vec<Problem> {
        self.problems.sort();
        self.problems
    }

    fn place(&self, path: &str, is_variable: bool) -> String {
        if is_variable {
            format!("variable {}", variable(path))
        } else {
            self.file.to_owned()
        }
    }

    /// Keeps a known key, looks into a section, and notes anything else.
    fn sort_in(&mut self, path: String, value: Value) {
        if known_keys().any(|key| key.path() == path) {
            self.values.insert(path, value);
            return;
        }
        let is_variable = value.origin() == Some(ENVIRONMENT);
        let is_section = SECTIONS.contains(&path.as_str());
        match value.kind {
            ValueKind::Table(table) if is_section || table_has_section(&path) => {
                for (name, value) in table {
                    self.sort_in(format!("{path}.{name}"), value);
                }
            }
            _ if is_section => {
                let place = self.place(&path, is_variable);
                let fix = format!("It is a section: write [{path}] and its keys below.");
                self.note(place, &path, "is a single value".to_owned(), fix);
            }
            _ => {
                let place = self.place(&path, is_variable);
                self.note(place, &path, "is not a key".to_owned(), advice(&path));
            }
        }
    }
}

/// Every key there is.
pub(super) fn known_keys() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().copied().flatten()
}

fn table_has_section(path: &str) -> bool {
    SECTIONS
        .iter()
        .any(|section| section.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

fn advice(path: &str) -> String {
    let paths: Vec<String> = known_keys().map(Key::path).collect();
    let known = paths.iter().map(String::as_str).chain(SECTIONS.iter().copied());
    match nearest(path, known) {
        Some(meant) => format!("Did you mean {meant}?"),
        None => "Remove it.".to_owned(),
    }
}

/// A value for people; texts are cut, lest a secret in the wrong place is shown whole.
fn shown(kind: &ValueKind) -> String {
    match kind {
        ValueKind::Nil => "empty".to_owned(),
        ValueKind::Table(_) => "a section".to_owned(),
        ValueKind::Array(_) => "a list that does not fit".to_owned(),
        ValueKind::String(text) if text.chars().count() > 24 => "a text that does not fit".to_owned(),
        ValueKind::String(text) => format!("\"{text}\""),
        other => other.to_string(),
    }
}
