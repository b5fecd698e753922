//! How far what changes in Xero has been read.

use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::tenant;
use crate::cli::words::screen::Stop;
use crate::cli::words::{Column, Table, field, time};

/// Lists the streams with their watermarks.
pub async fn list(session: &mut Session<'_>) -> Result<Exit, Stop> {
    let tenant = tenant::chosen(session).await?;
    let answer = session.get(&format!("{}/watermarks", tenant::path(&tenant))).await?;
    if session.shown_as_object(&answer)? {
        return Ok(Exit::Ok);
    }
    let now = session.now();
    let mut table = Table::new(vec![
        Column::word("STREAM"),
        Column::word("WATERMARK"),
        Column::word("READ"),
        Column::number("CHECKED"),
        Column::number("NOT LINKED").spare(),
    ]);
    for stream in field::items(&answer.value, "/data") {
        let at = |pointer: &str| {
            let at = field::moment(stream, pointer);
            at.map_or_else(|| field::NOTHING.to_owned(), |at| time::ago(at, now))
        };
        table.row(vec![
            field::shown(stream, "/stream").into(),
            at("/watermark").into(),
            at("/saved_at").into(),
            field::shown(stream, "/last_result/checked").into(),
            field::shown(stream, "/last_result/ignored_not_linked").into(),
        ]);
    }
    session.screen.table(&table)?;
    Ok(Exit::Ok)
}
