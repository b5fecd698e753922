//! The record of who changed what, and why.

use serde_json::Value;

use crate::cli::args::AuditArgs;
use crate::cli::commands::invoices;
use crate::cli::control::Query;
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::tenant;
use crate::cli::words::screen::{Screen, Stop};
use crate::cli::words::{Column, Table, field, time};

/// Entries of one page of an export.
const PAGE: &str = "1000";

/// Lists the record.
pub async fn list(session: &mut Session<'_>, args: &AuditArgs) -> Result<Exit, Stop> {
    let limit = args.limit.map(|limit| limit.to_string());
    let asked = asked(session, args).await?;
    let asked = asked
        .with("cursor", args.cursor.as_deref())
        .with("limit", limit)
        .with("sort", (!args.oldest_first).then_some("-at"))
        .on("/v1/audit");
    let answer = session.get(&asked).await?;
    if session.shown_as_object(&answer)? {
        return Ok(Exit::Ok);
    }
    show(session, &answer.value)?;
    if let Some(cursor) = field::text(&answer.value, "/next_cursor") {
        let hint = format!("There are more: add --cursor {cursor}");
        session.screen.note(&hint);
    }
    Ok(Exit::Ok)
}

/// Prints the whole record, one object a line: of `--tenant`, else of every organisation.
pub async fn export(session: &mut Session<'_>, args: &AuditArgs) -> Result<Exit, Stop> {
    let tenants = match session.globals.tenant.clone() {
        Some(name) => vec![tenant::named(session, Some(&name)).await?],
        None => {
            let all = session.get(tenant::ALL_TENANTS).await?;
            let all = field::items(&all.value, "/data").iter();
            all.map(|tenant| field::shown(tenant, "/id")).collect()
        }
    };
    for tenant in tenants {
        let asked = of(args, tenant);
        let mut cursor = args.cursor.clone();
        loop {
            let page = asked
                .clone()
                .with("cursor", cursor)
                .with("limit", Some(PAGE.to_owned()));
            let answer = session.get(&page.on("/v1/audit")).await?;
            for entry in field::items(&answer.value, "/data") {
                session.screen.line(&entry.to_string())?;
            }
            cursor = field::text(&answer.value, "/next_cursor");
            if cursor.is_none() {
                break;
            }
        }
    }
    Ok(Exit::Ok)
}

async fn asked(session: &mut Session<'_>, args: &AuditArgs) -> Result<Query, Stop> {
    Ok(of(args, tenant::chosen(session).await?))
}

fn of(args: &AuditArgs, tenant: String) -> Query {
    Query::default()
        .with("tenant", Some(tenant))
        .with("actor", args.actor.as_deref())
        .with("type", args.action.as_deref())
        .with("since", args.since.as_deref())
}

/// Shows what happened to one invoice.
pub async fn timeline(session: &mut Session<'_>, name: &str) -> Result<Exit, Stop> {
    let tenant = tenant::chosen(session).await?;
    let path = invoices::find(session, &tenant, name).await?;
    let answer = session.get(&format!("{path}/timeline")).await?;
    if !session.shown_as_object(&answer)? {
        show(session, &answer.value)?;
    }
    Ok(Exit::Ok)
}

fn show(session: &mut Session<'_>, list: &Value) -> Result<(), Stop> {
    let now = session.now();
    let screen: &mut Screen<'_> = &mut session.screen;
    let mut table = Table::new(vec![
        Column::word("WHEN"),
        Column::word("CAUSE"),
        Column::word("WHAT"),
        Column::text("WHO").spare(),
        Column::sentence("DETAIL"),
    ]);
    for entry in field::items(list, "/data") {
        let at = field::moment(entry, "/at").map(|at| time::ago(at, now));
        let about = [field::text(entry, "/host_ref"), field::text(entry, "/reason")];
        let about: Vec<String> = about.into_iter().flatten().filter(|text| !text.is_empty()).collect();
        table.row(vec![
            at.unwrap_or_default().into(),
            field::shown(entry, "/cause").into(),
            field::shown(entry, "/type").into(),
            field::shown(entry, "/actor").into(),
            about.join(": ").into(),
        ]);
        for change in field::items(entry, "/changes") {
            let words = format!(
                "{} → {}",
                field::shown(change, "/before"),
                field::shown(change, "/after")
            );
            table.row(vec![
                "".into(),
                "".into(),
                field::shown(change, "/field").into(),
                "".into(),
                words.into(),
            ]);
        }
    }
    screen.table(&table)
}
