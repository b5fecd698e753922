//! Secrets are never in the file itself: they are read from files of their own.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::reader::Reader;
use super::values::CredentialName;
use crate::model::secret::{ExposeSecret, SecretString};

/// Where systemd puts the credentials of a unit.
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";
/// More than any key or client secret has.
const SECRET_MAX_BYTES: u64 = 16 * 1024;

/// What was read from secret files and credentials.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// Xero's client secret; `None` = the app has none.
    pub client_secret: Option<SecretString>,
    /// What tokens are encrypted with; `None` = the daemon makes a key in its data folder.
    pub store_key: Option<SecretString>,
    /// What webhooks are signed with. Unlike the others these may change while the daemon runs.
    pub webhook_keys: Vec<WebhookKey>,
}

/// A signing key of webhooks.
#[derive(Debug, Clone)]
pub struct WebhookKey {
    /// Its file or credential.
    pub source: String,
    /// The key.
    pub secret: SecretString,
}

impl PartialEq for WebhookKey {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source && self.secret.expose_secret() == other.secret.expose_secret()
    }
}

impl Eq for WebhookKey {}

impl Secrets {
    /// Whether everything is the same that only a restart can replace.
    #[must_use]
    pub fn is_same_but_for_webhooks(&self, other: &Self) -> bool {
        let text = |secret: &Option<SecretString>| secret.as_ref().map(|secret| secret.expose_secret().to_owned());
        text(&self.client_secret) == text(&other.client_secret) && text(&self.store_key) == text(&other.store_key)
    }
}

impl PartialEq for Secrets {
    fn eq(&self, other: &Self) -> bool {
        self.is_same_but_for_webhooks(other) && self.webhook_keys == other.webhook_keys
    }
}

impl Eq for Secrets {}

/// A secret's two keys: exactly one may be set.
pub(super) struct Source<'a> {
    /// Key of the file.
    pub file_key: &'a str,
    /// The file.
    pub file: Option<&'a PathBuf>,
    /// Key of the credential.
    pub credential_key: &'a str,
    /// The credential.
    pub credential: Option<&'a CredentialName>,
}

/// Reads a secret; notes what is wrong. `None` when it is not set or wrong.
pub(super) fn read(
    source: &Source<'_>,
    variables: &BTreeMap<String, String>,
    reader: &mut Reader<'_>,
) -> Option<SecretString> {
    let found = match (source.file, source.credential) {
        (None, None) => return None,
        (Some(_), Some(_)) => {
            reader.note_value(
                source.credential_key,
                format!("is set, and {} too", source.file_key),
                "Set one of the two.",
            );
            return None;
        }
        (Some(file), None) => (source.file_key, read_private_file(file)),
        (None, Some(name)) => (source.credential_key, read_credential(name, variables)),
    };
    match found {
        (_, Ok(secret)) => Some(secret),
        (key, Err((what, fix))) => {
            reader.note_value(key, what, fix);
            None
        }
    }
}

/// Where signing keys are.
pub(super) struct KeySources<'a> {
    /// Key of the files.
    pub files_key: &'a str,
    /// The files.
    pub files: &'a [PathBuf],
    /// Key of the credentials.
    pub credentials_key: &'a str,
    /// The credentials.
    pub credentials: &'a [CredentialName],
}

/// Reads every signing key; notes what is wrong with each.
pub(super) fn read_all(
    sources: &KeySources<'_>,
    variables: &BTreeMap<String, String>,
    reader: &mut Reader<'_>,
) -> Vec<WebhookKey> {
    let of_files = sources
        .files
        .iter()
        .map(|path| (sources.files_key, path.display().to_string(), read_private_file(path)));
    let of_credentials = sources.credentials.iter().map(|name| {
        let read = read_credential(name, variables);
        (sources.credentials_key, name.as_str().to_owned(), read)
    });
    let mut keys = Vec::new();
    for (key, source, read) in of_files.chain(of_credentials) {
        match read {
            Ok(secret) => keys.push(WebhookKey { source, secret }),
            Err((what, fix)) => reader.note_value(key, what, fix),
        }
    }
    keys
}

/// What is wrong, and what to do.
type Wrong = (String, String);

fn read_credential(name: &CredentialName, variables: &BTreeMap<String, String>) -> Result<SecretString, Wrong> {
    let folder = variables.get(CREDENTIALS_DIRECTORY).ok_or_else(|| {
        (
            format!("names the credential {}, but there are none", name.as_str()),
            "Start the daemon by its systemd unit with LoadCredential=, or name a file instead.".to_owned(),
        )
    })?;
    // systemd itself keeps others out of the folder, whatever the modes of the files say.
    read_text(&Path::new(folder).join(name.as_str()))
}

fn read_private_file(path: &Path) -> Result<SecretString, Wrong> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err((
            format!(
                "names {}, which others than its owner may use (mode {mode:04o})",
                path.display()
            ),
            format!("chmod 600 {}", path.display()),
        ));
    }
    let me = rustix::process::geteuid().as_raw();
    if metadata.uid() != me && me != 0 {
        return Err((
            format!("names {}, which belongs to another user", path.display()),
            format!("chown it to the daemon's user (id {me})."),
        ));
    }
    read_text(path)
}

fn read_text(path: &Path) -> Result<SecretString, Wrong> {
    let mut text = String::new();
    fs::File::open(path)
        .and_then(|file| file.take(SECRET_MAX_BYTES).read_to_string(&mut text))
        .map_err(|error| unreadable(path, &error))?;
    let secret = text.trim();
    if secret.is_empty() {
        return Err((
            format!("names {}, which is empty", path.display()),
            "Put the secret into it.".to_owned(),
        ));
    }
    Ok(SecretString::from(secret.to_owned()))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Wrong {
    (
        format!("names {}, which cannot be read: {error}", path.display()),
        "Check the path and that the daemon's user may read it.".to_owned(),
    )
}
