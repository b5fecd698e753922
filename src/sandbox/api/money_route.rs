//! Routes of the documents that move money without being invoices.

use super::call::{Call, Mode};
use super::{allocations, bank_transactions, batch_payments, credit_notes, credits};
use crate::sandbox::books::Family;
use crate::sandbox::wire::Answer;

/// Answers when the resource, in lower case, is one of these; a method it does not have is a 405.
pub fn answer(call: &mut Call<'_>, resource: &str, method: &str, rest: &[&str]) -> Option<Answer> {
    let family = match resource {
        "creditnotes" => Family::CreditNote,
        "overpayments" => Family::Overpayment,
        "prepayments" => Family::Prepayment,
        "banktransactions" => return bank(call, method, rest),
        "batchpayments" => return batch(call, method, rest),
        _ => return None,
    };
    let writes = family == Family::CreditNote;
    Some(match (method, rest) {
        ("GET", []) => credits::list(call, family),
        ("GET", [id]) => credits::one(call, family, id),
        ("PUT", []) if writes => credit_notes::write(call, Mode::Create),
        ("POST", []) if writes => credit_notes::write(call, Mode::Upsert),
        ("POST", [id]) if writes => credit_notes::write(call, Mode::One(id)),
        (_, [id, part]) if part.eq_ignore_ascii_case("allocations") => match method {
            "PUT" => allocations::put(call, family, id),
            _ => Answer::empty(405),
        },
        (_, [id, part, allocation]) if part.eq_ignore_ascii_case("allocations") => match method {
            "DELETE" => allocations::delete(call, family, id, allocation),
            _ => Answer::empty(405),
        },
        (_, [] | [_]) => Answer::empty(405),
        _ => return None,
    })
}

fn bank(call: &mut Call<'_>, method: &str, rest: &[&str]) -> Option<Answer> {
    Some(match (method, rest) {
        ("GET", []) => bank_transactions::list(call),
        ("GET", [id]) => bank_transactions::one(call, id),
        ("PUT" | "POST", []) => bank_transactions::write(call, None),
        ("POST", [id]) => bank_transactions::write(call, Some(id)),
        (_, [] | [_]) => Answer::empty(405),
        _ => return None,
    })
}

fn batch(call: &mut Call<'_>, method: &str, rest: &[&str]) -> Option<Answer> {
    Some(match (method, rest) {
        ("GET", []) => batch_payments::list(call),
        ("GET", [id]) => batch_payments::one(call, id),
        ("PUT", []) => batch_payments::create(call),
        ("POST", []) => batch_payments::delete(call, None),
        ("POST", [id]) => batch_payments::delete(call, Some(id)),
        (_, [] | [_]) => Answer::empty(405),
        _ => return None,
    })
}
