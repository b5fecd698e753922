//! The lines of a three-way comparison: each line is followed by its `LineItemID`, and only the
//! fields the host changed are put over Xero's.

use rust_decimal::Decimal;

use super::compare::{Comparison, Sides};
use crate::model::document::Line;
use crate::model::ids::LineItemId;
use crate::model::row::Common;
use crate::model::xero::{OutgoingLine, XeroLine};

/// Decides what is sent of the lines.
pub(super) fn lines(sides: &Sides<'_>, out: &mut Comparison) {
    let Some(common) = sides.common else {
        if sides.force {
            let lines = &sides.desired.lines;
            if !same_content(lines, &sides.current.lines) {
                out.change.lines = Some(lines.clone());
            }
        } else if !same_content(&sides.desired.lines, &sides.current.lines) {
            out.conflicts.push("lines".to_owned());
        }
        return;
    };
    if !sides.force && host_left_lines_alone(sides.host_lines, common) {
        return;
    }
    let mut merged = Vec::with_capacity(sides.desired.lines.len());
    let mut used = Vec::new();
    for (index, (wanted, host)) in sides.desired.lines.iter().zip(sides.host_lines).enumerate() {
        let before = line_before(index, host, common);
        let id = before.and_then(|position| common.lines.get(position).copied().flatten());
        let now = id.and_then(|id| sides.current.lines.iter().find(|line| line.id == Some(id)));
        used.extend(id);
        match (before.and_then(|position| common.draft.lines.get(position)), id, now) {
            (_, Some(id), Some(now)) if sides.force => merged.push(forced_line(wanted, id, now)),
            (Some(host_before), Some(id), Some(now)) => {
                let seen = common.xero.lines.iter().find(|line| line.id == Some(id));
                merged.push(merge_line(
                    index,
                    wanted,
                    &LineBefore {
                        host,
                        host_before,
                        seen,
                        now,
                    },
                    &mut out.conflicts,
                ));
            }
            // Xero removed a line: that stands, unless the host changed the very line.
            (Some(host_before), Some(_), None) if host_before == host && !sides.force => {}
            (Some(_), Some(_), None) if !sides.force => {
                out.conflicts
                    .push(format!("line {} (removed in Xero)", index.saturating_add(1)));
            }
            _ => match twin(wanted, sides, common, &used) {
                // Sent before without a known outcome: it is there.
                Some((line, id)) => {
                    used.push(id);
                    merged.push(as_outgoing(line, id));
                }
                None => merged.push(wanted.clone()),
            },
        }
    }
    keep_what_xero_added(sides, common, &used, &mut merged, out);
    if !same_lines(&merged, &sides.current.lines) {
        out.change.lines = Some(merged);
    }
}

/// The line in Xero that is new since the common version and says the same as a new line of the
/// host.
fn twin<'a>(
    wanted: &OutgoingLine,
    sides: &Sides<'a>,
    common: &Common,
    used: &[LineItemId],
) -> Option<(&'a XeroLine, LineItemId)> {
    let is_new = |id: LineItemId| {
        !used.contains(&id)
            && !common.lines.contains(&Some(id))
            && !common.xero.lines.iter().any(|line| line.id == Some(id))
    };
    let lines = sides.current.lines.iter().filter(|line| matches(wanted, line));
    lines
        .filter_map(|line| line.id.map(|id| (line, id)))
        .find(|(_, id)| is_new(*id))
}

/// Lines that appeared in Xero stay, unless the host's version wins; a line the host removed goes,
/// unless Xero changed it since.
fn keep_what_xero_added(
    sides: &Sides<'_>,
    common: &Common,
    used: &[LineItemId],
    merged: &mut Vec<OutgoingLine>,
    out: &mut Comparison,
) {
    if sides.force {
        return;
    }
    for line in &sides.current.lines {
        let Some(id) = line.id.filter(|id| !used.contains(id)) else {
            continue;
        };
        let before = common.xero.lines.iter().find(|before| before.id == Some(id));
        match before.filter(|_| common.lines.contains(&Some(id))) {
            None => merged.push(as_outgoing(line, id)),
            Some(before) if !same_line_content(before, line) => {
                out.conflicts.push("line removed here and changed in Xero".to_owned());
            }
            Some(_) => {}
        }
    }
}

struct LineBefore<'a> {
    host: &'a Line,
    host_before: &'a Line,
    seen: Option<&'a XeroLine>,
    now: &'a XeroLine,
}

fn merge_line(
    index: usize,
    wanted: &OutgoingLine,
    before: &LineBefore<'_>,
    conflicts: &mut Vec<String>,
) -> OutgoingLine {
    let LineBefore {
        host,
        host_before,
        seen,
        now,
    } = *before;
    let mut line = now.id.map_or_else(|| wanted.clone(), |id| as_outgoing(now, id));
    let number = index.saturating_add(1);
    let mut clash = |name: &str| conflicts.push(format!("line {number} {name}"));
    macro_rules! merge {
        ($name:literal, $field:ident, $host:ident, $now:expr, $seen:expr) => {
            if host.$host != host_before.$host && wanted.$field != $now {
                if seen.is_none_or(|seen| $seen(seen) != $now) {
                    clash($name);
                } else {
                    line.$field = wanted.$field.clone();
                }
            }
        };
    }
    merge!(
        "description",
        description,
        description,
        now.description,
        |seen: &XeroLine| seen.description.clone()
    );
    merge!("quantity", quantity, quantity, now.quantity, |seen: &XeroLine| seen
        .quantity);
    merge!(
        "unit price",
        unit_amount,
        unit_price,
        now.unit_amount,
        |seen: &XeroLine| seen.unit_amount
    );
    merge!(
        "account",
        account_code,
        nominal_code,
        now.account_code,
        |seen: &XeroLine| seen.account_code.clone()
    );
    merge!("tax rate", tax_type, tax_type, now.tax_type, |seen: &XeroLine| seen
        .tax_type
        .clone());
    merge!("item", item_code, item_code, now.item_code, |seen: &XeroLine| seen
        .item_code
        .clone());
    merge!(
        "discount",
        discount_rate,
        discount_percent,
        now.discount_rate,
        |seen: &XeroLine| seen.discount_rate
    );
    if host.tax_amount != host_before.tax_amount {
        line.tax_amount = wanted.tax_amount;
    } else if host.tax_amount.is_some() {
        // What the host fixed stays fixed: without an amount Xero would compute it anew.
        line.tax_amount = Some(now.tax_amount);
    }
    line
}

/// The host's line over Xero's: what the host leaves open (account, tax rate, item) stays.
fn forced_line(wanted: &OutgoingLine, id: LineItemId, now: &XeroLine) -> OutgoingLine {
    OutgoingLine {
        id: Some(id),
        account_code: wanted.account_code.clone().or_else(|| now.account_code.clone()),
        tax_type: wanted.tax_type.clone().or_else(|| now.tax_type.clone()),
        item_code: wanted.item_code.clone().or_else(|| now.item_code.clone()),
        ..wanted.clone()
    }
}

fn as_outgoing(line: &XeroLine, id: LineItemId) -> OutgoingLine {
    OutgoingLine {
        id: Some(id),
        description: line.description.clone(),
        quantity: line.quantity,
        unit_amount: line.unit_amount,
        account_code: line.account_code.clone(),
        tax_type: line.tax_type.clone(),
        tax_amount: None,
        item_code: line.item_code.clone(),
        discount_rate: line.discount_rate.filter(|rate| *rate != Decimal::ZERO),
    }
}

/// Where a host line was in the common version: by its own key, else by its position.
pub(super) fn line_before(index: usize, host: &Line, common: &Common) -> Option<usize> {
    match &host.reference {
        Some(reference) => common
            .draft
            .lines
            .iter()
            .position(|line| line.reference.as_ref() == Some(reference)),
        None => common
            .draft
            .lines
            .get(index)
            .filter(|line| line.reference.is_none())
            .map(|_| index),
    }
}

fn host_left_lines_alone(lines: &[Line], common: &Common) -> bool {
    lines == common.draft.lines.as_slice()
}

fn same_line_content(one: &XeroLine, other: &XeroLine) -> bool {
    one.description == other.description
        && one.quantity == other.quantity
        && one.unit_amount == other.unit_amount
        && one.account_code == other.account_code
        && one.tax_type == other.tax_type
        && one.item_code == other.item_code
        && one.discount_rate.unwrap_or_default() == other.discount_rate.unwrap_or_default()
}

fn matches(outgoing: &OutgoingLine, line: &XeroLine) -> bool {
    outgoing.description == line.description
        && outgoing.quantity == line.quantity
        && outgoing.unit_amount == line.unit_amount
        && outgoing
            .account_code
            .as_ref()
            .is_none_or(|code| line.account_code.as_ref() == Some(code))
        && outgoing
            .tax_type
            .as_ref()
            .is_none_or(|tax| line.tax_type.as_ref() == Some(tax))
        && outgoing
            .item_code
            .as_ref()
            .is_none_or(|item| line.item_code.as_ref() == Some(item))
        && outgoing.discount_rate.unwrap_or_default() == line.discount_rate.unwrap_or_default()
        && outgoing.tax_amount.is_none_or(|tax| tax == line.tax_amount)
}

fn same_content(wanted: &[OutgoingLine], current: &[XeroLine]) -> bool {
    wanted.len() == current.len() && wanted.iter().zip(current).all(|(wanted, line)| matches(wanted, line))
}

fn same_lines(merged: &[OutgoingLine], current: &[XeroLine]) -> bool {
    merged.len() == current.len()
        && merged
            .iter()
            .zip(current)
            .all(|(wanted, line)| wanted.id == line.id && matches(wanted, line))
}
