//! The door: what the control endpoint asks becomes a message to the right actor, and its reply
//! an answer.

use std::sync::Arc;

use actix::{Addr, Handler, Message};
use futures_util::FutureExt;
use tokio::sync::{Mutex, oneshot};

use super::connect::{ConnectOrder, ConnectView, Desk, Ended, Returned};
use super::control::{Accepted, Acknowledgement, Answer, ConnectImport, Control, InvoiceName, JobWanted, Refused};
use super::lane::fresh_generation;
use super::ports::Ports;
use super::registry::Door as TenantDoor;
use super::supervisor::{Run, Supervisor};
use super::tenant::{
    Acknowledge, Begin, PutInvoice, Regranted, Replier, SetMapping, SetSettings, SignalPayment, SyncNow, TenantActor,
    WantPreview,
};
use crate::engine::effect::{Preview, Reply};
use crate::engine::event::Review;
use crate::model::connection::{Connection, ConnectionState};
use crate::model::document::Draft;
use crate::model::ids::{ConnectId, GrantId, TenantId, XeroTenantId};
use crate::model::row::{AutoSync, Invoice, Mapping, MappingKind, Operation, Receipt, Settings, Tenant};
use crate::model::write::Write;
use crate::model::xero::XeroConnection;
use crate::store::reader::ReadError;
use crate::store::rows::batch;
use crate::store::{Lane, Urgency};

/// Xero's word for an ordinary organisation; others (practices) hold no invoices.
pub(super) const ORGANISATION: &str = "ORGANISATION";

/// The door to the actors.
#[derive(Clone)]
pub struct Door {
    pub(super) ports: Arc<Ports>,
    supervisor: Addr<Supervisor>,
    pub(super) connecting: Arc<Mutex<()>>,
    pub(super) desk: Arc<Desk>,
}

impl Door {
    /// A door to these actors.
    #[must_use]
    pub fn new(ports: Arc<Ports>, supervisor: Addr<Supervisor>, desk: Arc<Desk>) -> Self {
        Self {
            ports,
            supervisor,
            connecting: Arc::default(),
            desk,
        }
    }

    /// Where people connect.
    #[must_use]
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Sends a message that carries a replier, and waits for the reply.
    pub(super) fn ask<M>(&self, tenant: TenantId, message: impl FnOnce(Replier) -> M) -> Answer<Reply>
    where
        M: Message<Result = ()> + Send + 'static,
        TenantActor: Handler<M>,
    {
        let (reply, waiting) = oneshot::channel();
        let sent = match self.ports.registry.door(tenant) {
            None => Err(Refused::TenantNotFound),
            Some(TenantDoor::Restarting) => Err(Refused::Busy),
            Some(TenantDoor::Parked(reason)) => Err(Refused::Parked(reason)),
            Some(TenantDoor::Open(addr)) => addr.try_send(message(reply)).map_err(|_full_or_closed| Refused::Busy),
        };
        async move {
            sent?;
            // An actor that ends drops its repliers: what was asked may or may not be stored.
            waiting.await.unwrap_or(Err(Refused::Busy))
        }
        .boxed()
    }

    /// Makes rows durable that belong to no actor.
    fn commit(&self, lane: [u8; 16], writes: &[Write]) -> Answer<()> {
        let (done, waiting) = oneshot::channel();
        let lane = Lane {
            id: lane,
            generation: fresh_generation(),
        };
        let submitted = batch(writes, Urgency::NewWork)
            .map_err(|error| Refused::Store(error.to_string()))
            .and_then(|batch| {
                let ack = move |result: Result<_, crate::store::StoreError>| {
                    // Whoever asked may have stopped waiting.
                    let _gone = done.send(result.map(|_| ()));
                };
                self.ports
                    .writer
                    .submit(lane, batch, ack)
                    .map_err(|error| super::tenant::refusal(&error))
            });
        async move {
            submitted?;
            match waiting.await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => Err(super::tenant::refusal(&error)),
                Err(_dropped) => Err(Refused::Draining),
            }
        }
        .boxed()
    }

    /// Adopts a grant and starts what it reaches. Every step can be repeated: whoever asks again
    /// after a crash or an error ends with the same tenants.
    pub(super) async fn adopt(self, order: ConnectImport) -> Result<Vec<Tenant>, Refused> {
        // One at a time: two at once would make two tenants of one organisation.
        let _alone = self.connecting.lock().await;
        let (grant, reached) = self
            .ports
            .keyring
            .adopt(order.refresh_token)
            .await
            .map_err(Refused::Xero)?;
        let organisations: Vec<XeroConnection> = reached
            .into_iter()
            .filter(|connection| connection.tenant_type == ORGANISATION)
            .collect();
        let wanted = match order.tenants {
            None => organisations.iter().map(|found| found.tenant).collect(),
            Some(wanted) => wanted,
        };
        self.connect_chosen(organisations, &wanted, grant, order.observe).await
    }

    /// Connects the organisations that are wanted, all of which must be reached.
    pub(super) async fn connect_chosen(
        &self,
        reached: Vec<XeroConnection>,
        wanted: &[XeroTenantId],
        grant: GrantId,
        observe: bool,
    ) -> Result<Vec<Tenant>, Refused> {
        let is_reached = |id: &XeroTenantId| reached.iter().any(|found| found.tenant == *id);
        if let Some(missing) = wanted.iter().find(|id| !is_reached(id)) {
            return Err(Refused::NotReached(*missing));
        }
        let mut tenants = Vec::with_capacity(wanted.len());
        for connection in reached.into_iter().filter(|found| wanted.contains(&found.tenant)) {
            let known = self
                .ports
                .reader
                .tenant_by_xero(connection.tenant)
                .map_err(|error| in_words(&error))?;
            tenants.push(match known {
                Some(tenant) => self.reconnect(tenant, grant).await?,
                None => self.begin(connection, grant, observe).await?,
            });
        }
        Ok(tenants)
    }

    /// Gives a tenant that is there this grant, if it has another one or is not connected.
    async fn reconnect(&self, tenant: Tenant, grant: GrantId) -> Result<Tenant, Refused> {
        let id = tenant.id;
        if self.ports.registry.door(id).is_none() {
            // It was stored, but whoever asked for it was cut off before it ran.
            self.run(tenant.clone()).await?;
        }
        if tenant.grant == grant && tenant.connection.state == ConnectionState::Active {
            return Ok(tenant);
        }
        match self.ask(id, |reply| Regranted { grant, reply }).await? {
            Reply::Done { .. } => {}
            other => return Err(unexpected(&other)),
        }
        self.forget_unused(tenant.grant)?;
        let stored = self.ports.reader.tenant(id).map_err(|error| in_words(&error))?;
        Ok(stored.unwrap_or(tenant))
    }

    /// A grant that no stored tenant names any more is dropped: its chain of tokens serves nobody.
    fn forget_unused(&self, grant: GrantId) -> Result<(), Refused> {
        let tenants = self.ports.reader.tenants().map_err(|error| in_words(&error))?;
        if tenants.iter().all(|tenant| tenant.grant != grant) {
            self.ports.keyring.forget(grant);
        }
        Ok(())
    }

    async fn begin(&self, connection: XeroConnection, grant: GrantId, observe: bool) -> Result<Tenant, Refused> {
        let now = self.ports.clock.now();
        self.ports.intake.check(now.mono)?;
        let made_at_ms = u64::try_from(now.wall.0).unwrap_or(0);
        let auto_sync = AutoSync {
            enabled: !observe,
            ..AutoSync::default()
        };
        let tenant = Tenant {
            id: TenantId::from_parts(made_at_ms, self.ports.entropy.random_u128()),
            xero_id: connection.tenant,
            name: connection.name.unwrap_or_else(|| connection.tenant.to_string()),
            grant,
            time_zone: String::new(),
            base_currency: None,
            short_code: None,
            connected_at: now.wall,
            connection: Connection::fresh(now.wall),
            settings: Settings {
                auto_sync,
                ..Settings::default()
            },
        };
        self.commit(tenant.id.to_bytes(), &[Write::Tenant(Box::new(tenant.clone()))])
            .await?;
        self.run(tenant.clone()).await?;
        Ok(tenant)
    }

    async fn run(&self, tenant: Tenant) -> Result<(), Refused> {
        self.supervisor
            .send(Run(vec![tenant]))
            .await
            .map_err(|_stopped| Refused::Draining)
    }
}

impl Control for Door {
    fn put_invoice(&self, tenant: TenantId, host_ref: String, draft: Draft) -> Answer<Accepted> {
        let draft = Box::new(draft);
        let asked = self.ask(tenant, |reply| PutInvoice { host_ref, draft, reply });
        async move {
            match asked.await? {
                Reply::Accepted { invoice, created } => Ok(Accepted {
                    invoice: *invoice,
                    created,
                }),
                Reply::KindChanged { was, wanted } => Err(Refused::KindChanged {
                    was: was.label(),
                    wanted: wanted.label(),
                }),
                other => Err(unexpected(&other)),
            }
        }
        .boxed()
    }

    fn resync(&self, tenant: TenantId, invoice: InvoiceName, requested_by: String) -> Answer<Operation> {
        let asked = self.ask(tenant, |reply| SyncNow {
            invoice,
            requested_by,
            reply,
        });
        async move {
            match asked.await? {
                Reply::Operation(operation) => Ok(*operation),
                other => Err(unexpected(&other)),
            }
        }
        .boxed()
    }

    fn signal_payment(&self, tenant: TenantId, invoice: InvoiceName) -> Answer<Invoice> {
        noted(self.ask(tenant, |reply| SignalPayment { invoice, reply }))
    }

    fn acknowledge(&self, tenant: TenantId, invoice: InvoiceName, word: Acknowledgement) -> Answer<Invoice> {
        let review = Review {
            is_about_variance: word.is_about_variance,
            version: word.version,
            by: word.by,
            note: word.note,
        };
        noted(self.ask(tenant, |reply| Acknowledge { invoice, review, reply }))
    }

    fn begin(&self, tenant: TenantId, wanted: JobWanted, requested_by: String) -> Answer<Operation> {
        let asked = self.ask(tenant, |reply| Begin {
            wanted,
            requested_by,
            reply,
        });
        async move {
            match asked.await? {
                Reply::Operation(operation) => Ok(*operation),
                Reply::NotConnected(state) => Err(Refused::NotConnected(state)),
                Reply::TooManyJobs => Err(Refused::TooManyJobs),
                other => Err(unexpected(&other)),
            }
        }
        .boxed()
    }

    fn preview(&self, tenant: TenantId, invoice: InvoiceName) -> Answer<Preview> {
        let asked = self.ask(tenant, |reply| WantPreview { invoice, reply });
        async move {
            match asked.await? {
                Reply::Preview(preview) => Ok(*preview),
                other => Err(unexpected(&other)),
            }
        }
        .boxed()
    }

    fn connect_import(&self, order: ConnectImport) -> Answer<Vec<Tenant>> {
        on_its_own(self.clone().adopt(order))
    }

    fn begin_connect(&self, order: ConnectOrder) -> Answer<ConnectView> {
        on_its_own(self.clone().begin_connect(order))
    }

    fn connect_view(&self, id: ConnectId) -> Answer<ConnectView> {
        let view = self.connect_view(id);
        std::future::ready(view).boxed()
    }

    fn come_back(&self, returned: Returned) -> Answer<(String, ConnectView)> {
        on_its_own(self.clone().come_back(returned))
    }

    fn choice(&self, ticket: String) -> Answer<ConnectView> {
        let view = self.choice(&ticket);
        std::future::ready(view).boxed()
    }

    fn choose(&self, ticket: String, chosen: Vec<XeroTenantId>, observe: bool) -> Answer<ConnectView> {
        on_its_own(self.clone().choose(ticket, chosen, observe))
    }

    fn disconnect(&self, tenant: TenantId) -> Answer<Ended> {
        on_its_own(self.clone().disconnect(tenant))
    }

    fn set_mapping(&self, tenant: TenantId, kind: MappingKind, key: String, value: String) -> Answer<(Mapping, usize)> {
        let mapping = Mapping {
            tenant,
            kind,
            key,
            value,
            set_at: self.ports.clock.now().wall,
        };
        let told = Box::new(mapping.clone());
        let asked = self.ask(tenant, |reply| SetMapping { mapping: told, reply });
        async move {
            match asked.await? {
                Reply::Done { released } => Ok((mapping, released)),
                other => Err(unexpected(&other)),
            }
        }
        .boxed()
    }

    fn set_settings(&self, tenant: TenantId, settings: Settings) -> Answer<Settings> {
        let told = Box::new(settings.clone());
        let asked = self.ask(tenant, |reply| SetSettings { settings: told, reply });
        async move {
            match asked.await? {
                Reply::Done { .. } => Ok(settings),
                other => Err(unexpected(&other)),
            }
        }
        .boxed()
    }

    fn keep_receipt(&self, receipt: Receipt) -> Answer<()> {
        self.commit([0; 16], &[Write::Receipt(Box::new(receipt))])
    }
}

/// The invoice as it stands after something was said about it.
fn noted(asked: Answer<Reply>) -> Answer<Invoice> {
    async move {
        match asked.await? {
            Reply::Noted(invoice) => Ok(*invoice),
            Reply::Changed(invoice) => Err(Refused::Changed(invoice.version)),
            other => Err(unexpected(&other)),
        }
    }
    .boxed()
}

/// On its own: a caller that hangs up half-way must not leave half of it undone.
fn on_its_own<T: Send + 'static>(work: impl Future<Output = Result<T, Refused>> + Send + 'static) -> Answer<T> {
    let working = tokio::spawn(work);
    async move { working.await.unwrap_or(Err(Refused::Draining)) }.boxed()
}

/// A reply holds documents, so the log is told its kind only.
pub(super) fn unexpected(reply: &Reply) -> Refused {
    let kind = match reply {
        Reply::Accepted { .. } => "accepted",
        Reply::KindChanged { .. } => "kind_changed",
        Reply::Operation(_) => "operation",
        Reply::NotConnected(_) => "not_connected",
        Reply::TooManyJobs => "too_many_jobs",
        Reply::Preview(_) => "preview",
        Reply::Noted(_) => "noted",
        Reply::Changed(_) => "changed",
        Reply::Done { .. } => "done",
    };
    tracing::error!(kind, "a tenant gave a reply of another kind");
    Refused::Store("the tenant gave a reply of another kind".to_owned())
}

pub(super) fn in_words(error: &ReadError) -> Refused {
    Refused::Store(error.to_string())
}
