//! "Did you mean": the known word that is nearest to a mistyped one.

use crate::model::distance::edits;

/// The candidate with the fewest edits from `word`, if it is near enough to be meant.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near_enough = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (edits(word, candidate), candidate))
        .filter(|(edits, _)| *edits <= near_enough)
        .min()
        .map(|(_, candidate)| candidate)
}
