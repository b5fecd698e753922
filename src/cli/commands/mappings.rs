//! What the host's codes are called in Xero.

use serde_json::{Value, json};

use crate::cli::control::{Query, Request, segment};
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::tenant;
use crate::cli::words::screen::{Stop, Style};
use crate::cli::words::{Cell, Column, Table, badge, field, time};

/// Candidates in the table; all of them are below it.
const MEANT_SHOWN: usize = 2;

/// Lists the mappings of a kind.
pub async fn list(session: &mut Session<'_>, kind: &str) -> Result<Exit, Stop> {
    let tenant = tenant::chosen(session).await?;
    let answer = session.get(&path(&tenant, kind)).await?;
    if session.shown_as_object(&answer)? {
        return Ok(Exit::Ok);
    }
    let now = session.now();
    let mappings = field::items(&answer.value, "/data");
    if mappings.is_empty() {
        session.screen.note(&format!(
            "Nothing is mapped. Map with: counterfoil mappings set {kind} KEY VALUE"
        ));
        return Ok(Exit::Ok);
    }
    let mut table = Table::new(vec![Column::text("HOST"), Column::text("XERO"), Column::word("SET")]);
    for mapping in mappings {
        let set = field::moment(mapping, "/set_at").map(|at| time::ago(at, now));
        table.row(vec![
            field::shown(mapping, "/key").into(),
            field::shown(mapping, "/value").into(),
            Cell::from(set.unwrap_or_default()),
        ]);
    }
    session.screen.table(&table)?;
    Ok(Exit::Ok)
}

/// Shows what blocks how many invoices, what may be meant, and what to type.
pub async fn gaps(session: &mut Session<'_>, kind: Option<&str>) -> Result<Exit, Stop> {
    let tenant = tenant::chosen(session).await?;
    let path = Query::default().with("kind", kind).on(&path(&tenant, "gaps"));
    let answer = session.get(&path).await?;
    if session.shown_as_object(&answer)? {
        return Ok(Exit::Ok);
    }
    let gaps = field::items(&answer.value, "/data");
    if gaps.is_empty() {
        session.screen.note("Nothing is blocked for want of a mapping.");
        return Ok(Exit::Ok);
    }
    let now = session.now();
    let mut table = Table::new(vec![
        Column::word("KIND"),
        Column::text("KEY"),
        Column::number("INVOICES"),
        Column::word("OLDEST").spare(),
        Column::text("REASON"),
        Column::text("MEANT?"),
    ]);
    for gap in gaps {
        let oldest = field::moment(gap, "/oldest/since").map(|at| time::ago(at, now));
        table.row(vec![
            field::shown(gap, "/kind").into(),
            field::shown(gap, "/key").into(),
            field::shown(gap, "/count").into(),
            Cell::from(oldest.unwrap_or_default()),
            field::shown(gap, "/reason/title").into(),
            Cell::from(meant(gap)),
        ]);
    }
    session.screen.table(&table)?;
    for gap in gaps {
        session.screen.line("")?;
        session.screen.styled(&field::shown(gap, "/title"), Style::Strong)?;
        for candidate in badge::candidates(gap) {
            session.screen.pair("Meant?", &candidate, Style::Plain)?;
        }
        let samples: Vec<String> = field::items(gap, "/samples")
            .iter()
            .map(|it| field::shown(it, ""))
            .collect();
        session.screen.pair("Such as", &samples.join(", "), Style::Plain)?;
        session
            .screen
            .pair("Fix", &field::shown(gap, "/fix/command"), Style::Plain)?;
    }
    if field::is_true(&answer.value, "/has_more") {
        session.screen.note("There is more: what blocks most is shown.");
    }
    Ok(Exit::Ok)
}

fn meant(gap: &Value) -> String {
    let candidates = field::items(gap, "/candidates");
    let mut names: Vec<String> = candidates
        .iter()
        .take(MEANT_SHOWN)
        .map(|candidate| match field::text(candidate, "/contact_ref") {
            Some(reference) => format!("{} of {reference}", field::shown(candidate, "/name")),
            None => format!(
                "{} {}",
                field::shown(candidate, "/value"),
                field::shown(candidate, "/name")
            ),
        })
        .collect();
    if candidates.len() > MEANT_SHOWN {
        names.push("…".to_owned());
    }
    names.join(", ")
}

/// Sets a mapping, and tells what that released.
pub async fn set(session: &mut Session<'_>, kind: &str, key: &str, value: &str) -> Result<Exit, Stop> {
    let tenant = tenant::chosen(session).await?;
    let path = format!("{}/{}", path(&tenant, kind), segment(key));
    let request = Request::write("PUT", path, json!({"value": value}).to_string());
    let answer = session.client.ask(request).await?;
    if session.shown_as_object(&answer)? {
        return Ok(Exit::Ok);
    }
    let mapping = &answer.value;
    session.screen.line(&format!(
        "{} → {}",
        field::shown(mapping, "/key"),
        field::shown(mapping, "/value")
    ))?;
    released(session, mapping)
}

/// Takes a mapping away.
pub async fn remove(session: &mut Session<'_>, kind: &str, key: &str) -> Result<Exit, Stop> {
    let tenant = tenant::chosen(session).await?;
    let path = format!("{}/{}", path(&tenant, kind), segment(key));
    let answer = session
        .client
        .ask(Request::write("DELETE", path, String::new()))
        .await?;
    if session.shown_as_object(&answer)? {
        return Ok(Exit::Ok);
    }
    let removed = format!("{} is not mapped any more.", field::shown(&answer.value, "/key"));
    session.screen.line(&removed)?;
    match field::count(&answer.value, "/released") {
        0 => Ok(Exit::Ok),
        _ => released(session, &answer.value),
    }
}

/// What a fixed cause released.
fn released(session: &mut Session<'_>, answer: &Value) -> Result<Exit, Stop> {
    let told = field::shown(answer, "/message");
    match field::count(answer, "/released") {
        0 => session.screen.note(&told),
        _ => session.screen.line(&told)?,
    }
    Ok(Exit::Ok)
}

fn path(tenant: &str, kind: &str) -> String {
    format!("{}/mappings/{}", tenant::path(tenant), segment(kind))
}
