//! `/BankTransactions`, as far as overpayments and prepayments need it: they are created and
//! deleted, and cannot be edited.

use uuid::Uuid;

use super::bank_draft::DraftedBank;
use super::call::Call;
use super::contact_view;
use super::credits;
use super::drafting::Drafting;
use super::envelope::{self, Element, Wording};
use super::invoice_rules::{self, HAS_MONEY};
use super::invoice_view::{self, Shape, View};
use crate::sandbox::books::{BankStatus, BankTransaction, Books, Credit, Family, InvoiceStatus, Kind};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::query::page::Filter;
use crate::sandbox::wire::{Answer, Json, Writer};

const WORDING: Wording = Wording {
    collection: "BankTransactions",
    id_key: "BankTransactionID",
    error_flag: "",
};

/// `GET /BankTransactions`
pub fn list(call: &mut Call<'_>) -> Answer {
    let request = match call.page_request::<BankTransaction>(false) {
        Ok(request) => request,
        Err(refused) => return refused,
    };
    let id = new_id(call.rng);
    let page = request.choose(call.books.bank_transactions(), call.books, &Filter::default());
    let shape = if page.pagination.is_some() {
        Shape::Paged
    } else {
        Shape::Listed
    };
    let view = credits::view(call, shape);
    envelope::list_as(call, id, WORDING.collection, page.pagination, |items| {
        for transaction in page.items {
            items.object(|row| write_row(row, transaction, call.books, view));
        }
    })
}

/// `GET /BankTransactions/{id}`
pub fn one(call: &mut Call<'_>, id: &str) -> Answer {
    let answer_id = new_id(call.rng);
    let id = Uuid::parse_str(id).ok();
    let Some(transaction) = id.and_then(|id| call.books.bank_transactions().get(id)) else {
        return envelope::not_found();
    };
    let view = credits::view(call, Shape::Single);
    envelope::list_as(call, answer_id, WORDING.collection, None, |items| {
        items.object(|row| write_row(row, transaction, call.books, view));
    })
}

/// PUT and POST; an element with an id, or a POST to one, deletes that transaction.
pub fn write(call: &mut Call<'_>, path_id: Option<&str>) -> Answer {
    let elements = match call.elements(WORDING.collection) {
        Ok(elements) => elements,
        Err(refused) => return refused,
    };
    let mut results = Vec::with_capacity(elements.len());
    for element in elements {
        let named = path_id.or_else(|| element.text(WORDING.id_key)).map(str::to_owned);
        results.push(match named {
            None => create_one(call, element),
            Some(id) => {
                let id = Uuid::parse_str(&id).ok();
                let Some(known) = id.and_then(|id| call.books.bank_transactions().get(id)).cloned() else {
                    return envelope::not_found();
                };
                delete_one(call, element, known)
            }
        });
    }
    let view = credits::view(call, Shape::Written);
    envelope::written(call, WORDING, &results, |row, call, id| {
        if let Some(transaction) = call.books.bank_transactions().get(*id) {
            write_row(row, transaction, call.books, view);
        }
    })
}

/// Stores what a draft became; also how scenarios enter money.
///
/// # Errors
/// What Xero would refuse.
pub fn apply(call: &mut Call<'_>, element: &Json) -> Result<Uuid, Vec<String>> {
    let drafted = Drafting::of(call, |drafting| drafting.bank_transaction(element))?;
    Ok(store(call.books, drafted))
}

fn create_one(call: &mut Call<'_>, element: Json) -> Element<Uuid> {
    match apply(call, &element) {
        Ok(id) => Element::Saved(id, Vec::new()),
        Err(messages) => Element::Refused(element, messages),
    }
}

fn store(books: &mut Books, drafted: DraftedBank) -> Uuid {
    let DraftedBank {
        transaction,
        credit,
        contact,
    } = drafted;
    if let Some(contact) = contact {
        books.save_contact(contact);
    }
    if let Some(mut credit) = credit {
        // Published: a received prepayment has an invoice number, which is also its reference.
        let numbered = credit.family == Family::Prepayment && credit.kind == Kind::AccRec;
        if numbered && credit.number.is_none() {
            let number = books.next_invoice_number();
            credit.reference.clone_from(&number);
            credit.number = Some(number);
        }
        books.save_credit(credit);
    }
    let id = transaction.id;
    books.save_bank_transaction(transaction);
    id
}

fn delete_one(call: &mut Call<'_>, element: Json, mut known: BankTransaction) -> Element<Uuid> {
    let credit = known.what.leaves.zip(known.credit);
    let credit = credit.and_then(|(family, id)| call.books.credit(family, id)).cloned();
    if let Some(refusal) = delete_refusal(call, &element, &known, credit.as_ref()) {
        return Element::Refused(envelope::named(element, WORDING, Some(known.id)), vec![refusal]);
    }
    known.status = BankStatus::Deleted;
    known.updated_ms = call.now_ms;
    known.versions = known.versions.saturating_add(1);
    let id = known.id;
    call.books.save_bank_transaction(known);
    if let Some(mut credit) = credit {
        credit.status = InvoiceStatus::Voided;
        credit.updated_ms = call.now_ms;
        credit.versions = credit.versions.saturating_add(1);
        call.books.save_credit(credit);
    }
    Element::Saved(id, Vec::new())
}

fn delete_refusal(call: &Call<'_>, element: &Json, known: &BankTransaction, credit: Option<&Credit>) -> Option<String> {
    let status = element.text("Status");
    if !status.is_some_and(|text| text.eq_ignore_ascii_case("DELETED")) {
        return Some("Only Status accepted for updates.".to_owned());
    }
    if known.status == BankStatus::Deleted {
        return Some("Bank transaction not of valid status for modification".to_owned());
    }
    if known.reconciled {
        return Some(
            "This Bank Transaction cannot be edited as it has been reconciled with a Bank Statement.".to_owned(),
        );
    }
    if credit.is_some_and(Credit::has_money) {
        return Some(HAS_MONEY.to_owned());
    }
    invoice_rules::lock_refusal(&call.books.organisation, known.date)
}

/// All keys of a bank transaction, as Xero's published examples have them.
pub fn write_row(row: &mut Writer, transaction: &BankTransaction, books: &Books, view: View) {
    let listed = matches!(view.shape, Shape::Listed | Shape::Paged);
    row.id("BankTransactionID", transaction.id);
    if let Some(account) = books.account_by_id(transaction.account) {
        row.nested("BankAccount", |inner| {
            inner.id("AccountID", account.id);
            inner.text("Code", &account.code);
            inner.text("Name", &account.name);
        });
    }
    row.text("Type", transaction.what.text());
    row.text("Reference", &transaction.reference);
    row.flag("IsReconciled", transaction.reconciled);
    row.number("CurrencyRate", transaction.currency_rate, 6);
    if let Some((family, id)) = transaction.what.leaves.zip(transaction.credit) {
        row.id(family.id_key(), id);
    }
    if view.shape != Shape::Written {
        row.flag("HasAttachments", false);
    }
    if view.shape == Shape::Single {
        row.empty_list("Attachments");
    }
    row.maybe_text("Url", transaction.url.as_deref());
    if let Some(contact) = books.contacts().get(transaction.contact) {
        row.nested("Contact", |inner| {
            if listed {
                contact_view::write_stub(inner, contact);
            } else {
                contact_view::write(inner, contact, books, contact_view::Shape::Full);
            }
        });
    }
    row.day_text("DateString", transaction.date);
    row.day("Date", transaction.date);
    row.text("Status", transaction.status.text());
    row.text("LineAmountTypes", transaction.amounts_are.text());
    if view.shape == Shape::Listed {
        row.empty_list("LineItems");
    } else {
        row.list("LineItems", |items| {
            for line in &transaction.lines {
                items.object(|item| invoice_view::write_line(item, line, books, view));
            }
        });
    }
    row.money("SubTotal", transaction.sub_total);
    row.money("TotalTax", transaction.total_tax);
    row.money("Total", transaction.total);
    row.stamp("UpdatedDateUTC", transaction.updated_ms);
    row.text("CurrencyCode", &transaction.currency);
}
