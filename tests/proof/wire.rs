//! The way to Xero without a socket: the daemon's own addresses and reading of answers around the
//! sandbox's core.

use bytes::Bytes;
use counterfoil::model::ids::XeroTenantId;
use counterfoil::model::time::Timestamp;
use counterfoil::model::xero::{Answer, Request};
use counterfoil::sandbox::{self, CallId, Instants, Outcome, Seed, Setup, Transport, World};
use counterfoil::xero::address::{self, Verb};
use counterfoil::xero::client;
use counterfoil::xero::outcome::Lost;
use counterfoil::xero::transport::{Part, Whole};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use uuid::Uuid;

use crate::schema::bench::{Exchange, faults_of};

/// Xero behind its addresses, and the token we have.
pub struct Wire {
    pub world: World,
    pub tenant: Uuid,
    token: String,
    expires_ms: i64,
    /// Something may have changed in Xero since it was last looked at.
    pub is_touched: bool,
    /// Rows of a page of changes, instead of as many as are asked for; 0 = as many as those.
    pub page_rows: u32,
    /// Its answers are held against Xero's published schemas.
    is_judged: bool,
}

/// Every so many seeds are judged: a judgement takes longer than an answer.
const JUDGED_EVERY: u64 = 32;

/// What became of a request that arrived.
pub struct Served {
    pub answer: Answer,
    /// From its arrival to the first byte of the answer.
    pub delay_ms: u64,
    pub call: Option<CallId>,
}

impl Wire {
    pub fn new(rng_seed: u64, now: Instants) -> Self {
        let setup = Setup {
            seed: Seed::Empty,
            rng_seed,
            ..Setup::default()
        };
        let world = World::new(&setup, now);
        let tenant = world.tenants()[0].tenant_id;
        Self {
            world,
            tenant,
            token: String::new(),
            expires_ms: i64::MIN,
            is_touched: true,
            page_rows: 0,
            is_judged: rng_seed.is_multiple_of(JUDGED_EVERY),
        }
    }

    pub fn tenant_id(&self) -> XeroTenantId {
        XeroTenantId(self.tenant)
    }

    /// Plays the keyring: a token that lasts.
    pub fn borrow(&mut self, now: Instants) {
        if self.has_token(now) {
            return;
        }
        let body = format!(
            "grant_type=refresh_token&refresh_token={}&client_id={}&client_secret={}",
            self.world.refresh_token(),
            self.world.client_id(),
            self.world.client_secret()
        );
        let request = sandbox::Request {
            method: "POST".into(),
            path: "/connect/token".into(),
            body: body.into(),
            ..sandbox::Request::default()
        };
        let outcome = self.world.respond(now, &request);
        if let Some(call) = outcome.call {
            self.world.answered(call, now);
        }
        let json: Value = serde_json::from_slice(&outcome.answer.body).expect("a pair of tokens");
        self.token = json["access_token"].as_str().expect("an access token").to_owned();
        self.expires_ms = now.document_ms + json["expires_in"].as_i64().expect("a lifetime") * 1_000;
    }

    /// Whether there is a token that lasts.
    pub fn has_token(&self, now: Instants) -> bool {
        self.expires_ms > now.document_ms + 120_000
    }

    /// The token is not believed any more.
    pub fn invalidate(&mut self) {
        self.expires_ms = i64::MIN;
    }

    /// What is answered without a call, if nothing can be asked.
    pub fn unasked(request: &Request) -> Option<Answer> {
        address::of(request)
            .err()
            .map(|unaskable| client::unsent(request, unaskable))
    }

    /// The request arrives.
    pub fn serve(&mut self, now: Instants, request: &Request, rule: Option<&str>) -> Served {
        let outcome = self.ask(now, request, rule);
        Self::read(now, request, &outcome)
    }

    /// What Xero says to the request.
    pub fn ask(&mut self, now: Instants, request: &Request, rule: Option<&str>) -> Outcome {
        self.is_touched = true;
        if let Some(rule) = rule {
            self.control(now, "POST", "faults", rule);
        }
        let outgoing = self.outgoing(request);
        let outcome = self.world.respond(now, &outgoing);
        if rule.is_some() {
            self.control(now, "DELETE", "faults", "");
        } else if self.is_judged {
            judge(&outgoing, &outcome);
        }
        outcome
    }

    /// What we understand of it.
    pub fn read(now: Instants, request: &Request, outcome: &Outcome) -> Served {
        let part = |head, lost| Err(Part { head, lost });
        let status = outcome.answer.status;
        let head = headers(&outcome.answer, now);
        let exchanged = match outcome.transport {
            Transport::Deliver => Ok(Whole {
                status,
                headers: head,
                body: outcome.answer.body.clone(),
            }),
            Transport::Cut { .. } => part(Some((status, head)), Lost::Broken),
            Transport::DropBeforeWrite if outcome.call.is_none() => part(None, Lost::NoConnection),
            Transport::DropBeforeWrite | Transport::DropAfterWrite => part(None, Lost::Broken),
        };
        Served {
            answer: client::understood(request, exchanged),
            delay_ms: outcome.delay_ms,
            call: outcome.call,
        }
    }

    /// A control call that must succeed.
    pub fn control(&mut self, now: Instants, method: &str, path: &str, body: &str) -> Value {
        self.try_control(now, method, path, body)
            .expect("the control surface takes it")
    }

    /// A control call; `None` = refused.
    pub fn try_control(&mut self, now: Instants, method: &str, path: &str, body: &str) -> Option<Value> {
        self.is_touched = true;
        let request = sandbox::Request {
            method: method.into(),
            path: format!("/_sandbox/{path}"),
            body: Bytes::copy_from_slice(body.as_bytes()),
            ..sandbox::Request::default()
        };
        let answer = self.world.respond(now, &request).answer;
        (answer.status < 300).then(|| serde_json::from_slice(&answer.body).expect("JSON"))
    }

    /// What the sandbox counts against us.
    pub fn violations(&mut self, now: Instants) -> Vec<Value> {
        let mut list = self.control(now, "GET", "violations", "");
        match list["data"].take() {
            Value::Array(list) => list,
            other => panic!("no list: {other}"),
        }
    }

    fn outgoing(&self, request: &Request) -> sandbox::Request {
        let address = address::of(request).expect("it was askable when it left");
        let (path, query) = address.path.split_once('?').unwrap_or((&address.path, ""));
        let mut headers = vec![
            ("accept".to_owned(), "application/json".to_owned()),
            ("authorization".to_owned(), format!("Bearer {}", self.token)),
            ("xero-tenant-id".to_owned(), self.tenant.to_string()),
        ];
        if let Some(since) = address.modified_since {
            headers.push(("if-modified-since".to_owned(), since));
        }
        let mut body = Bytes::new();
        if let Some((key, bytes)) = address.write {
            headers.push(("idempotency-key".to_owned(), key));
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
            body = bytes;
        }
        let method = match address.verb {
            Verb::Get => "GET",
            Verb::Put => "PUT",
            Verb::Post => "POST",
        };
        sandbox::Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: match (request, self.page_rows) {
                (Request::Changes { .. }, 1..) => smaller_page(query, self.page_rows),
                _ => query.to_owned(),
            },
            headers,
            body,
        }
    }
}

/// A few documents fill pages only where pages are small.
fn smaller_page(query: &str, rows: u32) -> String {
    let parts = query.split('&').map(|part| match part.split_once('=') {
        Some(("pageSize", _)) => format!("pageSize={rows}"),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("&")
}

/// An answer that was not tampered with is one that Xero's own description allows.
fn judge(request: &sandbox::Request, outcome: &Outcome) {
    let faults = faults_of(&Exchange {
        method: &request.method,
        path: &request.path,
        status: outcome.answer.status,
        content_type: outcome.answer.header("Content-Type").unwrap_or_default(),
        body: &outcome.answer.body,
    });
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert!(
        faults.is_empty(),
        "{} {}\n{}",
        request.method,
        request.path,
        told.join("\n")
    );
}

/// As a server sends them, with its clock.
pub fn headers(answer: &sandbox::Answer, now: Instants) -> HeaderMap {
    let date = Timestamp(now.document_ms).to_utc();
    let date = date.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let own = answer.headers.iter().map(|(name, value)| (*name, value.clone()));
    own.chain([("Date", date)])
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a header's name");
            (name, HeaderValue::from_str(&value).expect("a header's value"))
        })
        .collect()
}
