//! Apps, what is answered to their requests for consent, and the consents there are.

use uuid::Uuid;

use super::body::{self, Bad};
use super::surface::Done;
use crate::sandbox::gate::app::{App, AppKind};
use crate::sandbox::gate::consent::Answers;
use crate::sandbox::gate::scope::{self, Scopes};
use crate::sandbox::wire::{Json, Request, Writer};
use crate::sandbox::world::World;

/// Registers an app: `kind` web (default), pkce or custom; a custom one needs `tenant_id`.
pub(super) fn register(world: &mut World, request: &Request) -> Result<Done, Bad> {
    let input = body::object(request)?;
    body::only(&input, &["name", "kind", "tenant_id", "redirect_uris", "scopes"])?;
    let tenant = body::guid(&input, "tenant_id")?;
    let kind = match (input.text("kind").unwrap_or("web"), tenant) {
        ("web", None) => AppKind::Web,
        ("pkce", None) => AppKind::Pkce,
        ("custom", Some(tenant)) if world.tenants.contains_key(&tenant) => AppKind::Custom { tenant },
        ("custom", Some(tenant)) => return Err(Bad::missing(format!("no organisation {tenant}"))),
        ("custom", None) => return Err(Bad::input("a custom app needs tenant_id")),
        ("web" | "pkce", Some(_)) => return Err(Bad::input("tenant_id is for custom apps only")),
        (other, _) => {
            return Err(Bad::input(format!(
                "unknown kind '{other}'; known are web, pkce, custom"
            )));
        }
    };
    let redirect_uris = texts(&input, "redirect_uris")?;
    let scopes = scopes(&input)?;
    let name = input.text("name").unwrap_or("Another app").to_owned();
    let mut app = App::register(&name, kind, &mut world.rng);
    app.redirect_uris = redirect_uris;
    app.scopes = scopes;
    let done = Done::object(201, |row| write_app(row, &app));
    world.apps.add(app);
    Ok(done)
}

/// Every app, with its secret.
pub(super) fn apps(world: &World) -> Done {
    Done::list(|items| {
        for (_, app) in world.apps.iter() {
            items.object(|row| write_app(row, app));
        }
    })
}

/// Says what becomes of requests for consent: `answer` ask, allow or deny; with allow,
/// `tenant_ids` (absent is all).
pub(super) fn answers(world: &mut World, request: &Request) -> Result<Done, Bad> {
    let input = body::object(request)?;
    body::only(&input, &["answer", "tenant_ids"])?;
    let chosen = match input.get("tenant_ids") {
        None => None,
        Some(_) => Some(tenants(world, &texts(&input, "tenant_ids")?)?),
    };
    let answer = body::required(&input, "answer")?.to_owned();
    world.answers = match (answer.as_str(), chosen) {
        ("ask", None) => Answers::Ask,
        ("deny", None) => Answers::Deny,
        ("allow", chosen) => Answers::Allow(chosen),
        ("ask" | "deny", Some(_)) => return Err(Bad::input("tenant_ids goes with allow only")),
        (other, _) => {
            return Err(Bad::input(format!(
                "unknown answer '{other}'; known are ask, allow, deny"
            )));
        }
    };
    Ok(Done::object(200, |body| body.text("answer", &answer)))
}

/// Switches the 30 minutes of grace: `refresh_grace`.
pub(super) fn grace(world: &mut World, request: &Request) -> Result<Done, Bad> {
    let input = body::object(request)?;
    body::only(&input, &["refresh_grace"])?;
    let grace: Option<bool> = body::read(&input, "refresh_grace", "true or false")?;
    world.refresh_grace = grace.ok_or_else(|| Bad::input("refresh_grace is required"))?;
    Ok(Done::object(200, |body| {
        body.flag("refresh_grace", world.refresh_grace)
    }))
}

/// Every consent, without its tokens.
pub(super) fn grants(world: &World) -> Done {
    Done::list(|items| {
        for grant in world.grants.iter() {
            items.object(|row| {
                row.id("auth_event_id", grant.auth_event);
                row.text("client_id", &world.apps.get(grant.app).id);
                row.id("user_id", grant.user());
                row.text("scope", &grant.scopes.text());
                row.flag("revoked", grant.is_revoked());
                row.list("tenant_ids", |list| {
                    for connection in &grant.connections {
                        list.string_element(&connection.tenant.to_string());
                    }
                });
            });
        }
    })
}

/// The scopes named under `scopes`, when the key is there.
pub(super) fn scopes(input: &Json) -> Result<Option<Scopes>, Bad> {
    let Some(text) = input.get("scopes") else {
        return Ok(None);
    };
    let Json::Text(text) = text else {
        return Err(Bad::input("scopes must be a string, separated by spaces"));
    };
    let scopes = Scopes::parse(text);
    if let Some(stranger) = scopes.iter().find(|name| !scope::is_known(name)) {
        return Err(Bad::input(format!("Xero has no scope '{stranger}'")));
    }
    Ok(Some(scopes))
}

fn tenants(world: &World, texts: &[String]) -> Result<Vec<Uuid>, Bad> {
    let read = |text: &String| {
        let id = Uuid::parse_str(text).ok().filter(|id| world.tenants.contains_key(id));
        id.ok_or_else(|| Bad::missing(format!("no organisation {text}")))
    };
    texts.iter().map(read).collect()
}

fn texts(input: &Json, key: &str) -> Result<Vec<String>, Bad> {
    let wrong = || Bad::input(format!("{key} must be a list of strings"));
    let read = |value: &Json| match value {
        Json::Text(text) => Ok(text.clone()),
        _ => Err(wrong()),
    };
    match input.get(key) {
        None => Ok(Vec::new()),
        Some(Json::List(items)) => items.iter().map(read).collect(),
        Some(_) => Err(wrong()),
    }
}

fn write_app(row: &mut Writer, app: &App) {
    row.text("name", &app.name);
    row.text("client_id", &app.id);
    match &app.secret {
        Some(secret) => row.text("client_secret", secret),
        None => row.null("client_secret"),
    }
    let kind = match app.kind {
        AppKind::Web => "web",
        AppKind::Pkce => "pkce",
        AppKind::Custom { .. } => "custom",
    };
    row.text("kind", kind);
    if let AppKind::Custom { tenant } = app.kind {
        row.id("tenant_id", tenant);
    }
}
