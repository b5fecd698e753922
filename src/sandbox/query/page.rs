//! Choosing one page of a list: filter, order, `page` and `pageSize`.

use super::clause::{Clause, QueryError};
use super::fields::{Field, Readable};
use crate::sandbox::books::{Books, Shelf, Stamped};
use crate::sandbox::wire::Params;

/// Without `pageSize`.
const SIZE_DEFAULT: usize = 100;
/// Larger page sizes are cut to this.
const SIZE_MAX: usize = 1000;

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
    /// `order`, and whether it is descending.
    pub order: Option<(Field, bool)>,
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

impl PageRequest {
    /// Reads `where`, `order`, `page` and `pageSize`; `forced` pages also when neither was sent.
    ///
    /// # Errors
    /// When `where` or `order` cannot be read.
    pub fn read(params: &Params, since_ms: Option<i64>, forced: bool) -> Result<Self, QueryError> {
        let clause = params.get("where").map(Clause::parse).transpose()?;
        let order = params.get("order").map(read_order).transpose()?;
        let asked = params.get("page").is_some() || params.get("pageSize").is_some();
        let page = (asked || forced).then(|| {
            let size = params.number("pageSize").unwrap_or(SIZE_DEFAULT).clamp(1, SIZE_MAX);
            (params.number("page").unwrap_or(1).max(1), size)
        });
        Ok(Self {
            clause,
            order,
            page,
            since_ms,
        })
    }

    /// Chooses from a shelf; `keep` is the filter besides `where`.
    pub fn choose<'a, T: Stamped + Readable>(
        &self,
        shelf: &'a Shelf<T>,
        books: &Books,
        keep: Option<&dyn Fn(&T) -> bool>,
    ) -> Page<'a, T> {
        let plain = self.clause.is_none() && keep.is_none() && self.since_ms.is_none();
        let by_update = self.order.is_none_or(|(field, _)| field == Field::Updated);
        if let (true, true, Some((page, size))) = (plain, by_update, self.page) {
            let from = page.saturating_sub(1).saturating_mul(size);
            let items = match self.order {
                Some((_, true)) => shelf.iter().rev().skip(from).take(size).collect(),
                _ => shelf.iter().skip(from).take(size).collect(),
            };
            return Page {
                items,
                pagination: Some(Pagination::of(page, size, shelf.len())),
            };
        }
        let wanted = |item: &&T| {
            keep.is_none_or(|keep| keep(item)) && self.clause.as_ref().is_none_or(|clause| clause.holds(*item, books))
        };
        let items: Vec<&T> = match self.since_ms {
            Some(from_ms) => shelf.since(from_ms).filter(wanted).collect(),
            None => shelf.iter().filter(wanted).collect(),
        };
        self.cut(items, books)
    }

    /// Sorts and pages documents that are already filtered and in default order.
    pub fn cut<'a, T: Readable>(&self, mut items: Vec<&'a T>, books: &Books) -> Page<'a, T> {
        if let Some((field, descending)) = self.order {
            items.sort_by(|left, right| {
                let order = left.value(field, books).order(&right.value(field, books));
                if descending { order.reverse() } else { order }
            });
        }
        let Some((page, size)) = self.page else {
            return Page {
                items,
                pagination: None,
            };
        };
        let pagination = Pagination::of(page, size, items.len());
        let from = page.saturating_sub(1).saturating_mul(size);
        let items = items.into_iter().skip(from).take(size).collect();
        Page {
            items,
            pagination: Some(pagination),
        }
    }
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

fn read_order(text: &str) -> Result<(Field, bool), QueryError> {
    // Only the first of several keys decides; ties keep the default order.
    let first = text.split(',').next().unwrap_or_default();
    let mut words = first.split_whitespace();
    let field = Field::named(words.next().unwrap_or_default())?;
    match words.next().map(str::to_ascii_uppercase).as_deref() {
        None | Some("ASC" | "ASCENDING") => Ok((field, false)),
        Some("DESC" | "DESCENDING") => Ok((field, true)),
        Some(other) => Err(QueryError(format!("Syntax error '{other}'"))),
    }
}
