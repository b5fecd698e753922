//! `counterfoil sandbox`: the simulated Xero alone.

use std::io::{self, Write};

use serde_json::json;

use super::programs::complain;
use super::signals::{Order, Signals};
use crate::cli::SandboxArgs;
use crate::cli::exit::Exit;
use crate::model::time::Entropy;
use crate::sandbox::{self, Options, Seed};

/// Runs the sandbox until it is told to stop. Returns the exit code.
#[must_use]
pub fn run(order: &SandboxArgs) -> Exit {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("no runtime: {error}"));
            return Exit::Failed;
        }
    };
    runtime.block_on(serve(order))
}

async fn serve(order: &SandboxArgs) -> Exit {
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => {
            complain(&format!("signals cannot be listened to: {error}"));
            return Exit::Failed;
        }
    };
    let options = Options {
        port: order.port,
        seed: if order.empty { Seed::Empty } else { Seed::Demo },
        rng_seed: seed(),
        history: order.history.clone(),
        ..Options::default()
    };
    let handle = match sandbox::start(options).await {
        Ok(handle) => handle,
        Err(error) => {
            complain(&not_started(order, &error));
            return Exit::Failed;
        }
    };
    let tenants: Vec<_> = handle
        .tenants
        .iter()
        .map(|tenant| json!({ "tenant_id": tenant.tenant_id, "name": tenant.name }))
        .collect();
    let text = if order.json {
        json!({
            "xero_url": handle.url(),
            "client_id": handle.client_id,
            "client_secret": handle.client_secret,
            "refresh_token": handle.refresh_token,
            "webhook_key": handle.webhook_key,
            "tenants": tenants,
        })
        .to_string()
    } else {
        let names: Vec<&str> = handle.tenants.iter().map(|tenant| tenant.name.as_str()).collect();
        format!(
            "A simulated Xero listens. Nothing here reaches the real one.\n  \
             Xero           {}\n  \
             client id      {}\n  \
             client secret  {}\n  \
             refresh token  {}\n  \
             organisations  {}\n\
             Try:  curl {}/_sandbox/violations\n\
             Stop: Ctrl-C",
            handle.url(),
            handle.client_id,
            handle.client_secret,
            handle.refresh_token,
            names.join(", "),
            handle.url()
        )
    };
    let mut out = std::io::stdout();
    if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush()) {
        complain(&format!("standard output: {error}"));
    }
    while signals.next().await == Order::Reload {}
    tokio::select! {
        () = handle.stop() => Exit::Ok,
        _at_once = signals.next() => Exit::Failed,
    }
}

/// A port is the usual cause; a history may be another.
fn not_started(order: &SandboxArgs, error: &io::Error) -> String {
    let port = order.port;
    match &order.history {
        Some(history) if error.kind() != io::ErrorKind::AddrInUse => {
            let history = history.display();
            format!("the sandbox cannot start on port {port} with the history {history}: {error}")
        }
        _ => format!(
            "the sandbox cannot listen on port {port}: {error}\nchoose another one with --port, or 0 for any free one"
        ),
    }
}

/// Where the sandbox's randomness comes from.
pub(super) fn seed() -> u64 {
    let mut bytes = [0; 8];
    super::clock::RealEntropy.fill(&mut bytes);
    u64::from_be_bytes(bytes)
}
