//! The bodies that ask for jobs: refreshes and links.

use chrono::DateTime;

use super::fields::{Faults, Fields};
use super::selection::{Selection, bounded, selection};
use super::tree::Node;
use crate::actors::control::JobWanted;
use crate::http::problem::{Fault, Problem, ProblemCode};
use crate::model::limits::{HOST_REF_MAX_BYTES, LOOKBACK_MAX_MS, NUMBER_MAX_CHARS, SELECTION_MAX};
use crate::model::row::{LinkOrder, LinkTo};
use crate::model::time::Timestamp;

/// The windows a person chooses from, in milliseconds (S2).
const WINDOWS: [(&str, i64); 4] = [
    ("15m", 900_000),
    ("1h", 3_600_000),
    ("24h", 86_400_000),
    ("7d", 7 * 86_400_000),
];
/// Longest text of a moment.
const MOMENT_MAX_CHARS: usize = 40;

/// What a refresh asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefreshWanted {
    /// A job.
    Job(JobWanted),
    /// These invoices.
    Chosen(Selection),
}

/// Reads `{"mode"?,"window"?,"since"?,"selection"?}`; an empty body asks for the last watermark.
///
/// # Errors
/// `validation_failed` naming everything wrong, `lookback_too_long`.
pub fn read_refresh(body: &Node, now: Timestamp) -> Result<RefreshWanted, Problem> {
    let faults = Faults::default();
    let known = ["mode", "window", "since", "selection"];
    let mut since = None;
    let wanted = Fields::of(body, String::new(), &known, &faults).and_then(|fields| {
        since = fields.optional("since").and_then(|node| moment(&fields, node));
        let window = fields.optional("window").and_then(|node| window(&fields, node));
        let modes = [("since", false), ("all_linked", true)];
        let is_all = fields
            .optional("mode")
            .and_then(|node| fields.word("mode", node, &modes))
            .unwrap_or(false);
        if let Some(node) = fields.optional("selection") {
            return selection(&fields, node).map(RefreshWanted::Chosen);
        }
        if is_all {
            return Some(RefreshWanted::Job(JobWanted::AllLinked));
        }
        if matches!(window, Some(Window::Custom)) && fields.optional("since").is_none() {
            fields.fault("since", "missing", "a custom window needs the moment from which on");
        }
        if matches!(window, Some(Window::Named(..) | Window::Watermark)) && fields.optional("since").is_some() {
            fields.fault("since", "not_expected", "give the moment or a named window, not both");
        }
        Some(RefreshWanted::Job(match (window, since) {
            (Some(Window::Named(name, span_ms)), _) => JobWanted::Since {
                at: now.plus_ms(-span_ms),
                window: name.to_owned(),
            },
            (_, Some(at)) => JobWanted::Since {
                at,
                window: at.to_rfc3339(),
            },
            (None | Some(Window::Watermark | Window::Custom), None) => JobWanted::SinceWatermark,
        }))
    });
    let wanted = faults.settle(wanted)?;
    match since {
        Some(at) if now.since_ms(at) > LOOKBACK_MAX_MS => Err(too_long()),
        Some(at) if at > now => Err(Problem::invalid(vec![Fault {
            pointer: "/since".to_owned(),
            code: "in_the_future",
            detail: "it lies in the future".to_owned(),
        }])),
        _ => Ok(wanted),
    }
}

#[derive(Debug, Clone, Copy)]
enum Window {
    Watermark,
    Named(&'static str, i64),
    Custom,
}

fn window(fields: &Fields<'_>, node: &Node) -> Option<Window> {
    let mut words = vec![("last_watermark", Window::Watermark), ("custom", Window::Custom)];
    words.extend(WINDOWS.map(|(name, span_ms)| (name, Window::Named(name, span_ms))));
    fields.word("window", node, &words)
}

fn moment(fields: &Fields<'_>, _node: &Node) -> Option<Timestamp> {
    let text = fields.text("since", MOMENT_MAX_CHARS)?;
    let parsed = DateTime::parse_from_rfc3339(&text).ok();
    if parsed.is_none() {
        let detail = "it must be a moment with its zone, such as \"2026-03-12T14:00:00Z\"";
        fields.fault("since", "not_a_moment", detail);
    }
    parsed.map(|at| Timestamp(at.timestamp_millis()))
}

fn too_long() -> Problem {
    let days = LOOKBACK_MAX_MS / 86_400_000;
    let mut problem = Problem::new(
        ProblemCode::LookbackTooLong,
        format!("A refresh looks back {days} days at most."),
    );
    problem.faults.push(Fault {
        pointer: "/since".to_owned(),
        code: "lookback_too_long",
        detail: format!("it is more than {days} days ago"),
    });
    problem
}

/// Reads `{"links":[{"host_ref","xero_invoice_id"|"number"}]}`.
///
/// # Errors
/// `validation_failed` naming everything wrong.
pub fn read_links(body: &Node) -> Result<Vec<LinkOrder>, Problem> {
    let faults = Faults::default();
    let links = Fields::of(body, String::new(), &["links"], &faults).and_then(|fields| {
        let nodes = fields.required("links").and_then(|node| fields.list("links", node))?;
        bounded(&fields, "links", nodes.len());
        let mut links: Vec<LinkOrder> = Vec::with_capacity(nodes.len().min(SELECTION_MAX));
        for (at, node) in nodes.iter().take(SELECTION_MAX).enumerate() {
            let known = ["host_ref", "xero_invoice_id", "number"];
            let Some(link) = Fields::of(node, fields.pointer(&format!("links/{at}")), &known, &faults) else {
                continue;
            };
            let Some(order) = link_order(&link) else { continue };
            if links.iter().any(|other| other.host_ref == order.host_ref) {
                link.fault("host_ref", "named_twice", "the reference is named twice");
            }
            links.push(order);
        }
        Some(links)
    });
    faults.settle(links)
}

fn link_order(link: &Fields<'_>) -> Option<LinkOrder> {
    let host_ref = link.text("host_ref", HOST_REF_MAX_BYTES);
    if host_ref
        .as_ref()
        .is_some_and(|host_ref| host_ref.len() > HOST_REF_MAX_BYTES)
    {
        let detail = format!("at most {HOST_REF_MAX_BYTES} bytes are accepted");
        link.fault("host_ref", "too_long", detail);
    }
    let by_id = link.optional("xero_invoice_id").is_some();
    let by_number = link.optional("number").is_some();
    let document = match (by_id, by_number) {
        (true, false) => {
            let text = link.text("xero_invoice_id", MOMENT_MAX_CHARS)?;
            let id = text.parse().ok();
            if id.is_none() {
                link.fault("xero_invoice_id", "not_a_guid", "it must be Xero's id, a GUID");
            }
            id.map(LinkTo::Id)
        }
        (false, true) => link.text("number", NUMBER_MAX_CHARS).map(LinkTo::Number),
        _ => {
            let detail = "name the document by its id or by its number, not by both";
            link.fault("xero_invoice_id", "missing", detail);
            None
        }
    };
    Some(LinkOrder {
        host_ref: host_ref?,
        document: document?,
    })
}
