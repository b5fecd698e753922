//! An organisation's settings.

use serde_json::{Value, json};

use crate::cli::control::{Answer, Request, Trouble};
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::tenant;
use crate::cli::words::field;
use crate::cli::words::screen::{Stop, Style};
use crate::config::nearest::nearest;

/// The keys there are.
const KEYS: [&str; 5] = [
    "auto-sync.enabled",
    "auto-sync.sales",
    "auto-sync.purchases",
    "same-code-default",
    "currencies",
];

/// Shows the settings.
pub async fn get(session: &mut Session<'_>) -> Result<Exit, Stop> {
    let tenant = tenant::chosen(session).await?;
    let answer = session.get(&path(&tenant)).await?;
    if !session.shown_as_object(&answer)? {
        show(session, &answer.value)?;
    }
    Ok(Exit::Ok)
}

/// Changes one, unless somebody else changed them at the same time.
pub async fn set(session: &mut Session<'_>, key: &str, value: &str) -> Result<Exit, Stop> {
    let patch = patch(key, value)?;
    let tenant = tenant::chosen(session).await?;
    let before = session.get(&path(&tenant)).await?;
    let answer = change(session, &tenant, &before, &patch).await?;
    if !session.shown_as_object(&answer)? {
        show(session, &answer.value)?;
        let released = field::count(&answer.value, "/released");
        if released > 0 {
            let noun = if released == 1 { "invoice is" } else { "invoices are" };
            session.screen.line(&format!("{released} {noun} queued again."))?;
        }
    }
    Ok(Exit::Ok)
}

/// Changes what `before` shows, if nobody else changed it since.
pub async fn change(session: &Session<'_>, tenant: &str, before: &Answer, patch: &Value) -> Result<Answer, Trouble> {
    let etag = before.value.pointer("/etag").and_then(Value::as_str);
    let request = Request::write("PATCH", path(tenant), patch.to_string());
    session
        .client
        .ask(request.header("if-match", etag.unwrap_or_default()))
        .await
}

/// Where the settings are.
pub fn path(tenant: &str) -> String {
    format!("{}/settings", tenant::path(tenant))
}

fn show(session: &mut Session<'_>, settings: &Value) -> Result<(), Stop> {
    let on = |pointer: &str| if field::is_true(settings, pointer) { "on" } else { "off" };
    let currencies: Vec<String> = field::items(settings, "/currencies")
        .iter()
        .filter_map(|currency| field::text(currency, ""))
        .collect();
    let currencies = match currencies.as_slice() {
        [] => "the organisation's own".to_owned(),
        listed => listed.join(", "),
    };
    let parties = field::items(settings, "/contacts_opt_out").iter();
    let left_out = match parties
        .map(|party| field::shown(party, ""))
        .collect::<Vec<_>>()
        .as_slice()
    {
        [] => "nobody".to_owned(),
        few if few.len() < 4 => few.join(", "),
        many => format!("{} contacts", many.len()),
    };
    let is_on = field::is_true(settings, "/auto_sync/enabled");
    let rows = [
        (
            "auto-sync.enabled",
            on("/auto_sync/enabled"),
            "Automatically sync new invoices to Xero",
        ),
        ("auto-sync.sales", on("/auto_sync/sales"), "Sync sales invoices"),
        (
            "auto-sync.purchases",
            on("/auto_sync/purchases"),
            "Sync purchase invoices",
        ),
        (
            "same-code-default",
            on("/same_code_default"),
            "A code equal to a Xero account code needs no mapping",
        ),
        ("currencies", &currencies, "Currencies that are sent"),
        (
            "contacts opt-out",
            &left_out,
            "Contacts whose invoices wait for Sync now",
        ),
    ];
    for (key, value, meaning) in rows {
        session.screen.line(&format!("{key:<20} {value:<23} {meaning}"))?;
    }
    if !is_on {
        session
            .screen
            .styled("Auto-sync is off. Sync now still works.", Style::Warning)?;
    }
    Ok(())
}

/// The change as the API takes it.
pub fn patch(key: &str, value: &str) -> Result<Value, Trouble> {
    let key = key.to_lowercase().replace('_', "-");
    let patch = match key.as_str() {
        "auto-sync.enabled" => json!({"auto_sync": {"enabled": switch(value)?}}),
        "auto-sync.sales" => json!({"auto_sync": {"sales": switch(value)?}}),
        "auto-sync.purchases" => json!({"auto_sync": {"purchases": switch(value)?}}),
        "same-code-default" => json!({"same_code_default": switch(value)?}),
        "currencies" => {
            let codes = value.split(',').map(|code| code.trim().to_uppercase());
            json!({"currencies": codes.filter(|code| !code.is_empty()).collect::<Vec<_>>()})
        }
        _ => {
            let trouble = Trouble::usage(format!("There is no setting \"{}\"", field::clean(&key)));
            let trouble = match nearest(&key, KEYS) {
                Some(meant) => trouble.because(format!("did you mean {meant}?")),
                None => trouble,
            };
            return Err(trouble.fix(format!("The settings are {}.", KEYS.join(", "))));
        }
    };
    Ok(patch)
}

fn switch(value: &str) -> Result<bool, Trouble> {
    match value.to_lowercase().as_str() {
        "on" | "true" | "yes" => Ok(true),
        "off" | "false" | "no" => Ok(false),
        _ => Err(Trouble::usage(format!("\"{}\" is neither on nor off", field::clean(value))).fix("Write on or off.")),
    }
}
