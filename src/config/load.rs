//! Reads all layers, checks everything, and tells every problem.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use config::{Environment, File, FileFormat, Value};

use super::check;
use super::problem::{Problem, Problems};
use super::reader::{Reader, known_keys};
use super::secrets::{self, Secrets, Source, WebhookKey};
use super::sections::{Audit, Control, Events, Limits, Log, Public, Pull, Reconcile, Shown, Store, Sync, Xero};
use super::values::CredentialName;

use crate::model::secret::SecretString;

/// The shipped file: every key, with its default.
pub const DEFAULTS: &str = include_str!("../../config/counterfoil.toml");

const PREFIX: &str = "COUNTERFOIL";

/// A configuration that was checked as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `[xero]`
    pub xero: Xero,
    /// `[xero.limits]`
    pub limits: Limits,
    /// `[control]`
    pub control: Control,
    /// `[public]`
    pub public: Public,
    /// `[store]`
    pub store: Store,
    /// `[sync]`
    pub sync: Sync,
    /// `[pull]`
    pub pull: Pull,
    /// `[reconcile]`
    pub reconcile: Reconcile,
    /// `[audit]`
    pub audit: Audit,
    /// `[events]`
    pub events: Events,
    /// `[log]`
    pub log: Log,
    /// What was read from secret files.
    pub secrets: Secrets,
}

impl Config {
    /// Reads defaults, then the file at `path` (if any), then `variables`, the environment of the
    /// process.
    ///
    /// # Errors
    /// Every problem there is, at once.
    pub fn load(path: Option<&Path>, variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, Problems> {
        let variables: BTreeMap<String, String> = variables.into_iter().collect();
        let place = path.map_or_else(|| "built-in defaults".to_owned(), |path| path.display().to_string());
        let merged = merge(path, &place, &variables).map_err(|problem| Problems(vec![problem]))?;
        let mut reader = Reader::new(&place, merged);
        note_lost_variables(&variables, &mut reader);
        let config = read(&variables, &mut reader);
        let problems = reader.into_problems();
        match config {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(Problems(problems)),
        }
    }

    /// Every value as text, in the order of the shipped file; no secret is among them.
    #[must_use]
    pub fn shown(&self) -> Vec<Shown> {
        [
            self.xero.shown(),
            self.limits.shown(),
            self.control.shown(),
            self.public.shown(),
            self.store.shown(),
            self.sync.shown(),
            self.pull.shown(),
            self.reconcile.shown(),
            self.audit.shown(),
            self.events.shown(),
            self.log.shown(),
        ]
        .concat()
    }
}

fn read(variables: &BTreeMap<String, String>, reader: &mut Reader<'_>) -> Option<Config> {
    let xero = Xero::read(reader);
    let limits = Limits::read(reader);
    let control = Control::read(reader);
    let public = Public::read(reader);
    let store = Store::read(reader);
    let sync = Sync::read(reader);
    let pull = Pull::read(reader);
    let reconcile = Reconcile::read(reader);
    let audit = Audit::read(reader);
    let events = Events::read(reader);
    let log = Log::read(reader);

    check::xero(reader);
    check::control(reader);
    check::public(reader);
    check::store(reader);
    check::sync(reader);
    check::pull(reader);
    let client_secret = secret(("xero", "client_secret_file", "credential"), variables, reader);
    let webhook_keys = webhook_keys(variables, reader);
    let store_key = secret(("store", "key_file", "key_credential"), variables, reader);
    Some(Config {
        xero: xero?,
        limits: limits?,
        control: control?,
        public: public?,
        store: store?,
        sync: sync?,
        pull: pull?,
        reconcile: reconcile?,
        audit: audit?,
        events: events?,
        log: log?,
        secrets: Secrets {
            client_secret,
            store_key,
            webhook_keys,
        },
    })
}

/// The signing keys, from every file and credential that is named.
fn webhook_keys(variables: &BTreeMap<String, String>, reader: &mut Reader<'_>) -> Vec<WebhookKey> {
    let files = reader.peek::<Vec<PathBuf>>("public", "webhook_key_files");
    let credentials = reader.peek::<Vec<CredentialName>>("public", "webhook_credentials");
    let sources = secrets::KeySources {
        files_key: "public.webhook_key_files",
        files: &files.unwrap_or_default(),
        credentials_key: "public.webhook_credentials",
        credentials: &credentials.unwrap_or_default(),
    };
    secrets::read_all(&sources, variables, reader)
}

/// A secret, from whichever of its two keys is set.
fn secret(
    (section, file_key, credential_key): (&str, &str, &str),
    variables: &BTreeMap<String, String>,
    reader: &mut Reader<'_>,
) -> Option<SecretString> {
    let file = reader.peek::<Option<PathBuf>>(section, file_key).flatten();
    let credential = reader.peek::<Option<CredentialName>>(section, credential_key).flatten();
    let source = Source {
        file_key: &format!("{section}.{file_key}"),
        file: file.as_ref(),
        credential_key: &format!("{section}.{credential_key}"),
        credential: credential.as_ref(),
    };
    secrets::read(&source, variables, reader)
}

/// The three layers as one tree.
fn merge(path: Option<&Path>, place: &str, variables: &BTreeMap<String, String>) -> Result<Value, Problem> {
    let wrong = |what: String, fix: &str| Problem {
        place: place.to_owned(),
        key: String::new(),
        what,
        fix: fix.to_owned(),
    };
    let mut builder = config::Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
    if let Some(path) = path {
        let text = fs::read_to_string(path).map_err(|error| {
            wrong(
                format!("cannot be read: {error}"),
                "Check the path and that the daemon's user may read it.",
            )
        })?;
        builder = builder.add_source(File::from_str(&text, FileFormat::Toml));
    }
    builder
        .add_source(
            Environment::with_prefix(PREFIX)
                .prefix_separator("__")
                .separator("__")
                .ignore_empty(true)
                .source(Some(variables.clone().into_iter().collect())),
        )
        .build()
        .map(|merged| merged.cache)
        .map_err(|error| {
            wrong(
                format!("is not TOML: {}", first_and_last_line(&error.to_string())),
                "Correct the line it names.",
            )
        })
}

/// The parser's words without the line it quotes, which could hold anything.
fn first_and_last_line(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    match lines.next_back() {
        Some(last) => format!("{first}: {last}"),
        None => first.to_owned(),
    }
}

/// `COUNTERFOIL_XERO_CLIENT_ID` would be ignored without a word: two underscores are wanted.
fn note_lost_variables(variables: &BTreeMap<String, String>, reader: &mut Reader<'_>) {
    let flat = |name: &str| name.to_uppercase().replace("__", "_");
    for name in variables.keys() {
        if name.to_uppercase().starts_with("COUNTERFOIL__") {
            continue;
        }
        if let Some(key) = known_keys().find(|key| flat(&key.variable()) == flat(name)) {
            reader.note(
                format!("variable {name}"),
                &key.path(),
                "is not read: a section and its key are separated by two underscores".to_owned(),
                format!("Name it {}.", key.variable()),
            );
        }
    }
}
