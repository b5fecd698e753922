//! Secrets this installation makes for itself: the admin token and the store key. Each is a file
//! that only its owner may read.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::model::secret::SecretString;
use crate::model::time::Entropy;

/// Prefix of our bearer tokens, so that a leaked one is recognised.
const TOKEN_PREFIX: &str = "cft_";

/// A secret file could not be read or made.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The content is not what such a file holds.
    #[error("{} does not hold {wanted}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
    },
    /// Others may read it.
    #[error("{} can be read by others; run: chmod 600 {}", path.display(), path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
}

/// A secret that was there, or was just made.
pub struct Kept<T> {
    /// The secret.
    pub secret: T,
    /// Whether it was made now.
    pub is_new: bool,
}

/// The admin token in `path`; made when there is none.
///
/// # Errors
/// [`KeyFileError`].
pub fn admin_token(path: &Path, entropy: &dyn Entropy) -> Result<Kept<SecretString>, KeyFileError> {
    if let Some(text) = read(path)? {
        let token = text.trim();
        if !token.starts_with(TOKEN_PREFIX) || token.len() < 32 {
            return Err(KeyFileError::Content {
                path: path.to_owned(),
                wanted: "an admin token (cft_…)",
            });
        }
        return Ok(Kept {
            secret: SecretString::from(token),
            is_new: false,
        });
    }
    let token = format!("{TOKEN_PREFIX}{}", hex(&random_32(entropy)));
    make(path, &format!("{token}\n"))?;
    Ok(Kept {
        secret: SecretString::from(token),
        is_new: true,
    })
}

/// The store key in `path`; made when there is none.
///
/// # Errors
/// [`KeyFileError`].
pub fn store_key(path: &Path, entropy: &dyn Entropy) -> Result<[u8; 32], KeyFileError> {
    if let Some(text) = read(path)? {
        return parse_key(&text).ok_or_else(|| KeyFileError::Content {
            path: path.to_owned(),
            wanted: "a key of 64 hexadecimal digits",
        });
    }
    let key = random_32(entropy);
    make(path, &format!("{}\n", hex(&key)))?;
    Ok(key)
}

/// A key from its 64 hexadecimal digits.
#[must_use]
pub fn parse_key(text: &str) -> Option<[u8; 32]> {
    let digits = text.trim().as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut key = [0; 32];
    for (byte, pair) in key.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(key)
}

fn read(path: &Path) -> Result<Option<String>, KeyFileError> {
    use std::os::unix::fs::PermissionsExt;
    let io = |source| KeyFileError::Io {
        path: path.to_owned(),
        source,
    };
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => {
            return Err(KeyFileError::Exposed { path: path.to_owned() });
        }
        Ok(_) => {}
    }
    fs::read_to_string(path).map(Some).map_err(io)
}

/// Writes a new file completely or not at all.
fn make(path: &Path, text: &str) -> Result<(), KeyFileError> {
    let io = |source| KeyFileError::Io {
        path: path.to_owned(),
        source,
    };
    let draft = path.with_extension("new");
    if let Err(error) = fs::remove_file(&draft)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(io(error));
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .map_err(io)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(io)?;
    fs::rename(&draft, path).map_err(io)?;
    let folder = path.parent().unwrap_or(path);
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)
}

fn random_32(entropy: &dyn Entropy) -> [u8; 32] {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
