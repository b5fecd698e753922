//! Percent-encoding, paths and query strings.

use super::problem::{Fault, Problem, ProblemCode};
use super::suggest;
use crate::actors::control::InvoiceName;
use crate::model::limits::HOST_REF_MAX_BYTES;

/// Decodes a path segment; `None` when an escape is broken or the result is not UTF-8.
pub fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// The name of an invoice in a path: `ref:{host_ref}` or `inv_…`.
pub fn invoice_name(segment: &str) -> Result<InvoiceName, Problem> {
    let Some(text) = decode(segment) else {
        return Err(bad_ref("bad_encoding", "the percent-encoding is broken"));
    };
    if let Some(host_ref) = text.strip_prefix("ref:") {
        if host_ref.is_empty() {
            return Err(bad_ref("too_short", "the reference is empty"));
        }
        if host_ref.len() > HOST_REF_MAX_BYTES {
            return Err(bad_ref(
                "too_long",
                &format!(
                    "the reference has {} bytes; at most {HOST_REF_MAX_BYTES} are accepted",
                    host_ref.len()
                ),
            ));
        }
        if host_ref.chars().any(char::is_control) {
            return Err(bad_ref("control_character", "the reference holds a control character"));
        }
        return Ok(InvoiceName::HostRef(host_ref.to_owned()));
    }
    text.parse().map(InvoiceName::Id).map_err(|_not_an_id| {
        Problem::new(
            ProblemCode::InvoiceNotFound,
            "Name the invoice as `ref:` and the host's reference, or by its id `inv_…`.",
        )
    })
}

fn bad_ref(code: &'static str, detail: &str) -> Problem {
    Problem::invalid(vec![Fault {
        pointer: "/host_ref".to_owned(),
        code,
        detail: detail.to_owned(),
    }])
}

/// The parameters of a query string, decoded, each name at most once except `expand[]`.
#[derive(Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query string, refusing names that are not among `known`.
    pub fn parse(query: &str, known: &[&str]) -> Result<Self, Problem> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = decode(&name.replace('+', " ")).zip(decode(&value.replace('+', " ")));
            let Some((name, value)) = decoded else {
                return Err(Problem::new(
                    ProblemCode::InvalidParameter,
                    "The percent-encoding of the query is broken.",
                ));
            };
            if !known.contains(&name.as_str()) {
                return Err(unknown_parameter(&name, known));
            }
            if name != "expand[]" && pairs.iter().any(|(seen, _)| *seen == name) {
                return Err(invalid_parameter(&name, "it is given twice"));
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// The value of a parameter; an empty one counts as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, value)| known == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// Refuses an `expand[]` that names anything else than these.
    pub fn check_expansions(&self, known: &[&str]) -> Result<(), Problem> {
        let named = self.0.iter().filter(|(name, _)| name == "expand[]");
        for word in named.flat_map(|(_, value)| value.split(',')) {
            if known.contains(&word) {
                continue;
            }
            let shown: String = word.chars().take(64).collect();
            let detail = format!("nothing is called `{shown}`{}", suggest::phrase(&shown, known));
            let problem = invalid_parameter("expand[]", detail.trim_end_matches('?'));
            return Err(match suggest::nearest(&shown, known) {
                Some(near) => problem.with("suggestion", near),
                None => problem,
            });
        }
        Ok(())
    }

    /// Whether `expand[]` names this.
    pub fn expands(&self, what: &str) -> bool {
        self.0
            .iter()
            .any(|(name, value)| name == "expand[]" && value.split(',').any(|item| item == what))
    }

    /// A whole number between two bounds.
    pub fn number(&self, name: &str, default: u64, min: u64, max: u64) -> Result<u64, Problem> {
        let Some(text) = self.get(name) else {
            return Ok(default);
        };
        text.parse()
            .ok()
            .filter(|number| (min..=max).contains(number))
            .ok_or_else(|| invalid_parameter(name, &format!("it must be a number from {min} to {max}")))
    }
}

/// A parameter with an impossible value.
pub fn invalid_parameter(name: &str, detail: &str) -> Problem {
    Problem::new(
        ProblemCode::InvalidParameter,
        format!("The parameter `{name}` cannot be used: {detail}."),
    )
    .with("parameter", name)
}

fn unknown_parameter(name: &str, known: &[&str]) -> Problem {
    let problem = Problem::new(
        ProblemCode::InvalidParameter,
        suggest::sentence(&format!("There is no parameter `{name}` here"), name, known),
    )
    .with("parameter", name);
    match suggest::nearest(name, known) {
        Some(near) => problem.with("suggestion", near),
        None => problem,
    }
}
