//! Following what was asked for.

use std::time::Duration;

use serde_json::Value;

use crate::cli::args::OperationListArgs;
use crate::cli::control::{Answer, Query, Request, Trouble, segment};
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::tenant;
use crate::cli::words::screen::{Stop, Style};
use crate::cli::words::{Cell, Column, Table, badge, field, number, time};

/// Between two looks at an operation that runs.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// States in which nothing more will happen.
const FINAL: [&str; 4] = ["succeeded", "partially_failed", "failed", "cancelled"];

/// Shows how an operation stands.
pub async fn show(session: &mut Session<'_>, id: &str) -> Result<Exit, Stop> {
    let answer = session.get(&path(id)).await?;
    print(session, &answer)?;
    Ok(Exit::Ok)
}

/// Waits for its end, at most as long as `--wait` says.
pub async fn watch(session: &mut Session<'_>, id: &str) -> Result<Exit, Stop> {
    let limit = session.globals.wait;
    let answer = until_final(session, id, limit).await?;
    print(session, &answer)?;
    Ok(exit_of(&answer.value))
}

/// Ends it.
pub async fn cancel(session: &mut Session<'_>, id: &str) -> Result<Exit, Stop> {
    let answer = session
        .client
        .ask(Request::write("POST", verb(id, "cancel"), ""))
        .await?;
    if !is_final(answer.value.get("operation").unwrap_or(&Value::Null)) && session.globals.wait.is_some() {
        let ended = until_final(session, id, session.globals.wait).await?;
        if !session.shown_as_object(&ended)? {
            session.screen.line(&field::shown(&ended.value, "/message"))?;
        }
        return Ok(if is_final(&ended.value) {
            Exit::Ok
        } else {
            Exit::StillRunning
        });
    }
    if !session.shown_as_object(&answer)? {
        session
            .screen
            .line(&field::shown(&answer.value, "/operation/message"))?;
    }
    Ok(Exit::Ok)
}

/// Lists the latest operations.
pub async fn list(session: &mut Session<'_>, args: &OperationListArgs) -> Result<Exit, Stop> {
    let tenant = match session.globals.tenant.clone() {
        Some(name) => Some(tenant::named(session, Some(&name)).await?),
        None => None,
    };
    let mut cursor = args.page.cursor.clone();
    let mut rows = Vec::new();
    loop {
        let query = Query::default()
            .with("tenant", tenant.as_deref())
            .with("state", args.state.as_deref())
            .with("limit", args.page.limit.map(|limit| limit.to_string()))
            .with("cursor", cursor);
        let answer = session.get(&query.on("/v1/operations")).await?;
        let is_shown = session.shown_as_object(&answer)?;
        cursor = field::text(&answer.value, "/next_cursor");
        if !is_shown {
            rows.extend(field::items(&answer.value, "/data").iter().cloned());
        }
        if !args.page.all || cursor.is_none() {
            break;
        }
    }
    if session.screen.is_for_people() {
        show_list(session, &rows)?;
        if let Some(cursor) = cursor {
            let hint = format!("There are more: add --all, or --cursor {cursor}");
            session.screen.note(&hint);
        }
    }
    Ok(Exit::Ok)
}

fn show_list(session: &mut Session<'_>, rows: &[Value]) -> Result<(), Stop> {
    if rows.is_empty() {
        session.screen.note("There are no operations that match.");
        return Ok(());
    }
    let now = session.now();
    let mut table = Table::new(vec![
        Column::word("ID"),
        Column::text("WHAT"),
        Column::word("STATE"),
        Column::word("ASKED").spare(),
        Column::sentence("RESULT"),
    ]);
    for row in rows {
        let asked = field::moment(row, "/created_at").map(|at| time::ago(at, now));
        table.row(vec![
            field::shown(row, "/id").into(),
            field::shown(row, "/label").into(),
            Cell::styled(field::shown(row, "/state"), style_of(row)),
            asked.unwrap_or_default().into(),
            field::shown(row, "/message").into(),
        ]);
    }
    session.screen.table(&table)
}

/// The path of an order about an operation.
#[must_use]
pub fn verb(id: &str, verb: &str) -> String {
    format!("{}:{verb}", path(id))
}

/// The operation at its end, or as it stands when the time is up.
pub async fn until_final(session: &mut Session<'_>, id: &str, limit: Option<Duration>) -> Result<Answer, Stop> {
    let mut last = session.get(&path(id)).await?;
    let mut told = String::new();
    let follow = async {
        while !is_final(&last.value) {
            let step = progress(&last.value);
            if step != told {
                session.screen.note(&step);
                told = step;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
            last = session.get(&path(id)).await?;
        }
        Ok::<_, Trouble>(())
    };
    match limit {
        Some(limit) => match tokio::time::timeout(limit, follow).await {
            Ok(followed) => followed?,
            Err(_time_is_up) => {}
        },
        None => follow.await?,
    }
    Ok(last)
}

/// How the program ends when it waited for this operation.
#[must_use]
pub fn exit_of(operation: &Value) -> Exit {
    match field::text(operation, "/state").as_deref() {
        Some("succeeded") => Exit::Ok,
        Some("partially_failed") => Exit::PartlyFailed,
        Some("failed") if field::text(operation, "/error/code").as_deref() == Some("connection_not_active") => {
            Exit::NotActive
        }
        Some("failed" | "cancelled") => Exit::Failed,
        _ => Exit::StillRunning,
    }
}

/// Whether nothing more will happen.
#[must_use]
pub fn is_final(operation: &Value) -> bool {
    field::text(operation, "/state").is_some_and(|state| FINAL.contains(&state.as_str()))
}

/// The path of an operation.
#[must_use]
pub fn path(id: &str) -> String {
    format!("/v1/operations/{}", segment(id))
}

fn progress(operation: &Value) -> String {
    let steps = format!(
        "{} {} of {}",
        field::shown(operation, "/state"),
        number::count(field::count(operation, "/progress/done")),
        number::count(field::count(operation, "/progress/total")),
    );
    // Only an operation over many invoices skips some.
    if operation.pointer("/counts/skipped").is_none() {
        return steps;
    }
    format!(
        "{steps} · {} succeeded · {} failed",
        number::count(field::count(operation, "/counts/succeeded")),
        number::count(field::count(operation, "/counts/failed")),
    )
}

fn print(session: &mut Session<'_>, answer: &Answer) -> Result<(), Stop> {
    if session.shown_as_object(answer)? {
        return Ok(());
    }
    let now = session.now();
    let operation = &answer.value;
    let style = style_of(operation);
    let screen = &mut session.screen;
    let title = format!(
        "{} · {}",
        field::shown(operation, "/label"),
        field::shown(operation, "/state")
    );
    screen.styled(&title, style)?;
    screen.pair("Id", &field::shown(operation, "/id"), Style::Plain)?;
    if let Some(message) = field::text(operation, "/message") {
        screen.pair("Message", &message, Style::Plain)?;
    }
    screen.pair("Progress", &progress_line(operation), Style::Plain)?;
    if let Some(invoice) = field::text(operation, "/invoice_id") {
        screen.pair("Invoice", &invoice, Style::Plain)?;
    }
    for (name, pointer) in [("Asked", "/created_at"), ("Ended", "/finished_at")] {
        if let Some(at) = field::moment(operation, pointer) {
            screen.pair(name, &time::ago(at, now), Style::Plain)?;
        }
    }
    if let Some(reason) = operation.get("error").filter(|reason| reason.is_object()) {
        for (at, line) in badge::reason(reason).iter().enumerate() {
            screen.pair(if at == 0 { "Why" } else { "" }, line, Style::Plain)?;
        }
    }
    if !is_final(operation) {
        let hint = format!(
            "Follow it with: counterfoil operation watch {}",
            field::shown(operation, "/id")
        );
        screen.note(&hint);
    }
    Ok(())
}

fn progress_line(operation: &Value) -> String {
    let steps = match field::text(operation, "/kind").as_deref() {
        Some("resync" | "acknowledge") | None => "",
        Some(_reads_xero) => " calls",
    };
    format!(
        "{} of {}{steps} · {} succeeded · {} failed",
        number::count(field::count(operation, "/progress/done")),
        number::count(field::count(operation, "/progress/total")),
        number::count(field::count(operation, "/counts/succeeded")),
        number::count(field::count(operation, "/counts/failed")),
    )
}

fn style_of(operation: &Value) -> Style {
    match exit_of(operation) {
        Exit::Ok => Style::Good,
        Exit::StillRunning => Style::Quiet,
        _ => Style::Bad,
    }
}
