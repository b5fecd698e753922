//! The tokens of a grant, in memory. Their `Debug` shows none.

use crate::model::secret::{ExposeSecret, SecretString};
use crate::model::time::Timestamp;

/// A token for calls.
#[derive(Debug, Clone)]
pub struct Access {
    /// The token.
    pub token: SecretString,
    /// When it expires, wall clock.
    pub expires_at: Timestamp,
}

/// What the store has, or is to have, of a grant.
#[derive(Debug, Clone)]
pub struct Durable {
    /// The refresh token to use next.
    pub current: SecretString,
    /// The one it came from.
    pub previous: Option<SecretString>,
    /// The one somebody handed over, with which the chain began.
    pub given: Option<SecretString>,
    /// The token for calls that came with it.
    pub access: Option<Access>,
    /// When the pair was made; the start of time while there was none.
    pub refreshed_at: Timestamp,
    /// Whose consent it is, where Xero said so. Xero keeps one chain of tokens for each user.
    pub user: Option<String>,
    /// A refresh is asked for whose end is not heard, or one that was given up may still arrive:
    /// Xero may be further than this pair.
    pub is_unsure: bool,
}

impl Durable {
    /// What is stored while a code is redeemed, so that a crash then does not pass unnoticed: the
    /// chain of whoever consented goes on at Xero with a pair that nobody has.
    #[must_use]
    pub fn redeeming() -> Self {
        Self {
            current: SecretString::from(String::new()),
            previous: None,
            given: None,
            access: None,
            refreshed_at: Timestamp::default(),
            user: None,
            is_unsure: true,
        }
    }

    /// Whether it is such a mark and no grant.
    #[must_use]
    pub fn is_redeeming(&self) -> bool {
        self.current.expose_secret().is_empty()
    }

    /// Whether there was ever a pair.
    #[must_use]
    pub fn has_worked(&self) -> bool {
        self.refreshed_at != Timestamp::default()
    }
}

/// A new pair from Xero.
#[derive(Debug, Clone)]
pub struct NewPair {
    /// For calls.
    pub access: SecretString,
    /// For the next refresh.
    pub refresh: SecretString,
    /// Lifetime of the access token, in seconds.
    pub expires_in_s: u64,
    /// Whose consent it is, where Xero said so.
    pub user: Option<String>,
}
