//! Consent, tokens and connections: everything in front of the accounting API.

use uuid::Uuid;

use super::respond::Visitor;
use super::state::World;
use crate::sandbox::gate::app::{AppId, AppKind};
use crate::sandbox::gate::consent::{Answers, Ask};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::gate::grants::Minted;
use crate::sandbox::gate::scope::{self, Scopes};
use crate::sandbox::gate::token;
use crate::sandbox::pages::consent::{self, Choice};
use crate::sandbox::wire::{Answer, Params, Writer};

impl World {
    /// `POST /connect/token`
    pub(super) fn token(&mut self, visitor: &Visitor<'_>) -> Answer {
        let form = Params::parse(&String::from_utf8_lossy(&visitor.request.body));
        let Some((app, registered)) = self.apps.authenticated(visitor.request, &form) else {
            return token::oauth_error(400, "invalid_client");
        };
        let kind = registered.kind;
        let now_ms = visitor.now.document_ms;
        let minted = match (form.get("grant_type"), kind) {
            (Some("client_credentials"), AppKind::Custom { tenant }) => {
                return self.custom_token(app, tenant, &form, now_ms);
            }
            (Some("refresh_token"), AppKind::Web | AppKind::Pkce) => {
                let sent = form.get("refresh_token").unwrap_or_default();
                self.grants
                    .refresh(app, sent, self.refresh_grace, &mut self.rng, now_ms)
            }
            (Some("authorization_code"), AppKind::Web | AppKind::Pkce) => self.exchange(app, &form, now_ms),
            (Some("client_credentials" | "refresh_token" | "authorization_code"), _) => {
                return token::oauth_error(400, "unauthorized_client");
            }
            _ => return token::oauth_error(400, "unsupported_grant_type"),
        };
        match minted {
            Some(minted) => token::minted(&minted),
            None => token::oauth_error(400, "invalid_grant"),
        }
    }

    /// `GET /identity/connect/authorize`: the page, or what it was told to answer.
    pub(super) fn authorize(&mut self, visitor: &Visitor<'_>) -> Answer {
        let params = Params::parse(&visitor.request.query);
        let ask = match Ask::read(&params, &self.apps) {
            Ok(ask) => ask,
            Err(reason) => return consent::unaskable(reason),
        };
        match self.answers.clone() {
            Answers::Ask => self.consent_page(&ask, &params, None),
            Answers::Deny => Answer::empty(302).with("Location", ask.denied()),
            Answers::Allow(tenants) => {
                let tenants = tenants.unwrap_or_else(|| self.shared_tenants());
                self.agree(ask, tenants, visitor.now.document_ms)
            }
        }
    }

    /// `POST /identity/connect/authorize`: the page was answered.
    pub(super) fn decide(&mut self, visitor: &Visitor<'_>) -> Answer {
        let form = Params::parse(&String::from_utf8_lossy(&visitor.request.body));
        let ask = match Ask::read(&form, &self.apps) {
            Ok(ask) => ask,
            Err(reason) => return consent::unaskable(reason),
        };
        if form.get("decision") != Some("allow") {
            return Answer::empty(302).with("Location", ask.denied());
        }
        let shared = self.shared_tenants();
        let chosen: Vec<Uuid> = form
            .all("tenant")
            .filter_map(|id| Uuid::parse_str(id).ok())
            .filter(|id| shared.contains(id))
            .collect();
        if chosen.is_empty() {
            return self.consent_page(&ask, &form, Some("Choose at least one organisation, or cancel."));
        }
        self.agree(ask, chosen, visitor.now.document_ms)
    }

    /// `POST /connect/revocation`
    pub(super) fn revocation(&mut self, visitor: &Visitor<'_>) -> Answer {
        let form = Params::parse(&String::from_utf8_lossy(&visitor.request.body));
        let Some((app, _)) = self.apps.authenticated(visitor.request, &form) else {
            return token::oauth_error(400, "invalid_client");
        };
        self.grants.revoke(app, form.get("token").unwrap_or_default());
        Answer::empty(200)
    }

    /// `GET /.well-known/openid-configuration`
    pub(super) fn discovery(visitor: &Visitor<'_>) -> Answer {
        let host = visitor.request.header("host").unwrap_or("127.0.0.1");
        let mut writer = Writer::compact();
        writer.object(|body| {
            body.text("issuer", crate::sandbox::gate::jwt::ISSUER);
            let paths = [
                ("authorization_endpoint", "/identity/connect/authorize"),
                ("token_endpoint", "/connect/token"),
                ("revocation_endpoint", "/connect/revocation"),
            ];
            for (key, path) in paths {
                body.text(key, &format!("http://{host}{path}"));
            }
            let lists: [(&str, &[&str]); 4] = [
                ("response_types_supported", &["code"]),
                (
                    "grant_types_supported",
                    &["authorization_code", "client_credentials", "refresh_token"],
                ),
                ("code_challenge_methods_supported", &["S256"]),
                (
                    "token_endpoint_auth_methods_supported",
                    &["client_secret_basic", "client_secret_post"],
                ),
            ];
            for (key, words) in lists {
                body.list(key, |list| words.iter().for_each(|word| list.string_element(word)));
            }
        });
        Answer::json(200, writer.into_bytes())
    }

    /// `GET /connections`
    pub(super) fn connections(&mut self, visitor: &Visitor<'_>) -> Answer {
        let instance = new_id(&mut self.rng);
        let header = visitor.request.header("authorization");
        let grant = match self.grants.bearer(header, visitor.now.document_ms) {
            Ok(bearer) => bearer.grant,
            Err(reason) => return token::bad_bearer(reason, instance),
        };
        let params = Params::parse(&visitor.request.query);
        let name = |id: Uuid| {
            let tenant = self.tenants.get(&id);
            tenant
                .map(|tenant| tenant.books.organisation.name.clone())
                .unwrap_or_default()
        };
        let answer = token::connections(grant, params.get("authEventId"), name);
        let left = self.spend_app_minute(visitor);
        answer.with("X-AppMinLimit-Remaining", left)
    }

    /// `DELETE /connections/{id}`
    pub(super) fn disconnect(&mut self, visitor: &Visitor<'_>, id: &str) -> Answer {
        let instance = new_id(&mut self.rng);
        let header = visitor.request.header("authorization");
        let grant = match self.grants.bearer(header, visitor.now.document_ms) {
            Ok(bearer) => bearer.grant,
            Err(reason) => return token::bad_bearer(reason, instance),
        };
        let (event, tenants) = (grant.auth_event, grant.connections.iter().map(|found| found.tenant));
        let is_other_id = |wanted| wanted == event || tenants.clone().any(|tenant| tenant == wanted);
        let Ok(wanted) = Uuid::parse_str(id) else {
            return Answer::empty(404);
        };
        // A tenant's id or a consent's is no connection's.
        if is_other_id(wanted) {
            return token::forbidden(instance);
        }
        if self.grants.disconnect(event, wanted) {
            Answer::empty(204)
        } else {
            Answer::empty(404)
        }
    }

    /// The organisations of the person who owns all that are not isolated.
    pub(in crate::sandbox) fn shared_tenants(&self) -> Vec<Uuid> {
        let is_shared = |id: &&Uuid| self.tenants.get(id).is_some_and(|tenant| !tenant.isolated);
        self.tenant_order.iter().filter(is_shared).copied().collect()
    }

    /// Counts a call without organisation against the app's minute; what is left of it.
    pub(super) fn spend_app_minute(&mut self, visitor: &Visitor<'_>) -> usize {
        let now_ms = visitor.now.real_ms;
        let minute = self.app_minutes.entry(visitor.app).or_default();
        minute.push(now_ms);
        self.limits.app_minute.saturating_sub(minute.count(now_ms))
    }

    fn custom_token(&mut self, app: AppId, tenant: Uuid, form: &Params, now_ms: i64) -> Answer {
        let registered = self.apps.get(app);
        let scopes = match (form.get("scope"), &registered.scopes) {
            (Some(asked), _) => Scopes::parse(asked),
            (None, Some(allowed)) => allowed.clone(),
            (None, None) => Scopes::parse(scope::ALL),
        };
        if !scopes.iter().all(scope::is_known) || !registered.may_ask(&scopes) {
            return token::oauth_error(400, "invalid_scope");
        }
        match self.grants.custom(app, tenant, scopes, &mut self.rng, now_ms) {
            Some(minted) => token::minted(&minted),
            None => token::oauth_error(400, "invalid_grant"),
        }
    }

    fn exchange(&mut self, app: AppId, form: &Params, now_ms: i64) -> Option<Minted> {
        let agreed = self.codes.take(app, form, now_ms)?;
        self.grants.consent(app, &agreed, &mut self.rng, now_ms)
    }

    fn agree(&mut self, ask: Ask, tenants: Vec<Uuid>, now_ms: i64) -> Answer {
        let code = self.codes.give(ask.clone(), tenants, &mut self.rng, now_ms);
        Answer::empty(302).with("Location", ask.allowed(&code))
    }

    fn consent_page(&self, ask: &Ask, asked: &Params, trouble: Option<&str>) -> Answer {
        let named = |id: &Uuid| Some((*id, self.tenants.get(id)?.books.organisation.name.clone()));
        consent::page(&Choice {
            app_name: &self.apps.get(ask.app).name,
            tenants: self.shared_tenants().iter().filter_map(named).collect(),
            ask,
            asked,
            trouble,
        })
    }
}
