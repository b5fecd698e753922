//! One request from its arrival to its outcome: faults, the sandbox's own eye, the log.

use bytes::Bytes;
use uuid::Uuid;

use super::state::{Flight, World};
use crate::sandbox::api::route;
use crate::sandbox::clock::Instants;
use crate::sandbox::control;
use crate::sandbox::gate::app::AppId;
use crate::sandbox::gate::fault::{self, Fault, Outage};
use crate::sandbox::gate::grant::new_id;
use crate::sandbox::gate::grants::BadBearer;
use crate::sandbox::gate::journal::{Bodies, Row};
use crate::sandbox::gate::limit::{Problem, Refusal};
use crate::sandbox::gate::token;
use crate::sandbox::gate::watch::Arrival;
use crate::sandbox::wire::{Answer, CallId, Outcome, Request, Transport};

/// What the gate found out about a call before it reaches the books.
pub(super) struct Visitor<'a> {
    pub(super) now: Instants,
    pub(super) request: &'a Request,
    pub(super) seq: u64,
    pub(super) app: AppId,
    pub(super) tenant: Option<Uuid>,
    pub(super) in_flight: usize,
    pub(super) fault: Option<Fault>,
}

impl Visitor<'_> {
    /// The request never reaches the books and is never answered.
    pub(super) fn is_lost(&self) -> bool {
        self.fault == Some(Fault::DropReplyBeforeWrite)
    }
}

impl World {
    /// Answers one request. The work is done at once; the caller plays the outcome's transport
    /// and delay and calls [`World::answered`] just before the first byte.
    pub fn respond(&mut self, now: Instants, request: &Request) -> Outcome {
        if self.lag_ms > 0 {
            self.tick(now);
        }
        if control::is_control(&request.path) {
            let outcome = control::answer(self, now, request);
            self.announce_changes(now);
            return outcome;
        }
        let seq = self.journal.next_seq();
        let (app, only_tenant) = self.grants.caller(request.header("authorization"));
        let named = request.header("xero-tenant-id").filter(|id| !id.is_empty());
        // A custom connection has one organisation and need not name it.
        let tenant = match named {
            Some(id) => Uuid::parse_str(id).ok(),
            None => only_tenant,
        };
        let fault = self
            .faults
            .strike((&request.method, &request.path), tenant, &mut self.rng, now.real_ms);
        if fault == Some(Fault::RefuseConnection) {
            return self.refuse_connection(now, request, seq, (app, tenant));
        }
        let told = None;
        self.flights.insert(CallId(seq), Flight { app, tenant, told });
        let is_beside = |flight: &&Flight| flight.app == app && flight.tenant == tenant;
        let in_flight = self.flights.values().filter(is_beside).count();
        let visitor = Visitor {
            now,
            request,
            seq,
            app,
            tenant,
            in_flight,
            fault,
        };
        self.watch_arrival(&visitor);
        let answer = self.replace_or_serve(&visitor);
        self.announce_changes(now);
        let outcome = self.conclude(&visitor, answer);
        if control::plan::play(self, now, (&request.method, &request.path), tenant) {
            self.announce_changes(now);
        }
        outcome
    }

    /// The answer to this call starts now (or never comes): it no longer counts as under way.
    pub fn answered(&mut self, call: CallId, now: Instants) {
        let Some(Flight { app, tenant, told }) = self.flights.remove(&call) else {
            return;
        };
        if let Some(Refusal {
            problem,
            retry_after_s: Some(seconds),
            ..
        }) = told
        {
            self.watch
                .told_to_wait((app, tenant), problem == Problem::App, seconds, now.real_ms);
        }
    }

    fn refuse_connection(
        &mut self,
        now: Instants,
        request: &Request,
        seq: u64,
        (app, tenant): (AppId, Option<Uuid>),
    ) -> Outcome {
        let fault = Some(Fault::RefuseConnection);
        let visitor = Visitor {
            now,
            request,
            seq,
            app,
            tenant,
            in_flight: 0,
            fault,
        };
        self.log(&visitor, None, Bytes::new());
        let mut outcome = Outcome::untracked(Answer::empty(503));
        outcome.transport = Transport::DropBeforeWrite;
        outcome
    }

    fn watch_arrival(&mut self, visitor: &Visitor<'_>) {
        let request = visitor.request;
        let arrival = Arrival {
            seq: visitor.seq,
            at_ms: visitor.now.real_ms,
            app: visitor.app,
            tenant: visitor.tenant,
            accounting: route::is_accounting(&request.path),
            write: matches!(request.method.as_str(), "PUT" | "POST"),
            keyed: request.header("idempotency-key").is_some_and(|key| !key.is_empty()),
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
            Fault::RateLimit { refusal, meters } => {
                self.tell(visitor, *refusal);
                if *meters {
                    self.with_meters(visitor, *refusal)
                } else {
                    refusal.answer()
                }
            }
            Fault::Outage(outage) => outage.answer(),
            Fault::Garbage200 => fault::garbage(),
            Fault::TokenExpired => {
                let at_ms = visitor.now.document_ms;
                token::bad_bearer(BadBearer::Expired { at_ms }, instance)
            }
            _ => Answer::empty(503),
        }
    }

    /// A 429 of the sandbox's own accord. The caller is not to blame for what others spent.
    pub(super) fn refuse(&mut self, visitor: &Visitor<'_>, refusal: Refusal) -> Answer {
        let (seq, at_ms) = (visitor.seq, visitor.now.real_ms);
        if !refusal.is_others {
            self.watch.refused(seq, at_ms, visitor.tenant, refusal.problem.text());
        }
        self.tell(visitor, refusal);
        self.with_meters(visitor, refusal)
    }

    /// A 429 with the three meters; the one it is about shows nothing left.
    fn with_meters(&mut self, visitor: &Visitor<'_>, refusal: Refusal) -> Answer {
        let (limits, now_ms) = (self.limits, visitor.now.real_ms);
        let answer = refusal.answer();
        let Some(tenant) = visitor.tenant.and_then(|id| self.tenants.get_mut(&id)) else {
            return answer;
        };
        let app_minute = self.app_minutes.entry(visitor.app).or_default();
        let meter = tenant.meters.entry(visitor.app).or_default();
        let mut left = meter.remaining(app_minute, limits, now_ms);
        match refusal.problem {
            Problem::Minute => left.minute = 0,
            Problem::Day => left.day = 0,
            Problem::App => left.app_minute = 0,
            Problem::Concurrent => {}
        }
        left.write(answer)
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
        let dropped = matches!(transport, Transport::DropBeforeWrite | Transport::DropAfterWrite);
        let status = Some(answer.status).filter(|_| !dropped);
        self.log(visitor, status, answer.body.slice(..bytes));
        Outcome {
            answer,
            transport,
            delay_ms,
            call: Some(CallId(visitor.seq)),
            clock: None,
        }
    }

    fn log(&mut self, visitor: &Visitor<'_>, status: Option<u16>, sent: Bytes) {
        self.journal.push(Row {
            seq: visitor.seq,
            method: visitor.request.method.clone(),
            path: visitor.request.path.clone(),
            query: visitor.request.query.clone(),
            status,
            tenant: visitor.tenant,
            at_ms: visitor.now.real_ms,
            in_flight: visitor.in_flight,
            bytes: sent.len(),
            fault: visitor.fault.as_ref().map(Fault::name),
            bodies: Some(Bodies::of(&visitor.request.body, sent)),
        });
    }

    fn announce_changes(&mut self, now: Instants) {
        for id in &self.tenant_order {
            if let Some(tenant) = self.tenants.get_mut(id) {
                let changes = tenant.books.take_changes();
                self.webhooks.announce(*id, &changes, &mut self.rng, now.document_ms);
            }
        }
    }
}

fn injected_status(code: u16, body: Option<&str>, instance: Uuid) -> Answer {
    match (code, body) {
        (_, Some(body)) if body.trim_start().starts_with(['{', '[']) => Answer::json(code, body.as_bytes().to_vec()),
        (_, Some(body)) => Answer {
            status: code,
            headers: vec![("Content-Type", "text/plain; charset=utf-8".to_owned())],
            body: body.to_owned().into(),
        },
        (503, None) => Outage::Unavailable.answer(),
        (500, None) => server_error(instance),
        (401, None) => token::bad_bearer(BadBearer::Unknown, instance),
        (403, None) => token::forbidden(instance),
        (404, None) => Answer::html(404, "The resource you're looking for cannot be found"),
        (_, None) => Answer::empty(code),
    }
}

pub(super) fn server_error(instance: Uuid) -> Answer {
    let detail = "An error occurred in Xero. Check the API Status page for current service status.";
    token::problem(500, "An error occurred", detail, instance)
}
