//! One invoice on one screen.

use serde_json::Value;

use crate::cli::words::screen::{Screen, Stop, Style};
use crate::cli::words::{Cell, Column, Table, badge, field, number, time};
use crate::model::time::Timestamp;

/// Shows an invoice: badge and reason first, then the document, its lines and payments.
pub fn show(screen: &mut Screen<'_>, invoice: &Value, same_tenant: &str, now: Timestamp) -> Result<(), Stop> {
    let text = |pointer: &str| field::shown(invoice, pointer);
    screen.styled(
        &format!("{} · {} · {}", text("/number"), text("/status"), text("/kind")),
        Style::Strong,
    )?;
    sync(screen, invoice, now)?;
    screen.pair("Reference", &text("/host_ref"), Style::Plain)?;
    screen.pair("Id", &text("/id"), Style::Plain)?;
    let in_xero = field::text(invoice, "/xero_status_label").map(|status| format!("{status} in Xero"));
    let in_xero = in_xero.unwrap_or_else(|| "not in Xero".to_owned());
    let host = format!("{} here · {in_xero}", text("/host_status"));
    screen.pair("State", &host, Style::Plain)?;
    screen.pair("Contact", &contact(invoice), Style::Plain)?;
    let dates = format!("issued {} · due {}", text("/issue_date"), text("/due_date"));
    screen.pair("Dates", &dates, Style::Plain)?;
    if let Some(url) = field::text(invoice, "/xero/url") {
        screen.pair("In Xero", &url, Style::Plain)?;
    }
    differs(screen, invoice, same_tenant, now)?;
    totals(screen, invoice)?;
    lines(screen, invoice)?;
    payments(screen, invoice, now)?;
    credits(screen, invoice, now)?;
    if let Some(hint) = hint(invoice) {
        screen.note(&format!("{hint}{same_tenant}"));
    }
    Ok(())
}

/// What to type about a red badge: what its reason leaves to do, of what is allowed.
fn hint(invoice: &Value) -> Option<String> {
    let reason = invoice.pointer("/sync/reason").filter(|reason| reason.is_object())?;
    let allowed = field::items(invoice, "/sync/allowed_actions");
    let may = |action: &str| allowed.iter().any(|allowed| allowed.as_str() == Some(action));
    let name = field::shown(invoice, "/host_ref");
    if may("acknowledge") && (!may("resync") || !field::is_true(reason, "/actionable")) {
        return Some(format!("When you have looked at it: counterfoil invoices ack {name}"));
    }
    may("resync").then(|| format!("When it is fixed: counterfoil invoices sync {name}"))
}

/// Where Xero's document is another one than the host's, and what became of the work order.
fn differs(screen: &mut Screen<'_>, invoice: &Value, same_tenant: &str, now: Timestamp) -> Result<(), Stop> {
    if let Some(label) = field::text(invoice, "/variance/label") {
        let fields = number::counted(field::count(invoice, "/variance/count"), "field");
        let (reviewed, style) = match field::text(invoice, "/variance/acknowledged/by") {
            Some(_) => (", reviewed", Style::Plain),
            None => ("", Style::Warning),
        };
        let line = format!(
            "{label}: {fields}{reviewed} · counterfoil invoices diff {}{same_tenant}",
            field::shown(invoice, "/host_ref")
        );
        screen.pair("Variance", &line, style)?;
    }
    if let Some(until) = field::moment(invoice, "/suppression/until") {
        let line = format!(
            "with Xero's version deferred until {} (payment recorded)",
            time::clock(until, now)
        );
        screen.pair("Comparison", &line, Style::Plain)?;
    }
    if let Some(order) = field::text(invoice, "/work_order/ref") {
        let link = match field::text(invoice, "/work_order/link") {
            Some(link) if link == "freed" => " · freed: it can be invoiced again".to_owned(),
            Some(link) => format!(" · {}", link.replace("kept_by:", "kept by ")),
            None => String::new(),
        };
        screen.pair("Work order", &format!("{order}{link}"), Style::Plain)?;
    }
    Ok(())
}

fn sync(screen: &mut Screen<'_>, invoice: &Value, now: Timestamp) -> Result<(), Stop> {
    let sync = invoice.get("sync").unwrap_or(&Value::Null);
    let (line, style) = badge::line(sync, now);
    screen.pair("Xero", &line, style)?;
    if let Some(reason) = sync.get("reason").filter(|reason| reason.is_object()) {
        for line in badge::reason(reason) {
            screen.pair("", &line, Style::Plain)?;
        }
    }
    for remark in badge::remarks(sync, now) {
        screen.pair("", &remark, Style::Plain)?;
    }
    Ok(())
}

fn contact(invoice: &Value) -> String {
    let name = field::shown(invoice, "/contact/name");
    match field::text(invoice, "/contact/email") {
        Some(email) if !email.is_empty() => format!("{name} <{email}>"),
        _ => name,
    }
}

fn totals(screen: &mut Screen<'_>, invoice: &Value) -> Result<(), Stop> {
    let mut table = Table::new(vec![
        Column::word("TOTALS"),
        Column::number("SUBTOTAL"),
        Column::number("TAX"),
        Column::number("CIS"),
        Column::number("TOTAL"),
        Column::number("PAID"),
        Column::number("CREDITED"),
        Column::number("TO PAY"),
    ])
    .indented(2);
    let amount = |name: &str| Cell::from(number::amount(&field::shown(invoice, &format!("/totals/{name}"))));
    table.row(vec![
        field::shown(invoice, "/currency").into(),
        amount("subtotal"),
        amount("tax"),
        amount("cis_deduction"),
        amount("total"),
        amount("amount_paid"),
        amount("amount_credited"),
        amount("amount_due"),
    ]);
    screen.line("")?;
    screen.table(&table)
}

/// A table below the sheet; none without rows.
fn section(
    screen: &mut Screen<'_>,
    items: &[Value],
    columns: Vec<Column>,
    cells: impl Fn(usize, &Value) -> Vec<Cell>,
) -> Result<(), Stop> {
    if items.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(columns).indented(2);
    for (at, item) in items.iter().enumerate() {
        table.row(cells(at, item));
    }
    screen.line("")?;
    screen.table(&table)
}

fn lines(screen: &mut Screen<'_>, invoice: &Value) -> Result<(), Stop> {
    let columns = vec![
        Column::number("LINE"),
        Column::text("DESCRIPTION"),
        Column::number("QUANTITY"),
        Column::number("UNIT PRICE"),
        Column::number("DISCOUNT"),
        Column::word("NOMINAL"),
        Column::word("TAX"),
    ];
    section(screen, field::items(invoice, "/lines"), columns, |at, line| {
        let discount = field::text(line, "/discount_percent").map(|percent| format!("{percent} %"));
        vec![
            (at + 1).to_string().into(),
            field::shown(line, "/description").into(),
            number::amount(&field::shown(line, "/quantity")).into(),
            number::amount(&field::shown(line, "/unit_price")).into(),
            discount.unwrap_or_default().into(),
            field::shown(line, "/nominal_code").into(),
            field::shown(line, "/tax_type").into(),
        ]
    })
}

fn credits(screen: &mut Screen<'_>, invoice: &Value, now: Timestamp) -> Result<(), Stop> {
    let columns = vec![
        Column::word("CREDIT"),
        Column::text("KIND"),
        Column::word("NUMBER"),
        Column::number("AMOUNT"),
        Column::word(""),
    ];
    section(screen, field::items(invoice, "/credit_notes"), columns, |_, credit| {
        let removed = field::moment(credit, "/removed_at");
        let remark = removed.map(|at| format!("removed in Xero {}, not counted", time::ago(at, now)));
        vec![
            field::shown(credit, "/date").into(),
            field::shown(credit, "/kind").replace('_', " ").into(),
            field::shown(credit, "/number").into(),
            number::amount(&field::shown(credit, "/amount")).into(),
            remark.unwrap_or_default().into(),
        ]
    })
}

fn payments(screen: &mut Screen<'_>, invoice: &Value, now: Timestamp) -> Result<(), Stop> {
    let columns = vec![
        Column::word("PAYMENT"),
        Column::text("METHOD"),
        Column::number("AMOUNT"),
        Column::word(""),
    ];
    section(screen, field::items(invoice, "/payments"), columns, |_, payment| {
        let deleted = field::moment(payment, "/deleted_at");
        let remark = deleted.map(|at| format!("deleted in Xero {}", time::ago(at, now)));
        vec![
            field::shown(payment, "/date").into(),
            field::shown(payment, "/method").into(),
            number::amount(&field::shown(payment, "/amount")).into(),
            remark.unwrap_or_default().into(),
        ]
    })
}
