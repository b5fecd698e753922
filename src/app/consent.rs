//! What connecting is given of the configuration.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::actors::connect::{AppKind, ConnectSettings, Desk};
use crate::actors::door::Door;
use crate::config::{AppType, Config};
use crate::http;
use crate::http::callback::CALLBACK_PATH;
use crate::model::secret::SecretString;
use crate::xero::client::AppProof;

/// How the app proves itself to Xero.
pub(super) fn proof(config: &Config) -> AppProof {
    // The configuration was refused without a secret, unless the app has none.
    let secret = || {
        let secret = config.secrets.client_secret.clone();
        secret.unwrap_or_else(|| SecretString::from(String::new()))
    };
    match config.xero.app_type {
        AppType::Web => AppProof::Secret(secret()),
        AppType::Pkce => AppProof::Pkce,
        AppType::Custom => AppProof::Custom {
            secret: secret(),
            scopes: config.xero.scopes.for_custom(),
        },
    }
}

/// The desk at which people connect.
pub(super) fn desk(config: &Config) -> Arc<Desk> {
    let xero = &config.xero;
    Arc::new(Desk::new(ConnectSettings {
        login_url: xero.login_url.as_str().to_owned(),
        client_id: xero.client_id.clone(),
        app: match xero.app_type {
            AppType::Web => AppKind::Web,
            AppType::Pkce => AppKind::Pkce,
            AppType::Custom => AppKind::Custom,
        },
        scopes: xero.scopes.clone(),
        redirect_uri: xero.redirect_uri.as_ref().map(|uri| uri.as_str().to_owned()),
    }))
}

/// Puts the page people come back to where it belongs: on the public listener if there is one, else on
/// the control endpoint. Consents nobody chose an organisation of, in a life before this one, are
/// dropped.
pub(super) fn mount(
    config: &Config,
    door: &Door,
    public: &mut http::PublicState,
    control: &mut Vec<Arc<dyn http::Mount>>,
) {
    door.drop_unchosen();
    let page: Arc<dyn http::Mount> = Arc::new(http::callback::Callback(Arc::new(door.clone())));
    match config.public.listen.0 {
        Some(_) => public.mounts.push(page),
        None => control.push(page),
    }
}

/// Lets people come back to the listener with the callback page, if a browser on this machine reaches
/// it. Xero takes no plain address but `localhost`.
pub(super) fn answer_at(door: &Door, addr: Option<SocketAddr>) {
    let is_here = |addr: &SocketAddr| addr.ip().is_loopback() || addr.ip().is_unspecified();
    if let Some(addr) = addr.filter(is_here) {
        door.desk()
            .answer_at(format!("http://localhost:{}{CALLBACK_PATH}", addr.port()));
    }
}
