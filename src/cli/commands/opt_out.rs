//! Customers and suppliers whose invoices are not sent by themselves.

use serde_json::{Value, json};

use crate::cli::args::OptOutCommand;
use crate::cli::commands::settings;
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::tenant;
use crate::cli::words::field;
use crate::cli::words::screen::Stop;

/// Lists them, adds one or takes one away.
pub async fn carry_out(session: &mut Session<'_>, command: OptOutCommand) -> Result<Exit, Stop> {
    let tenant = tenant::chosen(session).await?;
    let before = session.get(&settings::path(&tenant)).await?;
    let mut parties: Vec<String> = field::items(&before.value, "/contacts_opt_out")
        .iter()
        .filter_map(|party| party.as_str().map(str::to_owned))
        .collect();
    let answer = match command {
        OptOutCommand::List => before,
        OptOutCommand::Add { reference } => {
            if !parties.contains(&reference) {
                parties.push(reference);
            }
            settings::change(session, &tenant, &before, &json!({"contacts_opt_out": parties})).await?
        }
        OptOutCommand::Remove { reference } => {
            parties.retain(|party| *party != reference);
            settings::change(session, &tenant, &before, &json!({"contacts_opt_out": parties})).await?
        }
    };
    if !session.shown_as_object(&answer)? {
        show(session, &answer.value)?;
    }
    Ok(Exit::Ok)
}

fn show(session: &mut Session<'_>, settings: &Value) -> Result<(), Stop> {
    let parties = field::items(settings, "/contacts_opt_out");
    if parties.is_empty() {
        session.screen.note("Nobody is left out.");
    }
    for party in parties {
        session.screen.line(&field::shown(party, ""))?;
    }
    session
        .screen
        .note("Invoices of those named are not sent by themselves. Sync now still works.");
    Ok(())
}
