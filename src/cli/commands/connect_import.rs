//! Taking over the grant of an integration that is connected already.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::cli::args::ConnectImportArgs;
use crate::cli::commands::tenants;
use crate::cli::control::{Request, Trouble};
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::terminal::Hidden;
use crate::cli::words::field;
use crate::cli::words::number;
use crate::cli::words::screen::Stop;
use crate::model::capability::HISTORY;
use crate::model::secret::{ExposeSecret, SecretString};

/// Takes a grant over and starts its organisations. The token is never an argument: arguments can
/// be read by every user of the machine.
pub async fn import(session: &mut Session<'_>, args: &ConnectImportArgs) -> Result<Exit, Stop> {
    let token = refresh_token(session, &args.refresh_token_file)?;
    let organisations = (!args.organisations.is_empty()).then_some(&args.organisations);
    let body = json!({
        "refresh_token": token.expose_secret(),
        "tenant_ids": organisations,
        "observe": args.observe,
    });
    let request = Request::write("POST", "/v1/connect:import", body.to_string());
    let answer = session.client.ask(request).await?;
    if session.shown_as_object(&answer)? {
        return Ok(Exit::Ok);
    }
    let connected = field::items(&answer.value, "/data");
    let count = number::counted(connected.len().try_into().unwrap_or(u64::MAX), "organisation");
    session.screen.line(&format!("Connected {count}:"))?;
    session.screen.table(&tenants::table(connected))?;
    let released: u64 = connected.iter().map(|tenant| field::count(tenant, "/released")).sum();
    if released > 0 {
        let noun = if released == 1 { "invoice is" } else { "invoices are" };
        session.screen.line(&format!("{released} {noun} queued again."))?;
    }
    session.screen.note(if args.observe {
        "Nothing is sent by itself. Turn it on with: counterfoil settings set auto-sync.enabled on"
    } else {
        "New invoices are sent by themselves."
    });
    session.screen.note(HISTORY);
    session.screen.note("Next: counterfoil status");
    Ok(Exit::Ok)
}

fn refresh_token(session: &mut Session<'_>, file: &Path) -> Result<SecretString, Stop> {
    let mut text = String::new();
    if file != Path::new("-") {
        text = fs::read_to_string(file).map_err(|error| {
            Trouble::usage("The refresh token cannot be read").because(format!("{}: {error}", file.display()))
        })?;
    } else if session.ends.input_is_terminal {
        session
            .screen
            .ask("Paste the refresh token (it is not shown) and press Enter: ");
        let hidden = Hidden::begin();
        session.input.read_line(&mut text)?;
        drop(hidden);
        session.screen.ask("\n");
    } else {
        session.input.read_to_string(&mut text)?;
    }
    let token = text.trim();
    if token.is_empty() || token.chars().any(char::is_whitespace) {
        return Err(Trouble::usage("No refresh token was given")
            .because(if token.is_empty() {
                "the input is empty"
            } else {
                "the input holds more than one word"
            })
            .fix("counterfoil connect-import --refresh-token-file FILE")
            .into());
    }
    Ok(SecretString::from(token.to_owned()))
}
