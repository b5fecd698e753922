//! What resolves a connection that is not active.

use serde_json::json;

use super::connect;
use crate::cli::args::{ConnectArgs, CreditsArgs};
use crate::cli::control::Request;
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::tenant;
use crate::cli::words::screen::Stop;
use crate::cli::words::{field, number};

/// Reconnects, or shows where to top up.
pub async fn resolve(session: &mut Session<'_>, name: &str, no_browser: bool) -> Result<Exit, Stop> {
    let id = tenant::named(session, Some(name)).await?;
    let shown = session.get(&tenant::path(&id)).await?;
    let action = field::text(&shown.value, "/connection/resolve/action");
    if let Some(banner) = field::text(&shown.value, "/connection/banner") {
        session.screen.note(&banner);
    }
    if action.as_deref().is_some_and(|action| action != "top_up") {
        let again = ConnectArgs {
            no_browser,
            reconnect: Some(id),
            ..ConnectArgs::default()
        };
        return connect::connect(session, &again).await;
    }
    let request = Request::write(
        "POST",
        format!("{}/connection:resolve", tenant::path(&id)),
        String::new(),
    );
    let answer = session.client.ask(request).await?;
    if session.shown_as_object(&answer)? {
        return Ok(Exit::Ok);
    }
    match field::text(&answer.value, "/url") {
        Some(url) => session.screen.line(&format!("Top up the credits: {url}"))?,
        None => session
            .screen
            .line("Top up the credits in your application; it has named no address.")?,
    }
    session
        .screen
        .note("What waits goes out by itself then. By hand: counterfoil tenants credits TEN --left N");
    Ok(Exit::Ok)
}

/// Says how many first syncs the host still allows.
pub async fn credits(session: &mut Session<'_>, args: &CreditsArgs) -> Result<Exit, Stop> {
    let id = tenant::named(session, Some(&args.name)).await?;
    let left = if args.used_up { Some(0) } else { args.left };
    let body = json!({ "left": left, "top_up_url": args.top_up_url });
    let request = Request::write("PUT", format!("{}/credits", tenant::path(&id)), body.to_string());
    let answer = session.client.ask(request).await?;
    if session.shown_as_object(&answer)? {
        return Ok(Exit::Ok);
    }
    let line = match answer.value.get("left").and_then(serde_json::Value::as_u64) {
        None => "First syncs are not counted.".to_owned(),
        Some(0) => "No first syncs are left: changes in Xero still arrive, nothing is sent.".to_owned(),
        Some(left) => format!("{} are left.", number::counted(left, "first sync")),
    };
    session.screen.line(&line)?;
    Ok(Exit::Ok)
}
