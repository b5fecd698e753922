//! One consent of one person to one app, and the organisations it reaches.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngExt as _;
use rand::rngs::StdRng;
use uuid::Uuid;

use super::app::AppId;
use super::scope::Scopes;

/// A refresh token dies when unused this long.
const REFRESH_IDLE_MS: i64 = 60 * 86_400_000;
/// The previous refresh token may be retried this long after it was replaced.
const GRACE_MS: i64 = 1_800_000;
/// The person who owns the organisations that are not isolated.
const SHARED_USER: Uuid = Uuid::from_u128(0x0b1e_55ed_0000_4000_8000_0000_0000_0001);

/// One organisation a grant reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The connection's own id, for `DELETE /connections/{id}`.
    pub id: Uuid,
    /// The organisation.
    pub tenant: Uuid,
    /// In milliseconds of document time.
    pub created_ms: i64,
    /// In milliseconds of document time.
    pub updated_ms: i64,
}

/// Whose consent it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// The person who owns all organisations that are not isolated.
    Shared,
    /// The owner of one isolated organisation.
    Own(Uuid),
    /// Nobody: a custom connection to one organisation.
    Custom(Uuid),
}

/// One consent of one person to one app.
#[derive(Debug, Clone)]
pub struct Grant {
    /// `authEventId`.
    pub auth_event: Uuid,
    /// To which app.
    pub app: AppId,
    /// Whose it is.
    pub holder: Holder,
    /// Everything ever consented to.
    pub scopes: Scopes,
    /// The organisations it reaches.
    pub connections: Vec<Connection>,
    pub(super) current: Refresh,
    pub(super) previous: Option<(String, i64)>,
    pub(super) revoked: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Refresh {
    pub(super) token: String,
    pub(super) minted_ms: i64,
}

impl Grant {
    /// Whether it reaches an organisation.
    pub fn reaches(&self, tenant: Uuid) -> bool {
        self.connections.iter().any(|connection| connection.tenant == tenant)
    }

    /// Whose consent it is, as `xero_userid` has it.
    pub fn user(&self) -> Uuid {
        match self.holder {
            Holder::Shared => SHARED_USER,
            Holder::Own(tenant) | Holder::Custom(tenant) => Uuid::from_u128(tenant.as_u128().rotate_left(64)),
        }
    }

    /// Whether it was ended.
    pub fn is_revoked(&self) -> bool {
        self.revoked
    }

    /// Whether this refresh token is its newest and not idle for too long.
    pub(super) fn accepts(&self, token: &str, now_ms: i64) -> bool {
        self.current.token == token && self.current.minted_ms.saturating_add(REFRESH_IDLE_MS) > now_ms
    }

    /// Whether this refresh token was replaced a short while ago.
    pub(super) fn forgives(&self, token: &str, now_ms: i64) -> bool {
        self.previous
            .as_ref()
            .is_some_and(|(previous, replaced_ms)| previous == token && replaced_ms.saturating_add(GRACE_MS) > now_ms)
    }

    /// Whether this refresh token is its newest or the one before.
    pub(super) fn knows(&self, token: &str) -> bool {
        let is_previous = self.previous.as_ref().is_some_and(|(previous, _)| previous == token);
        self.current.token == token || is_previous
    }

    pub(super) fn connect(&mut self, id: Uuid, tenant: Uuid, now_ms: i64) {
        let known = self
            .connections
            .iter_mut()
            .find(|connection| connection.tenant == tenant);
        match known {
            Some(connection) => connection.updated_ms = now_ms,
            None => self.connections.push(Connection {
                id,
                tenant,
                created_ms: now_ms,
                updated_ms: now_ms,
            }),
        }
    }

    pub(super) fn rotate(&mut self, fresh: &str, now_ms: i64) {
        let next = Refresh {
            token: fresh.to_owned(),
            minted_ms: now_ms,
        };
        let old = std::mem::replace(&mut self.current, next);
        self.previous = Some((old.token, now_ms));
    }

    pub(super) fn end(&mut self) {
        self.revoked = true;
        self.connections.clear();
    }
}

/// A random GUID from the sandbox's own source.
pub fn new_id(rng: &mut StdRng) -> Uuid {
    uuid::Builder::from_random_bytes(rng.random()).into_uuid()
}

/// A refresh token nobody has seen yet.
pub(super) fn refresh_token(rng: &mut StdRng) -> String {
    URL_SAFE_NO_PAD.encode(rng.random::<[u8; 32]>())
}
