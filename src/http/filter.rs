//! The filter grammar: `state:failed reason:period_locked kind:sales due:overdue number:INV-1 q:"acme ltd"`.

use super::problem::{Problem, ProblemCode};
use super::reads::InvoiceQuery;
use super::suggest;
use crate::model::document::InvoiceKind;
use crate::model::reason::ReasonCode;
use crate::model::row::{Badge, VarianceLevel};
use crate::model::standing::Due;

/// The keys there are. Each is a query parameter of its own too.
pub const KEYS: &[&str] = &["state", "reason", "variance", "kind", "due", "number", "q"];

/// Words of the key `state`.
pub const STATES: [(&str, Option<Badge>); 4] = [
    (Badge::Synced.state(), Some(Badge::Synced)),
    (Badge::Pending.state(), Some(Badge::Pending)),
    (Badge::Failed.state(), Some(Badge::Failed)),
    ("none", None),
];

/// Words of the key `variance`: of those that nobody acknowledged.
pub const VARIANCES: [(&str, Option<VarianceLevel>); 3] = [
    ("any", None),
    (VarianceLevel::Variance.code(), Some(VarianceLevel::Variance)),
    (VarianceLevel::HighVariance.code(), Some(VarianceLevel::HighVariance)),
];

/// Longest value in characters.
const VALUE_MAX_CHARS: usize = 255;

/// Adds the conditions of a filter to a query.
///
/// # Errors
/// `unknown_filter`, naming the word and the nearest one that would do.
pub fn apply(filter: &str, query: &mut InvoiceQuery) -> Result<(), Problem> {
    for word in words(filter)? {
        let Some((key, value)) = word.split_once(':') else {
            let detail = format!("`{word}` is no condition: write key:value, such as q:{word}.");
            return Err(Problem::new(ProblemCode::UnknownFilter, detail));
        };
        apply_one(key, value, query)?;
    }
    Ok(())
}

/// Adds one condition.
///
/// # Errors
/// As [`apply`].
pub fn apply_one(key: &str, value: &str, query: &mut InvoiceQuery) -> Result<(), Problem> {
    if value.is_empty() || value.chars().count() > VALUE_MAX_CHARS {
        let detail = format!("The value of `{key}` must have 1 to {VALUE_MAX_CHARS} characters.");
        return Err(Problem::new(ProblemCode::UnknownFilter, detail));
    }
    match key {
        "state" => {
            let states = STATES.map(|(word, _)| word);
            let found = STATES.iter().find(|(word, _)| *word == value);
            let (_, badge) = found.ok_or_else(|| unknown("state", value, &states))?;
            once(key, &mut query.badge, *badge)
        }
        "reason" => {
            let codes: Vec<&str> = ReasonCode::ALL.iter().map(|code| code.code()).collect();
            let code = ReasonCode::from_code(value).ok_or_else(|| unknown("reason", value, &codes))?;
            once(key, &mut query.reason, code)
        }
        "variance" => {
            let levels = VARIANCES.map(|(word, _)| word);
            let found = VARIANCES.iter().find(|(word, _)| *word == value);
            let (_, level) = found.ok_or_else(|| unknown("variance", value, &levels))?;
            once(key, &mut query.variance, *level)
        }
        "kind" => {
            let kinds = [InvoiceKind::Sales, InvoiceKind::Purchase];
            let found = kinds.into_iter().find(|kind| kind.label() == value);
            let words = kinds.map(InvoiceKind::label);
            let kind = found.ok_or_else(|| unknown("kind", value, &words))?;
            once(key, &mut query.kind, kind)
        }
        "due" => {
            let tabs = Due::ALL.map(Due::code);
            let found = Due::ALL.into_iter().find(|tab| tab.code() == value);
            let tab = found.ok_or_else(|| unknown("due", value, &tabs))?;
            once(key, &mut query.due, tab)
        }
        "number" => once(key, &mut query.number, value.to_owned()),
        "q" => once(key, &mut query.text, value.to_owned()),
        _ => Err(unknown("key", key, KEYS)),
    }
}

fn once<T>(key: &str, slot: &mut Option<T>, value: T) -> Result<(), Problem> {
    if slot.replace(value).is_some() {
        let detail = format!("`{key}` is given twice.");
        return Err(Problem::new(ProblemCode::UnknownFilter, detail));
    }
    Ok(())
}

fn unknown(what: &str, word: &str, known: &[&str]) -> Problem {
    let shown: String = word.chars().take(64).collect();
    let problem = Problem::new(
        ProblemCode::UnknownFilter,
        suggest::sentence(&format!("There is no {what} `{shown}`"), &shown, known),
    );
    match suggest::nearest(&shown, known) {
        Some(near) => problem.with("suggestion", near),
        None => problem,
    }
}

/// Splits at blanks outside quotes, and takes the quotes away.
fn words(filter: &str) -> Result<Vec<String>, Problem> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut is_quoted = false;
    for letter in filter.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            ' ' | '\t' if !is_quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            other => word.push(other),
        }
    }
    if is_quoted {
        return Err(Problem::new(ProblemCode::UnknownFilter, "A quote is not closed."));
    }
    if !word.is_empty() {
        words.push(word);
    }
    Ok(words)
}
