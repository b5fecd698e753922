//! Following what was asked for.

use std::time::Duration;

use serde_json::Value;

use crate::cli::control::{Answer, Trouble, segment};
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::words::screen::{Stop, Style};
use crate::cli::words::{badge, field, number, time};

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
    format!(
        "{} {} of {}",
        field::shown(operation, "/state"),
        number::count(field::count(operation, "/progress/done")),
        number::count(field::count(operation, "/progress/total")),
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
    format!(
        "{} of {} · {} succeeded · {} failed",
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
