//! The judgement of one answer.

use serde_json::Value;

use super::file::{Described, described, documents};
use super::keys::{self, Fault, LIVE, TOLD};

/// A request and its answer, as far as they are judged.
pub struct Exchange<'a> {
    /// In capitals.
    pub method: &'a str,
    /// Without the query string.
    pub path: &'a str,
    /// Of the answer.
    pub status: u16,
    /// `Content-Type` of the answer.
    pub content_type: &'a str,
    /// Of the answer.
    pub body: &'a [u8],
}

/// What is wrong with an answer by Xero's own description; nothing when the description is not there.
pub fn faults_of(exchange: &Exchange<'_>) -> Vec<Fault> {
    let Some(documents) = documents() else {
        return Vec::new();
    };
    if !exchange.content_type.starts_with("application/json") {
        return Vec::new();
    }
    let path = exchange.path.trim_end_matches('/');
    let body: Value = match serde_json::from_slice(exchange.body) {
        Ok(body) => body,
        Err(error) => return vec![Fault::Schema(format!("the answer is no JSON: {error}"))],
    };
    match described(documents, exchange.method, path, exchange.status) {
        Some(described) => {
            let mut found = Vec::new();
            let rest = without_refused(body, &mut found);
            found.extend(judged(&described, &rest));
            found
        }
        None if (200..300).contains(&exchange.status) && should_be_described(exchange.method, path) => {
            let (method, status) = (exchange.method, exchange.status);
            let said = format!("{method} {path} answers {status}, which Xero's file does not describe");
            vec![Fault::Schema(said)]
        }
        None => Vec::new(),
    }
}

/// What the live Xero answers and the published files leave out.
const LEFT_OUT: [(&str, &str); 1] = [("POST", "/api.xro/2.0/accounts")];

/// Whether the published files are about this path at all.
fn should_be_described(method: &str, path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let is_theirs = lower.starts_with("/api.xro/2.0/") || lower.starts_with("/connections");
    is_theirs && !LEFT_OUT.contains(&(method, lower.as_str()))
}

fn judged(described: &Described<'_>, body: &Value) -> Vec<Fault> {
    let Described { document, schema } = *described;
    let validator = document.validator(schema);
    let mut found: Vec<Fault> = validator
        .iter_errors(body)
        .map(|error| Fault::Schema(format!("{}: {error}", error.instance_path())))
        .collect();
    found.extend(keys::faults(document, schema, body, &[LIVE, TOLD]));
    found
}

/// Takes out the refused elements: they repeat what was sent, as wrong as it was, and only say why.
/// What stands in `Elements` is refused.
fn without_refused(mut body: Value, found: &mut Vec<Fault>) -> Value {
    for (list, value) in body.as_object_mut().into_iter().flatten() {
        let Some(elements) = value.as_array_mut() else {
            continue;
        };
        elements.retain(|element| {
            let is_refused = list == "Elements"
                || element["StatusAttributeString"] == "ERROR"
                || element["HasErrors"] == true
                || element["HasValidationErrors"] == true;
            let says_why = element["ValidationErrors"].as_array().is_some_and(|reasons| {
                let mut texts = reasons.iter().map(|reason| reason["Message"].as_str());
                !reasons.is_empty() && texts.all(|text| text.is_some_and(|text| !text.is_empty()))
            });
            if is_refused && !says_why {
                found.push(Fault::Schema(format!("{list}: refused without a reason: {element}")));
            }
            !is_refused
        });
    }
    body
}
