//! A client without a socket that asks the sandbox as the recordings asked Xero.

use counterfoil::sandbox::{Instants, Request, Seed, Setup, World};
use serde_json::{Value, json};

const START_MS: i64 = 1_790_000_000_000;

/// The sandbox, and a token for it.
pub struct Desk {
    world: World,
    now: Instants,
    token: String,
    tenant: String,
}

/// An answer.
pub struct Said {
    pub status: u16,
    pub body: Value,
}

impl Desk {
    /// One organisation with nothing but its chart.
    pub fn new() -> Self {
        let now = Instants {
            real_ms: START_MS,
            document_ms: START_MS,
        };
        let setup = Setup {
            seed: Seed::Empty,
            ..Setup::default()
        };
        let world = World::new(&setup, now);
        let tenant = world.tenants()[0].tenant_id.to_string();
        let mut desk = Self {
            world,
            now,
            token: String::new(),
            tenant,
        };
        let pair = desk.refresh();
        desk.token = pair.body["access_token"].as_str().unwrap().to_owned();
        desk
    }

    fn send(&mut self, method: &str, target: &str, body: String) -> Said {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        // One call a second stays within every limit.
        self.now.real_ms += 1_000;
        self.now.document_ms += 1_000;
        let outcome = self.world.respond(
            self.now,
            &Request {
                method: method.to_owned(),
                path: path.to_owned(),
                query: query.replace(' ', "%20"),
                headers: vec![
                    ("Accept".to_owned(), "application/json".to_owned()),
                    ("Authorization".to_owned(), format!("Bearer {}", self.token)),
                    ("Xero-Tenant-Id".to_owned(), self.tenant.clone()),
                ],
                body: body.into(),
            },
        );
        if let Some(call) = outcome.call {
            self.world.answered(call, self.now);
        }
        Said {
            status: outcome.answer.status,
            body: serde_json::from_slice(&outcome.answer.body).unwrap_or_default(),
        }
    }

    /// Any call; `path` from the root.
    pub fn ask(&mut self, method: &str, target: &str, body: Option<&Value>) -> Said {
        self.send(method, target, body.map(Value::to_string).unwrap_or_default())
    }

    /// A call that must be done; `path` below the accounting API.
    #[track_caller]
    pub fn must(&mut self, method: &str, target: &str, body: &Value) -> Value {
        let said = self.ask(method, &format!("/api.xro/2.0/{target}"), Some(body));
        assert_eq!(said.status, 200, "{method} {target} {body}: {}", said.body);
        said.body
    }

    /// What somebody does inside Xero.
    #[track_caller]
    pub fn play(&mut self, scenario: &str, args: &Value) {
        let asked = json!({"scenario": scenario, "tenant_id": self.tenant, "args": args});
        let said = self.ask("POST", "/_sandbox/trigger", Some(&asked));
        assert_eq!(said.status, 200, "{scenario}: {}", said.body);
    }

    /// A new pair of tokens, as it was sent.
    pub fn refresh(&mut self) -> Said {
        let form = format!(
            "grant_type=refresh_token&refresh_token={}&client_id={}&client_secret={}",
            self.world.refresh_token(),
            self.world.client_id(),
            self.world.client_secret()
        );
        self.send("POST", "/connect/token", form)
    }

    /// A call when the token has expired.
    pub fn ask_expired(&mut self, target: &str) -> Said {
        let own = self.now;
        self.now.document_ms += 3_600_000;
        let said = self.ask("GET", target, None);
        self.now = own;
        said
    }

    /// A call for an organisation that is not connected.
    pub fn ask_elsewhere(&mut self, target: &str) -> Said {
        let own = std::mem::replace(&mut self.tenant, "11111111-2222-4333-8444-555555555555".to_owned());
        let said = self.ask("GET", target, None);
        self.tenant = own;
        said
    }
}
