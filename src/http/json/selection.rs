//! Which invoices are meant, and what is asked for many of them.

use super::fields::{Faults, Fields};
use super::tree::Node;
use crate::actors::control::InvoiceName;
use crate::http::paths;
use crate::http::problem::Problem;
use crate::model::ids::OperationId;
use crate::model::limits::{HOST_REF_MAX_BYTES, REFS_MAX, SELECTION_MAX};

/// Longest filter.
const FILTER_MAX_CHARS: usize = 1_000;
/// Longest text of an id.
const ID_MAX_CHARS: usize = 40;
/// Longest reason or note in characters.
const NOTE_MAX_CHARS: usize = 1_000;

/// Which invoices are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// These.
    These(Vec<InvoiceName>),
    /// Those in the result of an operation.
    From(OperationId),
    /// Those a filter shows now.
    Filter {
        /// The filter.
        filter: String,
        /// How many the caller saw it show.
        expected: Option<u32>,
    },
}

/// Reads `{"selection":{…},"reason"?}`, or with another word for why.
///
/// # Errors
/// `validation_failed` naming everything wrong.
pub fn read_bulk(body: &Node, why: &'static str) -> Result<(Selection, String), Problem> {
    let faults = Faults::default();
    let known = ["selection", why];
    let wanted = Fields::of(body, String::new(), &known, &faults).and_then(|fields| {
        let words = fields.optional_text(why, NOTE_MAX_CHARS).unwrap_or_default();
        let chosen = fields.required("selection").and_then(|node| selection(&fields, node))?;
        Some((chosen, words))
    });
    faults.settle(wanted)
}

/// Reads `{"host_refs":["…"]}`.
///
/// # Errors
/// `validation_failed` naming everything wrong.
pub fn read_refs(body: &Node) -> Result<Vec<String>, Problem> {
    let faults = Faults::default();
    let refs = Fields::of(body, String::new(), &["host_refs"], &faults).and_then(|fields| {
        let nodes = fields
            .required("host_refs")
            .and_then(|node| fields.list("host_refs", node))?;
        if nodes.len() > REFS_MAX {
            fields.fault("host_refs", "too_many", format!("at most {REFS_MAX} are accepted"));
            return None;
        }
        let mut refs = Vec::with_capacity(nodes.len());
        for (at, node) in nodes.iter().enumerate() {
            match node {
                Node::Text(text) if !text.is_empty() && text.len() <= HOST_REF_MAX_BYTES => refs.push(text.clone()),
                _ => fields.fault(
                    &format!("host_refs/{at}"),
                    "not_a_reference",
                    format!("it must be a reference of the host, 1 to {HOST_REF_MAX_BYTES} bytes"),
                ),
            }
        }
        Some(refs)
    });
    faults.settle(refs)
}

pub(super) fn selection(fields: &Fields<'_>, node: &Node) -> Option<Selection> {
    let chosen = Fields::of(
        node,
        fields.pointer("selection"),
        &["ids", "operation", "filter", "expected_count"],
        fields.faults(),
    )?;
    let ways = ["ids", "operation", "filter"];
    if ways.into_iter().filter(|way| chosen.optional(way).is_some()).count() > 1 {
        fields.fault(
            "selection",
            "ambiguous",
            "name ids, an operation or a filter, not several of them",
        );
        return None;
    }
    if chosen.optional("filter").is_some() {
        let filter = chosen.text("filter", FILTER_MAX_CHARS)?;
        let expected = match chosen.optional("expected_count") {
            Some(node) => Some(chosen.count("expected_count", node)?),
            None => None,
        };
        return Some(Selection::Filter { filter, expected });
    }
    if chosen.optional("expected_count").is_some() {
        chosen.fault("expected_count", "not_expected", "it belongs to a filter");
    }
    if chosen.optional("operation").is_some() {
        let text = chosen.text("operation", ID_MAX_CHARS)?;
        let id = text.parse().ok();
        if id.is_none() {
            chosen.fault("operation", "not_an_id", "it must be the id of an operation, op_…");
        }
        return id.map(Selection::From);
    }
    let nodes = chosen.required("ids").and_then(|node| chosen.list("ids", node))?;
    bounded(&chosen, "ids", nodes.len());
    let mut names = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.iter().enumerate() {
        let name = match node {
            Node::Text(text) => named(text),
            _ => None,
        };
        match name {
            Some(name) => names.push(name),
            None => chosen.fault(
                &format!("ids/{at}"),
                "not_an_invoice",
                "it must be `ref:` and the host's reference, or an id `inv_…`",
            ),
        }
    }
    Some(Selection::These(names))
}

/// Here a reference is not percent-encoded: it stands in no path.
fn named(text: &str) -> Option<InvoiceName> {
    match text.strip_prefix("ref:") {
        Some(name) if !name.is_empty() && name.len() <= HOST_REF_MAX_BYTES => {
            Some(InvoiceName::HostRef(name.to_owned()))
        }
        Some(_) => None,
        None => paths::invoice_name(text).ok(),
    }
}

pub(super) fn bounded(fields: &Fields<'_>, name: &str, count: usize) {
    if count == 0 {
        fields.fault(name, "too_few", "name at least one");
    }
    if count > SELECTION_MAX {
        fields.fault(name, "too_many", format!("at most {SELECTION_MAX} are accepted"));
    }
}
