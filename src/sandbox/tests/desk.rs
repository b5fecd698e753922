//! A client without a socket: the core under a hand-moved clock.

use serde_json::Value;
use uuid::Uuid;

use super::schema;
use crate::sandbox::{CallId, Instants, Outcome, Request, Setup, World};

pub const START_MS: i64 = 1_790_000_000_000;

pub struct Desk {
    pub world: World,
    pub now: Instants,
    pub token: String,
    pub tenant: Uuid,
    keys: u32,
}

pub struct Reply {
    pub status: u16,
    pub json: Value,
    pub text: String,
    pub outcome: Outcome,
}

impl Desk {
    pub fn new() -> Self {
        Self::with(&Setup::default())
    }

    pub fn with(setup: &Setup) -> Self {
        let now = Instants {
            real_ms: START_MS,
            document_ms: START_MS,
        };
        let world = World::new(setup, now);
        let tenant = world.tenants()[0].tenant_id;
        let mut desk = Self {
            world,
            now,
            token: String::new(),
            tenant,
            keys: 0,
        };
        desk.log_in();
        desk
    }

    pub fn log_in(&mut self) {
        let refresh = self.world.refresh_token().to_owned();
        let reply = self.refresh(&refresh);
        assert_eq!(reply.status, 200, "{}", reply.text);
        self.token = reply.json["access_token"].as_str().unwrap().to_owned();
    }

    pub fn refresh(&mut self, refresh: &str) -> Reply {
        let body = format!(
            "grant_type=refresh_token&refresh_token={refresh}&client_id={}&client_secret={}",
            self.world.client_id(),
            self.world.client_secret()
        );
        self.send(&Request {
            method: "POST".into(),
            path: "/connect/token".into(),
            body: body.into(),
            ..Request::default()
        })
    }

    pub fn pass(&mut self, ms: i64) {
        self.now.real_ms += ms;
        self.now.document_ms += ms;
    }

    pub fn request(&self, method: &str, target: &str, body: &str) -> Request {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/api.xro/2.0/{path}")
        };
        Request {
            method: method.into(),
            path,
            query: query.replace(' ', "%20").replace('"', "%22"),
            headers: vec![
                ("accept".into(), "application/json".into()),
                ("authorization".into(), format!("Bearer {}", self.token)),
                ("xero-tenant-id".into(), self.tenant.to_string()),
            ],
            body: body.to_owned().into(),
        }
    }

    /// Sends and takes the answer at once. Whatever the answer, it is one that Xero's own
    /// description allows.
    pub fn send(&mut self, request: &Request) -> Reply {
        let outcome = self.world.respond(self.now, request);
        self.judge(request, &outcome);
        if let Some(call) = outcome.call {
            self.world.answered(call, self.now);
        }
        if let Some(step) = outcome.clock {
            self.now.document_ms += step.advance_ms;
            if step.reach == crate::sandbox::Reach::All {
                self.now.real_ms += step.advance_ms;
            }
        }
        let text = String::from_utf8(outcome.answer.body.to_vec()).unwrap();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Reply {
            status: outcome.answer.status,
            json,
            text,
            outcome,
        }
    }

    fn judge(&self, request: &Request, outcome: &Outcome) {
        let row = outcome
            .call
            .and_then(|CallId(seq)| self.world.journal.since(seq - 1).next());
        if row.is_some_and(|row| row.fault == Some("status")) {
            return;
        }
        let answer = &outcome.answer;
        let faults = schema::bench::faults_of(&schema::bench::Exchange {
            method: &request.method,
            path: &request.path,
            status: answer.status,
            content_type: answer.header("Content-Type").unwrap_or_default(),
            body: &answer.body,
        });
        let (method, path) = (&request.method, &request.path);
        let body = String::from_utf8_lossy(&answer.body);
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert!(faults.is_empty(), "{method} {path}\n{}\n{body}", told.join("\n"));
    }

    pub fn call(&mut self, method: &str, target: &str, body: &str) -> Reply {
        let mut request = self.request(method, target, body);
        if method != "GET" {
            self.keys += 1;
            request
                .headers
                .push(("idempotency-key".into(), format!("k{}", self.keys)));
        }
        // One call a second stays within every limit.
        self.pass(1_000);
        self.send(&request)
    }

    pub fn get(&mut self, target: &str) -> Reply {
        self.call("GET", target, "")
    }

    /// A control call that must succeed.
    pub fn control(&mut self, method: &str, path: &str, body: &str) -> Value {
        let reply = self.try_control(method, path, body);
        assert!(reply.status < 300, "{}: {}", reply.status, reply.text);
        reply.json
    }

    pub fn try_control(&mut self, method: &str, path: &str, body: &str) -> Reply {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        self.send(&Request {
            method: method.into(),
            path: format!("/_sandbox/{path}"),
            query: query.into(),
            body: body.to_owned().into(),
            ..Request::default()
        })
    }

    pub fn violations(&mut self) -> Vec<String> {
        let rows = self.control("GET", "violations", "");
        let kinds = rows["data"].as_array().unwrap().iter();
        kinds.map(|row| row["kind"].as_str().unwrap().to_owned()).collect()
    }

    /// A sales invoice of 100.00 plus 20 % in the given status; the created element.
    pub fn invoice(&mut self, number: &str, status: &str) -> Value {
        let body = format!(
            r#"{{"Invoices":[{{"Type":"ACCREC","InvoiceNumber":"{number}","Contact":{{"Name":"City Limousines"}},
            "Date":"2026-09-01","DueDate":"2026-10-01","Status":"{status}",
            "LineItems":[{{"Description":"Work","Quantity":"2","UnitAmount":"50.00","AccountCode":"200"}}]}}]}}"#
        );
        let reply = self.call("PUT", "Invoices?summarizeErrors=false", &body);
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json["Invoices"][0].clone()
    }
}
