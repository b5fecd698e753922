//! What the simulated Xero does and does not do, from what is built in.

use serde_json::json;

use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::words::screen::{Stop, Style};
use crate::cli::words::wrapped;
use crate::sandbox::capabilities::{CAPABILITIES, Capability};

/// Columns of text when the terminal does not say.
const WIDTH: usize = 100;
/// Before each line of a behaviour.
const INDENT: usize = 14;
/// Even the narrowest terminal gets so many columns of text.
const NARROWEST: usize = 24;

/// Shows every behaviour, what is simulated of it, and how it is known.
pub fn show(session: &mut Session<'_>) -> Result<Exit, Stop> {
    if session.screen.is_for_people() {
        CAPABILITIES
            .iter()
            .try_for_each(|capability| block(session, capability))?;
        session.screen.note(
            "recorded: seen in a live Xero · specified: Xero says so · reported: users say so · assumed: nobody says",
        );
        return Ok(Exit::Ok);
    }
    let data: Vec<_> = CAPABILITIES
        .iter()
        .map(|capability| {
            let evidence: Vec<_> = capability.evidence.iter().map(|evidence| evidence.word()).collect();
            json!({
                "number": capability.number,
                "title": capability.title,
                "simulated": capability.simulated,
                "evidence": evidence,
                "not_simulated": Some(capability.missing).filter(|missing| !missing.is_empty()),
            })
        })
        .collect();
    let value = json!({"data": data});
    session.screen.object(value.to_string().as_bytes(), &value)?;
    Ok(Exit::Ok)
}

fn block(session: &mut Session<'_>, capability: &Capability) -> Result<(), Stop> {
    let screen = &mut session.screen;
    screen.styled(
        &format!("{:>2}  {}", capability.number, capability.title),
        Style::Strong,
    )?;
    let width = screen
        .look()
        .width
        .unwrap_or(WIDTH)
        .saturating_sub(INDENT)
        .max(NARROWEST);
    let evidence = capability.evidence_words();
    let parts = [
        ("Simulated", capability.simulated),
        ("Evidence", evidence.as_str()),
        ("Not", capability.missing),
    ];
    for (name, text) in parts.into_iter().filter(|(_, text)| !text.is_empty()) {
        for (at, line) in wrapped(text, width).into_iter().enumerate() {
            let name = if at == 0 { name } else { "" };
            screen.pair(name, &line, Style::Plain)?;
        }
    }
    screen.line("")
}
