//! A configuration file that a test writes and rewrites.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use std::io::Write;

use super::sandbox::Sandbox;

/// Keys and their values as TOML.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    /// Where it is written.
    pub path: PathBuf,
    keys: BTreeMap<String, String>,
}

impl ConfigFile {
    /// A daemon for this sandbox, with its data beside the file and short intervals.
    pub fn new(folder: &Path, sandbox: &Sandbox) -> Self {
        Self::shipped(folder, sandbox)
            .set("store.reserve_bytes", "16 MiB")
            .set("store.ballast_bytes", "1 MiB")
            .set("store.cache_bytes", "16 MiB")
            .set("sync.batch_wait", "50ms")
            .set_raw("sync.retry_delays", r#"["100ms", "200ms", "300ms"]"#)
    }

    /// The same with the settings that are shipped, as far as they can be.
    pub fn shipped(folder: &Path, sandbox: &Sandbox) -> Self {
        let secret = folder.join("client-secret");
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&secret)
            .unwrap();
        file.write_all(sandbox.client_secret.as_bytes()).unwrap();
        let config = Self {
            path: folder.join("counterfoil.toml"),
            keys: BTreeMap::new(),
        };
        let text = |path: &Path| path.display().to_string();
        config
            .set("xero.client_id", &sandbox.client_id)
            .set("xero.client_secret_file", &text(&secret))
            .set("xero.api_url", &sandbox.url)
            .set("xero.identity_url", &sandbox.url)
            .set("xero.login_url", &sandbox.url)
            .set("control.listen", "127.0.0.1:0")
            .set("store.path", &text(&folder.join("data")))
    }

    /// With a text.
    #[must_use]
    pub fn set(self, key: &str, value: &str) -> Self {
        // A JSON string is a basic string of TOML too.
        let value = serde_json::Value::from(value).to_string();
        self.set_raw(key, &value)
    }

    /// With anything, written as TOML.
    #[must_use]
    pub fn set_raw(mut self, key: &str, value: &str) -> Self {
        self.keys.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Without a key.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.keys.remove(key);
        self
    }

    /// Writes it.
    pub fn write(&self) {
        let text: String = self
            .keys
            .iter()
            .map(|(key, value)| format!("{key} = {value}\n"))
            .collect();
        fs::write(&self.path, text).unwrap();
    }
}
