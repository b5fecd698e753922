//! "Did you mean": the nearest known word.

use crate::model::distance::edits;

/// The known word nearest to `word`, if one is near enough to be meant.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    if word.chars().count() > 64 {
        return None;
    }
    let wanted = plain(word);
    known
        .iter()
        .map(|candidate| (edits(&wanted, &plain(candidate)), *candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `; did you mean …?`, or which words there are.
pub fn phrase(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(near) => format!("; did you mean `{near}`?"),
        None if known.is_empty() => String::new(),
        None => format!("; known are {}", known.join(", ")),
    }
}

/// A sentence that tells the same.
pub fn sentence(what: &str, word: &str, known: &[&str]) -> String {
    let said = format!("{what}{}", phrase(word, known));
    if said.ends_with('?') { said } else { format!("{said}.") }
}

/// So that `dueDate`, `due-date` and `due_date` are one.
fn plain(word: &str) -> String {
    word.chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}
