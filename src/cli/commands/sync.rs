//! *Sync now*.

use std::time::Duration;

use crate::cli::commands::{invoices, operation};
use crate::cli::control::{Request, Trouble};
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::tenant;
use crate::cli::words::screen::{Stop, Style};
use crate::cli::words::{badge, field};

/// Sends invoices now, whatever the toggles say.
pub async fn sync(session: &mut Session<'_>, names: &[String]) -> Result<Exit, Stop> {
    let tenant = tenant::chosen(session).await?;
    if names.len() > 1 {
        session.confirm(&format!("This sends {} invoices to Xero now.", names.len()))?;
    }
    let mut ends = Vec::new();
    for name in names {
        match one(session, &tenant, name).await {
            Ok(exit) => ends.push(exit),
            Err(Stop::Trouble(trouble)) if names.len() > 1 && trouble.exit != Exit::Unreachable => {
                session.screen.trouble(&trouble);
                ends.push(trouble.exit);
            }
            Err(stop) => return Err(stop),
        }
    }
    Ok(together(&ends))
}

/// How the program ends when it did several things: the one way they all ended, else in part.
#[must_use]
pub fn together(ends: &[Exit]) -> Exit {
    let Some((first, rest)) = ends.split_first() else {
        return Exit::Ok;
    };
    if rest.iter().all(|exit| exit == first) {
        *first
    } else if ends.iter().all(|exit| matches!(exit, Exit::Ok | Exit::StillRunning)) {
        Exit::StillRunning
    } else if ends.contains(&Exit::Ok) {
        Exit::PartlyFailed
    } else {
        Exit::Failed
    }
}

async fn one(session: &mut Session<'_>, tenant: &str, name: &str) -> Result<Exit, Stop> {
    let path = invoices::find(session, tenant, name).await?;
    let request = Request::write("POST", format!("{path}/resync"), "");
    let queued = session.client.ask(request).await?;
    let id = field::shown(&queued.value, "/operation/id");
    let Some(limit) = session.globals.wait else {
        if !session.shown_as_object(&queued)? {
            session
                .screen
                .line(&format!("{} {id}", field::shown(&queued.value, "/message")))?;
            session
                .screen
                .note(&format!("Follow it with: counterfoil operation watch {id}"));
        }
        return Ok(Exit::Ok);
    };
    session.screen.note(&format!("Queued {id}"));
    wait(session, name, &id, limit).await
}

async fn wait(session: &mut Session<'_>, name: &str, id: &str, limit: Duration) -> Result<Exit, Stop> {
    let ended = operation::until_final(session, id, Some(limit)).await?;
    let exit = operation::exit_of(&ended.value);
    if session.shown_as_object(&ended)? {
        return Ok(exit);
    }
    if exit == Exit::StillRunning {
        return Err(
            Trouble::new(exit, "still_running", format!("{}: still running", field::clean(name)))
                .because(format!(
                    "{} after {}",
                    field::shown(&ended.value, "/message"),
                    humantime::format_duration(limit)
                ))
                .fix(format!("counterfoil operation watch {id}"))
                .into(),
        );
    }
    let style = if exit == Exit::Ok { Style::Good } else { Style::Bad };
    let message = field::shown(&ended.value, "/message");
    session
        .screen
        .styled(&format!("{}: {message}", field::clean(name)), style)?;
    if let Some(reason) = ended.value.get("error").filter(|reason| reason.is_object()) {
        // The message may hold the reason's words already.
        for line in badge::reason(reason)
            .iter()
            .filter(|line| !message.contains(line.as_str()))
        {
            session.screen.line(&format!("  {line}"))?;
        }
    }
    Ok(exit)
}
