//! A server over a double, on a free port.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::client::Client;
use super::double::{House, NOW};
use crate::engine::status::{Blocked, HookState, HookStatus, TenantHooks, TenantStatus};
use crate::http::{Caps, Check, Listen, Mount, Scope, Served, Server, State, Token, start};
use crate::model::connection::{Connection, ConnectionState, Gate};
use crate::model::document::Currency;
use crate::model::ids::{GrantId, TenantId};
use crate::model::row::{Settings, Tenant};
use crate::model::time::{Clock, Entropy, Mono, Now, Timestamp};

pub const ADMIN: &str = "cft_admin_0123456789";
pub const READER: &str = "cft_reader_0123456789";
pub const GUID_A: &str = "11111111-1111-4111-8111-111111111111";
pub const GUID_B: &str = "22222222-2222-4222-8222-222222222222";

/// A wall clock that moves when a test says so.
pub struct Hand(Mutex<Timestamp>);

impl Clock for Hand {
    fn now(&self) -> Now {
        Now {
            wall: *self.0.lock().expect("unpoisoned"),
            mono: Mono(5_000),
        }
    }

    fn boot_id(&self) -> &str {
        "boot"
    }
}

struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let next = self.0.fetch_add(1, Ordering::Relaxed);
            *byte = u8::try_from(next % 251).expect("small");
        }
    }
}

/// What tests change before the start.
#[derive(Default)]
pub struct Setup {
    pub caps: Caps,
    pub mounts: Vec<Arc<dyn Mount>>,
    pub failing: Option<String>,
    pub socket: Option<std::path::PathBuf>,
}

/// Webhooks of which none has come.
fn no_hooks() -> HookStatus {
    HookStatus {
        state: HookState::Waiting,
        last_received_at: None,
        silent_since: None,
        gaps_count: 0,
        last_gap_at: None,
        keys: vec![("/etc/counterfoil/webhook_key".to_owned(), None)],
    }
}

/// A running server and everything behind it.
pub struct World {
    pub house: Arc<House>,
    pub server: Server,
    pub client: Client,
    pub reader: Client,
    pub tenant: TenantId,
    pub other: TenantId,
    pub blocked: Arc<Mutex<Option<Blocked>>>,
    pub served: Arc<Mutex<Vec<Served>>>,
    pub hooks: Arc<Mutex<HookStatus>>,
    clock: Arc<Hand>,
}

impl World {
    pub fn start() -> Self {
        Self::with(Setup::default())
    }

    pub fn with(setup: Setup) -> Self {
        let house = House::new();
        let tenant = add_tenant(&house, 1, "Acme Ltd", GUID_A);
        let other = add_tenant(&house, 2, "Bluebird Foods", GUID_B);
        let blocked = Arc::new(Mutex::new(None));
        let served = Arc::new(Mutex::new(Vec::new()));
        let hooks = Arc::new(Mutex::new(no_hooks()));
        let seen_hooks = Arc::clone(&hooks);
        let clock = Arc::new(Hand(Mutex::new(NOW)));
        let (seen_blocked, seen_served) = (Arc::clone(&blocked), Arc::clone(&served));
        let failing = setup.failing;
        let state = State {
            control: house.clone(),
            reads: house.clone(),
            status: Arc::new(move |_| Some(status(*seen_blocked.lock().expect("unpoisoned")))),
            hooks: Arc::new(move || seen_hooks.lock().expect("unpoisoned").clone()),
            tenant_hooks: Arc::new(|_| TenantHooks {
                state: HookState::On,
                last_received_at: Some(NOW),
                lag_p95_ms: Some(412),
            }),
            exposition: Arc::new(|| "counterfoil_up 1\n# EOF\n".to_owned()),
            readiness: Arc::new(move || {
                let failing = failing.clone();
                vec![Check { name: "store", failing }]
            }),
            served: Arc::new(move |one| seen_served.lock().expect("unpoisoned").push(one.clone())),
            clock: clock.clone(),
            entropy: Arc::new(Counter(AtomicU64::new(1))),
            tokens: vec![
                token("admin", ADMIN, vec![Scope::Admin], None),
                token("reader", READER, vec![Scope::Read], Some(vec![tenant])),
            ],
            allowed_hosts: vec!["counterfoil.internal:7626".to_owned()],
            caps: setup.caps,
            mounts: setup.mounts,
        };
        let listen = Listen {
            tcp: Some("127.0.0.1:0".parse().expect("an address")),
            socket: setup.socket,
        };
        let server = start(state, listen).expect("the server starts");
        let addr = server.addr.expect("it listens on TCP");
        let client = |token: &str| Client {
            addr,
            token: Some(token.to_owned()),
        };
        Self {
            house,
            client: client(ADMIN),
            reader: client(READER),
            server,
            tenant,
            other,
            blocked,
            served,
            hooks,
            clock,
        }
    }

    /// The path of an invoice of the first tenant.
    pub fn path(&self, host_ref: &str) -> String {
        format!("/v1/tenants/{}/invoices/ref:{host_ref}", self.tenant)
    }

    /// A path below the first tenant.
    pub fn below(&self, rest: &str) -> String {
        format!("/v1/tenants/{}{rest}", self.tenant)
    }

    /// Writes a good invoice and gives the answer's body.
    #[track_caller]
    pub fn given(&self, host_ref: &str) -> Value {
        let answer = self.client.put(&self.path(host_ref), &body(host_ref));
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
        answer.json()
    }

    pub fn advance_ms(&self, span_ms: i64) {
        let mut now = self.clock.0.lock().expect("unpoisoned");
        *now = now.plus_ms(span_ms);
    }
}

/// The least a server can be started with.
pub fn state_of(house: &Arc<House>) -> State {
    State {
        control: house.clone(),
        reads: house.clone(),
        status: Arc::new(|_| None),
        hooks: Arc::new(no_hooks),
        tenant_hooks: Arc::new(|_| TenantHooks {
            state: HookState::Off,
            last_received_at: None,
            lag_p95_ms: None,
        }),
        exposition: Arc::new(String::new),
        readiness: Arc::new(Vec::new),
        served: Arc::new(|_| {}),
        clock: Arc::new(Hand(Mutex::new(NOW))),
        entropy: Arc::new(Counter(AtomicU64::new(1))),
        tokens: Vec::new(),
        allowed_hosts: Vec::new(),
        caps: Caps::default(),
        mounts: Vec::new(),
    }
}

/// A good document.
pub fn body(number: &str) -> Value {
    json!({
        "kind": "sales", "number": number,
        "contact": {"ref": "C-1", "name": "Riverside Block C", "email": "ap@riverside.test"},
        "currency": "GBP", "issue_date": "2026-03-01", "due_date": "2026-03-31",
        "host_status": "approved", "line_amount_types": "Exclusive",
        "lines": [{"ref": "L1", "description": "Works", "quantity": "2",
                   "unit_price": "500.00", "nominal_code": "200"}],
    })
}

fn token(name: &str, secret: &str, scopes: Vec<Scope>, tenants: Option<Vec<TenantId>>) -> Token {
    Token {
        name: name.to_owned(),
        sha256: Sha256::digest(secret.as_bytes()).into(),
        scopes,
        tenants,
        expires_at: Some(NOW.plus_ms(30 * 24 * 3_600_000)),
    }
}

fn add_tenant(house: &House, n: u64, name: &str, guid: &str) -> TenantId {
    let id = TenantId::from_parts(n, u128::from(n));
    let row = Tenant {
        credits: None,
        id,
        xero_id: guid.parse().expect("a GUID"),
        name: name.to_owned(),
        grant: GrantId::from_parts(1, 1),
        time_zone: "GMTSTANDARDTIME".to_owned(),
        base_currency: Some(Currency::GBP),
        short_code: (n == 1).then(|| "!mBdtL".to_owned()),
        connected_at: NOW,
        connection: Connection::fresh(NOW),
        settings: Settings::default(),
        fixed: Vec::new(),
    };
    house.rows().tenants.insert(id, row);
    id
}

fn status(blocked: Option<Blocked>) -> TenantStatus {
    TenantStatus {
        connection: ConnectionState::Active,
        gate: Gate::Open,
        blocked,
        unavailable_since: None,
        queued_count: 4,
        in_flight_count: 1,
        unknown_count: 0,
        oldest_queued: Some(NOW),
        minute_used: 12,
        minute_limit: 60,
        day_used: 300,
        day_limit: 5_000,
        next_check: None,
        illegal_events_count: 0,
        parked: None,
    }
}
