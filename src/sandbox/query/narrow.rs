//! Which part of an index can answer a clause, so that a list need not look at every document.

use super::clause::{Clause, Comparison};
use super::fields::Field;
use super::literal::Literal;
use super::tables::Table;
use crate::sandbox::books::Mark;

/// Marks of which every document the clause holds for has at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Narrowed {
    /// The marks.
    pub marks: Vec<Mark>,
    /// Every document with one of them satisfies the clause.
    pub is_exact: bool,
}

impl Clause {
    /// The narrowest marks for this clause; `size` says how many documents have one.
    pub fn narrowed(&self, table: Table, size: &dyn Fn(&Mark) -> usize) -> Option<Narrowed> {
        match self {
            Clause::Test(field, Comparison::Equal, literal) => {
                let is_indexed = table.rows.iter().any(|row| row.field == *field && row.indexed);
                let mark = mark(*field, literal).filter(|_| is_indexed)?;
                Some(Narrowed {
                    marks: vec![mark],
                    is_exact: true,
                })
            }
            Clause::And(left, right) => {
                let total = |found: &Narrowed| found.marks.iter().map(size).sum::<usize>();
                let both = [left, right].map(|side| side.narrowed(table, size));
                let smaller = both.into_iter().flatten().min_by_key(total)?;
                Some(Narrowed {
                    is_exact: false,
                    ..smaller
                })
            }
            Clause::Or(left, right) => {
                let (mut left, right) = (left.narrowed(table, size)?, right.narrowed(table, size)?);
                left.marks.extend(right.marks);
                left.is_exact &= right.is_exact;
                Some(left)
            }
            Clause::Not(_) | Clause::Test(..) | Clause::Pair(..) => None,
        }
    }
}

fn mark(field: Field, literal: &Literal) -> Option<Mark> {
    Some(match (field, literal) {
        (Field::OwnId, Literal::Id(id)) => Mark::Id(*id),
        (Field::ContactId, Literal::Id(id)) => Mark::Contact(*id),
        (Field::InvoiceId, Literal::Id(id)) => Mark::Invoice(*id),
        (Field::Number, Literal::Text(text)) => Mark::number(text),
        (Field::Name, Literal::Text(text)) => Mark::name(text),
        (Field::Reference, Literal::Text(text)) => Mark::reference(text),
        (Field::Status, Literal::Text(text)) => Mark::status(text),
        (Field::Type, Literal::Text(text)) => Mark::kind(text),
        _ => return None,
    })
}
