//! `counterfoil demo`: a simulated Xero and a daemon on a seeded data set, in one process.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::clock::{RealClock, RealEntropy};
use super::daemon::{Daemon, Parts};
use super::folder::{self, FolderLock};
use super::opened::findings;
use super::programs::complain;
use super::seeding;
use super::signals::{Order, Signals};
use super::start_error::StartError;
use crate::actors::control::ConnectImport;
use crate::cli::exit::Exit;
use crate::cli::{DemoArgs, demo_data_dir};
use crate::config::Config;
use crate::http;
use crate::model::secret::{ExposeSecret, SecretString};
use crate::model::time::{Clock, Mono, Now, Timestamp};
use crate::observe::board::Board;
use crate::observe::logging::{self, Format};
use crate::observe::metrics::Metrics;
use crate::sandbox::{self, Seed};

/// What the sandbox remembers itself by, in the data folder.
const HISTORY: &str = "sandbox-history";
/// How often it is looked whether the simulated clock was moved.
const CLOCK_LOOKS: Duration = Duration::from_millis(100);
/// How long a demo waits for its calls when it stops.
const DEMO_STOP: Duration = Duration::from_secs(10);

/// The daemon's clock in a demo: it moves with the sandbox's.
struct DemoClock {
    machine: RealClock,
    sandbox: sandbox::Clock,
}

impl Clock for DemoClock {
    fn now(&self) -> Now {
        let instants = self.sandbox.instants();
        Now {
            wall: Timestamp(instants.document_ms),
            mono: Mono(u64::try_from(instants.real_ms).unwrap_or(0)),
        }
    }

    fn boot_id(&self) -> &str {
        self.machine.boot_id()
    }
}

/// Runs the demo until it is told to stop. Returns why it ended.
#[must_use]
pub fn run(order: &DemoArgs) -> Exit {
    match prepare(order) {
        Ok(prepared) => prepared.run(order),
        Err(problem) => {
            complain(&format!("the demo did not start: {problem}"));
            Exit::Failed
        }
    }
}

/// A sandbox that runs, and what the daemon needs of it.
struct Prepared {
    runtime: tokio::runtime::Runtime,
    xero: sandbox::Handle,
    clock: Arc<DemoClock>,
    config: Config,
    folder: PathBuf,
    _lock: FolderLock,
}

fn prepare(order: &DemoArgs) -> Result<Prepared, String> {
    let folder = data_folder(order.data.as_deref()).map_err(|error| error.to_string())?;
    // Before the sandbox opens its history: the store's own lock is taken later.
    let lock = folder::take(&folder, "demo.lock").map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => format!(
            "another demo uses the data folder {}; stop that one, or choose another folder with --data",
            folder.display()
        ),
        _ => format!(
            "the data folder {} cannot be used: {error}; choose another with --data",
            folder.display()
        ),
    })?;
    let clock = sandbox::Clock::new();
    let machine = RealClock::new().map_err(|error| format!("the clock cannot be read: {error}"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("sandbox")
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let options = sandbox::Options {
        port: order.xero_port,
        seed: Seed::Demo,
        rng_seed: super::sandbox::seed(),
        clock: clock.clone(),
        history: Some(folder.join(HISTORY)),
        ..sandbox::Options::default()
    };
    let xero = runtime.block_on(sandbox::start(options)).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => format!(
            "another process listens on port {}; choose another for the simulated Xero with --xero-port, or 0 for any free one",
            order.xero_port
        ),
        _ => format!("the simulated Xero cannot start: {error}; choose another folder with --data"),
    })?;
    let config = config(order, &folder, &xero)?;
    let clock = Arc::new(DemoClock {
        machine,
        sandbox: clock,
    });
    Ok(Prepared {
        runtime,
        xero,
        clock,
        config,
        folder,
        _lock: lock,
    })
}

impl Prepared {
    fn run(self, order: &DemoArgs) -> Exit {
        let Self {
            runtime,
            xero,
            clock,
            config,
            folder,
            _lock,
        } = self;
        crate::xero::client::install_tls();
        let board = Board::default();
        let metrics = Metrics::new(board.clone(), clock.now().wall, &http::routes::names());
        if let Err(error) = logging::init(config.log.level.label(), Format::Text, metrics.clone()) {
            complain(&error.to_string());
            return Exit::Failed;
        }
        super::panics::report();
        let parts = Parts {
            config,
            clock,
            entropy: Arc::new(RealEntropy),
            metrics,
            board,
            mounts: Vec::new(),
            hooks_on_control: true,
        };
        let ended = actix::System::new().block_on(serve(parts, &xero, &folder, order.json));
        runtime.block_on(xero.stop());
        ended
    }
}

async fn serve(parts: Parts, xero: &sandbox::Handle, folder: &Path, json: bool) -> Exit {
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => {
            complain(&format!("signals cannot be listened to: {error}"));
            return Exit::Failed;
        }
    };
    let daemon = match Daemon::start(parts).await {
        Ok(daemon) => daemon,
        Err(StartError::Http(http::StartError::InUse(place))) => {
            complain(&format!(
                "another process listens on {place}; choose another port with --port, or 0 for any free one"
            ));
            return Exit::Failed;
        }
        Err(error) => {
            complain(&format!("the demo did not start: {error}"));
            return Exit::Failed;
        }
    };
    for finding in findings(&daemon.store_report)
        .iter()
        .filter(|finding| finding.needs_a_look)
    {
        complain(&finding.text);
    }
    let furnished = tokio::select! {
        furnished = furnish(&daemon, xero) => furnished,
        () = told_to_stop(&daemon, xero, &mut signals) => return stop(daemon, signals).await,
    };
    let furnished = furnished.and_then(|()| subscribe(&daemon, xero));
    if let Err(problem) = furnished {
        complain(&format!("the demo's data could not be made: {problem}"));
        stop(daemon, signals).await;
        return Exit::Failed;
    }
    if let Err(error) = announce(&daemon, xero, folder, json) {
        complain(&format!("standard output: {error}"));
    }
    told_to_stop(&daemon, xero, &mut signals).await;
    stop(daemon, signals).await
}

/// Until then, whatever is due by a clock that was moved is looked at soon.
async fn told_to_stop(daemon: &Daemon, xero: &sandbox::Handle, signals: &mut Signals) {
    let mut moved_ms = xero.clock().moved_ms();
    let mut looks = tokio::time::interval(CLOCK_LOOKS);
    loop {
        tokio::select! {
            order = signals.next() => match order {
                Order::Reload => daemon.look_again(),
                Order::Stop | Order::StopNow => return,
            },
            _ = looks.tick() => {
                if xero.clock().moved_ms() != moved_ms {
                    moved_ms = xero.clock().moved_ms();
                    daemon.look_again();
                }
            }
        }
    }
}

/// Stops in good order; a second Ctrl-C stops at once.
async fn stop(daemon: Daemon, mut signals: Signals) -> Exit {
    let stopped = tokio::select! {
        stopped = daemon.stop(DEMO_STOP) => stopped,
        _at_once = signals.next() => return Exit::Failed,
    };
    match stopped {
        Ok(()) => Exit::Ok,
        Err(error) => {
            complain(&format!("the store was not closed cleanly: {error}"));
            Exit::Failed
        }
    }
}

/// On a fresh folder: adopts the sandbox's grant and writes the demo's documents.
async fn furnish(daemon: &Daemon, xero: &sandbox::Handle) -> Result<(), String> {
    if !daemon.reader().tenants().map_err(|error| error.to_string())?.is_empty() {
        return Ok(());
    }
    let order = ConnectImport {
        refresh_token: SecretString::from(xero.refresh_token.as_str()),
        tenants: None,
        observe: false,
        requested_by: "demo".to_owned(),
    };
    let tenants = daemon.connect(order).await.map_err(|refused| refused.to_string())?;
    seeding::seed(daemon, xero, &tenants).await
}

/// Has the simulated Xero send its webhooks to the daemon.
fn subscribe(daemon: &Daemon, xero: &sandbox::Handle) -> Result<(), String> {
    let Some(addr) = daemon.control_addr else {
        return Ok(());
    };
    let url = format!("http://{addr}{}", http::public::WEBHOOK_PATH);
    let answer = xero.control("POST", "/_sandbox/webhooks", &json!({ "url": url }));
    match answer.status {
        200 => Ok(()),
        status => Err(format!("the simulated Xero sends no webhooks: {status}")),
    }
}

fn announce(daemon: &Daemon, xero: &sandbox::Handle, folder: &Path, json: bool) -> io::Result<()> {
    let control = daemon
        .control_addr
        .map(|addr| format!("http://{addr}"))
        .unwrap_or_default();
    let token = daemon.token.expose_secret();
    let mut out = io::stdout();
    if json {
        let ready = json!({
            "control_url": control,
            "console_url": control,
            "token": token,
            "xero_url": xero.url(),
            "data_dir": folder,
            "pid": std::process::id(),
        });
        writeln!(out, "{ready}")?;
        return out.flush();
    }
    let names: Vec<&str> = xero.tenants.iter().map(|tenant| tenant.name.as_str()).collect();
    let file = daemon.token_file.display();
    writeln!(
        out,
        "Counterfoil and a simulated Xero are ready. Nothing here reaches the real Xero.\n  \
         API        {control}/v1      token: {token}\n  \
         Fake Xero  {}   organisations: {}\n  \
         Data       {}\n\n\
         Try, in another terminal:\n  \
         counterfoil status      --addr {control} --token-file {file}\n  \
         counterfoil invoices list --tenant acme --addr {control} --token-file {file}\n  \
         curl -H 'Authorization: Bearer {token}' {control}/v1/tenants\n\
         Stop: Ctrl-C   Go on later with the same data: counterfoil demo --data {}",
        xero.url(),
        names.join(", "),
        folder.display(),
        folder.display(),
    )?;
    out.flush()
}

/// The demo's settings, as a user would give them.
fn config(order: &DemoArgs, folder: &Path, xero: &sandbox::Handle) -> Result<Config, String> {
    let secret_file = folder.join("client-secret");
    write_secret(&secret_file, &xero.client_secret).map_err(|error| format!("{}: {error}", secret_file.display()))?;
    let webhook_key_file = folder.join("webhook-key");
    write_secret(&webhook_key_file, &xero.webhook_key)
        .map_err(|error| format!("{}: {error}", webhook_key_file.display()))?;
    let text = |path: &Path| path.display().to_string();
    let mut variables: BTreeMap<String, String> = std::env::vars()
        .filter(|(name, _)| name.starts_with("COUNTERFOIL__"))
        .collect();
    for (name, value) in [
        ("XERO__CLIENT_ID", xero.client_id.clone()),
        ("XERO__CLIENT_SECRET_FILE", text(&secret_file)),
        ("XERO__API_URL", xero.url()),
        ("XERO__IDENTITY_URL", xero.url()),
        ("XERO__LOGIN_URL", xero.url()),
        ("PUBLIC__WEBHOOK_KEY_FILES", text(&webhook_key_file)),
        ("CONTROL__LISTEN", format!("127.0.0.1:{}", order.port)),
        ("STORE__PATH", text(folder)),
    ] {
        variables.insert(format!("COUNTERFOIL__{name}"), value);
    }
    variables
        .entry("COUNTERFOIL__LOG__LEVEL".to_owned())
        .or_insert_with(|| "warn".to_owned());
    Config::load(None, variables).map_err(|problems| problems.to_string())
}

fn write_secret(path: &Path, secret: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(secret.as_bytes())
}

/// The folder asked for; else the user's own demo folder, which the command line knows too.
fn data_folder(asked: Option<&Path>) -> io::Result<PathBuf> {
    let variables = std::env::vars().collect();
    let folder = match asked {
        Some(folder) => std::path::absolute(folder)?,
        None => demo_data_dir(&variables).unwrap_or_else(|| std::env::temp_dir().join("counterfoil-demo")),
    };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    Ok(folder)
}
