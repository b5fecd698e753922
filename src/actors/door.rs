//! The door: what the control endpoint asks becomes a message to the right actor, and its reply
//! an answer.

use std::sync::Arc;

use actix::{Addr, Handler, Message};
use futures_util::FutureExt;
use tokio::sync::{Mutex, oneshot};

use super::connect::{By, ConnectOrder, ConnectView, Connected, Desk, Ended, Returned};
use super::control::{Accepted, Acknowledgement, Answer, ConnectImport, Control, InvoiceName, JobWanted, Refused};
use super::lane::fresh_generation;
use super::ports::Ports;
use super::registry::Door as TenantDoor;
use super::replies::{noted, unexpected};
use super::supervisor::Supervisor;
use super::tenant::{
    Acknowledge, Begin, Cancel, PutInvoice, Replier, SetCredits, SetMappings, SetSettings, SignalPayment, SyncNow,
    TenantActor, WantPreview,
};
use crate::engine::effect::{Preview, Reply};
use crate::engine::event::{MappingOrder, Review};
use crate::model::document::Draft;
use crate::model::ids::{ConnectId, OperationId, TenantId, XeroTenantId};
use crate::model::row::{Credits, Invoice, Operation, Receipt, Settings};
use crate::model::write::Write;
use crate::store::rows::batch;
use crate::store::{Lane, Urgency};

/// The door to the actors.
#[derive(Clone)]
pub struct Door {
    pub(super) ports: Arc<Ports>,
    pub(super) supervisor: Addr<Supervisor>,
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
            Some(TenantDoor::Restarting) => Err(self.unavailable()),
            Some(TenantDoor::Parked(reason)) => Err(Refused::Parked(reason)),
            Some(TenantDoor::Open(addr)) => addr
                .try_send(message(reply))
                .map_err(|_full_or_closed| self.unavailable()),
        };
        let door = self.clone();
        async move {
            sent?;
            // An actor that ends drops what waits in its mailbox.
            waiting.await.unwrap_or_else(|_dropped| Err(door.unavailable()))
        }
        .boxed()
    }

    /// Why an actor takes no message: a commit that the disk had no room for ends it, and then that is
    /// what the caller must know.
    fn unavailable(&self) -> Refused {
        let now = self.ports.clock.now().mono;
        self.ports.intake.check(now).err().unwrap_or(Refused::Busy)
    }

    /// Makes rows durable that belong to no actor.
    pub(super) fn commit(&self, lane: [u8; 16], writes: &[Write]) -> Answer<()> {
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
}

impl Control for Door {
    fn put_invoice(&self, tenant: TenantId, host_ref: String, draft: Draft, by: String) -> Answer<Accepted> {
        let draft = Box::new(draft);
        let asked = self.ask(tenant, |reply| PutInvoice {
            host_ref,
            draft,
            by,
            reply,
        });
        async move {
            match asked.await? {
                Reply::Accepted {
                    invoice,
                    created,
                    changed,
                } => Ok(Accepted {
                    invoice: *invoice,
                    created,
                    changed,
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

    fn signal_payment(&self, tenant: TenantId, invoice: InvoiceName, by: String) -> Answer<Invoice> {
        noted(self.ask(tenant, |reply| SignalPayment { invoice, by, reply }))
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

    fn cancel(&self, tenant: TenantId, operation: OperationId, requested_by: String) -> Answer<Operation> {
        let asked = self.ask(tenant, |reply| Cancel {
            operation,
            requested_by,
            reply,
        });
        async move {
            match asked.await? {
                Reply::Operation(operation) => Ok(*operation),
                Reply::HasEnded => Err(Refused::HasEnded),
                Reply::IsPush => Err(Refused::IsPush),
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

    fn connect_import(&self, order: ConnectImport) -> Answer<Vec<Connected>> {
        on_its_own(self.clone().adopt(order, By::Import))
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

    fn disconnect(&self, tenant: TenantId, requested_by: String) -> Answer<Ended> {
        on_its_own(self.clone().disconnect(tenant, requested_by))
    }

    fn set_mappings(&self, tenant: TenantId, orders: Vec<MappingOrder>, by: String) -> Answer<usize> {
        let asked = self.ask(tenant, |reply| SetMappings { orders, by, reply });
        async move {
            match asked.await? {
                Reply::Done { released } => Ok(released),
                Reply::Unmappable(wrong) => Err(Refused::Unmappable(wrong)),
                other => Err(unexpected(&other)),
            }
        }
        .boxed()
    }

    fn set_settings(&self, tenant: TenantId, settings: Settings, by: String) -> Answer<(Settings, usize)> {
        let told = Box::new(settings.clone());
        let asked = self.ask(tenant, |reply| SetSettings {
            settings: told,
            by,
            reply,
        });
        async move {
            match asked.await? {
                Reply::Done { released } => Ok((settings, released)),
                other => Err(unexpected(&other)),
            }
        }
        .boxed()
    }

    fn set_credits(&self, tenant: TenantId, credits: Option<Credits>, by: String) -> Answer<()> {
        let asked = self.ask(tenant, |reply| SetCredits { credits, by, reply });
        async move {
            match asked.await? {
                Reply::Done { .. } => Ok(()),
                other => Err(unexpected(&other)),
            }
        }
        .boxed()
    }

    fn keep_receipt(&self, receipt: Receipt) -> Answer<()> {
        self.commit([0; 16], &[Write::Receipt(Box::new(receipt))])
    }
}

/// On its own: a caller that hangs up half-way must not leave half of it undone.
fn on_its_own<T: Send + 'static>(work: impl Future<Output = Result<T, Refused>> + Send + 'static) -> Answer<T> {
    let working = tokio::spawn(work);
    async move { working.await.unwrap_or(Err(Refused::Draining)) }.boxed()
}
