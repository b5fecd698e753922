//! Consents, their rotating token chains and the connections they carry.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngExt as _;
use rand::rngs::StdRng;
use uuid::Uuid;

/// An access token lives this long.
pub const ACCESS_MS: i64 = 1_800_000;
/// A refresh token dies when unused this long.
const REFRESH_IDLE_MS: i64 = 60 * 86_400_000;
/// The previous refresh token may be retried this long after it was replaced.
const GRACE_MS: i64 = 1_800_000;
/// Every scope the sandbox's resources need.
pub const SCOPES: &str = "offline_access accounting.invoices accounting.payments accounting.contacts \
accounting.settings accounting.manualjournals accounting.attachments";

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

/// One consent of one user.
#[derive(Debug, Clone)]
pub struct Grant {
    /// `authEventId`.
    pub auth_event: Uuid,
    /// The organisations it reaches.
    pub connections: Vec<Connection>,
    current: Refresh,
    previous: Option<(String, i64)>,
    revoked: bool,
}

#[derive(Debug, Clone)]
struct Refresh {
    token: String,
    minted_ms: i64,
}

#[derive(Debug, Clone, Copy)]
struct Access {
    grant: usize,
    expires_ms: i64,
}

/// A freshly minted pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// A JWT.
    pub access: String,
    /// Valid once.
    pub refresh: String,
}

/// Why a bearer token does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadBearer {
    /// Missing, unknown, or its grant is revoked.
    Unknown,
    /// It was good until then, in milliseconds of document time.
    Expired {
        /// When it ended.
        at_ms: i64,
    },
}

/// All consents.
#[derive(Debug, Clone, Default)]
pub struct Grants {
    grants: Vec<Grant>,
    access: HashMap<String, Access>,
}

impl Grants {
    /// A new consent without connections; returns its first refresh token.
    pub fn open(&mut self, rng: &mut StdRng, now_ms: i64) -> String {
        let token = refresh_token(rng);
        self.grants.push(Grant {
            auth_event: new_id(rng),
            connections: Vec::new(),
            current: Refresh {
                token: token.clone(),
                minted_ms: now_ms,
            },
            previous: None,
            revoked: false,
        });
        token
    }

    /// Connects an organisation to the newest consent, or revives its connection there.
    pub fn connect(&mut self, tenant: Uuid, rng: &mut StdRng, now_ms: i64) {
        let id = new_id(rng);
        let Some(grant) = self.grants.last_mut() else {
            return;
        };
        match grant
            .connections
            .iter_mut()
            .find(|connection| connection.tenant == tenant)
        {
            Some(connection) => connection.updated_ms = now_ms,
            None => grant.connections.push(Connection {
                id,
                tenant,
                created_ms: now_ms,
                updated_ms: now_ms,
            }),
        }
    }

    /// The user consents (again): a dead consent is replaced by a new one, these organisations are
    /// connected, and a fresh pair comes back.
    pub fn consent(&mut self, tenants: &[Uuid], rng: &mut StdRng, now_ms: i64) -> Option<Pair> {
        if self.grants.last().is_none_or(|grant| grant.revoked) {
            self.open(rng, now_ms);
        }
        for tenant in tenants {
            self.connect(*tenant, rng, now_ms);
        }
        let current = self.current_refresh()?.to_owned();
        // A consent after 60 idle days starts the chain anew as well.
        if let Some(grant) = self.grants.last_mut() {
            grant.current.minted_ms = now_ms;
        }
        self.refresh(&current, false, rng, now_ms)
    }

    /// The refresh token that works now, of the newest consent.
    pub fn current_refresh(&self) -> Option<&str> {
        self.grants.last().map(|grant| grant.current.token.as_str())
    }

    /// Exchanges a refresh token for a new pair and retires it. With `grace`, the token that was
    /// replaced last works again for 30 minutes, as after a lost answer. `None` is
    /// `invalid_grant`.
    pub fn refresh(&mut self, token: &str, grace: bool, rng: &mut StdRng, now_ms: i64) -> Option<Pair> {
        let (at, first_use) = self.grants.iter().enumerate().find_map(|(at, grant)| {
            if grant.revoked {
                return None;
            }
            let alive = grant.current.minted_ms.saturating_add(REFRESH_IDLE_MS) > now_ms;
            if grant.current.token == token && alive {
                return Some((at, true));
            }
            let (previous, replaced_ms) = grant.previous.as_ref()?;
            let in_grace = grace && replaced_ms.saturating_add(GRACE_MS) > now_ms;
            (previous == token && in_grace).then_some((at, false))
        })?;
        let fresh = refresh_token(rng);
        let grant = self.grants.get_mut(at)?;
        if first_use {
            grant.previous = Some((grant.current.token.clone(), now_ms));
        }
        grant.current = Refresh {
            token: fresh.clone(),
            minted_ms: now_ms,
        };
        let access = self.mint(at, rng, now_ms)?;
        Some(Pair { access, refresh: fresh })
    }

    /// Ends a consent by its refresh token, with all its connections.
    pub fn revoke(&mut self, token: &str) {
        for grant in &mut self.grants {
            if grant.current.token == token {
                grant.revoked = true;
                grant.connections.clear();
            }
        }
    }

    /// The grant behind an `Authorization` header.
    ///
    /// # Errors
    /// Why the token does not work.
    pub fn bearer(&self, header: Option<&str>, now_ms: i64) -> Result<&Grant, BadBearer> {
        let token = header
            .and_then(|value| value.get(..7).zip(value.get(7..)))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer "))
            .map(|(_, token)| token.trim())
            .ok_or(BadBearer::Unknown)?;
        let access = self.access.get(token).ok_or(BadBearer::Unknown)?;
        if access.expires_ms <= now_ms {
            return Err(BadBearer::Expired {
                at_ms: access.expires_ms,
            });
        }
        self.grants
            .get(access.grant)
            .filter(|grant| !grant.revoked)
            .ok_or(BadBearer::Unknown)
    }

    /// Removes a connection by its own id, from the consent it belongs to.
    pub fn disconnect(&mut self, auth_event: Uuid, connection: Uuid) -> bool {
        let grant = self.grants.iter_mut().find(|grant| grant.auth_event == auth_event);
        grant.is_some_and(|grant| {
            let before = grant.connections.len();
            grant.connections.retain(|found| found.id != connection);
            grant.connections.len() != before
        })
    }

    /// Removes an organisation from every consent, as its user can in Xero.
    pub fn disconnect_tenant(&mut self, tenant: Uuid) -> bool {
        let mut found = false;
        for grant in &mut self.grants {
            let before = grant.connections.len();
            grant.connections.retain(|connection| connection.tenant != tenant);
            found |= grant.connections.len() != before;
        }
        found
    }

    /// Ends every consent, as a user who revokes the app does.
    pub fn revoke_all(&mut self) {
        for grant in &mut self.grants {
            grant.revoked = true;
            grant.connections.clear();
        }
    }

    fn mint(&mut self, at: usize, rng: &mut StdRng, now_ms: i64) -> Option<String> {
        let expires_ms = now_ms.saturating_add(ACCESS_MS);
        let expires_s = expires_ms.checked_div(1000)?;
        let auth_event = self.grants.get(at)?.auth_event;
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#);
        let claims = URL_SAFE_NO_PAD.encode(format!(
            r#"{{"exp":{expires_s},"authentication_event_id":"{auth_event}","jti":"{}","scope":"{SCOPES}"}}"#,
            new_id(rng).simple(),
        ));
        let signature = URL_SAFE_NO_PAD.encode(rng.random::<[u8; 32]>());
        let token = format!("{header}.{claims}.{signature}");
        self.access.insert(token.clone(), Access { grant: at, expires_ms });
        Some(token)
    }
}

impl Grant {
    /// Whether it reaches an organisation.
    pub fn reaches(&self, tenant: Uuid) -> bool {
        self.connections.iter().any(|connection| connection.tenant == tenant)
    }
}

/// A random GUID from the sandbox's own source.
pub fn new_id(rng: &mut StdRng) -> Uuid {
    uuid::Builder::from_random_bytes(rng.random()).into_uuid()
}

fn refresh_token(rng: &mut StdRng) -> String {
    URL_SAFE_NO_PAD.encode(rng.random::<[u8; 32]>())
}
