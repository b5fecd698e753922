//! `/ManualJournals`. Xero sends no events about them.

use uuid::Uuid;

use super::call::Call;
use super::envelope::{self, Element, Wording};
use super::journal_draft::{self, DraftedJournal};
use super::tracking;
use crate::sandbox::books::{Books, JournalLine, ManualJournal};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::query::page::Filter;
use crate::sandbox::wire::{Answer, Json, Writer};

const WORDING: Wording = Wording {
    collection: "ManualJournals",
    id_key: "ManualJournalID",
    error_flag: "",
};

/// Which of its shapes is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// In a list that is not paged: no lines.
    Listed,
    /// In a paged list.
    Paged,
    /// `GET` of one.
    Single,
    /// The answer to a write.
    Written,
}

/// `GET /ManualJournals`
pub fn list(call: &mut Call<'_>) -> Answer {
    let request = match call.page_request::<ManualJournal>(false) {
        Ok(request) => request,
        Err(refused) => return refused,
    };
    let id = new_id(call.rng);
    let page = request.choose(&call.books.registers.journals, call.books, &Filter::default());
    let shape = if page.pagination.is_some() {
        Shape::Paged
    } else {
        Shape::Listed
    };
    envelope::list_as(call, id, WORDING.collection, page.pagination, |items| {
        for journal in page.items {
            items.object(|row| write_journal(row, journal, call.books, shape));
        }
    })
}

/// `GET /ManualJournals/{id}`
pub fn one(call: &mut Call<'_>, id: &str) -> Answer {
    let Some(journal) = find(call.books, id).cloned() else {
        return envelope::not_found();
    };
    envelope::list(call, WORDING.collection, None, |items, call| {
        items.object(|row| write_journal(row, &journal, call.books, Shape::Single));
    })
}

/// `PUT /ManualJournals`
pub fn create(call: &mut Call<'_>) -> Answer {
    write(call, |_, _| Some(None))
}

/// `POST /ManualJournals`: an element with `ManualJournalID` changes that one.
pub fn upsert(call: &mut Call<'_>) -> Answer {
    write(call, |books, element| match id_of(element) {
        None => Some(None),
        Some(id) => books.registers.journals.get(id).map(|journal| Some(journal.id)),
    })
}

/// `POST /ManualJournals/{id}`
pub fn update(call: &mut Call<'_>, id: &str) -> Answer {
    let known = find(call.books, id).map(|journal| journal.id);
    write(call, |_, _| known.map(Some))
}

/// Stores what a draft became; also how scenarios play an edit made inside Xero.
///
/// # Errors
/// What Xero would refuse.
pub fn apply(
    call: &mut Call<'_>,
    element: &Json,
    old: Option<&ManualJournal>,
) -> Result<(Uuid, Vec<String>), Vec<String>> {
    let DraftedJournal { journal, warnings } = journal_draft::draft(call, element, old)?;
    let id = journal.id;
    call.books.registers.journals.put(journal);
    Ok((id, warnings))
}

/// `target` says which journal an element is about: none yet, a known one, or one that is not
/// there, which refuses the whole call.
fn write(call: &mut Call<'_>, target: impl Fn(&Books, &Json) -> Option<Option<Uuid>>) -> Answer {
    let elements = match call.elements(WORDING.collection) {
        Ok(elements) => elements,
        Err(refused) => return refused,
    };
    let targets: Option<Vec<_>> = elements.iter().map(|element| target(call.books, element)).collect();
    let Some(targets) = targets else {
        return envelope::not_found();
    };
    let mut results = Vec::with_capacity(elements.len());
    for (element, known) in elements.into_iter().zip(targets) {
        let old = known.and_then(|id| call.books.registers.journals.get(id)).cloned();
        results.push(match apply(call, &element, old.as_ref()) {
            Ok((id, warnings)) => Element::Saved(id, warnings),
            Err(errors) => Element::Refused(envelope::named(element, WORDING, known), errors),
        });
    }
    envelope::written(call, WORDING, &results, |row, call, id: &Uuid| {
        if let Some(journal) = call.books.registers.journals.get(*id) {
            write_journal(row, journal, call.books, Shape::Written);
        }
    })
}

/// All keys of a manual journal.
pub fn write_journal(row: &mut Writer, journal: &ManualJournal, books: &Books, shape: Shape) {
    row.day("Date", journal.date);
    row.text("Status", journal.status.text());
    row.text("LineAmountTypes", journal.amounts_are.text());
    row.stamp("UpdatedDateUTC", journal.updated_ms);
    row.id("ManualJournalID", journal.id);
    row.text("Narration", &journal.narration);
    row.maybe_text("Url", journal.url.as_deref());
    if shape == Shape::Listed {
        row.empty_list("JournalLines");
    } else {
        row.list("JournalLines", |items| {
            for line in &journal.lines {
                items.object(|item| write_line(item, line, books, shape == Shape::Paged));
            }
        });
    }
    row.flag("ShowOnCashBasisReports", journal.cash_basis);
    if shape != Shape::Written {
        row.flag("HasAttachments", false);
    }
    if shape == Shape::Single {
        row.empty_list("Attachments");
    }
}

fn write_line(item: &mut Writer, line: &JournalLine, books: &Books, listed: bool) {
    item.maybe_text("Description", line.description.as_deref());
    item.maybe_text("TaxType", line.tax_type.as_deref());
    item.money("TaxAmount", line.tax);
    item.money("LineAmount", line.amount);
    item.maybe_text("AccountCode", line.account_code.as_deref());
    tracking::write_lines(item, &line.tracking, &books.registers, listed);
    if let Some(account) = line.account_code.as_deref().and_then(|code| books.account(code)) {
        item.id("AccountID", account.id);
    }
    let is_blank = line.amount.is_zero() && line.account_code.is_none() && line.description.is_none();
    item.flag("IsBlank", is_blank);
}

fn find<'a>(books: &'a Books, id: &str) -> Option<&'a ManualJournal> {
    books.registers.journals.get(Uuid::parse_str(id).ok()?)
}

/// The nil id of a new element is none.
fn id_of(element: &Json) -> Option<Uuid> {
    element
        .text("ManualJournalID")
        .and_then(|id| Uuid::parse_str(id).ok())
        .filter(|id| !id.is_nil())
}
