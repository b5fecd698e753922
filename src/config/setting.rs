//! How a value is read from a file or a variable, and how it is shown; plain types.

use std::path::PathBuf;
use std::time::Duration;

use config::{Value, ValueKind};

/// A type of value. The error of `read` is what is wanted, after "must be".
pub trait Setting: Sized {
    /// Reads a value that is there.
    ///
    /// # Errors
    /// What the value must be, in words.
    fn read(given: &Given<'_>) -> Result<Self, String>;

    /// The value when the key is nowhere; `None` = it must be set.
    fn absent() -> Option<Self> {
        None
    }

    /// As text, the way it is written in the file.
    fn show(&self) -> String;
}

/// A value and where it came from: variables can hold text only.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// The value.
    pub value: &'a Value,
    /// Whether it came from an environment variable.
    pub is_variable: bool,
}

impl<'a> Given<'a> {
    /// The value, if it is a text.
    pub fn text(&self) -> Option<&'a str> {
        match &self.value.kind {
            ValueKind::String(text) => Some(text.trim()),
            _ => None,
        }
    }

    /// The value, if it is a whole number.
    pub fn whole_number(&self) -> Option<u64> {
        match self.value.kind {
            ValueKind::I64(number) => u64::try_from(number).ok(),
            ValueKind::U64(number) => Some(number),
            ValueKind::String(ref text) if self.is_variable => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// The members of a list, none of them empty.
    pub fn members(&self) -> Option<Vec<&'a str>> {
        self.list().filter(|list| list.iter().all(|member| !member.is_empty()))
    }

    /// The members of a list; a variable separates them by commas.
    fn list(&self) -> Option<Vec<&'a str>> {
        match &self.value.kind {
            ValueKind::Array(members) => members
                .iter()
                .map(|member| match &member.kind {
                    ValueKind::String(text) => Some(text.trim()),
                    _ => None,
                })
                .collect(),
            ValueKind::String(text) if self.is_variable => Some(text.split(',').map(str::trim).collect()),
            _ => None,
        }
    }
}

impl<T: Setting> Setting for Option<T> {
    fn read(given: &Given<'_>) -> Result<Self, String> {
        T::read(given).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn show(&self) -> String {
        self.as_ref().map_or_else(|| "not set".to_owned(), T::show)
    }
}

impl Setting for String {
    fn read(given: &Given<'_>) -> Result<Self, String> {
        given
            .text()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .ok_or_else(|| "a text that is not empty".to_owned())
    }

    fn show(&self) -> String {
        self.clone()
    }
}

impl Setting for PathBuf {
    fn read(given: &Given<'_>) -> Result<Self, String> {
        given
            .text()
            .filter(|text| !text.is_empty())
            .map(Self::from)
            .ok_or_else(|| "a path".to_owned())
    }

    fn show(&self) -> String {
        self.display().to_string()
    }
}

impl Setting for bool {
    fn read(given: &Given<'_>) -> Result<Self, String> {
        match &given.value.kind {
            ValueKind::Boolean(flag) => Ok(*flag),
            ValueKind::String(text) if given.is_variable => text.parse().map_err(|_other| ()),
            _ => Err(()),
        }
        .map_err(|()| "true or false".to_owned())
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Setting for Vec<String> {
    fn read(given: &Given<'_>) -> Result<Self, String> {
        given
            .members()
            .map(|list| list.into_iter().map(str::to_owned).collect())
            .ok_or_else(|| "a list of texts, such as [\"localhost\"]".to_owned())
    }

    fn show(&self) -> String {
        self.join(", ")
    }
}

impl Setting for Vec<PathBuf> {
    fn read(given: &Given<'_>) -> Result<Self, String> {
        given
            .members()
            .map(|list| list.into_iter().map(PathBuf::from).collect())
            .ok_or_else(|| "a list of paths, such as [\"/etc/counterfoil/webhook_key\"]".to_owned())
    }

    fn show(&self) -> String {
        let texts: Vec<String> = self.iter().map(|path| path.display().to_string()).collect();
        texts.join(", ")
    }
}

impl Setting for Duration {
    fn read(given: &Given<'_>) -> Result<Self, String> {
        given
            .text()
            .and_then(duration)
            .ok_or_else(|| "a duration with its unit, such as \"5m\" or \"250ms\"".to_owned())
    }

    fn show(&self) -> String {
        humantime::format_duration(*self).to_string()
    }
}

impl Setting for [Duration; 3] {
    fn read(given: &Given<'_>) -> Result<Self, String> {
        given
            .list()
            .and_then(|list| list.into_iter().map(duration).collect::<Option<Vec<_>>>())
            .and_then(|list| Self::try_from(list).ok())
            .ok_or_else(|| "three durations, such as [\"2s\", \"10s\", \"30s\"]".to_owned())
    }

    fn show(&self) -> String {
        self.each_ref().map(Setting::show).join(", ")
    }
}

fn duration(text: &str) -> Option<Duration> {
    humantime::parse_duration(text)
        .ok()
        .filter(|duration| !duration.is_zero() && *duration <= LONGEST)
}

/// Longest duration that makes sense anywhere: ten years.
const LONGEST: Duration = Duration::from_secs(3_650 * 86_400);
