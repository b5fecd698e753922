//! `/Payments`.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::call::{Call, day, decimal};
use super::envelope::{self, Element, Wording};
use super::{invoice_rules, payment_view};
use crate::sandbox::books::{Account, Books, Family, Kind, Payment, PaymentStatus, Target, money, settle};
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
    let date = call.books.payments().get(id).map(|payment| payment.date);
    let locked = date.and_then(|date| invoice_rules::lock_refusal(&call.books.organisation, date));
    if let Some(locked) = locked {
        return Element::Refused(element, vec![locked]);
    }
    match settle::unpay(call.books, id, call.now_ms) {
        Ok(()) => Element::Saved(id, Vec::new()),
        Err(refused) => Element::Refused(element, vec![refused.to_string()]),
    }
}

fn pay_one(call: &mut Call<'_>, element: Json) -> Element<Uuid> {
    let mut errors = Vec::new();
    let read = read(call, &element, None, &mut errors);
    let Some(Read { payment, warnings }) = read.filter(|_| errors.is_empty()) else {
        return Element::Refused(element, errors);
    };
    let id = payment.id;
    match settle::pay(call.books, payment) {
        Ok(()) => Element::Saved(id, warnings),
        Err(refused) => Element::Refused(element, vec![refused.to_string()]),
    }
}

/// A payment as sent, before it is applied.
#[derive(Debug)]
pub struct Read {
    /// What it would be.
    pub payment: Payment,
    /// What Xero says although it accepts it.
    pub warnings: Vec<String>,
}

/// What a payment needs of the document it pays.
struct Paid {
    target: Target,
    date: NaiveDate,
    currency: String,
    rate: Decimal,
}

/// What all payments of a batch have in common.
#[derive(Debug, Clone, Copy)]
pub struct InBatch {
    /// The batch.
    pub id: Uuid,
    /// Its account.
    pub account: Uuid,
    /// Its day.
    pub date: NaiveDate,
}

/// Reads one payment. `None` only with errors.
pub fn read(call: &mut Call<'_>, element: &Json, batch: Option<InBatch>, errors: &mut Vec<String>) -> Option<Read> {
    let today = call.today();
    let date = match batch {
        Some(batch) => batch.date,
        None => day(element, "Date", errors).unwrap_or(today),
    };
    let amount = decimal(element, "Amount", errors).map(money::cents);
    if amount.is_none() {
        errors.push("Payment amount must be specified".to_owned());
    }
    let account = match batch {
        Some(batch) => call.books.account_by_id(batch.account),
        None => account_of(call.books, element),
    };
    if account.is_none() {
        errors.push("Account could not be found.".to_owned());
    } else if !account.is_some_and(Account::takes_payments) {
        errors.push("The account type is invalid for this transaction".to_owned());
    }
    let account = account.map(|account| account.id);
    let paid = paid(call.books, element, errors)?;
    let bank_amount = decimal(element, "BankAmount", errors).map(money::cents);
    let rate = rate(call.books, element, &paid, amount.zip(bank_amount), errors);
    errors.extend(invoice_rules::lock_refusal(&call.books.organisation, date));
    let amount = amount?;
    let in_base = amount.checked_div(rate).map_or(amount, money::cents);
    let mut warnings = Vec::new();
    if date < paid.date {
        warnings.push("The payment date is prior to the invoice date.".to_owned());
    }
    let payment = Payment {
        target: paid.target,
        account: account?,
        id: new_id(call.rng),
        date,
        amount,
        bank_amount: bank_amount.unwrap_or(in_base),
        reference: element.text("Reference").map(str::to_owned),
        currency_rate: rate,
        batch: batch.map(|batch| batch.id),
        status: PaymentStatus::Authorised,
        reconciled: element.flag("IsReconciled").unwrap_or(false),
        updated_ms: call.now_ms,
        versions: 1,
    };
    Some(Read { payment, warnings })
}

/// The rate a payment is made at: as sent, as the two amounts say, else the document's. Bank
/// accounts of the sandbox are in the base currency.
fn rate(
    books: &Books,
    element: &Json,
    paid: &Paid,
    amounts: Option<(Decimal, Decimal)>,
    errors: &mut Vec<String>,
) -> Decimal {
    let asked = decimal(element, "CurrencyRate", errors);
    if books.organisation.base_currency.eq_ignore_ascii_case(&paid.currency) {
        return Decimal::ONE;
    }
    let by_amounts = amounts.and_then(|(amount, bank_amount)| amount.checked_div(bank_amount));
    let rate = asked.or(by_amounts).unwrap_or(paid.rate);
    if rate <= Decimal::ZERO {
        errors.push("The currency rate must be greater than zero".to_owned());
    }
    money::round(rate, 6)
}

fn account_of<'a>(books: &'a Books, element: &Json) -> Option<&'a Account> {
    let Some(sent) = element.get("Account") else {
        return books.account(element.text("Code")?);
    };
    match sent.text("AccountID").and_then(|id| Uuid::parse_str(id).ok()) {
        Some(id) => books.account_by_id(id),
        None => books.account(sent.text("Code")?),
    }
}

/// The one document a payment names, by id or number; ids of other kinds of documents are not
/// found.
fn paid(books: &Books, element: &Json, errors: &mut Vec<String>) -> Option<Paid> {
    const DOCUMENTS: [&str; 6] = [
        "Invoice",
        "InvoiceNumber",
        "CreditNote",
        "CreditNoteNumber",
        "Overpayment",
        "Prepayment",
    ];
    let named = DOCUMENTS.iter().filter(|key| element.get(key).is_some()).count();
    if named > 1 {
        errors.push("A payment can only be made against one document".to_owned());
        return None;
    }
    let found = paid_invoice(books, element).or_else(|| paid_credit(books, element));
    if found.is_none() {
        errors.push("Payments must be made against an existing document".to_owned());
    }
    found
}

fn paid_invoice(books: &Books, element: &Json) -> Option<Paid> {
    let sent = element.get("Invoice");
    let nested = sent.and_then(|sent| sent.text("InvoiceID").or_else(|| sent.text("InvoiceNumber")));
    let invoice = books.find_invoice(nested.or_else(|| element.text("InvoiceNumber"))?)?;
    Some(Paid {
        target: Target::Invoice(invoice.id),
        date: invoice.date,
        currency: invoice.currency.clone(),
        rate: invoice.currency_rate,
    })
}

fn paid_credit(books: &Books, element: &Json) -> Option<Paid> {
    let by_id = |family: Family| {
        let id = element.get(family.key())?.text(family.id_key())?;
        books.credit(family, Uuid::parse_str(id).ok()?)
    };
    let by_number = || {
        let sent = element.get("CreditNote");
        let nested = sent.and_then(|sent| sent.text("CreditNoteNumber"));
        let number = nested.or_else(|| element.text("CreditNoteNumber"))?;
        let sales = books.credit_notes_numbered(Kind::AccRec, number);
        sales.chain(books.credit_notes_numbered(Kind::AccPay, number)).next()
    };
    let credit = by_id(Family::CreditNote)
        .or_else(by_number)
        .or_else(|| by_id(Family::Overpayment))
        .or_else(|| by_id(Family::Prepayment))?;
    Some(Paid {
        target: Target::Credit(credit.family, credit.id),
        date: credit.date,
        currency: credit.currency.clone(),
        rate: credit.currency_rate,
    })
}
