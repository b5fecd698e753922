//! The apps that are registered with the sandbox.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::rngs::StdRng;
use uuid::Uuid;

use super::grant::new_id;
use super::scope::Scopes;
use crate::sandbox::wire::{Params, Request};

/// Which app, by its place; the first is the one the sandbox starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct AppId(pub usize);

/// How an app proves itself and what it may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppKind {
    /// Has a secret and sends people to the consent page.
    Web,
    /// Has no secret; proves itself by PKCE.
    Pkce,
    /// A custom connection: a secret, one organisation, no people.
    Custom {
        /// Its organisation.
        tenant: Uuid,
    },
}

/// A registered app.
#[derive(Debug, Clone)]
pub struct App {
    /// Shown on the consent page.
    pub name: String,
    /// `client_id`
    pub id: String,
    /// `client_secret`; a PKCE app has none.
    pub secret: Option<String>,
    /// What it is.
    pub kind: AppKind,
    /// Where answers may go; empty is anywhere.
    pub redirect_uris: Vec<String>,
    /// What it may ask for; `None` is every scope there is.
    pub scopes: Option<Scopes>,
}

/// All apps, never empty.
#[derive(Debug, Clone)]
pub struct Apps {
    first: App,
    others: Vec<App>,
}

impl App {
    /// An app with fresh credentials.
    pub fn register(name: &str, kind: AppKind, rng: &mut StdRng) -> Self {
        let id = new_id(rng).simple().to_string().to_ascii_uppercase();
        let secret = new_id(rng).simple().to_string();
        Self {
            name: name.to_owned(),
            id,
            secret: Some(secret).filter(|_| kind != AppKind::Pkce),
            kind,
            redirect_uris: Vec::new(),
            scopes: None,
        }
    }

    /// Whether people may be sent back to this address: a registered one, or any when none is
    /// registered. It must be able to stand in a header, name a place and not be a script.
    pub fn returns_to(&self, redirect_uri: &str) -> bool {
        let is_place = redirect_uri.split_once("://").is_some_and(|(scheme, rest)| {
            let named = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
            let runs = ["javascript", "data", "vbscript"]
                .iter()
                .any(|bad| scheme.eq_ignore_ascii_case(bad));
            named && !runs && !rest.is_empty()
        });
        let is_plain = redirect_uri.chars().all(|c| c.is_ascii_graphic());
        let is_listed = self.redirect_uris.is_empty() || self.redirect_uris.iter().any(|uri| uri == redirect_uri);
        is_place && is_plain && is_listed && !redirect_uri.contains('#')
    }

    /// Whether it may ask for all of these.
    pub fn may_ask(&self, asked: &Scopes) -> bool {
        self.scopes
            .as_ref()
            .is_none_or(|allowed| asked.iter().all(|scope| allowed.has(scope)))
    }
}

impl Apps {
    /// Begins with this one.
    pub fn new(first: App) -> Self {
        Self {
            first,
            others: Vec::new(),
        }
    }

    /// The app the sandbox started with.
    pub fn first(&self) -> &App {
        &self.first
    }

    /// Adds one.
    pub fn add(&mut self, app: App) -> AppId {
        self.others.push(app);
        AppId(self.others.len())
    }

    /// Each of them, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (AppId, &App)> {
        let all = std::iter::once(&self.first).chain(&self.others);
        all.enumerate().map(|(at, app)| (AppId(at), app))
    }

    /// One of them.
    pub fn get(&self, id: AppId) -> &App {
        id.0.checked_sub(1)
            .and_then(|at| self.others.get(at))
            .unwrap_or(&self.first)
    }

    /// The app of this `client_id`.
    pub fn named(&self, client_id: &str) -> Option<(AppId, &App)> {
        self.iter().find(|(_, app)| app.id == client_id)
    }

    /// The app whose credentials a call carries, as HTTP Basic or as form fields. An app without a
    /// secret only names itself.
    pub fn authenticated(&self, request: &Request, form: &Params) -> Option<(AppId, &App)> {
        let basic = request
            .header("authorization")
            .and_then(|value| value.get(..6).zip(value.get(6..)))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic "))
            .and_then(|(_, encoded)| STANDARD.decode(encoded.trim()).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok());
        let (id, secret) = match basic.as_deref() {
            Some(pair) => {
                let (id, secret) = pair.split_once(':')?;
                (id, Some(secret))
            }
            None => (form.get("client_id")?, form.get("client_secret")),
        };
        self.named(id)
            .filter(|(_, app)| app.secret.is_none() || app.secret.as_deref() == secret)
    }
}
