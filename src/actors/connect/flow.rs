//! The course of connecting, step by step.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::adopt::{Ground, organisations};
use super::attempts::{Attempts, Begun, OPEN_MS, Redeemable};
use super::terms::{
    AppKind, By, ConnectFault, ConnectOrder, ConnectSettings, ConnectStage, ConnectView, Offered, Returned, Standing,
};
use crate::actors::control::{ConnectImport, Refused};
use crate::actors::door::Door;
use crate::actors::replies::in_words;
use crate::model::failure::{Failure, FailureKind};
use crate::model::ids::{ConnectId, GrantId, XeroTenantId};
use crate::model::row::Tenant;
use crate::model::secret::SecretString;
use crate::model::xero::XeroConnection;
use crate::xero::api::Code;
use crate::xero::consent::{Asking, VERIFIER_BYTES, authorize_url, refusal_in_words, unguessable};

/// Bytes of a state and of a ticket: 256 bits.
const SECRET_BYTES: usize = 32;
/// What a custom connection stands for in the keyring, which has no refresh token.
const CUSTOM_CONNECTION: &str = "custom connection";

/// What connecting works with, and the attempts that are open.
pub struct Desk {
    settings: ConnectSettings,
    attempts: Mutex<Attempts>,
    /// The control endpoint's own address for people who come back, once it is known.
    own_callback: OnceLock<String>,
}

impl Desk {
    /// A desk without attempts.
    #[must_use]
    pub fn new(settings: ConnectSettings) -> Self {
        Self {
            settings,
            attempts: Mutex::default(),
            own_callback: OnceLock::new(),
        }
    }

    /// Names where people come back to unless the configuration does. The first name stays.
    pub fn answer_at(&self, callback: String) {
        // It is named once, when the endpoint listens.
        let _named_before = self.own_callback.set(callback);
    }

    fn attempts(&self) -> MutexGuard<'_, Attempts> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn redirect_uri(&self) -> Option<&String> {
        self.settings.redirect_uri.as_ref().or_else(|| self.own_callback.get())
    }
}

impl Door {
    fn secret(&self) -> String {
        let mut bytes = [0; SECRET_BYTES];
        self.ports.entropy.fill(&mut bytes);
        unguessable(&bytes)
    }

    fn new_view(&self, order: &ConnectOrder, reconnects: Option<XeroTenantId>) -> ConnectView {
        let now = self.ports.clock.now();
        let at_ms = u64::try_from(now.wall.0).unwrap_or(0);
        ConnectView {
            id: ConnectId::from_parts(at_ms, self.ports.entropy.random_u128()),
            expires_at: now.wall.plus_ms(i64::try_from(OPEN_MS).unwrap_or(0)),
            authorize_url: None,
            redirect_uri: None,
            observe: order.observe,
            requested_by: order.requested_by.clone(),
            reconnects,
            stage: ConnectStage::Waiting,
        }
    }

    /// Begins an attempt. A custom connection needs nobody, and is connected at once.
    pub(in crate::actors) async fn begin_connect(self, order: ConnectOrder) -> Result<ConnectView, Refused> {
        let wanted = match order.tenant {
            None => None,
            Some(id) => Some(self.stored(id)?.ok_or(Refused::TenantNotFound)?.xero_id),
        };
        let mut view = self.new_view(&order, wanted);
        if self.desk.settings.app == AppKind::Custom {
            return self.connect_custom(view).await;
        }
        let settings = &self.desk.settings;
        let redirect_uri = self
            .desk
            .redirect_uri()
            .ok_or(Refused::Connect(ConnectFault::NoRedirect))?;
        let state = self.secret();
        let verifier = (settings.app == AppKind::Pkce).then(|| {
            let mut bytes = [0; VERIFIER_BYTES];
            self.ports.entropy.fill(&mut bytes);
            unguessable(&bytes)
        });
        let scopes = order.scopes.as_ref().unwrap_or(&settings.scopes).for_consent();
        let url = authorize_url(&Asking {
            login_url: &settings.login_url,
            client_id: &settings.client_id,
            redirect_uri,
            scopes: &scopes,
            state: &state,
            verifier: verifier.as_deref(),
        });
        view.redirect_uri = Some(redirect_uri.clone());
        let begun = Begun {
            view: view.clone(),
            state,
            verifier: verifier.map(SecretString::from),
        };
        if let Ok(_alone) = self.connecting.try_lock() {
            self.drop_unchosen();
        }
        if !self.desk.attempts().begin(self.ports.clock.now().mono, begun) {
            return Err(Refused::Busy);
        }
        view.authorize_url = Some(url);
        Ok(view)
    }

    async fn connect_custom(self, view: ConnectView) -> Result<ConnectView, Refused> {
        let order = ConnectImport {
            refresh_token: SecretString::from(CUSTOM_CONNECTION),
            tenants: view.reconnects.map(|wanted| vec![wanted]),
            observe: view.observe,
            requested_by: view.requested_by.clone(),
        };
        let tenants = self.adopt(order, By::Custom).await?;
        if tenants.is_empty() {
            return Err(Refused::Connect(ConnectFault::NoOrganisation));
        }
        Ok(ConnectView {
            stage: ConnectStage::Connected(tenants),
            ..view
        })
    }

    /// How an attempt stands.
    pub(in crate::actors) fn connect_view(&self, id: ConnectId) -> Result<ConnectView, Refused> {
        let now = self.ports.clock.now().mono;
        let view = self.desk.attempts().view(now, id);
        view.ok_or(Refused::NoConnectAttempt(id))
    }

    /// Takes what somebody came back with. Gives the ticket with which they choose.
    pub(in crate::actors) async fn come_back(self, returned: Returned) -> Result<(String, ConnectView), Refused> {
        let now = self.ports.clock.now().mono;
        let taken = self.desk.attempts().take(now, &returned.state);
        let taken = taken.map_err(Refused::Connect)?;
        let id = taken.view.id;
        // One at a time, until it can be chosen: what nobody can choose is dropped.
        let _alone = self.connecting.lock().await;
        let offered = match returned.answer {
            Ok(code) => self.redeem(taken, code).await,
            Err(word) => {
                tracing::warn!(error = shown_word(&word), "xero sent somebody back without a consent");
                let (what, fix) = refusal_in_words(&word);
                Err(ConnectFault::Refused { what, fix })
            }
        };
        let (grant, organisations) = match offered {
            Ok(offered) => offered,
            Err(fault) => {
                self.desk.attempts().set(id, ConnectStage::Refused(fault.clone()));
                return Err(Refused::Connect(fault));
            }
        };
        let ticket = self.secret();
        let now = self.ports.clock.now().mono;
        self.desk.attempts().offer(now, id, grant, &ticket, organisations);
        Ok((ticket, self.connect_view(id)?))
    }

    /// Redeems a code, and lists what can be chosen.
    async fn redeem(&self, taken: Redeemable, code: SecretString) -> Result<(GrantId, Vec<Offered>), ConnectFault> {
        let code = Code {
            code,
            redirect_uri: taken.view.redirect_uri.clone().unwrap_or_default(),
            verifier: taken.verifier,
        };
        let (grant, _is_new) = self.ports.keyring.redeem(code).await.map_err(redeem_fault)?;
        let reached = self.ports.keyring.connections(grant).await;
        let offered = reached.map_err(ConnectFault::Xero).and_then(|reached| {
            let organisations = organisations(reached);
            self.offered(&taken.view, &organisations)
        });
        if offered.is_err() {
            self.drop_unchosen();
        }
        Ok((grant, offered?))
    }

    fn offered(&self, view: &ConnectView, reached: &[XeroConnection]) -> Result<Vec<Offered>, ConnectFault> {
        if reached.is_empty() {
            return Err(ConnectFault::NoOrganisation);
        }
        let mut offered = Vec::with_capacity(reached.len());
        for organisation in reached {
            // What the store cannot tell now is looked up again when it is connected.
            let known = self.ports.reader.tenant_by_xero(organisation.tenant).ok().flatten();
            offered.push(Offered {
                xero_id: organisation.tenant,
                name: named(organisation),
                standing: known.map_or(Standing::New, |tenant| Standing::Known(tenant.connection.state)),
            });
        }
        let Some(wanted) = view.reconnects else {
            return Ok(offered);
        };
        let reached = offered.iter().map(|found| found.name.clone()).collect();
        offered.retain(|found| found.xero_id == wanted);
        if offered.is_empty() {
            let known = self.ports.reader.tenant_by_xero(wanted).ok().flatten();
            let wanted = known.map_or_else(|| wanted.to_string(), |tenant| tenant.name);
            return Err(ConnectFault::OtherOrganisation { wanted, reached });
        }
        Ok(offered)
    }

    /// How the attempt of a ticket stands.
    pub(in crate::actors) fn choice(&self, ticket: &str) -> Result<ConnectView, Refused> {
        let now = self.ports.clock.now().mono;
        let found = self.desk.attempts().of_ticket(now, ticket);
        found.map(|(view, _)| view).map_err(Refused::Connect)
    }

    /// Connects what was chosen. Whoever chooses again is told what is connected.
    pub(in crate::actors) async fn choose(
        self,
        ticket: String,
        chosen: Vec<XeroTenantId>,
        observe: bool,
    ) -> Result<ConnectView, Refused> {
        // Strangers do not wait in line.
        self.choice(&ticket)?;
        let _alone = self.connecting.lock().await;
        let now = self.ports.clock.now().mono;
        let found = self.desk.attempts().of_ticket(now, &ticket);
        let (view, grant) = found.map_err(Refused::Connect)?;
        match &view.stage {
            ConnectStage::Choosing(_) => {}
            ConnectStage::Refused(fault) => return Err(Refused::Connect(fault.clone())),
            _ => return Ok(view),
        }
        let reached = self.ports.keyring.connections(grant).await.map_err(Refused::Xero)?;
        let allowed = organisations(reached)
            .into_iter()
            .filter(|organisation| view.reconnects.is_none_or(|wanted| wanted == organisation.tenant));
        let ground = Ground {
            grant,
            actor: view.requested_by.clone(),
            by: By::Consent,
            user: self.ports.keyring.user(grant).await,
        };
        let tenants = self
            .connect_chosen(allowed.collect(), &chosen, &ground, observe)
            .await?;
        let stage = ConnectStage::Connected(tenants);
        let view = self.desk.attempts().set(view.id, stage);
        if chosen.is_empty() {
            self.drop_unchosen();
        }
        view.ok_or(Refused::Connect(ConnectFault::Expired))
    }

    fn stored(&self, id: crate::model::ids::TenantId) -> Result<Option<Tenant>, Refused> {
        self.ports.reader.tenant(id).map_err(|error| in_words(&error))
    }

    /// Drops consents of which nobody chose, or can still choose, an organisation.
    pub fn drop_unchosen(&self) {
        let now = self.ports.clock.now().mono;
        let choosing = self.desk.attempts().choosing(now);
        match self.ports.reader.tenants() {
            Ok(tenants) => {
                let used: HashSet<GrantId> = tenants.iter().map(|tenant| tenant.grant).chain(choosing).collect();
                self.ports.keyring.keep_only(used);
            }
            Err(error) => tracing::warn!(%error, "consents that serve nobody are dropped later"),
        }
    }
}

fn named(organisation: &XeroConnection) -> String {
    organisation
        .name
        .clone()
        .unwrap_or_else(|| organisation.tenant.to_string())
}

fn redeem_fault(failure: Failure) -> ConnectFault {
    match failure.kind {
        FailureKind::GrantRejected => ConnectFault::CodeRejected,
        _ => ConnectFault::Xero(failure),
    }
}

/// A word that came in an address, fit for a log.
fn shown_word(word: &str) -> String {
    let is_plain = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    word.chars().filter(is_plain).take(40).collect()
}
