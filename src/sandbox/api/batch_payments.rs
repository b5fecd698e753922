//! `/BatchPayments`: payments of several invoices made as one. Never paged.

use uuid::Uuid;

use super::call::{Call, day};
use super::envelope::{self, Element, Wording};
use super::payments::InBatch;
use super::{invoice_rules, payment_view, payments};
use crate::sandbox::books::settle::PaymentRefused;
use crate::sandbox::books::{Batch, Books, Kind, Payment, PaymentStatus, Target, money, settle};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::query::page::Filter;
use crate::sandbox::wire::{Answer, Json};

const WORDING: Wording = Wording {
    collection: "BatchPayments",
    id_key: "BatchPaymentID",
    error_flag: "",
};

/// Published.
const REFERENCE_CHARS_MAX: usize = 255;

/// `GET /BatchPayments`
pub fn list(call: &mut Call<'_>) -> Answer {
    let mut request = match call.page_request::<Batch>(false) {
        Ok(request) => request,
        Err(refused) => return refused,
    };
    request.page = None;
    let id = new_id(call.rng);
    let page = request.choose(call.books.batches(), call.books, &Filter::default());
    envelope::list_as(call, id, WORDING.collection, None, |items| {
        for batch in page.items {
            items.object(|row| payment_view::write_batch(row, batch, call.books));
        }
    })
}

/// `GET /BatchPayments/{id}`
pub fn one(call: &mut Call<'_>, id: &str) -> Answer {
    let answer_id = new_id(call.rng);
    let found = Uuid::parse_str(id).ok().and_then(|id| call.books.batches().get(id));
    let Some(batch) = found else {
        return envelope::not_found();
    };
    envelope::list_as(call, answer_id, WORDING.collection, None, |items| {
        items.object(|row| payment_view::write_batch(row, batch, call.books));
    })
}

/// PUT: makes batches; either all payments of one are made or none.
pub fn create(call: &mut Call<'_>) -> Answer {
    let elements = match call.elements(WORDING.collection) {
        Ok(elements) => elements,
        Err(refused) => return refused,
    };
    let mut results = Vec::with_capacity(elements.len());
    for element in elements {
        results.push(create_one(call, element));
    }
    answer(call, &results)
}

/// POST, with the id in the path or in the body: deleting is all that can be done to a batch.
pub fn delete(call: &mut Call<'_>, path_id: Option<&str>) -> Answer {
    let elements = match call.elements(WORDING.collection) {
        Ok(elements) => elements,
        Err(refused) => return refused,
    };
    let mut results = Vec::with_capacity(elements.len());
    for element in elements {
        let id = path_id.or_else(|| element.text(WORDING.id_key));
        let id = id.and_then(|id| Uuid::parse_str(id).ok());
        let Some(batch) = id.and_then(|id| call.books.batches().get(id)).cloned() else {
            return envelope::not_found();
        };
        results.push(delete_one(call, element, batch));
    }
    answer(call, &results)
}

fn answer(call: &mut Call<'_>, results: &[Element<Uuid>]) -> Answer {
    envelope::written(call, WORDING, results, |row, call, id| {
        if let Some(batch) = call.books.batches().get(*id) {
            payment_view::write_batch(row, batch, call.books);
        }
    })
}

fn create_one(call: &mut Call<'_>, element: Json) -> Element<Uuid> {
    let mut errors = Vec::new();
    let Some((batch, made)) = read(call, &element, &mut errors).filter(|_| errors.is_empty()) else {
        return Element::Refused(element, errors);
    };
    let id = batch.id;
    match settle::pay_all(call.books, made) {
        Err(refused) => Element::Refused(element, vec![refused.to_string()]),
        Ok(()) => {
            call.books.save_batch(batch);
            Element::Saved(id, Vec::new())
        }
    }
}

fn read(call: &mut Call<'_>, element: &Json, errors: &mut Vec<String>) -> Option<(Batch, Vec<Payment>)> {
    let today = call.today();
    let date = day(element, "Date", errors).unwrap_or(today);
    let account = element.get("Account").and_then(|sent| {
        let by_id = sent.text("AccountID").and_then(|id| Uuid::parse_str(id).ok());
        match by_id {
            Some(id) => call.books.account_by_id(id),
            None => call.books.account(sent.text("Code")?),
        }
    });
    let Some(account) = account.map(|account| account.id) else {
        errors.push("Account could not be found.".to_owned());
        return None;
    };
    let reference = element.text("Reference").map(str::to_owned);
    if reference.iter().any(|text| text.chars().count() > REFERENCE_CHARS_MAX) {
        errors.push(format!("Reference cannot exceed {REFERENCE_CHARS_MAX} characters"));
    }
    let sent = element.list("Payments").unwrap_or_default().to_vec();
    if sent.is_empty() {
        errors.push("A batch payment must have at least one payment".to_owned());
    }
    let id = new_id(call.rng);
    let mut made = Vec::with_capacity(sent.len());
    for part in &sent {
        let batch = InBatch { id, account, date };
        made.extend(payments::read(call, part, Some(batch), errors).map(|read| read.payment));
    }
    let kinds: Vec<Kind> = made
        .iter()
        .filter_map(|payment| kind(call.books, payment.target))
        .collect();
    let kind = kinds.first().copied();
    if kinds.len() != made.len() || kinds.iter().any(|other| Some(*other) != kind) {
        errors.push("All payments of a batch must be of invoices, or all of bills".to_owned());
    }
    let batch = Batch {
        id,
        kind: kind?,
        account,
        date,
        reference,
        payments: made.iter().map(|payment| payment.id).collect(),
        total: money::sum(made.iter().map(|payment| payment.amount)),
        reconciled: false,
        status: PaymentStatus::Authorised,
        updated_ms: call.now_ms,
        versions: 1,
    };
    Some((batch, made))
}

fn kind(books: &Books, target: Target) -> Option<Kind> {
    match target {
        Target::Invoice(id) => books.invoices().get(id).map(|invoice| invoice.kind),
        Target::Credit(..) => None,
    }
}

fn delete_one(call: &mut Call<'_>, element: Json, mut batch: Batch) -> Element<Uuid> {
    let deletes = element
        .text("Status")
        .is_some_and(|text| text.eq_ignore_ascii_case("DELETED"));
    let refusal = match (deletes, batch.status, batch.reconciled) {
        (false, ..) => Some("Only Status accepted for updates.".to_owned()),
        (true, PaymentStatus::Deleted, _) => Some("Batch Payment not of valid status for modification".to_owned()),
        (true, _, true) => Some(PaymentRefused::Reconciled.to_string()),
        (true, PaymentStatus::Authorised, false) => invoice_rules::lock_refusal(&call.books.organisation, batch.date),
    };
    if let Some(refusal) = refusal {
        return Element::Refused(element, vec![refusal]);
    }
    for payment in &batch.payments {
        if let Err(refused) = settle::take_back(call.books, *payment, call.now_ms) {
            return Element::Refused(element, vec![refused.to_string()]);
        }
    }
    let id = batch.id;
    batch.status = PaymentStatus::Deleted;
    batch.updated_ms = call.now_ms;
    batch.versions = batch.versions.saturating_add(1);
    call.books.save_batch(batch);
    Element::Saved(id, Vec::new())
}
