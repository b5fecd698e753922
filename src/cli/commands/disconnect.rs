//! Ending the connection of an organisation.

use crate::cli::control::Request;
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::tenant;
use crate::cli::words::field;
use crate::cli::words::screen::Stop;

/// Ends it here and at Xero.
pub async fn disconnect(session: &mut Session<'_>, name: &str) -> Result<Exit, Stop> {
    let id = tenant::named(session, Some(name)).await?;
    let shown = session.get(&tenant::path(&id)).await?;
    let name = field::shown(&shown.value, "/name");
    session.confirm(&format!(
        "{name} is disconnected, here and at Xero. What waits is not sent; links, mappings and settings are kept."
    ))?;
    let request = Request {
        method: "DELETE",
        ..Request::get(format!("{}/connection", tenant::path(&id)))
    };
    let answer = session.client.ask(request).await?;
    if session.shown_as_object(&answer)? {
        return Ok(Exit::Ok);
    }
    session.screen.line(&format!("Disconnected {name}."))?;
    session
        .screen
        .note(match field::text(&answer.value, "/ended_at_xero").as_deref() {
            Some("connection") => {
                "Its connection was removed at Xero. The consent goes on for the other organisations."
            }
            Some("consent") => {
                "Its connection was removed at Xero, and the consent was revoked: it served nobody else."
            }
            _ => "At Xero there was nothing left to remove.",
        });
    session
        .screen
        .note("Connect it again with: counterfoil connect --reconnect NAME");
    Ok(Exit::Ok)
}
