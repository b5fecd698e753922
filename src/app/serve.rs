//! `counterfoil serve`: the daemon under systemd or by hand.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::clock::{RealClock, RealEntropy};
use super::daemon::{Daemon, Parts};
use super::notify::Notifier;
use super::reload::reload;
use super::signals::{Order, Signals};
use crate::cli::exit::Exit;
use crate::config::{Config, LogFormat};
use crate::http;
use crate::model::time::Clock;
use crate::observe::board::Board;
use crate::observe::logging::{self, Format, LogControl};
use crate::observe::metrics::Metrics;

/// How long a stop may take: below the unit's `TimeoutStopSec` of 60 seconds.
pub const STOP_DEADLINE: Duration = Duration::from_secs(45);

/// Runs the daemon until it is told to stop. Returns the exit code.
#[must_use]
pub fn serve(path: Option<PathBuf>) -> Exit {
    let config = match Config::load(path.as_deref(), std::env::vars()) {
        Ok(config) => config,
        Err(problems) => {
            super::programs::complain(&problems.to_string());
            return Exit::Usage;
        }
    };
    let clock = match RealClock::new() {
        Ok(clock) => Arc::new(clock),
        Err(error) => {
            super::programs::complain(&format!("the clock cannot be read: {error}"));
            return Exit::Failed;
        }
    };
    crate::xero::client::install_tls();
    let board = Board::default();
    let metrics = Metrics::new(board.clone(), clock.now().wall, &http::routes::names());
    let format = match config.log.format {
        LogFormat::Text => Format::Text,
        LogFormat::Json => Format::Json,
    };
    let log = match logging::init(config.log.level.label(), format, metrics.clone()) {
        Ok(log) => log,
        Err(error) => {
            super::programs::complain(&error.to_string());
            return Exit::Failed;
        }
    };
    let parts = Parts {
        config: config.clone(),
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        entropy: Arc::new(RealEntropy),
        metrics: metrics.clone(),
        board,
        mounts: Vec::new(),
    };
    actix::System::new().block_on(async move {
        let daemon = match Daemon::start(parts).await {
            Ok(daemon) => daemon,
            Err(error) => {
                tracing::error!(%error, "the daemon did not start");
                return Exit::Failed;
            }
        };
        announce(&daemon);
        run(daemon, config, path.as_deref(), &Live { clock: &*clock, metrics: &metrics, log: &log }).await
    })
}

/// What the running daemon reports to.
struct Live<'a> {
    clock: &'a dyn Clock,
    metrics: &'a Metrics,
    log: &'a LogControl,
}

async fn run(daemon: Daemon, mut config: Config, path: Option<&Path>, live: &Live<'_>) -> Exit {
    let notifier = Notifier;
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => {
            tracing::error!(%error, "signals cannot be listened to");
            return Exit::Failed;
        }
    };
    notifier.ready("serving");
    let beat = notifier.watchdog_every().unwrap_or(Duration::from_secs(10));
    let mut watchdog = tokio::time::interval(beat);
    loop {
        let order = tokio::select! {
            order = signals.next() => order,
            _ = watchdog.tick() => {
                notifier.alive();
                continue;
            }
        };
        match order {
            Order::Reload => {
                notifier.reloading();
                let outcome = reload(path, &mut config, &daemon, live.log);
                outcome.report();
                live.metrics.config_reloaded(outcome.result(), live.clock.now().wall);
                notifier.ready("serving");
            }
            Order::Stop => break,
            Order::StopNow => return Exit::Failed,
        }
    }
    notifier.stopping("finishing open calls");
    tracing::info!("stopping");
    let stopped = tokio::select! {
        stopped = daemon.stop(STOP_DEADLINE) => stopped,
        () = stop_now(&mut signals) => return Exit::Failed,
    };
    match stopped {
        Ok(()) => {
            tracing::info!("stopped");
            Exit::Ok
        }
        Err(error) => {
            tracing::error!(%error, "the store was not closed cleanly");
            Exit::Failed
        }
    }
}

async fn stop_now(signals: &mut Signals) {
    while signals.next().await != Order::StopNow {}
}

fn announce(daemon: &Daemon) {
    tracing::info!(found = daemon.store_report, "store opened");
    if daemon.token_is_new {
        tracing::info!(file = %daemon.token_file.display(), "an admin token was written");
    }
    let control = daemon.control_addr.map_or_else(|| "the socket only".to_owned(), |addr| addr.to_string());
    tracing::info!(control, "ready");
}
