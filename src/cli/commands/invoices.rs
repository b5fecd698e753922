//! Invoices with their badges.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::cli::args::InvoiceListArgs;
use crate::cli::commands::sheet;
use crate::cli::control::{Query, Trouble, invoice_by_id, invoice_by_ref};
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::tenant;
use crate::cli::words::screen::{Stop, Style};
use crate::cli::words::{Cell, Column, Table, badge, field, json, number};
use crate::model::ids::InvoiceId;

/// Most invoices of one page.
const PAGE_MAX: u32 = 500;

/// Lists invoices.
pub async fn list(session: &mut Session<'_>, args: &InvoiceListArgs) -> Result<Exit, Stop> {
    let tenant = tenant::chosen(session).await?;
    let path = format!("{}/invoices", tenant::path(&tenant));
    let limit = args.page.limit.or(args.page.all.then_some(PAGE_MAX));
    let asked = Query::default()
        .with("filter", args.filter.as_deref())
        .with("state", args.state.as_deref())
        .with("reason", args.reason.as_deref())
        .with("kind", args.kind.as_deref())
        .with("due", args.due.as_deref())
        .with("number", args.number.as_deref())
        .with("q", args.search.as_deref())
        .with("sort", args.oldest_first.then_some("created_at"))
        .with("limit", limit.map(|limit| limit.to_string()));
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
    if session.screen.is_for_people() {
        show_list(session, &rows)?;
        if let Some(cursor) = cursor {
            session
                .screen
                .note(&format!("There are more: add --all, or --cursor {cursor}"));
        }
    }
    Ok(Exit::Ok)
}

/// Shows one invoice.
pub async fn show(session: &mut Session<'_>, name: &str) -> Result<Exit, Stop> {
    let tenant = tenant::chosen(session).await?;
    let path = find(session, &tenant, name).await?;
    let answer = session
        .get(&format!("{path}?expand%5B%5D=payments&expand%5B%5D=credit_notes"))
        .await?;
    if !session.shown_as_object(&answer)? {
        let (now, same_tenant) = (session.now(), session.same_tenant());
        sheet::show(&mut session.screen, &answer.value, &same_tenant, now)?;
    }
    Ok(Exit::Ok)
}

/// Shows exactly what would be sent to Xero, or why nothing would.
pub async fn preview(session: &mut Session<'_>, name: &str) -> Result<Exit, Stop> {
    #[derive(serde::Deserialize)]
    struct WouldSend<'a> {
        #[serde(borrow)]
        body: &'a RawValue,
    }
    let tenant = tenant::chosen(session).await?;
    let path = find(session, &tenant, name).await?;
    let answer = session.get(&format!("{path}/push-preview")).await?;
    if session.shown_as_object(&answer)? {
        return Ok(Exit::Ok);
    }
    let screen = &mut session.screen;
    let value = &answer.value;
    let Ok(WouldSend { body }) = serde_json::from_slice(&answer.body) else {
        screen.line(&field::shown(value, "/message"))?;
        if let Some(reason) = value.get("reason") {
            for line in badge::reason(reason) {
                screen.line(&format!("  {line}"))?;
            }
        }
        return Ok(Exit::Ok);
    };
    for first in field::items(value, "/first") {
        screen.line(&format!("First: {}", field::shown(first, "")))?;
    }
    screen.styled(
        &format!("{} {}", field::shown(value, "/method"), field::shown(value, "/path")),
        Style::Strong,
    )?;
    screen.line(&json::indented(&field::clean(body.get())))?;
    Ok(Exit::Ok)
}

/// The path of an invoice by its id, the host's reference, or a number that only one has.
pub async fn find(session: &Session<'_>, tenant: &str, name: &str) -> Result<String, Stop> {
    if name.parse::<InvoiceId>().is_ok() {
        return Ok(invoice_by_id(tenant, name));
    }
    if let Some(host_ref) = name.strip_prefix("ref:") {
        return Ok(invoice_by_ref(tenant, host_ref));
    }
    let by_ref = invoice_by_ref(tenant, name);
    let missing = match session.get(&by_ref).await {
        Ok(_found) => return Ok(by_ref),
        Err(trouble) if trouble.code == "invoice_not_found" => trouble,
        Err(trouble) => return Err(trouble.into()),
    };
    let numbered = Query::default()
        .with("number", Some(name))
        .on(&format!("{}/invoices", tenant::path(tenant)));
    let page = session.get(&numbered).await?;
    match field::items(&page.value, "/data") {
        [] => {
            let what = format!("There is no invoice {}", field::clean(name));
            Err(Trouble { what, ..missing }.into())
        }
        [only] => Ok(invoice_by_id(tenant, &field::shown(only, "/id"))),
        several => {
            let what = format!("Several invoices have the number {}", field::clean(name));
            let trouble = several.iter().fold(Trouble::usage(what), |trouble, invoice| {
                let id = field::shown(invoice, "/id");
                trouble.because(format!(
                    "{id}: {} {}",
                    field::shown(invoice, "/kind"),
                    field::shown(invoice, "/host_ref")
                ))
            });
            Err(trouble.fix("Name one by its reference or its id.").into())
        }
    }
}

/// The list as a table.
#[must_use]
pub fn table(invoices: &[Value]) -> Table {
    let mut columns = vec![
        Column::text("NUMBER"),
        Column::text("REFERENCE"),
        Column::word("KIND").spare(),
        Column::text("CONTACT"),
        Column::word("DUE").spare(),
        Column::number("TOTAL"),
        Column::number("TO PAY").spare(),
        Column::word(""),
        Column::word("STATUS"),
        Column::badge("XERO"),
    ];
    let is_varied = invoices.iter().any(|invoice| open_variance(invoice).is_some());
    columns.extend(is_varied.then_some(Column::word("VARIANCE")));
    let mut table = Table::new(columns);
    for invoice in invoices {
        let amount = |pointer: &str| Cell::from(number::amount(&field::shown(invoice, pointer)));
        let (text, style) = badge::brief(invoice.get("sync").unwrap_or(&Value::Null));
        table.row(vec![
            field::shown(invoice, "/number").into(),
            field::shown(invoice, "/host_ref").into(),
            field::shown(invoice, "/kind").into(),
            field::shown(invoice, "/contact/name").into(),
            field::shown(invoice, "/due_date").into(),
            amount("/totals/total"),
            amount("/totals/amount_due"),
            field::shown(invoice, "/currency").into(),
            field::shown(invoice, "/status").into(),
            Cell::styled(text, style),
            Cell::styled(open_variance(invoice).unwrap_or_default(), Style::Warning),
        ]);
    }
    table
}

/// How much it differs in Xero, unless somebody acknowledged that.
fn open_variance(invoice: &Value) -> Option<String> {
    let is_open = field::text(invoice, "/variance/acknowledged/by").is_none();
    field::text(invoice, "/variance/label").filter(|_| is_open)
}

fn show_list(session: &mut Session<'_>, rows: &[Value]) -> Result<(), Stop> {
    if rows.is_empty() {
        session.screen.note("No invoice fits.");
        return Ok(());
    }
    session.screen.table(&table(rows))?;
    let mut told: Vec<String> = Vec::new();
    for reason in rows.iter().filter_map(|row| row.pointer("/sync/reason")) {
        let code = field::text(reason, "/code").unwrap_or_default();
        if code.is_empty() || told.contains(&code) {
            continue;
        }
        session.screen.note(&format!(
            "{}: {} More: counterfoil explain {code}",
            field::shown(reason, "/title"),
            field::shown(reason, "/fix"),
        ));
        told.push(code);
    }
    Ok(())
}
