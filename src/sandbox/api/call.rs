//! One accounting call on its way to the books.

use chrono::NaiveDate;
use rand::rngs::StdRng;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::sandbox::books::{Books, Mark};
use crate::sandbox::query::Readable;
use crate::sandbox::query::page::{PageRequest, SIZE_MAX, SinceIs};
use crate::sandbox::wire::{Answer, Json, Params, Request, date};

use super::envelope;

/// What a handler works with.
#[derive(Debug)]
pub struct Call<'a> {
    /// The organisation's books.
    pub books: &'a mut Books,
    /// The sandbox's randomness.
    pub rng: &'a mut StdRng,
    /// Document time, in milliseconds.
    pub now_ms: i64,
    /// The request as it came.
    pub request: &'a Request,
    /// Its query string.
    pub params: Params,
    /// Whether `If-Modified-Since` includes its own millisecond.
    pub since_is: SinceIs,
    /// Most documents a page of what changed since a time holds.
    pub page_most: usize,
}

/// How a write finds what it is about.
#[derive(Debug, Clone, Copy)]
pub enum Mode<'a> {
    /// PUT: always a new one.
    Create,
    /// POST: by id, else by what names such a thing (a number, a code, a name), else a new one.
    Upsert,
    /// POST to one, by id or by what names it.
    One(&'a str),
}

impl Call<'_> {
    /// Today where the organisation is.
    pub fn today(&self) -> NaiveDate {
        date::day_in(self.books.organisation.zone, self.now_ms)
    }

    /// Decimals of unit amounts: two, or four with `unitdp=4`.
    pub fn unit_places(&self) -> u32 {
        if self.params.get("unitdp") == Some("4") { 4 } else { 2 }
    }

    /// Whether one refused element makes the whole answer a 400; Xero's default.
    pub fn summarizes_errors(&self) -> bool {
        self.params.flag("summarizeErrors").unwrap_or(true)
    }

    /// The first millisecond `If-Modified-Since` lets through.
    pub fn since_ms(&self) -> Option<i64> {
        let asked = date::parse_modified_since(self.request.header("if-modified-since")?)?;
        Some(match self.since_is {
            SinceIs::Inclusive => asked,
            SinceIs::Exclusive => asked.saturating_add(1),
        })
    }

    /// Most documents a page holds.
    pub fn page_most(&self) -> usize {
        self.since_ms().map_or(SIZE_MAX, |_| self.page_most)
    }

    /// What a list call asks for about one kind of document; `forced` lists are paged in any case.
    ///
    /// # Errors
    /// The 400 of a clause that cannot be read.
    pub fn page_request<T: Readable>(&self, forced: bool) -> Result<PageRequest, Answer> {
        PageRequest::read(&self.params, self.since_ms(), (forced, self.page_most()), T::TABLE)
            .map_err(|error| envelope::query_refused(&error))
    }

    /// A comma list of GUIDs as marks; words that are none match nothing.
    pub fn id_marks(&self, name: &str, mark: fn(Uuid) -> Mark) -> Option<Vec<Mark>> {
        let list = self.params.list(name)?;
        Some(
            list.into_iter()
                .filter_map(|id| Uuid::parse_str(id).ok())
                .map(mark)
                .collect(),
        )
    }

    /// A comma list of texts as marks.
    pub fn text_marks(&self, name: &str, mark: fn(&str) -> Mark) -> Option<Vec<Mark>> {
        Some(self.params.list(name)?.into_iter().map(mark).collect())
    }

    /// The elements of the body: `{"Invoices":[…]}`, a bare array or one bare object.
    ///
    /// # Errors
    /// The 400 of a body that is none of these.
    pub fn elements(&self, collection: &str) -> Result<Vec<Json>, Answer> {
        let body = Json::parse(&self.request.body).map_err(|error| envelope::body_refused(&error.to_string()))?;
        let elements = match body.get(collection) {
            Some(Json::List(items)) => items.clone(),
            Some(one) => vec![one.clone()],
            None => match body {
                Json::List(items) => items,
                one => vec![one],
            },
        };
        if elements.iter().all(Json::is_map) && !elements.is_empty() {
            Ok(elements)
        } else {
            Err(envelope::body_refused("No valid elements were sent"))
        }
    }
}

/// A decimal of an element; a value that is no number becomes a message.
pub fn decimal(element: &Json, key: &str, errors: &mut Vec<String>) -> Option<Decimal> {
    match element.decimal(key)? {
        Ok(number) => Some(number),
        Err(_) => {
            errors.push(format!("{key} must be a number"));
            None
        }
    }
}

/// A date of an element; a value that is no date becomes a message.
pub fn day(element: &Json, key: &str, errors: &mut Vec<String>) -> Option<NaiveDate> {
    let day = date::parse_day(element.text(key)?);
    if day.is_none() {
        errors.push(format!("{key} must be a date"));
    }
    day
}
