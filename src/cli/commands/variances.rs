//! How invoices differ in Xero, and that somebody looked.

use serde_json::{Value, json};

use crate::cli::args::{AckArgs, VarianceListArgs};
use crate::cli::commands::invoices::find;
use crate::cli::control::{Query, Request};
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::tenant;
use crate::cli::words::screen::Stop;
use crate::cli::words::{Column, Table, field, time};

/// Lists invoices with an open variance.
pub async fn list(session: &mut Session<'_>, args: &VarianceListArgs) -> Result<Exit, Stop> {
    let tenant = tenant::chosen(session).await?;
    let path = format!("{}/invoices", tenant::path(&tenant));
    let asked = Query::default()
        .with("variance", Some(args.level.as_deref().unwrap_or("any")))
        .with("limit", args.page.limit.map(|limit| limit.to_string()));
    let mut cursor = args.page.cursor.clone();
    let mut rows = Vec::new();
    loop {
        let page = session.get(&asked.clone().with("cursor", cursor).on(&path)).await?;
        let is_shown = session.shown_as_object(&page)?;
        cursor = page.value.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
        if !is_shown {
            rows.extend(field::items(&page.value, "/data").iter().cloned());
        }
        if !args.page.all || cursor.is_none() {
            break;
        }
    }
    if !session.screen.is_for_people() {
        return Ok(Exit::Ok);
    }
    if rows.is_empty() {
        session.screen.note("No invoice differs in Xero.");
        return Ok(Exit::Ok);
    }
    let columns = ["NUMBER", "REFERENCE", "LEVEL", "FIELDS", "SINCE"].map(Column::text);
    let mut table = Table::new(columns.into());
    let now = session.now();
    for row in &rows {
        let shown = |pointer: &str| field::shown(row, pointer).into();
        let since = field::moment(row, "/variance/since").map(|at| time::ago(at, now));
        table.row(vec![
            shown("/number"),
            shown("/host_ref"),
            shown("/variance/label"),
            field::count(row, "/variance/count").to_string().into(),
            since.unwrap_or_default().into(),
        ]);
    }
    session.screen.table(&table)?;
    Ok(Exit::Ok)
}

/// Shows how an invoice differs.
pub async fn show(session: &mut Session<'_>, name: &str) -> Result<Exit, Stop> {
    let tenant = tenant::chosen(session).await?;
    let path = find(session, &tenant, name).await?;
    let answer = session.get(&format!("{path}/variance")).await?;
    if session.shown_as_object(&answer)? {
        return Ok(Exit::Ok);
    }
    let variance = &answer.value;
    let changes = field::items(variance, "/changes");
    if changes.is_empty() {
        session.screen.note("Xero has what the host has.");
        return Ok(Exit::Ok);
    }
    session.screen.line(&format!(
        "{} · Xero differs from {} (host status: {})",
        field::shown(variance, "/label"),
        field::clean(name),
        field::shown(variance, "/host_status")
    ))?;
    let columns = ["FIELD", "LOCAL", "XERO", "DISPOSITION"].map(Column::text);
    let mut table = Table::new(columns.into());
    for change in changes {
        let shown = |pointer: &str| field::shown(change, pointer).into();
        table.row(vec![
            shown("/path"),
            shown("/local"),
            shown("/xero"),
            shown("/disposition_label"),
        ]);
    }
    session.screen.table(&table)?;
    let named = format!("{}{}", field::clean(name), session.same_tenant());
    match field::text(variance, "/acknowledged/by") {
        Some(by) => session.screen.note(&format!("Acknowledged by {by}.")),
        None => session.screen.note(&format!(
            "Read-only: decide in the host. Mark as reviewed: counterfoil variances ack {named}"
        )),
    }
    session.screen.note("To keep Xero's version, change yours to match.");
    session.screen.note(&format!(
        "To send yours over it: counterfoil invoices sync {named} (the first time it says what would be lost)"
    ));
    Ok(Exit::Ok)
}

/// Somebody looked at the variance of an invoice.
pub async fn acknowledge(session: &mut Session<'_>, args: &AckArgs) -> Result<Exit, Stop> {
    say(session, args, "/variance:acknowledge", "Marked as reviewed.").await
}

/// Somebody looked at the red badge of an invoice.
pub async fn acknowledge_alerts(session: &mut Session<'_>, args: &AckArgs) -> Result<Exit, Stop> {
    say(session, args, ":acknowledge", "Acknowledged.").await
}

async fn say(session: &mut Session<'_>, args: &AckArgs, what: &str, done: &str) -> Result<Exit, Stop> {
    let tenant = tenant::chosen(session).await?;
    let path = find(session, &tenant, &args.invoice).await?;
    let body = match &args.note {
        Some(note) => json!({ "note": note }),
        None => json!({}),
    };
    let before = session.get(&path).await?;
    let request = Request::write("POST", format!("{path}{what}"), body.to_string());
    let answer = session.client.ask(request).await?;
    if !session.shown_as_object(&answer)? {
        // An acknowledgement of nothing changes nothing.
        let is_same = before.value.get("etag") == answer.value.get("etag");
        session.screen.line(if is_same {
            "There was nothing to acknowledge."
        } else {
            done
        })?;
    }
    Ok(Exit::Ok)
}
