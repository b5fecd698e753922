//! Whether a member of a write was saved. Xero says it in up to four places at once, and which
//! of them are used differs by resource, so all are looked at.

use serde::Deserialize;

use super::Misread;

/// Said of a refused member that gives no reason.
const NO_REASON_GIVEN: &str = "Xero refused this without saying why";

/// A validation error or a warning.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Note {
    message: Option<String>,
    description: Option<String>,
}

/// The texts of notes, empty ones left out.
pub fn texts<'a>(notes: impl Iterator<Item = &'a Note>) -> Vec<String> {
    notes
        .filter_map(|note| note.message.as_ref().or(note.description.as_ref()))
        .filter(|text| !text.trim().is_empty())
        .cloned()
        .collect()
}

/// Everything one member says about its own fate.
#[derive(Debug, Default)]
pub struct Flags<'a> {
    /// `HasErrors` (invoices).
    pub has_errors: Option<bool>,
    /// `HasValidationErrors` (contacts).
    pub has_validation_errors: Option<bool>,
    /// `StatusAttributeString`: `OK`, `WARNING`, `ERROR`.
    pub word: Option<&'a str>,
    /// Its own `ValidationErrors`.
    pub errors: Vec<String>,
    /// `ValidationErrors` of its parts.
    pub nested: Vec<String>,
    /// `Warnings`.
    pub warnings: Vec<String>,
}

/// What the flags amount to.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Saved.
    Saved {
        /// What Xero remarked.
        warnings: Vec<String>,
    },
    /// Not saved.
    Refused {
        /// Why; never empty.
        errors: Vec<String>,
        /// What Xero remarked.
        warnings: Vec<String>,
    },
}

impl Flags<'_> {
    /// Weighs the flags.
    ///
    /// # Errors
    /// When the word says saved and a flag says refused, or the other way round: taking either
    /// side could duplicate or lose a document, so the outcome has to be looked up.
    pub fn verdict(self) -> Result<Verdict, Misread> {
        let is_flagged =
            self.has_errors == Some(true) || self.has_validation_errors == Some(true) || !self.errors.is_empty();
        let is_refused = match self.word {
            Some(word) if word.eq_ignore_ascii_case("ERROR") => true,
            Some(word) if is_saved_word(word) && is_flagged => return Err(Misread::Contradiction),
            Some(word) if is_saved_word(word) => false,
            _no_word_or_an_unknown_one if is_flagged => true,
            _no_word_or_an_unknown_one if self.nested.is_empty() => false,
            _no_word_or_an_unknown_one => return Err(Misread::Contradiction),
        };
        Ok(if is_refused {
            let mut errors = self.errors;
            errors.extend(self.nested);
            if errors.is_empty() {
                errors.push(NO_REASON_GIVEN.to_owned());
            }
            Verdict::Refused {
                errors,
                warnings: self.warnings,
            }
        } else {
            let mut warnings = self.warnings;
            warnings.extend(self.nested);
            Verdict::Saved { warnings }
        })
    }
}

fn is_saved_word(word: &str) -> bool {
    word.eq_ignore_ascii_case("OK") || word.eq_ignore_ascii_case("WARNING")
}
