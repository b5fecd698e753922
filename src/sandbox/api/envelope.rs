//! The envelope around every answer, and the shapes of refusals.

use uuid::Uuid;

use super::call::Call;
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::query::clause::QueryError;
use crate::sandbox::query::page::Pagination;
use crate::sandbox::wire::{Answer, Json, Writer};

/// `ProviderName` of every answer.
const PROVIDER: &str = "Counterfoil Sandbox";

/// The words of one resource.
#[derive(Debug, Clone, Copy)]
pub struct Wording {
    /// `Invoices`
    pub collection: &'static str,
    /// `InvoiceID`; empty for resources whose key is no GUID
    pub id_key: &'static str,
    /// `HasErrors` or `HasValidationErrors`; empty for resources that have no such key
    pub error_flag: &'static str,
}

/// What became of one element of a write.
#[derive(Debug, Clone)]
pub enum Element<T> {
    /// Stored; the handler's own key for showing it, and warnings.
    Saved(T, Vec<String>),
    /// Nothing happened; the element as sent and why.
    Refused(Json, Vec<String>),
}

/// A 200 around a list that `body` writes.
pub fn list(
    call: &mut Call<'_>,
    collection: &str,
    pagination: Option<Pagination>,
    body: impl FnOnce(&mut Writer, &Call<'_>),
) -> Answer {
    let id = new_id(call.rng);
    list_as(call, id, collection, pagination, |items| body(items, call))
}

/// The same for a handler that holds documents of the books meanwhile; `id` is a fresh one.
pub fn list_as(
    call: &Call<'_>,
    id: Uuid,
    collection: &str,
    pagination: Option<Pagination>,
    body: impl FnOnce(&mut Writer),
) -> Answer {
    let mut writer = Writer::pretty();
    writer.object(|envelope| {
        envelope.id("Id", id);
        envelope.text("Status", "OK");
        envelope.text("ProviderName", PROVIDER);
        envelope.bare_stamp("DateTimeUTC", call.now_ms);
        if let Some(pagination) = pagination {
            envelope.nested("pagination", |page| write_pagination(page, pagination));
        }
        envelope.list(collection, body);
    });
    Answer::json(200, writer.into_bytes()).with("Xero-Correlation-Id", id)
}

/// The answer to a write: all elements with 200, or only the refused ones with 400, as
/// `summarizeErrors` says. `show` writes the keys of a stored element.
pub fn written<T>(
    call: &mut Call<'_>,
    wording: Wording,
    elements: &[Element<T>],
    show: impl Fn(&mut Writer, &Call<'_>, &T),
) -> Answer {
    let summarize = call.summarizes_errors();
    let refused = || {
        elements.iter().filter_map(|element| match element {
            Element::Refused(echo, messages) => Some((echo, messages.as_slice())),
            Element::Saved(..) => None,
        })
    };
    if summarize && refused().next().is_some() {
        return validation_refused(wording, refused());
    }
    let mut made_up = Vec::with_capacity(elements.len());
    for element in elements {
        made_up.push(match element {
            Element::Saved(..) => Uuid::nil(),
            Element::Refused(..) => made_up_id(call),
        });
    }
    list(call, wording.collection, None, |items, call| {
        for (element, made_up) in elements.iter().zip(&made_up) {
            items.object(|row| match element {
                Element::Saved(shown, warnings) => {
                    show(row, call, shown);
                    if !warnings.is_empty() {
                        messages(row, "Warnings", warnings);
                    }
                    if !summarize {
                        let word = if warnings.is_empty() { "OK" } else { "WARNING" };
                        row.text("StatusAttributeString", word);
                    }
                }
                Element::Refused(echo, texts) => {
                    write_refused(row, wording, echo, texts, *made_up);
                    row.text("StatusAttributeString", "ERROR");
                }
            });
        }
    })
}

/// A refused element that was resolved to an existing document carries that document's id.
pub fn named(element: Json, wording: Wording, known: Option<Uuid>) -> Json {
    match (element, known) {
        (Json::Map(mut pairs), Some(id)) => {
            pairs.retain(|(key, _)| !key.eq_ignore_ascii_case(wording.id_key));
            pairs.insert(0, (wording.id_key.to_owned(), Json::Text(id.to_string())));
            Json::Map(pairs)
        }
        (element, _) => element,
    }
}

/// 404 as Xero gives it: HTML, no JSON.
pub fn not_found() -> Answer {
    Answer::html(404, "The resource you're looking for cannot be found")
}

/// A `where` or `order` that cannot be read.
pub fn query_refused(error: &QueryError) -> Answer {
    exception(16, "QueryParseException", &error.0)
}

/// A body that cannot be read.
pub fn body_refused(message: &str) -> Answer {
    exception(14, "PostDataInvalidException", message)
}

/// A 400 that is not about single elements.
pub fn exception(number: i64, kind: &str, message: &str) -> Answer {
    let mut writer = Writer::pretty();
    writer.object(|body| {
        body.integer("ErrorNumber", number);
        body.text("Type", kind);
        body.text("Message", message);
    });
    Answer::json(400, writer.into_bytes())
}

/// A 400 with the refused elements.
pub fn validation_refused<'a>(wording: Wording, refused: impl Iterator<Item = (&'a Json, &'a [String])>) -> Answer {
    let mut writer = Writer::pretty();
    writer.object(|body| {
        body.integer("ErrorNumber", 10);
        body.text("Type", "ValidationException");
        body.text("Message", "A validation exception occurred");
        body.list("Elements", |items| {
            for (echo, texts) in refused {
                items.object(|row| write_refused(row, wording, echo, texts, Uuid::nil()));
            }
        });
    });
    Answer::json(400, writer.into_bytes())
}

/// What a refused new element is called: nil, or an id that exists nowhere. When Xero gives which
/// is not known; here it is chance.
fn made_up_id(call: &mut Call<'_>) -> Uuid {
    let id = new_id(call.rng);
    let is_nil = id.as_bytes().last().is_some_and(|byte| byte % 2 == 0);
    if is_nil { Uuid::nil() } else { id }
}

fn write_refused(row: &mut Writer, wording: Wording, echo: &Json, texts: &[String], made_up: Uuid) {
    let Wording { id_key, error_flag, .. } = wording;
    let known = echo.text(id_key).and_then(|id| Uuid::parse_str(id).ok());
    if !id_key.is_empty() {
        row.id(id_key, known.unwrap_or(made_up));
    }
    row.echo(echo, &[id_key, error_flag, "ValidationErrors", "StatusAttributeString"]);
    if !error_flag.is_empty() {
        row.flag(error_flag, true);
    }
    messages(row, "ValidationErrors", texts);
}

fn messages(row: &mut Writer, key: &str, texts: &[String]) {
    row.list(key, |items| {
        for text in texts {
            items.object(|item| item.text("Message", text));
        }
    });
}

fn write_pagination(page: &mut Writer, pagination: Pagination) {
    let number = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
    page.integer("page", number(pagination.page));
    page.integer("pageSize", number(pagination.page_size));
    page.integer("pageCount", number(pagination.page_count));
    page.integer("itemCount", number(pagination.item_count));
}
