//! What syncs, in which direction, and what does not.

use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::words::field;
use crate::cli::words::screen::{Stop, Style};
use crate::cli::words::wrapped;
use crate::model::capability::CAPABILITIES;

/// Columns of text when the terminal does not say.
const WIDTH: usize = 100;
/// Even the narrowest terminal gets so many columns of text.
const NARROWEST: usize = 24;
/// Before each line of text.
const INDENT: &str = "    ";

/// Shows everything there is to know.
pub async fn show(session: &mut Session<'_>) -> Result<Exit, Stop> {
    let answer = session.get("/v1/capabilities").await?;
    if session.shown_as_object(&answer)? {
        return Ok(Exit::Ok);
    }
    let width = session.screen.look().width.unwrap_or(WIDTH);
    let width = width.saturating_sub(INDENT.len()).max(NARROWEST);
    for item in field::items(&answer.value, "/data") {
        let direction = field::text(item, "/direction");
        let known = CAPABILITIES
            .iter()
            .find(|known| Some(known.way.word()) == direction.as_deref());
        let way = known.map_or("", |known| known.way.label());
        let title = format!("{way:<6} {}", field::shown(item, "/title"));
        session.screen.styled(&title, Style::Strong)?;
        for line in wrapped(&field::shown(item, "/detail"), width) {
            session.screen.line(&format!("{INDENT}{line}"))?;
        }
    }
    Ok(Exit::Ok)
}
