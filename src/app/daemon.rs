//! The daemon put together: store, keyring, tenants, control endpoint. Started in this order and
//! ended in the reverse one.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, Arbiter};
use sha2::{Digest, Sha256};

use super::grants::StoredGrants;
use super::keyfile::{self, KeyFileError};
use super::metered::{MeteredIdentity, MeteredStore, count_answer};
use super::reads::StoredReads;
use super::upkeep::Upkeep;
use crate::actors::app_budget::{AppBudget, AppLimits};
use crate::actors::control::{ConnectImport, Control, Refused};
use crate::actors::door::Door;
use crate::actors::keyring::seal::Sealer;
use crate::actors::keyring::{Keyring, KeyringError, KeyringParts};
use crate::actors::ports::{Ports, SharedPolicy};
use crate::actors::registry::Registry;
use crate::actors::supervisor::{DrainAll, LookAgainAll, Run, Supervisor};
use crate::config::Config;
use crate::engine::policy::{Limits, Policy};
use crate::http;
use crate::model::row::Tenant;
use crate::model::secret::{ExposeSecret, SecretString};
use crate::model::time::{Clock, Entropy};
use crate::observe::board::Board;
use crate::observe::metrics::Metrics;
use crate::observe::notices::Reporter;
use crate::store::reader::Reader;
use crate::store::rows::Rows;
use crate::store::{DiskStore, OpenOptions, Store, StoreError, Writer, WriterOptions};
use crate::xero::client::{ClientError, ClientSettings, Timeouts, XeroClient};
use crate::xero::encode::XeroEncoder;

/// Version of the rows in the store; a newer one is refused.
const SCHEMA: u32 = 1;
/// Threads tenants live on: one per core of the machines this is made for.
const ARBITERS: usize = 2;

/// What a daemon is started with.
pub struct Parts {
    /// Its settings.
    pub config: Config,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Numbers and lines.
    pub metrics: Metrics,
    /// Where tenants show how they stand; the same the metrics read.
    pub board: Board,
    /// Further routers on the control listener.
    pub mounts: Vec<Arc<dyn http::Mount>>,
}

/// Why a daemon did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store.
    #[error("the store did not open: {0}")]
    Store(#[from] StoreError),
    /// A secret file.
    #[error("{0}")]
    KeyFile(#[from] KeyFileError),
    /// The given store key.
    #[error("the store key is not 64 hexadecimal digits")]
    BadStoreKey,
    /// The keyring.
    #[error("{0}")]
    Keyring(#[from] KeyringError),
    /// The Xero client.
    #[error("{0}")]
    Client(#[from] ClientError),
    /// The control endpoint.
    #[error("{0}")]
    Http(#[from] http::StartError),
    /// A row of the store.
    #[error("the store cannot be read: {0}")]
    Read(String),
}

/// A running daemon.
pub struct Daemon {
    /// Where the control endpoint listens, if on TCP.
    pub control_addr: Option<SocketAddr>,
    /// The admin token.
    pub token: SecretString,
    /// The file it is in.
    pub token_file: PathBuf,
    /// Whether the token was made by this start.
    pub token_is_new: bool,
    /// What the store found when it opened, in words, if anything.
    pub store_report: String,
    door: Door,
    ports: Arc<Ports>,
    supervisor: Addr<Supervisor>,
    server: http::Server,
    store: Arc<dyn Store>,
    upkeep: Upkeep,
    arbiters: Vec<Arbiter>,
}

/// The numbers tenants decide by, from the settings.
#[must_use]
pub fn policy(config: &Config) -> Policy {
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let defaults = Policy::default();
    let batch_max = usize::try_from(config.sync.batch_max.get()).unwrap_or(1);
    Policy {
        limits: Limits {
            minute: config.limits.minute.get(),
            day: config.limits.day.get(),
            concurrent: config.limits.concurrent.get(),
        },
        batch_sales: batch_max.min(defaults.batch_sales),
        batch_purchase: batch_max.min(defaults.batch_purchase),
        batch_wait_ms: millis(config.sync.batch_wait),
        max_retries: u8::try_from(config.sync.max_retries.get()).unwrap_or(u8::MAX),
        retry_delays_ms: config.sync.retry_delays.map(millis),
        grace_ms: i64::try_from(config.sync.grace_period.as_millis()).unwrap_or(i64::MAX),
        ..defaults
    }
}

impl Daemon {
    /// Starts a daemon on the running actix system.
    ///
    /// # Errors
    /// [`StartError`]; whatever was started is ended again.
    pub async fn start(parts: Parts) -> Result<Self, StartError> {
        let Parts { config, clock, entropy, metrics, board, mounts } = parts;
        let (store, report) = open_store(&config, &*clock, &*entropy)?;
        let store_report = format!("{report:?}");
        let folder = config.store.path.clone();
        let token_file = folder.join("admin-token");
        let token = keyfile::admin_token(&token_file, &*entropy)?;
        let key = match &config.secrets.store_key {
            Some(text) => keyfile::parse_key(text.expose_secret()).ok_or(StartError::BadStoreKey)?,
            None => keyfile::store_key(&folder.join("store-key"), &*entropy)?,
        };
        let store: Arc<dyn Store> = Arc::new(MeteredStore::new(Arc::new(store), metrics.clone()));
        let reader = Reader::new(Arc::clone(&store));
        let writer = Writer::start(Arc::clone(&store), WriterOptions::default())?;
        let client = XeroClient::new(ClientSettings {
            api_url: config.xero.api_url.as_str().to_owned(),
            identity_url: config.xero.identity_url.as_str().to_owned(),
            client_id: config.xero.client_id.clone(),
            client_secret: config.secrets.client_secret.clone(),
            timeouts: Timeouts::default(),
        })?;
        let arbiters: Vec<Arbiter> = (0..ARBITERS).map(|_| Arbiter::new()).collect();
        let handles: Vec<_> = arbiters.iter().map(Arbiter::handle).collect();
        let keyring_parts = KeyringParts {
            store: Arc::new(StoredGrants::new(reader.clone(), writer.clone())),
            identity: Arc::new(MeteredIdentity::new(client.clone(), metrics.clone())),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            sealer: Sealer::new(&key, Arc::clone(&entropy)),
        };
        let keyring_home = handles.first().cloned().unwrap_or_else(|| actix::System::current().arbiter().clone());
        let keyring = Keyring::start(&keyring_home, keyring_parts).await?;
        let ports = Arc::new(Ports {
            api: Arc::new(client),
            encode: Arc::new(XeroEncoder),
            reader: reader.clone(),
            writer: writer.clone(),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            keyring,
            app_budget: AppBudget::new(app_limits(config.limits.app_minute.get())),
            board: board.clone(),
            reporter: Reporter::new(metrics.clone()),
            policy: SharedPolicy::new(policy(&config)),
            link_base: config.sync.link_base.as_str().into(),
            registry: Registry::default(),
            arbiters: handles,
        });
        let supervisor = Supervisor::new(Arc::clone(&ports), metrics.clone()).start();
        for tenant in reader.tenants().map_err(|error| StartError::Read(error.to_string()))? {
            supervisor.do_send(Run(Box::new(tenant)));
        }
        let door = Door::new(Arc::clone(&ports), supervisor.clone());
        let state = state(&config, &door, &ports, &metrics, &token.secret, mounts);
        let listen = http::Listen { tcp: config.control.listen.0, socket: config.control.socket.clone() };
        let server = http::start(state, listen)?;
        let upkeep = Upkeep::start(Arc::clone(&ports), metrics, config.events.keep);
        Ok(Self {
            control_addr: server.addr,
            token: token.secret,
            token_file,
            token_is_new: token.is_new,
            store_report,
            door,
            ports,
            supervisor,
            server,
            store,
            upkeep,
            arbiters,
        })
    }

    /// Adopts a grant and starts its tenants.
    ///
    /// # Errors
    /// As [`Control::connect_import`].
    pub async fn connect(&self, order: ConnectImport) -> Result<Vec<Tenant>, Refused> {
        self.door.connect_import(order).await
    }

    /// The door to its actors.
    #[must_use]
    pub const fn door(&self) -> &Door {
        &self.door
    }

    /// Reads committed rows.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.ports.reader
    }

    /// Puts other numbers into force.
    pub fn apply(&self, config: &Config) {
        self.ports.policy.set(policy(config));
        self.upkeep.keep_events(config.events.keep);
        self.supervisor.do_send(LookAgainAll);
    }

    /// Lets everybody look at the clock again.
    pub fn look_again(&self) {
        self.supervisor.do_send(LookAgainAll);
    }

    /// Stops in good order: no new work, calls in flight answered and recorded, everything synced.
    /// What is not done by the deadline is found out after the next start, as after a crash.
    ///
    /// # Errors
    /// When the store could not be closed; the next start then treats the stop as unclean.
    pub async fn stop(self, deadline: Duration) -> Result<(), StoreError> {
        self.server.stop(deadline / 2).await;
        self.upkeep.stop();
        let drained = tokio::time::timeout(deadline / 2, self.supervisor.send(DrainAll)).await;
        if drained.is_err() {
            tracing::warn!("some calls were not answered in time; they are looked up after the next start");
        }
        for arbiter in &self.arbiters {
            arbiter.stop();
        }
        let (writer, store) = (self.ports.writer.clone(), self.store);
        let closing = tokio::task::spawn_blocking(move || {
            writer.stop();
            store.close()
        });
        closing.await.unwrap_or(Err(StoreError::Closed))
    }
}

/// A limiter of this kind lets its rate plus its burst into its fullest minute.
fn app_limits(per_minute: u32) -> AppLimits {
    let defaults = AppLimits::default();
    match std::num::NonZeroU32::new(per_minute.saturating_sub(defaults.burst.get())) {
        _ if per_minute >= defaults.per_minute.get() => defaults,
        Some(rest) => AppLimits { per_minute: rest, ..defaults },
        None => AppLimits { per_minute: std::num::NonZeroU32::MIN, burst: std::num::NonZeroU32::MIN, ..defaults },
    }
}

fn open_store(
    config: &Config,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<(DiskStore, crate::store::OpenReport), StartError> {
    let mut fresh_id = [0; 16];
    entropy.fill(&mut fresh_id);
    let mut options = OpenOptions::new(&config.store.path, fresh_id, SCHEMA, clock.boot_id());
    options.reserve_bytes = config.store.reserve_bytes.get();
    options.ballast_bytes = config.store.ballast_bytes.get();
    options.snapshot_after_bytes = config.store.snapshot_after_bytes.get();
    options.cache_bytes = config.store.cache_bytes.get();
    Ok(DiskStore::open(options, Arc::new(Rows))?)
}

fn state(
    config: &Config,
    door: &Door,
    ports: &Arc<Ports>,
    metrics: &Metrics,
    token: &SecretString,
    mounts: Vec<Arc<dyn http::Mount>>,
) -> http::State {
    let board = ports.board.clone();
    let exposition = metrics.clone();
    let served = metrics.clone();
    let watched = Arc::clone(ports);
    http::State {
        control: Arc::new(door.clone()),
        reads: Arc::new(StoredReads::new(ports.reader.clone(), ports.writer.clone())),
        status: Arc::new(move |tenant| board.get(tenant)),
        exposition: Arc::new(move || exposition.render()),
        readiness: Arc::new(move || vec![http::Check { name: "store", failing: store_problem(&watched) }]),
        served: Arc::new(move |answer: &http::Served| count_answer(&served, answer)),
        clock: Arc::clone(&ports.clock),
        entropy: Arc::clone(&ports.entropy),
        tokens: vec![http::Token {
            name: "admin".to_owned(),
            sha256: Sha256::digest(token.expose_secret().as_bytes()).into(),
            scopes: vec![http::Scope::Admin],
            tenants: None,
            expires_at: None,
        }],
        allowed_hosts: config.control.hosts.clone(),
        caps: http::Caps {
            connections_max: usize::try_from(config.control.connections_max.get()).unwrap_or(256),
            head_timeout: config.control.header_timeout,
            answer_timeout: config.control.request_timeout,
            ..http::Caps::default()
        },
        mounts,
    }
}

fn store_problem(ports: &Ports) -> Option<String> {
    ports.reader.tenants().err().map(|error| error.to_string())
}
