//! Routes of everything that is neither a contact nor a document of money.

use super::call::{Call, Mode};
use super::{
    accounts, contact_settings, envelope, groups, history, items, journals, organisation, tax_rates, tracking,
};
use crate::sandbox::wire::Answer;

/// The answer when this is one of them; `resource` in lower case.
pub fn answer(call: &mut Call<'_>, resource: &str, method: &str, rest: &[&str]) -> Option<Answer> {
    let lower: Vec<String> = rest.iter().map(|part| part.to_ascii_lowercase()).collect();
    let words: Vec<&str> = lower.iter().map(String::as_str).collect();
    if let ([id, _], [_, "history"]) = (rest, words.as_slice()) {
        return Some(match method {
            "GET" => history::list(call, resource, id),
            "PUT" => history::add(call, resource, id),
            _ => Answer::empty(405),
        });
    }
    Some(match (resource, method, rest) {
        ("organisation" | "organisations", _, _) => organisation_call(call, method, rest, &words),
        ("accounts", "GET", []) => accounts::list(call),
        ("accounts", "GET", [id]) => accounts::one(call, id),
        ("accounts", "PUT", []) => accounts::create(call),
        ("accounts", "POST", []) => accounts::upsert(call),
        ("accounts", "POST", [id]) => accounts::update(call, id),
        ("accounts", "DELETE", [id]) => accounts::delete(call, id),
        ("taxrates", "GET", []) => tax_rates::list(call),
        ("taxrates", "GET", [tax_type]) => tax_rates::one(call, tax_type),
        ("taxrates", "PUT", []) => tax_rates::write(call, true),
        ("taxrates", "POST", []) => tax_rates::write(call, false),
        ("items", "GET", []) => items::list(call),
        ("items", "GET", [id]) => items::one(call, id),
        ("items", "PUT", []) => items::write(call, Mode::Create),
        ("items", "POST", []) => items::write(call, Mode::Upsert),
        ("items", "POST", [id]) => items::write(call, Mode::One(id)),
        ("items", "DELETE", [id]) => items::delete(call, id),
        ("manualjournals", "GET", []) => journals::list(call),
        ("manualjournals", "GET", [id]) => journals::one(call, id),
        ("manualjournals", "PUT", []) => journals::create(call),
        ("manualjournals", "POST", []) => journals::upsert(call),
        ("manualjournals", "POST", [id]) => journals::update(call, id),
        ("trackingcategories", _, _) => tracking_call(call, method, rest, &words),
        ("contactgroups", _, _) => group_call(call, method, rest, &words),
        ("contacts", "GET", [id, _]) if words.last() == Some(&"cissettings") => contact_settings::cis(call, id),
        ("accounts" | "taxrates" | "items" | "manualjournals", _, [] | [_]) => Answer::empty(405),
        _ => return None,
    })
}

fn organisation_call(call: &mut Call<'_>, method: &str, rest: &[&str], words: &[&str]) -> Answer {
    match (method, rest, words) {
        ("GET", [], _) => organisation::show(call),
        ("GET", _, ["actions"]) => organisation::actions(call),
        ("GET", [id, _], [_, "cissettings"]) => organisation::cis(call, id),
        (_, _, [] | ["actions"]) => Answer::empty(405),
        _ => envelope::not_found(),
    }
}

fn tracking_call(call: &mut Call<'_>, method: &str, rest: &[&str], words: &[&str]) -> Answer {
    match (method, rest, words) {
        ("GET", [], _) => tracking::list(call),
        ("GET", [id], _) => tracking::one(call, id),
        ("PUT", [], _) => tracking::create(call),
        ("POST", [id], _) => tracking::update(call, id),
        ("DELETE", [id], _) => tracking::delete(call, id),
        ("PUT", [id, _], [_, "options"]) => tracking::write_option(call, id, None),
        ("POST", [id, _, option], [_, "options", _]) => tracking::write_option(call, id, Some(option)),
        ("DELETE", [id, _, option], [_, "options", _]) => tracking::delete_option(call, id, option),
        (_, _, [] | [_] | [_, "options"] | [_, "options", _]) => Answer::empty(405),
        _ => envelope::not_found(),
    }
}

fn group_call(call: &mut Call<'_>, method: &str, rest: &[&str], words: &[&str]) -> Answer {
    match (method, rest, words) {
        ("GET", [], _) => groups::list(call),
        ("GET", [id], _) => groups::one(call, id),
        ("PUT", [], _) => groups::write(call, None),
        ("POST", [id], _) => groups::write(call, Some(id)),
        ("PUT", [id, _], [_, "contacts"]) => groups::add(call, id),
        ("DELETE", [id, _], [_, "contacts"]) => groups::remove(call, id, None),
        ("DELETE", [id, _, contact], [_, "contacts", _]) => groups::remove(call, id, Some(contact)),
        (_, _, [] | [_] | [_, "contacts"] | [_, "contacts", _]) => Answer::empty(405),
        _ => envelope::not_found(),
    }
}
