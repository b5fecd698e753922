//! The daemon put together: store, keyring, tenants, control endpoint. Started in this order and
//! ended in the reverse one.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, Arbiter};

use super::consent;
use super::data_folder::{open_store, prepare_folder};
use super::endpoint;
use super::grants::StoredGrants;
use super::hooks;
use super::keyfile;
use super::metered::{MeteredIdentity, MeteredStore};
use super::numbers::{app_limits, policy};
use super::start_error::StartError;
use super::upkeep::{self, Upkeep};
use crate::actors::app_budget::AppBudget;
use crate::actors::control::{ConnectImport, Control, Refused};
use crate::actors::door::Door;
use crate::actors::intake::Intake;
use crate::actors::keyring::seal::Sealer;
use crate::actors::keyring::{Bereaved, Keyring, KeyringParts};
use crate::actors::ports::{Ports, SharedPolicy};
use crate::actors::pulse::Pulses;
use crate::actors::registry::Registry;
use crate::actors::supervisor::{DrainAll, LookAgainAll, Park, Run, Supervisor};
use crate::config::Config;
use crate::http;
use crate::model::row::Tenant;
use crate::model::secret::{ExposeSecret, SecretString};
use crate::model::time::{Clock, Entropy};
use crate::observe::board::Board;
use crate::observe::metrics::Metrics;
use crate::observe::notices::Reporter;
use crate::store::reader::Reader;
use crate::store::{OpenReport, Store, StoreError, Writer, WriterOptions};
use crate::xero::client::{ClientSettings, Timeouts, XeroClient};
use crate::xero::encode::XeroEncoder;

/// Threads tenants live on: one per core of the machines this is made for.
const ARBITERS: usize = 2;
/// How long a failed start takes to end what it had begun.
const UNDO_DEADLINE: Duration = Duration::from_secs(5);

/// What a daemon is started with.
#[derive(Clone)]
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
    /// Takes webhooks on the control listener, as a demo does.
    pub hooks_on_control: bool,
}

/// How a running daemon is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Every thread that tenants live on takes its turns.
    Well,
    /// One of them is stuck.
    Stuck,
    /// This part has ended, and only a restart brings it back.
    Ended(&'static str),
}

/// A running daemon.
pub struct Daemon {
    /// Where the control endpoint listens, if on TCP.
    pub control_addr: Option<SocketAddr>,
    /// Where webhooks come in, if anywhere of their own.
    pub public_addr: Option<SocketAddr>,
    /// The admin token.
    pub token: SecretString,
    /// The file it is in.
    pub token_file: PathBuf,
    /// Whether the token was made by this start.
    pub token_is_new: bool,
    /// What the store found when it opened.
    pub store_report: OpenReport,
    /// How many tenants were started.
    pub tenants_count: usize,
    door: Door,
    server: http::Server,
    public: Option<http::public::PublicServer>,
    core: Core,
}

/// What runs behind the control endpoint.
struct Core {
    ports: Arc<Ports>,
    supervisor: Addr<Supervisor>,
    store: Arc<dyn Store>,
    upkeep: Upkeep,
    pulses: Pulses,
    arbiters: Vec<Arbiter>,
}

impl Daemon {
    /// Starts a daemon on the running actix system. It listens last, when every tenant can be found.
    ///
    /// # Errors
    /// [`StartError`]; whatever was started is ended again.
    pub async fn start(parts: Parts) -> Result<Self, StartError> {
        let Parts {
            config,
            clock,
            entropy,
            metrics,
            board,
            mut mounts,
            hooks_on_control,
        } = parts;
        let folder = config.store.path.clone();
        prepare_folder(&folder)?;
        let (store, store_report) = open_store(&config, &*clock, &*entropy)?;
        let store: Arc<dyn Store> = Arc::new(MeteredStore::new(store, metrics.clone()));
        let token_file = folder.join("admin-token");
        let token = keyfile::admin_token(&token_file, &*entropy)?;
        let core = Core::start(&config, Arc::clone(&store), (clock, entropy), (&metrics, board)).await?;
        let (tenants, unreadable) = match core.ports.reader.tenants_to_run() {
            Ok(found) => found,
            Err(error) => return Err(core.undo(error.into()).await),
        };
        let tenants_count = tenants.len();
        if core.supervisor.send(Park(unreadable)).await.is_err() {
            return Err(core.undo(StartError::Supervisor).await);
        }
        if core.supervisor.send(Run(tenants)).await.is_err() {
            return Err(core.undo(StartError::Supervisor).await);
        }
        core.ports.keyring.tell_deaths(Bereaved::new(&core.supervisor));
        let door = Door::new(Arc::clone(&core.ports), core.supervisor.clone(), consent::desk(&config));
        let mut public = hooks::state(&config, &core.ports.porter, &core.ports.clock);
        if hooks_on_control {
            mounts.push(Arc::new(http::public::Mounted(public.clone())));
        }
        consent::mount(&config, &door, &mut public, &mut mounts);
        let state = endpoint::state(&config, &door, &core.ports, &metrics, &token.secret, mounts);
        let listen = http::Listen {
            tcp: config.control.listen.0,
            socket: config.control.socket.clone(),
        };
        let server = match http::start(state, listen) {
            Ok(server) => server,
            Err(error) => return Err(core.undo(error.into()).await),
        };
        let public = config.public.listen.0.map(|addr| http::public::start(public, addr));
        let public = match public.transpose() {
            Ok(public) => public,
            Err(error) => {
                server.stop(UNDO_DEADLINE).await;
                return Err(core.undo(StartError::Public(error)).await);
            }
        };
        if public.is_some() || hooks_on_control {
            core.ports.porter.listen();
        }
        consent::answer_at(&door, public.as_ref().map(|public| public.addr).or(server.addr));
        Ok(Self {
            control_addr: server.addr,
            public_addr: public.as_ref().map(|public| public.addr),
            token: token.secret,
            token_file,
            token_is_new: token.is_new,
            store_report,
            tenants_count,
            door,
            server,
            public,
            core,
        })
    }

    /// Adopts a grant and starts its tenants.
    ///
    /// # Errors
    /// As [`Control::connect_import`].
    pub async fn connect(&self, order: ConnectImport) -> Result<Vec<Tenant>, Refused> {
        let connected = self.door.connect_import(order).await?;
        Ok(connected.into_iter().map(|connected| connected.tenant).collect())
    }

    /// The door to its actors.
    #[must_use]
    pub const fn door(&self) -> &Door {
        &self.door
    }

    /// Reads committed rows.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.core.ports.reader
    }

    /// Puts other numbers into force.
    pub fn apply(&self, config: &Config) {
        self.core.ports.policy.set(policy(config));
        hooks::set(config, &self.core.ports.porter);
        self.core.upkeep.keep_events(config.events.keep);
        self.core.upkeep.keep_audit(config.audit.keep);
        self.look_again();
    }

    /// Lets everybody look at the clock again.
    pub fn look_again(&self) {
        self.core.supervisor.do_send(LookAgainAll);
    }

    /// Whether everything answered since the last call; then asks again. To be called at even
    /// intervals.
    #[must_use]
    pub fn feel_pulse(&self) -> Health {
        let Core {
            ports,
            supervisor,
            pulses,
            ..
        } = &self.core;
        if !ports.keyring.is_alive() {
            return Health::Ended("keyring");
        }
        if !supervisor.connected() {
            return Health::Ended("supervisor");
        }
        let is_well = pulses.all_answered();
        pulses.ask();
        if is_well { Health::Well } else { Health::Stuck }
    }

    /// Stops in good order: no new work, calls in flight answered and recorded, everything synced.
    /// What is not done by the deadline is found out after the next start, as after a crash.
    ///
    /// # Errors
    /// When the store could not be closed; the next start then treats the stop as unclean.
    pub async fn stop(self, deadline: Duration) -> Result<(), StoreError> {
        if let Some(public) = self.public {
            public.stop(deadline / 6).await;
        }
        self.server.stop(deadline / 3).await;
        self.core.stop(deadline / 2).await
    }
}

fn client_settings(config: &Config) -> ClientSettings {
    ClientSettings {
        api_url: config.xero.api_url.as_str().to_owned(),
        identity_url: config.xero.identity_url.as_str().to_owned(),
        client_id: config.xero.client_id.clone(),
        proof: consent::proof(config),
        timeouts: Timeouts::default(),
    }
}

impl Core {
    async fn start(
        config: &Config,
        store: Arc<dyn Store>,
        (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
        (metrics, board): (&Metrics, Board),
    ) -> Result<Self, StartError> {
        let key = match &config.secrets.store_key {
            Some(text) => keyfile::parse_key(text.expose_secret()).ok_or(StartError::BadStoreKey)?,
            None => keyfile::store_key(&config.store.path.join("store-key"), &*entropy)?,
        };
        let client = XeroClient::new(client_settings(config))?;
        let reader = Reader::new(Arc::clone(&store));
        let writer = Writer::start(Arc::clone(&store), WriterOptions::default())?;
        let arbiters: Vec<Arbiter> = (0..ARBITERS).map(|_| Arbiter::new()).collect();
        let handles: Vec<_> = arbiters.iter().map(Arbiter::handle).collect();
        let keyring_parts = KeyringParts {
            store: Arc::new(StoredGrants::new(reader.clone(), writer.clone())),
            identity: Arc::new(MeteredIdentity::new(client.clone(), metrics.clone())),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            sealer: Sealer::new(&key, Arc::clone(&entropy)),
        };
        let keyring_home = handles
            .first()
            .cloned()
            .unwrap_or_else(|| actix::System::current().arbiter().clone());
        let keyring = match Keyring::start(&keyring_home, keyring_parts).await {
            Ok(keyring) => keyring,
            Err(error) => {
                close(writer, store).await?;
                return Err(error.into());
            }
        };
        let pulses = Pulses::start(&handles);
        let registry = Registry::default();
        let porter = hooks::porter(config, &registry, &clock, metrics);
        let ports = Arc::new(Ports {
            api: Arc::new(client),
            encode: Arc::new(XeroEncoder),
            reader,
            writer,
            clock,
            entropy,
            keyring,
            app_budget: AppBudget::new(app_limits(config.limits.app_minute.get())),
            board,
            reporter: Reporter::new(metrics.clone()),
            policy: SharedPolicy::new(policy(config)),
            intake: Intake::default(),
            link_base: config.sync.link_base.as_str().into(),
            registry,
            porter,
            arbiters: handles,
        });
        let supervisor = Supervisor::new(Arc::clone(&ports), metrics.clone()).start();
        let settings = upkeep::Settings {
            keep_events: config.events.keep,
            keep_audit: config.audit.keep,
            reserve_bytes: config.store.reserve_bytes.get(),
        };
        let upkeep = Upkeep::start(Arc::clone(&ports), metrics.clone(), settings);
        Ok(Self {
            ports,
            supervisor,
            store,
            upkeep,
            pulses,
            arbiters,
        })
    }

    /// Ends what was started, and hands on why.
    async fn undo(self, error: StartError) -> StartError {
        if let Err(closing) = self.stop(UNDO_DEADLINE).await {
            tracing::warn!(error = %closing, "the store was not closed cleanly");
        }
        error
    }

    async fn stop(self, deadline: Duration) -> Result<(), StoreError> {
        let Self {
            ports,
            supervisor,
            store,
            upkeep,
            arbiters,
            ..
        } = self;
        let resting = async {
            let drained = supervisor.send(DrainAll).await;
            ports.keyring.rest().await;
            drained
        };
        match tokio::time::timeout(deadline, resting).await {
            Ok(Ok(())) => {}
            Ok(Err(_ended)) => {
                tracing::error!("the supervisor had ended; calls in flight are looked up after the next start")
            }
            Err(_late) => {
                tracing::warn!("some calls were not answered in time; they are looked up after the next start")
            }
        }
        for arbiter in &arbiters {
            arbiter.stop();
        }
        let joining = tokio::task::spawn_blocking(move || upkeep.stop());
        if joining.await.is_err() {
            tracing::error!("the upkeep thread could not be joined");
        }
        close(ports.writer.clone(), store).await
    }
}

/// Commits what waits, then closes the store.
async fn close(writer: Writer, store: Arc<dyn Store>) -> Result<(), StoreError> {
    let closing = tokio::task::spawn_blocking(move || {
        writer.stop();
        store.close()
    });
    closing.await.unwrap_or(Err(StoreError::Closed))
}
