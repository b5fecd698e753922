//! `counterfoil serve`: the daemon under systemd or by hand.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::clock::{RealClock, RealEntropy};
use super::daemon::{Daemon, Health, Parts};
use super::notify::Notifier;
use super::opened::findings;
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
/// How long a start may take: more than the unit's `TimeoutStartSec` of two minutes, because an index of
/// many gigabytes may have to be made again.
const START_DEADLINE: Duration = Duration::from_secs(3600);
/// How often a start is tried again that needs space on the disk.
const START_AGAIN_EVERY: Duration = Duration::from_secs(5);
/// How often the pulse is felt three times, where systemd does not say.
const PULSE_EVERY: Duration = Duration::from_secs(15);

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
    super::panics::report();
    let parts = Parts {
        config: config.clone(),
        clock: clock.clone(),
        entropy: Arc::new(RealEntropy),
        metrics: metrics.clone(),
        board,
        mounts: Vec::new(),
        hooks_on_control: false,
    };
    let live = Live {
        clock: &*clock,
        metrics: &metrics,
        log: &log,
    };
    actix::System::new().block_on(start_and_run(parts, config, path.as_deref(), &live))
}

/// What the running daemon reports to.
struct Live<'a> {
    clock: &'a dyn Clock,
    metrics: &'a Metrics,
    log: &'a LogControl,
}

async fn start_and_run(parts: Parts, config: Config, path: Option<&Path>, live: &Live<'_>) -> Exit {
    // First of all: a TERM while the store is opened is obeyed as soon as it is open.
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => {
            tracing::error!(%error, "signals cannot be listened to");
            return Exit::Failed;
        }
    };
    loop {
        Notifier.starting(START_DEADLINE, "opening the store");
        match Daemon::start(parts.clone()).await {
            Ok(daemon) => {
                announce(&daemon);
                let why = run(&daemon, config, path, (&mut signals, live)).await;
                return stop(daemon, signals, why).await;
            }
            // systemd gives up after some starts in a row; space may come back much later.
            Err(error) if error.passes() => {
                tracing::error!(%error, "the daemon waits for space on the disk");
                Notifier.starting(START_DEADLINE, "waiting for space on the disk");
                if is_told_to_stop(&mut signals).await {
                    return Exit::Failed;
                }
            }
            Err(error) => {
                tracing::error!(%error, "the daemon did not start");
                return Exit::Failed;
            }
        }
    }
}

/// Waits a while, or until a signal ends the waiting.
async fn is_told_to_stop(signals: &mut Signals) -> bool {
    let again = tokio::time::sleep(START_AGAIN_EVERY);
    tokio::pin!(again);
    loop {
        tokio::select! {
            () = &mut again => return false,
            order = signals.next() => if order != Order::Reload {
                return true;
            },
        }
    }
}

/// Why a daemon stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// It was told to.
    Ordered,
    /// It was told to do so at once.
    AtOnce,
    /// A part of it has ended; whoever watches us starts us again.
    Broken,
}

async fn run(daemon: &Daemon, mut config: Config, path: Option<&Path>, on: (&mut Signals, &Live<'_>)) -> Why {
    let (signals, live) = on;
    let status = format!("serving {} organisations", daemon.tenants_count);
    Notifier.ready(&status);
    let mut watch = Watch::new();
    loop {
        let order = tokio::select! {
            order = signals.next() => order,
            () = watch.next() => match daemon.feel_pulse() {
                Health::Well => {
                    Notifier.alive();
                    continue;
                }
                Health::Stuck => {
                    tracing::warn!("a thread that tenants live on does not take its turn");
                    continue;
                }
                Health::Ended(part) => {
                    tracing::error!(part, "a part without which nothing can be sent has ended; the daemon stops to be started again");
                    return Why::Broken;
                }
            },
        };
        match order {
            Order::Reload => {
                Notifier.reloading();
                let outcome = reload(path, &mut config, daemon, live.log);
                outcome.report();
                live.metrics.config_reloaded(outcome.result(), live.clock.now().wall);
                Notifier.ready(&status);
            }
            Order::Stop => return Why::Ordered,
            Order::StopNow => return Why::AtOnce,
        }
    }
}

async fn stop(daemon: Daemon, mut signals: Signals, why: Why) -> Exit {
    if why == Why::AtOnce {
        return Exit::Failed;
    }
    Notifier.stopping("finishing open calls");
    tracing::info!("stopping");
    let stopping = daemon.stop(STOP_DEADLINE);
    tokio::pin!(stopping);
    let mut watch = Watch::new();
    let stopped = loop {
        tokio::select! {
            stopped = &mut stopping => break stopped,
            order = signals.next() => if order == Order::StopNow {
                tracing::warn!("stopping at once; what was under way is found out after the next start");
                return Exit::Failed;
            },
            // A stop takes longer than the watchdog waits.
            () = watch.next() => Notifier.alive(),
        }
    };
    match stopped {
        Ok(()) if why == Why::Ordered => {
            tracing::info!("stopped");
            Exit::Ok
        }
        Ok(()) => Exit::Failed,
        Err(error) => {
            tracing::error!(%error, "the store was not closed cleanly; the next start checks it");
            Exit::Failed
        }
    }
}

/// Even intervals in which the daemon's pulse is felt: several to each sign of life that systemd
/// waits for, so that one slow turn does not cost the process its life.
struct Watch(tokio::time::Interval);

impl Watch {
    fn new() -> Self {
        let every = Notifier.watchdog_every().unwrap_or(PULSE_EVERY) / 3;
        let mut ticks = tokio::time::interval(every.max(Duration::from_millis(10)));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Self(ticks)
    }

    async fn next(&mut self) {
        self.0.tick().await;
    }
}

fn announce(daemon: &Daemon) {
    for finding in findings(&daemon.store_report) {
        let found = finding.text;
        if finding.needs_a_look {
            tracing::warn!(found, "store opened");
        } else {
            tracing::info!(found, "store opened");
        }
    }
    let file = daemon.token_file.display();
    if daemon.token_is_new {
        tracing::info!(%file, "an admin token was written: whoever can read this file can do everything");
    }
    let control = daemon
        .control_addr
        .map_or_else(|| "the socket only".to_owned(), |addr| addr.to_string());
    let public = daemon
        .public_addr
        .map_or_else(|| "off".to_owned(), |addr| addr.to_string());
    tracing::info!(control, public, tenants_count = daemon.tenants_count, "ready");
}
