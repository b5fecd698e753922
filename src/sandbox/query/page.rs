//! Choosing one page of a list: filter, order, `page` and `pageSize`.

use std::cmp::Ordering;

use super::clause::{Clause, QueryError};
use super::fields::{Field, Readable};
use super::tables::Table;
use super::value::Value;
use crate::sandbox::books::order::{Order, SortKey};
use crate::sandbox::books::shelf::key_of;
use crate::sandbox::books::{Books, Mark, Shelf, Stamped};
use crate::sandbox::wire::Params;

/// Without `pageSize`.
const SIZE_DEFAULT: usize = 100;
/// Larger page sizes are cut to this, unless the control surface set less.
pub const SIZE_MAX: usize = 1000;

/// Whether documents changed exactly at `If-Modified-Since` are listed; Xero does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SinceIs {
    /// They are not.
    #[default]
    Exclusive,
    /// They are.
    Inclusive,
}

/// What a list call asks for.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// `where`.
    pub clause: Option<Clause>,
    /// `order`: fields, the first one decides first, and whether each is descending.
    pub order: Vec<(Field, bool)>,
    /// Page and size; `None` asks for everything.
    pub page: Option<(usize, usize)>,
    /// `If-Modified-Since`, already as the first millisecond that is listed.
    pub since_ms: Option<i64>,
}

/// The answer: documents in order, and the numbers of the `pagination` object if it was paged.
#[derive(Debug)]
pub struct Page<'a, T> {
    /// The documents of this page.
    pub items: Vec<&'a T>,
    /// Page, size, number of pages, number of documents.
    pub pagination: Option<Pagination>,
}

/// `pagination` in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pagination {
    /// As asked for, also past the end.
    pub page: usize,
    /// Documents on a full page.
    pub page_size: usize,
    /// Pages in all.
    pub page_count: usize,
    /// Documents in all.
    pub item_count: usize,
}

/// A list's filter besides `where`.
pub struct Filter<'f, T> {
    /// Sets of marks; a document must have one of each set.
    pub among: Vec<Vec<Mark>>,
    /// What no index knows.
    pub keep: Option<&'f dyn Fn(&T) -> bool>,
}

impl<T> Default for Filter<'_, T> {
    fn default() -> Self {
        Self {
            among: Vec::new(),
            keep: None,
        }
    }
}

/// The documents that may be chosen, in default order.
enum Base<'a> {
    Index(&'a Order),
    Keys(Vec<SortKey>),
}

impl PageRequest {
    /// Reads `where`, `order`, `page` and `pageSize` for one kind of document; `forced` pages also
    /// when neither was sent. No page holds more than `most`.
    ///
    /// # Errors
    /// When `where` or `order` cannot be read.
    pub fn read(
        params: &Params,
        since_ms: Option<i64>,
        (forced, most): (bool, usize),
        table: Table,
    ) -> Result<Self, QueryError> {
        let clause = params.get("where").map(|text| Clause::parse(text, table)).transpose()?;
        let order = params.get("order").map(|text| read_order(text, table)).transpose()?;
        let asked = params.get("page").is_some() || params.get("pageSize").is_some();
        let page = (asked || forced).then(|| {
            let size = params.number("pageSize").unwrap_or(SIZE_DEFAULT).clamp(1, most.max(1));
            (params.number("page").unwrap_or(1).max(1), size)
        });
        Ok(Self {
            clause,
            order: order.unwrap_or_default(),
            page,
            since_ms,
        })
    }

    /// Chooses from what lists show of a shelf. Indexes narrow the search as far as they can; a
    /// page that an index holds as it is costs no more than its own documents.
    pub fn choose<'a, T: Stamped + Readable + Clone>(
        &self,
        shelf: &'a Shelf<T>,
        books: &'a Books,
        filter: &Filter<'_, T>,
    ) -> Page<'a, T> {
        let (base, clause, among) = self.narrow(shelf, filter);
        let from = self.since_ms.map_or(0, |from_ms| base.rank(&(from_ms, [0; 16])));
        let by_update = match self.order.as_slice() {
            [] => Some(false),
            [(Field::Updated, descending)] => Some(*descending),
            _ => None,
        };
        if clause.is_none()
            && among.is_empty()
            && filter.keep.is_none()
            && let (Some(descending), Some((page, size))) = (by_update, self.page)
        {
            let all = base.len().saturating_sub(from);
            let (skip, take) = span(all, page, size, descending);
            let mut items: Vec<&T> = Vec::with_capacity(take);
            items.extend(
                base.starting_at(from.saturating_add(skip))
                    .take(take)
                    .filter_map(|key| shelf.listed_at(key)),
            );
            if descending {
                items.reverse();
            }
            return Page {
                items,
                pagination: Some(Pagination::of(page, size, all)),
            };
        }
        let wanted = |item: &&T| {
            filter.keep.is_none_or(|keep| keep(item))
                && clause.is_none_or(|clause| clause.holds(*item, books))
                && among.iter().all(|marks| has_one_of(shelf, *item, marks))
        };
        let found = base.starting_at(from).filter_map(|key| shelf.listed_at(key));
        self.cut(found.filter(wanted).collect(), books)
    }

    /// The smallest part of the indexes that holds all that is wanted, and what is still to be
    /// tested on it.
    fn narrow<'a, 'f, T: Stamped + Readable + Clone>(
        &'f self,
        shelf: &'a Shelf<T>,
        filter: &'f Filter<'_, T>,
    ) -> (Base<'a>, Option<&'f Clause>, Vec<&'f Vec<Mark>>) {
        let size = |mark: &Mark| match mark {
            Mark::Id(_) => 1,
            other => shelf.marked(other).map_or(0, Order::len),
        };
        let total = |marks: &[Mark]| marks.iter().map(size).sum::<usize>();
        let by_clause = self.clause.as_ref().and_then(|clause| clause.narrowed(T::TABLE, &size));
        let best = filter.among.iter().enumerate().min_by_key(|(_, marks)| total(marks));
        let clause = self.clause.as_ref();
        match (by_clause, best) {
            (Some(narrowed), best) if best.is_none_or(|(_, marks)| total(&narrowed.marks) < total(marks)) => {
                let rest = clause.filter(|_| !narrowed.is_exact);
                (base_of(shelf, &narrowed.marks), rest, filter.among.iter().collect())
            }
            (_, Some((chosen, marks))) => {
                let others = filter.among.iter().enumerate().filter(|(at, _)| *at != chosen);
                (base_of(shelf, marks), clause, others.map(|(_, marks)| marks).collect())
            }
            (_, None) => (Base::Index(shelf.listing()), clause, Vec::new()),
        }
    }

    /// Those of a short list the clause holds for, in the order that was asked for.
    pub fn chosen<'a, T: Readable + 'a>(&self, all: impl Iterator<Item = &'a T>, books: &'a Books) -> Vec<&'a T> {
        let kept = all.filter(|item| self.clause.as_ref().is_none_or(|clause| clause.holds(*item, books)));
        self.cut(kept.collect(), books).items
    }

    /// Sorts and pages documents that are already filtered and in default order.
    pub fn cut<'a, T: Readable>(&self, items: Vec<&'a T>, books: &'a Books) -> Page<'a, T> {
        let all = items.len();
        let window = self.page.map(|(page, size)| span(all, page, size, false));
        let (skip, take) = window.unwrap_or((0, all));
        let sorted = self.sorted(items, skip.saturating_add(take), books);
        Page {
            items: sorted.into_iter().skip(skip).take(take).collect(),
            pagination: self.page.map(|(page, size)| Pagination::of(page, size, all)),
        }
    }

    /// The first `needed` documents in the order that was asked for; ties keep the default order.
    fn sorted<'a, T: Readable>(&self, mut items: Vec<&'a T>, needed: usize, books: &'a Books) -> Vec<&'a T> {
        match self.order.as_slice() {
            [] | [(Field::Updated, false)] => return items,
            [(Field::Updated, true)] => {
                items.reverse();
                return items;
            }
            _ => {}
        }
        let keys = |item: &'a T| -> Vec<Value<'_>> {
            let value = |(field, _): &(Field, bool)| item.value(*field, books);
            self.order.iter().map(value).collect()
        };
        let mut keyed: Vec<_> = items
            .into_iter()
            .enumerate()
            .map(|(at, item)| (keys(item), at, item))
            .collect();
        let compare = |left: &(Vec<Value<'_>>, usize, &T), right: &(Vec<Value<'_>>, usize, &T)| {
            let pairs = left.0.iter().zip(&right.0).zip(&self.order);
            let by_fields = pairs.map(|((left, right), (_, descending))| {
                let order = left.order(right);
                if *descending { order.reverse() } else { order }
            });
            by_fields
                .fold(Ordering::Equal, Ordering::then)
                .then(left.1.cmp(&right.1))
        };
        if needed > 0 && needed < keyed.len() {
            keyed.select_nth_unstable_by(needed.saturating_sub(1), compare);
            keyed.truncate(needed);
        }
        keyed.sort_unstable_by(compare);
        keyed.into_iter().map(|(_, _, item)| item).collect()
    }
}

impl Base<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Index(order) => order.len(),
            Self::Keys(keys) => keys.len(),
        }
    }

    fn rank(&self, key: &SortKey) -> usize {
        match self {
            Self::Index(order) => order.rank(key),
            Self::Keys(keys) => keys.partition_point(|other| other < key),
        }
    }

    fn starting_at(&self, rank: usize) -> impl Iterator<Item = SortKey> {
        let (index, keys) = match self {
            Self::Index(order) => (Some(order.starting_at(rank)), None),
            Self::Keys(keys) => (None, Some(keys.iter().copied().skip(rank))),
        };
        index.into_iter().flatten().chain(keys.into_iter().flatten())
    }
}

fn base_of<'a, T: Stamped + Clone>(shelf: &'a Shelf<T>, marks: &[Mark]) -> Base<'a> {
    if let [mark] = marks
        && let Some(order) = shelf.marked(mark)
    {
        return Base::Index(order);
    }
    let mut keys = Vec::new();
    for mark in marks {
        match mark {
            Mark::Id(id) => keys.extend(shelf.listed(*id).map(key_of)),
            other => keys.extend(shelf.marked(other).into_iter().flat_map(Order::iter)),
        }
    }
    keys.sort_unstable();
    keys.dedup();
    Base::Keys(keys)
}

fn has_one_of<T: Stamped + Clone>(shelf: &Shelf<T>, item: &T, marks: &[Mark]) -> bool {
    let key = key_of(item);
    marks.iter().any(|mark| match mark {
        Mark::Id(id) => *id == item.id(),
        other => shelf.marked(other).is_some_and(|order| order.contains(&key)),
    })
}

/// How many of `all` documents lie before a page, and how many are on it; of a descending list
/// counted from its end.
fn span(all: usize, page: usize, size: usize, descending: bool) -> (usize, usize) {
    let before = page.saturating_sub(1).saturating_mul(size).min(all);
    let take = all.saturating_sub(before).min(size);
    let skip = if descending {
        all.saturating_sub(before).saturating_sub(take)
    } else {
        before
    };
    (skip, take)
}

impl Pagination {
    fn of(page: usize, page_size: usize, item_count: usize) -> Self {
        Self {
            page,
            page_size,
            page_count: item_count.div_ceil(page_size).max(1),
            item_count,
        }
    }
}

fn read_order(text: &str, table: Table) -> Result<Vec<(Field, bool)>, QueryError> {
    let key = |part: &str| {
        let mut words = part.split_whitespace();
        let row = table.field(words.next().unwrap_or_default())?;
        let descending = match words.next().map(str::to_ascii_uppercase).as_deref() {
            None | Some("ASC" | "ASCENDING") => false,
            Some("DESC" | "DESCENDING") => true,
            Some(other) => return Err(QueryError(format!("Syntax error '{other}'"))),
        };
        match words.next() {
            None => Ok((row.field, descending)),
            Some(_) => Err(QueryError("Syntax error".to_owned())),
        }
    };
    text.split(',').map(key).collect()
}
