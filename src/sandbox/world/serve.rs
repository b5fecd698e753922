//! Xero behind the faults: identity, then the accounting API in its own order of checks.

use uuid::Uuid;

use super::respond::{Visitor, server_error};
use super::state::World;
use crate::sandbox::api::envelope;
use crate::sandbox::api::{Call, route};
use crate::sandbox::gate::fault::Fault;
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::gate::idempotency::{KEY_CHARS_MAX, Verdict};
use crate::sandbox::gate::limit::{Problem, Refusal};
use crate::sandbox::gate::token;
use crate::sandbox::wire::{Answer, Params};

impl World {
    /// Xero's own order of checks: concurrency, token, tenant, scope, rates, idempotency, the work
    /// itself.
    pub(super) fn serve(&mut self, visitor: &Visitor<'_>) -> Answer {
        let request = visitor.request;
        let path = request.path.to_ascii_lowercase();
        if visitor.is_lost() && !route::is_accounting(&path) {
            return Answer::empty(503);
        }
        match (request.method.as_str(), path.trim_end_matches('/')) {
            ("POST", "/connect/token") => self.token(visitor),
            ("GET", "/identity/connect/authorize" | "/connect/authorize") => self.authorize(visitor),
            ("POST", "/identity/connect/authorize" | "/connect/authorize") => self.decide(visitor),
            ("GET", "/.well-known/openid-configuration") => Self::discovery(visitor),
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
                is_others: false,
            };
            return self.refuse(visitor, refusal);
        }
        let instance = new_id(&mut self.rng);
        let bearer = match self.grants.bearer(request.header("authorization"), now.document_ms) {
            Ok(bearer) => bearer,
            Err(reason) => return token::bad_bearer(reason, instance),
        };
        let Some(id) = visitor.tenant.filter(|tenant| bearer.grant.reaches(*tenant)) else {
            return token::forbidden(instance);
        };
        // The recorded refusal carries the app's meter only: it comes before the organisation's.
        if !bearer
            .scopes
            .allow(&request.method, route::resource_path(&request.path))
        {
            let left = self.spend_app_minute(visitor);
            return token::insufficient_scope(instance).with("X-AppMinLimit-Remaining", left);
        }
        let limits = self.limits;
        let app_minute = self.app_minutes.entry(visitor.app).or_default();
        let Some(tenant) = self.tenants.get_mut(&id) else {
            return token::forbidden(instance);
        };
        let meter = tenant.meters.entry(visitor.app).or_default();
        let admitted = meter.admit(app_minute, limits, now.real_ms);
        let left = meter.remaining(app_minute, limits, now.real_ms);
        if let Err(refusal) = admitted {
            return self.refuse(visitor, refusal);
        }
        // Received and counted, then lost: nobody ever sees this answer.
        if visitor.is_lost() {
            return Answer::empty(503);
        }
        left.write(self.keyed(visitor, id))
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
        match self.replays.look_up(visitor.app, key, request, now.real_ms) {
            Verdict::Replay(answer) => answer,
            Verdict::Mismatch => {
                idempotency_refused(&format!("Idempotency Key: {key} is used with a different request."))
            }
            Verdict::Fresh => {
                let answer = self.work(visitor, tenant);
                self.replays
                    .store(visitor.app, key, request, answer.clone(), now.real_ms);
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
            page_most: self.page_most,
        };
        let answer = route::answer(&mut call);
        let done = (200..300).contains(&answer.status);
        if done && visitor.fault == Some(Fault::ErrorAfterWrite) {
            return server_error(instance);
        }
        answer
    }
}

fn idempotency_refused(message: &str) -> Answer {
    envelope::exception(400, "IdempotencyException", message)
}
