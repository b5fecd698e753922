//! What failed and why, and the badges of many invoices.

use serde_json::{Value, json};

use crate::cli::args::{BadgesArgs, FailedListArgs, InvoiceListArgs};
use crate::cli::commands::{failed, invoices};
use crate::cli::control::Request;
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::tenant;
use crate::cli::words::screen::{Stop, Style};
use crate::cli::words::{Cell, Column, Table, badge, field, number, time};
use crate::model::labels::BEFORE_RESYNC;

/// Lists what failed, or why.
pub async fn list(session: &mut Session<'_>, args: &FailedListArgs) -> Result<Exit, Stop> {
    if args.group_by.is_some() {
        return reasons(session).await;
    }
    let named = session.globals.tenant.clone();
    let answer = session.get(tenant::ALL_TENANTS).await?;
    let tenants = field::items(&answer.value, "/data");
    if named.is_some() || tenants.len() < 2 {
        return invoices::list(session, &of(args)).await;
    }
    let having = tenants
        .iter()
        .filter(|tenant| field::count(tenant, "/counts/failed") > 0);
    let having: Vec<Value> = having.cloned().collect();
    if having.is_empty() {
        session.screen.note("No invoice failed.");
    }
    for tenant in having {
        if session.screen.is_for_people() {
            let failed = number::count(field::count(&tenant, "/counts/failed"));
            let title = format!("{} · Failed ({failed})", field::shown(&tenant, "/name"));
            session.screen.styled(&title, Style::Strong)?;
        }
        session.globals.tenant = field::text(&tenant, "/id");
        invoices::list(session, &of(args)).await?;
    }
    session.globals.tenant = named;
    Ok(Exit::Ok)
}

fn of(args: &FailedListArgs) -> InvoiceListArgs {
    InvoiceListArgs {
        state: Some("failed".to_owned()),
        reason: None,
        kind: None,
        due: None,
        number: None,
        search: None,
        filter: None,
        oldest_first: false,
        page: args.page.clone(),
    }
}

/// Where the counts are: of one organisation, or of all.
async fn counts_path(session: &Session<'_>) -> Result<String, Stop> {
    Ok(match &session.globals.tenant {
        Some(name) => {
            let tenant = tenant::named(session, Some(name)).await?;
            format!("{}/invoices/counts", tenant::path(&tenant))
        }
        None => "/v1/invoices/counts".to_owned(),
    })
}

/// Tells how many failed.
pub async fn count(session: &mut Session<'_>) -> Result<Exit, Stop> {
    let path = counts_path(session).await?;
    let answer = session.get(&path).await?;
    if !session.shown_as_object(&answer)? {
        session
            .screen
            .line(&field::count(&answer.value, "/failed").to_string())?;
    }
    Ok(Exit::Ok)
}

async fn reasons(session: &mut Session<'_>) -> Result<Exit, Stop> {
    let path = format!("{}?group_by=reason", counts_path(session).await?);
    let answer = session.get(&path).await?;
    if session.shown_as_object(&answer)? {
        return Ok(Exit::Ok);
    }
    let reasons = field::items(&answer.value, "/by_reason");
    if reasons.is_empty() {
        session.screen.note("No invoice failed.");
        return Ok(Exit::Ok);
    }
    let now = session.now();
    let mut table = Table::new(vec![
        Column::text("REASON"),
        Column::number("INVOICES"),
        Column::text("ORGANISATIONS"),
        Column::word("OLDEST").spare(),
        Column::text("FIX"),
    ]);
    for reason in reasons {
        let organisations = match (field::count(reason, "/organisations"), field::items(reason, "/tenants")) {
            (1, [only]) => field::shown(only, "/name"),
            (several, _) => number::count(several),
        };
        let oldest = field::moment(reason, "/oldest").map(|at| time::distance(at, now));
        table.row(vec![
            Cell::styled(field::shown(reason, "/title"), Style::Bad),
            number::count(field::count(reason, "/count")).into(),
            organisations.into(),
            oldest.unwrap_or_else(|| field::NOTHING.to_owned()).into(),
            field::shown(reason, "/fix").into(),
        ]);
    }
    session.screen.table(&table)?;
    session.screen.note(BEFORE_RESYNC);
    for reason in reasons {
        let code = field::shown(reason, "/code");
        let verb = if field::is_true(reason, "/actionable") {
            "resync"
        } else {
            "ack"
        };
        session.screen.note(&format!(
            "{}: counterfoil failed {verb} --reason {code}",
            field::shown(reason, "/title")
        ));
    }
    Ok(Exit::Ok)
}

/// Shows the badges of invoices by the host's references.
pub async fn badges(session: &mut Session<'_>, args: &BadgesArgs) -> Result<Exit, Stop> {
    let tenant = tenant::chosen(session).await?;
    let references = failed::names(session, &args.references)?;
    let path = format!("{}/badges", tenant::path(&tenant));
    let body = json!({ "host_refs": references }).to_string();
    let answer = session.client.ask(Request::write("POST", path, body)).await?;
    if session.shown_as_object(&answer)? {
        return Ok(Exit::Ok);
    }
    let mut table = Table::new(vec![Column::text("REFERENCE"), Column::badge("XERO")]);
    for (reference, sync) in references.iter().zip(field::items(&answer.value, "/data")) {
        let (text, style) = if sync.is_null() {
            ("not known".to_owned(), Style::Quiet)
        } else {
            badge::brief(sync)
        };
        table.row(vec![field::clean(reference).into(), Cell::styled(text, style)]);
    }
    session.screen.table(&table)?;
    Ok(Exit::Ok)
}
