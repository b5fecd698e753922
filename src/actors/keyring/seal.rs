//! Encryption of grants at rest: XChaCha20-Poly1305, a random nonce each time, bound to the grant
//! so that a row cannot be put in another one's place.

use std::sync::Arc;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Serialize};

use super::tokens::{Access, Durable};
use crate::model::ids::GrantId;
use crate::model::row::GrantRow;
use crate::model::secret::{ExposeSecret, SecretString};
use crate::model::time::{Entropy, Timestamp};

/// First byte of a sealed record.
const VERSION: u8 = 1;
/// Bytes of a nonce; long enough to be drawn at random.
const NONCE_BYTES: usize = 24;
/// What the record is, bound into the seal.
const RECORD_KIND: &[u8] = b"counterfoil grant\0";

/// A sealed record that cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Made by a newer version, or not a sealed record at all.
    #[error("the record has an unknown format")]
    UnknownFormat,
    /// Another key, another grant's record, or damage.
    #[error("the record does not open with this key")]
    WrongKeyOrDamaged,
    /// Opened, but not what was sealed.
    #[error("the record opens, but its content is not a grant")]
    BadContent,
    /// Too long to encrypt; cannot happen with tokens.
    #[error("the record cannot be sealed")]
    Unsealable,
}

/// Seals and opens grants with the daemon's key.
pub struct Sealer {
    cipher: XChaCha20Poly1305,
    entropy: Arc<dyn Entropy>,
}

impl Sealer {
    /// A sealer with this key of 32 random bytes.
    #[must_use]
    pub fn new(key: &[u8; 32], entropy: Arc<dyn Entropy>) -> Self {
        Self {
            cipher: XChaCha20Poly1305::new(&Key::from(*key)),
            entropy,
        }
    }

    /// The row to store.
    ///
    /// # Errors
    /// When it cannot be encrypted.
    pub fn seal(&self, grant: GrantId, durable: &Durable) -> Result<GrantRow, SealError> {
        let content = Content {
            current: durable.current.expose_secret(),
            previous: durable.previous.as_ref().map(ExposeSecret::expose_secret),
            given: durable.given.as_ref().map(ExposeSecret::expose_secret),
            access: durable.access.as_ref().map(|access| AccessContent {
                token: access.token.expose_secret(),
                expires_at: access.expires_at,
            }),
            user: durable.user.as_deref(),
            is_unsure: durable.is_unsure,
        };
        let plain = serde_json::to_vec(&content).map_err(|_never| SealError::Unsealable)?;
        let plain = Zeroizing::new(plain);
        let mut nonce = [0_u8; NONCE_BYTES];
        self.entropy.fill(&mut nonce);
        let bound = associated_data(grant);
        let payload = Payload {
            msg: &plain,
            aad: &bound,
        };
        let secret = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_too_long| SealError::Unsealable)?;
        let mut sealed = Vec::with_capacity(1 + NONCE_BYTES + secret.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&secret);
        Ok(GrantRow {
            id: grant,
            sealed,
            refreshed_at: durable.refreshed_at,
        })
    }

    /// The tokens of a stored row.
    ///
    /// # Errors
    /// When it was not sealed by this key for this grant.
    pub fn open(&self, row: &GrantRow) -> Result<Durable, SealError> {
        let (version, rest) = row.sealed.split_first().ok_or(SealError::UnknownFormat)?;
        if *version != VERSION {
            return Err(SealError::UnknownFormat);
        }
        let (nonce, secret) = rest
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(SealError::UnknownFormat)?;
        let bound = associated_data(row.id);
        let payload = Payload {
            msg: secret,
            aad: &bound,
        };
        let plain = self
            .cipher
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_refused| SealError::WrongKeyOrDamaged)?;
        let plain = Zeroizing::new(plain);
        let content: Opened = serde_json::from_slice(&plain).map_err(|_other| SealError::BadContent)?;
        Ok(Durable {
            current: content.current.into(),
            previous: content.previous.map(SecretString::from),
            given: content.given.map(SecretString::from),
            access: content.access.map(|access| Access {
                token: access.token.into(),
                expires_at: access.expires_at,
            }),
            refreshed_at: row.refreshed_at,
            user: content.user,
            is_unsure: content.is_unsure,
        })
    }
}

fn associated_data(grant: GrantId) -> Vec<u8> {
    let mut bound = RECORD_KIND.to_vec();
    bound.push(VERSION);
    bound.extend_from_slice(&grant.to_bytes());
    bound
}

#[derive(Serialize)]
struct Content<'a> {
    current: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<AccessContent<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_unsure: bool,
}

#[derive(Serialize)]
struct AccessContent<'a> {
    token: &'a str,
    expires_at: Timestamp,
}

#[derive(Deserialize)]
struct Opened {
    current: String,
    #[serde(default)]
    previous: Option<String>,
    #[serde(default)]
    given: Option<String>,
    #[serde(default)]
    access: Option<OpenedAccess>,
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    is_unsure: bool,
}

#[derive(Deserialize)]
struct OpenedAccess {
    token: String,
    expires_at: Timestamp,
}
