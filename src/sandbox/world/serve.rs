//! Xero behind the faults: identity, then the accounting API in its own order of checks.

use uuid::Uuid;

use super::respond::{Visitor, server_error};
use super::state::World;
use crate::sandbox::api::envelope;
use crate::sandbox::api::{Call, route};
use crate::sandbox::gate::fault::Fault;
use crate::sandbox::gate::grant::{Pair, new_id};
use crate::sandbox::gate::idempotency::{KEY_CHARS_MAX, Verdict};
use crate::sandbox::gate::limit::{Problem, Refusal};
use crate::sandbox::gate::token;
use crate::sandbox::wire::{Answer, Params, params};

/// An authorization code lives this long.
const CODE_MS: i64 = 300_000;

impl World {
    /// Xero's own order of checks: concurrency, token, tenant, rates, route, idempotency, the
    /// work itself.
    pub(super) fn serve(&mut self, visitor: &Visitor<'_>) -> Answer {
        let request = visitor.request;
        let path = request.path.to_ascii_lowercase();
        if visitor.is_lost() && !route::is_accounting(&path) {
            return Answer::empty(503);
        }
        match (request.method.as_str(), path.trim_end_matches('/')) {
            ("POST", "/connect/token") => self.token(visitor),
            ("GET", "/identity/connect/authorize") => self.authorize(visitor),
            ("POST", "/connect/revocation") => self.revocation(visitor),
            ("GET", "/connections") => self.connections(visitor),
            ("DELETE", path) if path.starts_with("/connections/") => {
                self.disconnect(visitor, path.trim_start_matches("/connections/"))
            }
            (_, path) if route::is_accounting(path) => self.accounting(visitor),
            _ => Answer::html(404, "The resource you're looking for cannot be found"),
        }
    }

    fn accounting(&mut self, visitor: &Visitor<'_>) -> Answer {
        let Visitor { now, request, .. } = *visitor;
        if visitor.tenant.is_some() && visitor.in_flight > self.limits.concurrent {
            let refusal = Refusal {
                problem: Problem::Concurrent,
                retry_after_s: None,
            };
            return self.refuse(visitor, refusal);
        }
        let instance = new_id(&mut self.rng);
        let grant = match self.grants.bearer(request.header("authorization"), now.document_ms) {
            Ok(grant) => grant,
            Err(reason) => return token::bad_bearer(reason, instance),
        };
        let Some(id) = visitor.tenant.filter(|tenant| grant.reaches(*tenant)) else {
            return token::forbidden(instance);
        };
        let limits = self.limits;
        let Some(tenant) = self.tenants.get_mut(&id) else {
            return token::forbidden(instance);
        };
        let admitted = tenant.meter.admit(&mut self.app, limits, now.real_ms);
        let left = tenant.meter.remaining(&mut self.app, limits, now.real_ms);
        let answer = match admitted {
            Err(refusal) => self.refuse(visitor, refusal),
            // Received and counted, then lost: nobody ever sees this answer.
            Ok(()) if visitor.is_lost() => Answer::empty(503),
            Ok(()) => self.keyed(visitor, id),
        };
        answer
            .with("X-DayLimit-Remaining", left.day)
            .with("X-MinLimit-Remaining", left.minute)
            .with("X-AppMinLimit-Remaining", left.app_minute)
    }

    fn keyed(&mut self, visitor: &Visitor<'_>, tenant: Uuid) -> Answer {
        let Visitor { now, request, .. } = *visitor;
        let writes = matches!(request.method.as_str(), "PUT" | "POST" | "PATCH");
        let key = request
            .header("idempotency-key")
            .filter(|key| writes && !key.is_empty());
        let Some(key) = key else {
            return self.work(visitor, tenant);
        };
        if key.chars().count() > KEY_CHARS_MAX {
            return idempotency_refused("Idempotency Key must not be longer than 128 characters.");
        }
        match self.replays.look_up(key, request, now.real_ms) {
            Verdict::Replay(answer) => answer,
            Verdict::Mismatch => {
                idempotency_refused(&format!("Idempotency Key: {key} is used with a different request."))
            }
            Verdict::Fresh => {
                let answer = self.work(visitor, tenant);
                self.replays.store(key, request, answer.clone(), now.real_ms);
                answer
            }
        }
    }

    fn work(&mut self, visitor: &Visitor<'_>, tenant: Uuid) -> Answer {
        let instance = new_id(&mut self.rng);
        let Some(tenant) = self.tenants.get_mut(&tenant) else {
            return token::forbidden(instance);
        };
        let mut call = Call {
            books: &mut tenant.books,
            rng: &mut self.rng,
            now_ms: visitor.now.document_ms,
            params: Params::parse(&visitor.request.query),
            request: visitor.request,
            since_is: self.since_is,
        };
        let answer = route::answer(&mut call);
        let done = (200..300).contains(&answer.status);
        if done && visitor.fault == Some(Fault::ErrorAfterWrite) {
            return server_error(instance);
        }
        answer
    }

    fn token(&mut self, visitor: &Visitor<'_>) -> Answer {
        let form = Params::parse(&String::from_utf8_lossy(&visitor.request.body));
        if !self.client.authenticates(visitor.request, &form) {
            return token::oauth_error(400, "invalid_client");
        }
        let now_ms = visitor.now.document_ms;
        let pair = match form.get("grant_type") {
            Some("refresh_token") => {
                let sent = form.get("refresh_token").unwrap_or_default();
                self.grants.refresh(sent, self.refresh_grace, &mut self.rng, now_ms)
            }
            Some("authorization_code") => self.exchange(&form, now_ms),
            _ => return token::oauth_error(400, "unsupported_grant_type"),
        };
        match pair {
            Some(pair) => token::minted(&pair),
            None => token::oauth_error(400, "invalid_grant"),
        }
    }

    /// The consent page: the sandbox's user always agrees, to every organisation there is.
    fn authorize(&mut self, visitor: &Visitor<'_>) -> Answer {
        let params = Params::parse(&visitor.request.query);
        let redirect = params.get("redirect_uri").unwrap_or_default();
        let ours = params.get("client_id") == Some(self.client_id());
        if !ours || redirect.is_empty() || params.get("response_type") != Some("code") {
            return Answer::html(400, "Sorry, something went wrong: unauthorized_client");
        }
        let code = new_id(&mut self.rng).simple().to_string();
        let until_ms = visitor.now.document_ms.saturating_add(CODE_MS);
        self.codes.insert(code.clone(), (until_ms, redirect.to_owned()));
        let joint = if redirect.contains('?') { '&' } else { '?' };
        let state = params.get("state").map(params::encode).unwrap_or_default();
        let location = format!("{redirect}{joint}code={code}&state={state}");
        Answer::empty(302).with("Location", location)
    }

    /// A code works once, for five minutes, with the redirect URI it was made for.
    fn exchange(&mut self, form: &Params, now_ms: i64) -> Option<Pair> {
        let (until_ms, redirect) = self.codes.remove(form.get("code")?)?;
        if until_ms <= now_ms || form.get("redirect_uri") != Some(redirect.as_str()) {
            return None;
        }
        self.grants.consent(&self.tenant_order, &mut self.rng, now_ms)
    }

    fn revocation(&mut self, visitor: &Visitor<'_>) -> Answer {
        let form = Params::parse(&String::from_utf8_lossy(&visitor.request.body));
        if !self.client.authenticates(visitor.request, &form) {
            return token::oauth_error(400, "invalid_client");
        }
        self.grants.revoke(form.get("token").unwrap_or_default());
        Answer::empty(200)
    }

    fn connections(&mut self, visitor: &Visitor<'_>) -> Answer {
        let instance = new_id(&mut self.rng);
        let bearer = visitor.request.header("authorization");
        let grant = match self.grants.bearer(bearer, visitor.now.document_ms) {
            Ok(grant) => grant,
            Err(reason) => return token::bad_bearer(reason, instance),
        };
        let params = Params::parse(&visitor.request.query);
        let name = |id: Uuid| {
            let tenant = self.tenants.get(&id);
            tenant
                .map(|tenant| tenant.books.organisation.name.clone())
                .unwrap_or_default()
        };
        self.app.push(visitor.now.real_ms);
        let calls = self.app.count(visitor.now.real_ms);
        token::connections(grant, params.get("authEventId"), name)
            .with("X-AppMinLimit-Remaining", self.limits.app_minute.saturating_sub(calls))
    }

    fn disconnect(&mut self, visitor: &Visitor<'_>, id: &str) -> Answer {
        let instance = new_id(&mut self.rng);
        let bearer = visitor.request.header("authorization");
        let event = match self.grants.bearer(bearer, visitor.now.document_ms) {
            Ok(grant) => grant.auth_event,
            Err(reason) => return token::bad_bearer(reason, instance),
        };
        let removed = Uuid::parse_str(id).is_ok_and(|id| self.grants.disconnect(event, id));
        if removed {
            Answer::empty(204)
        } else {
            token::forbidden(instance)
        }
    }
}

fn idempotency_refused(message: &str) -> Answer {
    envelope::exception(400, "IdempotencyException", message)
}
