//! Why a daemon did not start.

use std::path::PathBuf;

use super::keyfile::KeyFileError;
use crate::actors::keyring::KeyringError;
use crate::http;
use crate::store::StoreError;
use crate::store::reader::ReadError;
use crate::xero::client::ClientError;

/// Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store.
    #[error(
        "the store did not open ({code}): {0}{way_out}; see docs/how-to/disk-full-or-store-damaged.md",
        code = .0.code(),
        way_out = way_out(.0)
    )]
    Store(#[from] StoreError),
    /// The data folder cannot be made or entered.
    #[error("the data folder {}: {source}; make it, and let it belong to the user the daemon runs as", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A secret file.
    #[error("{0}; put the right file back, or move this one away to have a new one made")]
    KeyFile(#[from] KeyFileError),
    /// The given store key.
    #[error("the store key is not 64 hexadecimal digits; `openssl rand -hex 32` makes one")]
    BadStoreKey,
    /// The keyring.
    #[error("{0}; the store key must be the one the grants were sealed with")]
    Keyring(#[from] KeyringError),
    /// The Xero client.
    #[error("{0}")]
    Client(#[from] ClientError),
    /// The control endpoint.
    #[error("{0}; choose another place with control.listen or control.socket")]
    Http(#[from] http::StartError),
    /// The public listener.
    #[error("{0}; choose another place with public.listen, or \"off\"")]
    Public(http::StartError),
    /// A row of the store.
    #[error("the store cannot be read: {0}; see docs/how-to/disk-full-or-store-damaged.md")]
    Read(String),
    /// The supervisor ended while it was starting tenants: a defect.
    #[error("the supervisor of the tenants ended")]
    Supervisor,
}

impl StartError {
    /// Whether it passes by itself, so that waiting is better than ending.
    #[must_use]
    pub const fn passes(&self) -> bool {
        matches!(self, Self::Store(StoreError::Full { .. }))
    }
}

impl From<ReadError> for StartError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(error) => Self::Store(error),
            other => Self::Read(other.to_string()),
        }
    }
}

fn way_out(error: &StoreError) -> String {
    error
        .way_out()
        .map_or_else(String::new, |act| format!("; to do: {act}"))
}
