//! The daemon as a whole, in this process, against the sandbox.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::actors::control::{ConnectImport, Control, InvoiceName};
use crate::app::clock::{RealClock, RealEntropy};
use crate::app::daemon::{Daemon, Health, Parts};
use crate::app::start_error::StartError;
use crate::config::Config;
use crate::http;
use crate::model::document::{Currency, Draft, HostStatus, InvoiceKind, Line, LineAmountTypes, Party};
use crate::model::row::{Badge, Tenant};
use crate::model::secret::{ExposeSecret, SecretString};
use crate::model::time::Clock;
use crate::observe::board::Board;
use crate::observe::families::FAMILIES;
use crate::observe::metrics::Metrics;
use crate::sandbox;

pub(super) const STOP: Duration = Duration::from_secs(20);

/// Families that this run does not move, and the test that does.
const ELSEWHERE: [(&str, &str); 26] = [
    ("jobs_total", "tests/it: refresh"),
    ("job_documents_total", "tests/it: refresh"),
    ("job_changed_documents_total", "tests/it: refresh"),
    ("scanned_documents_total", "tests/it: pull"),
    ("changed_documents_total", "tests/it: pull"),
    ("config_reloads_total", "tests/it: reload"),
    ("config_last_reload_success_timestamp_seconds", "tests/it: reload"),
    ("log_events_total", "observe: logging"),
    ("tenants_parked", "actors: the third panic parks"),
    ("actor_restarts_total", "actors: a panic restarts the tenant"),
    ("tenants_daily_budget_exhausted", "observe: board"),
    (
        "illegal_events_total",
        "observe: notices, because only a defect makes one",
    ),
    (
        "stale_answers_total",
        "observe: notices, because only a restart in the middle makes one",
    ),
    ("xero_breaker_changes_total", "engine: breaker"),
    ("retries_total", "tests/it: ux_9"),
    ("store_errors_total", "store: faults of the disk"),
    ("xero_webhooks_received_total", "tests/it: webhooks"),
    ("xero_webhook_events_total", "tests/it: webhooks"),
    ("xero_webhook_invoices_total", "tests/it: webhooks"),
    ("xero_webhook_ack_seconds", "tests/it: webhooks"),
    ("xero_webhook_lag_seconds", "tests/it: webhooks"),
    ("xero_webhook_last_received_timestamp_seconds", "tests/it: webhooks"),
    ("xero_webhook_gaps_total", "tests/it: webhooks"),
    ("xero_webhook_events_lost_total", "tests/it: webhooks"),
    ("xero_webhooks_silent", "tests/it: webhooks"),
    ("xero_unannounced_changes_total", "tests/it: webhooks"),
];

struct House {
    daemon: Daemon,
    metrics: Metrics,
    xero: sandbox::Handle,
    seen: BTreeSet<String>,
    _folder: tempfile::TempDir,
}

impl House {
    async fn new(extra: &[(&str, &str)]) -> Self {
        crate::xero::client::install_tls();
        let folder = tempfile::tempdir().unwrap();
        let xero = sandbox::start(sandbox::Options::default()).await.unwrap();
        let (parts, metrics) = parts(config(folder.path(), &xero, extra));
        let daemon = Daemon::start(parts).await.unwrap();
        Self {
            daemon,
            metrics,
            xero,
            seen: BTreeSet::new(),
            _folder: folder,
        }
    }

    async fn connect(&self) -> Vec<Tenant> {
        let refresh_token = SecretString::from(self.xero.refresh_token.as_str());
        self.daemon
            .connect(ConnectImport {
                refresh_token,
                tenants: None,
                observe: false,
                requested_by: "token:test".to_owned(),
            })
            .await
            .unwrap()
    }

    async fn put(&self, tenant: &Tenant, number: &str, nominal_code: &str) {
        let draft = draft(tenant, number, nominal_code);
        self.daemon
            .door()
            .put_invoice(tenant.id, number.to_owned(), draft, "token:test".to_owned())
            .await
            .unwrap();
    }

    /// Notes which families have a value, until the invoice has this badge.
    async fn until(&mut self, tenant: &Tenant, number: &str, badge: Badge) {
        for _ in 0..2_000 {
            self.note();
            let row = self.daemon.reader().invoice_by_ref(tenant.id, number).unwrap();
            if row.is_some_and(|row| row.sync.badge == Some(badge)) {
                self.note();
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{number} never became {badge:?}");
    }

    fn note(&mut self) {
        for line in self.metrics.render().lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            if value.parse::<f64>().is_ok_and(|value| value > 0.0) {
                let name = name.split('{').next().unwrap();
                let name = name.strip_prefix("counterfoil_").unwrap_or(name);
                let name = name
                    .strip_suffix("_count")
                    .or_else(|| name.strip_suffix("_bucket"))
                    .unwrap_or(name);
                self.seen.insert(name.to_owned());
            }
        }
    }

    fn fault(&self, rule: serde_json::Value) {
        let answer = self.xero.control("POST", "/_sandbox/faults", &rule);
        assert!(answer.status < 300, "{}", String::from_utf8_lossy(&answer.body));
    }

    async fn ask(&self, request: &str) -> String {
        ask(&self.daemon, request).await
    }
}

pub(super) async fn ask(daemon: &Daemon, request: &str) -> String {
    let addr = daemon.control_addr.unwrap();
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let request = request.replace("TOKEN", daemon.token.expose_secret());
    let request = request.replace("host: localhost", &format!("host: localhost:{}", addr.port()));
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

pub(super) fn parts(config: Config) -> (Parts, Metrics) {
    let board = Board::default();
    let clock = Arc::new(RealClock::new().unwrap());
    let metrics = Metrics::new(board.clone(), clock.now().wall, &http::routes::names());
    let entropy = Arc::new(RealEntropy);
    let parts = Parts {
        config,
        clock,
        entropy,
        metrics: metrics.clone(),
        board,
        mounts: Vec::new(),
        hooks_on_control: false,
    };
    (parts, metrics)
}

pub(super) fn config(folder: &Path, xero: &sandbox::Handle, extra: &[(&str, &str)]) -> Config {
    use std::os::unix::fs::PermissionsExt;
    let secret = folder.join("client-secret");
    std::fs::write(&secret, &xero.client_secret).unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let text = |path: &Path| path.display().to_string();
    let mut variables: BTreeMap<String, String> = [
        ("XERO__CLIENT_ID", xero.client_id.clone()),
        ("XERO__CLIENT_SECRET_FILE", text(&secret)),
        ("XERO__API_URL", xero.url()),
        ("XERO__IDENTITY_URL", xero.url()),
        ("XERO__LOGIN_URL", xero.url()),
        ("CONTROL__LISTEN", "127.0.0.1:0".to_owned()),
        ("STORE__PATH", text(&folder.join("data"))),
        ("STORE__RESERVE_BYTES", "2MiB".to_owned()),
        ("STORE__BALLAST_BYTES", "1MiB".to_owned()),
    ]
    .map(|(name, value)| (format!("COUNTERFOIL__{name}"), value))
    .into();
    variables.extend(
        extra
            .iter()
            .map(|(name, value)| (format!("COUNTERFOIL__{name}"), (*value).to_owned())),
    );
    Config::load(None, variables).unwrap()
}

pub(super) fn draft(tenant: &Tenant, number: &str, nominal_code: &str) -> Draft {
    let today = tenant.connected_at.to_utc().date_naive();
    Draft {
        kind: InvoiceKind::Sales,
        number: number.to_owned(),
        contact: Party {
            reference: "C-77".to_owned(),
            name: "Night Lamps".to_owned(),
            email: None,
        },
        currency: Currency::GBP,
        issue_date: today,
        due_date: Some(today),
        due_date_rule: None,
        host_status: HostStatus::Approved,
        line_amount_types: LineAmountTypes::Exclusive,
        lines: vec![Line {
            reference: None,
            description: "Lamp".to_owned(),
            quantity: rust_decimal::Decimal::TWO,
            unit_price: rust_decimal::Decimal::TEN,
            nominal_code: Some(nominal_code.to_owned()),
            tax_type: None,
            tax_amount: None,
            item_code: None,
            discount_percent: None,
        }],
        reference: None,
        host_url: None,
        created_at: None,
        channel: None,
        location: None,
        work_order_ref: None,
    }
}

#[actix::test]
async fn every_family_of_metrics_is_fed() {
    let mut house = House::new(&[("XERO__LIMITS__DAY", "24")]).await;
    let tenants = house.connect().await;
    let (one, other) = (tenants[0].clone(), tenants[1].clone());
    house.fault(json!({ "match": { "path": "/api.xro/2.0/Accounts" }, "fault": "delay", "ms": 60, "times": 1 }));
    house.put(&one, "A", "200").await;
    house.until(&one, "A", Badge::Synced).await;
    // Red, and asked for again by a person.
    house.put(&one, "RED", "9999").await;
    house.until(&one, "RED", Badge::Failed).await;
    let name = InvoiceName::HostRef("RED".to_owned());
    house
        .daemon
        .door()
        .resync(one.id, name, "a person".to_owned())
        .await
        .unwrap();
    // Written, but the answer is lost.
    house.fault(json!({
        "match": { "method": "PUT", "path": "/api.xro/2.0/Invoices" }, "fault": "drop_reply_after_write", "times": 1,
    }));
    house.put(&one, "LOST", "200").await;
    house.until(&one, "LOST", Badge::Synced).await;
    // Too fast for Xero.
    house.fault(json!({
        "match": { "method": "PUT", "path": "/api.xro/2.0/Invoices" },
        "fault": "rate_limit", "problem": "minute", "retry_after": 1, "times": 1,
    }));
    house.put(&one, "SLOW", "200").await;
    house.until(&one, "SLOW", Badge::Synced).await;
    for nth in 0..30 {
        if house.seen.contains("tenants_daily_budget_low") {
            break;
        }
        let number = format!("MORE-{nth}");
        house.put(&one, &number, "200").await;
        house.until(&one, &number, Badge::Synced).await;
    }
    // An organisation that Xero lists and refuses.
    house.fault(json!({
        "match": { "path": "/api.xro/*", "tenant_id": other.xero_id.to_string() },
        "fault": "status", "code": 403, "body": "{}", "times": null,
    }));
    house.put(&other, "B", "200").await;
    house
        .ask("GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await;
    let refused = house
        .ask("GET /v1/tenants HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n")
        .await;
    assert!(refused.starts_with("HTTP/1.1 4"), "{refused}");
    let path = format!("/v1/tenants/{}/invoices/ref:A/resync", one.id);
    let keyed = house
        .ask(&format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer TOKEN\r\nidempotency-key: k1\r\n\
             content-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}"
        ))
        .await;
    assert!(keyed.starts_with("HTTP/1.1 202"), "{keyed}");
    house.until(&other, "B", Badge::Failed).await;
    // The upkeep counts every few seconds.
    for _ in 0..2_000 {
        house.note();
        if ["invoices", "store_bytes", "tenant_state_transitions_total"]
            .iter()
            .all(|name| house.seen.contains(*name))
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let elsewhere: BTreeSet<&str> = ELSEWHERE.iter().map(|(name, _)| *name).collect();
    let still: Vec<&str> = FAMILIES
        .iter()
        .map(|family| family.name)
        .filter(|name| !house.seen.contains(*name) && !elsewhere.contains(name))
        .collect();
    assert!(still.is_empty(), "nothing feeds {still:?}");
    let House { daemon, xero, .. } = house;
    daemon.stop(STOP).await.unwrap();
    xero.stop().await;
}

#[actix::test]
async fn a_daemon_is_well_stops_cleanly_and_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    crate::xero::client::install_tls();
    let xero = sandbox::start(sandbox::Options::default()).await.unwrap();
    let config = config(folder.path(), &xero, &[]);
    let daemon = Daemon::start(parts(config.clone()).0).await.unwrap();
    assert!(daemon.token_is_new);
    let refresh_token = SecretString::from(xero.refresh_token.as_str());
    let order = ConnectImport {
        refresh_token,
        tenants: None,
        observe: false,
        requested_by: "token:test".to_owned(),
    };
    let tenants = daemon.connect(order).await.unwrap();
    for nth in 0..30 {
        let number = format!("N-{nth}");
        daemon
            .door()
            .put_invoice(
                tenants[0].id,
                number.clone(),
                draft(&tenants[0], &number, "200"),
                "token:test".to_owned(),
            )
            .await
            .unwrap();
    }
    assert_eq!(daemon.feel_pulse(), Health::Well);
    for tries in 0.. {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if daemon.feel_pulse() == Health::Well {
            break;
        }
        assert!(tries < 200, "both threads answer");
    }
    // A second one is refused, names the folder, and changes nothing.
    match Daemon::start(parts(config.clone()).0).await {
        Err(StartError::Store(error)) => assert!(error.to_string().contains("in use by"), "{error}"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("two daemons on one folder"),
    }
    daemon.stop(STOP).await.unwrap();
    let daemon = Daemon::start(parts(config.clone()).0).await.unwrap();
    assert_eq!(daemon.store_report.stop, crate::store::marker::Stop::Clean);
    assert_eq!(daemon.tenants_count, tenants.len());
    assert!(!daemon.token_is_new);
    for nth in 0..30 {
        let number = format!("N-{nth}");
        for tries in 0.. {
            let row = daemon.reader().invoice_by_ref(tenants[0].id, &number).unwrap().unwrap();
            if row.sync.badge == Some(Badge::Synced) {
                break;
            }
            assert!(tries < 4_000, "{number}: {:?}", row.sync);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    let path = format!("/_sandbox/tenants/{}/documents", tenants[0].xero_id);
    let documents = xero.control("GET", &path, &serde_json::Value::Null);
    let text = String::from_utf8_lossy(&documents.body).into_owned();
    assert_eq!(text.matches("\"N-").count(), 30, "each once: {text}");
    daemon.stop(STOP).await.unwrap();
    xero.stop().await;
}

#[actix::test]
async fn a_failed_start_ends_what_it_had_begun() {
    let folder = tempfile::tempdir().unwrap();
    crate::xero::client::install_tls();
    let xero = sandbox::start(sandbox::Options::default()).await.unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let unlucky = config(folder.path(), &xero, &[("CONTROL__LISTEN", &listen)]);
    match Daemon::start(parts(unlucky).0).await {
        Err(StartError::Http(error)) => assert!(error.to_string().contains(&listen), "{error}"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("two listeners on one port"),
    }
    // The folder is free again, and the stop was a clean one.
    let daemon = Daemon::start(parts(config(folder.path(), &xero, &[])).0).await.unwrap();
    assert_eq!(daemon.store_report.stop, crate::store::marker::Stop::Clean);
    daemon.stop(STOP).await.unwrap();
    xero.stop().await;
}
