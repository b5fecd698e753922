//! Xero as one deterministic state machine: a request and the time go in, an outcome comes out.
//! No sockets, no clock, no randomness of its own.

use std::collections::HashMap;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use uuid::Uuid;

use super::api::call::Call;
use super::api::route;
use super::books::Books;
use super::clock::Instants;
use super::control;
use super::gate::fault::{self, Fault, Faults};
use super::gate::grant::{BadBearer, Grants, new_id};
use super::gate::idempotency::{KEY_CHARS_MAX, Replays, Verdict};
use super::gate::journal::{Journal, Row};
use super::gate::limit::{Limits, MINUTE_MS, Meter, Problem, Refusal, Window};
use super::gate::token::{self, Client};
use super::gate::watch::{Arrival, Watch};
use super::query::page::SinceIs;
use super::seed::{Founding, Seed, TenantName};
use super::webhooks::{Delivery, Webhooks};
use super::wire::{Answer, CallId, Outcome, Params, Request, Transport};

/// How a world is made.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Which organisations it starts with.
    pub seed: Seed,
    /// Where all its randomness comes from.
    pub rng_seed: u64,
    /// The app's limits.
    pub limits: Limits,
    /// A refresh token that was just replaced works again for 30 minutes.
    pub refresh_grace: bool,
    /// Whether `If-Modified-Since` lists documents of exactly that time.
    pub since_is: SinceIs,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            seed: Seed::Demo,
            rng_seed: 7,
            limits: Limits::default(),
            refresh_grace: true,
            since_is: SinceIs::default(),
        }
    }
}

/// One organisation behind the gate.
#[derive(Debug, Clone)]
pub(super) struct Tenant {
    pub(super) books: Books,
    pub(super) founding: Founding,
    meter: Meter,
}

/// A call under way.
#[derive(Debug, Clone, Copy)]
struct Flight {
    tenant: Option<Uuid>,
    told: Option<Refusal>,
}

/// An independent Xero.
#[derive(Debug)]
pub struct World {
    pub(super) rng: StdRng,
    pub(super) limits: Limits,
    pub(super) tenants: HashMap<Uuid, Tenant>,
    pub(super) tenant_order: Vec<Uuid>,
    pub(super) grants: Grants,
    pub(super) faults: Faults,
    pub(super) journal: Journal,
    pub(super) watch: Watch,
    pub(super) webhooks: Webhooks,
    client: Client,
    refresh_grace: bool,
    since_is: SinceIs,
    app: Window,
    flights: HashMap<CallId, Flight>,
    replays: Replays,
}

/// What the gate found out about a call before it reaches the books.
struct Visitor<'a> {
    now: Instants,
    request: &'a Request,
    seq: u64,
    tenant: Option<Uuid>,
    in_flight: usize,
    fault: Option<Fault>,
}

impl Visitor<'_> {
    /// The request never reaches the books and is never answered.
    fn is_lost(&self) -> bool {
        self.fault == Some(Fault::DropReplyBeforeWrite)
    }
}

impl World {
    /// A world at this time.
    pub fn new(setup: &Setup, now: Instants) -> Self {
        let mut rng = StdRng::seed_from_u64(setup.rng_seed);
        let client = Client {
            id: new_id(&mut rng).simple().to_string().to_ascii_uppercase(),
            secret: new_id(&mut rng).simple().to_string(),
        };
        let webhooks = Webhooks::new(new_id(&mut rng).simple().to_string());
        let mut grants = Grants::default();
        grants.open(&mut rng, now.document_ms);
        let mut world = Self {
            rng,
            limits: setup.limits,
            tenants: HashMap::new(),
            tenant_order: Vec::new(),
            grants,
            faults: Faults::default(),
            journal: Journal::default(),
            watch: Watch::default(),
            webhooks,
            client,
            refresh_grace: setup.refresh_grace,
            since_is: setup.since_is,
            app: Window::new(MINUTE_MS),
            flights: HashMap::new(),
            replays: Replays::default(),
        };
        for founding in setup.seed.foundings() {
            world.found(founding, now);
        }
        world
    }

    /// Answers one request. The work is done at once; the caller plays the outcome's transport
    /// and delay and calls [`World::answered`] just before the first byte.
    pub fn respond(&mut self, now: Instants, request: &Request) -> Outcome {
        if control::is_control(&request.path) {
            let outcome = control::answer(self, now, request);
            self.announce_changes(now);
            return outcome;
        }
        let seq = self.journal.next_seq();
        let tenant = request
            .header("xero-tenant-id")
            .and_then(|id| Uuid::parse_str(id).ok());
        let fault = self
            .faults
            .strike(&request.method, &request.path, tenant, &mut self.rng);
        if fault == Some(Fault::RefuseConnection) {
            return self.refuse_connection(now, request, seq, tenant);
        }
        self.flights
            .insert(CallId(seq), Flight { tenant, told: None });
        let in_flight = self
            .flights
            .values()
            .filter(|flight| flight.tenant == tenant)
            .count();
        let visitor = Visitor {
            now,
            request,
            seq,
            tenant,
            in_flight,
            fault,
        };
        self.watch_arrival(&visitor);
        let answer = self.replace_or_serve(&visitor);
        self.announce_changes(now);
        self.conclude(&visitor, answer)
    }

    /// The answer to this call starts now (or never comes): it no longer counts as under way.
    pub fn answered(&mut self, call: CallId, now: Instants) {
        let Some(Flight { tenant, told }) = self.flights.remove(&call) else {
            return;
        };
        if let Some(Refusal {
            problem,
            retry_after_s: Some(seconds),
        }) = told
        {
            self.watch
                .told_to_wait(tenant, problem == Problem::App, seconds, now.real_ms);
        }
    }

    /// Webhook deliveries that are due.
    pub fn take_deliveries(&mut self, now: Instants) -> Vec<Delivery> {
        self.webhooks.take_due(now.real_ms)
    }

    /// When the next webhook delivery is due, in milliseconds of real time.
    pub fn next_delivery_ms(&self) -> Option<i64> {
        self.webhooks.next_due_ms()
    }

    /// The app's `client_id`.
    pub fn client_id(&self) -> &str {
        &self.client.id
    }

    /// The app's `client_secret`.
    pub fn client_secret(&self) -> &str {
        &self.client.secret
    }

    /// A refresh token that works now; empty when there is no consent.
    pub fn refresh_token(&self) -> &str {
        self.grants.current_refresh().unwrap_or_default()
    }

    /// The key webhooks are signed with.
    pub fn webhook_key(&self) -> &str {
        self.webhooks.key()
    }

    /// The organisations, oldest first.
    pub fn tenants(&self) -> Vec<TenantName> {
        let named = |id: &Uuid| {
            let tenant = self.tenants.get(id)?;
            let name = tenant.books.organisation.name.clone();
            Some(TenantName {
                tenant_id: *id,
                name,
            })
        };
        self.tenant_order.iter().filter_map(named).collect()
    }

    /// One organisation's books, to look at.
    pub fn books(&self, tenant: Uuid) -> Option<&Books> {
        self.tenants.get(&tenant).map(|tenant| &tenant.books)
    }

    /// Opens an organisation and connects it to the newest consent.
    pub(super) fn found(&mut self, founding: Founding, now: Instants) -> Uuid {
        let books = founding.open_books(&mut self.rng, now.document_ms);
        let id = books.organisation.id;
        self.grants.connect(id, &mut self.rng, now.document_ms);
        self.tenants.insert(
            id,
            Tenant {
                books,
                founding,
                meter: Meter::default(),
            },
        );
        self.tenant_order.push(id);
        id
    }

    fn refuse_connection(
        &mut self,
        now: Instants,
        request: &Request,
        seq: u64,
        tenant: Option<Uuid>,
    ) -> Outcome {
        let fault = Some(Fault::RefuseConnection);
        let visitor = Visitor {
            now,
            request,
            seq,
            tenant,
            in_flight: 0,
            fault,
        };
        self.log(&visitor, None, 0);
        let mut outcome = Outcome::untracked(Answer::empty(503));
        outcome.transport = Transport::DropBeforeWrite;
        outcome
    }

    fn watch_arrival(&mut self, visitor: &Visitor<'_>) {
        let request = visitor.request;
        let arrival = Arrival {
            seq: visitor.seq,
            at_ms: visitor.now.real_ms,
            tenant: visitor.tenant,
            accounting: route::is_accounting(&request.path),
            write: matches!(request.method.as_str(), "PUT" | "POST"),
            keyed: request
                .header("idempotency-key")
                .is_some_and(|key| !key.is_empty()),
            in_flight: visitor.in_flight,
        };
        self.watch.arrived(arrival, self.limits);
    }

    fn replace_or_serve(&mut self, visitor: &Visitor<'_>) -> Answer {
        let Some(fault) = visitor.fault.as_ref().filter(|fault| !fault.lets_through()) else {
            return self.serve(visitor);
        };
        let instance = new_id(&mut self.rng);
        match fault {
            Fault::Status { code, body } => injected_status(*code, body.as_deref(), instance),
            Fault::RateLimit(refusal) => {
                self.tell(visitor, *refusal);
                refusal.answer()
            }
            Fault::Garbage200 => fault::garbage(),
            Fault::TokenExpired => {
                let at_ms = visitor.now.document_ms;
                token::bad_bearer(BadBearer::Expired { at_ms }, instance)
            }
            _ => Answer::empty(503),
        }
    }

    /// Xero's own order of checks: concurrency, token, tenant, rates, route, idempotency, the
    /// work itself.
    fn serve(&mut self, visitor: &Visitor<'_>) -> Answer {
        let request = visitor.request;
        let path = request.path.to_ascii_lowercase();
        if visitor.is_lost() && !route::is_accounting(&path) {
            return Answer::empty(503);
        }
        match (request.method.as_str(), path.trim_end_matches('/')) {
            ("POST", "/connect/token") => self.token(visitor),
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
        let grant = match self
            .grants
            .bearer(request.header("authorization"), now.document_ms)
        {
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
            Verdict::Mismatch => idempotency_refused(&format!(
                "Idempotency Key: {key} is used with a different request."
            )),
            Verdict::Fresh => {
                let answer = self.work(visitor, tenant);
                self.replays
                    .store(key, request, answer.clone(), now.real_ms);
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
        if form.get("grant_type") != Some("refresh_token") {
            return token::oauth_error(400, "unsupported_grant_type");
        }
        let sent = form.get("refresh_token").unwrap_or_default();
        let (grace, now_ms) = (self.refresh_grace, visitor.now.document_ms);
        match self.grants.refresh(sent, grace, &mut self.rng, now_ms) {
            Some(pair) => token::minted(&pair),
            None => token::oauth_error(400, "invalid_grant"),
        }
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
        token::connections(grant, params.get("authEventId"), name).with(
            "X-AppMinLimit-Remaining",
            self.limits.app_minute.saturating_sub(calls),
        )
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

    /// A 429 of the sandbox's own accord.
    fn refuse(&mut self, visitor: &Visitor<'_>, refusal: Refusal) -> Answer {
        let (seq, at_ms) = (visitor.seq, visitor.now.real_ms);
        self.watch
            .refused(seq, at_ms, visitor.tenant, refusal.problem.text());
        self.tell(visitor, refusal);
        refusal.answer()
    }

    fn tell(&mut self, visitor: &Visitor<'_>, refusal: Refusal) {
        if let Some(flight) = self.flights.get_mut(&CallId(visitor.seq)) {
            flight.told = Some(refusal);
        }
    }

    fn conclude(&mut self, visitor: &Visitor<'_>, mut answer: Answer) -> Outcome {
        if answer.header("Xero-Correlation-Id").is_none() {
            let id = new_id(&mut self.rng);
            answer = answer.with("Xero-Correlation-Id", id);
        }
        answer = answer.with("Cache-Control", "max-age=0, no-cache, no-store");
        let whole = answer.body.len();
        let half = whole.checked_div(2).unwrap_or(0);
        let (transport, bytes) = match visitor.fault {
            Some(Fault::DropReplyBeforeWrite) => (Transport::DropBeforeWrite, 0),
            Some(Fault::DropReplyAfterWrite) => (Transport::DropAfterWrite, 0),
            Some(Fault::CutBody) => (Transport::Cut { after_bytes: half }, half),
            _ => (Transport::Deliver, whole),
        };
        let delay_ms = match visitor.fault {
            Some(Fault::Delay { ms }) => ms,
            _ => 0,
        };
        let dropped = matches!(
            transport,
            Transport::DropBeforeWrite | Transport::DropAfterWrite
        );
        let status = Some(answer.status).filter(|_| !dropped);
        self.log(visitor, status, bytes);
        Outcome {
            answer,
            transport,
            delay_ms,
            call: Some(CallId(visitor.seq)),
            clock: None,
        }
    }

    fn log(&mut self, visitor: &Visitor<'_>, status: Option<u16>, bytes: usize) {
        self.journal.push(Row {
            seq: visitor.seq,
            method: visitor.request.method.clone(),
            path: visitor.request.path.clone(),
            query: visitor.request.query.clone(),
            status,
            tenant: visitor.tenant,
            at_ms: visitor.now.real_ms,
            in_flight: visitor.in_flight,
            bytes,
            fault: visitor.fault.as_ref().map(Fault::name),
        });
    }

    fn announce_changes(&mut self, now: Instants) {
        for id in &self.tenant_order {
            if let Some(tenant) = self.tenants.get_mut(id) {
                let changes = tenant.books.take_changes();
                self.webhooks
                    .announce(*id, &changes, &mut self.rng, now.real_ms);
            }
        }
    }
}

fn injected_status(code: u16, body: Option<&str>, instance: Uuid) -> Answer {
    match (code, body) {
        (_, Some(body)) if body.trim_start().starts_with(['{', '[']) => {
            Answer::json(code, body.as_bytes().to_vec())
        }
        (_, Some(body)) => Answer {
            status: code,
            headers: vec![("Content-Type", "text/plain; charset=utf-8".to_owned())],
            body: body.to_owned().into(),
        },
        (503, None) => Answer::plain(503, "The Xero API is temporarily unavailable"),
        (500, None) => server_error(instance),
        (401, None) => token::bad_bearer(BadBearer::Unknown, instance),
        (403, None) => token::forbidden(instance),
        (404, None) => Answer::html(404, "The resource you're looking for cannot be found"),
        (_, None) => Answer::empty(code),
    }
}

fn server_error(instance: Uuid) -> Answer {
    let detail = "An error occurred in Xero. Check the API Status page for current service status.";
    token::problem(500, "An error occurred", detail, instance)
}

fn idempotency_refused(message: &str) -> Answer {
    super::api::envelope::exception(400, "IdempotencyException", message)
}
