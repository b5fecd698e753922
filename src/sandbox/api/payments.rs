//! `/Payments`.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::call::{Call, day, decimal};
use super::envelope::{self, Element, Wording};
use super::{invoice_rules, payment_view};
use crate::sandbox::books::{Account, Books, Invoice, Payment, PaymentStatus, money, settle};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::query::page::Filter;
use crate::sandbox::wire::{Answer, Json};

const WORDING: Wording = Wording {
    collection: "Payments",
    id_key: "PaymentID",
    error_flag: "HasValidationErrors",
};

/// `GET /Payments`
pub fn list(call: &mut Call<'_>) -> Answer {
    let request = match call.page_request::<Payment>(false) {
        Ok(request) => request,
        Err(refused) => return refused,
    };
    let id = new_id(call.rng);
    let page = request.choose(call.books.payments(), call.books, &Filter::default());
    envelope::list_as(call, id, WORDING.collection, page.pagination, |items| {
        for payment in page.items {
            items.object(|row| payment_view::write(row, payment, call.books, false));
        }
    })
}

/// `GET /Payments/{id}`
pub fn one(call: &mut Call<'_>, id: &str) -> Answer {
    let answer_id = new_id(call.rng);
    let found = Uuid::parse_str(id).ok().and_then(|id| call.books.payments().get(id));
    let Some(payment) = found else {
        return envelope::not_found();
    };
    envelope::list_as(call, answer_id, WORDING.collection, None, |items| {
        items.object(|row| payment_view::write(row, payment, call.books, true));
    })
}

/// PUT and POST: makes payments; an element with `PaymentID` deletes that one.
pub fn write(call: &mut Call<'_>) -> Answer {
    let elements = match call.elements(WORDING.collection) {
        Ok(elements) => elements,
        Err(refused) => return refused,
    };
    let mut results = Vec::with_capacity(elements.len());
    for element in elements {
        let id = element.text("PaymentID").and_then(|id| Uuid::parse_str(id).ok());
        results.push(match id {
            Some(id) if call.books.payments().get(id).is_none() => return envelope::not_found(),
            Some(id) => delete_one(call, element, id),
            None => pay_one(call, element),
        });
    }
    answer(call, &results)
}

/// `POST /Payments/{id}`: deleting is all that can be done to a payment.
pub fn delete(call: &mut Call<'_>, id: &str) -> Answer {
    let known = Uuid::parse_str(id)
        .ok()
        .filter(|id| call.books.payments().get(*id).is_some());
    let Some(id) = known else {
        return envelope::not_found();
    };
    let mut elements = match call.elements(WORDING.collection) {
        Ok(elements) => elements,
        Err(refused) => return refused,
    };
    elements.truncate(1);
    let results: Vec<_> = elements
        .into_iter()
        .map(|element| delete_one(call, element, id))
        .collect();
    answer(call, &results)
}

fn answer(call: &mut Call<'_>, results: &[Element<Uuid>]) -> Answer {
    envelope::written(call, WORDING, results, |row, call, id| {
        if let Some(payment) = call.books.payments().get(*id) {
            payment_view::write(row, payment, call.books, true);
        }
    })
}

fn delete_one(call: &mut Call<'_>, element: Json, id: Uuid) -> Element<Uuid> {
    let others = match &element {
        Json::Map(pairs) => pairs.iter().any(|(key, _)| {
            !["Status", "PaymentID"]
                .iter()
                .any(|known| key.eq_ignore_ascii_case(known))
        }),
        _ => true,
    };
    let deletes = element
        .text("Status")
        .is_some_and(|text| text.eq_ignore_ascii_case("DELETED"));
    if others || !deletes {
        return Element::Refused(element, vec!["Only Status accepted for updates.".to_owned()]);
    }
    match settle::unpay(call.books, id, call.now_ms) {
        Ok(()) => Element::Saved(id, Vec::new()),
        Err(refused) => Element::Refused(element, vec![refused.to_string()]),
    }
}

fn pay_one(call: &mut Call<'_>, element: Json) -> Element<Uuid> {
    let mut errors = Vec::new();
    let Some((payment, invoice_date)) = read(call, &element, &mut errors) else {
        return Element::Refused(element, errors);
    };
    errors.extend(invoice_rules::lock_refusal(&call.books.organisation, payment.date));
    if !errors.is_empty() {
        return Element::Refused(element, errors);
    }
    let mut warnings = Vec::new();
    if payment.date < invoice_date {
        warnings.push("The payment date is prior to the invoice date.".to_owned());
    }
    let id = payment.id;
    match settle::pay(call.books, payment) {
        Ok(()) => Element::Saved(id, warnings),
        Err(refused) => Element::Refused(element, vec![refused.to_string()]),
    }
}

fn read(call: &mut Call<'_>, element: &Json, errors: &mut Vec<String>) -> Option<(Payment, chrono::NaiveDate)> {
    let today = call.today();
    let date = day(element, "Date", errors).unwrap_or(today);
    let amount = decimal(element, "Amount", errors);
    let currency_rate = decimal(element, "CurrencyRate", errors).unwrap_or(Decimal::ONE);
    if amount.is_none() {
        errors.push("Payment amount must be specified".to_owned());
    }
    let account = account(call.books, element);
    if account.is_none() {
        errors.push("Account could not be found.".to_owned());
    } else if !account.is_some_and(Account::takes_payments) {
        errors.push("The account type is invalid for this transaction".to_owned());
    }
    let invoice = invoice(call.books, element);
    if invoice.is_none() {
        errors.push("Payments must be made against an existing document".to_owned());
    }
    let (invoice_id, invoice_date) = invoice.map(|invoice| (invoice.id, invoice.date))?;
    let payment = Payment {
        invoice: invoice_id,
        account: account?.id,
        id: new_id(call.rng),
        date,
        amount: money::cents(amount?),
        reference: element.text("Reference").unwrap_or_default().to_owned(),
        currency_rate,
        status: PaymentStatus::Authorised,
        reconciled: element.flag("IsReconciled").unwrap_or(false),
        updated_ms: call.now_ms,
        versions: 1,
    };
    Some((payment, invoice_date))
}

fn account<'a>(books: &'a Books, element: &Json) -> Option<&'a Account> {
    let sent = element.get("Account")?;
    match sent.text("AccountID").and_then(|id| Uuid::parse_str(id).ok()) {
        Some(id) => books.account_by_id(id),
        None => books.account(sent.text("Code")?),
    }
}

fn invoice<'a>(books: &'a Books, element: &Json) -> Option<&'a Invoice> {
    let sent = element.get("Invoice")?;
    books.find_invoice(sent.text("InvoiceID").or_else(|| sent.text("InvoiceNumber"))?)
}
