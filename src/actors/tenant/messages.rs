//! What may be sent to a tenant. From outside only by `try_send`: a full mailbox is shown to the
//! caller as "busy".

use std::collections::HashSet;
use std::sync::Arc;

use actix::Message;
use tokio::sync::oneshot;

use crate::actors::control::{InvoiceName, JobWanted, Refused};
use crate::engine::effect::Reply;
use crate::engine::event::{ConnectionEvent, MappingOrder, Review};
use crate::model::document::Draft;
use crate::model::ids::{GrantId, OperationId};
use crate::model::row::{Credits, Settings};

/// Where a reply goes.
pub type Replier = oneshot::Sender<Result<Reply, Refused>>;

/// From the control endpoint: the host wrote a document. The reply comes when it is durable.
#[derive(Message)]
#[rtype(result = "()")]
pub struct PutInvoice {
    /// The host's reference.
    pub host_ref: String,
    /// The document.
    pub draft: Box<Draft>,
    /// Who wrote it.
    pub by: String,
    /// Waits for [`Reply::Accepted`].
    pub reply: Replier,
}

/// From the control endpoint: a person pressed *Sync now*.
#[derive(Message)]
#[rtype(result = "()")]
pub struct SyncNow {
    /// The invoice.
    pub invoice: InvoiceName,
    /// Who asked.
    pub requested_by: String,
    /// Waits for [`Reply::Operation`].
    pub reply: Replier,
}

/// From the control endpoint: somebody asks for a job.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Begin {
    /// What is to be done.
    pub wanted: JobWanted,
    /// Who asked.
    pub requested_by: String,
    /// Waits for [`Reply::Operation`].
    pub reply: Replier,
}

/// From the control endpoint: somebody cancels a job.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Cancel {
    /// Its operation.
    pub operation: OperationId,
    /// Who cancels it.
    pub requested_by: String,
    /// Waits for [`Reply::Operation`], [`Reply::HasEnded`] or [`Reply::IsPush`].
    pub reply: Replier,
}

/// From the control endpoint: what would be sent? Changes nothing.
#[derive(Message)]
#[rtype(result = "()")]
pub struct WantPreview {
    /// The invoice.
    pub invoice: InvoiceName,
    /// Waits for [`Reply::Preview`].
    pub reply: Replier,
}

/// From the control endpoint: the host takes a payment.
#[derive(Message)]
#[rtype(result = "()")]
pub struct SignalPayment {
    /// The invoice.
    pub invoice: InvoiceName,
    /// Who says so.
    pub by: String,
    /// Waits for [`Reply::Noted`].
    pub reply: Replier,
}

/// From the control endpoint: somebody looked at what came back.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Acknowledge {
    /// The invoice.
    pub invoice: InvoiceName,
    /// What they say.
    pub review: Review,
    /// Waits for [`Reply::Noted`] or [`Reply::Changed`].
    pub reply: Replier,
}

/// From the control endpoint: mappings are to be set or taken away.
#[derive(Message)]
#[rtype(result = "()")]
pub struct SetMappings {
    /// All of them, or none.
    pub orders: Vec<MappingOrder>,
    /// Who sets them.
    pub by: String,
    /// Waits for [`Reply::Done`] or [`Reply::Unmappable`].
    pub reply: Replier,
}

/// From the control endpoint: the settings were changed.
#[derive(Message)]
#[rtype(result = "()")]
pub struct SetSettings {
    /// The settings.
    pub settings: Box<Settings>,
    /// Who changed them.
    pub by: String,
    /// Waits for [`Reply::Done`].
    pub reply: Replier,
}

/// From the control endpoint: the host says how many first syncs it still allows.
#[derive(Message)]
#[rtype(result = "()")]
pub struct SetCredits {
    /// So many; `None` = it does not count them.
    pub credits: Option<Credits>,
    /// Who says so.
    pub by: String,
    /// Waits for [`Reply::Done`].
    pub reply: Replier,
}

/// From the supervisor and from people: something about the connection became known.
#[derive(Message)]
#[rtype(result = "()")]
pub struct ConnectionChanged(pub ConnectionEvent);

/// From the supervisor: these grants are dead, perhaps this tenant's too.
#[derive(Message)]
#[rtype(result = "()")]
pub struct GrantsDied(pub Arc<HashSet<GrantId>>);

/// From the control endpoint: another consent reaches the organisation.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Regranted {
    /// Its grant.
    pub grant: GrantId,
    /// Who asks.
    pub requested_by: String,
    /// How the grant came here, in a sentence.
    pub why: String,
    /// Waits for [`Reply::Done`]: the new grant is durable.
    pub reply: Replier,
}

/// From the control endpoint: a person ends the connection.
#[derive(Message)]
#[rtype(result = "()")]
pub struct EndConnection {
    /// Who asks.
    pub requested_by: String,
    /// Waits for [`Reply::Done`]: the end is durable.
    pub reply: Replier,
}

/// From the supervisor: the clock was moved, or the numbers changed; look again what is due.
#[derive(Message)]
#[rtype(result = "()")]
pub struct LookAgain;

/// From the doorbell: webhooks rang. What they told lies in the tenant's bell.
#[derive(Message)]
#[rtype(result = "()")]
pub struct BellRang;

/// From the supervisor: start no more calls, and stop once those in flight are answered and
/// recorded.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Drain;
