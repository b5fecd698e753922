//! From method and path to a handler.

use super::call::{Call, Mode};
use super::{contacts, envelope, invoices, money_route, payments, registers};
use crate::sandbox::wire::{Answer, params};

/// Longer query strings are cut off by the server in front of Xero: about 52 GUIDs in `IDs` was
/// the observed ceiling, which is its usual limit of 2,048 characters.
const QUERY_CHARS_MAX: usize = 2048;

/// The part of every path before the resource, in lower case.
pub const PREFIX: &str = "/api.xro/2.0/";

/// Whether a path belongs to the accounting API, in any letter case.
pub fn is_accounting(path: &str) -> bool {
    path.get(..PREFIX.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

/// The part behind the prefix.
pub fn resource_path(path: &str) -> &str {
    path.get(PREFIX.len()..).unwrap_or_default()
}

/// Answers an accounting call that has passed the gate.
pub fn answer(call: &mut Call<'_>) -> Answer {
    if call.request.query.len() > QUERY_CHARS_MAX {
        return envelope::not_found();
    }
    let accept = call.request.header("accept").unwrap_or_default().to_ascii_lowercase();
    if !accept.contains("application/json") {
        return Answer::plain(406, "Only application/json is served here");
    }
    let segments = segments(&call.request.path);
    let names: Vec<&str> = segments.iter().map(String::as_str).collect();
    let Some((resource, rest)) = names.split_first() else {
        return envelope::not_found();
    };
    let method = call.request.method.clone();
    if let Some(answer) = money_route::answer(call, &resource.to_ascii_lowercase(), &method, rest) {
        return answer;
    }
    match (resource.to_ascii_lowercase().as_str(), method.as_str(), rest) {
        ("contacts", "GET", []) => contacts::list(call),
        ("contacts", "GET", [id]) => contacts::one(call, id),
        ("contacts", "PUT", []) => contacts::write(call, Mode::Create),
        ("contacts", "POST", []) => contacts::write(call, Mode::Upsert),
        ("contacts", "POST", [id]) => contacts::write(call, Mode::One(id)),
        ("invoices", "GET", []) => invoices::list(call),
        ("invoices", "GET", [id]) => invoices::one(call, id),
        ("invoices", "PUT", []) => invoices::write(call, Mode::Create),
        ("invoices", "POST", []) => invoices::write(call, Mode::Upsert),
        ("invoices", "POST", [id]) => invoices::write(call, Mode::One(id)),
        ("payments", "GET", []) => payments::list(call),
        ("payments", "GET", [id]) => payments::one(call, id),
        ("payments", "PUT" | "POST", []) => payments::write(call),
        ("payments", "POST", [id]) => payments::delete(call, id),
        ("contacts" | "invoices" | "payments", _, [] | [_]) => Answer::empty(405),
        (other, method, rest) => registers::answer(call, other, method, rest).unwrap_or_else(envelope::not_found),
    }
}

fn segments(path: &str) -> Vec<String> {
    resource_path(path)
        .split('/')
        .filter(|part| !part.is_empty())
        .map(|part| params::decode(part, false))
        .collect()
}
