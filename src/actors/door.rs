//! The door: what the control endpoint asks becomes a message to the right actor, and its reply
//! an answer.

use std::sync::Arc;

use actix::{Addr, Handler, Message};
use futures_util::FutureExt;
use tokio::sync::oneshot;

use super::control::{Accepted, Answer, ConnectImport, Control, InvoiceName, Refused};
use super::ports::Ports;
use super::registry::Door as TenantDoor;
use super::supervisor::{Run, Supervisor};
use super::tenant::{PutInvoice, Regranted, Replier, SetMapping, SetSettings, SyncNow, TenantActor, WantPreview};
use crate::engine::effect::{Preview, Reply};
use crate::model::connection::Connection;
use crate::model::document::Draft;
use crate::model::ids::{GrantId, IdSource, TenantId};
use crate::model::row::{AutoSync, Mapping, MappingKind, Operation, Receipt, Settings, Tenant};
use crate::model::write::Write;
use crate::model::xero::XeroConnection;
use crate::store::rows::batch;
use crate::store::{Lane, Urgency};

/// Xero's word for an ordinary organisation; others (practices) hold no invoices.
const ORGANISATION: &str = "ORGANISATION";

/// The door to the actors.
#[derive(Clone)]
pub struct Door {
    ports: Arc<Ports>,
    supervisor: Addr<Supervisor>,
}

impl Door {
    /// A door to these actors.
    #[must_use]
    pub const fn new(ports: Arc<Ports>, supervisor: Addr<Supervisor>) -> Self {
        Self { ports, supervisor }
    }

    /// Sends a message that carries a replier, and waits for the reply.
    fn ask<M>(&self, tenant: TenantId, message: impl FnOnce(Replier) -> M) -> Answer<Reply>
    where
        M: Message<Result = ()> + Send + 'static,
        TenantActor: Handler<M>,
    {
        let (reply, waiting) = oneshot::channel();
        let sent = match self.ports.registry.door(tenant) {
            None => Err(Refused::TenantNotFound),
            Some(TenantDoor::Restarting) => Err(Refused::Busy),
            Some(TenantDoor::Parked(reason)) => Err(Refused::Parked(reason)),
            Some(TenantDoor::Open(addr)) => {
                addr.try_send(message(reply)).map_err(|_full_or_closed| Refused::Busy)
            }
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
        let lane = Lane { id: lane, generation: self.fresh_generation() };
        let submitted = batch(writes, Urgency::NewWork).map_err(|error| Refused::Store(error.to_string())).and_then(
            |batch| {
                let ack = move |result: Result<_, crate::store::StoreError>| {
                    // Whoever asked may have stopped waiting.
                    let _gone = done.send(result.map(|_| ()));
                };
                self.ports.writer.submit(lane, batch, ack).map_err(|error| super::tenant::refusal(&error))
            },
        );
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

    /// A failed commit refuses what follows in its lane; commits from here do not follow each other.
    fn fresh_generation(&self) -> u64 {
        let mut bytes = [0; 8];
        self.ports.entropy.fill(&mut bytes);
        u64::from_be_bytes(bytes)
    }

    async fn adopt(self, order: ConnectImport) -> Result<Vec<Tenant>, Refused> {
        let (grant, reached) = self.ports.keyring.adopt(order.refresh_token).await.map_err(Refused::Xero)?;
        let organisations: Vec<XeroConnection> =
            reached.into_iter().filter(|connection| connection.tenant_type == ORGANISATION).collect();
        let chosen = match order.tenants {
            None => organisations,
            Some(wanted) => {
                let missing = wanted.iter().find(|id| !organisations.iter().any(|found| found.tenant == **id));
                if let Some(missing) = missing {
                    return Err(Refused::NotReached(*missing));
                }
                organisations.into_iter().filter(|found| wanted.contains(&found.tenant)).collect()
            }
        };
        let mut tenants = Vec::with_capacity(chosen.len());
        for connection in chosen {
            let id = connection.tenant;
            let known = self.ports.reader.tenant_by_xero(id).map_err(|error| Refused::Store(error.to_string()))?;
            tenants.push(match known {
                Some(tenant) => self.reconnect(tenant, grant)?,
                None => self.begin(connection, grant, order.observe).await?,
            });
        }
        Ok(tenants)
    }

    fn reconnect(&self, mut tenant: Tenant, grant: GrantId) -> Result<Tenant, Refused> {
        match self.ports.registry.door(tenant.id) {
            Some(TenantDoor::Open(addr)) => addr.try_send(Regranted(grant)).map_err(|_full| Refused::Busy)?,
            Some(TenantDoor::Parked(reason)) => return Err(Refused::Parked(reason)),
            Some(TenantDoor::Restarting) | None => return Err(Refused::Busy),
        }
        tenant.grant = grant;
        Ok(tenant)
    }

    async fn begin(&self, connection: XeroConnection, grant: GrantId, observe: bool) -> Result<Tenant, Refused> {
        let now = self.ports.clock.now();
        let (at, random) = IdSource::new(self.fresh_generation()).parts(now.wall);
        let auto_sync = AutoSync { enabled: !observe, ..AutoSync::default() };
        let tenant = Tenant {
            id: TenantId::from_parts(at, random),
            xero_id: connection.tenant,
            name: connection.name.unwrap_or_else(|| connection.tenant.to_string()),
            grant,
            time_zone: String::new(),
            base_currency: None,
            short_code: None,
            connected_at: now.wall,
            connection: Connection::fresh(now.wall),
            settings: Settings { auto_sync, ..Settings::default() },
        };
        self.commit(tenant.id.to_bytes(), &[Write::Tenant(Box::new(tenant.clone()))]).await?;
        self.supervisor.send(Run(Box::new(tenant.clone()))).await.map_err(|_stopped| Refused::Draining)?;
        Ok(tenant)
    }
}

impl Control for Door {
    fn put_invoice(&self, tenant: TenantId, host_ref: String, draft: Draft) -> Answer<Accepted> {
        let draft = Box::new(draft);
        let asked = self.ask(tenant, |reply| PutInvoice { host_ref, draft, reply });
        async move {
            match asked.await? {
                Reply::Accepted { invoice, created } => Ok(Accepted { invoice: *invoice, created }),
                Reply::KindChanged { was, wanted } => {
                    Err(Refused::KindChanged { was: was.label(), wanted: wanted.label() })
                }
                other => Err(unexpected(&other)),
            }
        }
        .boxed()
    }

    fn resync(&self, tenant: TenantId, invoice: InvoiceName, requested_by: String) -> Answer<Operation> {
        let asked = self.ask(tenant, |reply| SyncNow { invoice, requested_by, reply });
        async move {
            match asked.await? {
                Reply::Operation(operation) => Ok(*operation),
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
        self.clone().adopt(order).boxed()
    }

    fn set_mapping(&self, tenant: TenantId, kind: MappingKind, key: String, value: String) -> Answer<(Mapping, usize)> {
        let mapping = Mapping { tenant, kind, key, value, set_at: self.ports.clock.now().wall };
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

fn unexpected(reply: &Reply) -> Refused {
    tracing::error!(?reply, "a tenant gave a reply of another kind");
    Refused::Store("the tenant gave a reply of another kind".to_owned())
}
