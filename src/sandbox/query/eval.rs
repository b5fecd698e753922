//! Tests a clause on a document.

use std::cmp::Ordering;

use super::clause::{Clause, Comparison};
use super::fields::Readable;
use super::value::Value;
use crate::sandbox::books::Books;

impl Clause {
    /// Whether the document satisfies the clause. Text compares in any letter case; a comparison
    /// with an absent value holds only for `!=`.
    pub fn holds(&self, document: &impl Readable, books: &Books) -> bool {
        match self {
            Clause::And(left, right) => left.holds(document, books) && right.holds(document, books),
            Clause::Or(left, right) => left.holds(document, books) || right.holds(document, books),
            Clause::Not(inner) => !inner.holds(document, books),
            Clause::Test(field, comparison, literal) => {
                test(&document.value(*field, books), *comparison, &literal.value())
            }
            Clause::Pair(left, comparison, right) => test(
                &document.value(*left, books),
                *comparison,
                &document.value(*right, books),
            ),
        }
    }
}

fn test(found: &Value<'_>, comparison: Comparison, wanted: &Value<'_>) -> bool {
    let absent = (*found == Value::Absent, *wanted == Value::Absent);
    match (absent, comparison) {
        ((true, true), Comparison::Equal) => return true,
        ((true, false) | (false, true), Comparison::NotEqual) => return true,
        ((true, _) | (_, true), _) => return false,
        ((false, false), _) => {}
    }
    let order = found.compare(wanted);
    match comparison {
        Comparison::Equal => order == Some(Ordering::Equal),
        Comparison::NotEqual => order != Some(Ordering::Equal),
        Comparison::Less => order == Some(Ordering::Less),
        Comparison::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Comparison::Greater => order == Some(Ordering::Greater),
        Comparison::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Comparison::Contains => text(found, wanted, |text, part| text.contains(part)),
        Comparison::StartsWith => text(found, wanted, |text, part| text.starts_with(part)),
        Comparison::EndsWith => text(found, wanted, |text, part| text.ends_with(part)),
    }
}

fn text(found: &Value<'_>, wanted: &Value<'_>, matches: impl Fn(&str, &str) -> bool) -> bool {
    match (found, wanted) {
        (Value::Text(text), Value::Text(part)) => matches(&text.to_lowercase(), &part.to_lowercase()),
        _ => false,
    }
}
