//! What an event says beside the change of its document, in the words of the record.

use serde_json::Value;

use crate::model::row::{Change, Event, VarianceLevel};

/// The event of the connection.
pub(super) const CONNECTION: &str = "connection.state_changed";
/// Most differences that are written down with one entry.
const CHANGES_MAX: usize = 100;

/// What an entry about an event gets from it.
#[derive(Debug, Default)]
pub(super) struct Particulars {
    pub changes: Vec<Change>,
    pub reason: Option<String>,
}

/// What is to be written down of an event.
pub(super) fn particulars(event: &Event) -> Particulars {
    let text = |pointer: &str| event.data.pointer(pointer).and_then(Value::as_str);
    let order = text("/work_order_ref").unwrap_or_default();
    let (changes, reason) = match event.event_type.as_str() {
        "invoice.variance_detected" => {
            let levels = [VarianceLevel::Variance, VarianceLevel::HighVariance];
            let level = levels.into_iter().find(|level| Some(level.code()) == text("/level"));
            let words = level.map_or_else(
                || "Nothing differs any more.".to_owned(),
                |level| format!("{}: Xero differs.", level.label()),
            );
            (differences(&event.data), words)
        }
        "invoice.auto_applied" => (differences(&event.data), "Taken over from Xero.".to_owned()),
        "invoice.work_order_freed" => (
            link("freed".to_owned()),
            format!("The work order {order} can be invoiced again."),
        ),
        "invoice.conflict" => (
            link(format!("kept_by:{}", text("/kept_by").unwrap_or_default())),
            format!("The work order {order} was invoiced again before this invoice was voided in Xero."),
        ),
        _ => return Particulars::default(),
    };
    Particulars {
        changes,
        reason: Some(reason),
    }
}

fn link(after: String) -> Vec<Change> {
    vec![Change {
        field: "work_order.link".to_owned(),
        before: String::new(),
        after,
    }]
}

/// The host's side as before, Xero's as after.
fn differences(data: &Value) -> Vec<Change> {
    let listed = data.pointer("/changes").and_then(Value::as_array);
    let text = |change: &Value, name: &str| change.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let listed = listed.into_iter().flatten().take(CHANGES_MAX);
    listed
        .map(|change| Change {
            field: field(&text(change, "path")),
            before: text(change, "local"),
            after: text(change, "xero"),
        })
        .collect()
}

/// `/lines/0/quantity` as `lines.1.quantity`: lines are counted from 1 in the record.
fn field(path: &str) -> String {
    let parts = path.split('/').filter(|part| !part.is_empty());
    let counted = parts.map(|part| match part.parse::<u32>() {
        Ok(index) => index.saturating_add(1).to_string(),
        Err(_) if part == "-" => "added".to_owned(),
        Err(_) => part.to_owned(),
    });
    counted.collect::<Vec<String>>().join(".")
}
