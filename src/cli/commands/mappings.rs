//! What the host's codes are called in Xero.

use serde_json::json;

use crate::cli::control::{Request, segment};
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::tenant;
use crate::cli::words::screen::Stop;
use crate::cli::words::{Cell, Column, Table, field, number, time};

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
    match field::count(mapping, "/released") {
        0 => session.screen.note("No invoice had failed for it."),
        released => {
            let released = number::counted(released, "invoice");
            session
                .screen
                .line(&format!("{released} that had failed for it: queued again."))?;
        }
    }
    Ok(Exit::Ok)
}

fn path(tenant: &str, kind: &str) -> String {
    format!("{}/mappings/{}", tenant::path(tenant), segment(kind))
}
