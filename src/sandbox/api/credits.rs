//! Lists and single reads of `/CreditNotes`, `/Overpayments` and `/Prepayments`.

use uuid::Uuid;

use super::call::Call;
use super::credit_view;
use super::envelope;
use super::invoice_view::{Shape, View};
use crate::sandbox::books::{Credit, Family, Mark};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::query::money_tables;
use crate::sandbox::query::page::{Filter, PageRequest};
use crate::sandbox::wire::Answer;

/// `GET` of a list. Prepayments can be asked for by `InvoiceNumbers`, overpayments by
/// `References`.
pub fn list(call: &mut Call<'_>, family: Family) -> Answer {
    let (table, named) = match family {
        Family::CreditNote => (money_tables::CREDIT_NOTE, None),
        Family::Overpayment => (
            money_tables::OVERPAYMENT,
            call.text_marks("References", Mark::reference),
        ),
        Family::Prepayment => (
            money_tables::PREPAYMENT,
            call.text_marks("InvoiceNumbers", Mark::number),
        ),
    };
    let request = match PageRequest::read(&call.params, call.since_ms(), (false, call.page_most()), table) {
        Ok(request) => request,
        Err(error) => return envelope::query_refused(&error),
    };
    let id = new_id(call.rng);
    let filter = Filter {
        among: named.into_iter().collect(),
        keep: None,
    };
    let page = request.choose(call.books.credits(family), call.books, &filter);
    let shape = if page.pagination.is_some() {
        Shape::Paged
    } else {
        Shape::Listed
    };
    let view = view(call, shape);
    envelope::list_as(call, id, family.collection(), page.pagination, |items| {
        for credit in page.items {
            items.object(|row| credit_view::write(row, credit, call.books, view));
        }
    })
}

/// `GET` of one, by GUID; credit notes also by number.
pub fn one(call: &mut Call<'_>, family: Family, id: &str) -> Answer {
    let answer_id = new_id(call.rng);
    let Some(credit) = find(call, family, id) else {
        return envelope::not_found();
    };
    let view = view(call, Shape::Single);
    envelope::list_as(call, answer_id, family.collection(), None, |items| {
        items.object(|row| credit_view::write(row, credit, call.books, view));
    })
}

/// One document with credit, by GUID; credit notes also by number.
pub fn find<'a>(call: &'a Call<'_>, family: Family, id: &str) -> Option<&'a Credit> {
    match family {
        Family::CreditNote => call.books.find_credit_note(id),
        Family::Overpayment | Family::Prepayment => call.books.credit(family, Uuid::parse_str(id).ok()?),
    }
}

/// How this call wants documents shown.
pub fn view(call: &Call<'_>, shape: Shape) -> View {
    View {
        shape,
        unit_places: call.unit_places(),
        amount_due: None,
    }
}
