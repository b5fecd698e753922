//! What the control endpoint is given of the daemon.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::metered::count_answer;
use super::reads::StoredReads;
use crate::actors::door::Door;
use crate::actors::ports::Ports;
use crate::config::Config;
use crate::http;
use crate::model::secret::{ExposeSecret, SecretString};
use crate::observe::metrics::Metrics;

/// Joins the endpoint to the actors, the store and the metrics.
pub(super) fn state(
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
    let porter = Arc::clone(&ports.porter);
    let porter_of_tenants = Arc::clone(&ports.porter);
    http::State {
        control: Arc::new(door.clone()),
        reads: Arc::new(StoredReads::new(ports.reader.clone(), ports.writer.clone())),
        status: Arc::new(move |tenant| board.get(tenant)),
        hooks: Arc::new(move || porter.status()),
        tenant_hooks: Arc::new(move |organisation| porter_of_tenants.status_of(organisation)),
        exposition: Arc::new(move || exposition.render()),
        readiness: Arc::new(move || checks(&watched)),
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
        allowed_hosts: hosts(config),
        caps: http::Caps {
            connections_max: usize::try_from(config.control.connections_max.get()).unwrap_or(256),
            head_timeout: config.control.header_timeout,
            answer_timeout: config.control.request_timeout,
            ..http::Caps::default()
        },
        mounts,
    }
}

/// The names given, and each of them with the port it is reached on: that is how browsers and
/// clients send it.
fn hosts(config: &Config) -> Vec<String> {
    let names = &config.control.hosts;
    let port = config.control.listen.0.map(|addr| addr.port());
    let with_port = port
        .into_iter()
        .flat_map(|port| names.iter().map(move |name| format!("{name}:{port}")));
    names.iter().cloned().chain(with_port).collect()
}

fn checks(ports: &Ports) -> Vec<http::Check> {
    let keyring = (!ports.keyring.is_alive()).then(|| "the keyring has ended; the daemon must be restarted".to_owned());
    vec![
        http::Check {
            name: "store",
            failing: ports.reader.stats().refusing,
        },
        http::Check {
            name: "keyring",
            failing: keyring,
        },
    ]
}
