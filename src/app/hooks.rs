//! Joins the public listener to the porter who rings.

use std::sync::Arc;
use std::time::Duration;

use crate::actors::doorbell::{Porter, PorterParts};
use crate::actors::registry::Registry;
use crate::config::Config;
use crate::http;
use crate::model::time::Clock;
use crate::observe::metrics::Metrics;
use crate::xero::webhook::{Key, Keys};

/// What the listener is given.
pub(super) fn state(config: &Config, porter: &Arc<Porter>, clock: &Arc<dyn Clock>) -> http::PublicState {
    let [keys, taken, refused, answered] = [(); 4].map(|()| Arc::clone(porter));
    let connections_max = usize::try_from(config.public.connections_max.get()).unwrap_or(256);
    http::PublicState::new(
        Arc::new(move || keys.keys()),
        Arc::new(move |signed, body, received| taken.delivered(signed, body, received)),
        Arc::new(move |result| refused.refused(result)),
        Arc::new(move |took| answered.answered(took)),
        Arc::clone(clock),
        http::Caps {
            connections_max,
            // All of Xero comes from one address when a proxy stands in front.
            connections_per_peer_max: connections_max,
            write_timeout: Duration::from_secs(5),
            ..http::Caps::default()
        },
    )
}

/// A porter with the configured keys.
pub(super) fn porter(config: &Config, registry: &Registry, clock: &Arc<dyn Clock>, metrics: &Metrics) -> Arc<Porter> {
    let porter = Porter::new(PorterParts {
        registry: registry.clone(),
        clock: Arc::clone(clock),
        metrics: metrics.clone(),
    });
    set(config, &porter);
    Arc::new(porter)
}

/// Puts the configured keys into force.
pub(super) fn set(config: &Config, porter: &Porter) {
    let keys = config.secrets.webhook_keys.iter();
    let keys = keys.map(|key| Key::new(key.source.clone(), key.secret.clone()));
    porter.set(Keys::new(keys.collect()), config.public.silent_after);
}
