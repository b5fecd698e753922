//! All consents, their rotating token chains and the tokens that are out.

use std::collections::HashMap;

use rand::rngs::StdRng;
use uuid::Uuid;

use super::app::AppId;
use super::grant::{Grant, Holder, Refresh, new_id, refresh_token};
use super::jwt;
use super::scope::{OFFLINE, OPENID, Scopes};

/// An access token lives this long.
pub const ACCESS_MS: i64 = 1_800_000;
#[derive(Debug, Clone)]
struct Access {
    grant: usize,
    expires_ms: i64,
    scopes: Scopes,
}

/// What a person agreed to just now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agreed {
    /// The organisations that were chosen.
    pub tenants: Vec<Uuid>,
    /// The scopes that were asked for.
    pub scopes: Scopes,
    /// Comes back in the identity token.
    pub nonce: Option<String>,
}

/// Freshly minted tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minted {
    /// A JWT.
    pub access: String,
    /// Valid once; only with the scope `offline_access`.
    pub refresh: Option<String>,
    /// A JWT; only with the scope `openid`.
    pub identity: Option<String>,
    /// What the access token is good for.
    pub scopes: Scopes,
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

/// A bearer token that works.
#[derive(Debug, Clone, Copy)]
pub struct Bearer<'a> {
    /// The consent behind it.
    pub grant: &'a Grant,
    /// What it is good for.
    pub scopes: &'a Scopes,
}

/// All consents.
#[derive(Debug, Clone, Default)]
pub struct Grants {
    grants: Vec<Grant>,
    access: HashMap<String, Access>,
}

impl Grants {
    /// A new consent without connections; returns its first refresh token.
    pub fn open(&mut self, app: AppId, holder: Holder, scopes: Scopes, rng: &mut StdRng, now_ms: i64) -> String {
        let token = refresh_token(rng);
        self.grants.push(Grant {
            auth_event: new_id(rng),
            app,
            holder,
            scopes,
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

    /// Each of them, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Grant> {
        self.grants.iter()
    }

    /// Connects an organisation to the newest consent of its owner to the first app, or revives
    /// its connection there.
    pub fn connect(&mut self, tenant: Uuid, rng: &mut StdRng, now_ms: i64) {
        let id = new_id(rng);
        let own = self.newest(AppId::default(), Holder::Own(tenant));
        let at = own.or_else(|| self.newest(AppId::default(), Holder::Shared));
        if let Some(grant) = at.and_then(|at| self.grants.get_mut(at)) {
            grant.connect(id, tenant, now_ms);
        }
    }

    /// A person consents (again): a dead consent is replaced by a new one, scopes add up, the
    /// chosen organisations are connected, and fresh tokens come back. Without `offline_access`
    /// among the scopes there is no refresh token, and an older one goes on.
    pub fn consent(&mut self, app: AppId, agreed: &Agreed, rng: &mut StdRng, now_ms: i64) -> Option<Minted> {
        let live = self.newest(app, Holder::Shared);
        let live = live.filter(|at| self.grants.get(*at).is_some_and(|grant| !grant.revoked));
        let at = match live {
            Some(at) => at,
            None => {
                self.open(app, Holder::Shared, Scopes::default(), rng, now_ms);
                self.newest(app, Holder::Shared)?
            }
        };
        let ids: Vec<Uuid> = agreed.tenants.iter().map(|_| new_id(rng)).collect();
        let grant = self.grants.get_mut(at)?;
        grant.scopes.join(&agreed.scopes);
        for (id, tenant) in ids.into_iter().zip(&agreed.tenants) {
            grant.connect(id, *tenant, now_ms);
        }
        let refresh = agreed.scopes.has(OFFLINE).then(|| refresh_token(rng));
        if let (Some(fresh), Some(grant)) = (&refresh, self.grants.get_mut(at)) {
            grant.rotate(fresh, now_ms);
        }
        self.mint(at, refresh, agreed, rng, now_ms)
    }

    /// Tokens of a custom connection; there is never a refresh token.
    pub fn custom(
        &mut self,
        app: AppId,
        tenant: Uuid,
        scopes: Scopes,
        rng: &mut StdRng,
        now_ms: i64,
    ) -> Option<Minted> {
        let holder = Holder::Custom(tenant);
        if self.newest(app, holder).is_none() {
            self.open(app, holder, scopes.clone(), rng, now_ms);
            let id = new_id(rng);
            self.grants.last_mut()?.connect(id, tenant, now_ms);
        }
        let at = self.newest(app, holder)?;
        if self.grants.get(at).is_none_or(|grant| grant.revoked) {
            return None;
        }
        let agreed = Agreed {
            scopes,
            ..Agreed::default()
        };
        self.mint(at, None, &agreed, rng, now_ms)
    }

    /// The refresh token that works now, of the newest consent to the first app.
    pub fn current_refresh(&self) -> Option<&str> {
        let at = self.newest(AppId::default(), Holder::Shared)?;
        self.grants.get(at).map(|grant| grant.current.token.as_str())
    }

    /// Exchanges a refresh token of this app for fresh tokens and retires it. With `grace`, the
    /// token that was replaced last works again for 30 minutes, as after a lost answer. `None` is
    /// `invalid_grant`.
    pub fn refresh(&mut self, app: AppId, token: &str, grace: bool, rng: &mut StdRng, now_ms: i64) -> Option<Minted> {
        let (at, first_use) = self.grants.iter().enumerate().find_map(|(at, grant)| {
            if grant.revoked || grant.app != app {
                return None;
            }
            if grant.accepts(token, now_ms) {
                return Some((at, true));
            }
            (grace && grant.forgives(token, now_ms)).then_some((at, false))
        })?;
        let fresh = refresh_token(rng);
        let grant = self.grants.get_mut(at)?;
        if first_use {
            grant.rotate(&fresh, now_ms);
        } else {
            grant.current = Refresh {
                token: fresh.clone(),
                minted_ms: now_ms,
            };
        }
        let agreed = Agreed {
            scopes: grant.scopes.clone(),
            ..Agreed::default()
        };
        self.mint(at, Some(fresh), &agreed, rng, now_ms)
    }

    /// Ends a consent by its refresh token, with all its connections.
    pub fn revoke(&mut self, app: AppId, token: &str) {
        for grant in self.grants.iter_mut().filter(|grant| grant.app == app) {
            if grant.knows(token) {
                grant.end();
            }
        }
    }

    /// The grant behind an `Authorization` header.
    ///
    /// # Errors
    /// Why the token does not work.
    pub fn bearer(&self, header: Option<&str>, now_ms: i64) -> Result<Bearer<'_>, BadBearer> {
        let access = self.access_of(header).ok_or(BadBearer::Unknown)?;
        if access.expires_ms <= now_ms {
            return Err(BadBearer::Expired {
                at_ms: access.expires_ms,
            });
        }
        let grant = self.grants.get(access.grant).filter(|grant| !grant.revoked);
        let grant = grant.ok_or(BadBearer::Unknown)?;
        Ok(Bearer {
            grant,
            scopes: &access.scopes,
        })
    }

    /// Which app a bearer token was given to, and the organisation it means when the call names
    /// none (custom connections only). Also of a token that works no longer.
    pub fn caller(&self, header: Option<&str>) -> (AppId, Option<Uuid>) {
        let access = self.access_of(header);
        match access.and_then(|access| self.grants.get(access.grant)) {
            Some(grant) => match grant.holder {
                Holder::Custom(tenant) => (grant.app, Some(tenant)),
                Holder::Shared | Holder::Own(_) => (grant.app, None),
            },
            None => (AppId::default(), None),
        }
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
        self.grants.iter_mut().for_each(Grant::end);
    }

    fn newest(&self, app: AppId, holder: Holder) -> Option<usize> {
        self.grants
            .iter()
            .rposition(|grant| grant.app == app && grant.holder == holder)
    }

    fn access_of(&self, header: Option<&str>) -> Option<&Access> {
        let token = header
            .and_then(|value| value.get(..7).zip(value.get(7..)))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer "))
            .map(|(_, token)| token.trim())?;
        self.access.get(token)
    }

    fn mint(
        &mut self,
        at: usize,
        refresh: Option<String>,
        agreed: &Agreed,
        rng: &mut StdRng,
        now_ms: i64,
    ) -> Option<Minted> {
        let expires_ms = now_ms.saturating_add(ACCESS_MS);
        let grant = self.grants.get(at)?;
        let mut scopes = grant.scopes.clone();
        if let Holder::Custom(_) = grant.holder {
            scopes = agreed.scopes.clone();
        }
        let claims = jwt::Claims {
            auth_event: grant.auth_event,
            user: grant.user(),
            now_ms,
            expires_ms,
        };
        let access = claims.access(&scopes, rng);
        let identity = agreed
            .scopes
            .has(OPENID)
            .then(|| claims.identity(agreed.nonce.as_deref(), rng));
        let held = Access {
            grant: at,
            expires_ms,
            scopes: scopes.clone(),
        };
        self.access.insert(access.clone(), held);
        Some(Minted {
            access,
            refresh,
            identity,
            scopes,
        })
    }
}
